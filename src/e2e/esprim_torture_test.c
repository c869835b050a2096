/* Each allocation of an exchange fails once: it is done or refused whole, nothing is leaked, and
 * the same object counts when there is memory again. */
#include "e2e/esprim_world_test.h"

enum { MOST = 200 };

static mln_err exchange(struct world *w, struct mln_slice object)
{
    struct mln_esprim_opened opened = { 0 };
    struct mln_slice answer = { 0 };

    MLN_TRY(world_open(w, object, &opened));
    mln_association_unref(opened.association);
    return mln_esprim_target_answer(w->target, opened.reply, opened.form, opened.text, w->arena,
                                    &answer);
}

/* Runs the step until it has met no failure.
 * SEC-EPR-25: without memory for the answer it is ESPRIM_ENCRYPTION. */
static void opens_when_there_is_memory_again(void **state)
{
    struct world *w = *state;
    bool has_failed = true;

    for (unsigned long n = 1; has_failed; n++) {
        struct mln_esprim_session *s = world_session(w, WORLD_KID);
        struct mln_slice object;
        mln_err err;

        assert_true(n < MOST);
        mln_esprim_target_free(w->target);
        w->target = world_target(w, false);
        world_offer(w, s);
        object = world_seal(w, s, "a").object;
        mln_mem_fail_at(n);
        err = exchange(w, object);
        has_failed = mln_mem_count() >= n;
        mln_mem_fail_at(0);
        if (err.code == MLN_ERR_NO_MEMORY) {
            err = exchange(w, object);
        }
        assert_true(!mln_failed(err) || err.code == MLN_ERR_ESPRIM_ENCRYPTION);
        mln_esprim_session_free(s);
        mln_arena_reset(w->arena);
    }
}

static mln_err send(struct world *w, struct mln_esprim_session **ret)
{
    static const enum mln_jose_enc enc = MLN_JOSE_A128GCM;
    struct mln_secret *key = mln_secret_of(w->keys[0], MLN_ESPRIM_KEY);
    struct mln_esprim_session_options options = { .env = &w->env,
                                                  .limits = &w->limits,
                                                  .kid = MLN_S(WORLD_KID),
                                                  .key = key,
                                                  .encs = &enc,
                                                  .enc_count = 1 };
    struct mln_e2e_random rro;
    struct mln_esprim_sent sent = { 0 };
    mln_err err = key ? mln_esprim_session_new(&options, ret) : MLN_ERROR(NO_MEMORY);

    mln_secret_free(key);
    MLN_TRY(err);
    MLN_TRY(mln_esprim_target_offer(w->target, w->arena, &rro));
    MLN_TRY(mln_esprim_session_receive(*ret, &rro));
    MLN_TRY(mln_esprim_session_seal(*ret, world_json(), MLN_S("a"), w->arena, &sent));
    return exchange(w, sent.object);
}

static void an_originator_fails_whole(void **state)
{
    struct world *w = *state;
    bool has_failed = true;

    for (unsigned long n = 1; has_failed; n++) {
        struct mln_esprim_session *s = NULL;
        mln_err err;

        assert_true(n < MOST);
        mln_mem_fail_at(n);
        err = send(w, &s);
        has_failed = mln_mem_count() >= n;
        mln_mem_fail_at(0);
        assert_true(!mln_failed(err) || err.code == MLN_ERR_NO_MEMORY ||
                    err.code == MLN_ERR_ESPRIM_ENCRYPTION);
        if (s) {
            world_offer(w, s);
            assert_true(mln_slice_eq(world_exchange(w, s, "b"), MLN_S("b")));
        }
        mln_esprim_session_free(s);
        mln_arena_reset(w->arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
        T(opens_when_there_is_memory_again),
        T(an_originator_fails_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
