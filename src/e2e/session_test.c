/* Tests of the originator's end of ESPrim, against our own target. */
#include "e2e/session.h"

#include "crypto/kdf.h"
#include "e2e/esprim_world_test.h"
#include "e2e/seen.h"

static struct mln_slice ori_of(struct world *w, struct mln_slice object)
{
    struct mln_slice header = world_header(w, object);
    struct mln_value *v;

    assert_false(mln_failed(mln_json_read(header, &w->limits, w->arena, &v, NULL)));
    return mln_value_get(v, MLN_S("ori"))->text;
}

static bool has_oro(struct world *w, struct mln_slice object)
{
    return world_has(world_header(w, object), "\"oro\"");
}

/* Answers a request that was sent; NULL text: with the text of the request. */
static struct mln_slice answer_to(struct world *w, struct mln_slice object)
{
    struct mln_esprim_opened opened = { 0 };
    struct mln_slice answer = { 0 };

    assert_int_equal(world_open(w, object, &opened).code, MLN_ERR_NONE);
    mln_association_unref(opened.association);
    assert_false(mln_failed(mln_esprim_target_answer(w->target, opened.reply, opened.form,
                                                     opened.text, w->arena, &answer)));
    return answer;
}

static enum mln_err_code open_answer(struct world *w, struct mln_esprim_session *s,
                                     struct mln_slice object)
{
    struct mln_esprim_answer answer;

    return mln_esprim_session_open(s, object, w->arena, &answer, NULL).code;
}

/* SEC-EPR-12: the first objects carry oro until an answer tells that it is known. */
static void sends_its_object_until_it_is_known(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *s = world_session(w, WORLD_KID);
    struct mln_slice objects[3];

    assert_true(mln_esprim_session_needs_receiver(s));
    world_offer(w, s);
    assert_false(mln_esprim_session_needs_receiver(s));
    for (size_t i = 0; i < 3; i++) {
        objects[i] = world_seal(w, s, "a").object;
        assert_true(has_oro(w, objects[i]));
    }
    /* answers in another order than the requests */
    for (size_t i = 3; i-- > 0;) {
        assert_int_equal(open_answer(w, s, answer_to(w, objects[i])), MLN_ERR_NONE);
    }
    assert_false(has_oro(w, world_seal(w, s, "b").object));
    assert_true(mln_slice_eq(world_exchange(w, s, "c"), MLN_S("c")));
    mln_esprim_session_free(s);
}

/* SEC-EPR-12: what to do when the target has forgotten. */
static void begins_anew_when_it_is_refused(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *s = world_session(w, WORLD_KID);
    struct mln_esprim_sent first;
    struct mln_esprim_sent second;

    world_offer(w, s);
    (void)world_exchange(w, s, "a");
    first = world_seal(w, s, "b");
    second = world_seal(w, s, "c");
    assert_true(mln_esprim_session_refused(s, first.generation, 4113));
    assert_true(mln_esprim_session_refused(s, second.generation, 4113));
    first = world_seal(w, s, "b");
    assert_true(has_oro(w, first.object));
    assert_false(mln_slice_eq(ori_of(w, first.object), ori_of(w, second.object)));
    /* a late refusal of what is past changes nothing */
    assert_true(mln_esprim_session_refused(s, second.generation, 4113));
    assert_true(mln_esprim_session_refused(s, second.generation, 4114));
    second = world_seal(w, s, "c");
    assert_true(mln_slice_eq(ori_of(w, first.object), ori_of(w, second.object)));
    assert_false(mln_esprim_session_needs_receiver(s));
    /* the target began anew */
    mln_esprim_target_free(w->target);
    w->target = world_target(w, false);
    assert_int_equal(world_try(w, second.object), MLN_ERR_ESPRIM_RECV_RANDOM);
    assert_true(mln_esprim_session_refused(s, second.generation, 4114));
    assert_true(mln_esprim_session_needs_receiver(s));
    assert_int_equal(mln_esprim_session_seal(s, world_json(), MLN_S("d"), w->arena, &first).code,
                     MLN_ERR_ESPRIM_RECV_RANDOM);
    world_offer(w, s);
    assert_true(mln_slice_eq(world_exchange(w, s, "d"), MLN_S("d")));
    /* other refusals are final */
    assert_false(mln_esprim_session_refused(s, 3, 4112));
    assert_false(mln_esprim_session_refused(s, 3, 4115));
    assert_false(mln_esprim_session_refused(s, 3, 4000));
    mln_esprim_session_free(s);
}

