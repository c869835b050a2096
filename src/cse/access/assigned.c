/* The rows by which roles, tokens and remote CSEs are found. */
#include "cse/access/assigned.h"

#include "base/num.h"
#include "crypto/digest.h"
#include "model/model.h"
#include "model/pack.h"

enum { HASH = MLN_ASSIGNED_PREFIX - 1, PARTS = 7, PART_MAX = 1023 };

/* ---- keys ---- */

struct text {
    char bytes[PARTS * (PART_MAX + 1)];
    size_t len;
};

/* A part and its end: two lists of parts never give one text. What is longer than any identifier
 * is cut off: a row is a hint. */
static void add(struct text *t, struct mln_slice part, bool folds)
{
    part = mln_slice_head(part, PART_MAX);
    for (size_t i = 0; i < part.len; i++) {
        char c = part.ptr[i];

        t->bytes[t->len++] = folds && c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    t->bytes[t->len++] = '\0';
}

static void add_entity(struct text *t, const struct mln_entity *e)
{
    add(t, e->sp, true);
    add(t, e->cse, false);
    add(t, e->stem, false);
}

static mln_err make_key(char letter, const struct text *t, struct mln_assigned *ret)
{
    unsigned char digest[MLN_SHA256_SIZE];

    ret->is_newest_first = letter == 'R';
    memset(ret->key, ret->is_newest_first ? 0xFF : 0, sizeof ret->key);
    MLN_TRY(mln_sha256(mln_slice_of(t->bytes, t->len), digest));
    ret->key[0] = letter;
    memcpy(ret->key + 1, digest, HASH);
    return MLN_OK;
}

mln_err mln_assigned_roles(struct mln_slice role_id, const struct mln_entity *holder,
                           const struct mln_entity *issuer, struct mln_assigned *ret)
{
    struct text t;

    t.len = 0;
    add(&t, role_id, false);
    add_entity(&t, holder);
    add_entity(&t, issuer);
    return make_key('R', &t, ret);
}

mln_err mln_assigned_tokens(struct mln_slice token_id, struct mln_assigned *ret)
{
    struct text t;

    t.len = 0;
    add(&t, token_id, false);
    return make_key('T', &t, ret);
}

mln_err mln_assigned_cses(const struct mln_entity *cse, struct mln_assigned *ret)
{
    struct text t;

    t.len = 0;
    add_entity(&t, cse);
    return make_key('C', &t, ret);
}

/* ---- reading ---- */

mln_err mln_assigned_next(struct mln_assigned *a, struct mln_view *view, struct mln_arena *arena,
                          struct mln_resource *ret)
{
    char key[MLN_RECORD_KEY_MAX];
    size_t len;

    for (;;) {
        mln_err err;

        MLN_TRY(mln_record_next_key(view, MLN_SPACE_ASSIGNED, mln_slice_of(a->key, sizeof a->key),
                                    a->is_newest_first, key, &len));
        MLN_REQUIRE(len == MLN_ASSIGNED_KEY, STORE_CORRUPT);
        MLN_REQUIRE(mln_slice_eq(mln_slice_of(key, MLN_ASSIGNED_PREFIX),
                                 mln_slice_of(a->key, MLN_ASSIGNED_PREFIX)),
                    NOT_FOUND);
        memcpy(a->key, key, sizeof a->key);
        err = mln_store_get(view, mln_get_be64(key + MLN_ASSIGNED_PREFIX), arena, ret);
        if (err.code != MLN_ERR_NOT_FOUND) {
            return err;
        }
    }
}

/* ---- writing ---- */

static bool entity_of(const struct mln_resource *r, struct mln_slice name,
                      const struct mln_names *names, struct mln_entity *ret)
{
    struct mln_slice text;

    return mln_pack_find_text(r->attrs, name, &text) && mln_entity_parse(text, names, ret);
}

/* False: nothing by which it could be found. */
static mln_err key_of(const struct mln_names *names, const struct mln_resource *r,
                      struct mln_assigned *ret, bool *ret_has)
{
    struct mln_entity holder;
    struct mln_entity issuer;
    struct mln_slice id;

    *ret_has = false;
    if (r->ty == MLN_TY_ROL) {
        if (!mln_pack_find_text(r->attrs, MLN_S("rlid"), &id) ||
            !entity_of(r, MLN_S("tkhd"), names, &holder) ||
            !entity_of(r, MLN_S("tkis"), names, &issuer)) {
            return MLN_OK;
        }
        MLN_TRY(mln_assigned_roles(id, &holder, &issuer, ret));
    } else if (r->ty == MLN_TY_TK && mln_pack_find_text(r->attrs, MLN_S("tkid"), &id)) {
        MLN_TRY(mln_assigned_tokens(id, ret));
    } else {
        return MLN_OK;
    }
    mln_put_be64(ret->key + MLN_ASSIGNED_PREFIX, r->id);
    *ret_has = true;
    return MLN_OK;
}

/* What becomes of a row. */
typedef mln_err row_fn(struct mln_write *write, const struct mln_assigned *row);

static mln_err put_row(struct mln_write *write, const struct mln_assigned *row)
{
    return mln_record_put(write, MLN_SPACE_ASSIGNED, mln_slice_of(row->key, sizeof row->key),
                          (struct mln_slice){ 0 });
}

static mln_err erase_row(struct mln_write *write, const struct mln_assigned *row)
{
    return mln_record_erase(write, MLN_SPACE_ASSIGNED, mln_slice_of(row->key, sizeof row->key));
}

static mln_err do_cse(struct mln_write *write, const struct mln_names *names, struct mln_slice id,
                      uint64_t resource, row_fn *row)
{
    struct mln_entity cse;
    struct mln_assigned a;

    if (!mln_entity_parse_cse(id, names, &cse)) {
        return MLN_OK;
    }
    MLN_TRY(mln_assigned_cses(&cse, &a));
    mln_put_be64(a.key + MLN_ASSIGNED_PREFIX, resource);
    return row(write, &a);
}

static mln_err do_remote(struct mln_write *write, const struct mln_names *names,
                         const struct mln_resource *r, row_fn *row)
{
    struct mln_slice id;
    struct mln_slice list;
    struct mln_walk w;

    if (mln_pack_find_text(r->attrs, MLN_S("csi"), &id)) {
        MLN_TRY(do_cse(write, names, id, r->id, row));
    }
    if (!mln_pack_find(r->attrs, MLN_S("dcse"), &list)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &id)) {
            MLN_TRY(do_cse(write, names, id, r->id, row));
        }
    }
    return MLN_OK;
}

static mln_err do_rows(struct mln_write *write, const struct mln_names *names,
                       const struct mln_resource *resource, row_fn *row)
{
    struct mln_assigned a;
    bool has;

    if (resource->ty == MLN_TY_CSR) {
        return do_remote(write, names, resource, row);
    }
    MLN_TRY(key_of(names, resource, &a, &has));
    return has ? row(write, &a) : MLN_OK;
}

mln_err mln_assigned_add(struct mln_write *write, const struct mln_names *names,
                         const struct mln_resource *resource)
{
    return do_rows(write, names, resource, put_row);
}

mln_err mln_assigned_remove(struct mln_write *write, const struct mln_names *names,
                            const struct mln_resource *resource)
{
    return do_rows(write, names, resource, erase_row);
}
