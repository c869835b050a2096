/* Each allocation of ours fails once while envelopes are made and opened: the outcome is right or
 * an error, and nothing is leaked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/jwt_keys_test.h"
#include "crypto/xmlsec.h"

enum { MOST = 2000 };

static struct mln_jose_key *keys[3]; /* HMAC and wrap, curve, RSA */

static mln_err run_signed(struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_xmlsec_signer signer = { keys[0], MLN_JOSE_HS256, { .name = MLN_S("k") } };
    struct mln_xmlsec *envelope MLN_CLEANUP(mln_xmlsec_freep) = NULL;
    struct mln_slice text;
    bool is_signature;

    MLN_TRY(mln_xmlsec_sign(&signer, 0, MLN_S("good"), arena, &text));
    MLN_TRY(mln_xmlsec_read(text, arena, NULL, &envelope));
    MLN_TRY(mln_xmlsec_verify(envelope, keys[0], arena, &text));
    return mln_xmlsec_content(text, arena, NULL, &is_signature, ret);
}

static mln_err run_sealed(struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_xmlsec_target targets[] = {
        { keys[0], MLN_JOSE_A256KW, { .name = MLN_S("a") } },
        { keys[1], MLN_JOSE_ECDH_ES_A128KW, { .name = MLN_S("b") } },
        { keys[2], MLN_JOSE_RSA_OAEP_256, { .name = MLN_S("c") } },
    };
    struct mln_xmlsec_sealing how = { .enc = MLN_JOSE_A256GCM,
                                      .targets = targets,
                                      .target_count = 3 };
    struct mln_xmlsec *envelope MLN_CLEANUP(mln_xmlsec_freep) = NULL;
    struct mln_slice text;

    MLN_TRY(mln_xmlsec_seal(&how, MLN_S("good"), arena, &text));
    MLN_TRY(mln_xmlsec_read(text, arena, NULL, &envelope));
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        MLN_TRY(mln_xmlsec_open(envelope, &envelope->recipients[i], keys[i], ret));
    }
    return MLN_OK;
}

static void torture(mln_err (*run)(struct mln_arena *, struct mln_slice *))
{
    bool has_failed = true;

    for (unsigned long n = 1; has_failed; n++) {
        struct mln_slice got = { 0 };
        struct mln_arena *arena;
        mln_err err = MLN_ERROR(NO_MEMORY);

        assert_true(n < MOST);
        mln_mem_fail_at(n);
        arena = mln_arena_new(1 << 20);
        if (arena) {
            err = run(arena, &got);
        }
        has_failed = mln_mem_count() >= n;
        mln_mem_fail_at(0);
        if (mln_failed(err)) {
            assert_true(has_failed);
            assert_int_equal(err.code, MLN_ERR_NO_MEMORY);
        } else {
            assert_true(mln_slice_eq(got, MLN_S("good")));
        }
        mln_arena_free(arena);
    }
}

static void test_memory_runs_out(void **state)
{
    (void)state;
    torture(run_signed);
    torture(run_sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_memory_runs_out) };
    int failed;

    keys[0] = mln_test_key("oct32");
    keys[1] = mln_test_key("ec256");
    keys[2] = mln_test_key("rsa");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < 3; i++) {
        mln_jose_key_free(keys[i]);
    }
    return failed;
}
