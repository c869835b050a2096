/* Named records. */
#include "store/store_int.h"

static bool is_name(enum mln_space space, struct mln_slice key)
{
    return (unsigned)space < MLN_SPACES && key.len >= 1 && key.len <= MLN_RECORD_KEY_MAX;
}

mln_err mln_record_get(struct mln_view *view, enum mln_space space, struct mln_slice key,
                       struct mln_arena *arena, struct mln_slice *ret_value)
{
    struct mln_slice value;
    struct mln_key row;

    MLN_REQUIRE(is_name(space, key), NOT_FOUND);
    mln_key_record(&row, space, key);
    MLN_TRY(mln_kv_get(view->txn, MLN_TABLE_REC, mln_key_slice(&row), &value));
    MLN_REQUIRE(mln_arena_dup(arena, value, ret_value), NO_MEMORY);
    return MLN_OK;
}

static bool is_space(const struct mln_kv_row *row, enum mln_space space)
{
    return row->key.len > 1 && (unsigned char)row->key.ptr[0] == (unsigned)space;
}

/* Steps over the row at which the search began: what is asked for lies behind it. */
static mln_err seek_behind(struct mln_kv_cursor *cursor, const struct mln_key *from,
                           bool is_descending, struct mln_kv_row *ret)
{
    MLN_TRY(mln_kv_seek(cursor, mln_key_slice(from), is_descending, ret));
    if (mln_slice_eq(ret->key, mln_key_slice(from))) {
        return mln_kv_step(cursor, is_descending, ret);
    }
    return MLN_OK;
}

/* Opens the cursor on the row that is asked for; its bytes are those of the store. */
static mln_err find_next(struct mln_view *view, enum mln_space space, struct mln_slice after,
                         bool is_descending, struct mln_kv_cursor **cursor, struct mln_kv_row *ret)
{
    bool is_from_end = is_descending && after.len == 0;
    struct mln_key from;

    MLN_REQUIRE((unsigned)space < MLN_SPACES && after.len <= MLN_RECORD_KEY_MAX, NOT_FOUND);
    mln_key_record(&from, space + (is_from_end ? 1U : 0U), after);
    MLN_TRY(mln_kv_cursor(view->txn, MLN_TABLE_REC, cursor));
    MLN_TRY(seek_behind(*cursor, &from, is_descending, ret));
    MLN_REQUIRE(is_space(ret, space), NOT_FOUND);
    return MLN_OK;
}

mln_err mln_record_next(struct mln_view *view, enum mln_space space, struct mln_slice after,
                        bool is_descending, struct mln_arena *arena, struct mln_record *ret)
{
    MLN_CLEANUP(mln_kv_cursor_freep) struct mln_kv_cursor *cursor = NULL;
    struct mln_record record;
    struct mln_kv_row row;

    MLN_TRY(find_next(view, space, after, is_descending, &cursor, &row));
    if (!arena) {
        return MLN_OK;
    }
    MLN_REQUIRE(mln_arena_dup(arena, mln_slice_from(row.key, 1), &record.key), NO_MEMORY);
    MLN_REQUIRE(mln_arena_dup(arena, row.value, &record.value), NO_MEMORY);
    *ret = record;
    return MLN_OK;
}

mln_err mln_record_next_key(struct mln_view *view, enum mln_space space, struct mln_slice after,
                            bool is_descending, char out[static MLN_RECORD_KEY_MAX],
                            size_t *ret_len)
{
    MLN_CLEANUP(mln_kv_cursor_freep) struct mln_kv_cursor *cursor = NULL;
    struct mln_kv_row row;

    MLN_TRY(find_next(view, space, after, is_descending, &cursor, &row));
    MLN_REQUIRE(row.key.len - 1 <= MLN_RECORD_KEY_MAX, STORE_CORRUPT);
    memcpy(out, row.key.ptr + 1, row.key.len - 1);
    *ret_len = row.key.len - 1;
    return MLN_OK;
}

mln_err mln_record_put(struct mln_write *write, enum mln_space space, struct mln_slice key,
                       struct mln_slice value)
{
    struct mln_view *view = write->view;
    struct mln_kv_row row;
    struct mln_key name;

    MLN_REQUIRE(is_name(space, key), LIMIT);
    MLN_REQUIRE(value.len <= INT32_MAX, LIMIT);
    mln_key_record(&name, space, key);
    row = (struct mln_kv_row){ mln_key_slice(&name), value };
    view->is_dirty = true;
    view->rows++;
    view->bytes += value.len;
    return mln_kv_put(view->txn, MLN_TABLE_REC, &row, 0);
}

mln_err mln_record_erase(struct mln_write *write, enum mln_space space, struct mln_slice key)
{
    struct mln_view *view = write->view;
    struct mln_key name;
    mln_err err;

    if (!is_name(space, key)) {
        return MLN_OK;
    }
    mln_key_record(&name, space, key);
    err = mln_kv_del(view->txn, MLN_TABLE_REC, mln_key_slice(&name));
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    view->is_dirty = true;
    view->rows++;
    return err;
}
