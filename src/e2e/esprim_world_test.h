/* A clock, random numbers and two pairwise keys, for tests of both ends of ESPrim. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/timestamp.h"
#include "codec/json.h"
#include "crypto/base64.h"
#include "crypto/siphash.h"
#include "e2e/session.h"
#include "e2e/target.h"

enum { WORLD_NOW_S = 1700000000, WORLD_LIFE_S = 3600 };

#define WORLD_KID   "key1@sp.example.com"
#define WORLD_OTHER "key2@sp.example.com"

struct world {
    struct mln_env env;
    int64_t now_us;
    uint64_t draws;
    struct mln_limits limits;
    struct mln_arena *arena;
    unsigned char keys[2][MLN_ESPRIM_KEY];
    struct mln_association *associations[2]; /* NULL: the key is not known */
    struct mln_esprim_target *target;
};

static inline int64_t world_now(void *data)
{
    return ((const struct world *)data)->now_us;
}

/* Another number each time, the same ones in each run. */
static inline mln_err world_random(void *data, void *out, size_t len)
{
    struct world *w = data;
    unsigned char sum[MLN_SIPHASH_SIZE];
    static const unsigned char key[MLN_SIPHASH_KEY] = { 1 };
    uint64_t number = __atomic_add_fetch(&w->draws, 1, __ATOMIC_RELAXED);

    mln_siphash(key, mln_slice_of((const char *)&number, sizeof number), sum);
    assert_true(len <= sizeof sum);
    memcpy(out, sum, len);
    return MLN_OK;
}

static inline mln_err world_find(void *data, struct mln_slice kid, int64_t now_us,
                                 struct mln_pair_key *ret)
{
    struct world *w = data;
    size_t i = mln_slice_eq(kid, MLN_S(WORLD_KID)) ? 0 : 1;

    MLN_REQUIRE(i == 0 || mln_slice_eq(kid, MLN_S(WORLD_OTHER)), NOT_FOUND);
    MLN_REQUIRE(w->associations[i] && mln_association_is_valid(w->associations[i], now_us),
                NOT_FOUND);
    ret->key = mln_secret_of(w->keys[i], sizeof w->keys[i]);
    MLN_REQUIRE(ret->key, NO_MEMORY);
    ret->association = mln_association_ref(w->associations[i]);
    return MLN_OK;
}

static inline struct mln_association *world_association(const char *credential_id)
{
    struct mln_association draft = { .kind = MLN_ASSOCIATION_KEY,
                                     .credential_id = mln_slice_z(credential_id),
                                     .expires_us = INT64_MAX };
    struct mln_association *a = NULL;

    assert_false(mln_failed(mln_association_new(&draft, &a)));
    return a;
}

static inline struct mln_esprim_target *world_target(struct world *w, bool is_shared)
{
    static const enum mln_jose_enc encs[] = { MLN_JOSE_A128GCM, MLN_JOSE_A256GCM };
    struct mln_esprim_target_options options = {
        .env = &w->env,
        .limits = &w->limits,
        .keys = { w, world_find },
        .is_shared = is_shared,
        .random_us = WORLD_LIFE_S * MLN_US_PER_S,
        .encs = encs,
        .enc_count = 2,
    };
    struct mln_esprim_target *t = NULL;

    assert_false(mln_failed(mln_esprim_target_new(&options, &t)));
    return t;
}

static inline struct mln_esprim_session *world_session(struct world *w, const char *kid)
{
    static const enum mln_jose_enc encs[] = { MLN_JOSE_A256GCM, MLN_JOSE_A192GCM,
                                              MLN_JOSE_A128GCM };
    struct mln_secret *key =
        mln_secret_of(w->keys[strcmp(kid, WORLD_KID) == 0 ? 0 : 1], MLN_ESPRIM_KEY);
    struct mln_esprim_session_options options = {
        .env = &w->env,
        .limits = &w->limits,
        .kid = mln_slice_z(kid),
        .key = key,
        .encs = encs,
        .enc_count = 3,
    };
    struct mln_esprim_session *s = NULL;

    assert_non_null(key);
    assert_false(mln_failed(mln_esprim_session_new(&options, &s)));
    mln_secret_free(key);
    return s;
}

