/* Fuzz target of ESPrim as a whole: the input is a sequence of steps of two bytes, what happens and
 * with which object. Two originators and a target exchange objects, which somebody between them
 * keeps, changes, repeats, reorders and turns round; clocks run, keys come and go, the target
 * begins anew.
 *
 * Whatever happens: no object is accepted twice, none that was changed, none by the wrong end, none
 * from before a restart; and the target keeps to its limits. */
#include "base/fuzz_test.h"
#include "base/timestamp.h"
#include "crypto/siphash.h"
#include "e2e/session.h"
#include "e2e/target.h"

enum {
    ARENA_BYTES = 64 << 20,
    ENDS = 2,
    OBJECTS = 64,
    LIFE_S = 100,
    SESSIONS = 5,
    SESSION_OBJECTS = 16,
};

struct object {
    struct mln_slice text;
    bool is_answer;
    size_t from; /* request: which originator; answer: for which */
    uint64_t generation;
    unsigned epoch; /* of the target */
    bool is_accepted;
};

struct play {
    struct mln_env env;
    int64_t now_us;
    uint64_t draws;
    struct mln_limits limits;
    struct mln_arena *arena;
    struct mln_association *association;
    struct mln_esprim_target *target;
    unsigned epoch;
    struct mln_esprim_session *ends[ENDS];
    struct object objects[OBJECTS];
    size_t count;
};

static const unsigned char key[MLN_ESPRIM_KEY] = { 1, 2, 3 };
static const enum mln_jose_enc encs[] = { MLN_JOSE_A128GCM, MLN_JOSE_A256GCM };

/* ---- the world ---- */

static int64_t now(void *data)
{
    return ((const struct play *)data)->now_us;
}

static mln_err draw(void *data, void *out, size_t len)
{
    static const unsigned char seed[MLN_SIPHASH_KEY] = { 1 };
    struct play *p = data;
    unsigned char sum[MLN_SIPHASH_SIZE];

    p->draws++;
    mln_siphash(seed, mln_slice_of((const char *)&p->draws, sizeof p->draws), sum);
    require(len <= sizeof sum);
    memcpy(out, sum, len);
    return MLN_OK;
}

static mln_err find(void *data, struct mln_slice kid, int64_t now_us, struct mln_pair_key *ret)
{
    struct play *p = data;

    (void)now_us;
    MLN_REQUIRE(p->association && mln_slice_eq(kid, MLN_S("k")), NOT_FOUND);
    ret->key = mln_secret_of(key, sizeof key);
    require(ret->key);
    ret->association = mln_association_ref(p->association);
    return MLN_OK;
}

static void add_key(struct play *p)
{
    struct mln_association draft = { .credential_id = MLN_S("13-k"), .expires_us = INT64_MAX };

    require(!mln_failed(mln_association_new(&draft, &p->association)));
}

static void toggle_key(struct play *p)
{
    if (!p->association) {
        add_key(p);
        return;
    }
    mln_association_revoke(p->association);
    mln_association_unref(p->association);
    p->association = NULL;
}

static void begin_target(struct play *p)
{
    struct mln_esprim_target_options options = {
        .env = &p->env,
        .limits = &p->limits,
        .keys = { p, find },
        .is_shared = true,
        .random_us = LIFE_S * MLN_US_PER_S,
        .encs = encs,
        .enc_count = 2,
    };

    mln_esprim_target_free(p->target);
    p->epoch++;
    require(!mln_failed(mln_esprim_target_new(&options, &p->target)));
}

static void begin(struct play *p)
{
    struct mln_secret *pairwise = mln_secret_of(key, sizeof key);
    struct mln_esprim_session_options options = { .env = &p->env,
                                                  .limits = &p->limits,
                                                  .kid = MLN_S("k"),
                                                  .key = pairwise,
                                                  .encs = encs,
                                                  .enc_count = 2 };

    p->env = (struct mln_env){ p, now, draw };
    p->now_us = 1700000000 * MLN_US_PER_S;
    mln_limits_default(&p->limits);
    p->limits.esprim_sessions = SESSIONS;
    p->limits.esprim_session_objects = SESSION_OBJECTS;
    add_key(p);
    begin_target(p);
    for (size_t i = 0; i < ENDS; i++) {
        options.life_us = i ? LIFE_S / 4 * MLN_US_PER_S : 0;
        require(!mln_failed(mln_esprim_session_new(&options, &p->ends[i])));
    }
    mln_secret_free(pairwise);
}

static void end(struct play *p)
{
    for (size_t i = 0; i < ENDS; i++) {
        mln_esprim_session_free(p->ends[i]);
    }
    mln_esprim_target_free(p->target);
    mln_association_unref(p->association);
    mln_arena_free(p->arena);
}

/* ---- steps ---- */

static void keep(struct play *p, struct object o)
{
    o.epoch = p->epoch;
    p->objects[p->count++ % OBJECTS] = o;
}

static struct object *pick(struct play *p, unsigned n)
{
    size_t most = p->count < OBJECTS ? p->count : OBJECTS;

    return most ? &p->objects[n % most] : NULL;
}

