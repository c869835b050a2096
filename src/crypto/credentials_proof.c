/* From what a certificate or raw public key has proved to an association, and the registry of those
 * that somebody may still hold. */
#include "base/mem.h"
#include "base/wildcard.h"
#include "crypto/credentials_int.h"

/* ---- which row ---- */

static const struct mln_cred_row *find_row(const struct mln_cred_snapshot *s,
                                           const struct mln_proof *proof)
{
    const struct mln_cred_row *row = NULL;
    uint32_t n = 0;

    for (size_t i = 0; i < proof->credential_ids.count && !row; i++) {
        row = mln_cred_row_of(s, proof->credential_ids.items[i]);
    }
    if (!row && proof->domain.len) {
        n = mln_cred_index_find(&s->index, MLN_CRED_BY_DOMAIN, proof->domain);
        row = n ? &s->image.rows[n - 1] : NULL;
    }
    return row;
}

static bool is_usable(const struct mln_cred_row *row, const struct mln_proof *proof,
                      enum mln_use use, int64_t now_us)
{
    const struct mln_credential *c = &row->face;

    return row->key.len == 0 && mln_suid_permits(c->suid, use) && now_us >= c->not_before_us &&
           now_us < c->not_after_us &&
           (c->anchor.len == 0 || mln_slice_eq(c->anchor, proof->anchor));
}

/* ---- whom it stands for ---- */

/* What stands behind the last '/': the stem of an AE-ID, the name of a CSE. */
static struct mln_slice stem_of(struct mln_slice ae_id)
{
    size_t at = ae_id.len;

    while (at > 0 && ae_id.ptr[at - 1] != '/') {
        at--;
    }
    return mln_slice_from(ae_id, at);
}

/* "//domain" at the start of an absolute identifier; empty for others. */
static struct mln_slice domain_of(struct mln_slice id)
{
    return mln_slice_starts(id, MLN_S("//"))
               ? mln_slice_head(id, 2 + mln_slice_find(mln_slice_from(id, 2), '/'))
               : mln_slice_head(id, 0);
}

/* The pattern is absolute, SP-relative or a stem. */
static bool is_ae(struct mln_slice pattern, struct mln_slice ae_id)
{
    struct mln_slice wanted = domain_of(pattern);
    struct mln_slice domain = domain_of(ae_id);

    if (!mln_slice_starts(pattern, MLN_S("/"))) {
        return mln_wildcard_match(pattern, stem_of(ae_id), '/');
    }
    return (wanted.len == 0 || mln_slice_eq_nocase(wanted, domain)) &&
           mln_wildcard_match(mln_slice_from(pattern, wanted.len),
                              mln_slice_from(ae_id, domain.len), '/');
}

static bool lists_ae(const struct mln_credential_list *patterns, struct mln_slice ae_id)
{
    for (size_t i = 0; i < patterns->count; i++) {
        if (is_ae(patterns->items[i], ae_id)) {
            return true;
        }
    }
    return patterns->count == 0;
}

/* Same absolute CSE-ID; letter case left aside, of which a certificate's domain name has none. */
static bool same_cse(struct mln_slice a, struct mln_slice b)
{
    return mln_slice_eq_nocase(a, b);
}

/* The certificate's spelling, unless the configuration says which letters are capitals. */
static struct mln_slice cse_of(const struct mln_credential *c, const struct mln_proof *proof)
{
    bool is_said = proof->cse_id.len && mln_slice_eq(stem_of(c->cse_id), stem_of(proof->cse_id));

    return c->cse_id.len && !is_said ? c->cse_id : proof->cse_id;
}

/* Certificate and configuration must not name two entities. */
static bool agree(const struct mln_credential *c, const struct mln_proof *proof)
{
    if (proof->cse_id.len) {
        return c->ae_ids.count == 0 && (c->cse_id.len == 0 || same_cse(c->cse_id, proof->cse_id));
    }
    return proof->ae_id.len == 0 || (c->cse_id.len == 0 && lists_ae(&c->ae_ids, proof->ae_id));
}

/* What is proved and what is configured, as one draft that points into both. */
static void draft_of(const struct mln_cred_row *row, const struct mln_proof *proof,
                     struct mln_association *draft)
{
    static const struct mln_credential nothing = { .not_after_us = INT64_MAX };
    const struct mln_credential *c = row ? &row->face : &nothing;
    bool is_one_ae = proof->ae_id.len > 0;

