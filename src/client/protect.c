/* Protected clients: how they are made, and what they say to their target outside of the
 * protection. */
#include "base/mem.h"
#include "base/timestamp.h"
#include "client/protect_int.h"
#include "codec/json.h"
#include "crypto/cred_id.h"
#include "crypto/x509.h"

enum { ORIGINATOR_OBJECT_S = 900 };

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
        .arena = arena,
        .op = op,
        .params = params,
        .body = body,
        .has_body = info != NULL,
        .timeout_us = shield->client->timeout_us,
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

static mln_err check_certificate(const struct merlon_protection *how, struct mln_fault *fault)
{
    if (how->key_id || how->key_file) {
        return refuse(fault, "either a key is given, or a certificate to make one with");
    }
    if (!how->private_key_file || !how->anchor_file) {
        return refuse(fault, "a certificate needs its private key, and the anchors of the target");
    }
    if (!how->peer) {
        return refuse(fault, "the certificate of the target must name it: its absolute CSE-ID or "
                             "AE-ID is missing");
    }
    if (!mln_slice_starts(mln_slice_z(how->peer), MLN_S("//"))) {
        mln_fault_set(fault, "'%s' is no absolute CSE-ID or AE-ID, such as //sp.example/in",
                      how->peer);
        MLN_FAIL(PARAM_INVALID);
    }
    return MLN_OK;
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
    if (how->certificate_file) {
        return check_certificate(how, fault);
    }
    if (how->private_key_file || how->anchor_file || how->crl_file) {
        return refuse(fault, "a key needs no certificates: one or the other is given");
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

mln_err mln_shield_use_key(struct mln_shield *shield, struct mln_slice kid,
                           const struct mln_secret *key)
{
    static const enum mln_jose_enc encs[] = { MLN_JOSE_A256GCM, MLN_JOSE_A192GCM,
                                              MLN_JOSE_A128GCM };
    const struct mln_esprim_session_options options = {
        .env = mln_env_system(),
        .limits = &shield->limits,
        .kid = kid,
        .key = key,
        .encs = encs,
        .enc_count = sizeof encs / sizeof *encs,
        /* the target remembers no longer what a short run has sent */
        .life_us = MLN_US_PER_S * ORIGINATOR_OBJECT_S,
    };
    struct mln_keyed *keyed = mln_calloc(1, sizeof *keyed);
    mln_err err = keyed ? mln_esprim_session_new(&options, &keyed->session) : MLN_ERROR(NO_MEMORY);

    if (mln_failed(err)) {
        mln_free(keyed);
        return err;
    }
    mln_keyed_unref(shield->keyed);
    shield->keyed = keyed;
    keyed->uses = 1;
    shield->receiver_id[0] = '\0';
    return MLN_OK;
}

void mln_keyed_unref(struct mln_keyed *keyed)
{
    if (keyed && --keyed->uses == 0) {
        mln_esprim_session_free(keyed->session);
        mln_free(keyed);
    }
}

static mln_err take_key(struct mln_shield *shield, const struct merlon_protection *how,
                        struct mln_fault *fault)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *key = NULL;

    MLN_TRY(mln_client_read_key(how->key_file, fault, &key));
    return mln_shield_use_key(shield, mln_slice_z(how->key_id), key);
}

static mln_err take_certificate(struct mln_shield *shield, const struct merlon_protection *how,
                                struct mln_fault *fault)
{
    struct mln_shield_maker *m = &shield->maker;
    struct merlon_credential credential = {
        .anchor_file = how->anchor_file,
        .certificate_file = how->certificate_file,
        .key_file = how->private_key_file,
        .crl_file = how->crl_file,
    };

    m->is_cse = !mln_cert_is_ae_id(mln_slice_z(how->peer)); /* "//sp/Sx" has both forms */
    if (m->is_cse) {
        credential.cse_id = how->peer;
        credential.in_cse_id = how->in_cse_id;
    }
    m->peer = mln_strdup(how->peer);
    MLN_REQUIRE(m->peer, NO_MEMORY);
    return mln_client_tls(&credential, fault, &m->tls);
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
    return how->certificate_file ? take_certificate(shield, how, fault)
                                 : take_key(shield, how, fault);
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
    mln_keyed_unref(shield->keyed);
    mln_escertke_run_free(shield->maker.run);
    mln_secret_free(shield->maker.key.key);
    mln_association_unref(shield->maker.key.association);
    mln_tls_client_unref(shield->maker.tls);
    mln_free(shield->maker.peer);
    mln_free(shield->target);
    mln_free(shield);
}
