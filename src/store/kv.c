/* Calls into a backend, in one place, so that tests can make each of them fail. */
#include "store/kv.h"

#include <stdio.h>

#include "store/torture.h"

/* NULL at the end. */
static const struct mln_kv_ops *const backends[] = {
#ifdef MLN_WITH_LMDB
    &mln_kv_lmdb,
#endif
#ifdef MLN_WITH_MEM
    &mln_kv_mem,
#endif
    NULL,
};

/* "lmdb, mem" */
static void list_backends(char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; backends[i] && len < size; i++) {
        int n = snprintf(out + len, size - len, "%s%s", i ? ", " : "", backends[i]->name);

        len += n > 0 ? (size_t)n : 0;
    }
}

mln_err mln_kv_find(const char *name, struct mln_fault *fault, const struct mln_kv_ops **ret)
{
    char names[128];

    for (size_t i = 0; name && backends[i]; i++) {
        if (strcmp(name, backends[i]->name) == 0) {
            *ret = backends[i];
            return MLN_OK;
        }
    }
    list_backends(names, sizeof names);
    mln_fault_set(fault, "there is no store backend \"%s\"; built in: %s", name ? name : "",
                  names[0] ? names : "none");
    MLN_FAIL(CONFIG);
}

#ifdef MLN_TORTURE
#include <limits.h>
#include <stdatomic.h>

static atomic_ulong fail_at;
static atomic_ulong fail_until;
static atomic_ulong counted;

void mln_store_fail_at(unsigned long n)
{
    atomic_store(&fail_at, n);
    atomic_store(&fail_until, n);
    atomic_store(&counted, 0);
}

void mln_store_fail_from(unsigned long n)
{
    mln_store_fail_at(n);
    atomic_store(&fail_until, ULONG_MAX);
}

unsigned long mln_store_count(void)
{
    return atomic_load(&counted);
}

static bool must_fail(void)
{
    unsigned long at = atomic_load(&fail_at);
    unsigned long now = atomic_fetch_add(&counted, 1) + 1;

    return at != 0 && now >= at && now <= atomic_load(&fail_until);
}
#else
static inline bool must_fail(void)
{
    return false;
}
#endif

/* A backend that has failed in a transaction may have done half of what was asked. */
static mln_err note(struct mln_kv_txn *txn, mln_err err)
{
    if (mln_failed(err) && err.code != MLN_ERR_NOT_FOUND && err.code != MLN_ERR_CONFLICT) {
        txn->is_spoilt = true;
    }
    return err;
}

mln_err mln_kv_renew(struct mln_kv_txn *txn)
{
    MLN_REQUIRE(!must_fail(), STORE_IO);
    txn->is_spoilt = false;
    return txn->kv->ops->renew(txn);
}

void mln_kv_reset(struct mln_kv_txn *txn)
{
    txn->kv->ops->reset(txn);
}

mln_err mln_kv_begin(struct mln_kv *kv, struct mln_kv_txn **ret)
{
    MLN_REQUIRE(!must_fail(), STORE_IO);
    MLN_TRY(kv->ops->begin(kv, ret));
    (*ret)->is_spoilt = false;
    return MLN_OK;
}

mln_err mln_kv_commit(struct mln_kv_txn *txn)
{
    if (txn->is_spoilt || must_fail()) {
        txn->kv->ops->abort(txn);
        MLN_FAIL(STORE_IO);
    }
    return txn->kv->ops->commit(txn);
}

mln_err mln_kv_get(struct mln_kv_txn *txn, enum mln_table table, struct mln_slice key,
                   struct mln_slice *ret)
{
    if (must_fail()) {
        return note(txn, MLN_ERROR(STORE_IO));
    }
    return note(txn, txn->kv->ops->get(txn, table, key, ret));
}

mln_err mln_kv_put(struct mln_kv_txn *txn, enum mln_table table, const struct mln_kv_row *row,
                   unsigned flags)
{
    if (must_fail()) {
        return note(txn, MLN_ERROR(STORE_IO));
    }
    return note(txn, txn->kv->ops->put(txn, table, row, flags));
}

mln_err mln_kv_del(struct mln_kv_txn *txn, enum mln_table table, struct mln_slice key)
{
    if (must_fail()) {
        return note(txn, MLN_ERROR(STORE_IO));
    }
    return note(txn, txn->kv->ops->del(txn, table, key));
}

mln_err mln_kv_cursor(struct mln_kv_txn *txn, enum mln_table table, struct mln_kv_cursor **ret)
{
    if (must_fail()) {
        return note(txn, MLN_ERROR(STORE_IO));
    }
    return note(txn, txn->kv->ops->cursor_new(txn, table, ret));
}

mln_err mln_kv_seek(struct mln_kv_cursor *cursor, struct mln_slice key, bool is_descending,
                    struct mln_kv_row *ret)
{
    if (must_fail()) {
        return note(cursor->txn, MLN_ERROR(STORE_IO));
    }
    return note(cursor->txn, cursor->txn->kv->ops->seek(cursor, key, is_descending, ret));
}

mln_err mln_kv_step(struct mln_kv_cursor *cursor, bool is_descending, struct mln_kv_row *ret)
{
    if (must_fail()) {
        return note(cursor->txn, MLN_ERROR(STORE_IO));
    }
    return note(cursor->txn, cursor->txn->kv->ops->step(cursor, is_descending, ret));
}

void mln_kv_cursor_freep(struct mln_kv_cursor **cursor)
{
    if (*cursor) {
        (*cursor)->txn->kv->ops->cursor_free(*cursor);
    }
}
