/* What the files of the client library share. Internal to client.
 *
 * Inside the library functions return mln_err and write details to a struct mln_fault, as
 * everywhere; only the functions of include/merlon/ turn them into a status and an error. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/limits.h"
#include "codec/serialisation.h"
#include "io/fetch.h"
#include "io/listener.h"
#include "io/loop.h"
#include "merlon/merlon.h"
#include "model/model.h"
#include "model/primitive.h"
#include "model/value.h"

enum {
    MLN_CLIENT_ARENA = 1 << 30,      /* of one request, content or answer: bounds a mistake */
    MLN_CLIENT_BODY = 64 << 20,      /* largest answer */
    MLN_CLIENT_HEADER = 64 << 10,    /* largest header of an answer */
    MLN_CLIENT_IDENTIFIER = 1 << 10, /* originator, release */
};

/* A value as users see it. */
struct merlon_json {
    struct mln_value value;
};

static inline const struct merlon_json *mln_client_json(const struct mln_value *v)
{
    return (const struct merlon_json *)v;
}

/* ---- fail.c ---- */

/* Turns an error into a status and fills *error, which may be NULL. The text is the fault's, or
 * that of the error. OK for MLN_OK, and then nothing is written. */
enum merlon_status mln_client_end(mln_err err, const struct mln_fault *fault,
                                  struct merlon_error *error);

struct mln_client_result;

/* The same for a call. */
enum merlon_status mln_client_end_call(const struct mln_client_result *result,
                                       struct merlon_error *error);

/* Fills *error, which may be NULL, with one printable line; returns the status. */
enum merlon_status mln_client_tell(enum merlon_status status, int rsc, struct mln_slice text,
                                   struct merlon_error *error);

/* Limits for what is read here: wide ones, as a client reads what it has asked for. */
void mln_client_limits(struct mln_limits *ret);

/* ---- json_value.c ---- */

/* Reads a content into the arena. Every text and name in it ends in NUL, as the face of the
 * library promises. Errors: SYNTAX, LIMIT, NO_MEMORY. */
mln_err mln_client_read(const struct mln_serialisation *form, struct mln_slice content,
                        struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault);

/* The same for JSON. */
mln_err mln_client_read_json(struct mln_slice text, struct mln_arena *arena, struct mln_value **ret,
                             struct mln_fault *fault);

/* Gives texts and names of a value that a reader has made copies that end in NUL. Errors:
 * NO_MEMORY. */
mln_err mln_client_own_texts(struct mln_value *v, struct mln_arena *arena);

/* ---- typed.c ---- */

/* A name with its data type: an attribute, a parameter, a member. */
struct mln_client_slot {
    struct mln_slice name; /* short */
    enum mln_datatype_id type;
    bool is_many; /* an array of the type */
};

/* The member of a COMPLEX data type by short or long name; false when it has none. */
bool mln_client_member(enum mln_datatype_id type, struct mln_slice name,
                       struct mln_client_slot *ret);

/* A value from text, as merlon_content_set tells; the text is copied. Errors: ATTR_INVALID, SYNTAX,
 * NO_MEMORY. */
mln_err mln_client_typed(const struct mln_client_slot *slot, struct mln_slice text,
                         struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault);

/* Short name of an attribute that some resource type has under that short or long name; empty when
 * none has. */
struct mln_slice mln_client_attribute(struct mln_slice name);

/* ---- content.c ---- */

struct merlon_content {
    struct mln_arena *arena;
    const struct mln_type *type; /* NULL for a notification */
    bool is_foreign;             /* a specialisation that the model does not know */
    struct mln_slice root;
    struct mln_value *members;
};

/* ---- request.c ---- */

struct merlon_request {
    struct mln_arena *arena;
    enum mln_op op;
    struct mln_value *params; /* under their short names, without pc */
    struct mln_slice body;    /* serialised content */
    bool has_body;
    int64_t timeout_us; /* 0: that of the client */
};

/* ---- response.c ---- */

struct merlon_response {
    struct mln_arena *arena;
    int rsc;
    struct mln_slice to; /* of the request */
    struct mln_slice body;
    struct mln_value *content; /* NULL when there is none, or no JSON */
    const char *debug;
    const char *location;
    const char *rqi;
    const char *rvi;
    const char *vsi;
    const char *fr;
    const char *ot;
    struct merlon_local_token *local_tokens;
    size_t local_token_count;
    const char *address;
    bool is_partial;
    uint64_t offset;
    struct merlon_reference *references;
    size_t reference_count;
};

