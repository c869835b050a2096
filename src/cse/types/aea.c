/* <AEAnnc>, also where it registers an AE of another CSE with us, the IN-CSE: then its resourceID
 * is the AE-ID-Stem, its link says where the AE is, or INACTIVE when it is not registered.
 *
 * The registrar says in From that it is such a one: "/mn/Sxyz", or "/mn/S" when we are to choose.
 * Whose the AE-ID is outlives the resource: access/binding.h. Decision 0042 has the readings.
 * spec: TS-0001 10.2.2.2; TS-0004 7.4.5.2.1, 7.4.5.2.4 */
#include "base/timestamp.h"
#include "cse/access/admit.h"
#include "cse/access/binding.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/remote.h"
#include "cse/types/annc.h"

#define INACTIVE MLN_S("INACTIVE")
#define LABEL    MLN_S("Credential-ID:")

static const int64_t INACTIVE_US = INT64_C(30) * 24 * 3600 * MLN_US_PER_S; /* so long it is kept */

/* ---- what is said ---- */

static struct mln_slice text_of(const struct mln_exec *e, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(mln_exec_attributes(&e->req), name);

    return v && v->kind == MLN_V_TEXT ? v->text : (struct mln_slice){ 0 };
}

/* Does From register an AE, and which? */
static bool is_claim(const struct mln_exec *e, struct mln_slice *ret_stem)
{
    bool is_new = e->req.op == MLN_OP_CREATE;
    bool is_back = e->req.op == MLN_OP_UPDATE && !mln_slice_eq(text_of(e, MLN_S("lnk")), INACTIVE);
    struct mln_slice cse_id;

    return (is_new || is_back) &&
           mln_ident_is_registration(e->req.fr, &e->cse->names, &cse_id, ret_stem);
}

/* Empty without one: the AE registered without a security association. */
static struct mln_slice credential_of(const struct mln_exec *e)
{
    const struct mln_value *list = mln_value_get(e->attributes, MLN_S("lbl"));
    const struct mln_value *v = list && list->kind == MLN_V_ARRAY ? list->items.first : NULL;

    while (v && !mln_slice_starts(v->text, LABEL)) {
        v = v->next;
    }
    return v ? mln_slice_from(v->text, LABEL.len) : (struct mln_slice){ 0 };
}

static struct mln_slice link_of(const struct mln_resource *r)
{
    struct mln_slice link;

    return mln_pack_find_text(r->attrs, MLN_S("lnk"), &link) ? link : (struct mln_slice){ 0 };
}

static mln_err refuse(struct mln_exec *e, const char *why)
{
    mln_fault_set(e->fault, "%s", why);
    MLN_FAIL(ATTR_INVALID);
}

/* spec: TS-0004 7.4.5.2.1: the <AE>, which does not exist yet */
static mln_err check_link(struct mln_exec *e, struct mln_slice stem)
{
    struct mln_slice cse_id;
    struct mln_slice named;
    struct mln_slice link = text_of(e, MLN_S("lnk"));

    if (!mln_annc_hosts(e, link) ||
        !mln_ident_is_registration(link, &e->cse->names, &cse_id, &named) ||
        !mln_slice_eq(named, stem)) {
        return refuse(e, "lnk: must name the AE of From at its registrar");
    }
    return MLN_OK;
}

/* ---- who may have it ---- */

static mln_err refuse_registered(struct mln_exec *e)
{
    mln_fault_set(e->fault, "this AE-ID is registered already");
    MLN_FAIL(REGISTERED);
}

/* "/Sxyz" may be the CSE-ID of another. */
static mln_err check_no_cse(struct mln_exec *e, struct mln_slice stem)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_remote way;
    mln_err err = mln_remote_find_namesake(&l, stem, &way);

    return !mln_failed(err) ? refuse_registered(e) : err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* An AE that is registered elsewhere stays so while its registrar does. */
