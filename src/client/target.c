/* Targets: how they are made, their keys, where they listen, and what they publish. */
#include <stddef.h>

#include "base/mem.h"
#include "base/timestamp.h"
#include "client/target_int.h"
#include "codec/json.h"
#include "crypto/cred_id.h"

enum {
    KEYS_MAX = 10000,
    RANDOM_S = 3600, /* life of a random object; another one is published at half of it */
    SKEW_S = 5,
    RETRY_S = 60,
    PUBLISH_ARENA = 64 << 10,
};

/* ---- keys ---- */

static const struct mln_target_key *key_of(const struct merlon_target *target, struct mln_slice kid)
{
    for (size_t i = 0; i < target->key_count; i++) {
        if (mln_slice_eq(mln_slice_z(target->keys[i].id), kid)) {
            return &target->keys[i];
        }
    }
    return NULL;
}

static mln_err find(void *data, struct mln_slice kid, int64_t now_us, struct mln_pair_key *ret)
{
    struct merlon_target *target = data;
    const struct mln_target_key *key = key_of(target, kid);

    if (!key) {
        return mln_target_made_key(target, kid, now_us, ret);
    }
    ret->key = mln_secret_of(mln_secret_bytes(key->secret), mln_secret_len(key->secret));
    MLN_REQUIRE(ret->key, NO_MEMORY);
    ret->association = mln_association_ref(key->association); /* these do not expire */
    return MLN_OK;
}

static mln_err refuse(struct mln_fault *fault, const char *why)
{
    mln_fault_set(fault, "%s", why);
    MLN_FAIL(PARAM_INVALID);
}

static mln_err take_key(const struct merlon_target_key *from, struct mln_target_key *ret,
                        struct mln_fault *fault)
{
    struct mln_association draft = { .kind = MLN_ASSOCIATION_KEY, .expires_us = INT64_MAX };
    struct mln_key_id parsed;

    if (!from->key_id || !from->key_file || !from->originator || !*from->originator) {
        return refuse(fault, "a key needs an identifier, a file, and the originator who has it");
    }
    if (!mln_key_id_parse(mln_slice_z(from->key_id), &parsed)) {
        mln_fault_set(fault, "'%s' is no identifier of a key, such as name@sp.example",
                      from->key_id);
        MLN_FAIL(PARAM_INVALID);
    }
    draft.credential_id = mln_slice_z(from->key_id);
    ret->id = mln_strdup(from->key_id);
    ret->originator = mln_strdup(from->originator);
    MLN_REQUIRE(ret->id && ret->originator, NO_MEMORY);
    MLN_TRY(mln_association_new(&draft, &ret->association));
    return mln_client_read_key(from->key_file, fault, &ret->secret);
}

static void key_done(struct mln_target_key *key)
{
    mln_secret_free(key->secret);
    mln_association_unref(key->association);
    mln_free(key->id);
    mln_free(key->originator);
}

static mln_err add_key(struct merlon_target *target, const struct merlon_target_key *from,
                       struct mln_fault *fault)
{
    struct mln_target_key *grown;
    struct mln_target_key key = { 0 };
    mln_err err;

    if (target->key_count == KEYS_MAX) {
        return refuse(fault, "too many keys");
    }
    if (key_of(target, mln_slice_z(from->key_id))) {
        mln_fault_set(fault, "the target has a key '%s' already", from->key_id);
        MLN_FAIL(PARAM_INVALID);
    }
    grown = mln_realloc(target->keys, (target->key_count + 1) * sizeof *grown);
    MLN_REQUIRE(grown, NO_MEMORY);
    target->keys = grown;
    err = take_key(from, &key, fault);
    if (mln_failed(err)) {
        key_done(&key);
        return err;
    }
    target->keys[target->key_count++] = key;
    return MLN_OK;
}

enum merlon_status merlon_target_add_key(struct merlon_target *target,
                                         const struct merlon_target_key *key,
                                         struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(add_key(target, key, &fault), &fault, error);
}

/* ---- making ---- */

static mln_err open_engine(struct merlon_target *target)
{
    static const enum mln_jose_enc encs[] = { MLN_JOSE_A256GCM, MLN_JOSE_A192GCM,
                                              MLN_JOSE_A128GCM };
    struct mln_esprim_target_options options = {
        .env = mln_env_system(),
        .limits = &target->limits,
        .keys = { .data = target, .find = find },
        .is_shared = true,
        .random_us = MLN_US_PER_S * RANDOM_S,
        .skew_us = MLN_US_PER_S * SKEW_S,
        .encs = encs,
        .enc_count = sizeof encs / sizeof *encs,
    };

    mln_client_limits(&target->limits);
    return mln_esprim_target_new(&options, &target->engine);
}

static mln_err make(struct merlon_target *target, const char *ae, struct mln_fault *fault)
{
    if (target->client->carrier) {
        return refuse(fault, "a target needs a client that is not protected");
    }
    if (!ae || !*ae) {
        return refuse(fault, "a target needs the address of its AE");
    }
    target->ae = mln_strdup(ae);
    MLN_REQUIRE(target->ae, NO_MEMORY);
    return open_engine(target);
}

struct merlon_target *merlon_target_new(struct merlon_client *client, const char *ae,
                                        merlon_handle *handle, void *data,
                                        struct merlon_error *error)
{
    struct merlon_target *target = mln_calloc(1, sizeof *target);
    struct mln_fault fault = { 0 };
    mln_err err = MLN_ERROR(NO_MEMORY);

