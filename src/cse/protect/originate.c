/* Notifications inside ESPrim objects. */
#include "cse/protect/originate.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cse/remote/remote.h"
#include "e2e/endpoint.h"
#include "e2e/inner.h"
#include "e2e/security_info.h"
#include "e2e/session.h"
#include "model/pack.h"

enum { ARENA_MAX = 64 << 20 };

/* An entity, and the session with it. */
struct partner {
    struct mln_worker *worker;
    const struct mln_domain_setting *setting; /* its ID, and the identifier of the key */
    struct mln_entity entity;
    struct mln_esprim_session *session;        /* NULL: none yet, or its key is gone */
    struct mln_association *association;       /* of the key */
    struct mln_sealed *asking;                 /* gets a receiver object */
    struct mln_sealed *waiting;                /* for the same, in their order */
    char receiver_id[MLN_E2E_RANDOM_TEXT + 1]; /* of the last one; "" for none */
    bool is_failing;                           /* the log has told so */
};

struct mln_originating {
    size_t count;
    struct partner partners[];
};

/* A notification on its way. */
struct mln_sealed {
    struct partner *partner;
    struct mln_attempt *attempt; /* what is protected */
    struct mln_sealed *next;     /* who waits, too */
    struct mln_arena *arena;
    const struct mln_serialisation *form; /* of the text */
    struct mln_slice text;                /* the inner request */
    char rqi[MLN_ATTEMPT_RQI];            /* its identifier */
    struct mln_attempt outer;
    uint64_t generation; /* of the originator object it went under */
    bool is_second;      /* it is tried again */
};

/* ---- whose target it is ---- */

static size_t number_of(const struct mln_cse *cse, const struct mln_entity *wanted)
{
    const struct mln_cse_options *o = &cse->options;
    struct mln_entity entity;

    for (size_t i = 0; i < o->esprim_to_count; i++) {
        if (mln_entity_parse(o->esprim_to[i].domain, &cse->names, &entity) &&
            mln_entity_eq(&entity, wanted)) {
            return i + 1;
        }
    }
    return 0;
}

size_t mln_originate_ae(const struct mln_cse *cse, struct mln_slice ae_id)
{
    struct mln_entity entity;

    return cse->options.esprim_to_count && mln_entity_parse(ae_id, &cse->names, &entity)
               ? number_of(cse, &entity)
               : 0;
}

size_t mln_originate_elsewhere(const struct mln_cse *cse, struct mln_slice target)
{
    size_t found = mln_originate_ae(cse, target);
    struct mln_entity host;

    if (found || !cse->options.esprim_to_count || !mln_remote_host(cse, target, &host)) {
        return found;
    }
    return number_of(cse, &host);
}

/* ---- the end ---- */

static struct mln_slice id_of(const struct partner *p)
{
    return p->setting->domain;
}

/* The log tells when it begins to fail, and why. */
static void tell(struct partner *p, const char *why)
{
    mln_log(p->is_failing ? MLN_LOG_DEBUG : MLN_LOG_WARNING, "protect",
            "no notification to %.*s: %s", MLN_S_ARG(id_of(p)), why);
    p->is_failing = true;
}

static void finish(struct mln_sealed *s, const struct mln_outbound_answer *answer)
{
    s->attempt->done(s->attempt, answer);
    mln_arena_free(s->arena);
    mln_free(s);
}

static void fail(struct mln_sealed *s, mln_err err)
{
    struct mln_outbound_answer none = { .err = err };

    finish(s, &none);
}

/* Failed, and the log is told why. */
static mln_err complain(struct mln_sealed *s, const char *what, mln_err err)
{
    struct mln_fault fault = { 0 };

    mln_fault_set(&fault, "%s: %s", what, mln_err_text(err));
    tell(s->partner, fault.text);
    return err.code == MLN_ERR_NO_MEMORY ? err : MLN_ERROR(PROTECTION);
}

/* What somebody said outside of the protection. */
static mln_err refused(struct mln_sealed *s, const char *what,
                       const struct mln_outbound_answer *answer)
{
    struct mln_fault fault = { 0 };

    if (mln_failed(answer->err)) {
        return answer->err;
    }
    mln_fault_set(&fault, "%s: %d", what,
                  answer->has_rsc ? (int)answer->rsc : answer->transport_status);
    tell(s->partner, fault.text);
    return MLN_ERROR(PROTECTION);
}