static void give_receiver(struct play *p, unsigned n)
{
    struct mln_e2e_random rro;

    require(!mln_failed(n & ENDS ? mln_esprim_target_shared(p->target, p->arena, &rro)
                                 : mln_esprim_target_offer(p->target, p->arena, &rro)));
    require(!mln_failed(mln_esprim_session_receive(p->ends[n % ENDS], &rro)));
}

static void seal(struct play *p, unsigned n)
{
    struct mln_esprim_session *s = p->ends[n % ENDS];
    bool needs = mln_esprim_session_needs_receiver(s);
    struct mln_esprim_sent sent = { 0 };
    mln_err err =
        mln_esprim_session_seal(s, mln_serialisation_at(0), MLN_S("text"), p->arena, &sent);

    require(needs ? err.code == MLN_ERR_ESPRIM_RECV_RANDOM : !mln_failed(err));
    if (!needs) {
        keep(p, (struct object){
                    .text = sent.object, .from = n % ENDS, .generation = sent.generation });
    }
}

/* Any object to the target: also answers. */
static void deliver(struct play *p, unsigned n)
{
    struct object *o = pick(p, n);
    struct mln_esprim_opened opened = { 0 };
    struct mln_slice answer = { 0 };
    mln_err err;

    if (!o) {
        return;
    }
    err = mln_esprim_target_open(p->target, o->text, p->arena, &opened, NULL);
    if (mln_failed(err)) {
        return;
    }
    require(!o->is_answer && !o->is_accepted && o->epoch == p->epoch && p->association);
    require(mln_slice_eq(opened.text, MLN_S("text")));
    o->is_accepted = true;
    mln_association_unref(opened.association);
    if (n & OBJECTS) {
        mln_esprim_reply_free(p->target, opened.reply);
        return;
    }
    require(!mln_failed(mln_esprim_target_answer(p->target, opened.reply, opened.form,
                                                 MLN_S("answer"), p->arena, &answer)));
    keep(p, (struct object){ .text = answer, .is_answer = true, .from = o->from });
}

/* Any object to any originator: also requests. */
static void take(struct play *p, unsigned n)
{
    struct object *o = pick(p, n);
    size_t end_of = n / OBJECTS % ENDS;
    struct mln_esprim_answer answer;

    if (o &&
        !mln_failed(mln_esprim_session_open(p->ends[end_of], o->text, p->arena, &answer, NULL))) {
        require(o->is_answer && !o->is_accepted && o->from == end_of);
        require(mln_slice_eq(answer.text, MLN_S("answer")));
        o->is_accepted = true;
    }
}

/* One bit of a copy is another one. */
static void change(struct play *p, unsigned n)
{
    struct object *o = pick(p, n);
    struct mln_esprim_opened opened = { 0 };
    struct mln_esprim_answer answer;
    struct mln_slice copy = { 0 };

    if (!o) {
        return;
    }
    require(mln_arena_dup(p->arena, o->text, &copy));
    ((char *)(uintptr_t)copy.ptr)[p->draws % copy.len] ^= (char)(1 << n / OBJECTS);
    require(mln_failed(mln_esprim_target_open(p->target, copy, p->arena, &opened, NULL)));
    for (size_t i = 0; i < ENDS; i++) {
        require(mln_failed(mln_esprim_session_open(p->ends[i], copy, p->arena, &answer, NULL)));
    }
    p->draws++;
}

static void refuse(struct play *p, unsigned n)
{
    const struct object *o = pick(p, n);

    if (o && !o->is_answer) {
        (void)mln_esprim_session_refused(p->ends[o->from], o->generation,
                                         n & OBJECTS ? MLN_RSC_ESPRIM_UNKNOWN_ORIG_RAND_ID
                                                     : MLN_RSC_ESPRIM_UNKNOWN_RECV_RAND_ID);
    }
}

static void step(struct play *p, unsigned what, unsigned n)
{
    struct mln_esprim_target_figures figures;

    switch (what % 16) {
    case 0:
        give_receiver(p, n);
        break;
    case 1:
        p->now_us += (int64_t)n * MLN_US_PER_S / 4;
        break;
    case 2:
        p->now_us -= (int64_t)n * MLN_US_PER_S / 16; /* somebody sets the clock back */
        break;
    case 3:
        toggle_key(p);
        break;
    case 4:
        refuse(p, n);
        break;
    case 5:
        change(p, n);
        break;
    case 6:
        if (n == 0) {
            begin_target(p);
        }
        break;
    case 7:
    case 8:
    case 9:
        take(p, n);
        break;
    case 10:
    case 11:
    case 12:
        seal(p, n);
        break;
    default:
        deliver(p, n);
        break;
    }
    mln_esprim_target_look(p->target, &figures);
    require(figures.sessions <= SESSIONS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct play p;

    p = (struct play){ .arena = mln_arena_new(ARENA_BYTES) };
    if (!p.arena) {
        return 0;
    }
    begin(&p);
    for (size_t i = 0; i + 1 < size && i < 2048; i += 2) {
        step(&p, data[i], data[i + 1]);
    }
    end(&p);
    return 0;
}
