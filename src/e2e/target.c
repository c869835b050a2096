/* The target of ESPrim: opening requests in the order of security.md 25.4, answering them. */
#include "e2e/target.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/timestamp.h"
#include "crypto/kdf.h"
#include "e2e/target_int.h"

enum { TEXT_MAX = 1024 /* bytes of a random object for the derivation */, TRIES = 8 };

static uint8_t bit_of(enum mln_jose_enc enc)
{
    return (uint8_t)(1U << enc);
}

/* ---- life ---- */

static mln_err init(struct mln_esprim_target *t)
{
    const struct mln_esprim_target_options *o = &t->options;

    MLN_REQUIRE(o->random_us > 0, CONFIG);
    for (size_t i = 0; i < o->enc_count; i++) {
        if (!(t->encs & bit_of(o->encs[i]))) {
            t->encs |= bit_of(o->encs[i]);
            t->objects.algs[t->objects.alg_count++] = mln_esprim_alg(o->encs[i]);
        }
    }
    MLN_REQUIRE(t->encs, CONFIG);
    t->options.encs = NULL;
    MLN_TRY(mln_env_random(o->env, t->key, sizeof t->key));
    return mln_env_random(o->env, t->objects.key, sizeof t->objects.key);
}

mln_err mln_esprim_target_new(const struct mln_esprim_target_options *options,
                              struct mln_esprim_target **ret)
{
    struct mln_esprim_target *t = mln_calloc(1, sizeof *t);
    mln_err err;

    MLN_REQUIRE(t, NO_MEMORY);
    t->options = *options;
    err = init(t);
    if (!mln_failed(err) && pthread_mutex_init(&t->lock, NULL) != 0) {
        err = MLN_ERROR(SYSTEM);
    }
    if (mln_failed(err)) {
        mln_free(t);
        return err;
    }
    *ret = t;
    return MLN_OK;
}

void mln_esprim_target_free(struct mln_esprim_target *target)
{
    if (target) {
        mln_esprim_drop_all(target);
        (void)pthread_mutex_destroy(&target->lock);
        mln_wipe(target, sizeof *target);
        mln_free(target);
    }
}

static void lock(struct mln_esprim_target *t)
{
    (void)pthread_mutex_lock(&t->lock);
}

static void unlock(struct mln_esprim_target *t)
{
    (void)pthread_mutex_unlock(&t->lock);
}

/* What has expired must not count again because somebody sets the clock back. */
static int64_t now_of(struct mln_esprim_target *t)
{
    int64_t now_us = mln_env_now_us(t->options.env);
    int64_t latest_us = atomic_load(&t->latest_us);

    while (now_us > latest_us) {
        if (atomic_compare_exchange_weak(&t->latest_us, &latest_us, now_us)) {
            return now_us;
        }
    }
    return latest_us;
}

void mln_esprim_target_look(struct mln_esprim_target *target, struct mln_esprim_target_figures *ret)
{
    lock(target);
    *ret = (struct mln_esprim_target_figures){ target->sessions.count, target->seen_bytes };
    unlock(target);
}

/* ---- receiver objects ---- */

mln_err mln_esprim_target_offer(struct mln_esprim_target *target, struct mln_arena *arena,
                                struct mln_e2e_random *ret)
{
    struct mln_receiver_seed seed;

    MLN_TRY(mln_receiver_seed(target->options.env, false,
                              now_of(target) + target->options.random_us, &seed));
    return mln_receiver_object(&target->objects, &seed, arena, ret);
}

/* Was the receiver object made before `since_us`? In doubt it was: its text has no parts of a
 * second. */
static bool is_older(const struct mln_esprim_target *t, int64_t expires_us, int64_t since_us)
{
    return expires_us - t->options.random_us < since_us;
}

/* Under the lock. */
static mln_err renew_shared(struct mln_esprim_target *t, int64_t now_us)
{
    int64_t life_us = t->options.random_us;
    int64_t expires_us = t->shared.expires_s * MLN_US_PER_S;

    if (t->has_shared && expires_us - now_us > life_us / 2 &&
        !is_older(t, expires_us, t->carried.since_us[0])) {
        return MLN_OK;
    }
    MLN_TRY(mln_receiver_seed(t->options.env, true, now_us + life_us, &t->shared));
    t->has_shared = true;
    return MLN_OK;
}

mln_err mln_esprim_target_shared(struct mln_esprim_target *target, struct mln_arena *arena,
                                 struct mln_e2e_random *ret)
{
    int64_t now_us = now_of(target);
    struct mln_receiver_seed seed;
    mln_err err;

    MLN_REQUIRE(target->options.is_shared, NOT_FOUND);
    lock(target);
    err = renew_shared(target, now_us);
    seed = target->shared;
    unlock(target);
    MLN_TRY(err);
    return mln_receiver_object(&target->objects, &seed, arena, ret);
}

