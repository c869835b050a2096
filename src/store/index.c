/* Index rows. */
#include "store/index.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "model/pack.h"

/* ---- labels ---- */

static int compare_slices(const void *a, const void *b)
{
    return mln_slice_cmp(*(const struct mln_slice *)a, *(const struct mln_slice *)b);
}

static void drop_repeated(struct mln_labels *labels)
{
    size_t kept = 0;

    for (size_t i = 0; i < labels->count; i++) {
        if (kept == 0 || !mln_slice_eq(labels->items[kept - 1], labels->items[i])) {
            labels->items[kept++] = labels->items[i];
        }
    }
    labels->count = kept;
}

mln_err mln_labels_of(struct mln_slice attrs, struct mln_arena *arena, struct mln_labels *ret)
{
    struct mln_labels labels = { 0 };
    struct mln_slice list;
    struct mln_walk w;
    size_t most = 0;

    *ret = labels;
    if (attrs.len == 0 || !mln_pack_find(attrs, MLN_S("lbl"), &list)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        most++;
    }
    if (most == 0 || w.is_map) {
        return MLN_OK;
    }
    labels.items = mln_arena_alloc(arena, most * sizeof *labels.items);
    MLN_REQUIRE(labels.items, NO_MEMORY);
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        struct mln_slice text;

        if (mln_pack_text_of(w.item, &text)) {
            labels.items[labels.count++] = mln_slice_head(text, MLN_LABEL_MAX);
        }
    }
    if (labels.count > 1) {
        qsort(labels.items, labels.count, sizeof *labels.items, compare_slices);
        drop_repeated(&labels);
    }
    *ret = labels;
    return MLN_OK;
}

/* ---- rows ---- */

static mln_err put(struct mln_index *index, enum mln_table table, const struct mln_key *key,
                   struct mln_slice value)
{
    struct mln_kv_row row = { mln_key_slice(key), value };

    index->rows++;
    return mln_kv_put(index->txn, table, &row, 0);
}

static mln_err del(struct mln_index *index, enum mln_table table, const struct mln_key *key)
{
    mln_err err = mln_kv_del(index->txn, table, mln_key_slice(key));

    index->rows++;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_ERROR(STORE_CORRUPT) : err;
}

/* One row: there when `is_add`, else gone. */
static mln_err set(struct mln_index *index, enum mln_table table, const struct mln_key *key,
                   bool is_add, struct mln_slice value)
{
    return is_add ? put(index, table, key, value) : del(index, table, key);
}

static mln_err set_label(struct mln_index *index, struct mln_slice label, uint64_t id, bool is_add)
{
    struct mln_key key;

    mln_key_label(&key, label);
    mln_key_add_u64(&key, id);
    return set(index, MLN_TABLE_LABEL, &key, is_add, (struct mln_slice){ 0 });
}

static mln_err set_expiry(struct mln_index *index, const struct mln_raw *raw, bool is_add)
{
    struct mln_key key;

    if (raw->et == MLN_TIMESTAMP_MAX) {
        return MLN_OK;
    }
    mln_key_expiry(&key, raw->et);
    mln_key_add_u64(&key, raw->id);
    return set(index, MLN_TABLE_EXPIRY, &key, is_add, (struct mln_slice){ 0 });
}

/* The rows by which a resource is found under its names. */
static mln_err set_names(struct mln_index *index, const struct mln_raw *raw, bool is_add)
{
    struct mln_key key;
    struct mln_key id;

    mln_key_id(&id, raw->id);
    if (!raw->is_ri_made) {
        mln_key_text(&key, raw->ri);
        MLN_TRY(set(index, MLN_TABLE_RI, &key, is_add, mln_key_slice(&id)));
    }
    if (!mln_raw_is_name_made(raw)) {
        mln_key_name(&key, raw->parent, raw->is_rn_ri ? raw->ri : raw->rn);
        MLN_TRY(set(index, MLN_TABLE_NAME, &key, is_add, mln_key_slice(&id)));
    }
    return MLN_OK;
}

static mln_err set_all(struct mln_index *index, const struct mln_raw *raw, bool is_add)
{
    struct mln_labels labels;
    struct mln_key key;

    MLN_TRY(mln_labels_of(raw->attrs, index->scratch, &labels));
    MLN_TRY(set_names(index, raw, is_add));
    mln_key_id(&key, raw->parent);
    mln_key_add_u16(&key, raw->ty);
    mln_key_add_u64(&key, raw->id);
    MLN_TRY(set(index, MLN_TABLE_CHILD, &key, is_add, (struct mln_slice){ 0 }));
    mln_key_type(&key, raw->ty);
    mln_key_add_u64(&key, raw->id);
    MLN_TRY(set(index, MLN_TABLE_TYPE, &key, is_add, (struct mln_slice){ 0 }));
    MLN_TRY(set_expiry(index, raw, is_add));
    for (size_t i = 0; i < labels.count; i++) {
        MLN_TRY(set_label(index, labels.items[i], raw->id, is_add));
    }
    return MLN_OK;
}

mln_err mln_index_add(struct mln_index *index, const struct mln_raw *raw)
{
    return set_all(index, raw, true);
}

mln_err mln_index_remove(struct mln_index *index, const struct mln_raw *raw)
{
    return set_all(index, raw, false);
}

/* ---- changes ---- */

/* Both lists are sorted: what stands in one only is removed or added. */
static mln_err change_labels(struct mln_index *index, uint64_t id, const struct mln_labels *old,
                             const struct mln_labels *new)
{
    size_t i = 0;
    size_t j = 0;

    while (i < old->count || j < new->count) {
        int order = i == old->count   ? 1
                    : j == new->count ? -1
                                      : mln_slice_cmp(old->items[i], new->items[j]);

        if (order < 0) {
            MLN_TRY(set_label(index, old->items[i], id, false));
        } else if (order > 0) {
            MLN_TRY(set_label(index, new->items[j], id, true));
        }
        i += order <= 0;
        j += order >= 0;
    }
    return MLN_OK;
}

static struct mln_slice packed_labels(struct mln_slice attrs)
{
    struct mln_slice list = { 0 };

    if (attrs.len) {
        (void)mln_pack_find(attrs, MLN_S("lbl"), &list); /* none: stays empty */
    }
    return list;
}

mln_err mln_index_change(struct mln_index *index, const struct mln_raw *old,
                         const struct mln_raw *raw)
{
    if (old->et != raw->et) {
        MLN_TRY(set_expiry(index, old, false));
        MLN_TRY(set_expiry(index, raw, true));
    }
    if (!mln_slice_eq(packed_labels(old->attrs), packed_labels(raw->attrs))) {
        struct mln_labels before;
        struct mln_labels after;

        MLN_TRY(mln_labels_of(old->attrs, index->scratch, &before));
        MLN_TRY(mln_labels_of(raw->attrs, index->scratch, &after));
        MLN_TRY(change_labels(index, raw->id, &before, &after));
    }
    return MLN_OK;
}
