/* Records in MLN_SPACE_REGISTRATION: "b" and the AE-ID-Stem, or for a long one "B", its beginning
 * and a hash; "c" counts them. */
#include "cse/access/binding.h"

#include "base/num.h"

enum {
    HASH = 16,
    HEAD = MLN_RECORD_KEY_MAX - HASH - 1,
    SWEEP = 32, /* records looked at for each one too many */
};

struct key {
    char bytes[MLN_RECORD_KEY_MAX];
    size_t len;
};

static struct mln_slice key_slice(const struct key *k)
{
    return mln_slice_of(k->bytes, k->len);
}

/* Not to keep anybody from finding another text with the same value: then the second is refused. */
static uint64_t hash(struct mln_slice s, uint64_t h)
{
    for (size_t i = 0; i < s.len; i++) {
        h = (h ^ (unsigned char)s.ptr[i]) * UINT64_C(0x100000001B3);
    }
    return h;
}

static struct key key_of(struct mln_slice stem)
{
    struct key k = { .bytes = { 'b' }, .len = 1 + stem.len };

    if (k.len <= sizeof k.bytes) {
        memcpy(k.bytes + 1, stem.ptr, stem.len);
        return k;
    }
    k.len = sizeof k.bytes;
    k.bytes[0] = 'B';
    memcpy(k.bytes + 1, stem.ptr, HEAD);
    mln_put_be64(k.bytes + 1 + HEAD, hash(stem, UINT64_C(0xCBF29CE484222325)));
    mln_put_be64(k.bytes + 1 + HEAD + 8, hash(stem, UINT64_C(0x9E3779B97F4A7C15)));
    return k;
}

mln_err mln_binding_get(struct mln_view *view, struct mln_arena *arena, struct mln_slice stem,
                        struct mln_binding *ret)
{
    struct key k = key_of(stem);
    struct mln_binding b = { 0 };
    struct mln_slice value;

    MLN_TRY(mln_record_get(view, MLN_SPACE_REGISTRATION, key_slice(&k), arena, &value));
    MLN_REQUIRE(mln_pack_find_text(value, MLN_S("c"), &b.credential_id), STORE_CORRUPT);
    if (!mln_pack_find_text(value, MLN_S("p"), &b.receiver_id)) {
        b.receiver_id = (struct mln_slice){ 0 };
    }
    if (!mln_pack_find(value, MLN_S("r"), &b.roles)) {
        b.roles = (struct mln_slice){ 0 };
    }
    if (!mln_pack_find_text(value, MLN_S("g"), &b.registrar)) {
        b.registrar = (struct mln_slice){ 0 };
    }
    *ret = b;
    return MLN_OK;
}

/* ---- how many ---- */

static mln_err count_of(struct mln_exec *e, uint64_t *ret)
{
    struct mln_slice value;
    mln_err err = mln_record_get(e->view, MLN_SPACE_REGISTRATION, MLN_S("c"), e->arena, &value);

    *ret = 0;
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_REQUIRE(mln_pack_u64_of(value, ret), STORE_CORRUPT);
    return MLN_OK;
}

static mln_err set_count(struct mln_exec *e, uint64_t count)
{
    struct mln_slice value;
    struct mln_buf out;

    mln_buf_init(&out, e->arena, 16);
    mln_pack_uint(&out, count);
    MLN_TRY(mln_buf_finish(&out, &value));
    return mln_record_put(e->write, MLN_SPACE_REGISTRATION, MLN_S("c"), value);
}

/* Is it a binding whose AE is not there any more? */
static mln_err is_stale(struct mln_exec *e, const struct key *k, bool *ret)
{
    struct mln_resource ae;
    struct mln_slice value;
    struct mln_slice stem;
    mln_err err;

    *ret = false;
    if (k->bytes[0] != 'b' && k->bytes[0] != 'B') {
        return MLN_OK;
    }
    MLN_TRY(mln_record_get(e->view, MLN_SPACE_REGISTRATION, key_slice(k), e->arena, &value));
    MLN_REQUIRE(mln_pack_find_text(value, MLN_S("s"), &stem), STORE_CORRUPT);
    err = mln_store_find(e->view, stem, e->arena, &ae);
    *ret = err.code == MLN_ERR_NOT_FOUND;
    return *ret ? MLN_OK : err;
}

