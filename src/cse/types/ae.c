/* <AE>: registration. spec: TS-0004 7.4.5, TS-0001 10.2.2.2 */
#include "cse/pipeline/draft.h"
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

/* Notifications to the AE are JSON: one that reads only others must not believe that it is served.
 * spec: TS-0001 9.6.5 contentSerialization */
static mln_err check_serialisations(struct mln_exec *e)
{
    const struct mln_value *csz = mln_value_get(e->attributes, MLN_S("csz"));

    if (!csz || csz->kind != MLN_V_ARRAY || csz->items.count == 0) {
        return MLN_OK;
    }
    for (const struct mln_value *v = csz->items.first; v; v = v->next) {
        if (mln_slice_eq(v->text, MLN_S("json"))) {
            return MLN_OK;
        }
    }
    mln_fault_set(e->fault, "csz: of the serialisations only json is implemented");
    MLN_FAIL(NOT_IMPLEMENTED);
}

static bool wants_assignment(struct mln_slice from)
{
    return from.len == 0 || mln_slice_eq(from, MLN_S("C")) || mln_slice_eq(from, MLN_S("S"));
}

/* Names that are taken by this CSE itself must not become those of an AE. */
static bool is_reserved(const struct mln_exec *e, struct mln_slice stem)
{
    const struct mln_names *n = &e->cse->names;

    return mln_slice_eq(stem, e->cse->options.admin) || mln_slice_eq(stem, n->cse_name) ||
           mln_slice_eq(stem, mln_slice_from(n->cse_id, 1));
}

static mln_err refuse_registered(struct mln_exec *e)
{
    mln_fault_set(e->fault, "this AE-ID is registered already");
    MLN_FAIL(REGISTERED);
}

static mln_err validate_create(struct mln_exec *e)
{
    struct mln_slice from = e->req.fr;

    if (from.len && e->originator.entity.stem.len == 0 && !wants_assignment(from)) {
        mln_fault_set(e->fault, "a CSE cannot register an AE");
        MLN_FAIL(OPERATION);
    }
    MLN_TRY(check_app_id(e));
    MLN_TRY(check_serialisations(e));
    /* an SP-wide AE-ID is given by the IN-CSE; asking it needs CSE registration */
    if (from.len && from.ptr[0] == 'S' && e->cse->options.type != MLN_CSE_TYPE_IN) {
        mln_fault_set(e->fault, "AE-IDs of the SP are assigned by the IN-CSE");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    if (!wants_assignment(from) && (e->originator.is_registered || is_reserved(e, from))) {
        return refuse_registered(e);
    }
    return MLN_OK;
}

/* An unused AE-ID-Stem with 64 random bits. */
static mln_err assign_stem(struct mln_exec *e, struct mln_slice *ret)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char random[8];
    char *stem = mln_arena_alloc(e->arena, 1 + 2 * sizeof random);

    MLN_REQUIRE(stem, NO_MEMORY);
    MLN_TRY(mln_env_random(e->cse->options.env, random, sizeof random));
    stem[0] = e->req.fr.len ? e->req.fr.ptr[0] : 'C';
    for (size_t i = 0; i < sizeof random; i++) {
        stem[1 + 2 * i] = hex[random[i] >> 4];
        stem[2 + 2 * i] = hex[random[i] & 15];
    }
    *ret = mln_slice_of(stem, 1 + 2 * sizeof random);
    return MLN_OK;
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
    struct mln_slice stem = e->req.fr;
    struct mln_slice generated = d->resource.ri;
    struct mln_value *releases;

    if (wants_assignment(stem)) {
        MLN_TRY(assign_stem(e, &stem));
    }
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

const struct mln_type_ops mln_ae_ops = {
    .ty = MLN_TY_AE,
    .operations = MLN_OPS_CRUD | MLN_OPS_NOTIFY,
    .create = { .validate = validate_create, .perform = perform_create },
    .update = { .validate = check_serialisations },
};