    *draft = (struct mln_association){
        .kind = proof->kind,
        .credential_id = row ? c->id : proof->credential_ids.items[0],
        .cse_id = cse_of(c, proof),
        .ae_ids = is_one_ae ? &proof->ae_id : c->ae_ids.items,
        .ae_id_count = is_one_ae ? 1 : c->ae_ids.count,
        .app_ids = c->app_ids.items,
        .app_id_count = c->app_ids.count,
        .role_ids = c->role_ids.items,
        .role_id_count = c->role_ids.count,
        .app_id = proof->app_id,
        .expires_us = c->not_after_us < proof->expires_us ? c->not_after_us : proof->expires_us,
    };
}

/* ---- the registry ---- */

static struct mln_cred_held **chain_of(struct mln_credentials *c, struct mln_slice credential_id)
{
    uint32_t hash = 2166136261U; /* FNV-1a: who is here has proved a certificate */

    for (size_t i = 0; i < credential_id.len; i++) {
        hash = (hash ^ (unsigned char)credential_id.ptr[i]) * 16777619U;
    }
    return &c->chains[hash % MLN_CRED_CHAINS];
}

static void take_out(struct mln_cred_held **at)
{
    struct mln_cred_held *held = *at;

    *at = held->next;
    mln_association_unref(held->association);
    mln_free(held);
}

static bool same_slices(const struct mln_slice *a, size_t a_count, const struct mln_slice *b,
                        size_t b_count)
{
    bool same = a_count == b_count;

    for (size_t i = 0; same && i < a_count; i++) {
        same = mln_slice_eq(a[i], b[i]);
    }
    return same;
}

static bool is_alike(const struct mln_association *a, const struct mln_association *b)
{
    return a->kind == b->kind && mln_slice_eq(a->credential_id, b->credential_id) &&
           mln_slice_eq(a->cse_id, b->cse_id) && mln_slice_eq(a->app_id, b->app_id) &&
           a->expires_us == b->expires_us &&
           same_slices(a->ae_ids, a->ae_id_count, b->ae_ids, b->ae_id_count) &&
           same_slices(a->app_ids, a->app_id_count, b->app_ids, b->app_id_count) &&
           same_slices(a->role_ids, a->role_id_count, b->role_ids, b->role_id_count);
}

/* Can no change of rows part the two? */
static bool has_same_names(const struct mln_proof *a, const struct mln_proof *b)
{
    return mln_slice_eq(a->domain, b->domain) &&
           same_slices(a->credential_ids.items, a->credential_ids.count, b->credential_ids.items,
                       b->credential_ids.count);
}

/* One like the draft, or NULL. Those that nobody holds any more go. */
static struct mln_association *look_in(struct mln_cred_held **at, const struct mln_proof *proof,
                                       const struct mln_association *draft)
{
    struct mln_association *found = NULL;

    while (*at) {
        struct mln_cred_held *held = *at;

        if (!found && is_alike(held->association, draft) && has_same_names(&held->names, proof)) {
            found = mln_association_ref(held->association);
        } else if (!mln_association_is_shared(held->association)) {
            take_out(at);
            continue;
        }
        at = &held->next;
    }
    return found;
}

static struct mln_slice put(char **at, struct mln_slice s)
{
    struct mln_slice copy = mln_slice_of(*at, s.len);

    if (s.len) {
        memcpy(*at, s.ptr, s.len);
    }
    *at += s.len;
    return copy;
}

/* With a copy of the proof's names; NULL when out of memory. */
static struct mln_cred_held *held_of(const struct mln_proof *proof)
{
    const struct mln_credential_list *ids = &proof->credential_ids;
    size_t bytes = proof->domain.len;
    struct mln_cred_held *held;
    struct mln_slice *items;
    char *at;

    for (size_t i = 0; i < ids->count; i++) {
        bytes += ids->items[i].len;
    }
    held = mln_calloc(1, sizeof *held + ids->count * sizeof *items + bytes);
    if (!held) {
        return NULL;
    }
    items = (struct mln_slice *)(held + 1);
    at = (char *)(items + ids->count);
    for (size_t i = 0; i < ids->count; i++) {
        items[i] = put(&at, ids->items[i]);
    }
    held->names.credential_ids = (struct mln_credential_list){ items, ids->count };
    held->names.domain = put(&at, proof->domain);
    return held;
}

