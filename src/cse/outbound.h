/* Outbound: how the CSE sends request primitives to others. The server fills it in from io/ and
 * bind/, tests with their own.
 *
 * Sending never blocks. The answer, or the failure, comes by callback on the loop that sent.
 * spec: TS-0004 7.3.1.2, 7.3.1.3 */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "model/primitive.h"

/* A request to another entity. All slices are copied or sent before `send` returns. */
struct mln_outbound_request {
    struct mln_slice url; /* point of access, e.g. "http://host:port/path" */
    struct mln_slice to;  /* To parameter; empty: the path of the URL names the target */
    struct mln_slice fr;
    struct mln_slice rqi;
    struct mln_slice rvi;
    int ec; /* Event Category, 0 for none */
    enum mln_op op;
    /* Further parameters under their short names, or NULL: those that have a member here, and pc,
     * are not looked at. */
    const struct mln_value *params;
    struct mln_slice pc;            /* packed Content */
    struct mln_slice serialisation; /* "json" and the like */
    int64_t timeout_us;             /* from now */
    /* What the receiver must prove when the transport can prove anything: the Credential-ID of a
     * security association. Empty: that the host of the URL is its own. spec: security.md 16.3 */
    struct mln_slice peer_credential_id;
};

/* What came back. */
struct mln_outbound_answer {
    mln_err err;                /* NETWORK, TIMEOUT, PROTOCOL when there was no answer */
    bool has_rsc;               /* the answer carried a Response Status Code */
    enum mln_rsc rsc;           /* as carried, or derived from the status of the transport */
    int transport_status;       /* HTTP status, 0 when none */
    const struct mln_value *pc; /* decoded Content or NULL; borrowed for the callback, like: */
    struct mln_slice location;  /* of a new resource, as To would carry it; or empty */
    int content_status;         /* enum mln_content_status, 0 when absent */
    uint64_t content_offset;
    const struct mln_local_token *ati; /* Assigned Token Identifiers */
    size_t ati_count;
    bool was_sent; /* with an error: some of the request has left already */
};

typedef void mln_outbound_done(void *data, const struct mln_outbound_answer *answer);

struct mln_outbound {
    void *impl;
    /* Can a URL of this scheme be served at all? */
    bool (*can_send)(void *impl, struct mln_slice url);
    /* Errors: NETWORK (scheme not supported), OVERLOAD, NO_MEMORY; then `done` is not called. */
    mln_err (*send)(void *impl, const struct mln_outbound_request *request, mln_outbound_done *done,
                    void *data);
};
