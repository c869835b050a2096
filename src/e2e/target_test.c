/* Tests of the target of ESPrim: what it opens, and in which order it refuses. */
#include "e2e/target.h"

#include <pthread.h>
#include <stdio.h>

#include "crypto/kdf.h"
#include "e2e/esprim_world_test.h"

#define FAR "20991231T235959"

/* ---- objects made by hand ---- */

struct draft {
    const char *alg;
    const char *enc;
    const char *kid;
    const char *rri; /* NULL: of an offer */
    const char *ori;
    const char *esrx; /* of oro; NULL: there is no oro */
    const char *esk;
    const char *espa;
    const char *more; /* members of the header */
    const char *next; /* identifier in oro; NULL: as ori */
    bool is_tag_bad;
};

/* What a sound one has. */
static struct draft sound(void)
{
    return (struct draft){ .alg = "dir",
                           .enc = "A128GCM",
                           .kid = WORLD_KID,
                           .ori = "Omine",
                           .esrx = "20231114T221500",
                           .esk = "1",
                           .espa = "[10,12]",
                           .more = "" };
}

static struct mln_slice text_of(struct world *w, const struct mln_e2e_random *r)
{
    struct mln_buf out;
    struct mln_slice text = { 0 };

    mln_buf_init(&out, w->arena, 4096);
    mln_e2e_random_canonical(r, &out);
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    return text;
}

static struct mln_slice originator(struct world *w, const struct draft *d, const char *id)
{
    struct mln_buf oro;
    struct mln_slice text = { 0 };

    mln_buf_init(&oro, w->arena, 4096);
    mln_buf_printf(&oro,
                   "{\"esri\":\"%s\",\"esrv\":\"Rmine\",\"esrx\":\"%s\",\"esk\":%s,\"espa\":%s}",
                   id, d->esrx ? d->esrx : sound().esrx, d->esk, d->espa);
    assert_false(mln_failed(mln_buf_finish(&oro, &text)));
    return text;
}

/* Encrypts as the header says, whatever else it says. */
static struct mln_slice make_with(struct world *w, const struct draft *d,
                                  const struct mln_e2e_random *rro, unsigned serial)
{
    struct mln_buf header;
    struct mln_buf out;
    struct mln_slice texts[3] = { 0 };
    struct mln_slice object = { 0 };
    unsigned char iv[MLN_AEAD_IV] = { (unsigned char)serial, (unsigned char)(serial >> 8) };
    unsigned char tag[MLN_AEAD_TAG];
    unsigned char key[MLN_ESPRIM_KEY];
    unsigned char sealed[8];
    struct mln_secret *pairwise = mln_secret_of(w->keys[0], MLN_ESPRIM_KEY);
    enum mln_jose_enc enc = mln_jose_enc_named(mln_slice_z(d->enc));
    struct mln_aead how = { enc ? enc : MLN_JOSE_A128GCM, key, iv, { 0 } };

    texts[0] = originator(w, d, d->ori);
    mln_buf_init(&header, w->arena, 4096);
    mln_buf_printf(
        &header, "{\"alg\":\"%s\",\"enc\":\"%s\",\"kid\":\"%s\",\"ori\":\"%s\",\"rri\":\"%.*s\"%s",
        d->alg, d->enc, d->kid, d->ori, MLN_S_ARG(rro->id), d->more);
    if (d->esrx) {
        mln_buf_add(&header, MLN_S(",\"oro\":"));
        mln_buf_add(&header, originator(w, d, d->next ? d->next : d->ori));
    }
    mln_buf_byte(&header, '}');
    assert_false(mln_failed(mln_buf_finish(&header, &texts[1])));
    assert_false(mln_failed(mln_kdf_session(pairwise, text_of(w, rro), texts[0], key)));
    mln_secret_free(pairwise);
    mln_buf_init(&out, w->arena, 8192);
    mln_base64url_add(&out, texts[1]);
    assert_false(mln_failed(mln_buf_finish(&out, &texts[2])));
    how.aad = texts[2];
    assert_false(mln_failed(mln_aead_seal(&how, MLN_S("a text!!"), sealed, tag)));
    tag[0] ^= d->is_tag_bad;
    mln_buf_add(&out, MLN_S(".."));
    mln_base64url_add(&out, mln_slice_of((const char *)iv, sizeof iv));
    mln_buf_byte(&out, '.');
    mln_base64url_add(&out, mln_slice_of((const char *)sealed, sizeof sealed));
    mln_buf_byte(&out, '.');
    mln_base64url_add(&out, mln_slice_of((const char *)tag, sizeof tag));
    assert_false(mln_failed(mln_buf_finish(&out, &object)));
    return object;
}