/* SEC-EPR-13: an answer opens under its own session only, once, and never a request. */
static void takes_its_own_answers_only(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *a = world_session(w, WORLD_KID);
    struct mln_esprim_session *b = world_session(w, WORLD_KID);
    struct mln_esprim_session *c = world_session(w, WORLD_OTHER);
    struct mln_slice sent;
    struct mln_slice answer;

    world_offer(w, a);
    world_offer(w, b);
    world_offer(w, c);
    answer = answer_to(w, world_seal(w, a, "a").object);
    (void)world_exchange(w, b, "b");
    (void)world_exchange(w, c, "c");
    assert_int_equal(open_answer(w, b, answer), MLN_ERR_ESPRIM_ORIG_RANDOM);
    assert_int_equal(open_answer(w, c, answer), MLN_ERR_ESPRIM_KEY);
    assert_int_equal(open_answer(w, a, answer), MLN_ERR_NONE);
    assert_int_equal(open_answer(w, a, answer), MLN_ERR_REPLAY);
    sent = world_seal(w, a, "d").object;
    assert_false(has_oro(w, sent));
    assert_int_equal(open_answer(w, a, sent), MLN_ERR_REPLAY);
    sent = world_seal(w, b, "d").object;
    assert_int_equal(open_answer(w, a, sent), MLN_ERR_ESPRIM_ORIG_RANDOM);
    mln_esprim_session_free(a);
    mln_esprim_session_free(b);
    mln_esprim_session_free(c);
}

static void refuses_an_answer_that_was_changed(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *s = world_session(w, WORLD_KID);
    struct mln_slice answer;
    char *changed;

    world_offer(w, s);
    answer = answer_to(w, world_seal(w, s, "a text of some length").object);
    changed = mln_arena_zdup(w->arena, answer);
    changed[answer.len - 30] ^= 1;
    assert_int_equal(open_answer(w, s, mln_slice_of(changed, answer.len)), MLN_ERR_ESPRIM_MAC);
    assert_int_equal(open_answer(w, s, MLN_S("a.b.c")), MLN_ERR_SYNTAX);
    /* and is still the one with the right answer */
    assert_int_equal(open_answer(w, s, answer), MLN_ERR_NONE);
    mln_esprim_session_free(s);
}

/* ---- answers of a target that does not keep to the rules ---- */

struct false_answer {
    struct mln_slice kid;
    struct mln_slice rri;
    enum mln_jose_enc enc;
    const char *oro;
    const char *rro;
};

static const struct mln_e2e_random *random_of(struct world *w, const char *json,
                                              bool is_originators)
{
    struct mln_e2e_random *r = mln_arena_zalloc(w->arena, 1, sizeof *r);
    struct mln_value *v;

    if (!json) {
        return NULL;
    }
    assert_false(mln_failed(mln_json_read(mln_slice_z(json), &w->limits, w->arena, &v, NULL)));
    assert_false(mln_failed(mln_e2e_random_read(v, is_originators, w->now_us, r, NULL)));
    return r;
}

/* Soundly encrypted under the session of the request, which has its oro. */
static struct mln_slice answer_falsely(struct world *w, const struct mln_e2e_random *receiver,
                                       struct mln_slice request, const struct false_answer *how)
{
    static unsigned char iv[MLN_AEAD_IV];
    unsigned char key[MLN_ESPRIM_KEY];
    struct mln_secret *pairwise = mln_secret_of(w->keys[0], MLN_ESPRIM_KEY);
    struct mln_slice texts[2] = { 0 };
    struct mln_slice object = { 0 };
    struct mln_esprim_object o;
    struct mln_esprim_draft draft = { .key = key, .iv = iv };

