/* Outbound HTTP/1.1: sends requests and gives the answers by callback on the loop.
 *
 * Connections are kept and used again. Nothing from outside steers a transfer: no redirects, no
 * proxies or credentials from environment, URL or files, no cookies, no scheme but http and https.
 * Size, time and number of transfers are bounded. One fetcher per loop, on the loop's thread;
 * names are resolved on threads of the library. */
#pragma once

#include "crypto/tls.h"
#include "io/field.h"
#include "io/loop.h"

struct mln_fetcher;

struct mln_fetch_options {
    size_t max_transfers;    /* at one time; more are refused */
    size_t max_per_host;     /* connections to one host; further transfers wait for one */
    size_t max_header_bytes; /* of an answer */
    size_t max_body_bytes;   /* of an answer */
    int64_t connect_us;      /* time to reach the peer, within the time-out of the request */
    /* Where the client's side of TLS is found: trust anchors and our credential; borrowed. NULL, or
     * nothing in it: no server is believed, so https fails. The system's anchors are never used. */
    struct mln_tls_slot *tls;
    /* All requests to one host and port name the same peer: connections are kept although it is a
     * particular one. */
    bool has_one_peer;
};

/* Errors: NO_MEMORY, SYSTEM. */
mln_err mln_fetcher_new(struct mln_loop *loop, const struct mln_fetch_options *options,
                        struct mln_fetcher **ret);

/* Transfers under way end with NETWORK, told by their callbacks. NULL is fine. */
void mln_fetcher_free(struct mln_fetcher *fetcher);

struct mln_fetch_request {
    struct mln_slice method;
    struct mln_slice url;
    const struct mln_field *fields; /* header fields; Host and Content-Length are added */
    size_t field_count;
    struct mln_slice body;
    bool has_body;   /* an empty body is not the same as none */
    bool may_repeat; /* GET always: it may be sent again when a kept connection ends unanswered */
    int64_t timeout_us; /* for everything */
    /* With https, who must be at the other end: an absolute CSE-ID or AE-ID. All empty: whoever
     * the host of the URL belongs to. Such connections are not kept, unless the options say that
     * there is one peer. */
    struct mln_slice peer_cse_id;
    struct mln_slice peer_ae_id;
    struct mln_slice peer_credential_id; /* replaces both: mln_tls_target */
};

struct mln_fetch_answer {
    mln_err err;     /* NETWORK, TIMEOUT, PROTOCOL (no HTTP, or beyond the limits), NO_MEMORY */
    const char *why; /* a word for the log, never NULL */
    bool was_sent;   /* some of the request has left, whether or not it came to an answer */
    int status;      /* with err NONE */
    const struct mln_field *fields;
    size_t field_count;
    struct mln_slice body;
};

/* The answer is borrowed for the call. New fetches may be started from it. */
typedef void mln_fetch_done(void *data, const struct mln_fetch_answer *answer);

/* Does the URL have a scheme that can be fetched? */
bool mln_fetch_can(struct mln_slice url);

/* Starts a transfer; everything in the request is copied. `done` is called exactly once, later.
 * Errors, and then `done` is not called: NETWORK (not an http or https URL), PARAM_INVALID (a
 * method or field that cannot stand in a message), OVERLOAD, NO_MEMORY. */
mln_err mln_fetch(struct mln_fetcher *fetcher, const struct mln_fetch_request *request,
                  mln_fetch_done *done, void *data);
