/* Life of the credentials, snapshots, and the look-up of keys. */
#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"
#include "crypto/credentials_int.h"

enum { ARENA_MAX = 512 << 20 };

/* ---- snapshots ---- */

static void free_snapshot(struct mln_cred_snapshot *s)
{
    for (size_t i = 0; i < s->image.row_count; i++) {
        mln_association_unref(s->image.rows[i].association);
    }
    mln_cred_index_done(&s->index);
    mln_arena_free(s->arena);
    mln_secret_free(s->text);
    mln_wipe(s->dummy_key, sizeof s->dummy_key);
    mln_free(s);
}

static void drop(struct mln_cred_snapshot *snapshot)
{
    if (snapshot &&
        atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) == 1) {
        free_snapshot(snapshot);
    }
}

void mln_cred_dropp(struct mln_cred_snapshot **snapshot)
{
    drop(*snapshot);
    *snapshot = NULL;
}

struct mln_cred_snapshot *mln_cred_hold(struct mln_credentials *credentials)
{
    struct mln_cred_snapshot *s;

    (void)pthread_mutex_lock(&credentials->mutex);
    s = credentials->current;
    (void)atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
    (void)pthread_mutex_unlock(&credentials->mutex);
    return s;
}

static mln_err associate_key(struct mln_cred_row *row)
{
    const struct mln_credential *c = &row->face;
    struct mln_association draft = {
        .kind = MLN_ASSOCIATION_KEY,
        .credential_id = c->id,
        .cse_id = c->cse_id,
        .ae_ids = c->ae_ids.items,
        .ae_id_count = c->ae_ids.count,
        .app_ids = c->app_ids.items,
        .app_id_count = c->app_ids.count,
        .role_ids = c->role_ids.items,
        .role_id_count = c->role_ids.count,
        .expires_us = c->not_after_us,
    };

    return mln_association_new(&draft, &row->association);
}

/* Keys that did not change keep their associations; the others get new ones. */
static mln_err associate_keys(struct mln_cred_snapshot *s, const struct mln_cred_snapshot *before)
{
    for (size_t i = 0; i < s->image.row_count; i++) {
        struct mln_cred_row *row = &s->image.rows[i];
        const struct mln_cred_row *old = before ? mln_cred_row_of(before, row->face.id) : NULL;

        s->suids |= UINT64_C(1) << (row->face.suid & 63);
        if (row->key.len == 0) {
            continue;
        }
        if (old && old->association && mln_cred_same(old, row)) {
            row->association = mln_association_ref(old->association);
        } else {
            MLN_TRY(associate_key(row));
        }
    }
    return MLN_OK;
}

/* A key for those who have none, as valid as any, and usable for nothing. */
static mln_err make_dummy(struct mln_cred_snapshot *s, const struct mln_env *env)
{
    MLN_TRY(mln_env_random(env, s->dummy_key, sizeof s->dummy_key));
    s->dummy = (struct mln_cred_row){
        .face.not_after_us = INT64_MAX,
        .key = mln_slice_of((const char *)s->dummy_key, sizeof s->dummy_key),
    };
    return MLN_OK;
}

static mln_err fill_snapshot(struct mln_cred_snapshot *s, const struct mln_credentials *c,
                             const struct mln_cred_snapshot *before, struct mln_fault *fault)
{
    s->arena = mln_arena_new(ARENA_MAX);
    MLN_REQUIRE(s->arena, NO_MEMORY);
    atomic_init(&s->references, 1);
    MLN_TRY(make_dummy(s, c->env));
    MLN_TRY(mln_cred_file_read(c, fault, &s->text));
    if (s->text) {
        struct mln_slice text = { (const char *)mln_secret_bytes(s->text),
                                  mln_secret_len(s->text) };
        mln_err err = mln_cred_decode(text, s->arena, fault, &s->image);

        if (mln_failed(err)) {
            s->image = (struct mln_cred_image){ 0 };
            return err;
        }
    }
    MLN_TRY(mln_cred_index_make(&s->index, c->env, &s->image, fault));
    return associate_keys(s, before);
}

static mln_err make_snapshot(const struct mln_credentials *c,
                             const struct mln_cred_snapshot *before, struct mln_fault *fault,
                             struct mln_cred_snapshot **ret)
{
    struct mln_cred_snapshot *s = mln_calloc(1, sizeof *s);
    mln_err err;

    MLN_REQUIRE(s, NO_MEMORY);
    err = fill_snapshot(s, c, before, fault);
    if (mln_failed(err)) {
        mln_fault_set(fault, "%s: %s", c->file, mln_err_text(err));
        free_snapshot(s);
        return err;
    }
    *ret = s;
    return MLN_OK;
}

/* ---- life ---- */

static mln_err set_paths(struct mln_credentials *c, const struct mln_credentials_options *options,
                         struct mln_fault *fault)
{
    int len;

