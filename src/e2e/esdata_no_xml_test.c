/* A build without XML security: the forms of XML are refused by name, the others are there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/test_arena.h"
#include "crypto/jwt_keys_test.h"
#include "e2e/esdata.h"

static struct mln_data_key *key;

static mln_err open_by(struct mln_slice envelope, struct mln_esdata *ret)
{
    const struct mln_data_key *keys[] = { key };
    struct mln_fault fault = { 0 };
    struct mln_esdata_opener opener = { .keys = keys,
                                        .key_count = 1,
                                        .now_us = 1,
                                        .envelope_most = 65536,
                                        .arena = arena,
                                        .fault = &fault };

    return mln_esdata_open(&opener, MLN_ESDATA_ANY, envelope, ret);
}

static void test_forms(void **state)
{
    struct mln_data_key_about about = { .name = MLN_S("k") };
    struct mln_esdata_recipient to = { 0 };
    struct mln_esdata_draft draft = { .recipients = &to, .recipient_count = 1 };
    struct mln_esdata found = { 0 };
    struct mln_slice envelope = { 0 };

    (void)state;
    assert_false(
        mln_failed(mln_data_key_of_jwk(&about, mln_slice_z(mln_test_jwk("oct32")), NULL, &key)));
    to.key = key;
    for (draft.form = MLN_ESDATA_COMPACT; draft.form <= MLN_ESDATA_XML_BASE64; draft.form++) {
        mln_err err = mln_esdata_protect(&draft, MLN_S("x"), arena, NULL, &envelope);

        if (draft.form >= MLN_ESDATA_XML) {
            assert_int_equal(err.code, MLN_ERR_NOT_IMPLEMENTED);
        } else {
            assert_false(mln_failed(err));
            assert_false(mln_failed(open_by(envelope, &found)));
            assert_true(mln_slice_eq(found.payload, MLN_S("x")));
        }
    }
    assert_int_equal(open_by(MLN_S("<x/>"), &found).code, MLN_ERR_NOT_IMPLEMENTED);
    assert_int_equal(open_by(MLN_S("PHgvPg=="), &found).code, MLN_ERR_NOT_IMPLEMENTED);
    mln_data_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forms, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
