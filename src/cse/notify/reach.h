/* Reaching a notification target: from a URL or a resource identifier to points of access.
 * The thread of the view. spec: TS-0004 7.5.1.2.2, 7.3.3.9.1 */
#pragma once

#include "cse/cse_int.h"

enum { MLN_REACH_MAX = 8 };

/* Where a target can be reached: in this order until one answers. */
struct mln_reach {
    struct mln_slice urls[MLN_REACH_MAX];
    unsigned count;
    struct mln_slice to;            /* To parameter for resource identifiers, else empty */
    bool is_through_cse;            /* these are of another CSE: To is said whatever the URL is */
    bool is_abroad;                 /* of another service provider: From is absolute there */
    uint64_t neighbour;             /* id of its <remoteCSE> */
    struct mln_slice serialisation; /* "json"; lives as long as the CSE */
    struct mln_slice rvi;           /* release of primitives for it: "3"; empty for Release 1 */
    struct mln_slice credential_id; /* that an <AE> registered with, or last set its points of
                                       access with: it proves the same as a receiver. Empty: none
                                       is known */
    size_t partner;       /* entity that our notifications reach in ESPrim objects only, from 1:
                             protect/originate.h. 0: none */
    struct mln_slice esi; /* e2eSecInfo of that one when it is an <AE> of this CSE: packed, or empty
                           */
    uint64_t channel; /* id of the <pollingChannel> that is used when there is no URL; 0: none */
};

static inline bool mln_reach_is_possible(const struct mln_reach *r)
{
    return r->count > 0 || r->channel != 0;
}

/* A URL stands for itself, its serialisation indicator ("ct=json") removed. An <AE> of this CSE
 * stands for its points of access, or without any that can be used for its polling channel; a
 * resource of another CSE for those of the next one on the way to it. No way:
 * mln_reach_is_possible says so. The indicator says how to serialise; without it the first of
 * contentSerialization that can be sent; else JSON. The release is the newest that both know, "3"
 * where nothing is said. A resource identifier may belong to an entity whose notifications are
 * protected. Errors: STORE_*, NO_MEMORY. */
mln_err mln_reach_find(const struct mln_lookup *l, struct mln_slice target, struct mln_reach *ret);

/* The same for an <AE> at hand. Its points of access cannot be used while the schedules of its node
 * are closed. Errors: STORE_*, NO_MEMORY. */
mln_err mln_reach_ae(const struct mln_lookup *l, const struct mln_resource *ae,
                     struct mln_reach *ret);

/* The same for a resource `to` of another CSE, by way of that of a <remoteCSE>. Errors: STORE_*,
 * NO_MEMORY. */
mln_err mln_reach_cse(const struct mln_lookup *l, const struct mln_resource *csr,
                      struct mln_slice to, struct mln_reach *ret);

/* Is the target, in whatever spelling, the originator of the request itself?
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_reach_is_originator(const struct mln_exec *e, struct mln_slice target, bool *ret);

/* Where the user name of a URL ends, and 0 without one. RFC 3986 3.2.1 */
size_t mln_reach_user(struct mln_slice url);

/* A target as it may be told in answers and logs: without user name and query, which may be
 * secret. */
struct mln_slice mln_reach_shown(struct mln_slice target);

/* The target without its serialisation indicator; *ret_ct is the indicator's value or empty.
 * Errors: NO_MEMORY. */
mln_err mln_reach_strip(struct mln_arena *arena, struct mln_slice target, struct mln_slice *ret,
                        struct mln_slice *ret_ct);