/* The response out of an HTTP message; everything is copied. `to` is the target of the request.
 * Errors: PROTOCOL, NO_MEMORY. */
mln_err mln_client_read_answer(const struct mln_fetch_answer *answer, struct mln_slice to,
                               struct merlon_response **ret, struct mln_fault *fault);

/* The response out of the parameters of a response primitive, with "rsc". As above. */
mln_err mln_client_read_primitive(const struct mln_value *params, struct mln_slice to,
                                  struct merlon_response **ret, struct mln_fault *fault);

/* ---- references.c ---- */

/* Finds the references in the content. Errors: NO_MEMORY. */
mln_err mln_client_read_references(struct merlon_response *response);

/* ---- client.c ---- */

struct mln_shield;

struct merlon_client {
    struct merlon_client *carrier; /* of a protected client: has the loop; borrowed. Else NULL */
    struct mln_shield *shield;     /* of a protected client; else NULL */
    struct mln_loop *loop;         /* borrowed by a protected client */
    struct mln_fetcher *fetcher;
    struct mln_tls_slot *tls; /* empty without a credential: no server is believed */
    char *cse_id;             /* expected at the other end; "" for none: the host of the URL */
    char *url;                /* of the CSE, without a slash at the end */
    char *originator;
    char *release;
    int64_t timeout_us;
    merlon_trace *trace;
    void *trace_data;
    uint64_t session; /* of the request identifiers */
    uint64_t requests;
    size_t calls;          /* under way */
    struct mln_gate gate;  /* of the receivers: outlives the last of their streams */
    bool is_running;       /* a blocking call is on the stack */
    bool is_ending;        /* merlon_client_free is on the stack */
    _Atomic bool may_stop; /* merlon_client_stop was called */
};

/* Whose loop, receivers and connections a client uses: itself, or the carrier. */
static inline struct merlon_client *mln_client_root(struct merlon_client *client)
{
    return client->carrier ? client->carrier : client;
}

/* A fetcher without connections in the place of the present one. Errors: NO_MEMORY, SYSTEM. */
mln_err mln_client_open_fetcher(struct merlon_client *client);

/* Errors: PARAM_INVALID (within a callback of the same client). */
mln_err mln_client_may_serve(struct merlon_client *client, struct mln_fault *fault);

/* Runs the loop until *is_done or, when that is allowed, merlon_client_stop. Errors: those of
 * mln_client_may_serve, SYSTEM. */
mln_err mln_client_serve(struct merlon_client *client, const bool *is_done, bool may_be_stopped,
                         struct mln_fault *fault);

/* ---- call.c ---- */

/* How a call ended. */
struct mln_client_result {
    mln_err err;
    int rsc; /* with PROTECTION: of an answer that was not protected, or 0 */
    struct merlon_response *response; /* on success; it goes to whoever is told */
    struct mln_fault fault;
};

typedef void mln_client_done(void *data, struct mln_client_result *result);

/* A call under way: the first member of what its transport knows of it, in memory of its own. */
struct mln_client_call {
    struct merlon_client *client;
    mln_client_done *done; /* NULL: nobody wants to know any more */
    void *data;
};

/* The parameters of the request, in nodes of their own, with those of the client. Errors:
 * NO_MEMORY. */
mln_err mln_client_complete(struct merlon_client *client, const struct merlon_request *request,
                            struct mln_arena *arena, struct mln_value **ret);

/* Starts a call. When it has started, `done` is called once, from the loop or from
 * merlon_client_free (CANCELLED); it may start other calls. Errors: PARAM_INVALID, PARAM_MISSING,
 * OVERLOAD, NETWORK, NO_MEMORY. */
mln_err mln_client_start(struct merlon_client *client, const struct merlon_request *request,
                         mln_client_done *done, void *data, struct mln_client_call **ret,
                         struct mln_fault *fault);

/* Nobody is told how the call ends. Before it has ended; NULL is fine. */
void mln_client_drop(struct mln_client_call *call);