static struct mln_slice make(struct world *w, const struct draft *d)
{
    struct mln_e2e_random rro;

    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &rro)));
    if (d->rri) {
        rro.id = mln_slice_z(d->rri);
    }
    return make_with(w, d, &rro, 1);
}

/* ---- receiver objects ---- */

/* SEC-EPR-11 */
static void offers_another_one_each_time(void **state)
{
    struct world *w = *state;
    struct mln_e2e_random a;
    struct mln_e2e_random b;

    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &a)));
    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &b)));
    assert_false(mln_slice_eq(a.id, b.id));
    assert_false(mln_slice_eq(a.value, b.value));
    assert_int_equal(a.id.ptr[0], 'U');
    assert_int_equal(a.value.len, 33);
    assert_int_equal(a.expires_us, (WORLD_NOW_S + WORLD_LIFE_S) * MLN_US_PER_S);
    assert_true(mln_slice_eq(a.expiry, MLN_S("20231114T231320")));
    assert_int_equal(a.alg_count, 2);
    assert_true(mln_e2e_random_is_text(a.id) && mln_e2e_random_is_text(a.value));
    assert_int_equal(mln_esprim_target_shared(w->target, w->arena, &a).code, MLN_ERR_NOT_FOUND);
}

static void renews_what_it_shares(void **state)
{
    struct world *w = *state;
    struct mln_esprim_target *t = world_target(w, true);
    struct mln_e2e_random a;
    struct mln_e2e_random b;

    assert_false(mln_failed(mln_esprim_target_shared(t, w->arena, &a)));
    assert_int_equal(a.id.ptr[0], 'S');
    w->now_us += (WORLD_LIFE_S / 2 - 1) * MLN_US_PER_S;
    assert_false(mln_failed(mln_esprim_target_shared(t, w->arena, &b)));
    assert_true(mln_slice_eq(a.id, b.id) && mln_slice_eq(a.value, b.value));
    w->now_us += MLN_US_PER_S;
    assert_false(mln_failed(mln_esprim_target_shared(t, w->arena, &b)));
    assert_false(mln_slice_eq(a.id, b.id));
    assert_int_equal(b.expires_us, w->now_us + WORLD_LIFE_S * MLN_US_PER_S);
    mln_esprim_target_free(t);
}

/* ---- requests ---- */

static void exchanges(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *s = world_session(w, WORLD_KID);
    struct mln_esprim_target_figures figures;

    world_offer(w, s);
    for (size_t i = 0; i < 20; i++) {
        assert_true(mln_slice_eq(world_exchange(w, s, "{\"op\":2}"), MLN_S("{\"op\":2}")));
    }
    mln_esprim_target_look(w->target, &figures);
    assert_int_equal(figures.sessions, 1);
    assert_true(figures.seen_bytes >= 40 * sizeof(uint64_t));
    mln_esprim_session_free(s);
}

/* SEC-EPR-03 */
static void takes_each_algorithm_of_both(void **state)
{
    struct world *w = *state;
    struct draft d = sound();

    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_NONE);
    d.enc = "A256GCM";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_NONE);
    d.enc = "A192GCM"; /* not of the target */
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_OPTION);
    d.espa = "[10,11]";
    d.enc = "A128GCM";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_OPTION);
    d.espa = "[12]"; /* not of the originator object */
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_OPTION);
    d.espa = "[9]";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_OPTION);
    d = sound();
    d.esk = "2";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_OPTION);
    d = sound();
    d.alg = "A128KW";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_OPTION);
}

