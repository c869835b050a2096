/* Calls of a protected client: the request as an inner primitive, protected in the session, in a
 * NOTIFY of the carrier; the answer the same way back. spec: TS-0001 11.4.2, security.md 25.4 */
#include <stddef.h>

#include "base/mem.h"
#include "client/protect_int.h"
#include "codec/json.h"
#include "e2e/inner.h"

struct mln_guarded {
    struct mln_client_call call; /* first: it is freed by that */
    struct mln_shield *shield;
    struct mln_guarded *next;
    struct mln_guarded *prev;
    struct mln_arena *arena;
    const struct mln_serialisation *form; /* of the text */
    struct mln_slice text;                /* the inner request */
    struct mln_slice to;
    struct mln_slice rqi;
    struct mln_client_call *outer; /* at the carrier; NULL: waits for a key or receiver object */
    struct mln_keyed *keyed;       /* what it was protected with, and */
    uint64_t generation;           /* which originator object */
    bool is_second;                /* it is tried again */
    struct mln_timer timer;        /* the time-out */
};

/* ---- the end ---- */

static void unlink_call(struct mln_guarded *g)
{
    if (g->prev) {
        g->prev->next = g->next;
    } else {
        g->shield->calls = g->next;
    }
    if (g->next) {
        g->next->prev = g->prev;
    }
}

static void end(struct mln_guarded *g, struct mln_client_result *result)
{
    unlink_call(g);
    mln_loop_cancel_after(g->shield->carrier->loop, &g->timer);
    mln_client_drop(g->outer);
    mln_keyed_unref(g->keyed);
    mln_arena_free(g->arena);
    mln_client_finish(&g->call, result);
}

static void on_timer(struct mln_timer *timer)
{
    struct mln_guarded *g =
        (struct mln_guarded *)((char *)timer - offsetof(struct mln_guarded, timer));
    struct mln_client_result result = { .err = MLN_ERROR(TIMEOUT) };

    mln_fault_set(&result.fault, "%s: no protected answer in time", g->shield->target);
    end(g, &result);
}

/* ---- the answer ---- */

/* An answer to another request of the session could have been put in the place of ours. */
static bool is_ours(const struct mln_guarded *g, const struct mln_value *params)
{
    const struct mln_value *rqi = mln_value_get(params, MLN_S("rqi"));

    return rqi && rqi->kind == MLN_V_TEXT && mln_slice_eq(rqi->text, g->rqi);
}

static mln_err open_object(struct mln_guarded *g, struct mln_slice object,
                           struct merlon_response **ret, struct mln_fault *fault)
{
    struct mln_shield *shield = g->shield;
    struct mln_esprim_answer answer;
    struct mln_value *params = NULL;

    MLN_TRY(mln_esprim_session_open(g->keyed->session, object, g->arena, &answer, fault));
    MLN_TRY(mln_inner_read_response(answer.form, answer.text, &shield->limits, g->arena, &params,
                                    fault));
    if (!is_ours(g, params)) {
        mln_fault_set(fault, "it answers another request");
        MLN_FAIL(PROTECTION);
    }
    return mln_client_read_primitive(params, g->to, ret, fault);
}

/* Whatever is wrong with a protected answer is a failure of the protection. */
static mln_err open_answer(struct mln_guarded *g, const struct merlon_response *outer,
                           struct merlon_response **ret, struct mln_fault *fault)
{
    const struct mln_value *object = mln_shield_answer(outer, MLN_SECURITY_ESPRIM, MLN_S("epo"));
    struct mln_fault told = { 0 };
    mln_err err;

    if (!object || object->kind != MLN_V_TEXT) {
        mln_fault_set(fault, "%s: the answer is not protected", g->shield->target);
        MLN_FAIL(PROTECTION);
    }
    err = open_object(g, object->text, ret, &told);
    if (!mln_failed(err) || err.code == MLN_ERR_NO_MEMORY) {
        return err;
    }
    mln_fault_set(fault, "%s: the protected answer is refused: %s", g->shield->target,
                  told.text[0] ? told.text : mln_err_text(err));
    MLN_FAIL(PROTECTION);
}

static mln_err proceed(struct mln_guarded *g, struct mln_fault *fault);

/* May another try help? */
static bool may_repeat(struct mln_guarded *g, int rsc)
{
    if (rsc == MLN_RSC_ESPRIM_UNKNOWN_KEY_ID) {
        return mln_shield_forget_key(g->shield, g->keyed);
    }
    return mln_esprim_session_refused(g->keyed->session, g->generation, (enum mln_rsc)rsc);
}

/* The target, or a CSE on the way, has said no outside of the protection. *ret_goes_on: the call
 * is tried again. */
static mln_err take_refusal(struct mln_guarded *g, const struct merlon_response *outer,
                            bool *ret_goes_on, struct mln_fault *fault)
{
    struct mln_shield *shield = g->shield;

    if (!g->is_second && may_repeat(g, outer->rsc)) {
        g->is_second = true;
        *ret_goes_on = true;
        return proceed(g, fault);
    }
    mln_fault_set(fault, "%s: the protected request is refused with %d %s: %s", shield->target,
                  outer->rsc, merlon_rsc_name(outer->rsc), outer->debug);
    MLN_FAIL(PROTECTION);
}

