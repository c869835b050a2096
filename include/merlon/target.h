/* Targets: an AE that takes protected requests, from CSEs and other AEs, past all CSEs on the way.
 *
 * The counterpart of a protected client (protect.h). Requests come as notifications to the AE,
 * either to its point of access, where a receiver takes them, or into its polling channel. A target
 * opens them, checks that the originator is the one whom the key proves, refuses what was seen
 * before, and gives the request inside to a handler. Answers are protected likewise.
 *
 * Threads: a target belongs to the thread of its client, and is served while a call of that client
 * waits. Other processes of the same AE must not be targets with the same keys at the same time.
 * TS-0003 8.4, TS-0001 11.4.2 */
#pragma once

#include "merlon/receiver.h"

#ifdef __cplusplus
extern "C" {
#endif

struct merlon_target;

/* A key that originators have been given. Texts and files are read when it is given away. */
struct merlon_target_key {
    const char *key_id;   /* "panel1@sp.example" */
    const char *key_file; /* as for psk_file of struct merlon_credential */
    /* Who has the key: the From of its requests, as they carry it; '*' stands for any characters
     * but '/'. Requests from others are refused with 4116. */
    const char *originator;
    const void *reserved[4];
};

/* A certificate with which originators establish keys with the target (ESCertKE). Set the whole to
 * zero before; texts and files are read when it is given away, the files are PEM. */
struct merlon_target_certificate {
    const char *certificate_file; /* of the AE, its CAs behind it */
    const char *private_key_file;
    const char *anchor_file; /* of the certificates of originators */
    const char *crl_file;    /* or NULL */
    const char *cse_id;    /* absolute, of the CSE with the AE: names in From are relative to it */
    const char *in_cse_id; /* as in struct merlon_credential, for CSEs as originators */
    /* Which originators: the From of their requests; '*' stands for any characters. NULL: all whom
     * a certificate names. */
    const char *originator;
    const void *reserved[4];
};

/* A request that was opened. Everything in it lives for the call. */
struct merlon_incoming {
    enum merlon_operation operation;
    const char *to;   /* as the originator wrote it; "" when absent */
    const char *from; /* proved by the key */
    const char *request_id;
    const struct merlon_json *content;    /* NULL without one */
    const struct merlon_json *parameters; /* all of them, under their short names */
    const void *reserved[4];
};

/* Carries out a request, and returns its response status code, 0 for 2000; what is none becomes
 * 5000. *ret_content is NULL first; a content that is put there goes into the answer and is freed.
 * Calls that wait must not be made on the client; merlon_begin may. */
typedef int merlon_handle(void *data, const struct merlon_incoming *request,
                          struct merlon_content **ret_content);

/* ae: address of the <AE> that the target is, at the CSE of the client. Nothing is sent yet. It
 * needs keys or certificates. The client is borrowed, and must not be protected itself. NULL on
 * failure: INVALID, NO_MEMORY, SYSTEM. */
MERLON_API struct merlon_target *merlon_target_new(struct merlon_client *client, const char *ae,
                                                   merlon_handle *handle, void *data,
                                                   struct merlon_error *error);

/* From now on who has the key can make requests. INVALID (an identifier that is none, a file that
 * cannot be used, no originator), NO_MEMORY. */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_target_add_key(struct merlon_target *target, const struct merlon_target_key *key,
                      struct merlon_error *error);

/* From now on originators can also establish keys by certificates. A request under such a key must
 * be from whom the certificate names, else it is refused with 4116. A key is kept for a day at
 * most, in memory. INVALID (a file that cannot be used, no CSE-ID, a second time), NO_MEMORY,
 * SYSTEM. TS-0003 8.7 */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_target_certify(struct merlon_target *target, const struct merlon_target_certificate *how,
                      struct merlon_error *error);

/* Before its client, and not from within its handler. What it has published stays in the <AE> and
 * is of no use to anybody. NULL is fine. */
MERLON_API void merlon_target_free(struct merlon_target *target);

/* The receiver also takes requests for the target, from now on until one of them is freed. Both
 * have the same client. Its URL belongs into the pointOfAccess of the <AE>. */
MERLON_API void merlon_target_receive(struct merlon_target *target,
                                      struct merlon_receiver *receiver);

/* Fetches requests from the polling channel of the <AE>, from now on until the target is freed.
 * channel: address of the <pollingChannel>. Other notifications that come go to `notified`, which
 * may be NULL. A poll that fails is repeated after a while. INVALID: it polls already. NO_MEMORY,
 * SYSTEM. TS-0001 10.2.5.13 */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_target_poll(struct merlon_target *target, const char *channel, merlon_notified *notified,
                   void *data, struct merlon_error *error);

/* Writes the e2eSecInfo into the <AE>, and again when its random object is renewed. INVALID: it has
 * neither keys nor certificates. Other errors: as merlon_update. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_target_publish(struct merlon_target *target,
                                                                   struct merlon_error *error);

#ifdef __cplusplus
}
#endif
