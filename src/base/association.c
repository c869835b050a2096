/* Associations: one block of memory each, counted. */
#include "base/association.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/wildcard.h"

struct shared {
    struct mln_association face; /* first: the two have the same address */
    atomic_size_t references;
};

/* A block that is filled from the front. */
struct block {
    struct mln_slice *slices;
    char *bytes;
};

static size_t bytes_of(const struct mln_slice *list, size_t count)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += list[i].len;
    }
    return sum;
}

static size_t block_bytes(const struct mln_association *d)
{
    return sizeof(struct shared) +
           (d->ae_id_count + d->app_id_count + d->role_id_count) * sizeof(struct mln_slice) +
           d->credential_id.len + d->cse_id.len + d->app_id.len +
           bytes_of(d->ae_ids, d->ae_id_count) + bytes_of(d->app_ids, d->app_id_count) +
           bytes_of(d->role_ids, d->role_id_count);
}

static struct mln_slice put(struct block *b, struct mln_slice s)
{
    struct mln_slice copy = { b->bytes, s.len };

    if (s.len) {
        memcpy(b->bytes, s.ptr, s.len);
    }
    b->bytes += s.len;
    return copy;
}

static const struct mln_slice *put_list(struct block *b, const struct mln_slice *list, size_t count)
{
    struct mln_slice *copy = b->slices;

    b->slices += count;
    for (size_t i = 0; i < count; i++) {
        copy[i] = put(b, list[i]);
    }
    return copy;
}

mln_err mln_association_new(const struct mln_association *draft, struct mln_association **ret)
{
    struct shared *made = mln_calloc(1, block_bytes(draft));
    struct mln_association *a;
    struct block b;

    MLN_REQUIRE(made, NO_MEMORY);
    a = &made->face;
    b.slices = (struct mln_slice *)(made + 1);
    b.bytes = (char *)(b.slices + draft->ae_id_count + draft->app_id_count + draft->role_id_count);
    a->kind = draft->kind;
    a->credential_id = put(&b, draft->credential_id);
    a->cse_id = put(&b, draft->cse_id);
    a->app_id = put(&b, draft->app_id);
    a->ae_ids = put_list(&b, draft->ae_ids, draft->ae_id_count);
    a->ae_id_count = draft->ae_id_count;
    a->app_ids = put_list(&b, draft->app_ids, draft->app_id_count);
    a->app_id_count = draft->app_id_count;
    a->role_ids = put_list(&b, draft->role_ids, draft->role_id_count);
    a->role_id_count = draft->role_id_count;
    a->expires_us = draft->expires_us;
    atomic_init(&a->is_revoked, atomic_load(&draft->is_revoked));
    a->basis = draft->basis ? mln_association_ref(draft->basis) : NULL;
    atomic_init(&made->references, 1);
    *ret = a;
    return MLN_OK;
}

mln_err mln_association_derive(struct mln_association *basis, int64_t expires_us,
                               struct mln_association **ret)
{
    const struct mln_association draft = {
        .kind = basis->kind,
        .credential_id = basis->credential_id,
        .cse_id = basis->cse_id,
        .ae_ids = basis->ae_ids,
        .ae_id_count = basis->ae_id_count,
        .app_ids = basis->app_ids,
        .app_id_count = basis->app_id_count,
        .role_ids = basis->role_ids,
        .role_id_count = basis->role_id_count,
        .app_id = basis->app_id,
        .expires_us = expires_us < basis->expires_us ? expires_us : basis->expires_us,
        .basis = basis,
    };

    return mln_association_new(&draft, ret);
}

struct mln_association *mln_association_ref(struct mln_association *association)
{
    struct shared *shared = (struct shared *)association;

    (void)atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    return association;
}

void mln_association_unref(struct mln_association *association)
{
    struct shared *shared = (struct shared *)association;

    while (shared && atomic_fetch_sub_explicit(&shared->references, 1, memory_order_acq_rel) == 1) {
        struct shared *basis = (struct shared *)shared->face.basis;

        mln_free(shared);
        shared = basis;
    }
}

void mln_association_unrefp(struct mln_association **association)
{
    mln_association_unref(*association);
    *association = NULL;
}

bool mln_association_is_shared(const struct mln_association *association)
{
    const struct shared *shared = (const struct shared *)association;

    return atomic_load_explicit(&shared->references, memory_order_acquire) > 1;
}

void mln_association_revoke(struct mln_association *association)
{
    atomic_store(&association->is_revoked, true);
}

bool mln_association_is_valid(const struct mln_association *association, int64_t now_us)
{
    bool is_valid = true;

    for (const struct mln_association *a = association; a && is_valid; a = a->basis) {
        is_valid = !atomic_load(&a->is_revoked) && now_us < a->expires_us;
    }
    return is_valid;
}

/* ---- identities ---- */

static bool matches_any(const struct mln_slice *patterns, size_t count, struct mln_slice text,
                        char stop)
{
    for (size_t i = 0; i < count; i++) {
        if (mln_wildcard_match(patterns[i], text, stop)) {
            return true;
        }
    }
    return false;
}

bool mln_association_admits_app(const struct mln_association *association, struct mln_slice app_id)
{
    if (association->app_id.len && !mln_slice_eq(association->app_id, app_id)) {
        return false;
    }
    return association->app_id_count == 0 ||
           matches_any(association->app_ids, association->app_id_count, app_id, '\0');
}

bool mln_association_admits_role(const struct mln_association *association,
                                 struct mln_slice role_id)
{
    for (size_t i = 0; i < association->role_id_count; i++) {
        if (mln_slice_eq(association->role_ids[i], role_id)) {
            return true;
        }
    }
    return association->role_id_count == 0;
}