/* For transports: tells how a call has ended, and frees it. */
void mln_client_finish(struct mln_client_call *call, struct mln_client_result *result);

/* Starts a call and runs the loop until it is over. Errors, in *ret: also SYSTEM, TIMEOUT,
 * PROTOCOL. */
void mln_client_exchange(struct merlon_client *client, const struct merlon_request *request,
                         struct mln_client_result *ret);

/* ---- protect.c, protect_call.c ---- */

/* Starts a call inside the protection. As mln_client_start; also PROTECTION. */
mln_err mln_shield_start(struct mln_shield *shield, const struct merlon_request *request,
                         struct mln_client_call **ret, struct mln_fault *fault);

/* Ends its calls with CANCELLED. NULL is fine. */
void mln_shield_free(struct mln_shield *shield);

/* ---- credential.c ---- */

/* A key of 16 to 64 bytes from a file that only its owner can read: hexadecimal digits as `merlon
 * key add` writes them, else base64url. The fault never shows what stands there. Errors: CONFIG,
 * SYSTEM, NO_MEMORY. */
mln_err mln_client_read_key(const char *path, struct mln_fault *fault, struct mln_secret **ret);

/* What a client shows and believes. Errors: those of merlon_client_set_credentials. */
mln_err mln_client_tls(const struct merlon_credential *credential, struct mln_fault *fault,
                       struct mln_tls_client **ret);

/* The context of a receiver: it shows the certificate of the credential, and lets in nobody but the
 * CSE of the client, or that of the credential's CSE-ID. Errors: those of
 * merlon_client_set_credentials. */
mln_err mln_client_receiver_tls(const struct merlon_client *client,
                                const struct merlon_credential *credential, struct mln_fault *fault,
                                struct mln_tls **ret);

/* The context by which originators make keys with a target: it shows the certificate of the
 * credential, and judges theirs by its anchors. Errors: those of merlon_client_set_credentials. */
mln_err mln_client_target_tls(const struct merlon_credential *credential, struct mln_fault *fault,
                              struct mln_tls **ret);

/* ---- trace.c ---- */

/* Tell a message to the trace of the client, if it has one. */
void mln_client_trace_request(const struct merlon_client *client,
                              const struct mln_fetch_request *request);
void mln_client_trace_answer(const struct merlon_client *client,
                             const struct mln_fetch_answer *answer);

/* ---- notification.c ---- */

struct merlon_notification {
    const struct mln_value *sgn;
    const char *originator;
};

/* Takes the content of a NOTIFY: confirms verification requests, gives the rest to the callback.
 * Returns the response status code. */
int mln_client_take_notification(const struct mln_value *content, const char *originator,
                                 merlon_notified *notified, void *data);

/* ---- target.c, target_take.c ---- */

/* A notification for a target. */
struct mln_notified {
    const struct mln_value *info; /* m2m:securityInfo */
    struct mln_slice from;
};

/* Takes it; *ret_content becomes the JSON content of the answer, in the arena, with some errors of
 * ESCertKE too. Errors: ATTR_INVALID, ATTR_MISSING, NOT_IMPLEMENTED, those of
 * mln_esprim_target_open and mln_target_message, ESPRIM_IMPERSONATION. */
mln_err mln_target_take(struct merlon_target *target, const struct mln_notified *what,
                        struct mln_arena *arena, struct mln_slice *ret_content,
                        struct mln_fault *fault);

/* The receiver of a target goes. */
void mln_target_leave(struct merlon_target *target);

/* ---- receiver_link.c ---- */

struct mln_client_link;

struct merlon_receiver {
    struct merlon_client *client;
    struct mln_listener *listener;
    struct mln_client_link *links; /* open connections */
    struct mln_tls_slot *tls;      /* NULL: plain text */
    struct mln_limits limits;
    merlon_notified *notified;
    void *data;
    struct merlon_target *target; /* for m2m:securityInfo, or NULL */
    char *url;
    const char *path; /* within url */
};

/* A new connection; it ends by itself, or by mln_client_cut_links. For struct
 * mln_listener_options: the owner is the receiver. */
void mln_client_accept(void *owner, struct mln_stream *stream);

/* Ends all connections of the receiver. */
void mln_client_cut_links(struct merlon_receiver *receiver);
