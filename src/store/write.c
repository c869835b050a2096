/* Writing resources inside a job. */
#include "base/mem.h"
#include "store/ids.h"
#include "store/store_int.h"

mln_err mln_write_begin(struct mln_view *view, const struct mln_grant *grant,
                        struct mln_write **ret)
{
    MLN_REQUIRE(grant && !view->reader, INTERNAL);
    view->write.view = view;
    *ret = &view->write;
    return MLN_OK;
}

mln_err mln_store_new_id(struct mln_write *write, struct mln_slice short_name, uint64_t *ret_id,
                         char out_ri[static MLN_RI_SIZE], size_t *ret_ri_len)
{
    struct mln_store *store = write->view->store;
    uint64_t id = mln_id_next(store->last_id, mln_env_now_us(store->env));
    size_t len = short_name.len + MLN_ID_TEXT;
    char text[MLN_RI_SIZE];

    MLN_REQUIRE(id != 0 && short_name.len != 0 && len <= MLN_RI_SIZE, INTERNAL);
    memcpy(text, short_name.ptr, short_name.len);
    mln_id_format(text + short_name.len, id);
    MLN_REQUIRE(mln_id_is_made(mln_slice_of(text, len), id), INTERNAL);
    store->last_id = id;
    memcpy(out_ri, text, len);
    *ret_ri_len = len;
    *ret_id = id;
    return MLN_OK;
}

/* ---- room ---- */

/* A store that is nearly full refuses new resources: deleting writes too. Asked once in a
 * transaction; a batch is small against the reserve. */
static mln_err require_room(struct mln_view *view)
{
    bool is_tight;

    if (view->room == MLN_ROOM_UNKNOWN) {
        MLN_TRY(view->txn->kv->ops->is_tight(view->txn, &is_tight));
        view->room = is_tight ? MLN_ROOM_TIGHT : MLN_ROOM_AMPLE;
    }
    MLN_REQUIRE(view->room == MLN_ROOM_AMPLE, STORE_FULL);
    return MLN_OK;
}

/* ---- conflicts ---- */

