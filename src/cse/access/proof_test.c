/* Tests of what counts as proof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cse/access/proof.h"

static void when_a_listener_is_trusted(void **state)
{
    struct mln_association a = { 0 };
    struct mln_peer peer = { .is_trusted = true };

    (void)state;
    assert_true(mln_proof_is_trusted(&peer));
    peer.association = &a; /* it tells who that is; the listener does not */
    assert_false(mln_proof_is_trusted(&peer));
    peer = (struct mln_peer){ .is_secured = true };
    assert_false(mln_proof_is_trusted(&peer));
    assert_false(mln_proof_is_trusted(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when_a_listener_is_trusted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
