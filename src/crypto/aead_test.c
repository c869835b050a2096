/* Tests of authenticated encryption. */
#include "crypto/aead.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The GCM specification (McGrew, Viega), test cases 4, 10 and 16: one text under keys of 128, 192
 * and 256 bits. */
static const unsigned char key[32] = {
    0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08,
    0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08,
};
static const unsigned char iv[MLN_AEAD_IV] = { 0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce,
                                               0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88 };
static const unsigned char text[60] = {
    0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26,
    0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
    0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49,
    0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39,
};
static const unsigned char aad[20] = { 0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
                                       0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2 };
static const unsigned char tags[3][MLN_AEAD_TAG] = {
    { 0x5b, 0xc9, 0x4f, 0xbc, 0x32, 0x21, 0xa5, 0xdb, 0x94, 0xfa, 0xe9, 0x5a, 0xe7, 0x12, 0x1a,
      0x47 },
    { 0x25, 0x19, 0x49, 0x8e, 0x80, 0xf1, 0x47, 0x8f, 0x37, 0xba, 0x55, 0xbd, 0x6d, 0x27, 0x61,
      0x8c },
    { 0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e, 0x17, 0x68, 0xcd, 0xdf, 0x88, 0x53, 0xbb, 0x2d, 0x55,
      0x1b },
};

static struct mln_slice bytes(const void *ptr, size_t len)
{
    return mln_slice_of(ptr, len);
}

static void has_the_known_tags(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct mln_aead how = { (enum mln_jose_enc)(MLN_JOSE_A128GCM + i), key, iv,
                                bytes(aad, sizeof aad) };
        unsigned char sealed[sizeof text];
        unsigned char opened[sizeof text];
        unsigned char tag[MLN_AEAD_TAG];
        bool fits = false;

        assert_false(mln_failed(mln_aead_seal(&how, bytes(text, sizeof text), sealed, tag)));
        assert_memory_equal(tag, tags[i], sizeof tag);
        assert_false(
            mln_failed(mln_aead_open(&how, bytes(sealed, sizeof sealed), tag, opened, &fits)));
        assert_true(fits);
        assert_memory_equal(opened, text, sizeof text);
        /* in place */
        assert_false(
            mln_failed(mln_aead_open(&how, bytes(sealed, sizeof sealed), tag, sealed, &fits)));
        assert_true(fits);
        assert_memory_equal(sealed, text, sizeof text);
    }
}

static void wipes_what_does_not_fit(void **state)
{
    static const unsigned char nothing[sizeof text];
    struct mln_aead how = { MLN_JOSE_A128GCM, key, iv, bytes(aad, sizeof aad) };
    unsigned char sealed[sizeof text];
    unsigned char opened[sizeof text] = { 1 };
    unsigned char tag[MLN_AEAD_TAG];
    bool fits = true;

    (void)state;
    assert_false(mln_failed(mln_aead_seal(&how, bytes(text, sizeof text), sealed, tag)));
    how.aad.len--;
    assert_false(mln_failed(mln_aead_open(&how, bytes(sealed, sizeof sealed), tag, opened, &fits)));
    assert_false(fits);
    assert_memory_equal(opened, nothing, sizeof nothing);
}

static void takes_nothing_at_all(void **state)
{
    struct mln_aead how = { MLN_JOSE_A256GCM, key, iv, { 0 } };
    unsigned char tag[MLN_AEAD_TAG];
    unsigned char out[1] = { 7 };
    bool fits = false;

    (void)state;
    assert_false(mln_failed(mln_aead_seal(&how, bytes(NULL, 0), out, tag)));
    assert_false(mln_failed(mln_aead_open(&how, bytes(NULL, 0), tag, out, &fits)));
    assert_true(fits);
    tag[15] ^= 1;
    assert_false(mln_failed(mln_aead_open(&how, bytes(NULL, 0), tag, out, &fits)));
    assert_false(fits);
    assert_int_equal(out[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_known_tags),
        cmocka_unit_test(wipes_what_does_not_fit),
        cmocka_unit_test(takes_nothing_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
