/* Keys: their bytes, and that byte order is the order wanted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/keys.h"

static void assert_key(const struct mln_key *key, struct mln_slice bytes)
{
    assert_int_equal(key->len, bytes.len);
    assert_memory_equal(key->bytes, bytes.ptr, bytes.len);
}

static void keys_are_these_bytes(void **state)
{
    struct mln_key key;

    (void)state;
    mln_key_id(&key, 0x0102030405060708);
    assert_key(&key, MLN_S("\x01\x02\x03\x04\x05\x06\x07\x08"));
    mln_key_add_u16(&key, 0x0A0B);
    assert_key(&key, MLN_S("\x01\x02\x03\x04\x05\x06\x07\x08\x0A\x0B"));
    mln_key_text(&key, MLN_S("CAE"));
    assert_key(&key, MLN_S("CAE"));
    mln_key_name(&key, 1, MLN_S("n"));
    assert_key(&key, MLN_S("\0\0\0\0\0\0\0\x01n"));
    mln_key_type(&key, 4);
    assert_key(&key, MLN_S("\0\x04"));
    mln_key_label(&key, MLN_S("ab"));
    assert_key(&key, MLN_S("\0\x02"
                           "ab"));
    mln_key_expiry(&key, 256);
    assert_key(&key, MLN_S("\0\0\0\0\0\0\x01\0"));
    mln_key_record(&key, MLN_SPACE_OWN, MLN_S("k"));
    assert_key(&key, MLN_S("\xFFk"));
}

static void numbers_are_read_back(void **state)
{
    struct mln_key key;

    (void)state;
    mln_key_type(&key, 0xFEDC);
    mln_key_add_u64(&key, UINT64_MAX - 1);
    assert_int_equal(mln_key_u16_at(mln_key_slice(&key), 0), 0xFEDC);
    assert_int_equal(mln_key_u64_at(mln_key_slice(&key), 2), UINT64_MAX - 1);
}

static void numbers_sort_as_bytes(void **state)
{
    struct mln_key a;
    struct mln_key b;

    (void)state;
    for (int shift = 0; shift < 63; shift++) {
        mln_key_id(&a, UINT64_C(1) << shift);
        mln_key_id(&b, (UINT64_C(1) << shift) + (shift ? 1 : 2));
        assert_true(mln_slice_cmp(mln_key_slice(&a), mln_key_slice(&b)) < 0);
        mln_key_id(&b, UINT64_C(1) << (shift + 1));
        assert_true(mln_slice_cmp(mln_key_slice(&a), mln_key_slice(&b)) < 0);
    }
}

static void the_longest_keys_fit(void **state)
{
    static char text[MLN_KV_KEY_MAX * 2];
    struct mln_key key;

    (void)state;
    memset(text, 'x', sizeof text);
    mln_key_label(&key, mln_slice_of(text, sizeof text));
    mln_key_add_u64(&key, 1);
    assert_int_equal(key.len, 2 + MLN_LABEL_MAX + 8);
    mln_key_text(&key, mln_slice_of(text, sizeof text));
    mln_key_add_u64(&key, 1);
    assert_int_equal(key.len, MLN_KV_KEY_MAX); /* cut, never beyond */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_these_bytes),
        cmocka_unit_test(numbers_are_read_back),
        cmocka_unit_test(numbers_sort_as_bytes),
        cmocka_unit_test(the_longest_keys_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
