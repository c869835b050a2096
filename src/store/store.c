/* Opening and closing a store. */
#include "store/store.h"

#include "base/mem.h"
#include "store/store_int.h"

enum { SCRATCH_MAX = 256 << 20 };

/* ---- format of the data ---- */

static mln_err is_empty(struct mln_kv_txn *txn, bool *ret)
{
    struct mln_kv_size size;

    MLN_TRY(txn->kv->ops->size(txn, &size));
    *ret = true;
    for (int i = 0; i < MLN_TABLES; i++) {
        *ret = *ret && size.rows[i] == 0;
    }
    return MLN_OK;
}

static mln_err check_format(struct mln_kv_txn *txn, struct mln_fault *fault, bool *ret_is_new)
{
    uint64_t format;
    mln_err err = mln_fact_get(txn, MLN_FACT_FORMAT, &format);

    if (err.code == MLN_ERR_NOT_FOUND) {
        MLN_TRY(is_empty(txn, ret_is_new));
        if (!*ret_is_new) {
            mln_fault_set(fault, "the store has data but no format: it is damaged or not ours");
            MLN_FAIL(STORE_CORRUPT);
        }
        return MLN_OK;
    }
    MLN_TRY(err);
    *ret_is_new = false;
    if (format > MLN_STORE_FORMAT) {
        mln_fault_set(fault,
                      "the store has data format %llu, this program knows formats up to %d: use "
                      "the program that wrote it or a newer one",
                      (unsigned long long)format, MLN_STORE_FORMAT);
        MLN_FAIL(STORE_VERSION);
    }
    MLN_REQUIRE(format == MLN_STORE_FORMAT, STORE_CORRUPT);
    return MLN_OK;
}

static mln_err write_format(struct mln_kv *kv)
{
    struct mln_kv_txn *txn;
    mln_err err;

    MLN_TRY(mln_kv_begin(kv, &txn));
    err = mln_fact_put(txn, MLN_FACT_FORMAT, MLN_STORE_FORMAT);
    if (mln_failed(err)) {
        kv->ops->abort(txn);
        return err;
    }
    return mln_kv_commit(txn);
}

/* ---- open ---- */

/* No id up to these is given again, whatever the clock says. */
static mln_err load_ids(struct mln_store *store, struct mln_kv_txn *txn)
{
    uint64_t newest;
    uint64_t sealed;

    MLN_TRY(mln_newest_id(txn, &newest));
    MLN_TRY(mln_fact_or_zero(txn, MLN_FACT_LAST_ID, &sealed));
    MLN_TRY(mln_fact_or_zero(txn, MLN_FACT_LOOKALIKE, &store->lookalike));
    store->last_id = newest > sealed ? newest : sealed;
    store->newest_put = store->last_id;
    return MLN_OK;
}

static mln_err load_with(struct mln_store *store, struct mln_kv_txn *txn, struct mln_fault *fault,
                         bool *ret_is_new)
{
    mln_err err = mln_kv_renew(txn);

    MLN_TRY(err);
    err = check_format(txn, fault, ret_is_new);
    if (!mln_failed(err)) {
        err = load_ids(store, txn);
    }
    mln_kv_reset(txn);
    return err;
}

static mln_err load(struct mln_store *store, struct mln_fault *fault, bool is_read_only)
{
    struct mln_kv_txn *txn;
    bool is_new = false;
    mln_err err;

    MLN_TRY(store->kv->ops->reader_new(store->kv, &txn));
    err = load_with(store, txn, fault, &is_new);
    store->kv->ops->reader_free(txn);
    MLN_TRY(err);
    if (!is_new) {
        return MLN_OK;
    }
    if (is_read_only) {
        mln_fault_set(fault, "there is no store here");
        MLN_FAIL(SYSTEM);
    }
    err = write_format(store->kv);
    if (mln_failed(err)) {
        mln_fault_set(fault, "cannot write a new store: %s", mln_err_text(err));
    }
    return err;
}

static mln_err set_up(struct mln_store *store, const struct mln_store_options *options,
                      struct mln_fault *fault)
{
    MLN_TRY(load(store, fault, options->is_read_only));
    if (options->is_read_only) {
        return MLN_OK;
    }
    store->scratch = mln_arena_new(SCRATCH_MAX);
    MLN_REQUIRE(store->scratch, NO_MEMORY);
    return mln_executor_new(store, options, &store->executor);
}

mln_err mln_store_open(const struct mln_store_options *options, const struct mln_env *env,
                       struct mln_fault *fault, struct mln_store **ret)
{
    struct mln_kv_options kv_options = {
        .path = options->path,
        .max_bytes = options->max_bytes,
        .is_read_only = options->is_read_only,
    };
    const struct mln_kv_ops *ops = NULL;
    struct mln_store *store;
    mln_err err;

    MLN_TRY(mln_kv_find(options->backend, fault, &ops));
    store = mln_calloc(1, sizeof *store);
    MLN_REQUIRE(store, NO_MEMORY);
    store->env = env;
    err = ops->open(&kv_options, fault, &store->kv);
    if (!mln_failed(err)) {
        err = set_up(store, options, fault);
    }
    if (mln_failed(err)) {
        mln_store_close(store);
        return err;
    }
    *ret = store;
    return MLN_OK;
}

void mln_store_stop(struct mln_store *store)
{
    if (store) {
        mln_executor_free(store->executor);
        store->executor = NULL;
    }
}

void mln_store_close(struct mln_store *store)
{
    if (!store) {
        return;
    }
    mln_store_stop(store);
    if (store->kv) {
        store->kv->ops->close(store->kv);
    }
    mln_arena_free(store->scratch);
    mln_free(store);
}