static inline int world_set_up(void **state)
{
    struct world *w = mln_calloc(1, sizeof *w);

    assert_non_null(w);
    w->env = (struct mln_env){ w, world_now, world_random };
    w->now_us = WORLD_NOW_S * MLN_US_PER_S;
    mln_limits_default(&w->limits);
    w->arena = mln_arena_new(64 << 20);
    memset(w->keys[0], 0x80, MLN_ESPRIM_KEY);
    memset(w->keys[1], 0x81, MLN_ESPRIM_KEY);
    w->associations[0] = world_association("13-" WORLD_KID);
    w->associations[1] = world_association("13-" WORLD_OTHER);
    w->target = world_target(w, false);
    *state = w;
    return w->arena ? 0 : -1;
}

static inline int world_tear_down(void **state)
{
    struct world *w = *state;

    mln_esprim_target_free(w->target);
    mln_association_unref(w->associations[0]);
    mln_association_unref(w->associations[1]);
    mln_arena_free(w->arena);
    mln_free(w);
    return 0;
}

static inline const struct mln_serialisation *world_json(void)
{
    return mln_serialisation_at(0);
}

/* Gives the session a receiver object that is for it alone. */
static inline void world_offer(struct world *w, struct mln_esprim_session *s)
{
    struct mln_e2e_random rro;

    assert_false(mln_failed(mln_esprim_target_offer(w->target, w->arena, &rro)));
    assert_false(mln_failed(mln_esprim_session_receive(s, &rro)));
}

static inline struct mln_esprim_sent world_seal(struct world *w, struct mln_esprim_session *s,
                                                const char *text)
{
    struct mln_esprim_sent sent = { 0 };

    assert_false(
        mln_failed(mln_esprim_session_seal(s, world_json(), mln_slice_z(text), w->arena, &sent)));
    return sent;
}

static inline mln_err world_open(struct world *w, struct mln_slice object,
                                 struct mln_esprim_opened *ret)
{
    return mln_esprim_target_open(w->target, object, w->arena, ret, NULL);
}

/* A request that is opened and not answered; returns the error. */
static inline enum mln_err_code world_try(struct world *w, struct mln_slice object)
{
    struct mln_esprim_opened opened = { 0 };
    mln_err err = world_open(w, object, &opened);

    if (!mln_failed(err)) {
        mln_association_unref(opened.association);
        mln_esprim_reply_free(w->target, opened.reply);
    }
    return err.code;
}

/* Sends, answers with the same text, and opens the answer; returns what that was. */
static inline struct mln_slice world_exchange(struct world *w, struct mln_esprim_session *s,
                                              const char *text)
{
    struct mln_esprim_sent sent = world_seal(w, s, text);
    struct mln_esprim_opened opened = { 0 };
    struct mln_esprim_answer answer = { 0 };
    struct mln_slice object = { 0 };

    assert_int_equal(world_open(w, sent.object, &opened).code, MLN_ERR_NONE);
    assert_true(mln_slice_eq(opened.text, mln_slice_z(text)));
    mln_association_unref(opened.association);
    assert_false(mln_failed(mln_esprim_target_answer(w->target, opened.reply, opened.form,
                                                     opened.text, w->arena, &object)));
    assert_int_equal(mln_esprim_session_open(s, object, w->arena, &answer, NULL).code,
                     MLN_ERR_NONE);
    return answer.text;
}

/* The header of an object, in clear. */
static inline struct mln_slice world_header(struct world *w, struct mln_slice object)
{
    struct mln_slice header = { 0 };

    assert_false(mln_failed(mln_base64url_read(mln_slice_head(object, mln_slice_find(object, '.')),
                                               w->arena, &header)));
    return header;
}

static inline bool world_has(struct mln_slice text, const char *part)
{
    size_t len = strlen(part);

    for (size_t i = 0; i + len <= text.len; i++) {
        if (memcmp(text.ptr + i, part, len) == 0) {
            return true;
        }
    }
    return false;
}
