/* Readers, views, and looking up resources. */
#include "base/mem.h"
#include "store/ids.h"
#include "store/store_int.h"

struct mln_reader {
    struct mln_store *store;
    struct mln_kv_txn *txn;
    struct mln_view view;
    bool is_viewing;
};

mln_err mln_reader_new(struct mln_store *store, struct mln_reader **ret)
{
    struct mln_reader *reader = mln_calloc(1, sizeof *reader);
    mln_err err;

    MLN_REQUIRE(reader, NO_MEMORY);
    reader->store = store;
    err = store->kv->ops->reader_new(store->kv, &reader->txn);
    if (mln_failed(err)) {
        mln_free(reader);
        return err;
    }
    *ret = reader;
    return MLN_OK;
}

void mln_reader_free(struct mln_reader *reader)
{
    if (!reader) {
        return;
    }
    reader->store->kv->ops->reader_free(reader->txn);
    mln_free(reader);
}

mln_err mln_view_begin(struct mln_reader *reader, struct mln_view **ret)
{
    MLN_REQUIRE(!reader->is_viewing, INTERNAL);
    MLN_TRY(mln_kv_renew(reader->txn));
    reader->is_viewing = true;
    reader->view = (struct mln_view){
        .store = reader->store,
        .txn = reader->txn,
        .reader = reader,
    };
    *ret = &reader->view;
    return MLN_OK;
}

void mln_view_end(struct mln_view *view)
{
    if (view && view->reader) {
        mln_kv_reset(view->txn);
        view->reader->is_viewing = false;
    }
}

void mln_view_endp(struct mln_view **view)
{
    mln_view_end(*view);
}

/* ---- resources ---- */

mln_err mln_view_raw(struct mln_view *view, uint64_t id, struct mln_raw *ret)
{
    struct mln_slice row;
    struct mln_key key;

    mln_key_id(&key, id);
    MLN_TRY(mln_kv_get(view->txn, MLN_TABLE_RES, mln_key_slice(&key), &row));
    return mln_raw_decode(id, row, ret);
}

/* Follows a row of RI or NAME. */
static mln_err raw_by_row(struct mln_view *view, enum mln_table table, const struct mln_key *key,
                          struct mln_raw *ret)
{
    struct mln_slice value;
    mln_err err;

    MLN_TRY(mln_kv_get(view->txn, table, mln_key_slice(key), &value));
    MLN_REQUIRE(value.len == 8, STORE_CORRUPT);
    err = mln_view_raw(view, mln_key_u64_at(value, 0), ret);
    return err.code == MLN_ERR_NOT_FOUND ? MLN_ERROR(STORE_CORRUPT) : err;
}

/* The resource whose id stands in the text, should the text look like it. */
static mln_err raw_by_look(struct mln_view *view, struct mln_slice text, struct mln_raw *ret)
{
    struct mln_slice short_name;
    uint64_t id;

    MLN_REQUIRE(mln_id_split(text, &short_name, &id) && id != 0, NOT_FOUND);
    return mln_view_raw(view, id, ret);
}

mln_err mln_view_raw_by_ri(struct mln_view *view, struct mln_slice ri, struct mln_raw *ret)
{
    struct mln_raw raw;
    struct mln_key key;
    mln_err err;

    MLN_REQUIRE(ri.len != 0 && ri.len <= MLN_NAME_MAX, NOT_FOUND);
    err = raw_by_look(view, ri, &raw);
    if (!mln_failed(err) && mln_raw_is_ri(&raw, ri)) {
        *ret = raw;
        return MLN_OK;
    }
    if (mln_failed(err) && err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    mln_key_text(&key, ri);
    return raw_by_row(view, MLN_TABLE_RI, &key, ret);
}

mln_err mln_view_raw_by_name(struct mln_view *view, uint64_t parent, struct mln_slice rn,
                             struct mln_raw *ret)
{
    struct mln_raw raw;
    struct mln_key key;
    mln_err err;

    MLN_REQUIRE(rn.len != 0 && rn.len <= MLN_NAME_MAX, NOT_FOUND);
    err = raw_by_look(view, rn, &raw);
    if (!mln_failed(err) && raw.parent == parent && mln_raw_is_rn(&raw, rn)) {
        *ret = raw;
        return MLN_OK;
    }
    if (mln_failed(err) && err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    mln_key_name(&key, parent, rn);
    return raw_by_row(view, MLN_TABLE_NAME, &key, ret);
}

mln_err mln_store_get(struct mln_view *view, uint64_t id, struct mln_arena *arena,
                      struct mln_resource *ret)
{
    struct mln_raw raw;

    MLN_TRY(mln_view_raw(view, id, &raw));
    return mln_raw_copy(&raw, arena, ret);
}

mln_err mln_store_find(struct mln_view *view, struct mln_slice ri, struct mln_arena *arena,
                       struct mln_resource *ret)
{
    struct mln_raw raw;

    MLN_TRY(mln_view_raw_by_ri(view, ri, &raw));
    return mln_raw_copy(&raw, arena, ret);
}

mln_err mln_store_child(struct mln_view *view, uint64_t parent, struct mln_slice rn,
                        struct mln_arena *arena, struct mln_resource *ret)
{
    struct mln_raw raw;

    MLN_TRY(mln_view_raw_by_name(view, parent, rn, &raw));
    return mln_raw_copy(&raw, arena, ret);
}
