/* Finding a backend by name, with any set of them built in, and spoiling a transaction. */
#include "store/kv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/torture.h"

static void backends_are_found_by_name(void **state)
{
    const struct mln_kv_ops *ops = NULL;

    (void)state;
#ifdef MLN_WITH_LMDB
    assert_false(mln_failed(mln_kv_find("lmdb", NULL, &ops)));
    assert_ptr_equal(ops, &mln_kv_lmdb);
#else
    assert_int_equal(mln_kv_find("lmdb", NULL, &ops).code, MLN_ERR_CONFIG);
#endif
#ifdef MLN_WITH_MEM
    assert_false(mln_failed(mln_kv_find("mem", NULL, &ops)));
    assert_ptr_equal(ops, &mln_kv_mem);
#else
    assert_int_equal(mln_kv_find("mem", NULL, &ops).code, MLN_ERR_CONFIG);
#endif
    assert_int_equal(mln_kv_find(NULL, NULL, &ops).code, MLN_ERR_CONFIG);
    assert_int_equal(mln_kv_find("", NULL, &ops).code, MLN_ERR_CONFIG);
}

static void others_are_refused_with_what_there_is(void **state)
{
    const struct mln_kv_ops *ops = NULL;
    struct mln_fault fault = { "" };

    (void)state;
    assert_int_equal(mln_kv_find("paper", &fault, &ops).code, MLN_ERR_CONFIG);
    assert_null(ops);
#if defined MLN_WITH_LMDB && defined MLN_WITH_MEM
    assert_string_equal(fault.text, "there is no store backend \"paper\"; built in: lmdb, mem");
#elif defined MLN_WITH_LMDB
    assert_string_equal(fault.text, "there is no store backend \"paper\"; built in: lmdb");
#elif defined MLN_WITH_MEM
    assert_string_equal(fault.text, "there is no store backend \"paper\"; built in: mem");
#else
    assert_string_equal(fault.text, "there is no store backend \"paper\"; built in: none");
#endif
}

#if defined MLN_WITH_MEM && defined MLN_TORTURE
static void after_a_failed_call_nothing_is_committed(void **state)
{
    const struct mln_kv_options options = { .max_bytes = 1 << 20 };
    struct mln_kv_row row = { MLN_S("key"), MLN_S("value") };
    struct mln_slice value;
    struct mln_kv_txn *txn;
    struct mln_kv *kv;

    (void)state;
    assert_false(mln_failed(mln_kv_mem.open(&options, NULL, &kv)));
    assert_false(mln_failed(mln_kv_begin(kv, &txn)));
    assert_false(mln_failed(mln_kv_put(txn, MLN_TABLE_REC, &row, 0)));
    assert_int_equal(mln_kv_get(txn, MLN_TABLE_REC, MLN_S("other"), &value).code,
                     MLN_ERR_NOT_FOUND);
    assert_int_equal(mln_kv_put(txn, MLN_TABLE_REC, &row, MLN_KV_NEW).code, MLN_ERR_CONFLICT);
    assert_false(txn->is_spoilt);
    mln_store_fail_at(2);
    assert_false(mln_failed(mln_kv_get(txn, MLN_TABLE_REC, row.key, &value)));
    assert_int_equal(mln_kv_get(txn, MLN_TABLE_REC, row.key, &value).code, MLN_ERR_STORE_IO);
    assert_int_equal(mln_store_count(), 2);
    mln_store_fail_at(0);
    assert_true(txn->is_spoilt);
    assert_int_equal(mln_kv_commit(txn).code, MLN_ERR_STORE_IO);
    assert_false(mln_failed(mln_kv_begin(kv, &txn)));
    assert_false(txn->is_spoilt);
    assert_int_equal(mln_kv_get(txn, MLN_TABLE_REC, row.key, &value).code, MLN_ERR_NOT_FOUND);
    kv->ops->abort(txn);
    kv->ops->close(kv);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backends_are_found_by_name),
        cmocka_unit_test(others_are_refused_with_what_there_is),
#if defined MLN_WITH_MEM && defined MLN_TORTURE
        cmocka_unit_test(after_a_failed_call_nothing_is_committed),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
