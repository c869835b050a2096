/* CRC-32C by published values. */
#include "store/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* spec: RFC 3720 B.4, and the check value of the algorithm */
static void the_published_values_come_out(void **state)
{
    char bytes[32];

    (void)state;
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(mln_crc32c(mln_slice_of(bytes, sizeof bytes)), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof bytes);
    assert_int_equal(mln_crc32c(mln_slice_of(bytes, sizeof bytes)), 0x62A8AB43);
    for (int i = 0; i < 32; i++) {
        bytes[i] = (char)i;
    }
    assert_int_equal(mln_crc32c(mln_slice_of(bytes, sizeof bytes)), 0x46DD794E);
    for (int i = 0; i < 32; i++) {
        bytes[i] = (char)(31 - i);
    }
    assert_int_equal(mln_crc32c(mln_slice_of(bytes, sizeof bytes)), 0x113FDB5C);
    assert_int_equal(mln_crc32c(MLN_S("123456789")), 0xE3069283);
    assert_int_equal(mln_crc32c((struct mln_slice){ 0 }), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_values_come_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