static void on_outer(void *data, struct mln_client_result *outer)
{
    struct mln_guarded *g = data;
    struct mln_client_result result = { .err = outer->err };
    bool goes_on = false;

    g->outer = NULL;
    if (mln_failed(outer->err)) {
        result.fault = outer->fault;
    } else if (merlon_rsc_is_success(outer->response->rsc)) {
        result.err = open_answer(g, outer->response, &result.response, &result.fault);
    } else {
        result.err = take_refusal(g, outer->response, &goes_on, &result.fault);
        result.rsc = result.err.code == MLN_ERR_PROTECTION ? outer->response->rsc : 0;
    }
    merlon_response_free(outer->response);
    if (!goes_on || mln_failed(result.err)) {
        end(g, &result);
    }
}

/* ---- the request ---- */

static mln_err send_object(struct mln_guarded *g, struct mln_arena *arena, struct mln_fault *fault)
{
    struct mln_shield *shield = g->shield;
    struct mln_value *info = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_esprim_sent sent;
    struct merlon_request request;

    MLN_REQUIRE(info, NO_MEMORY);
    MLN_TRY(mln_esprim_session_seal(shield->keyed->session, g->form, g->text, arena, &sent));
    mln_keyed_unref(g->keyed);
    g->keyed = shield->keyed;
    g->keyed->uses++;
    g->generation = sent.generation;
    MLN_TRY(mln_value_set(info, MLN_S("sit"), mln_value_int(arena, MLN_SECURITY_ESPRIM)));
    MLN_TRY(mln_value_set(info, MLN_S("epo"), mln_value_text(arena, sent.object)));
    MLN_TRY(mln_shield_request(shield, arena, info, &request));
    return mln_client_start(shield->carrier, &request, on_outer, g, &g->outer, fault);
}

/* Sends the request, or waits for what it needs. */
static mln_err proceed(struct mln_guarded *g, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = NULL;

    if (mln_shield_needs_key(g->shield)) {
        return mln_shield_want_key(g->shield, fault);
    }
    if (mln_esprim_session_needs_receiver(g->shield->keyed->session)) {
        return mln_shield_want_receiver(g->shield, fault);
    }
    arena = mln_arena_new(MLN_CLIENT_ARENA);
    MLN_REQUIRE(arena, NO_MEMORY);
    return send_object(g, arena, fault);
}

void mln_shield_received(struct mln_shield *shield, const struct mln_client_result *why)
{
    struct mln_guarded *next;

    if (shield->wait) {
        shield->wait->result = *why;
        shield->wait->is_done = true;
        mln_loop_stop(shield->carrier->loop);
    }
    for (struct mln_guarded *g = shield->calls; g; g = next) {
        struct mln_client_result result = *why;

        next = g->next;
        if (g->outer) {
            continue;
        }
        if (!mln_failed(result.err)) {
            result.err = proceed(g, &result.fault);
        }
        if (mln_failed(result.err)) {
            end(g, &result);
        }
    }
}

void mln_shield_cut(struct mln_shield *shield)
{
    while (shield->calls) {
        struct mln_client_result result = { .err = MLN_ERROR(CANCELLED) };

        end(shield->calls, &result);
    }
}

/* ---- starting ---- */

/* The inner request as text. */
static mln_err compose(struct mln_guarded *g, const struct merlon_request *request,
                       struct mln_fault *fault)
{
    struct mln_value *params = NULL;
    struct mln_value *content = NULL;

    MLN_TRY(mln_client_complete(g->shield->client, request, g->arena, &params));
    MLN_TRY(mln_inner_stamp(params, mln_env_now_us(mln_env_system()), g->arena));
    if (request->has_body) {
        MLN_TRY(mln_client_read_json(request->body, g->arena, &content, fault));
        MLN_TRY(mln_value_set(params, MLN_S("pc"), content));
    }
    g->form = g->shield->form;
    MLN_TRY(mln_inner_write_request(&g->form, params, g->arena, MLN_CLIENT_BODY, &g->text));
    MLN_REQUIRE(mln_arena_dup(g->arena, mln_value_get(params, MLN_S("to"))->text, &g->to),
                NO_MEMORY);
    MLN_REQUIRE(mln_arena_dup(g->arena, mln_value_get(params, MLN_S("rqi"))->text, &g->rqi),
                NO_MEMORY);
    return MLN_OK;
}

static mln_err begin(struct mln_guarded *g, const struct merlon_request *request,
                     struct mln_fault *fault)
{
    struct mln_shield *shield = g->shield;

    g->arena = mln_arena_new(MLN_CLIENT_ARENA);
    MLN_REQUIRE(g->arena, NO_MEMORY);
    mln_arena_hold_secrets(g->arena);
    MLN_TRY(compose(g, request, fault));
    MLN_TRY(proceed(g, fault));
    g->timer.fire = on_timer;
    mln_loop_after(shield->carrier->loop, &g->timer, shield->client->timeout_us);
    g->next = shield->calls;
    if (g->next) {
        g->next->prev = g;
    }
    shield->calls = g;
    return MLN_OK;
}

mln_err mln_shield_start(struct mln_shield *shield, const struct merlon_request *request,
                         struct mln_client_call **ret, struct mln_fault *fault)
{
    struct mln_guarded *g = mln_calloc(1, sizeof *g);
    mln_err err;

    MLN_REQUIRE(g, NO_MEMORY);
    g->shield = shield;
    err = begin(g, request, fault);
    if (mln_failed(err)) {
        mln_keyed_unref(g->keyed);
        mln_arena_free(g->arena);
        mln_free(g);
        return err;
    }
    *ret = &g->call;
    return MLN_OK;
}