/* ---- opening ---- */

enum found { KNOWN, UNKNOWN, OVER };

struct opening {
    struct mln_esprim_target *target;
    int64_t now_us;
    struct mln_arena *arena;
    struct mln_fault *fault;
    struct mln_esprim_object object;
    enum found found;
    struct mln_esprim_live draft; /* the session, as it is or will be; owns its reference */
};

static const struct mln_esprim_header *header_of(const struct opening *o)
{
    return &o->object.header;
}

static mln_err check_options(const struct opening *o)
{
    const struct mln_esprim_header *h = header_of(o);

    if (h->rro) {
        mln_fault_set(o->fault, "ESPrim object: rro in a request");
        MLN_FAIL(SYNTAX);
    }
    MLN_REQUIRE(h->is_direct && o->target->encs & bit_of(h->enc), ESPRIM_OPTION);
    MLN_REQUIRE(!h->oro || mln_e2e_random_has_keygen(h->oro, MLN_ESPRIM_HMAC_SHA256),
                ESPRIM_OPTION);
    return MLN_OK;
}

/* kid, ori, rri; no two of these triples have the same text. */
static mln_err identify(struct opening *o)
{
    const struct mln_esprim_header *h = header_of(o);
    struct mln_slice parts[] = { h->kid, h->ori, h->rri };
    struct mln_slice text = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, o->arena, TEXT_MAX);
    for (size_t i = 0; i < 3; i++) {
        mln_buf_u64(&out, parts[i].len);
        mln_buf_byte(&out, ' ');
        mln_buf_add(&out, parts[i]);
    }
    MLN_TRY(mln_buf_finish(&out, &text));
    mln_siphash(o->target->key, text, o->draft.link.id);
    return MLN_OK;
}

static void find_session(struct opening *o)
{
    const struct mln_esprim_live *s;

    lock(o->target);
    s = mln_esprim_find(o->target, o->draft.link.id);
    if (!s || s->expires_us <= o->now_us) {
        o->found = UNKNOWN;
    } else if (s->is_over || !mln_association_is_valid(s->association, o->now_us) ||
               is_older(o->target, s->receiver_expires_us,
                        mln_carried_floor(&o->target->carried))) {
        o->found = OVER;
    } else {
        o->found = KNOWN;
        o->draft.association = mln_association_ref(s->association);
        o->draft.encs = s->encs;
        memcpy(o->draft.key, s->key, sizeof s->key);
    }
    unlock(o->target);
}

/* Decision 0050: an expired receiver object is looked for before the originator's. */
static mln_err find_receiver(struct opening *o, struct mln_e2e_random *ret)
{
    struct mln_receiver_seed seed;
    int64_t floor_us;

    MLN_REQUIRE(mln_receiver_find(&o->target->objects, header_of(o)->rri, &seed),
                ESPRIM_RECV_RANDOM);
    MLN_TRY(mln_receiver_object(&o->target->objects, &seed, o->arena, ret));
    lock(o->target);
    floor_us = mln_carried_floor(&o->target->carried);
    unlock(o->target);
    MLN_REQUIRE(ret->expires_us + o->target->options.skew_us > o->now_us &&
                    !is_older(o->target, ret->expires_us, floor_us),
                ESPRIM_RECV_RANDOM);
    o->draft.receiver_expires_us = ret->expires_us;
    return MLN_OK;
}

static mln_err check_originator(struct opening *o, const struct mln_e2e_random *receiver)
{
    const struct mln_e2e_random *oro = header_of(o)->oro;
    int64_t skew_us = o->target->options.skew_us;

    MLN_REQUIRE(oro && mln_slice_eq(oro->id, header_of(o)->ori) &&
                    oro->expires_us <= receiver->expires_us &&
                    oro->expires_us + skew_us > o->now_us,
                ESPRIM_ORIG_RANDOM);
    for (size_t i = 0; i < oro->alg_count; i++) {
        enum mln_jose_enc enc = mln_esprim_enc(oro->algs[i]);

        MLN_REQUIRE(o->target->encs & bit_of(enc), ESPRIM_OPTION);
        o->draft.encs |= bit_of(enc);
    }
    o->draft.expires_us = oro->expires_us + skew_us;
    return MLN_OK;
}

static mln_err derive_key(struct opening *o, const struct mln_secret *pairwise,
                          const struct mln_e2e_random *receiver)
{
    struct mln_slice texts[2] = { 0 };
    const struct mln_e2e_random *objects[2] = { receiver, header_of(o)->oro };

    for (size_t i = 0; i < 2; i++) {
        struct mln_buf out;

        mln_buf_init(&out, o->arena, TEXT_MAX);
        mln_e2e_random_canonical(objects[i], &out);
        MLN_TRY(mln_buf_finish(&out, &texts[i]));
    }
    return mln_kdf_session(pairwise, texts[0], texts[1], o->draft.key);
}

