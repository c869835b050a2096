/* Scans: walking along an index. */
#include "base/mem.h"
#include "store/store_int.h"

enum { TAIL_MAX = 10 }; /* bytes behind a prefix: at most a type and an id */

struct mln_scan {
    struct mln_kv_cursor *cursor;
    enum mln_scan_kind kind;
    bool is_descending;
    bool has_begun;
    uint16_t ty;
    size_t key_len;        /* of every row of this scan */
    int64_t until_us;      /* EXPIRED */
    struct mln_key prefix; /* what all rows begin with */
};

static enum mln_table table_of(enum mln_scan_kind kind)
{
    switch (kind) {
    case MLN_SCAN_CHILDREN:
        return MLN_TABLE_CHILD;
    case MLN_SCAN_TYPE:
        return MLN_TABLE_TYPE;
    case MLN_SCAN_LABEL:
        return MLN_TABLE_LABEL;
    case MLN_SCAN_EXPIRED:
        break;
    }
    return MLN_TABLE_EXPIRY;
}

static void set_prefix(struct mln_scan *scan, const struct mln_scan_spec *spec)
{
    struct mln_key *p = &scan->prefix;

    switch (spec->kind) {
    case MLN_SCAN_CHILDREN:
        mln_key_id(p, spec->parent);
        scan->key_len = 18;
        if (spec->ty) {
            mln_key_add_u16(p, spec->ty);
        }
        break;
    case MLN_SCAN_TYPE:
        mln_key_type(p, spec->ty);
        scan->key_len = 10;
        break;
    case MLN_SCAN_LABEL:
        mln_key_label(p, spec->label);
        scan->key_len = p->len + 8;
        break;
    case MLN_SCAN_EXPIRED:
        p->len = 0;
        scan->key_len = 16;
        break;
    }
}

mln_err mln_scan_open(struct mln_view *view, const struct mln_scan_spec *spec,
                      struct mln_scan **ret)
{
    struct mln_scan *scan = mln_calloc(1, sizeof *scan);
    mln_err err;

    MLN_REQUIRE(scan, NO_MEMORY);
    scan->kind = spec->kind;
    scan->is_descending = spec->is_descending;
    scan->ty = spec->kind == MLN_SCAN_TYPE ? spec->ty : 0;
    scan->until_us = spec->until_us;
    set_prefix(scan, spec);
    err = mln_kv_cursor(view->txn, table_of(spec->kind), &scan->cursor);
    if (mln_failed(err)) {
        mln_free(scan);
        return err;
    }
    *ret = scan;
    return MLN_OK;
}

/* To the first row: ascending the least key with the prefix, descending the greatest. */
static mln_err begin(struct mln_scan *scan, struct mln_kv_row *ret)
{
    struct mln_key from = scan->prefix;

    scan->has_begun = true;
    if (scan->is_descending) {
        if (scan->kind == MLN_SCAN_EXPIRED) {
            MLN_REQUIRE(scan->until_us >= 0, NOT_FOUND);
            mln_key_expiry(&from, scan->until_us);
        }
        memset(from.bytes + from.len, 0xFF, TAIL_MAX);
        from.len += TAIL_MAX;
    }
    return mln_kv_seek(scan->cursor, mln_key_slice(&from), scan->is_descending, ret);
}

mln_err mln_scan_next(struct mln_scan *scan, uint64_t *ret_id, uint16_t *ret_ty)
{
    struct mln_kv_row row;
    uint16_t ty = scan->ty;

    if (scan->has_begun) {
        MLN_TRY(mln_kv_step(scan->cursor, scan->is_descending, &row));
    } else {
        MLN_TRY(begin(scan, &row));
    }
    MLN_REQUIRE(mln_slice_starts(row.key, mln_key_slice(&scan->prefix)), NOT_FOUND);
    MLN_REQUIRE(row.key.len == scan->key_len, STORE_CORRUPT);
    if (scan->kind == MLN_SCAN_EXPIRED) {
        MLN_REQUIRE((int64_t)mln_key_u64_at(row.key, 0) <= scan->until_us, NOT_FOUND);
    }
    if (scan->kind == MLN_SCAN_CHILDREN) {
        ty = mln_key_u16_at(row.key, 8);
    }
    *ret_id = mln_key_u64_at(row.key, row.key.len - 8);
    if (ret_ty) {
        *ret_ty = ty;
    }
    return MLN_OK;
}

void mln_scan_close(struct mln_scan *scan)
{
    if (!scan) {
        return;
    }
    mln_kv_cursor_freep(&scan->cursor);
    mln_free(scan);
}

void mln_scan_closep(struct mln_scan **scan)
{
    mln_scan_close(*scan);
}
