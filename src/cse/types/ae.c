/* <AE>: registration. spec: TS-0004 7.4.5, TS-0001 10.2.2.2 */
#include "cse/access/admit.h"
#include "cse/access/binding.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/announce.h"
#include "cse/remote/enrol.h"
#include "cse/types/types.h"

static mln_err check_app_id(struct mln_exec *e)
{
    const struct mln_value *api = mln_value_get(e->attributes, MLN_S("api"));
    char first = api && api->text.len ? api->text.ptr[0] : '\0';

    /* spec: TS-0004 7.4.5.2.1: 'r' is tolerated in Release 3 */
    if (api && api->text.len > 1 &&
        (first == 'R' || first == 'N' || (first == 'r' && !e->cse->options.is_release_2))) {
        return MLN_OK;
    }
    mln_fault_set(e->fault, "api: App-ID must begin with R or N");
    MLN_FAIL(ATTR_INVALID);
}

/* An AE that reads none of what can be sent must not believe that it is served.
 * spec: TS-0001 9.6.5 contentSerialization */
static mln_err check_serialisations(struct mln_exec *e)
{
    const struct mln_value *csz = mln_value_get(e->attributes, MLN_S("csz"));

    if (!csz || csz->kind != MLN_V_ARRAY || csz->items.count == 0) {
        return MLN_OK;
    }
    for (const struct mln_value *v = csz->items.first; v; v = v->next) {
        if (mln_cse_serialisation(e->cse, v->text).len) {
            return MLN_OK;
        }
    }
    mln_fault_set(e->fault, "csz: none of these serialisations is implemented");
    MLN_FAIL(NOT_IMPLEMENTED);
}

/* The AE is registered here, as long as there is its <AE>; nobody follows it to other registrars.
 * What says so may be said. spec: TS-0001 9.6.5 registrationStatus, trackRegistrationPoints */