/* ---- sending ---- */

static void proceed(struct mln_sealed *s);

/* A request to the entity, for the notification or for a receiver object. Nothing of `s` may be
 * looked at after success: `done` may have been called. Errors: TIMEOUT. */
static mln_err send(struct mln_sealed *s, enum mln_op op, struct mln_slice content,
                    const struct mln_value *params,
                    void (*done)(struct mln_attempt *, const struct mln_outbound_answer *))
{
    const struct mln_attempt *a = s->attempt;
    int64_t left_us = a->deadline_us - mln_env_now_us(a->worker->cse->options.env);

    MLN_REQUIRE(left_us > 0, TIMEOUT);
    s->outer = (struct mln_attempt){ .worker = a->worker,
                                     .reach = a->reach,
                                     .op = op,
                                     .fr = a->fr,
                                     .rvi = a->rvi,
                                     .ec = a->ec,
                                     .content = content,
                                     .params = params,
                                     .timeout_us = left_us,
                                     .done = done,
                                     .data = s };
    if (!s->partner->entity.stem.len) {
        struct mln_buf to;

        mln_buf_init(&to, s->arena, SIZE_MAX);
        mln_buf_add(&to, id_of(s->partner));
        mln_buf_add(&to, MLN_S("/-"));
        MLN_TRY(mln_buf_finish(&to, &s->outer.reach.to));
    }
    mln_attempt_start(&s->outer);
    return MLN_OK;
}

