/* Tests of the table by identifier. */
#include "e2e/id_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 1000 };

/* Half of the bits that choose a bucket are the same in all of them. */
static void put_id(unsigned n, unsigned char id[static MLN_ID_BYTES])
{
    memset(id, 9, MLN_ID_BYTES);
    memcpy(id + (n % 2 ? 0 : 12), &n, sizeof n);
}

static void finds_what_is_there(void **state)
{
    static struct mln_id_link links[MANY];
    unsigned char id[MLN_ID_BYTES];
    struct mln_id_table table = { 0 };

    (void)state;
    put_id(1, id);
    assert_null(mln_id_table_find(&table, id));
    for (unsigned i = 0; i < MANY; i++) {
        put_id(i, links[i].id);
        assert_null(mln_id_table_find(&table, links[i].id));
        assert_int_equal(mln_id_table_add(&table, &links[i]).code, MLN_ERR_NONE);
    }
    assert_int_equal(table.count, MANY);
    for (unsigned i = 0; i < MANY; i += 3) {
        mln_id_table_remove(&table, &links[i]);
    }
    for (unsigned i = 0; i < MANY; i++) {
        put_id(i, id);
        assert_ptr_equal(mln_id_table_find(&table, id), i % 3 ? &links[i] : NULL);
    }
    mln_id_table_clear(&table);
    assert_null(mln_id_table_find(&table, id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