/* SEC-EPR-04 */
static void knows_its_keys(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *s = world_session(w, WORLD_KID);
    struct draft d = sound();
    struct mln_slice first;
    struct mln_slice object;

    d.kid = "key3@sp.example.com";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_KEY);
    d.kid = "\\\"";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_KEY);
    world_offer(w, s);
    first = world_seal(w, s, "a").object;
    (void)world_exchange(w, s, "a");
    object = world_seal(w, s, "b").object;
    mln_association_revoke(w->associations[0]);
    assert_int_equal(world_try(w, object), MLN_ERR_ESPRIM_KEY);
    /* the same key again: what was said before stays said */
    mln_association_unref(w->associations[0]);
    w->associations[0] = world_association("13-" WORLD_KID);
    assert_int_equal(world_try(w, object), MLN_ERR_ESPRIM_ORIG_RANDOM);
    assert_int_equal(world_try(w, first), MLN_ERR_ESPRIM_ORIG_RANDOM);
    mln_esprim_session_free(s);
}

/* SEC-EPR-05 */
static void knows_receiver_objects(void **state)
{
    struct world *w = *state;
    struct mln_esprim_target *other = world_target(w, false);
    struct mln_e2e_random rro;
    struct draft d = sound();
    struct mln_slice object = make(w, &d);
    char id[64];

    d.rri = "Uabc";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_RECV_RANDOM);
    d.rri = NULL;
    assert_false(mln_failed(mln_esprim_target_offer(other, w->arena, &rro)));
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_ESPRIM_RECV_RANDOM);
    /* no digit of an identifier may be another one: the expiry stands there, too */
    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &rro)));
    memcpy(id, rro.id.ptr, rro.id.len);
    for (size_t i = 0; i < rro.id.len; i++) {
        char kept = id[i];

        id[i] = kept == 'U' ? 'S' : kept == '0' ? '1' : '0';
        rro.id.ptr = id;
        assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_ESPRIM_RECV_RANDOM);
        id[i] = kept;
    }
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_NONE);
    w->now_us += WORLD_LIFE_S * MLN_US_PER_S;
    assert_int_equal(world_try(w, object), MLN_ERR_ESPRIM_RECV_RANDOM);
    mln_esprim_target_free(other);
}

/* SEC-EPR-05 */
static void knows_originator_objects(void **state)
{
    struct world *w = *state;
    struct mln_e2e_random rro;
    struct draft d = sound();
    struct mln_slice object;

    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &rro)));
    d.esrx = NULL;
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_ESPRIM_ORIG_RANDOM);
    d.esrx = FAR; /* later than the receiver's */
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_ESPRIM_ORIG_RANDOM);
    d.esrx = "20231114T231320"; /* as late as that */
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_NONE);
    d.ori = "Oother";
    d.esrx = "20231114T221320"; /* now */
    d.is_tag_bad = true;
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_ESPRIM_ORIG_RANDOM);
    d.is_tag_bad = false;
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_ESPRIM_ORIG_RANDOM);
    d.esrx = "20231114T221321";
    object = make_with(w, &d, &rro, 1);
    assert_int_equal(world_try(w, object), MLN_ERR_NONE);
    assert_int_equal(world_try(w, object), MLN_ERR_REPLAY);
    w->now_us += MLN_US_PER_S;
    assert_int_equal(world_try(w, object), MLN_ERR_ESPRIM_ORIG_RANDOM);
    /* the clock is set back: what has expired stays so */
    w->now_us -= 2 * MLN_US_PER_S;
    assert_int_equal(world_try(w, object), MLN_ERR_ESPRIM_ORIG_RANDOM);
}

