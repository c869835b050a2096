/* The originator's end of ESPrim. spec: TS-0003 8.4.2, security.md 25.3 to 25.5 */
#include "e2e/session.h"

#include "base/mem.h"
#include "base/timestamp.h"
#include "crypto/kdf.h"
#include "e2e/seen.h"

enum {
    RANDOM = 16, /* bytes of an identifier and of a value */
    RANDOM_TEXT = 1 + 2 * RANDOM,
    DERIVATION_MAX = 2048, /* bytes of both random objects together */
    EARLY_US = 5000000,    /* so much before its end an object is replaced */
    TRIES = 8,
};

/* A receiver object with its own texts. */
struct receiver {
    bool is_there;
    struct mln_e2e_random object;
    char texts[3 * MLN_E2E_RANDOM_TEXT];
};

/* What the standard calls a session: what is derived from one originator object. */
struct generation {
    uint64_t number; /* 0: none */
    struct mln_secret *key;
    enum mln_jose_enc enc;
    struct mln_e2e_random oro;
    char id[RANDOM_TEXT];
    char value[RANDOM_TEXT];
    char expiry[MLN_TIMESTAMP_SIZE];
    char rri[MLN_E2E_RANDOM_TEXT];
    size_t rri_len;
    bool is_confirmed;    /* an answer came: the target knows oro */
    struct mln_seen seen; /* objects of both directions */
};

struct mln_esprim_session {
    struct mln_esprim_session_options options;
    char kid[MLN_ESPRIM_KID_MAX];
    enum mln_jose_enc encs[MLN_JOSE_ENCS];
    struct mln_secret *key;
    unsigned char seen_key[MLN_SIPHASH_KEY];
    struct receiver receiver;
    bool begins_anew; /* with the next request */
    bool is_late;     /* the target finds our objects expired: our clock may be behind */
    struct generation current;
    struct generation previous; /* answers under it may still come */
};

/* ---- life ---- */

static mln_err init(struct mln_esprim_session *s, const struct mln_esprim_session_options *o)
{
    MLN_REQUIRE(mln_esprim_is_kid(o->kid) && o->enc_count && o->enc_count < MLN_JOSE_ENCS, CONFIG);
    s->options = *o;
    memcpy(s->kid, o->kid.ptr, o->kid.len);
    s->options.kid.ptr = s->kid;
    memcpy(s->encs, o->encs, o->enc_count * sizeof *s->encs);
    s->options.encs = s->encs;
    s->key = mln_secret_of(mln_secret_bytes(o->key), mln_secret_len(o->key));
    MLN_REQUIRE(s->key, NO_MEMORY);
    s->options.key = s->key;
    return mln_env_random(o->env, s->seen_key, sizeof s->seen_key);
}

mln_err mln_esprim_session_new(const struct mln_esprim_session_options *options,
                               struct mln_esprim_session **ret)
{
    struct mln_esprim_session *s = mln_calloc(1, sizeof *s);
    mln_err err;

    MLN_REQUIRE(s, NO_MEMORY);
    err = init(s, options);
    if (mln_failed(err)) {
        mln_esprim_session_free(s);
        return err;
    }
    *ret = s;
    return MLN_OK;
}

static void end_generation(struct generation *g)
{
    mln_secret_free(g->key);
    (void)mln_seen_clear(&g->seen);
    *g = (struct generation){ 0 };
}

void mln_esprim_session_free(struct mln_esprim_session *session)
{
    if (session) {
        end_generation(&session->current);
        end_generation(&session->previous);
        mln_secret_free(session->key);
        mln_free(session);
    }
}

/* ---- the receiver's object ---- */

static struct mln_slice keep(char **at, struct mln_slice text)
{
    struct mln_slice copy = { *at, text.len };

    memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return copy;
}

/* The best algorithm that both support; MLN_JOSE_NO_ENC: there is none. */
static enum mln_jose_enc choose(const struct mln_esprim_session *s,
                                const struct mln_e2e_random *receiver)
{
    for (size_t i = 0; i < s->options.enc_count; i++) {
        if (mln_e2e_random_has_enc(receiver, s->encs[i])) {
            return s->encs[i];
        }
    }
    return MLN_JOSE_NO_ENC;
}

bool mln_esprim_session_needs_receiver(const struct mln_esprim_session *session)
{
    return !session->receiver.is_there ||
           session->receiver.object.expires_us <= mln_env_now_us(session->options.env);
}