/* What a session would be that this object begins. */
static mln_err propose_session(struct opening *o)
{
    const struct mln_pair_keys *keys = &o->target->options.keys;
    struct mln_pair_key pair = { 0 };
    struct mln_e2e_random receiver;
    mln_err err = keys->find(keys->data, header_of(o)->kid, o->now_us, &pair);

    MLN_REQUIRE(err.code != MLN_ERR_NOT_FOUND, ESPRIM_KEY);
    MLN_TRY(err);
    o->draft.association = pair.association;
    err = find_receiver(o, &receiver);
    if (!mln_failed(err)) {
        err = o->found == OVER ? MLN_ERROR(ESPRIM_ORIG_RANDOM) : check_originator(o, &receiver);
    }
    if (!mln_failed(err)) {
        err = derive_key(o, pair.key, &receiver);
    }
    mln_secret_free(pair.key);
    return err;
}

/* The session that an object under another one announces: its oro is not that of ori. By now the
 * object has proved that it comes from who has the key. spec: TS-0003 8.4.3.2 */
static mln_err propose_next(const struct opening *o, struct opening *next)
{
    const struct mln_e2e_random *oro = header_of(o)->oro;

    if (!oro || mln_slice_eq(oro->id, header_of(o)->ori)) {
        return MLN_OK;
    }
    *next = (struct opening){ .target = o->target,
                              .now_us = o->now_us,
                              .arena = o->arena,
                              .fault = o->fault,
                              .object.header = *header_of(o) };
    next->object.header.ori = oro->id;
    MLN_TRY(identify(next));
    find_session(next);
    return next->found == UNKNOWN ? propose_session(next) : MLN_OK;
}

/* Notes that the object was seen, with its session if that is new. Under the lock. */
static mln_err note(struct opening *o, struct mln_esprim_live **ret)
{
    struct mln_esprim_target *t = o->target;
    struct mln_esprim_live *s = mln_esprim_find(t, o->draft.link.id);

    if (!s && o->found == UNKNOWN) {
        MLN_TRY(mln_esprim_begin(t, &o->draft, &s));
    }
    MLN_REQUIRE(s && s->expires_us > o->now_us, ESPRIM_ORIG_RANDOM);
    MLN_TRY(mln_esprim_note(t, s, o->object.iv));
    *ret = s;
    return MLN_OK;
}

static mln_err begin_next(struct opening *next)
{
    struct mln_esprim_live *s;

    if (!next->target || next->found != UNKNOWN ||
        mln_esprim_find(next->target, next->draft.link.id)) {
        return MLN_OK;
    }
    return mln_esprim_begin(next->target, &next->draft, &s);
}

static mln_err admit(struct opening *o, struct opening *next, struct mln_esprim_live **ret)
{
    mln_err err;

    lock(o->target);
    mln_esprim_expire(o->target, o->now_us);
    err = note(o, ret);
    if (!mln_failed(err)) {
        err = begin_next(next);
    }
    if (!mln_failed(err)) {
        (*ret)->replies++;
    }
    unlock(o->target);
    return err;
}

static void end(struct opening *o)
{
    mln_association_unref(o->draft.association);
    mln_wipe(&o->draft, sizeof o->draft);
}

static mln_err open_next(struct opening *o, struct mln_esprim_live **ret)
{
    struct opening next = { 0 };
    mln_err err = propose_next(o, &next);

    if (!mln_failed(err)) {
        err = admit(o, &next, ret);
    }
    end(&next);
    return err;
}

struct mln_esprim_reply {
    struct mln_esprim_live *session;
    struct mln_esprim_header header; /* of the answer */
};

static mln_err open_object(struct opening *o, struct mln_esprim_opened *ret)
{
    struct mln_esprim_reply *reply = mln_arena_zalloc(o->arena, 1, sizeof *reply);
    const struct mln_esprim_header *h = header_of(o);
    struct mln_slice text = { 0 };

    MLN_REQUIRE(reply, NO_MEMORY);
    MLN_TRY(check_options(o));
    MLN_TRY(identify(o));
    find_session(o);
    if (o->found != KNOWN) {
        MLN_TRY(propose_session(o));
    }
    MLN_REQUIRE(o->draft.encs & bit_of(h->enc), ESPRIM_OPTION);
    MLN_TRY(mln_esprim_decrypt(&o->object, o->draft.key, o->arena, &text));
    MLN_TRY(open_next(o, &reply->session));
    reply->header =
        (struct mln_esprim_header){ .enc = h->enc, .kid = h->kid, .ori = h->ori, .rri = h->rri };
    *ret = (struct mln_esprim_opened){ text, h->form, mln_association_ref(o->draft.association),
                                       reply };
    return MLN_OK;
}