/* SEC-EPR-22: an object of a session announces the originator object of the next. */
static void takes_the_next_object_in_a_session(void **state)
{
    struct world *w = *state;
    struct mln_e2e_random rro;
    struct draft first = sound();
    struct draft both = sound();
    struct draft next = sound();

    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &rro)));
    next.ori = "Onext";
    next.esrx = NULL;
    both.next = "Onext";
    /* not under a session that does not exist */
    assert_int_equal(world_try(w, make_with(w, &both, &rro, 1)), MLN_ERR_ESPRIM_ORIG_RANDOM);
    assert_int_equal(world_try(w, make_with(w, &first, &rro, 2)), MLN_ERR_NONE);
    assert_int_equal(world_try(w, make_with(w, &next, &rro, 3)), MLN_ERR_ESPRIM_ORIG_RANDOM);
    /* not by an object that is not genuine */
    both.is_tag_bad = true;
    assert_int_equal(world_try(w, make_with(w, &both, &rro, 4)), MLN_ERR_ESPRIM_MAC);
    assert_int_equal(world_try(w, make_with(w, &next, &rro, 3)), MLN_ERR_ESPRIM_ORIG_RANDOM);
    both.is_tag_bad = false;
    assert_int_equal(world_try(w, make_with(w, &both, &rro, 5)), MLN_ERR_NONE);
    assert_int_equal(world_try(w, make_with(w, &next, &rro, 3)), MLN_ERR_NONE);
    assert_int_equal(world_try(w, make_with(w, &next, &rro, 3)), MLN_ERR_REPLAY);
    assert_int_equal(world_try(w, make_with(w, &first, &rro, 6)), MLN_ERR_NONE);
    assert_int_equal(world_try(w, make_with(w, &both, &rro, 7)), MLN_ERR_NONE);
}

/* Each object has all faults from its own on: the first one is what it is refused for. */
static void checks_in_order(void **state)
{
    struct world *w = *state;
    struct draft d = { .alg = "A128KW",
                       .enc = "A192GCM",
                       .kid = "nobody@x",
                       .rri = "Unone",
                       .ori = "Omine",
                       .esk = "1",
                       .espa = "[12]",
                       .is_tag_bad = true };
    struct mln_e2e_random rro;

    d.more = ",\"zip\":\"DEF\"";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_SYNTAX);
    d.more =
        ",\"rro\":{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":\"" FAR "\",\"esks\":[1],\"espa\":[10]}";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_SYNTAX);
    d.more = "";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_OPTION);
    d.alg = "dir";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_OPTION);
    d.enc = "A128GCM";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_KEY);
    d.kid = WORLD_KID;
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_RECV_RANDOM);
    d.rri = NULL;
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_ORIG_RANDOM);
    d.esrx = "20231114T221500";
    assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_OPTION);
    d.espa = "[10]";
    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &rro)));
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_ESPRIM_MAC);
    d.is_tag_bad = false;
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_NONE);
    d.is_tag_bad = true;
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_ESPRIM_MAC);
    d.is_tag_bad = false;
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 1)), MLN_ERR_REPLAY);
}

static void keeps_nothing_of_what_it_refuses(void **state)
{
    struct world *w = *state;
    struct mln_esprim_target_figures figures;
    struct draft d = sound();

    d.is_tag_bad = true;
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(world_try(w, make(w, &d)), MLN_ERR_ESPRIM_MAC);
    }
    mln_esprim_target_look(w->target, &figures);
    assert_int_equal(figures.sessions, 0);
    assert_int_equal(figures.seen_bytes, 0);
}

/* SEC-EPR-15: requests, answers of the target, and both under another target. */
static void refuses_copies(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *s = world_session(w, WORLD_KID);
    struct mln_esprim_target *kept = w->target;
    struct mln_slice objects[50];
    struct mln_esprim_opened opened = { 0 };
    struct mln_slice answer = { 0 };

    world_offer(w, s);
    for (size_t i = 0; i < 50; i++) {
        objects[i] = world_seal(w, s, "a").object;
        assert_int_equal(world_try(w, objects[i]), MLN_ERR_NONE);
    }
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(world_try(w, objects[i]), MLN_ERR_REPLAY);
    }
    assert_false(mln_failed(world_open(w, world_seal(w, s, "b").object, &opened)));
    mln_association_unref(opened.association);
    assert_false(mln_failed(mln_esprim_target_answer(w->target, opened.reply, opened.form,
                                                     MLN_S("c"), w->arena, &answer)));
    assert_int_equal(world_try(w, answer), MLN_ERR_REPLAY);
    /* SEC-EPR-12: after a restart nothing counts that was said before */
    w->target = world_target(w, false);
    assert_int_equal(world_try(w, objects[0]), MLN_ERR_ESPRIM_RECV_RANDOM);
    mln_esprim_target_free(w->target);
    w->target = kept;
    mln_esprim_session_free(s);
}