static mln_err enter(struct mln_cred_held **chain, uint64_t serial, const struct mln_proof *proof,
                     const struct mln_association *draft, struct mln_association **ret)
{
    struct mln_association *found = look_in(chain, proof, draft);
    struct mln_cred_held *held;

    if (!found) {
        held = held_of(proof);
        MLN_REQUIRE(held, NO_MEMORY);
        mln_err err = mln_association_new(draft, &found);

        if (mln_failed(err)) {
            mln_free(held);
            return err;
        }
        held->next = *chain;
        held->association = found;
        held->serial = serial;
        *chain = held;
        found = mln_association_ref(found);
    }
    *ret = found;
    return MLN_OK;
}

/* ---- together ---- */

/* From one snapshot; *ret stays NULL when another one has taken its place meanwhile. */
static mln_err associate(struct mln_credentials *c, const struct mln_proof *proof, enum mln_use use,
                         int64_t now_us, struct mln_association **ret)
{
    MLN_CLEANUP(mln_cred_dropp) struct mln_cred_snapshot *s = mln_cred_hold(c);
    const struct mln_cred_row *row = find_row(s, proof);
    struct mln_association draft;
    mln_err err = MLN_OK;

    if (row) {
        MLN_REQUIRE(is_usable(row, proof, use, now_us) && agree(&row->face, proof),
                    NOT_AUTHENTICATED);
    } else {
        MLN_REQUIRE(proof->kind == MLN_ASSOCIATION_CERTIFICATE && proof->credential_ids.count,
                    NOT_AUTHENTICATED);
    }
    draft_of(row, proof, &draft);
    (void)pthread_mutex_lock(&c->mutex);
    if (c->current == s) {
        err = enter(chain_of(c, draft.credential_id), s->serial, proof, &draft, ret);
    }
    (void)pthread_mutex_unlock(&c->mutex);
    return err;
}

mln_err mln_credentials_associate(struct mln_credentials *credentials,
                                  const struct mln_proof *proof, enum mln_use use, int64_t now_us,
                                  struct mln_association **ret)
{
    struct mln_association *made = NULL;

    while (!made) {
        MLN_TRY(associate(credentials, proof, use, now_us, &made));
    }
    *ret = made;
    return MLN_OK;
}

/* ---- revocation ---- */

static bool is_another(const struct mln_cred_row *old, const struct mln_cred_row *new)
{
    return old && new ? !mln_cred_same(old, new) : old != new;
}

static void revoke_keys(const struct mln_cred_snapshot *before,
                        const struct mln_cred_snapshot *after)
{
    for (size_t i = 0; i < before->image.row_count; i++) {
        const struct mln_cred_row *row = &before->image.rows[i];

        if (row->association && is_another(row, mln_cred_row_of(after, row->face.id))) {
            mln_association_revoke(row->association);
        }
    }
}

static void revoke_chain(struct mln_cred_held **at, const struct mln_cred_snapshot *before,
                         const struct mln_cred_snapshot *after)
{
    while (*at) {
        struct mln_cred_held *held = *at;

        if (held->serial < after->serial &&
            is_another(find_row(before, &held->names), find_row(after, &held->names))) {
            mln_association_revoke(held->association);
            take_out(at);
        } else {
            at = &held->next;
        }
    }
}

void mln_cred_revoke_changed(struct mln_credentials *credentials,
                             const struct mln_cred_snapshot *before,
                             const struct mln_cred_snapshot *after)
{
    revoke_keys(before, after);
    for (size_t i = 0; i < MLN_CRED_CHAINS; i++) {
        (void)pthread_mutex_lock(&credentials->mutex);
        revoke_chain(&credentials->chains[i], before, after);
        (void)pthread_mutex_unlock(&credentials->mutex);
    }
}

void mln_cred_forget_all(struct mln_credentials *credentials)
{
    for (size_t i = 0; i < MLN_CRED_CHAINS; i++) {
        while (credentials->chains[i]) {
            take_out(&credentials->chains[i]);
        }
    }
}