mln_err mln_esprim_session_receive(struct mln_esprim_session *session,
                                   const struct mln_e2e_random *receiver)
{
    struct receiver *r = &session->receiver;
    char *at = r->texts;

    MLN_REQUIRE(receiver->expires_us > mln_env_now_us(session->options.env), ESPRIM_RECV_RANDOM);
    MLN_REQUIRE(choose(session, receiver) &&
                    mln_e2e_random_has_keygen(receiver, MLN_ESPRIM_HMAC_SHA256),
                ESPRIM_OPTION);
    r->object = *receiver;
    r->object.id = keep(&at, receiver->id);
    r->object.value = keep(&at, receiver->value);
    if (receiver->expiry.len) {
        r->object.expiry = keep(&at, receiver->expiry);
    }
    r->is_there = true;
    session->begins_anew = true;
    return MLN_OK;
}

/* ---- a new originator object ---- */

static mln_err draw_text(const struct mln_env *env, char kind, char out[static RANDOM_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[RANDOM];

    MLN_TRY(mln_env_random(env, bytes, sizeof bytes));
    out[0] = kind;
    for (size_t i = 0; i < RANDOM; i++) {
        out[1 + 2 * i] = digits[bytes[i] >> 4];
        out[2 + 2 * i] = digits[bytes[i] & 15];
    }
    return MLN_OK;
}

/* Not later than the receiver's; in full seconds when it is earlier. */
static int64_t choose_expiry(const struct mln_esprim_session *s)
{
    int64_t most_us = s->receiver.object.expires_us;
    int64_t own_us = (mln_env_now_us(s->options.env) + s->options.life_us) / MLN_US_PER_S + 1;

    own_us *= MLN_US_PER_S;
    return s->options.life_us && !s->is_late && own_us < most_us ? own_us : most_us;
}

static mln_err make_originator(const struct mln_esprim_session *s, struct generation *g)
{
    struct mln_e2e_random *oro = &g->oro;

    MLN_TRY(draw_text(s->options.env, 'O', g->id));
    MLN_TRY(draw_text(s->options.env, 'R', g->value));
    *oro = (struct mln_e2e_random){
        .is_originators = true,
        .expires_us = choose_expiry(s),
        .keygens = { MLN_ESPRIM_HMAC_SHA256 },
        .keygen_count = 1,
    };
    oro->expiry.len = mln_timestamp_put(g->expiry, oro->expires_us);
    for (size_t i = 0; i < s->options.enc_count; i++) {
        if (mln_e2e_random_has_enc(&s->receiver.object, s->encs[i])) {
            oro->algs[oro->alg_count++] = mln_esprim_alg(s->encs[i]);
        }
    }
    return MLN_OK;
}

/* The texts move with the generation. */
static struct mln_e2e_random originator_of(const struct generation *g)
{
    struct mln_e2e_random oro = g->oro;

    oro.id = mln_slice_of(g->id, sizeof g->id);
    oro.value = mln_slice_of(g->value, sizeof g->value);
    oro.expiry.ptr = g->expiry;
    return oro;
}

static mln_err derive_key(const struct mln_esprim_session *s, struct generation *g,
                          struct mln_arena *arena)
{
    struct mln_e2e_random oro = originator_of(g);
    unsigned char key[MLN_ESPRIM_KEY];
    struct mln_slice texts[2] = { 0 };
    const struct mln_e2e_random *objects[2] = { &s->receiver.object, &oro };
    mln_err err;

    for (size_t i = 0; i < 2; i++) {
        struct mln_buf out;

        mln_buf_init(&out, arena, DERIVATION_MAX);
        mln_e2e_random_canonical(objects[i], &out);
        MLN_TRY(mln_buf_finish(&out, &texts[i]));
    }
    err = mln_kdf_session(s->key, texts[0], texts[1], key);
    g->key = mln_failed(err) ? NULL : mln_secret_of(key, sizeof key);
    mln_wipe(key, sizeof key);
    MLN_TRY(err);
    return g->key ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

static mln_err begin_anew(struct mln_esprim_session *s, struct mln_arena *arena)
{
    struct generation g = {
        .number = s->current.number + 1,
        .enc = choose(s, &s->receiver.object),
        .rri_len = s->receiver.object.id.len,
    };

    memcpy(g.rri, s->receiver.object.id.ptr, g.rri_len);
    MLN_TRY(make_originator(s, &g));
    MLN_TRY(derive_key(s, &g, arena));
    end_generation(&s->previous);
    s->previous = s->current;
    s->current = g;
    s->begins_anew = false;
    return MLN_OK;
}

static bool must_begin_anew(const struct mln_esprim_session *s)
{
    const struct generation *g = &s->current;
    int64_t now_us = mln_env_now_us(s->options.env);
    int64_t end_us = g->oro.expires_us;

    return s->begins_anew || !g->number || end_us <= now_us ||
           (end_us < s->receiver.object.expires_us && end_us - EARLY_US <= now_us) ||
           g->seen.count >= s->options.limits->esprim_session_objects;
}

/* ---- sending ---- */

static mln_err draw_iv(struct mln_esprim_session *s, struct generation *g,
                       unsigned char iv[static MLN_AEAD_IV])
{
    bool is_new = false;

    for (size_t i = 0; i < TRIES && !is_new; i++) {
        MLN_TRY(mln_env_random(s->options.env, iv, MLN_AEAD_IV));
        MLN_TRY(mln_seen_add(&g->seen, mln_seen_hash(s->seen_key, iv), &is_new));
    }
    MLN_REQUIRE(is_new, SYSTEM);
    return MLN_OK;
}

mln_err mln_esprim_session_seal(struct mln_esprim_session *session,
                                const struct mln_serialisation *form, struct mln_slice text,
                                struct mln_arena *arena, struct mln_esprim_sent *ret)
{
    struct generation *g = &session->current;
    struct mln_e2e_random oro;
    unsigned char iv[MLN_AEAD_IV];
    struct mln_esprim_draft draft = { .iv = iv };
    struct mln_slice object = { 0 };

    MLN_REQUIRE(!mln_esprim_session_needs_receiver(session), ESPRIM_RECV_RANDOM);
    if (must_begin_anew(session)) {
        MLN_TRY(begin_anew(session, arena));
    }
    MLN_TRY(draw_iv(session, g, iv));
    oro = originator_of(g);
    draft.key = mln_secret_bytes(g->key);
    draft.header = (struct mln_esprim_header){
        .enc = g->enc,
        .kid = session->options.kid,
        .form = form,
        .ori = oro.id,
        .rri = { g->rri, g->rri_len },
        .oro = g->is_confirmed ? NULL : &oro,
    };
    MLN_TRY(mln_esprim_encrypt(&draft, text, arena, &object));
    *ret = (struct mln_esprim_sent){ object, g->number };
    return MLN_OK;
}

bool mln_esprim_session_refused(struct mln_esprim_session *session, uint64_t generation,
                                enum mln_rsc rsc)
{
    bool is_current = generation == session->current.number;

    if (rsc == MLN_RSC_ESPRIM_UNKNOWN_ORIG_RAND_ID) {
        session->is_late |= is_current && !session->current.is_confirmed;
        session->begins_anew |= is_current;
        return true;
    }
    if (rsc == MLN_RSC_ESPRIM_UNKNOWN_RECV_RAND_ID) {
        session->receiver.is_there &= !is_current;
        return true;
    }
    return false;
}

/* ---- receiving ---- */

static struct generation *generation_of(struct mln_esprim_session *s, struct mln_slice ori)
{
    struct generation *all[] = { &s->current, &s->previous };

    for (size_t i = 0; i < 2; i++) {
        if (all[i]->number && mln_slice_eq(ori, mln_slice_of(all[i]->id, sizeof all[i]->id))) {
            return all[i];
        }
    }
    return NULL;
}

/* Is it the header of an answer in that session? */
static mln_err check_header(const struct mln_esprim_session *s, const struct generation *g,
                            const struct mln_esprim_header *h)
{
    MLN_REQUIRE(!h->oro, SYNTAX);
    MLN_REQUIRE(mln_slice_eq(h->kid, s->options.kid), ESPRIM_KEY);
    MLN_REQUIRE(g, ESPRIM_ORIG_RANDOM);
    MLN_REQUIRE(mln_slice_eq(h->rri, mln_slice_of(g->rri, g->rri_len)), ESPRIM_RECV_RANDOM);
    MLN_REQUIRE(h->is_direct && h->enc == g->enc, ESPRIM_OPTION);
    return MLN_OK;
}

/* A receiver object in an answer counts when it lasts longer than the one that is there. One that
 * is of no use is no reason to lose the answer. */
static void refresh(struct mln_esprim_session *s, const struct mln_e2e_random *rro)
{
    if (rro && (!s->receiver.is_there || rro->expires_us > s->receiver.object.expires_us)) {
        mln_ignore(mln_esprim_session_receive(s, rro));
    }
}

mln_err mln_esprim_session_open(struct mln_esprim_session *session, struct mln_slice object,
                                struct mln_arena *arena, struct mln_esprim_answer *ret,
                                struct mln_fault *fault)
{
    struct mln_esprim_object o;
    struct generation *g;
    struct mln_slice text = { 0 };
    bool is_new = false;

    MLN_TRY(mln_esprim_read(object, session->options.limits, mln_env_now_us(session->options.env),
                            arena, &o, fault));
    g = generation_of(session, o.header.ori);
    MLN_TRY(check_header(session, g, &o.header));
    MLN_TRY(mln_esprim_decrypt(&o, mln_secret_bytes(g->key), arena, &text));
    MLN_TRY(mln_seen_add(&g->seen, mln_seen_hash(session->seen_key, o.iv), &is_new));
    MLN_REQUIRE(is_new, REPLAY);
    g->is_confirmed = true;
    refresh(session, o.header.rro);
    *ret = (struct mln_esprim_answer){ text, o.header.form };
    return MLN_OK;
}
