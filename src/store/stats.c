/* How much is in a store. */
#include "store/admin.h"
#include "store/store_int.h"

enum { TYPES = 64 };

static mln_err count_types(struct mln_view *view, struct mln_store_stats *stats)
{
    MLN_CLEANUP(mln_kv_cursor_freep) struct mln_kv_cursor *cursor = NULL;
    struct mln_kv_row row;
    mln_err err;

    MLN_TRY(mln_kv_cursor(view->txn, MLN_TABLE_TYPE, &cursor));
    err = mln_kv_seek(cursor, MLN_S("\0"), false, &row);
    while (!mln_failed(err)) {
        uint16_t ty;

        MLN_REQUIRE(row.key.len == 10, STORE_CORRUPT);
        ty = mln_key_u16_at(row.key, 0);
        stats->by_type[ty < TYPES ? ty : 0]++;
        err = mln_kv_step(cursor, false, &row);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err count_records(struct mln_view *view, struct mln_store_stats *stats)
{
    MLN_CLEANUP(mln_kv_cursor_freep) struct mln_kv_cursor *cursor = NULL;
    struct mln_kv_row row;
    mln_err err;

    MLN_TRY(mln_kv_cursor(view->txn, MLN_TABLE_REC, &cursor));
    err = mln_kv_seek(cursor, MLN_S("\0"), false, &row);
    while (!mln_failed(err)) {
        unsigned char space = (unsigned char)row.key.ptr[0];

        if (space < MLN_SPACES) {
            stats->records[space]++;
        }
        err = mln_kv_step(cursor, false, &row);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_store_stats(struct mln_view *view, struct mln_store_stats *ret)
{
    struct mln_store_stats stats = { 0 };
    struct mln_kv_size size;

    MLN_TRY(mln_fact_get(view->txn, MLN_FACT_FORMAT, &stats.format));
    MLN_TRY(view->txn->kv->ops->size(view->txn, &size));
    stats.resources = size.rows[MLN_TABLE_RES];
    stats.bytes_used = size.bytes_used;
    stats.bytes_max = size.bytes_max;
    MLN_TRY(count_types(view, &stats));
    MLN_TRY(count_records(view, &stats));
    *ret = stats;
    return MLN_OK;
}
