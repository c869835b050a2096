/* What a security association proved about the peer: which credential it used, and which
 * identities that credential stands for.
 *
 * Made by crypto/ when a handshake ends, shared by all connections and requests that rest on it,
 * freed with the last reference. Nobody changes it after it is made, but for is_revoked, which is
 * set once. Any thread.
 * spec: TS-0003 7.1.2, TS-0003 8.2.2, security.md 16.2 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

enum mln_association_kind {
    MLN_ASSOCIATION_KEY,
    MLN_ASSOCIATION_CERTIFICATE,
    MLN_ASSOCIATION_RAW_KEY,
};

struct mln_association {
    enum mln_association_kind kind;
    struct mln_slice
        credential_id;       /* "12-k1@sp.example", "33-//sp.example/S123": security.md 13.3 */
    struct mln_slice cse_id; /* absolute CSE-ID when it proves a CSE, else empty */
    const struct mln_slice *ae_ids; /* patterns: stems or absolute AE-IDs, '*' any run but of '/' */
    size_t ae_id_count;
    const struct mln_slice *app_ids; /* patterns; none: any */
    size_t app_id_count;
    const struct mln_slice *role_ids; /* none: not restricted */
    size_t role_id_count;
    struct mln_slice app_id; /* said by the certificate itself, else empty */
    int64_t expires_us;      /* INT64_MAX: never */
    _Atomic bool is_revoked; /* the credential was removed or changed: living connections see it */
    struct mln_association *basis; /* what it rests on, and ends with; NULL: on nothing */
};

/* Copies the draft and all it points at, and takes a reference to its basis; the caller owns the
 * one reference. Errors: NO_MEMORY. */
mln_err mln_association_new(const struct mln_association *draft, struct mln_association **ret);

/* Another that proves the same, ends with the given one, and at that time at the latest; it can be
 * revoked alone. The caller owns the one reference. Errors: NO_MEMORY. */
mln_err mln_association_derive(struct mln_association *basis, int64_t expires_us,
                               struct mln_association **ret);

/* One more reference; returns its argument. */
struct mln_association *mln_association_ref(struct mln_association *association);

/* Gives a reference back. Accepts NULL. */
void mln_association_unref(struct mln_association *association);

/* Cleanup attribute. */
void mln_association_unrefp(struct mln_association **association);

/* Has it more than one reference? When the only holder asks, nobody can get another one. */
bool mln_association_is_shared(const struct mln_association *association);

/* From now on every holder sees it as invalid. */
void mln_association_revoke(struct mln_association *association);

/* Neither revoked nor expired at that time (microseconds since 1970), nor what it rests on? */
bool mln_association_is_valid(const struct mln_association *association, int64_t now_us);

/* May the peer be that application? What the certificate says must be the same. */
bool mln_association_admits_app(const struct mln_association *association, struct mln_slice app_id);

/* May the peer use that role? */
bool mln_association_admits_role(const struct mln_association *association,
                                 struct mln_slice role_id);