/* ---- limits ---- */

static void ends_a_session_that_is_too_long(void **state)
{
    struct world *w = *state;
    struct mln_e2e_random rro;
    struct draft d = sound();
    struct mln_esprim_target_figures figures;

    w->limits.esprim_session_objects = 16;
    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &rro)));
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(world_try(w, make_with(w, &d, &rro, i)), MLN_ERR_NONE);
    }
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 16)), MLN_ERR_ESPRIM_ORIG_RANDOM);
    /* it refuses what was said, and all else, until it expires; and needs no memory for that */
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 3)), MLN_ERR_ESPRIM_ORIG_RANDOM);
    mln_esprim_target_look(w->target, &figures);
    assert_int_equal(figures.sessions, 1);
    assert_int_equal(figures.seen_bytes, 0);
    d.ori = "Oother";
    assert_int_equal(world_try(w, make_with(w, &d, &rro, 3)), MLN_ERR_NONE);
}

static void bounds_sessions(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *s[3] = { world_session(w, WORLD_KID), world_session(w, WORLD_KID),
                                        world_session(w, WORLD_OTHER) };
    struct mln_esprim_target_figures figures;

    w->limits.esprim_sessions = 3;
    w->limits.esprim_sessions_per_key = 2;
    for (size_t i = 0; i < 2; i++) {
        world_offer(w, s[i]);
        (void)world_exchange(w, s[i], "a");
    }
    /* a third one of that key is refused; the two that are there go on */
    world_offer(w, s[0]);
    assert_int_equal(world_try(w, world_seal(w, s[0], "b").object), MLN_ERR_LIMIT);
    (void)world_exchange(w, s[1], "a");
    world_offer(w, s[2]);
    (void)world_exchange(w, s[2], "a");
    world_offer(w, s[2]);
    assert_int_equal(world_try(w, world_seal(w, s[2], "b").object), MLN_ERR_LIMIT);
    mln_esprim_target_look(w->target, &figures);
    assert_int_equal(figures.sessions, 3);
    /* room comes back with time */
    w->now_us += WORLD_LIFE_S * MLN_US_PER_S;
    for (size_t i = 0; i < 3; i++) {
        world_offer(w, s[i]);
        (void)world_exchange(w, s[i], "a");
        mln_esprim_session_free(s[i]);
    }
    mln_esprim_target_look(w->target, &figures);
    assert_int_equal(figures.sessions, 3);
}

/* Sessions go in the order of their ends, whatever the order of their beginnings. */
static void lets_sessions_go_when_they_expire(void **state)
{
    enum { COUNT = 60 };
    struct world *w = *state;
    struct mln_e2e_random rro;
    struct draft d = sound();
    struct mln_esprim_target_figures figures;

    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &rro)));
    for (unsigned i = 0; i < COUNT; i++) {
        char ori[16];
        char esrx[32];

        (void)snprintf(ori, sizeof ori, "O%u", i);
        (void)snprintf(esrx, sizeof esrx, "20231114T2230%02u", i * 7 % COUNT);
        d.ori = ori;
        d.esrx = esrx;
        assert_int_equal(world_try(w, make_with(w, &d, &rro, i)), MLN_ERR_NONE);
    }
    d = sound();
    for (unsigned i = 0; i < COUNT; i++) {
        struct mln_e2e_random later;

        w->now_us = (WORLD_NOW_S + 1000 + i) * MLN_US_PER_S; /* 22:30:00 and i seconds */
        assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &later)));
        d.esrx = "20231114T230000";
        assert_int_equal(world_try(w, make_with(w, &d, &later, i)), MLN_ERR_NONE);
        mln_esprim_target_look(w->target, &figures);
        /* those that are left, and those of this loop */
        assert_int_equal(figures.sessions, COUNT - (i + 1) + (i + 1));
    }
}

