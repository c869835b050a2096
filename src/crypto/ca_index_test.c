/* The index of a certification authority. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/ca_int.h"

static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(MLN_CA_ARENA_BYTES);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static void test_what_is_written_is_read(void **state)
{
    struct mln_ca_entry entry = { { "0aff", 4 }, 1, 2, 0, { "//sp.example/S1", 15 } };
    struct mln_ca_index index = { .crl_number = 7 };
    struct mln_ca_index again;
    struct mln_slice text;

    (void)state;
    assert_false(mln_failed(mln_ca_index_add(&index, &entry, arena)));
    entry.serial = MLN_S("0b");
    entry.revoked = 3;
    assert_false(mln_failed(mln_ca_index_add(&index, &entry, arena)));
    assert_false(mln_failed(mln_ca_index_text(&index, arena, &text)));
    assert_true(mln_slice_eq(text, MLN_S("merlon-ca 1 7\n0aff 1 2 0 //sp.example/S1\n"
                                         "0b 1 2 3 //sp.example/S1\n")));
    assert_false(mln_failed(mln_ca_index_parse(text, arena, &again)));
    assert_int_equal(again.crl_number, 7);
    assert_int_equal(again.count, 2);
    assert_int_equal(mln_ca_index_find(&again, MLN_S("0b"))->revoked, 3);
    assert_null(mln_ca_index_find(&again, MLN_S("b")));
}

static void test_many(void **state)
{
    struct mln_ca_entry entry = { { "0aff", 4 }, 1, 2, 0, { "x", 1 } };
    struct mln_ca_index index = { 0 };
    mln_err err = MLN_OK;

    (void)state;
    for (size_t i = 0; !mln_failed(err) && i < (size_t)2 * MLN_CA_CERTS; i++) {
        err = mln_ca_index_add(&index, &entry, arena);
    }
    assert_int_equal(err.code, MLN_ERR_LIMIT);
    assert_true(index.count >= MLN_CA_CERTS);
}

static void test_damaged(void **state)
{
    static const char *const bad[] = {
        "",
        "merlon-ca 1 0",
        "merlon-ca 1 \n",
        "merlon-ca 1 -1\n",
        "merlon-ca 2 0\n",
        "merlon-ca 1 0\n\n",
        "merlon-ca 1 0\n0aff 1 2 0 x",
        "merlon-ca 1 0\n0aff 1 2 0 \n",
        "merlon-ca 1 0\n0aff 1 2 0\n",
        "merlon-ca 1 0\n0aff 1 2 -1 x\n",
        "merlon-ca 1 0\n0aff 1 2 0 x y\n",
        "merlon-ca 1 0\n0AFF 1 2 0 x\n",
        "merlon-ca 1 0\n 1 2 0 x\n",
        "merlon-ca 1 0\n01234567890123456789012345678901234567890 1 2 0 x\n",
    };
    struct mln_ca_index index;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mln_ca_index_parse(mln_slice_z(bad[i]), arena, &index).code,
                         MLN_ERR_SYNTAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_written_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