static mln_err check_free(struct mln_exec *e, struct mln_slice stem)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource other;
    struct mln_remote way;
    struct mln_entity host;
    mln_err err = mln_store_find(e->view, stem, e->arena, &other);

    if (mln_admit_is_reserved(e->cse, stem)) {
        return refuse_registered(e);
    }
    if (err.code == MLN_ERR_NOT_FOUND) {
        return check_no_cse(e, stem);
    }
    MLN_TRY(err);
    if (e->req.op == MLN_OP_CREATE || !mln_remote_is_ae(e->cse, &other)) {
        return refuse_registered(e);
    }
    if (!mln_remote_host(e->cse, link_of(&other), &host) ||
        mln_entity_eq(&host, &e->originator.entity)) {
        return MLN_OK;
    }
    err = mln_remote_find(&l, &host, &way);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    return refuse_registered(e);
}

/* It belongs to the registrar that had it last, to its credential, and to whom a rule admits. */
static mln_err check_owner(struct mln_exec *e, struct mln_slice stem, struct mln_slice credential)
{
    struct mln_binding binding;
    struct mln_entity last;
    mln_err err = mln_binding_get(e->view, e->arena, stem, &binding);

    if (err.code == MLN_ERR_NOT_FOUND || e->admission.is_by_rule) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if ((binding.registrar.len && mln_entity_parse_cse(binding.registrar, &e->cse->names, &last) &&
         mln_entity_eq(&last, &e->originator.entity)) ||
        (credential.len && mln_slice_eq(credential, binding.credential_id)) ||
        !(binding.registrar.len || binding.credential_id.len)) {
        return MLN_OK;
    }
    mln_fault_set(e->fault, "this AE-ID belongs to another credential");
    MLN_FAIL(NOT_AUTHENTICATED);
}

/* Others would only keep AE-IDs from those that need them: nobody leads to their AEs. */
static mln_err check_registrar(struct mln_exec *e)
{
    const struct mln_entity *registrar = &e->originator.entity;
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_remote way;
    mln_err err = MLN_ERROR(NOT_FOUND);

    if (mln_entity_is_at_home(registrar, &e->cse->names)) {
        err = mln_remote_find(&l, registrar, &way);
    }
    if (err.code == MLN_ERR_NOT_FOUND) {
        mln_fault_set(e->fault, "a CSE that is not registered here registers no AE");
        MLN_FAIL(NO_PRIVILEGE);
    }
    return err;
}

/* spec: TS-0001 10.2.2.2 steps 006a, 006b */
static mln_err check_claim(struct mln_exec *e, struct mln_slice stem, struct mln_slice app_id)
{
    struct mln_registration in = { .cse = e->cse,
                                   .view = e->view,
                                   .arena = e->arena,
                                   .from = stem,
                                   .app_id = app_id,
                                   .registrar = &e->originator.entity,
                                   .credential_id = credential_of(e),
                                   .fault = e->fault };

    MLN_TRY(check_registrar(e));
    MLN_TRY(check_link(e, stem));
    MLN_TRY(mln_admit(&in, &e->admission));
    if (mln_admit_assigns(stem)) {
        return MLN_OK;
    }
    if (!mln_ident_is_stem(stem) || stem.len > e->cse->options.limits->identifier_bytes) {
        return refuse(e, "From: no AE-ID-Stem");
    }
    MLN_TRY(check_free(e, stem));
    return check_owner(e, stem, in.credential_id);
}

/* ---- hooks ---- */

/* Who registers an AE is asked for no policy: what it may is looked at below. */
static mln_err decide(struct mln_exec *e, enum mln_verdict *ret)
{
    struct mln_slice stem;
    bool is_new = e->req.op == MLN_OP_CREATE;

    if (is_claim(e, &stem) && (is_new || mln_remote_is_ae(e->cse, &e->target.resource))) {
        *ret = MLN_VERDICT_PERMIT;
        return MLN_OK;
    }
    return mln_annc_ops.decide(e, ret);
}