    MLN_TRY(mln_file_path(c->file, options->directory, "credentials", fault));
    MLN_TRY(mln_file_path(c->lock_file, options->directory, "credentials.lock", fault));
    if (!options->master_key) {
        return mln_file_path(c->key_file, options->directory, "master.key", fault);
    }
    len = snprintf(c->key_file, sizeof c->key_file, "%s", options->master_key);
    if (len <= 0 || len >= MLN_PATH_MAX) {
        mln_fault_set(fault, "the path of the master key is empty or too long");
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static mln_err make_locks(struct mln_credentials *c)
{
    MLN_REQUIRE(pthread_mutex_init(&c->mutex, NULL) == 0, NO_MEMORY);
    if (pthread_mutex_init(&c->reloading, NULL) != 0) {
        (void)pthread_mutex_destroy(&c->mutex);
        MLN_FAIL(NO_MEMORY);
    }
    return MLN_OK;
}

mln_err mln_credentials_open(const struct mln_credentials_options *options,
                             const struct mln_env *env, struct mln_fault *fault,
                             struct mln_credentials **ret)
{
    struct mln_credentials *c = mln_calloc(1, sizeof *c);
    mln_err err;

    MLN_REQUIRE(c, NO_MEMORY);
    c->env = env;
    err = make_locks(c);
    if (mln_failed(err)) {
        mln_free(c);
        return err;
    }
    err = set_paths(c, options, fault);
    if (!mln_failed(err)) {
        err = make_snapshot(c, NULL, fault, &c->current);
    }
    if (mln_failed(err)) {
        mln_credentials_close(c);
        return err;
    }
    *ret = c;
    return MLN_OK;
}

void mln_credentials_close(struct mln_credentials *credentials)
{
    if (!credentials) {
        return;
    }
    mln_cred_forget_all(credentials);
    drop(credentials->current);
    (void)pthread_mutex_destroy(&credentials->reloading);
    (void)pthread_mutex_destroy(&credentials->mutex);
    mln_free(credentials);
}

/* Alone among those that reload. */
static mln_err replace_snapshot(struct mln_credentials *c, struct mln_fault *fault)
{
    struct mln_cred_snapshot *before = c->current; /* only we change it */
    struct mln_cred_snapshot *after;

    MLN_TRY(make_snapshot(c, before, fault, &after));
    after->serial = before->serial + 1;
    (void)pthread_mutex_lock(&c->mutex);
    c->current = after;
    (void)pthread_mutex_unlock(&c->mutex);
    mln_cred_revoke_changed(c, before, after);
    drop(before);
    return MLN_OK;
}

mln_err mln_credentials_reload(struct mln_credentials *credentials, struct mln_fault *fault)
{
    mln_err err;

    (void)pthread_mutex_lock(&credentials->reloading);
    err = replace_snapshot(credentials, fault);
    (void)pthread_mutex_unlock(&credentials->reloading);
    return err;
}

/* ---- look-up ---- */

/* The canonical spelling. What is no Credential-ID of that type is marked, so that it stands
 * nowhere (it could be one of another type), and looking for it takes as long. */
static struct mln_slice spell(enum mln_credential_type type, struct mln_slice value,
                              char room[static MLN_CREDENTIAL_ID_MAX])
{
    size_t len = mln_credential_id_put(type, value, room);

    if (len == 0) {
        value = mln_slice_head(value, MLN_CREDENTIAL_ID_MAX - 1);
        room[0] = '?';
        if (value.len) {
            memcpy(room + 1, value.ptr, value.len);
        }
        len = value.len + 1;
    }
    return mln_slice_of(room, len);
}

const struct mln_cred_row *mln_cred_row_of(const struct mln_cred_snapshot *snapshot,
                                           struct mln_slice credential_id)
{
    char room[MLN_CREDENTIAL_ID_MAX];
    struct mln_credential_id id;
    uint32_t row = 0;

    if (mln_credential_id_parse(credential_id, &id)) {
        row = mln_cred_index_find(&snapshot->index, MLN_CRED_BY_ID, spell(id.type, id.value, room));
    }
    return row ? &snapshot->image.rows[row - 1] : NULL;
}

/* All ones when the row has a key that may be used now and so. */
static uint32_t permission(const struct mln_cred_row *row, enum mln_use use, int64_t now_us)
{
    bool is_now = (now_us >= row->face.not_before_us) & (now_us < row->face.not_after_us);

    return 0U - (uint32_t)(is_now & (row->key.len > 0) & mln_suid_permits(row->face.suid, use));
}

mln_err mln_credentials_find_key(struct mln_credentials *credentials, struct mln_slice identity,
                                 enum mln_use use, int64_t now_us, struct mln_found_key *ret)
{
    MLN_CLEANUP(mln_cred_dropp) struct mln_cred_snapshot *s = mln_cred_hold(credentials);
    char room[MLN_CREDENTIAL_ID_MAX];
    const struct mln_cred_row *row;
    struct mln_secret *key;
    uint32_t n = mln_cred_index_find(&s->index, MLN_CRED_BY_ID,
                                     spell(mln_use_key_type(use), identity, room));

    row = n ? &s->image.rows[n - 1] : &s->dummy;
    n &= permission(row, use, now_us);
    row = n ? row : &s->dummy;
    key = mln_secret_of(row->key.ptr, row->key.len);
    MLN_REQUIRE(key, NO_MEMORY);
    *ret = (struct mln_found_key){
        .key = key,
        .association = row->association ? mln_association_ref(row->association) : NULL,
    };
    return MLN_OK;
}

uint64_t mln_credentials_suids(struct mln_credentials *credentials)
{
    MLN_CLEANUP(mln_cred_dropp) struct mln_cred_snapshot *s = mln_cred_hold(credentials);

    return s->suids;
}

/* ---- states ---- */

static uint64_t mix(const unsigned char key[static MLN_SIPHASH_KEY], uint64_t state,
                    struct mln_slice text)
{
    unsigned char hashes[2][MLN_SIPHASH_SIZE];
    unsigned char out[MLN_SIPHASH_SIZE];

    mln_put_be64((char *)hashes[0], state);
    mln_siphash(key, text, hashes[1]);
    mln_siphash(key, mln_slice_of((const char *)hashes, sizeof hashes), out);
    return mln_get_be64((const char *)out);
}

static uint64_t mix_list(const unsigned char key[static MLN_SIPHASH_KEY], uint64_t state,
                         const struct mln_credential_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        state = mix(key, state, list->items[i]);
    }
    return mix(key, state, (struct mln_slice){ 0 });
}

static uint64_t state_of(const struct mln_cred_row *row)
{
    const struct mln_credential *c = &row->face;
    const struct mln_slice texts[] = { c->id, c->anchor, c->domain, c->cse_id, row->key };
    unsigned char key[MLN_SIPHASH_KEY] = { 0 }; /* with a key of its own nobody learns of that */
    struct mln_slice secret = mln_slice_head(row->key, sizeof key);
    uint64_t state = (uint64_t)c->not_before_us ^ (uint64_t)c->not_after_us;

    if (secret.len) {
        memcpy(key, secret.ptr, secret.len);
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        state = mix(key, state, texts[i]);
    }
    state = mix_list(key, state, &c->ae_ids);
    state = mix_list(key, state, &c->app_ids);
    state = mix_list(key, state, &c->role_ids);
    mln_wipe(key, sizeof key);
    return state ? state : 1;
}

uint64_t mln_credentials_state(struct mln_credentials *credentials, struct mln_slice credential_id)
{
    MLN_CLEANUP(mln_cred_dropp) struct mln_cred_snapshot *s = mln_cred_hold(credentials);
    const struct mln_cred_row *row = mln_cred_row_of(s, credential_id);

    return row ? state_of(row) : 0;
}

/* ---- listing ---- */

mln_err mln_credentials_list(struct mln_credentials *credentials, mln_credential_visit *visit,
                             void *data)
{
    MLN_CLEANUP(mln_cred_dropp) struct mln_cred_snapshot *s = mln_cred_hold(credentials);

    for (size_t i = 0; i < s->image.row_count; i++) {
        MLN_TRY(visit(data, &s->image.rows[i].face));
    }
    return MLN_OK;
}

mln_err mln_credentials_list_records(struct mln_credentials *credentials, struct mln_slice kind,
                                     mln_record_visit *visit, void *data)
{
    MLN_CLEANUP(mln_cred_dropp) struct mln_cred_snapshot *s = mln_cred_hold(credentials);

    for (size_t i = 0; i < s->image.record_count; i++) {
        const struct mln_cred_record *r = &s->image.records[i];

        if (mln_slice_eq(r->kind, kind)) {
            MLN_TRY(visit(data, r->name, r->bytes));
        }
    }
    return MLN_OK;
}

mln_err mln_credentials_get_record(struct mln_credentials *credentials, struct mln_slice kind,
                                   struct mln_slice name, struct mln_secret **ret)
{
    MLN_CLEANUP(mln_cred_dropp) struct mln_cred_snapshot *s = mln_cred_hold(credentials);

    for (size_t i = 0; i < s->image.record_count; i++) {
        const struct mln_cred_record *r = &s->image.records[i];

        if (mln_slice_eq(r->kind, kind) && mln_slice_eq(r->name, name)) {
            *ret = mln_secret_of(r->bytes.ptr, r->bytes.len);
            MLN_REQUIRE(*ret, NO_MEMORY);
            return MLN_OK;
        }
    }
    MLN_FAIL(NOT_FOUND);
}