/* One credential cannot have more than its part of the memory for what was seen. */
static void bounds_what_it_has_seen(void **state)
{
    struct world *w = *state;
    struct mln_e2e_random rro;
    struct draft d = sound();
    struct mln_esprim_target_figures figures;
    unsigned taken = 0;

    w->limits.esprim_seen_bytes = 65536;
    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &rro)));
    while (world_try(w, make_with(w, &d, &rro, taken)) == MLN_ERR_NONE) {
        taken++;
        assert_true(taken < 1000);
    }
    assert_int_equal(taken, 384); /* three quarters of 512 slots of 8 bytes: a sixteenth */
    mln_esprim_target_look(w->target, &figures);
    assert_int_equal(figures.seen_bytes, 0);
}

/* An answer may take longer than its session. */
static void answers_late(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *s = world_session(w, WORLD_KID);
    struct mln_esprim_opened opened = { 0 };
    struct mln_esprim_answer answer = { 0 };
    struct mln_slice object = { 0 };

    world_offer(w, s);
    assert_false(mln_failed(world_open(w, world_seal(w, s, "a").object, &opened)));
    mln_association_unref(opened.association);
    w->now_us += INT64_C(2) * WORLD_LIFE_S * MLN_US_PER_S;
    world_offer(w, s);
    (void)world_exchange(w, s, "b"); /* lets go what has expired */
    assert_false(mln_failed(mln_esprim_target_answer(w->target, opened.reply, opened.form,
                                                     MLN_S("c"), w->arena, &object)));
    assert_false(mln_failed(mln_esprim_session_open(s, object, w->arena, &answer, NULL)));
    assert_true(mln_slice_eq(answer.text, MLN_S("c")));
    mln_esprim_session_free(s);
}

static mln_err no_random(void *data, void *out, size_t len)
{
    (void)data;
    (void)out;
    (void)len;
    MLN_FAIL(SYSTEM);
}

/* SEC-EPR-25: what fails here is told apart from what the originator did wrong. */
static void tells_its_own_failures(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *s = world_session(w, WORLD_KID);
    struct mln_esprim_opened opened = { 0 };
    struct mln_slice text = { 0 };
    struct mln_esprim_object o;
    mln_err err;

    world_offer(w, s);
    assert_false(mln_failed(world_open(w, world_seal(w, s, "a").object, &opened)));
    mln_association_unref(opened.association);
    w->env.random = no_random;
    err = mln_esprim_target_answer(w->target, opened.reply, opened.form, opened.text, w->arena,
                                   &text);
    assert_int_equal(err.code, MLN_ERR_ESPRIM_ENCRYPTION);
    assert_int_equal(mln_err_rsc(err), 5211);
    w->env.random = world_random;
    assert_false(mln_failed(
        mln_esprim_read(world_seal(w, s, "b").object, &w->limits, w->now_us, w->arena, &o, NULL)));
    o.header.enc = MLN_JOSE_NO_ENC; /* OpenSSL has no such cipher */
    err = mln_esprim_decrypt(&o, w->keys[0], w->arena, &text);
    assert_int_equal(err.code, MLN_ERR_ESPRIM_DECRYPTION);
    assert_int_equal(mln_err_rsc(err), 5210);
    mln_esprim_session_free(s);
}

/* ---- known answer: security.md 21A ---- */