/* NOTIFY with m2m:seci {sit, epo}; epo may be empty: then there is none. */
static mln_err notify(struct mln_sealed *s, enum mln_security_info sit, struct mln_slice epo,
                      void (*done)(struct mln_attempt *, const struct mln_outbound_answer *))
{
    struct mln_slice content;
    struct mln_buf out;

    mln_buf_init(&out, s->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:seci"));
    mln_pack_map(&out, epo.len ? 2 : 1);
    mln_pack_text(&out, MLN_S("sit"));
    mln_pack_uint(&out, sit);
    if (epo.len) {
        mln_pack_text(&out, MLN_S("epo"));
        mln_pack_text(&out, epo);
    }
    MLN_TRY(mln_buf_finish(&out, &content));
    return send(s, MLN_OP_NOTIFY, content, NULL, done);
}

static const struct mln_value *element_of(const struct mln_outbound_answer *answer,
                                          enum mln_security_info sit, struct mln_slice name)
{
    const struct mln_value *info = mln_value_get(answer->pc, MLN_S("m2m:seci"));

    return mln_attempt_succeeded(answer) && mln_security_info_type(info) == sit
               ? mln_value_get(info, name)
               : NULL;
}

/* ---- receiver objects ---- */

/* The session takes an object, or finds it too near to its end. */
static mln_err take(struct partner *p, const struct mln_value *object)
{
    struct mln_fault ignored = { 0 };
    struct mln_e2e_random random;

    MLN_REQUIRE(p->session, ESPRIM_KEY); /* it is gone meanwhile */
    MLN_TRY(mln_e2e_random_read(object, false, mln_env_now_us(p->worker->cse->options.env), &random,
                                &ignored));
    MLN_TRY(mln_esprim_session_receive(p->session, &random));
    MLN_REQUIRE(!mln_esprim_session_needs_receiver(p->session), ESPRIM_RECV_RANDOM);
    memcpy(p->receiver_id, random.id.ptr, random.id.len);
    p->receiver_id[random.id.len] = '\0';
    return MLN_OK;
}

/* That of e2eSecInfo, but not one that the session has had: the target has refused it, or it is
 * about to end. spec: TS-0003 8.4.2 B.2c */
static bool takes_shared(struct partner *p, const struct mln_value *esi)
{
    const struct mln_value *esro = mln_value_get(esi, MLN_S("esro"));
    const struct mln_value *id = mln_value_get(esro, MLN_S("esri"));

    return id && id->kind == MLN_V_TEXT && !mln_slice_eq(id->text, mln_slice_z(p->receiver_id)) &&
           !mln_failed(take(p, esro));
}

/* There is a receiver object, or none can be had: all that wait for it go on, or fail. */
static void end_asking(struct partner *p, mln_err err)
{
    struct mln_sealed *next;
    struct mln_sealed *s = p->asking;

    s->next = p->waiting;
    p->asking = NULL;
    p->waiting = NULL;
    for (; s; s = next) {
        next = s->next;
        if (mln_failed(err)) {
            fail(s, err);
        } else {
            proceed(s);
        }
    }
}

static void on_object(struct mln_attempt *outer, const struct mln_outbound_answer *answer)
{
    struct mln_sealed *s = outer->data;
    struct partner *p = s->partner;
    const struct mln_value *object = element_of(answer, MLN_SECURITY_RANDOM_RESPONSE, MLN_S("ero"));
    mln_err err;

    if (object) {
        err = take(p, object);
        err = mln_failed(err) ? complain(s, "its receiver object cannot be used", err) : err;
    } else {
        err = refused(s, "it gives no receiver object", answer);
    }
    end_asking(p, err);
}

/* spec: TS-0004 7.5.1.2.11 */
static void ask(struct mln_sealed *s)
{
    mln_err err = notify(s, MLN_SECURITY_RANDOM_REQUEST, mln_slice_of(NULL, 0), on_object);

    if (mln_failed(err)) {
        end_asking(s->partner, err);
    }
}

/* Who may not read it, or finds no shared object there, asks the target itself. */
static void on_support(struct mln_attempt *outer, const struct mln_outbound_answer *answer)
{
    struct mln_sealed *s = outer->data;
    struct partner *p = s->partner;
    const struct mln_value *root =
        answer->pc && answer->pc->kind == MLN_V_OBJECT ? answer->pc->items.first : NULL;

    if (mln_failed(answer->err)) {
        end_asking(p, answer->err);
    } else if (mln_attempt_succeeded(answer) &&
               takes_shared(p, mln_value_get(root, MLN_S("esi")))) {
        end_asking(p, MLN_OK);
    } else {
        ask(s);
    }
}

static mln_err retrieve_support(struct mln_sealed *s)
{
    struct mln_value *params = mln_value_new(s->arena, MLN_V_OBJECT);
    struct mln_value *names = mln_value_new(s->arena, MLN_V_ARRAY);

    MLN_REQUIRE(params && names, NO_MEMORY);
    MLN_TRY(mln_value_append(names, mln_value_text(s->arena, MLN_S("esi"))));
    MLN_TRY(mln_value_set(params, MLN_S("atrl"), names));
    return send(s, MLN_OP_RETRIEVE, mln_slice_of(NULL, 0), params, on_support);
}

static void join_waiting(struct partner *p, struct mln_sealed *s)
{
    struct mln_sealed **last = &p->waiting;

    while (*last) {
        last = &(*last)->next;
    }
    s->next = NULL;
    *last = s;
}

/* e2eSecInfo first: what an <AE> of this CSE says is at hand. spec: TS-0003 8.4.2 B.2 */
static void want_receiver(struct mln_sealed *s)
{
    struct partner *p = s->partner;
    const struct mln_reach *reach = &s->attempt->reach;
    bool may_look = !s->is_second; /* who has forgotten an object may still say it there */
    struct mln_value *esi = NULL;
    mln_err err;

    if (p->asking) {
        join_waiting(p, s);
        return;
    }
    p->asking = s;
    if (may_look && reach->is_through_cse) {
        err = retrieve_support(s);
        if (mln_failed(err)) {
            end_asking(p, err);
        }
    } else if (may_look && reach->esi.len &&
               !mln_failed(mln_pack_to_value(reach->esi, s->arena, &esi)) && takes_shared(p, esi)) {
        end_asking(p, MLN_OK);
    } else {
        ask(s);
    }
}

/* ---- the notification ---- */

/* An answer to another request of the session could have been put in the place of ours. */
static mln_err open_answer(struct mln_sealed *s, struct mln_slice object,
                           struct mln_outbound_answer *ret)
{
    struct mln_fault ignored = { 0 };
    struct mln_esprim_answer answer;
    struct mln_value *params = NULL;
    uint64_t rsc;

    MLN_TRY(mln_esprim_session_open(s->partner->session, object, s->arena, &answer, &ignored));
    MLN_TRY(mln_inner_read_response(answer.form, answer.text,
                                    s->partner->worker->cse->options.limits, s->arena, &params,
                                    &ignored));
    MLN_REQUIRE(mln_slice_eq(mln_value_get(params, MLN_S("rqi"))->text, mln_slice_z(s->rqi)) &&
                    mln_value_u64(mln_value_get(params, MLN_S("rsc")), &rsc) && rsc < 10000,
                PROTECTION);
    *ret = (struct mln_outbound_answer){ .has_rsc = true,
                                         .rsc = (enum mln_rsc)rsc,
                                         .pc = mln_value_get(params, MLN_S("pc")) };
    return MLN_OK;
}

static void answered(struct mln_attempt *outer, const struct mln_outbound_answer *answer)
{
    struct mln_sealed *s = outer->data;
    struct partner *p = s->partner;
    const struct mln_value *object = element_of(answer, MLN_SECURITY_ESPRIM, MLN_S("epo"));
    struct mln_outbound_answer inner = { 0 };
    mln_err err;

    if (!object || object->kind != MLN_V_TEXT) {
        if (!mln_failed(answer->err) && answer->has_rsc && !s->is_second && p->session &&
            mln_esprim_session_refused(p->session, s->generation, answer->rsc)) {
            s->is_second = true;
            proceed(s);
        } else {
            fail(s, refused(s, "the answer is not protected", answer));
        }
        return;
    }
    err = p->session ? open_answer(s, object->text, &inner) : MLN_ERROR(ESPRIM_KEY);
    if (mln_failed(err)) {
        fail(s, complain(s, "the protected answer is refused", err));
        return;
    }
    if (p->is_failing) {
        mln_log(MLN_LOG_INFO, "protect", "%.*s takes notifications again", MLN_S_ARG(id_of(p)));
        p->is_failing = false;
    }
    finish(s, &inner);
}

static mln_err seal(struct mln_sealed *s)
{
    struct mln_esprim_sent sent;

    MLN_TRY(mln_esprim_session_seal(s->partner->session, s->form, s->text, s->arena, &sent));
    s->generation = sent.generation;
    return notify(s, MLN_SECURITY_ESPRIM, sent.object, answered);
}

/* ---- keys ---- */

static void drop_session(struct partner *p)
{
    mln_esprim_session_free(p->session);
    mln_association_unref(p->association);
    p->session = NULL;
    p->association = NULL;
    p->receiver_id[0] = '\0';
}

static mln_err begin_session(struct partner *p, int64_t now_us, struct mln_fault *fault)
{
    static const enum mln_jose_enc encs[] = { MLN_JOSE_A256GCM, MLN_JOSE_A192GCM,
                                              MLN_JOSE_A128GCM };
    const struct mln_cse *cse = p->worker->cse;
    const struct mln_endpoint_partner wanted = { p->setting->value, &p->entity, &cse->names };
    struct mln_pair_key pair;
    struct mln_esprim_session_options options = {
        .env = cse->options.env,
        .limits = cse->options.limits,
        .kid = p->setting->value,
        .encs = encs,
        .enc_count = sizeof encs / sizeof encs[0],
    };
    mln_err err;

    MLN_TRY(mln_endpoint_key(cse->options.endpoint, &wanted, now_us, &pair, fault));
    options.key = pair.key;
    err = mln_esprim_session_new(&options, &p->session);
    mln_secret_free(pair.key);
    if (mln_failed(err)) {
        mln_association_unref(pair.association);
        return err;
    }
    p->association = pair.association;
    return MLN_OK;
}

/* A key that was removed or changed, or has expired, protects nothing more. */
static mln_err check_session(struct mln_sealed *s)
{
    struct partner *p = s->partner;
    int64_t now_us = mln_env_now_us(p->worker->cse->options.env);
    struct mln_fault fault = { 0 };
    mln_err err;

    if (p->session && mln_association_is_valid(p->association, now_us)) {
        return MLN_OK;
    }
    drop_session(p);
    err = begin_session(p, now_us, &fault);
    if (mln_failed(err) && fault.text[0]) {
        tell(p, fault.text);
        MLN_FAIL(PROTECTION);
    }
    return err;
}

/* Goes as far as it can now. */
static void proceed(struct mln_sealed *s)
{
    mln_err err = check_session(s);

    if (mln_failed(err)) {
        fail(s, err);
    } else if (mln_esprim_session_needs_receiver(s->partner->session)) {
        want_receiver(s);
    } else {
        err = seal(s);
        if (mln_failed(err)) {
            fail(s, err);
        }
    }
}

/* ---- beginning ---- */

static mln_err compose(struct mln_sealed *s)
{
    struct mln_attempt *a = s->attempt;
    struct mln_value *params = mln_value_new(s->arena, MLN_V_OBJECT);
    struct mln_value *content = NULL;

    MLN_REQUIRE(params, NO_MEMORY);
    MLN_TRY(mln_pack_to_value(a->content, s->arena, &content));
    MLN_TRY(mln_value_set(params, MLN_S("op"), mln_value_int(s->arena, MLN_OP_NOTIFY)));
    MLN_TRY(mln_value_set(params, MLN_S("to"), mln_value_text(s->arena, a->reach.to)));
    MLN_TRY(mln_value_set(params, MLN_S("fr"), mln_value_text(s->arena, mln_attempt_sender(a))));
    MLN_TRY(mln_value_set(params, MLN_S("rqi"),
                          mln_value_text(s->arena, mln_attempt_rqi(a->worker, s->rqi))));
    if (a->rvi.len) {
        MLN_TRY(mln_value_set(params, MLN_S("rvi"), mln_value_text(s->arena, a->rvi)));
    }
    MLN_TRY(mln_inner_stamp(params, mln_env_now_us(a->worker->cse->options.env), s->arena));
    MLN_TRY(mln_value_set(params, MLN_S("pc"), content));
    s->form = mln_serialisation_named(a->reach.serialisation);
    MLN_REQUIRE(s->form, NOT_ACCEPTABLE);
    return mln_inner_write_request(&s->form, params, s->arena, SIZE_MAX, &s->text);
}

static mln_err prepare(struct mln_sealed *s)
{
    s->arena = mln_arena_new(ARENA_MAX);
    MLN_REQUIRE(s->arena, NO_MEMORY);
    mln_arena_hold_secrets(s->arena);
    return compose(s);
}

void mln_originate_start(struct mln_attempt *attempt)
{
    struct mln_sealed *s = mln_calloc(1, sizeof *s);
    struct mln_outbound_answer none = { .err = MLN_ERROR(NO_MEMORY) };
    mln_err err;

    if (!s) {
        attempt->done(attempt, &none);
        return;
    }
    s->attempt = attempt;
    s->partner = &attempt->worker->originating->partners[attempt->reach.partner - 1];
    err = prepare(s);
    if (mln_failed(err)) {
        fail(s, err);
    } else {
        proceed(s);
    }
}

/* ---- face ---- */

mln_err mln_originating_new(struct mln_worker *worker, struct mln_originating **ret)
{
    const struct mln_cse_options *o = &worker->cse->options;
    size_t count = o->esprim_to_count;
    struct mln_originating *made;

    *ret = NULL;
    if (!count) {
        return MLN_OK;
    }
    made = mln_calloc(1, sizeof *made + count * sizeof made->partners[0]);
    MLN_REQUIRE(made, NO_MEMORY);
    made->count = count;
    for (size_t i = 0; i < count; i++) {
        struct partner *p = &made->partners[i];

        p->worker = worker;
        p->setting = &o->esprim_to[i];
        if (!mln_entity_parse(p->setting->domain, &worker->cse->names, &p->entity)) {
            mln_free(made);
            MLN_FAIL(CONFIG);
        }
    }
    *ret = made;
    return MLN_OK;
}

void mln_originating_free(struct mln_originating *originating)
{
    for (size_t i = 0; originating && i < originating->count; i++) {
        drop_session(&originating->partners[i]);
    }
    mln_free(originating);
}
