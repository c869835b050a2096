/* The client: a registree's connection to one CSE, and calls over it, with and without waiting.
 *
 * A client keeps connections open between requests. It belongs to one thread at a time, with the
 * exception of merlon_client_stop: nothing in it runs but within a call of that thread. A call that
 * waits (merlon_send and what is made of it, merlon_client_run) also serves the receivers of the
 * client (receiver.h) and what merlon_begin has begun, so callbacks run in it, one after the other.
 * A callback may begin calls on the same client, but must not wait on it, free it or set its
 * credentials.
 * TS-0001 8.1, TS-0009 6 */
#pragma once

#include "merlon/request.h"
#include "merlon/response.h"

#ifdef __cplusplus
extern "C" {
#endif

struct merlon_client;

/* What a client proves to a CSE over TLS, and how it knows the CSE. Members that are not used are
 * NULL; set the whole to zero before. Texts and paths are copied or read when it is given to a
 * client, so that a file that has changed is read by setting it again.
 *
 * Either a certificate or a pre-shared key. The key also proves the CSE, which must have it; a
 * certificate of the CSE is believed only with a trust anchor. The anchors of the system are never
 * used. TS-0003 8.2, 10.2 */
struct merlon_credential {
    /* "cse.example" or "cse.example:8443", of the URL of the CSE that it is for, and of no other;
     * NULL: any */
    const char *authority;
    const char *anchor_file;      /* PEM: certificates of the CAs that are believed */
    const char *certificate_file; /* PEM: the client's own first, then the CAs below the anchor */
    const char *key_file;         /* PEM: its private key, which only its owner can read */
    const char *psk_id;           /* identity of the pre-shared key: "thermo1@sp.example" */
    const char *psk_file;         /* 16 to 64 bytes as hexadecimal digits, as `merlon key add`
                                     writes them, or base64url; only its owner can read it */
    /* Absolute CSE-ID that the certificate of the CSE must name; NULL: it must name the host of
     * the URL. The domain name of a CSE that is not its provider's infrastructure node has the
     * CSE-ID of that node in it too: in_cse_id, "/in". A CSE that has the key needs no
     * certificate, and then this is not looked at. TS-0001 6.5.1 */
    const char *cse_id;
    const char *in_cse_id;
    const char *crl_file; /* PEM: revocation lists; then there must be a recent one of each CA */
    /* The CSE is asked for an OCSP response about its certificate, and a bad one is refused;
     * "required": a missing one too. NULL or "asked": it may be missing. */
    const char *ocsp;
    const void *reserved[2];
};

/* Does the URL lead to this authority, "host" or "host:port"? 2: host and port are the same; 1: the
 * host is, and any port will do; 0: no. Any thread. */
MERLON_API int merlon_url_is_at(const char *url, const char *authority);

/* url: where the CSE is reached: "http://127.0.0.1:8080", with a path when it does not stand at the
 * root. Nothing is sent yet. NULL on failure: INVALID, NO_MEMORY, SYSTEM. */
MERLON_API struct merlon_client *merlon_client_new(const char *url, struct merlon_error *error);

/* Closes the connections; what merlon_begin has begun ends with CANCELLED. Its receivers must be
 * freed before, and it must not be freed in a callback. NULL is fine. */
MERLON_API void merlon_client_free(struct merlon_client *client);

/* Who sends the requests: parameter From, an AE-ID or CSE-ID. "" for none, which only the
 * registration of an AE may do. Initially none. INVALID: not printable. NO_MEMORY. */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_client_set_originator(struct merlon_client *client, const char *originator,
                             struct merlon_error *error);

/* Release Version Indicator of the requests. "" for none, for a CSE of Release 1. Initially "3".
 * Errors as merlon_client_set_originator. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_client_set_release(struct merlon_client *client,
                                                                       const char *release,
                                                                       struct merlon_error *error);

/* Time for a request, from its start to the end of its answer. Initially 30000, at least 1. */
MERLON_API void merlon_client_set_timeout(struct merlon_client *client, uint32_t timeout_ms);

/* Of the credentials, takes the one whose authority fits the URL of the client best, in the place
 * of what was set before; when none fits, the client has no credential. So all clients of a program
 * can be given the same list, and no CSE sees a credential that is for another. Without a
 * credential no CSE is believed: requests to https URLs end with UNREACHABLE, as they do when the
 * handshake fails. INVALID: members that do not go together, a file that is missing, unsound, or
 * readable by others when it is secret, a URL that is not https; not within a callback, nor while
 * calls are under way. NO_MEMORY, SYSTEM. */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_client_set_credentials(struct merlon_client *client,
                              const struct merlon_credential *credentials, size_t count,
                              struct merlon_error *error);

/* Called with each HTTP message as text, `size` bytes that end in NUL; credentials in it are
 * replaced. NULL: nobody. */
typedef void merlon_trace(void *data, bool is_request, const char *message, size_t size);
MERLON_API void merlon_client_set_trace(struct merlon_client *client, merlon_trace *trace,
                                        void *data);

/* Sends the request and waits for the answer. OK means that the CSE answered, be it with an error:
 * look at merlon_response_rsc, or use merlon_response_check. The caller frees the response. The
 * request stays as it is. INVALID (the request lacks something, or a parameter that HTTP cannot
 * carry), UNREACHABLE, TIMEOUT, PROTOCOL, NO_MEMORY, SYSTEM. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_send(struct merlon_client *client,
                                                         const struct merlon_request *request,
                                                         struct merlon_response **ret_response,
                                                         struct merlon_error *error);

/* Told once for each merlon_begin that returned OK, while a call of the client waits or when it is
 * freed. response: what the CSE answered, be it with an error; whoever is told frees it. NULL:
 * there is none, and *error, which lives for the call, says why: UNREACHABLE, TIMEOUT, PROTOCOL,
 * NO_MEMORY, SYSTEM, CANCELLED. Else `error` is NULL. */
typedef void merlon_answered(void *data, struct merlon_response *response,
                             const struct merlon_error *error);

enum { MERLON_CALLS = 64 };

/* Sends the request without waiting for the answer. Up to MERLON_CALLS requests may be under way,
 * on a few connections; their answers come in any order, and only while merlon_client_run or
 * another call of the client waits. The request may be freed at once. Also from callbacks. INVALID,
 * NO_MEMORY, SYSTEM (too many under way): then `answered` is not called. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_begin(struct merlon_client *client,
                                                          const struct merlon_request *request,
                                                          merlon_answered *answered, void *data,
                                                          struct merlon_error *error);

/* OK when the response says that the request was done; else REFUSED, with the code and what the CSE
 * said in *error. */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_response_check(const struct merlon_response *response, struct merlon_error *error);

/* One operation each: request, merlon_send, merlon_response_check. ret_response may be NULL when
 * the answer is not needed. Errors: as merlon_send, and REFUSED. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_create(struct merlon_client *client,
                                                           const char *parent,
                                                           const struct merlon_content *content,
                                                           struct merlon_response **ret_response,
                                                           struct merlon_error *error);
MERLON_API MERLON_CHECKED enum merlon_status merlon_retrieve(struct merlon_client *client,
                                                             const char *target,
                                                             struct merlon_response **ret_response,
                                                             struct merlon_error *error);
MERLON_API MERLON_CHECKED enum merlon_status merlon_update(struct merlon_client *client,
                                                           const char *target,
                                                           const struct merlon_content *content,
                                                           struct merlon_response **ret_response,
                                                           struct merlon_error *error);
MERLON_API MERLON_CHECKED enum merlon_status merlon_delete(struct merlon_client *client,
                                                           const char *target,
                                                           struct merlon_response **ret_response,
                                                           struct merlon_error *error);
MERLON_API MERLON_CHECKED enum merlon_status merlon_notify(struct merlon_client *client,
                                                           const char *target,
                                                           const struct merlon_content *content,
                                                           struct merlon_response **ret_response,
                                                           struct merlon_error *error);

/* Called for each reference; false ends the listing. The reference lives for the call. */
typedef bool merlon_found(void *data, const struct merlon_reference *reference);

/* Sends a request that lists resources, such as a discovery, and calls `found` for each one; asks
 * for the rest while the CSE answers in parts, leaving out what it repeats. The criterion "lim" of
 * the request bounds all parts together. Errors: as merlon_retrieve; `found` may have been called
 * before. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_list(struct merlon_client *client,
                                                         const struct merlon_request *request,
                                                         merlon_found *found, void *data,
                                                         struct merlon_error *error);

/* Serves the client, its receivers and the calls under way, until merlon_client_stop, or for
 * timeout_ms; a negative value waits for ever. OK when stopped, TIMEOUT when the time is up,
 * INVALID from within a callback, SYSTEM. */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_client_run(struct merlon_client *client, int64_t timeout_ms, struct merlon_error *error);

/* Makes merlon_client_run return, the present one or else the next. Any thread, any callback, and
 * signal handlers may call it while the client exists. */
MERLON_API void merlon_client_stop(struct merlon_client *client);

#ifdef __cplusplus
}
#endif