    if (target) {
        target->client = client;
        target->handle = handle;
        target->data = data;
        err = make(target, ae, &fault);
    }
    if (mln_client_end(err, &fault, error) != MERLON_OK) {
        merlon_target_free(target);
        return NULL;
    }
    return target;
}

void merlon_target_free(struct merlon_target *target)
{
    if (!target) {
        return;
    }
    if (target->receiver) {
        target->receiver->target = NULL;
    }
    mln_target_poll_end(target);
    mln_client_drop(target->update);
    mln_loop_cancel_after(target->client->loop, &target->renewal);
    mln_esprim_target_free(target->engine);
    mln_target_maker_done(&target->maker);
    for (size_t i = 0; i < target->key_count; i++) {
        key_done(&target->keys[i]);
    }
    mln_free(target->keys);
    mln_free(target->ae);
    mln_free(target);
}

/* ---- the receiver ---- */

void merlon_target_receive(struct merlon_target *target, struct merlon_receiver *receiver)
{
    mln_target_leave(receiver->target);
    if (target->receiver) {
        target->receiver->target = NULL;
    }
    target->receiver = receiver;
    receiver->target = target;
}

void mln_target_leave(struct merlon_target *target)
{
    if (target) {
        target->receiver = NULL;
    }
}

/* ---- what it publishes ---- */

/* {"m2m:ae":{"esi":{…}}}. spec: TS-0004 6.3.5.49; ESPrim by a provisioned key is 13, by
 * certificate 43 */
static mln_err write_info(struct merlon_target *target, struct mln_arena *arena,
                          struct mln_slice *ret)
{
    const char *features = !target->maker.end ? "13" : target->key_count ? "13,43" : "43";
    struct mln_e2e_random random;
    struct mln_buf out;

    MLN_TRY(mln_esprim_target_shared(target->engine, arena, &random));
    mln_buf_init(&out, arena, PUBLISH_ARENA);
    mln_buf_printf(&out, "{\"m2m:ae\":{\"esi\":{\"esf\":[%s],\"esro\":", features);
    mln_e2e_random_canonical(&random, &out);
    mln_buf_add(&out, MLN_S("}}}"));
    return mln_buf_finish(&out, ret);
}

/* The UPDATE, made in the arena. */
static mln_err write_update(struct merlon_target *target, struct mln_arena *arena,
                            struct merlon_request *ret)
{
    struct mln_value *params = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_slice body = { 0 };

    MLN_REQUIRE(params, NO_MEMORY);
    MLN_TRY(mln_value_set(params, MLN_S("op"), mln_value_int(arena, MLN_OP_UPDATE)));
    MLN_TRY(mln_value_set(params, MLN_S("to"), mln_value_text(arena, mln_slice_z(target->ae))));
    MLN_TRY(mln_value_set(params, MLN_S("rcn"), mln_value_int(arena, MLN_RCN_NOTHING)));
    MLN_TRY(write_info(target, arena, &body));
    *ret = (struct merlon_request){
        .arena = arena, .op = MLN_OP_UPDATE, .params = params, .body = body, .has_body = true
    };
    return MLN_OK;
}

static void on_renewal(struct mln_timer *timer);

static void renew_after(struct merlon_target *target, int64_t seconds)
{
    target->renewal.fire = on_renewal;
    mln_loop_after(target->client->loop, &target->renewal, MLN_US_PER_S * seconds);
}

static void on_updated(void *data, struct mln_client_result *result)
{
    struct merlon_target *target = data;
    bool is_done = !mln_failed(result->err) && merlon_rsc_is_success(result->response->rsc);

    target->update = NULL;
    merlon_response_free(result->response);
    if (result->err.code != MLN_ERR_CANCELLED) {
        renew_after(target, is_done ? RANDOM_S / 2 : RETRY_S);
    }
}

static void on_renewal(struct mln_timer *timer)
{
    struct merlon_target *target =
        (struct merlon_target *)((char *)timer - offsetof(struct merlon_target, renewal));
    struct mln_arena *arena = mln_arena_new(PUBLISH_ARENA);
    struct merlon_request request;
    struct mln_fault fault = { 0 };
    mln_err err = arena ? write_update(target, arena, &request) : MLN_ERROR(NO_MEMORY);

    if (!mln_failed(err)) {
        err =
            mln_client_start(target->client, &request, on_updated, target, &target->update, &fault);
    }
    if (mln_failed(err)) {
        renew_after(target, RETRY_S);
    }
    mln_arena_free(arena);
}

enum merlon_status merlon_target_publish(struct merlon_target *target, struct merlon_error *error)
{
    struct mln_arena *arena = mln_arena_new(PUBLISH_ARENA);
    struct merlon_response *response = NULL;
    struct merlon_request request;
    struct mln_fault fault = { 0 };
    mln_err err = !arena ? MLN_ERROR(NO_MEMORY)
                  : !target->key_count && !target->maker.end
                      ? refuse(&fault, "a target needs a key, or certificates")
                      : write_update(target, arena, &request);
    enum merlon_status status = mln_client_end(err, &fault, error);

    if (status == MERLON_OK) {
        status = merlon_send(target->client, &request, &response, error);
    }
    if (status == MERLON_OK) {
        status = merlon_response_check(response, error);
    }
    if (status == MERLON_OK) {
        renew_after(target, RANDOM_S / 2);
    }
    merlon_response_free(response);
    mln_arena_free(arena);
    return status;
}
