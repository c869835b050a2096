/* Receiver objects for a protected client: first what the target's e2eSecInfo says, which is
 * retrieved each time, because the target renews the object there; then, when it has none that is
 * of use, a NOTIFY that asks for one. spec: TS-0003 8.4.2, security.md 25.3 */
#include <stdio.h>

#include "client/protect_int.h"

enum { ERRAND_ARENA = 64 << 10 };

/* ---- the end ---- */

void mln_shield_end(struct mln_shield *shield, mln_err err, int rsc, const struct mln_fault *fault)
{
    struct mln_client_result why = { .err = err, .rsc = rsc, .fault = *fault };

    mln_shield_received(shield, &why);
}

void mln_shield_end_without(struct mln_shield *shield, const char *what,
                            const struct mln_client_result *result)
{
    struct mln_fault fault = { 0 };
    int rsc = mln_failed(result->err) ? 0 : result->response->rsc;

    if (rsc) {
        mln_fault_set(&fault, "%s of %s: %d %s: %s", what, shield->target, rsc,
                      merlon_rsc_name(rsc), result->response->debug);
        mln_shield_end(shield, MLN_ERROR(PROTECTION), rsc, &fault);
    } else {
        mln_shield_end(shield, result->err, 0, &result->fault);
    }
}

/* The session takes an object, or finds it too near to its end. Errors: those of reading and of
 * mln_esprim_session_receive. */
static mln_err take(struct mln_shield *shield, const struct mln_value *object,
                    struct mln_fault *fault)
{
    struct mln_e2e_random random;
    int64_t now_us = mln_env_now_us(mln_env_system());

    MLN_TRY(mln_e2e_random_read(object, false, now_us, &random, fault));
    MLN_TRY(mln_esprim_session_receive(shield->keyed->session, &random));
    MLN_REQUIRE(!mln_esprim_session_needs_receiver(shield->keyed->session), ESPRIM_RECV_RANDOM);
    (void)snprintf(shield->receiver_id, sizeof shield->receiver_id, "%.*s", MLN_S_ARG(random.id));
    return MLN_OK;
}

/* ---- asking for an object ---- */

static void on_object(void *data, struct mln_client_result *result)
{
    struct mln_shield *shield = data;
    struct mln_fault fault = { 0 };
    const struct mln_value *object;
    mln_err err;

    shield->errand = NULL;
    if (mln_failed(result->err) || !merlon_rsc_is_success(result->response->rsc)) {
        mln_shield_end_without(shield, "a receiver object", result);
        merlon_response_free(result->response);
        return;
    }
    object = mln_shield_answer(result->response, MLN_SECURITY_RANDOM_RESPONSE, MLN_S("ero"));
    err = object ? take(shield, object, &fault) : MLN_ERROR(PROTECTION);
    if (mln_failed(err) && err.code != MLN_ERR_NO_MEMORY) {
        struct mln_fault whole = { 0 };

        mln_fault_set(&whole, "%s sent no receiver object that can be used: %s", shield->target,
                      fault.text[0] ? fault.text : mln_err_text(err));
        fault = whole;
        err = MLN_ERROR(PROTECTION);
    }
    merlon_response_free(result->response);
    mln_shield_end(shield, err, 0, &fault);
}

mln_err mln_shield_send(struct mln_shield *shield, struct mln_value *info, mln_client_done *done,
                        struct mln_arena *arena, struct mln_fault *fault)
{
    struct merlon_request request;

    MLN_TRY(mln_shield_request(shield, arena, info, &request));
    return mln_client_start(shield->carrier, &request, done, shield, &shield->errand, fault);
}

/* spec: TS-0004 7.5.1.2.11 */
static mln_err ask(struct mln_shield *shield, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(ERRAND_ARENA);
    struct mln_value *info = arena ? mln_value_new(arena, MLN_V_OBJECT) : NULL;

    MLN_REQUIRE(info, NO_MEMORY);
    MLN_TRY(mln_value_set(info, MLN_S("sit"), mln_value_int(arena, MLN_SECURITY_RANDOM_REQUEST)));
    return mln_shield_send(shield, info, on_object, arena, fault);
}

/* ---- e2eSecInfo ---- */

/* Is ESPrim among the features? spec: TS-0004 6.3.4.2.39, security.md 13.4 */
static bool has_esprim(const struct mln_value *esi)
{
    const struct mln_value *features = mln_value_get(esi, MLN_S("esf"));
    uint64_t suid;

    for (const struct mln_value *v =
             features && features->kind == MLN_V_ARRAY ? features->items.first : NULL;
         v; v = v->next) {
        if (mln_value_u64(v, &suid) && suid <= UINT16_MAX &&
            mln_suid_permits((unsigned)suid, MLN_USE_ESPRIM)) {
            return true;
        }
    }
    return false;
}

/* One that counts, and not the one that the session has had: the target has refused it, or it is
 * about to end. */
static mln_err take_shared(struct mln_shield *shield, const struct mln_value *esro)
{
    const struct mln_value *id = mln_value_get(esro, MLN_S("esri"));
    struct mln_fault ignored = { 0 };

    if (!id || id->kind != MLN_V_TEXT || mln_slice_eq(id->text, mln_slice_z(shield->receiver_id))) {
        MLN_FAIL(ESPRIM_RECV_RANDOM);
    }
    return take(shield, esro, &ignored);
}

/* Goes on with what e2eSecInfo says. *ret_is_over: no NOTIFY is under way. */
static mln_err use(struct mln_shield *shield, const struct mln_value *esi, bool *ret_is_over,
                   struct mln_fault *fault)
{
    const struct mln_value *esro = mln_value_get(esi, MLN_S("esro"));
    mln_err err = MLN_ERROR(ESPRIM_RECV_RANDOM);

    *ret_is_over = true;
    if (!has_esprim(esi)) {
        mln_fault_set(fault, "%s takes no protected requests: its e2eSecInfo %s", shield->target,
                      esi ? "names no ESPrim" : "is absent");
        MLN_FAIL(PROTECTION);
    }
    if (esro) {
        err = take_shared(shield, esro);
    }
    if (!mln_failed(err) || err.code == MLN_ERR_NO_MEMORY) {
        return err;
    }
    MLN_TRY(ask(shield, fault));
    *ret_is_over = false;
    return MLN_OK;
}

static void on_info(void *data, struct mln_client_result *result)
{
    struct mln_shield *shield = data;
    struct mln_fault fault = { 0 };
    const struct merlon_json *esi;
    bool is_over = true;
    mln_err err;

    shield->errand = NULL;
    if (mln_failed(result->err) || !merlon_rsc_is_success(result->response->rsc)) {
        mln_shield_end_without(shield, "e2eSecInfo", result);
        merlon_response_free(result->response);
        return;
    }
    esi = merlon_response_attribute(result->response, "esi");
    err = use(shield, esi ? &esi->value : NULL, &is_over, &fault);
    merlon_response_free(result->response);
    if (is_over || mln_failed(err)) {
        mln_shield_end(shield, err, 0, &fault);
    }
}

mln_err mln_shield_want_receiver(struct mln_shield *shield, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = NULL;

    if (shield->errand) {
        return MLN_OK;
    }
    arena = mln_arena_new(ERRAND_ARENA);
    MLN_REQUIRE(arena, NO_MEMORY);
    return mln_shield_send(shield, NULL, on_info, arena, fault);
}
