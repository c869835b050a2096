/* Keys that originators establish with a target by certificates: the terminating end of ESCertKE.
 * spec: TS-0003 8.7, TS-0004 7.5.1.2.12, security.md 28 */
#include "base/mem.h"
#include "base/wildcard.h"
#include "client/target_int.h"
#include "crypto/cred_id.h"

/* ---- making ---- */

static mln_err refuse(struct mln_fault *fault, const char *why)
{
    mln_fault_set(fault, "%s", why);
    MLN_FAIL(PARAM_INVALID);
}

/* What stands in From is completed by the service provider and the CSE of the AE. */
static void take_names(struct mln_target_maker *m)
{
    struct mln_slice id = mln_slice_z(m->cse_id);
    size_t at = 2 + mln_slice_find(mln_slice_from(id, 2), '/');

    m->names.sp_id = mln_slice_head(id, at);
    m->names.cse_id = mln_slice_from(id, at);
}

static mln_err make_context(struct mln_target_maker *m, const struct merlon_target_certificate *how,
                            struct mln_fault *fault)
{
    const struct merlon_credential credential = {
        .certificate_file = how->certificate_file,
        .key_file = how->private_key_file,
        .anchor_file = how->anchor_file,
        .crl_file = how->crl_file,
        .cse_id = how->cse_id,
        .in_cse_id = how->in_cse_id,
    };
    struct mln_tls *tls = NULL;

    MLN_TRY(mln_client_target_tls(&credential, fault, &tls));
    mln_tls_slot_set(m->slot, tls);
    mln_tls_unref(tls);
    return MLN_OK;
}

static mln_err make(struct merlon_target *target, const struct merlon_target_certificate *how,
                    struct mln_fault *fault)
{
    struct mln_target_maker *m = &target->maker;
    struct mln_escertke_options options = { .env = mln_env_system(), .limits = &target->limits };

    m->cse_id = mln_strdup(how->cse_id);
    m->originator = mln_strdup(how->originator ? how->originator : "*");
    MLN_REQUIRE(m->cse_id && m->originator, NO_MEMORY);
    take_names(m);
    MLN_TRY(mln_tls_slot_new(&m->slot));
    MLN_TRY(make_context(m, how, fault));
    MLN_TRY(mln_made_keys_new(options.env, options.limits, m->slot, &m->keys));
    options.slot = m->slot;
    options.keys = m->keys;
    return mln_escertke_new(&options, &m->end);
}

void mln_target_maker_done(struct mln_target_maker *maker)
{
    mln_escertke_free(maker->end);
    mln_made_keys_free(maker->keys);
    mln_tls_slot_free(maker->slot);
    mln_free(maker->cse_id);
    mln_free(maker->originator);
    *maker = (struct mln_target_maker){ 0 };
}

enum merlon_status merlon_target_certify(struct merlon_target *target,
                                         const struct merlon_target_certificate *how,
                                         struct merlon_error *error)
{
    struct mln_fault fault = { 0 };
    mln_err err;

    if (target->maker.end) {
        err = refuse(&fault, "the target has certificates already");
    } else if (!how->cse_id || !mln_cred_is_cse_id(mln_slice_z(how->cse_id))) {
        err = refuse(&fault, "the absolute CSE-ID of the CSE with the AE is needed, such as "
                             "//sp.example/in");
    } else {
        err = make(target, how, &fault);
    }
    if (mln_failed(err) && !target->maker.end) {
        mln_target_maker_done(&target->maker);
    }
    return mln_client_end(err, &fault, error);
}

/* ---- use ---- */

mln_err mln_target_made_key(struct merlon_target *target, struct mln_slice kid, int64_t now_us,
                            struct mln_pair_key *ret)
{
    MLN_REQUIRE(target->maker.end, NOT_FOUND);
    return mln_made_keys_find(target->maker.keys, kid, now_us, ret);
}

bool mln_target_certified(const struct merlon_target *target,
                          const struct mln_association *association, struct mln_slice from)
{
    const struct mln_target_maker *m = &target->maker;
    struct mln_entity entity;

    return m->end && mln_entity_parse(from, &m->names, &entity) &&
           mln_cover_names(association, &entity, &m->names) &&
           mln_wildcard_match(mln_slice_z(m->originator), from, '\0');
}

mln_err mln_target_message(struct merlon_target *target, struct mln_slice text,
                           struct mln_slice from, struct mln_arena *arena, struct mln_fault *fault,
                           struct mln_slice *ret)
{
    struct mln_entity entity;
    const struct mln_escertke_message message = {
        .text = text,
        .from = &entity,
        .names = &target->maker.names,
        .arena = arena,
        .fault = fault,
    };

    *ret = mln_slice_of(NULL, 0);
    MLN_REQUIRE(target->maker.end, NOT_IMPLEMENTED);
    if (!mln_entity_parse(from, &target->maker.names, &entity)) {
        return refuse(fault, "From is no AE-ID and no CSE-ID");
    }
    return mln_escertke_take(target->maker.end, &message, ret);
}