    assert_false(mln_failed(mln_esprim_read(request, &w->limits, w->now_us, w->arena, &o, NULL)));
    for (size_t i = 0; i < 2; i++) {
        struct mln_buf out;

        mln_buf_init(&out, w->arena, 2048);
        mln_e2e_random_canonical(i ? o.header.oro : receiver, &out);
        assert_false(mln_failed(mln_buf_finish(&out, &texts[i])));
    }
    assert_false(mln_failed(mln_kdf_session(pairwise, texts[0], texts[1], key)));
    mln_secret_free(pairwise);
    iv[0]++;
    draft.header = o.header;
    draft.header.kid = how->kid.len ? how->kid : o.header.kid;
    draft.header.rri = how->rri.len ? how->rri : o.header.rri;
    draft.header.enc = how->enc ? how->enc : o.header.enc;
    draft.header.oro = random_of(w, how->oro, true);
    draft.header.rro = random_of(w, how->rro, false);
    assert_false(mln_failed(mln_esprim_encrypt(&draft, MLN_S("x"), w->arena, &object)));
    return object;
}

#define RRO(esrx)                                                                                  \
    "{\"esri\":\"Unext\",\"esrv\":\"Rnext\",\"esrx\":\"" esrx "\",\"esks\":[1],\"espa\":[10]}"

static void refuses_false_answers(void **state)
{
    static const struct {
        struct false_answer how;
        enum mln_err_code code;
        bool goes_on_under_it;
    } cases[] = {
        { { .kid = { 0 } }, MLN_ERR_NONE, false },
        { { .kid = { "key1@SP.example.com", 19 } }, MLN_ERR_ESPRIM_KEY, false },
        { { .rri = { "Uother", 6 } }, MLN_ERR_ESPRIM_RECV_RANDOM, false },
        { { .enc = MLN_JOSE_A128GCM }, MLN_ERR_ESPRIM_OPTION, false },
        { { .oro = "{\"esri\":\"O\",\"esrv\":\"R\",\"esrx\":\"20301231T235959\",\"esk\":1,"
                   "\"espa\":[10]}" },
          MLN_ERR_SYNTAX,
          false },
        { { .rro = RRO("20301231T235959") }, MLN_ERR_NONE, true },
        /* not one that ends before the one that is there */
        { { .rro = RRO("20231114T221400") }, MLN_ERR_NONE, false },
        { { .rro = RRO("20230101T000000") }, MLN_ERR_NONE, false },
        /* nor one of no use */
        { { .rro = "{\"esri\":\"Unext\",\"esrv\":\"Rnext\",\"esrx\":\"20301231T235959\","
                   "\"esks\":[1],\"espa\":[13]}" },
          MLN_ERR_NONE,
          false },
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mln_esprim_session *s = world_session(w, WORLD_KID);
        struct mln_e2e_random receiver;
        struct mln_slice object;

        assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &receiver)));
        assert_false(mln_failed(mln_esprim_session_receive(s, &receiver)));
        object = answer_falsely(w, &receiver, world_seal(w, s, "a").object, &cases[i].how);
        assert_int_equal(open_answer(w, s, object), cases[i].code);
        assert_int_equal(
            world_has(world_header(w, world_seal(w, s, "b").object), "\"rri\":\"Unext\""),
            cases[i].goes_on_under_it);
        mln_esprim_session_free(s);
    }
}

/* SEC-EPR-22: the answer brings another receiver object, the next request goes under it. */
static void goes_on_under_the_receiver_object_of_an_answer(void **state)
{
    struct world *w = *state;
    bool is_shared = false;

    do {
        struct mln_esprim_session *s = world_session(w, WORLD_KID);
        struct mln_e2e_random rro;
        struct mln_slice before;
        struct mln_slice after;
        struct mln_slice late;

        mln_esprim_target_free(w->target);
        w->target = world_target(w, is_shared);
        assert_false(mln_failed(is_shared ? mln_esprim_target_shared(w->target, w->arena, &rro)
                                          : mln_esprim_target_offer(w->target, w->arena, &rro)));
        assert_false(mln_failed(mln_esprim_session_receive(s, &rro)));
        (void)world_exchange(w, s, "a");
        w->now_us += (WORLD_LIFE_S / 2 + 1) * MLN_US_PER_S;
        late = world_seal(w, s, "b").object;
        before = answer_to(w, world_seal(w, s, "c").object);
        assert_true(world_has(world_header(w, before), "\"rro\""));
        assert_int_equal(open_answer(w, s, before), MLN_ERR_NONE);
        after = world_seal(w, s, "d").object;
        assert_true(has_oro(w, after));
        assert_false(mln_slice_eq(ori_of(w, before), ori_of(w, after)));
        assert_false(world_has(world_header(w, after), mln_arena_zdup(w->arena, rro.id)));
        after = answer_to(w, after);
        assert_false(world_has(world_header(w, after), "\"rro\""));
        assert_int_equal(open_answer(w, s, after), MLN_ERR_NONE);
        /* what was under way is still answered */
        assert_int_equal(open_answer(w, s, answer_to(w, late)), MLN_ERR_NONE);
        /* and nothing more was to be asked for when the first object has expired */
        w->now_us += (WORLD_LIFE_S / 2 - 1) * MLN_US_PER_S;
        assert_false(mln_esprim_session_needs_receiver(s));
        assert_true(mln_slice_eq(world_exchange(w, s, "e"), MLN_S("e")));
        mln_esprim_session_free(s);
        is_shared = !is_shared;
    } while (is_shared);
}

