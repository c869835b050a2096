/* Keys for a protected client by certificate: ESCertKE with the target, in two notifications.
 * spec: TS-0003 8.7, TS-0004 7.5.1.2.12, security.md 28 */
#include <stdio.h>

#include "base/mem.h"
#include "base/timestamp.h"
#include "client/protect_int.h"

enum {
    KEY_ARENA = 1 << 20,
    LIFE_S = 86400, /* of a key, unless a certificate ends before */
    EARLY_S = 60,   /* before its end another one is made; of a short life, half-way */
};

/* ---- when ---- */

bool mln_shield_needs_key(const struct mln_shield *shield)
{
    const struct mln_shield_maker *m = &shield->maker;

    return !shield->keyed || (m->tls && mln_env_now_us(mln_env_system()) >= m->renew_us);
}

static int64_t renewal_of(const struct mln_association *a, int64_t now_us)
{
    int64_t half_us = (a->expires_us - now_us) / 2;
    int64_t early_us = MLN_US_PER_S * EARLY_S;

    return a->expires_us - (half_us < early_us ? half_us : early_us);
}

bool mln_shield_forget_key(struct mln_shield *shield, const struct mln_keyed *keyed)
{
    if (!shield->maker.tls) {
        return false;
    }
    if (shield->keyed == keyed) {
        mln_keyed_unref(shield->keyed);
        shield->keyed = NULL;
    }
    return true;
}

/* ---- messages ---- */

static mln_err finish(struct mln_shield *shield, struct mln_fault *fault)
{
    struct mln_shield_maker *m = &shield->maker;
    int64_t now_us = mln_env_now_us(mln_env_system());
    int64_t until_us = now_us + MLN_US_PER_S * LIFE_S;
    struct mln_pair_key key;

    MLN_TRY(mln_escertke_finish(m->run, until_us, fault, &key, m->kid));
    m->kid[MLN_MADE_KID] = '\0';
    mln_secret_free(m->key.key);
    mln_association_unref(m->key.association);
    m->key = key;
    m->renew_us = renewal_of(key.association, now_us);
    return mln_shield_use_key(shield, mln_slice_z(m->kid), key.key);
}

static void on_message(void *data, struct mln_client_result *result);

/* Takes the m2m:securityInfo of an answer, NULL to begin with, and sends what follows, if anything
 * does. */
static mln_err step(struct mln_shield *shield, const struct mln_value *info, bool *ret_is_over,
                    struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(KEY_ARENA);
    struct mln_value *next = arena ? mln_value_new(arena, MLN_V_OBJECT) : NULL;
    struct mln_slice text = { 0 };

    MLN_REQUIRE(next, NO_MEMORY);
    MLN_TRY(mln_escertke_step(shield->maker.run, info, arena, fault, &text));
    if (!text.len) {
        *ret_is_over = true;
        return finish(shield, fault);
    }
    MLN_TRY(mln_value_set(next, MLN_S("sit"), mln_value_int(arena, MLN_SECURITY_ESCERTKE)));
    MLN_TRY(mln_value_set(next, MLN_S("eckm"), mln_value_text(arena, text)));
    *ret_is_over = false;
    return mln_shield_send(shield, next, on_message, arena, fault);
}

/* What the handshake finds wrong is a failure of the protection. */
static mln_err name_failure(const struct mln_shield *shield, mln_err err, struct mln_fault *fault)
{
    struct mln_fault whole = { 0 };

    if (err.code != MLN_ERR_ESCERTKE && err.code != MLN_ERR_LIMIT) {
        return err;
    }
    mln_fault_set(&whole, "%s: no key could be established: %s", shield->target,
                  fault->text[0] ? fault->text : mln_err_text(err));
    *fault = whole;
    MLN_FAIL(PROTECTION);
}

static void end_run(struct mln_shield *shield)
{
    mln_escertke_run_free(shield->maker.run);
    shield->maker.run = NULL;
}

static void on_message(void *data, struct mln_client_result *result)
{
    struct mln_shield *shield = data;
    const struct mln_value *info = NULL;
    struct mln_fault fault = { 0 };
    bool is_over = true;
    mln_err err;

    shield->errand = NULL;
    if (!mln_failed(result->err)) {
        info = mln_value_get(result->response->content, MLN_S("m2m:seci"));
    }
    if (!info) {
        end_run(shield);
        mln_shield_end_without(shield, "a key", result);
        merlon_response_free(result->response);
        return;
    }
    err = name_failure(shield, step(shield, info, &is_over, &fault), &fault);
    if (is_over || mln_failed(err)) {
        int rsc = mln_failed(err) && !merlon_rsc_is_success(result->response->rsc)
                      ? result->response->rsc
                      : 0;

        end_run(shield);
        mln_shield_end(shield, err, rsc, &fault);
    }
    merlon_response_free(result->response);
}

mln_err mln_shield_want_key(struct mln_shield *shield, struct mln_fault *fault)
{
    struct mln_shield_maker *m = &shield->maker;
    struct mln_slice peer = mln_slice_z(m->peer);
    struct mln_tls_target target = { 0 };
    bool is_over;
    mln_err err;

    if (shield->errand) {
        return MLN_OK;
    }
    *(m->is_cse ? &target.cse_id : &target.ae_id) = peer;
    MLN_TRY(mln_escertke_begin(m->tls, &target, fault, &m->run));
    err = step(shield, NULL, &is_over, fault);
    if (mln_failed(err)) {
        end_run(shield);
    }
    return err;
}

/* ---- a key for others ---- */

static mln_err wait_for_key(struct mln_shield *shield, struct mln_shield_wait *wait)
{
    struct merlon_client *carrier = shield->carrier;

    MLN_TRY(mln_client_may_serve(carrier, &wait->result.fault));
    shield->wait = wait;
    MLN_TRY(mln_shield_want_key(shield, &wait->result.fault));
    MLN_TRY(mln_client_serve(carrier, &wait->is_done, false, &wait->result.fault));
    return wait->result.err;
}

static void copy(const struct mln_shield *shield, struct merlon_established *ret)
{
    const struct mln_shield_maker *m = &shield->maker;
    const struct mln_association *a = m->key.association;
    char text[MLN_TIMESTAMP_SIZE];

    memset(ret, 0, sizeof *ret);
    memcpy(ret->key_id, m->kid, sizeof ret->key_id);
    memcpy(ret->key, mln_secret_bytes(m->key.key), sizeof ret->key);
    (void)snprintf(ret->peer, sizeof ret->peer, "%s", m->peer);
    mln_timestamp_format(text, a->expires_us);
    (void)snprintf(ret->expires, sizeof ret->expires, "%.15s", text);
}

enum merlon_status merlon_establish_key(struct merlon_client *carrier, const char *target,
                                        const struct merlon_protection *how,
                                        struct merlon_established *ret, struct merlon_error *error)
{
    struct merlon_client *client = merlon_client_new_protected(carrier, target, how, error);
    struct mln_shield_wait wait = { 0 };
    enum merlon_status status;

    if (!client) {
        return error ? error->status : MERLON_INVALID;
    }
    if (client->shield->maker.tls) {
        wait.result.err = wait_for_key(client->shield, &wait);
    } else {
        mln_fault_set(&wait.result.fault, "a key is established by certificates");
        wait.result.err = MLN_ERROR(PARAM_INVALID);
    }
    status = mln_client_end_call(&wait.result, error);
    if (status == MERLON_OK) {
        copy(client->shield, ret);
    }
    merlon_client_free(client);
    return status;
}