static mln_err check_registration_point(struct mln_exec *e)
{
    enum { ACTIVE = 1 }; /* m2m:AERegistrationStatus. spec: TS-0004 6.3.4.2.57 */
    const struct mln_value *trps = mln_value_get(e->attributes, MLN_S("trps"));
    uint64_t regs = ACTIVE;

    (void)mln_value_u64(mln_value_get(e->attributes, MLN_S("regs")), &regs);
    if (regs != ACTIVE || (trps && trps->kind == MLN_V_BOOL && trps->boolean)) {
        mln_fault_set(e->fault, "%s: registration points are not tracked",
                      regs != ACTIVE ? "regs" : "trps");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

/* What is checked in CREATE and UPDATE alike. */
static mln_err check_values(struct mln_exec *e)
{
    MLN_TRY(check_registration_point(e));
    MLN_TRY(mln_validate_support(e));
    return check_serialisations(e);
}

static mln_err refuse_registered(struct mln_exec *e)
{
    mln_fault_set(e->fault, "this AE-ID is registered already");
    MLN_FAIL(REGISTERED);
}

/* What the credential says of the App-ID. Under a rule the profile has passed already, yet it must
 * not contradict. spec: TS-0001 10.2.2.2, security.md 4.2 */
static mln_err check_credential(struct mln_exec *e, const struct mln_association *a)
{
    const struct mln_value *api = mln_value_get(e->attributes, MLN_S("api"));

    if (a && api && !mln_association_admits_app(a, api->text)) {
        mln_fault_set(e->fault, "the credential is not for this App-ID");
        return mln_admit_refusal(e->cse);
    }
    return MLN_OK;
}

/* The AE-ID of an AE that has gone belongs to its credential, unless another one names this very
 * AE or a rule admits it. */
static mln_err check_owner(struct mln_exec *e, const struct mln_association *a)
{
    struct mln_binding binding;
    mln_err err = mln_binding_get(e->view, e->arena, e->req.fr, &binding);

    if (err.code == MLN_ERR_NOT_FOUND || e->admission.is_by_rule) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (!(binding.credential_id.len || binding.registrar.len) || mln_proof_is_trusted(e->peer) ||
        (a && (mln_slice_eq(a->credential_id, binding.credential_id) ||
               mln_cover_of(a, &e->originator.entity, &e->cse->names) == MLN_COVER_EXACT))) {
        return MLN_OK;
    }
    mln_fault_set(e->fault, "this AE-ID belongs to another credential");
    MLN_FAIL(NOT_AUTHENTICATED);
}

/* An AE-ID of the SP is given by the IN-CSE, which is asked by its registrees only. */
static mln_err check_assigned(struct mln_exec *e, struct mln_slice stem)
{
    if (stem.len && stem.ptr[0] == 'S' && e->cse->options.type != MLN_CSE_TYPE_IN &&
        !mln_enrol_stem(e).len) {
        mln_fault_set(e->fault, "AE-IDs of the SP are assigned by the IN-CSE");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

static mln_err validate_create(struct mln_exec *e)
{
    const struct mln_association *a = mln_proof_of(e->cse, e->peer);
    struct mln_slice from = e->req.fr;
    struct mln_slice stem = e->admission.stem.len ? e->admission.stem : from;

    MLN_TRY(check_credential(e, a));
    MLN_TRY(check_app_id(e));
    MLN_TRY(check_values(e));
    if (!e->cse->options.registrar.cse_id.len) {
        MLN_TRY(check_assigned(e, stem));
    }
    if (mln_admit_assigns(from)) {
        return MLN_OK;
    }
    if (e->originator.is_registered || mln_admit_is_reserved(e->cse, from)) {
        return refuse_registered(e);
    }
    return check_owner(e, a);
}

static mln_err check_unused(struct mln_exec *e, struct mln_slice stem)
{
    struct mln_resource other;
    mln_err err = mln_store_find(e->view, stem, e->arena, &other);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    return refuse_registered(e);
}

/* Without a name the <AE> is called like its AE-ID, unless that name is taken, or is none: a '~'
 * may stand in an AE-ID only. */
static mln_err choose_name(struct mln_exec *e, struct mln_draft *d, struct mln_slice generated)
{
    struct mln_resource other;
    mln_err err;

    if (d->resource.rn.len) {
        return MLN_OK;
    }
    if (!mln_ident_is_name(d->resource.ri)) {
        d->resource.rn = generated;
        return MLN_OK;
    }
    err = mln_store_child(e->view, e->target.resource.id, d->resource.ri, e->arena, &other);
    if (!mln_failed(err)) {
        d->resource.rn = generated;
        return MLN_OK;
    }
    d->resource.rn = d->resource.ri;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* spec: TS-0001 10.2.2.2: resourceID and AE-ID are the stem */
static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_slice stem = e->admission.stem.len ? e->admission.stem : e->req.fr;
    struct mln_slice generated = d->resource.ri;
    struct mln_value *releases;

    if (mln_enrol_stem(e).len) {
        stem = mln_enrol_stem(e);
        d->resource.flags |= MLN_RESOURCE_ANNOUNCED;
    }
    MLN_TRY(check_assigned(e, stem));
    MLN_TRY(check_unused(e, stem));
    d->resource.ri = stem;
    d->resource.cr = stem;
    MLN_TRY(choose_name(e, d, generated));
    MLN_TRY(mln_draft_set(d, MLN_S("aei"), mln_value_text(e->arena, stem)));
    if (mln_value_get(d->attributes, MLN_S("srv"))) {
        return MLN_OK;
    }
    releases = mln_value_new(e->arena, MLN_V_ARRAY);
    MLN_REQUIRE(releases, NO_MEMORY);
    MLN_TRY(mln_value_append(releases, mln_value_text(e->arena, e->req.rvi)));
    return mln_draft_set(d, MLN_S("srv"), releases);
}

/* Remembers the credential and the roles of the rule. */
static mln_err finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    const struct mln_association *a = mln_proof_of(e->cse, e->peer);
    struct mln_binding binding = {
        .credential_id = a ? a->credential_id : (struct mln_slice){ 0 },
        .roles = e->admission.roles,
    };

    struct mln_change c = mln_exec_change(e, d->resource.ct);

    MLN_TRY(mln_binding_keep(e, d->resource.ri, &binding));
    return mln_enrol_stem(e).len ? mln_announce_enrolled(&c, &d->resource) : MLN_OK;
}

/* An AE that says anew where it is reached says it with the credential that it uses now: so it can
 * go over to another one, as when keys are changed. A key for ESPrim is none for connections. spec:
 * security.md 16.3, SEC-MCA-06 */
static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    const struct mln_association *a = mln_proof_of(e->cse, e->peer);
    struct mln_binding binding = { 0 };
    mln_err err;

    if (!a || e->peer->is_end_to_end || !mln_value_get(e->attributes, MLN_S("poa")) ||
        !e->originator.is_registered || !mln_slice_eq(e->originator.text, d->resource.ri)) {
        return MLN_OK;
    }
    err = mln_binding_get(e->view, e->arena, d->resource.ri, &binding);
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    binding.receiver_id = a->credential_id;
    return mln_binding_keep(e, d->resource.ri, &binding);
}

extern const struct mln_type_ops mln_aea_ops;

const struct mln_type_ops mln_ae_ops = {
    .ty = MLN_TY_AE,
    .announced = &mln_aea_ops,
    .operations = MLN_OPS_CRUD | MLN_OPS_NOTIFY,
    .create = { .validate = validate_create, .perform = perform_create, .finish = finish_create },
    .update = { .validate = check_values, .finish = finish_update },
};