/* A session whose originator objects live for a minute, by that clock. */
static struct mln_esprim_session *short_session(struct world *w, const struct mln_env *env)
{
    static const enum mln_jose_enc enc = MLN_JOSE_A128GCM;
    struct mln_secret *key = mln_secret_of(w->keys[0], MLN_ESPRIM_KEY);
    struct mln_esprim_session_options options = { .env = env,
                                                  .limits = &w->limits,
                                                  .kid = MLN_S(WORLD_KID),
                                                  .key = key,
                                                  .encs = &enc,
                                                  .enc_count = 1,
                                                  .life_us = 60 * MLN_US_PER_S };
    struct mln_esprim_session *s = NULL;

    assert_false(mln_failed(mln_esprim_session_new(&options, &s)));
    mln_secret_free(key);
    return s;
}

static void keeps_to_the_life_it_was_told(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *s = short_session(w, &w->env);
    struct mln_esprim_target_figures figures;
    struct mln_slice first;

    world_offer(w, s);
    first = world_seal(w, s, "a").object;
    assert_true(world_has(world_header(w, first), "\"esrx\":\"20231114T221421\""));
    assert_int_equal(open_answer(w, s, answer_to(w, first)), MLN_ERR_NONE);
    w->now_us += 57 * MLN_US_PER_S; /* replaced a little before its end */
    assert_true(mln_slice_eq(world_exchange(w, s, "b"), MLN_S("b")));
    mln_esprim_target_look(w->target, &figures);
    assert_int_equal(figures.sessions, 2);
    w->now_us += 10 * MLN_US_PER_S;
    assert_true(mln_slice_eq(world_exchange(w, s, "b"), MLN_S("b")));
    mln_esprim_target_look(w->target, &figures);
    assert_int_equal(figures.sessions, 1);
    mln_esprim_session_free(s);
}

/* Its own clock is ten minutes behind: what lives a minute by it has expired at the target. */
static void gets_through_with_a_clock_that_is_behind(void **state)
{
    struct world *w = *state;
    struct world own = *w;
    struct mln_env env = { &own, world_now, world_random };
    struct mln_esprim_session *s = short_session(w, &env);
    struct mln_esprim_sent sent;

    own.draws += 1000000; /* other numbers than the target's */
    own.now_us -= 600 * MLN_US_PER_S;
    world_offer(w, s);
    sent = world_seal(w, s, "a");
    assert_int_equal(world_try(w, sent.object), MLN_ERR_ESPRIM_ORIG_RANDOM);
    assert_true(mln_esprim_session_refused(s, sent.generation, 4113));
    assert_true(mln_slice_eq(world_exchange(w, s, "a"), MLN_S("a")));
    mln_esprim_session_free(s);
}

static mln_err poor_random(void *data, void *out, size_t len)
{
    struct world *w = data;

    MLN_TRY(world_random(w, out, len));
    if (len == MLN_AEAD_IV && w->draws % 3 == 0) {
        memset(out, 7, len); /* the same one over and over */
    }
    return MLN_OK;
}