mln_err mln_esprim_target_open(struct mln_esprim_target *target, struct mln_slice object,
                               struct mln_arena *arena, struct mln_esprim_opened *ret,
                               struct mln_fault *fault)
{
    struct opening o = {
        .target = target, .now_us = now_of(target), .arena = arena, .fault = fault
    };
    mln_err err =
        mln_esprim_read(object, target->options.limits, o.now_us, arena, &o.object, fault);

    if (!mln_failed(err)) {
        err = open_object(&o, ret);
    }
    end(&o);
    return err;
}

/* ---- carrying out ---- */

mln_err mln_esprim_target_claim(struct mln_esprim_target *target,
                                const struct mln_esprim_opened *opened,
                                const struct mln_value *params, struct mln_fault *fault)
{
    unsigned char sum[MLN_SIPHASH_SIZE];
    uint64_t hash;
    mln_err err;

    if (!mln_carried_concerns(params)) {
        return MLN_OK;
    }
    mln_siphash(target->key, opened->text, sum);
    memcpy(&hash, sum, sizeof hash);
    lock(target);
    err = is_older(target, opened->reply->session->receiver_expires_us,
                   mln_carried_floor(&target->carried))
              ? MLN_ERROR(ESPRIM_RECV_RANDOM)
              : mln_carried_note(&target->carried, hash ? hash : 1,
                                 target->options.limits->esprim_requests, target->latest_us);
    unlock(target);
    if (err.code == MLN_ERR_REPLAY) {
        mln_fault_set(fault, "the request in it was carried out before");
    }
    return err;
}

/* ---- answering ---- */

/* A nonce that the session has not seen; from now on it has, so that the answer does not pass for a
 * request. A session that is over takes nothing any more. */
static mln_err draw_iv(struct mln_esprim_target *t, struct mln_esprim_live *s,
                       unsigned char iv[static MLN_AEAD_IV])
{
    mln_err err = MLN_ERROR(REPLAY);

    for (size_t i = 0; i < TRIES && err.code == MLN_ERR_REPLAY; i++) {
        MLN_TRY(mln_env_random(t->options.env, iv, MLN_AEAD_IV));
        lock(t);
        err = mln_esprim_note(t, s, iv);
        unlock(t);
    }
    return err.code == MLN_ERR_ESPRIM_ORIG_RANDOM ? MLN_OK : err;
}

/* The receiver object that comes after that of the session; NULL while there is time. */
static mln_err next_receiver(struct mln_esprim_target *t, const struct mln_esprim_live *s,
                             struct mln_arena *arena, const struct mln_e2e_random **ret)
{
    struct mln_e2e_random *next;
    int64_t now_us = now_of(t);
    bool is_early;

    lock(t);
    is_early = s->receiver_expires_us - now_us > t->options.random_us / 2 &&
               !is_older(t, s->receiver_expires_us, t->carried.since_us[0]);
    unlock(t);
    if (is_early) {
        return MLN_OK;
    }
    next = mln_arena_zalloc(arena, 1, sizeof *next);
    MLN_REQUIRE(next, NO_MEMORY);
    *ret = next;
    return t->options.is_shared ? mln_esprim_target_shared(t, arena, next)
                                : mln_esprim_target_offer(t, arena, next);
}

static mln_err answer(struct mln_esprim_target *t, struct mln_esprim_reply *reply,
                      struct mln_slice text, struct mln_arena *arena, struct mln_slice *ret)
{
    unsigned char iv[MLN_AEAD_IV];
    struct mln_esprim_draft draft = { reply->header, reply->session->key, iv };

    MLN_TRY(draw_iv(t, reply->session, iv));
    MLN_TRY(next_receiver(t, reply->session, arena, &draft.header.rro));
    return mln_esprim_encrypt(&draft, text, arena, ret);
}

mln_err mln_esprim_target_answer(struct mln_esprim_target *target, struct mln_esprim_reply *reply,
                                 const struct mln_serialisation *form, struct mln_slice text,
                                 struct mln_arena *arena, struct mln_slice *ret_object)
{
    mln_err err;

    reply->header.form = form;
    err = answer(target, reply, text, arena, ret_object);
    mln_esprim_reply_free(target, reply);
    return mln_failed(err) ? MLN_ERROR(ESPRIM_ENCRYPTION) : MLN_OK;
}

void mln_esprim_reply_free(struct mln_esprim_target *target, struct mln_esprim_reply *reply)
{
    if (reply && reply->session) {
        lock(target);
        mln_esprim_replied(target, reply->session);
        unlock(target);
        reply->session = NULL;
    }
}