static mln_err conflict_if_found(mln_err found)
{
    if (found.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    return mln_failed(found) ? found : MLN_ERROR(CONFLICT);
}

/* A made ri or name cannot be in use, unless somebody chose a name that looked like a future one:
 * up to `lookalike` every text is looked up. */
static mln_err check_conflicts(struct mln_view *view, const struct mln_resource *resource,
                               const struct mln_raw *raw)
{
    bool is_beyond = raw->id > view->store->lookalike;
    struct mln_raw other;

    if (!raw->is_ri_made || !is_beyond) {
        MLN_TRY(conflict_if_found(mln_view_raw_by_ri(view, resource->ri, &other)));
    }
    if (!mln_raw_is_name_made(raw) || !is_beyond) {
        struct mln_slice rn = raw->is_rn_ri ? resource->ri : resource->rn;

        MLN_TRY(conflict_if_found(mln_view_raw_by_name(view, raw->parent, rn, &other)));
    }
    return conflict_if_found(mln_view_raw(view, raw->id, &other));
}

/* Remembers a text that looks made from an id that was not given yet. */
static mln_err note_lookalike(struct mln_view *view, struct mln_slice text)
{
    struct mln_slice short_name;
    uint64_t known;
    uint64_t id;

    if (!mln_id_split(text, &short_name, &id) || id <= view->store->last_id) {
        return MLN_OK;
    }
    MLN_TRY(mln_fact_or_zero(view->txn, MLN_FACT_LOOKALIKE, &known));
    if (id > known) {
        MLN_TRY(mln_fact_put(view->txn, MLN_FACT_LOOKALIKE, id));
    }
    if (id > view->store->lookalike) {
        view->store->lookalike = id;
    }
    return MLN_OK;
}

/* ---- rows ---- */

static mln_err put_row(struct mln_view *view, const struct mln_raw *raw, unsigned flags)
{
    size_t size = mln_raw_size(raw);
    char *bytes = mln_arena_alloc(view->store->scratch, size);
    struct mln_kv_row row;
    struct mln_key key;

    MLN_REQUIRE(bytes, NO_MEMORY);
    mln_raw_encode(raw, bytes);
    mln_key_id(&key, raw->id);
    row = (struct mln_kv_row){ mln_key_slice(&key), mln_slice_of(bytes, size) };
    view->is_dirty = true;
    view->rows++;
    view->bytes += size;
    return mln_kv_put(view->txn, MLN_TABLE_RES, &row, flags);
}

static struct mln_index index_of(struct mln_view *view)
{
    return (struct mln_index){ .txn = view->txn, .scratch = view->store->scratch };
}

mln_err mln_write_new(struct mln_view *view, const struct mln_raw *raw)
{
    struct mln_index index = index_of(view);
    mln_err err;

    MLN_TRY(put_row(view, raw, MLN_KV_NEW | MLN_KV_LAST));
    err = mln_index_add(&index, raw);
    view->rows += index.rows;
    if (raw->id > view->store->newest_put) {
        view->store->newest_put = raw->id;
    }
    return err;
}

/* The record as it is stored, in the scratch arena: in the store it moves with the first write. */
static mln_err read_old(struct mln_view *view, uint64_t id, struct mln_raw *ret)
{
    struct mln_slice row;
    struct mln_slice copy;
    struct mln_key key;

    mln_key_id(&key, id);
    MLN_TRY(mln_kv_get(view->txn, MLN_TABLE_RES, mln_key_slice(&key), &row));
    MLN_REQUIRE(mln_arena_dup(view->store->scratch, row, &copy), NO_MEMORY);
    return mln_raw_decode(id, copy, ret);
}

/* ---- the verbs ---- */

static mln_err insert(struct mln_view *view, const struct mln_resource *resource,
                      const struct mln_raw *raw)
{
    MLN_REQUIRE(raw->id <= view->store->last_id, INTERNAL);
    MLN_TRY(check_conflicts(view, resource, raw));
    MLN_TRY(require_room(view));
    view->is_dirty = true;
    if (!raw->is_ri_made) {
        MLN_TRY(note_lookalike(view, resource->ri));
    }
    if (!raw->is_rn_ri) {
        MLN_TRY(note_lookalike(view, resource->rn));
    }
    return mln_write_new(view, raw);
}

/* What the index says of the old record is taken from the store, not from the caller. */
static mln_err replace(struct mln_view *view, const struct mln_resource *resource,
                       const struct mln_raw *raw)
{
    struct mln_slice rn = resource->rn.len ? resource->rn : resource->ri;
    struct mln_index index = index_of(view);
    struct mln_raw old;
    mln_err err;

    MLN_TRY(read_old(view, raw->id, &old));
    MLN_REQUIRE(old.parent == raw->parent && old.ty == raw->ty, INTERNAL);
    MLN_REQUIRE(mln_raw_is_ri(&old, resource->ri) && mln_raw_is_rn(&old, rn), INTERNAL);
    MLN_TRY(put_row(view, raw, 0));
    err = mln_index_change(&index, &old, raw);
    view->rows += index.rows;
    return err;
}

mln_err mln_store_put(struct mln_write *write, const struct mln_resource *old,
                      const struct mln_resource *resource)
{
    struct mln_view *view = write->view;
    struct mln_raw raw;

    MLN_TRY(mln_raw_of(resource, &raw));
    mln_arena_reset(view->store->scratch);
    if (!old) {
        return insert(view, resource, &raw);
    }
    MLN_REQUIRE(old->id == resource->id, INTERNAL);
    return replace(view, resource, &raw);
}

mln_err mln_store_erase(struct mln_write *write, const struct mln_resource *resource)
{
    struct mln_view *view = write->view;
    struct mln_index index = index_of(view);
    struct mln_raw old;
    struct mln_key key;
    mln_err err;

    mln_arena_reset(view->store->scratch);
    MLN_TRY(read_old(view, resource->id, &old));
    view->is_dirty = true;
    view->has_erased = true;
    mln_key_id(&key, old.id);
    MLN_TRY(mln_kv_del(view->txn, MLN_TABLE_RES, mln_key_slice(&key)));
    err = mln_index_remove(&index, &old);
    view->rows += index.rows + 1;
    return err;
}

/* The newest resource tells which ids were given. When it is erased a fact must tell instead. */
mln_err mln_write_seal(struct mln_view *view)
{
    struct mln_store *store = view->store;
    uint64_t newest;
    uint64_t sealed;

    if (!view->has_erased) {
        return MLN_OK;
    }
    MLN_TRY(mln_newest_id(view->txn, &newest));
    if (newest >= store->newest_put) {
        return MLN_OK;
    }
    MLN_TRY(mln_fact_or_zero(view->txn, MLN_FACT_LAST_ID, &sealed));
    if (sealed >= store->newest_put) {
        return MLN_OK;
    }
    return mln_fact_put(view->txn, MLN_FACT_LAST_ID, store->last_id);
}
