/* Tests of SipHash: values that the reference and OpenSSL (`openssl mac ... SIPHASH`) give. */
#include "crypto/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const unsigned char key[MLN_SIPHASH_KEY] = { 0, 1, 2,  3,  4,  5,  6,  7,
                                                    8, 9, 10, 11, 12, 13, 14, 15 };

static const struct {
    size_t len; /* of the text 00 01 02 ... */
    const char *want;
} vectors[] = {
    { 0, "a3817f04ba25a8e66df67214c7550293" },  { 1, "da87c1d86b99af44347659119b22fc45" },
    { 7, "a1f1ebbed8dbc153c0b84aa61ff08239" },  { 8, "3b62a9ba6258f5610f83e264f31497b4" },
    { 15, "5493e99933b0a8117e08ec0f97cfc3d9" }, { 16, "6ee2a4ca67b054bbfd3315bf85230577" },
    { 63, "5150d1772f50834a503e069a973fbd7c" },
};

static void gives_the_reference_values(void **state)
{
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)i;
    }
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        unsigned char out[MLN_SIPHASH_SIZE];
        char digits[2 * MLN_SIPHASH_SIZE + 1];

        mln_siphash(key, mln_slice_of(text, vectors[i].len), out);
        for (size_t j = 0; j < sizeof out; j++) {
            (void)snprintf(digits + 2 * j, 3, "%02x", out[j]);
        }
        assert_string_equal(digits, vectors[i].want);
    }
}

static void depends_on_the_key(void **state)
{
    unsigned char other[MLN_SIPHASH_KEY];
    unsigned char a[MLN_SIPHASH_SIZE];
    unsigned char b[MLN_SIPHASH_SIZE];

    (void)state;
    mln_siphash(key, MLN_S("12-k@a"), a);
    for (size_t i = 0; i < sizeof other; i++) {
        memcpy(other, key, sizeof other);
        other[i] ^= 0x80;
        mln_siphash(other, MLN_S("12-k@a"), b);
        assert_memory_not_equal(a, b, sizeof a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_reference_values),
        cmocka_unit_test(depends_on_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
