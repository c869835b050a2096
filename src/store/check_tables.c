/* Checking a store row by row: is there a resource that should have it? */
#include <inttypes.h>

#include "store/check_int.h"

const char *mln_check_table_name(enum mln_table table)
{
    static const char *const names[MLN_TABLES] = {
        [MLN_TABLE_RES] = "of resources", [MLN_TABLE_RI] = "of resourceIDs",
        [MLN_TABLE_NAME] = "of names",    [MLN_TABLE_CHILD] = "of children",
        [MLN_TABLE_TYPE] = "of types",    [MLN_TABLE_LABEL] = "of labels",
        [MLN_TABLE_EXPIRY] = "of expiry", [MLN_TABLE_REC] = "of records",
    };

    return table < MLN_TABLES ? names[table] : "of nothing";
}

/* ---- index rows ---- */

static bool has_label(struct mln_check *c, const struct mln_raw *raw, struct mln_slice key,
                      mln_err *err)
{
    struct mln_labels labels;

    *err = mln_labels_of(raw->attrs, c->arena, &labels);
    for (size_t i = 0; !mln_failed(*err) && i < labels.count; i++) {
        struct mln_key own;

        mln_key_label(&own, labels.items[i]);
        mln_key_add_u64(&own, raw->id);
        if (mln_slice_eq(key, mln_key_slice(&own))) {
            return true;
        }
    }
    return false;
}

/* The id that a row speaks of; 0 when it is too short. */
static uint64_t id_of(enum mln_table table, const struct mln_kv_row *row)
{
    bool is_value = table == MLN_TABLE_RI || table == MLN_TABLE_NAME;
    struct mln_slice s = is_value ? row->value : row->key;

    if (s.len < 8 || (is_value && s.len != 8)) {
        return 0;
    }
    return mln_key_u64_at(s, s.len - 8);
}

static bool is_own_row(struct mln_check *c, enum mln_table table, const struct mln_raw *raw,
                       struct mln_slice key, mln_err *err)
{
    struct mln_key own = { 0 };

    switch (table) {
    case MLN_TABLE_RI:
        return !raw->is_ri_made && mln_raw_is_ri(raw, key);
    case MLN_TABLE_NAME:
        return !mln_raw_is_name_made(raw) && key.len > 8 && mln_key_u64_at(key, 0) == raw->parent &&
               mln_raw_is_rn(raw, mln_slice_from(key, 8));
    case MLN_TABLE_CHILD:
        mln_key_id(&own, raw->parent);
        mln_key_add_u16(&own, raw->ty);
        break;
    case MLN_TABLE_TYPE:
        mln_key_type(&own, raw->ty);
        break;
    case MLN_TABLE_EXPIRY:
        mln_key_expiry(&own, raw->et);
        break;
    case MLN_TABLE_LABEL:
        return has_label(c, raw, key, err);
    case MLN_TABLE_RES:
    case MLN_TABLE_REC:
    case MLN_TABLES:
        return true;
    }
    mln_key_add_u64(&own, raw->id);
    return mln_slice_eq(key, mln_key_slice(&own));
}

static mln_err check_row(struct mln_check *c, enum mln_table table, const struct mln_kv_row *row)
{
    uint64_t id = id_of(table, row);
    struct mln_raw raw;
    mln_err err = mln_view_raw(c->view, id, &raw);
    bool is_own = false;

    if (mln_failed(err) && err.code != MLN_ERR_NOT_FOUND && err.code != MLN_ERR_STORE_CORRUPT) {
        return err;
    }
    mln_arena_reset(c->arena);
    if (!mln_failed(err)) {
        is_own = is_own_row(c, table, &raw, row->key, &err);
        MLN_TRY(err);
    }
    if (!is_own) {
        mln_check_fault(c, "index %s: a row for %" PRIu64 " that should not be there",
                        mln_check_table_name(table), id);
    }
    return MLN_OK;
}

mln_err mln_check_table(struct mln_check *c, enum mln_table table)
{
    MLN_CLEANUP(mln_kv_cursor_freep) struct mln_kv_cursor *cursor = NULL;
    struct mln_kv_row row;
    mln_err err;

    MLN_TRY(mln_kv_cursor(c->view->txn, table, &cursor));
    err = mln_kv_seek(cursor, MLN_S("\0"), false, &row);
    while (!mln_failed(err)) {
        MLN_TRY(check_row(c, table, &row));
        err = mln_kv_step(cursor, false, &row);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* ---- records ---- */

static void check_record(struct mln_check *c, const struct mln_kv_row *row)
{
    unsigned char space = (unsigned char)row->key.ptr[0];
    size_t len = row->key.len - 1;

    if (space == MLN_SPACE_OWN) {
        if (row->value.len != 8) {
            mln_check_fault(c, "a fact of the store has %zu bytes", row->value.len);
        }
        return;
    }
    if (space >= MLN_SPACES || len < 1 || len > MLN_RECORD_KEY_MAX) {
        mln_check_fault(c, "a record of space %u has a key of %zu bytes", space, len);
    } else if (space == MLN_SPACE_PURGE && len != 8) {
        mln_check_fault(c, "a resource to be purged has a key of %zu bytes", len);
    }
}

static mln_err check_facts(struct mln_check *c)
{
    for (int i = 0; i < MLN_FACTS; i++) {
        uint64_t value;
        mln_err err = mln_fact_or_zero(c->view->txn, (enum mln_fact)i, &value);

        if (mln_failed(err) && err.code != MLN_ERR_STORE_CORRUPT) {
            return err;
        }
        if (i == MLN_FACT_FORMAT && !mln_failed(err) && value != MLN_STORE_FORMAT) {
            mln_check_fault(c, "the store says it has format %" PRIu64, value);
        }
    }
    return MLN_OK;
}

mln_err mln_check_records(struct mln_check *c)
{
    MLN_CLEANUP(mln_kv_cursor_freep) struct mln_kv_cursor *cursor = NULL;
    struct mln_kv_row row;
    mln_err err;

    MLN_TRY(check_facts(c));
    MLN_TRY(mln_kv_cursor(c->view->txn, MLN_TABLE_REC, &cursor));
    err = mln_kv_seek(cursor, MLN_S("\0"), false, &row);
    while (!mln_failed(err)) {
        check_record(c, &row);
        err = mln_kv_step(cursor, false, &row);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}
