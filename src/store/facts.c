/* Facts that the store keeps about itself. */
#include "base/num.h"
#include "store/store_int.h"

static void key_of(struct mln_key *key, enum mln_fact fact)
{
    static const char *const names[MLN_FACTS] = {
        [MLN_FACT_FORMAT] = "format",
        [MLN_FACT_LAST_ID] = "last-id",
        [MLN_FACT_LOOKALIKE] = "lookalike",
    };

    mln_key_record(key, MLN_SPACE_OWN, mln_slice_z(names[fact]));
}

mln_err mln_fact_get(struct mln_kv_txn *txn, enum mln_fact fact, uint64_t *ret)
{
    struct mln_slice value;
    struct mln_key key;

    key_of(&key, fact);
    MLN_TRY(mln_kv_get(txn, MLN_TABLE_REC, mln_key_slice(&key), &value));
    MLN_REQUIRE(value.len == 8, STORE_CORRUPT);
    *ret = mln_key_u64_at(value, 0);
    return MLN_OK;
}

mln_err mln_fact_or_zero(struct mln_kv_txn *txn, enum mln_fact fact, uint64_t *ret)
{
    mln_err err = mln_fact_get(txn, fact, ret);

    if (err.code == MLN_ERR_NOT_FOUND) {
        *ret = 0;
        return MLN_OK;
    }
    return err;
}

mln_err mln_fact_put(struct mln_kv_txn *txn, enum mln_fact fact, uint64_t value)
{
    struct mln_kv_row row;
    struct mln_key key;
    char bytes[8];

    key_of(&key, fact);
    mln_put_be64(bytes, value);
    row = (struct mln_kv_row){ mln_key_slice(&key), mln_slice_of(bytes, sizeof bytes) };
    return mln_kv_put(txn, MLN_TABLE_REC, &row, 0);
}

mln_err mln_newest_id(struct mln_kv_txn *txn, uint64_t *ret)
{
    MLN_CLEANUP(mln_kv_cursor_freep) struct mln_kv_cursor *cursor = NULL;
    struct mln_kv_row row;
    struct mln_key key;
    mln_err err;

    MLN_TRY(mln_kv_cursor(txn, MLN_TABLE_RES, &cursor));
    mln_key_id(&key, UINT64_MAX);
    err = mln_kv_seek(cursor, mln_key_slice(&key), true, &row);
    if (err.code == MLN_ERR_NOT_FOUND) {
        *ret = 0;
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_REQUIRE(row.key.len == 8, STORE_CORRUPT);
    *ret = mln_key_u64_at(row.key, 0);
    return MLN_OK;
}
