/* Protected clients: how they are made, and what they say to their target outside of the
 * protection. */
#include "base/mem.h"
#include "client/protect_int.h"
#include "codec/json.h"
#include "crypto/cred_id.h"

/* ---- what goes around the objects ---- */

static mln_err write_content(struct mln_value *info, struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_value *root = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_buf out;

    MLN_REQUIRE(root, NO_MEMORY);
    MLN_TRY(mln_value_set(root, MLN_S("m2m:seci"), info));
    mln_buf_init(&out, arena, MLN_CLIENT_BODY);
    mln_json_write_value(&out, root, false);
    return mln_buf_finish(&out, ret);
}

static mln_err set_text(struct mln_value *params, struct mln_slice name, const char *text,
                        struct mln_arena *arena)
{
    return mln_value_set(params, name, mln_value_text(arena, mln_slice_z(text)));
}

mln_err mln_shield_request(const struct mln_shield *shield, struct mln_arena *arena,
                           struct mln_value *info, struct merlon_request *ret)
{
    enum mln_op op = info ? MLN_OP_NOTIFY : MLN_OP_RETRIEVE;
    struct mln_value *params = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_slice body = { 0 };

    MLN_REQUIRE(params, NO_MEMORY);
    MLN_TRY(mln_value_set(params, MLN_S("op"), mln_value_int(arena, op)));
    MLN_TRY(set_text(params, MLN_S("to"), shield->target, arena));
    if (!*shield->carrier->originator) {
        MLN_TRY(set_text(params, MLN_S("fr"), shield->client->originator, arena));
    }
    if (info) {
        MLN_TRY(write_content(info, arena, &body));
    } else {
        struct mln_value *names = mln_value_new(arena, MLN_V_ARRAY);

        MLN_REQUIRE(names, NO_MEMORY);
        MLN_TRY(mln_value_append(names, mln_value_text(arena, MLN_S("esi"))));
        MLN_TRY(mln_value_set(params, MLN_S("atrl"), names));
    }
    *ret = (struct merlon_request){
        .arena = arena, .op = op, .params = params, .body = body, .has_body = info != NULL
    };
    return MLN_OK;
}

const struct mln_value *mln_shield_answer(const struct merlon_response *response,
                                          enum mln_security_info type, struct mln_slice member)
{
    const struct mln_value *info = mln_value_get(response->content, MLN_S("m2m:seci"));
    return mln_security_info_type(info) == type ? mln_value_get(info, member) : NULL;
}

/* ---- making ---- */

static mln_err refuse(struct mln_fault *fault, const char *why)
{
    mln_fault_set(fault, "%s", why);
    MLN_FAIL(PARAM_INVALID);
}

/* What does not go together is told before a file is read. */
static mln_err check(const struct merlon_client *carrier, const char *target,
                     const struct merlon_protection *how, struct mln_fault *fault)
{
    struct mln_key_id key_id;

    if (carrier->carrier) {
        return refuse(fault, "a protected client carries no other one");
    }
    if (!target || !*target) {
        return refuse(fault, "a protected client needs a target");
    }
    if (how->certificate_file || how->private_key_file || how->anchor_file || how->crl_file) {
        return refuse(fault, "keys are not established by certificate yet: give a key");
    }
    if (how->peer) {
        return refuse(fault, "a target proves who it is by certificate, or by having the key");
    }
    if (!how->key_id || !how->key_file) {
        return refuse(fault, "a key and its identifier go together: one of them is missing");
    }
    if (!mln_key_id_parse(mln_slice_z(how->key_id), &key_id)) {
        mln_fault_set(fault, "'%s' is no identifier of a key, such as name@sp.example",
                      how->key_id);
        MLN_FAIL(PARAM_INVALID);
    }
    return MLN_OK;
}

static mln_err choose_form(struct mln_shield *shield, const char *name, struct mln_fault *fault)
{
    shield->form = mln_serialisation_named(mln_slice_z(name ? name : "json"));
    if (!shield->form) {
        mln_fault_set(fault, "'%s' is no serialisation: json, xml, cbor", name);
        MLN_FAIL(PARAM_INVALID);
    }
    return MLN_OK;
}

static mln_err open_session(struct mln_shield *shield, const struct merlon_protection *how,
                            struct mln_fault *fault)
{
    static const enum mln_jose_enc encs[] = { MLN_JOSE_A256GCM, MLN_JOSE_A192GCM,
                                              MLN_JOSE_A128GCM };
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *key = NULL;
    struct mln_esprim_session_options options = {
        .env = mln_env_system(),
        .limits = &shield->limits,
        .kid = mln_slice_z(how->key_id),
        .encs = encs,
        .enc_count = sizeof encs / sizeof *encs,
    };

    MLN_TRY(mln_client_read_key(how->key_file, fault, &key));
    options.key = key;
    return mln_esprim_session_new(&options, &shield->session);
}

static mln_err shield_new(struct merlon_client *client, const char *target,
                          const struct merlon_protection *how, struct mln_fault *fault)
{
    struct mln_shield *shield = mln_calloc(1, sizeof *shield);

    MLN_REQUIRE(shield, NO_MEMORY);
    client->shield = shield;
    shield->client = client;
    shield->carrier = client->carrier;
    mln_client_limits(&shield->limits);
    shield->target = mln_strdup(target);
    MLN_REQUIRE(shield->target, NO_MEMORY);
    MLN_TRY(choose_form(shield, how->serialisation, fault));
    return open_session(shield, how, fault);
}

static mln_err make(struct merlon_client *client, struct merlon_client *carrier, const char *target,
                    const struct merlon_protection *how, struct mln_fault *fault)
{
    MLN_TRY(check(carrier, target, how, fault));
    client->carrier = carrier;
    client->loop = carrier->loop;
    client->timeout_us = carrier->timeout_us;
    client->originator = mln_strdup(carrier->originator);
    client->release = mln_strdup(carrier->release);
    MLN_REQUIRE(client->originator && client->release, NO_MEMORY);
    MLN_TRY(mln_env_random(mln_env_system(), &client->session, sizeof client->session));
    return shield_new(client, target, how, fault);
}

struct merlon_client *merlon_client_new_protected(struct merlon_client *carrier, const char *target,
                                                  const struct merlon_protection *how,
                                                  struct merlon_error *error)
{
    struct merlon_client *client = mln_calloc(1, sizeof *client);
    struct mln_fault fault = { 0 };
    mln_err err = client ? make(client, carrier, target, how, &fault) : MLN_ERROR(NO_MEMORY);

    if (mln_client_end(err, &fault, error) != MERLON_OK) {
        merlon_client_free(client);
        return NULL;
    }
    return client;
}

void mln_shield_free(struct mln_shield *shield)
{
    if (!shield) {
        return;
    }
    mln_shield_cut(shield);
    mln_client_drop(shield->errand);
    mln_esprim_session_free(shield->session);
    mln_free(shield->target);
    mln_free(shield);
}