/* Forgets bindings of AEs that have gone, among those that follow in the order of keys: new stems
 * are random or chosen by many, so each time others. */
static mln_err sweep(struct mln_exec *e, struct key k, uint64_t *count)
{
    for (unsigned i = 0; i<SWEEP && * count> e->cse->options.limits->bindings; i++) {
        bool stale = false;
        mln_err err = mln_record_next_key(e->view, MLN_SPACE_REGISTRATION, key_slice(&k), false,
                                          k.bytes, &k.len);

        if (err.code == MLN_ERR_NOT_FOUND) {
            k.len = 0; /* from the beginning */
            continue;
        }
        MLN_TRY(err);
        MLN_TRY(is_stale(e, &k, &stale));
        if (stale) {
            MLN_TRY(mln_record_erase(e->write, MLN_SPACE_REGISTRATION, key_slice(&k)));
            (*count)--;
        }
    }
    return MLN_OK;
}

/* ---- changing ---- */

static mln_err pack(struct mln_exec *e, struct mln_slice stem, const struct mln_binding *b,
                    struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, e->arena, SIZE_MAX);
    mln_pack_map(&out, 2U + (b->receiver_id.len > 0) + (b->roles.len > 0) + (b->registrar.len > 0));
    mln_pack_text(&out, MLN_S("s"));
    mln_pack_text(&out, stem);
    mln_pack_text(&out, MLN_S("c"));
    mln_pack_text(&out, b->credential_id);
    if (b->receiver_id.len) {
        mln_pack_text(&out, MLN_S("p"));
        mln_pack_text(&out, b->receiver_id);
    }
    if (b->roles.len) {
        mln_pack_text(&out, MLN_S("r"));
        mln_pack_raw(&out, b->roles);
    }
    if (b->registrar.len) {
        mln_pack_text(&out, MLN_S("g"));
        mln_pack_text(&out, b->registrar);
    }
    return mln_buf_finish(&out, ret);
}

/* Is there a record, and is it of this stem? */
static mln_err find(struct mln_exec *e, const struct key *k, struct mln_slice stem, bool *ret)
{
    struct mln_slice value;
    struct mln_slice other;
    mln_err err = mln_record_get(e->view, MLN_SPACE_REGISTRATION, key_slice(k), e->arena, &value);

    *ret = !mln_failed(err);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_REQUIRE(mln_pack_find_text(value, MLN_S("s"), &other), STORE_CORRUPT);
    MLN_REQUIRE(mln_slice_eq(other, stem), CONFLICT);
    return MLN_OK;
}

mln_err mln_binding_keep(struct mln_exec *e, struct mln_slice stem,
                         const struct mln_binding *binding)
{
    bool is_empty = !binding->credential_id.len && !binding->receiver_id.len &&
                    !binding->roles.len && !binding->registrar.len;
    struct key k = key_of(stem);
    struct mln_slice value;
    uint64_t count;
    bool is_there;

    MLN_TRY(find(e, &k, stem, &is_there));
    if (is_empty && !is_there) {
        return MLN_OK;
    }
    MLN_TRY(count_of(e, &count));
    if (is_empty) {
        MLN_TRY(mln_record_erase(e->write, MLN_SPACE_REGISTRATION, key_slice(&k)));
        return set_count(e, count - 1);
    }
    MLN_TRY(pack(e, stem, binding, &value));
    MLN_TRY(mln_record_put(e->write, MLN_SPACE_REGISTRATION, key_slice(&k), value));
    if (is_there) {
        return MLN_OK;
    }
    count++;
    MLN_TRY(sweep(e, k, &count));
    return set_count(e, count);
}