static void derives_the_known_key(void **state)
{
    static const unsigned char known[] = { 0xb3, 0x78, 0x2e, 0xbb, 0xf8, 0x69, 0x3f, 0xbb,
                                           0xce, 0xbf, 0xff, 0x3d, 0x15, 0x70, 0xf5, 0xd6,
                                           0x5c, 0xc1, 0x85, 0x93, 0x25, 0x2c, 0x9a, 0x55,
                                           0x0d, 0xc9, 0xc0, 0x6e, 0xac, 0x35, 0x45, 0x2b };
    static const char *const texts[] = {
        "{\"espa\":[10,12],\"esks\":[1],\"esrx\":\"20301231T235959\",\"esri\":\"Uabc\","
        "\"esrv\":\"R00112233445566778899aabbccddeeff\"}",
        "{\"espa\":[10],\"esk\":1,\"esrx\":\"20301231T235900\",\"esri\":\"Odef\","
        "\"esrv\":\"Rffeeddccbbaa99887766554433221100\"}",
    };
    struct world *w = *state;
    struct mln_slice canonical[2];
    unsigned char key[MLN_KDF_KEY];
    struct mln_secret *pairwise = mln_secret_new(MLN_ESPRIM_KEY);

    for (unsigned i = 0; i < MLN_ESPRIM_KEY; i++) {
        mln_secret_room(pairwise)[i] = (unsigned char)(0x80 + i);
    }
    for (size_t i = 0; i < 2; i++) {
        struct mln_value *v;
        struct mln_e2e_random r;

        assert_false(
            mln_failed(mln_json_read(mln_slice_z(texts[i]), &w->limits, w->arena, &v, NULL)));
        assert_false(mln_failed(mln_e2e_random_read(v, i == 1, w->now_us, &r, NULL)));
        canonical[i] = text_of(w, &r);
    }
    assert_false(mln_failed(mln_kdf_session(pairwise, canonical[0], canonical[1], key)));
    assert_memory_equal(key, known, sizeof known);
    mln_secret_free(pairwise);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 60 };

struct runner {
    struct world *w;
    const struct mln_slice *objects; /* that all threads send */
    unsigned accepted;
    unsigned refused;
};

static void *run(void *data)
{
    struct runner *r = data;
    struct world *w = r->w;
    struct mln_arena *arena = mln_arena_new(8 << 20);
    struct mln_esprim_opened opened;
    struct mln_slice answer;
    struct mln_e2e_random rro;

    for (size_t i = 0; arena && i < ROUNDS; i++) {
        mln_err err = mln_esprim_target_open(w->target, r->objects[i], arena, &opened, NULL);

        r->refused += err.code == MLN_ERR_REPLAY;
        r->accepted += !mln_failed(err);
        if (!mln_failed(err)) {
            mln_association_unref(opened.association);
            r->accepted += mln_failed(mln_esprim_target_answer(w->target, opened.reply, opened.form,
                                                               opened.text, arena, &answer));
        }
        r->accepted += mln_failed(mln_esprim_target_offer(w->target, arena, &rro));
        mln_arena_reset(arena);
    }
    mln_arena_free(arena);
    return NULL;
}

/* All threads open the same objects, new sessions among them: each counts once. */
static void opens_each_object_once_in_all_threads(void **state)
{
    struct world *w = *state;
    struct mln_slice objects[ROUNDS];
    struct runner runners[THREADS];
    pthread_t threads[THREADS];
    struct mln_esprim_session *s = world_session(w, WORLD_KID);
    unsigned accepted = 0;
    unsigned refused = 0;

    for (size_t i = 0; i < ROUNDS; i++) {
        if (i % 10 == 0) {
            world_offer(w, s);
        }
        objects[i] = world_seal(w, s, "x").object;
    }
    for (size_t i = 0; i < THREADS; i++) {
        runners[i] = (struct runner){ .w = w, .objects = objects };
        assert_int_equal(pthread_create(&threads[i], NULL, run, &runners[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        accepted += runners[i].accepted;
        refused += runners[i].refused;
    }
    assert_int_equal(accepted, ROUNDS);
    assert_int_equal(refused, ROUNDS * (THREADS - 1));
    mln_esprim_session_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
        T(offers_another_one_each_time),
        T(renews_what_it_shares),
        T(exchanges),
        T(takes_each_algorithm_of_both),
        T(knows_its_keys),
        T(knows_receiver_objects),
        T(knows_originator_objects),
        T(takes_the_next_object_in_a_session),
        T(checks_in_order),
        T(keeps_nothing_of_what_it_refuses),
        T(refuses_copies),
        T(ends_a_session_that_is_too_long),
        T(bounds_sessions),
        T(lets_sessions_go_when_they_expire),
        T(bounds_what_it_has_seen),
        T(answers_late),
        T(tells_its_own_failures),
        T(derives_the_known_key),
        T(opens_each_object_once_in_all_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