/* SEC-EPR-21: not in 10^5 objects, whatever the random numbers are. */
static void never_uses_a_nonce_twice(void **state)
{
    enum { OBJECTS = 100000, MOST = 5000 };
    struct world *w = *state;
    struct mln_esprim_session *s = world_session(w, WORLD_KID);
    struct mln_arena *arena = mln_arena_new(1 << 20);
    struct mln_seen nonces = { 0 };
    uint64_t generation = 0;
    size_t generations = 0;

    w->env.random = poor_random;
    w->limits.esprim_session_objects = MOST;
    world_offer(w, s);
    for (size_t i = 0; i < OBJECTS; i++) {
        struct mln_esprim_sent sent = { 0 };
        struct mln_esprim_object o;
        bool is_new = false;

        assert_false(
            mln_failed(mln_esprim_session_seal(s, world_json(), MLN_S("x"), arena, &sent)));
        assert_false(mln_failed(mln_esprim_read(sent.object, &w->limits, 0, arena, &o, NULL)));
        if (sent.generation != generation) {
            assert_true(nonces.count <= MOST);
            generation = sent.generation;
            generations++;
            (void)mln_seen_clear(&nonces);
        }
        assert_false(mln_failed(mln_seen_add(&nonces, mln_seen_hash(w->keys[0], o.iv), &is_new)));
        assert_true(is_new);
        mln_arena_reset(arena);
    }
    assert_int_equal(generations, OBJECTS / MOST);
    (void)mln_seen_clear(&nonces);
    mln_arena_free(arena);
    mln_esprim_session_free(s);
}

/* SEC-EPR-03 */
static void chooses_what_both_support(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *s = world_session(w, WORLD_KID);
    struct mln_e2e_random rro;
    struct mln_slice header;

    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &rro)));
    assert_false(mln_failed(mln_esprim_session_receive(s, &rro)));
    header = world_header(w, world_seal(w, s, "a").object);
    assert_true(world_has(header, "\"enc\":\"A256GCM\""));
    assert_true(world_has(header, "\"espa\":[12,10]"));
    rro.alg_count = 1; /* A128GCM */
    assert_false(mln_failed(mln_esprim_session_receive(s, &rro)));
    header = world_header(w, world_seal(w, s, "a").object);
    assert_true(world_has(header, "\"enc\":\"A128GCM\""));
    assert_true(world_has(header, "\"espa\":[10]"));
    rro.algs[0] = 13;
    assert_int_equal(mln_esprim_session_receive(s, &rro).code, MLN_ERR_ESPRIM_OPTION);
    rro.algs[0] = 10;
    rro.keygens[0] = 2;
    assert_int_equal(mln_esprim_session_receive(s, &rro).code, MLN_ERR_ESPRIM_OPTION);
    rro.keygens[0] = 1;
    rro.expires_us = w->now_us;
    assert_int_equal(mln_esprim_session_receive(s, &rro).code, MLN_ERR_ESPRIM_RECV_RANDOM);
    mln_esprim_session_free(s);
}

static void asks_for_what_it_needs(void **state)
{
    struct world *w = *state;
    static const enum mln_jose_enc enc = MLN_JOSE_A128GCM;
    struct mln_secret *key = mln_secret_of(w->keys[0], MLN_ESPRIM_KEY);
    struct mln_esprim_session_options options = {
        .env = &w->env, .limits = &w->limits, .kid = MLN_S("a b"), .key = key, .encs = &enc
    };
    struct mln_esprim_session *s = NULL;

    assert_int_equal(mln_esprim_session_new(&options, &s).code, MLN_ERR_CONFIG);
    options.enc_count = 1;
    assert_int_equal(mln_esprim_session_new(&options, &s).code, MLN_ERR_CONFIG);
    options.kid = MLN_S("k");
    options.enc_count = 0;
    assert_int_equal(mln_esprim_session_new(&options, &s).code, MLN_ERR_CONFIG);
    assert_null(s);
    mln_esprim_session_free(NULL);
    mln_secret_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
        T(sends_its_object_until_it_is_known),
        T(begins_anew_when_it_is_refused),
        T(takes_its_own_answers_only),
        T(refuses_an_answer_that_was_changed),
        T(refuses_false_answers),
        T(goes_on_under_the_receiver_object_of_an_answer),
        T(keeps_to_the_life_it_was_told),
        T(gets_through_with_a_clock_that_is_behind),
        T(never_uses_a_nonce_twice),
        T(chooses_what_both_support),
        T(asks_for_what_it_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