static mln_err validate_create(struct mln_exec *e)
{
    struct mln_slice app_id = text_of(e, MLN_S("api"));
    bool is_base = e->target.resource.id == e->cse->base_id;
    struct mln_slice stem;

    if (is_claim(e, &stem) != is_base) { /* copies like others have their place below a copy */
        mln_fault_set(e->fault, "<AEAnnc> stands below the CSEBase when it registers an AE");
        MLN_FAIL(CHILD_TYPE);
    }
    if (!is_base) {
        return mln_annc_ops.create.validate(e);
    }
    if (e->cse->options.type != MLN_CSE_TYPE_IN) {
        mln_fault_set(e->fault, "AE-IDs of the SP are assigned by the IN-CSE");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    if (!app_id.len) {
        return refuse(e, "api: must be said");
    }
    return check_claim(e, stem, app_id);
}

/* spec: TS-0001 10.2.2.2 step 007a */
static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_slice cse_id;
    struct mln_slice stem;
    struct mln_slice link;

    if (!is_claim(e, &stem)) {
        return MLN_OK;
    }
    MLN_REQUIRE(mln_ident_is_registration(text_of(e, MLN_S("lnk")), &e->cse->names, &cse_id, &stem),
                INTERNAL);
    if (e->admission.stem.len) {
        stem = e->admission.stem;
    }
    MLN_TRY(mln_ident_join(e->arena, cse_id, stem, &link));
    d->resource.rn = d->resource.ri; /* an AE here may be called like that one */
    d->resource.ri = stem;
    return mln_draft_set(d, MLN_S("lnk"), mln_value_text(e->arena, link));
}

static mln_err keep_binding(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_binding binding = { .credential_id = credential_of(e), .roles = e->admission.roles };
    struct mln_slice stem;

    if (!is_claim(e, &stem)) {
        return MLN_OK;
    }
    MLN_TRY(mln_entity_cse_id(&e->originator.entity, &e->cse->names, e->arena, &binding.registrar));
    return mln_binding_keep(e, d->resource.ri, &binding);
}

static mln_err validate_update(struct mln_exec *e)
{
    struct mln_slice link = text_of(e, MLN_S("lnk"));
    struct mln_slice app_id = { 0 };
    struct mln_slice stem;

    if (!mln_remote_is_ae(e->cse, &e->target.resource)) {
        return mln_annc_ops.update.validate(e);
    }
    if (!is_claim(e, &stem)) {
        return mln_slice_eq(link, INACTIVE) || !mln_value_get(e->attributes, MLN_S("lnk"))
                   ? MLN_OK
                   : refuse(e, "lnk: changed by a registration only");
    }
    if (!mln_slice_eq(stem, e->target.resource.ri)) {
        return refuse(e, "From: not the AE of this resource");
    }
    (void)mln_pack_find_text(e->target.resource.attrs, MLN_S("api"), &app_id);
    return check_claim(e, stem, app_id);
}

/* A registrar that asks for what it has may be asking for an AE that is not written yet: that
 * takes no time from the one that is. One that comes back without saying for how long stays. */
static void choose_end(const struct mln_exec *e, struct mln_resource *r)
{
    const struct mln_resource *before = &e->target.resource;
    bool has_it = mln_annc_hosts(e, link_of(before));

    if (has_it && r->et < before->et) {
        r->et = before->et;
    } else if (!has_it && !mln_value_get(e->attributes, MLN_S("et"))) {
        r->et = mln_env_now_us(e->cse->options.env) + e->cse->options.max_lifetime_us;
    }
}

static mln_err perform_update(struct mln_exec *e, struct mln_draft *d)
{
    int64_t until_us = mln_env_now_us(e->cse->options.env) + INACTIVE_US;
    struct mln_slice stem;

    if (mln_slice_eq(text_of(e, MLN_S("lnk")), INACTIVE) && d->resource.et > until_us) {
        d->resource.et = until_us;
    } else if (is_claim(e, &stem)) {
        choose_end(e, &d->resource);
    }
    return MLN_OK;
}

static mln_err retrieve(struct mln_exec *e)
{
    return mln_annc_ops.retrieve.perform(e);
}

const struct mln_type_ops mln_aea_ops = {
    .operations = MLN_OPS_CRUD,
    .decide = decide,
    .create = { .validate = validate_create, .perform = perform_create, .finish = keep_binding },
    .retrieve = { .perform = retrieve },
    .update = { .validate = validate_update, .perform = perform_update, .finish = keep_binding },
};
