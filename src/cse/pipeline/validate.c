/* Recv-6.4: is the representation valid for this type, here and now?
 *
 * By table first (model/check), then what concerns every type, then the type's own addition.
 * spec: TS-0004 7.3.3.3, 7.3.3.4 */
#include "base/timestamp.h"
#include "cse/access/elsewhere.h"
#include "cse/access/schedule.h"
#include "cse/discover/discover.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/announce.h"
#include "cse/types/types.h"
#include "e2e/support.h"
#include "model/geo.h"
#include "model/special.h"

/* ---- what may be created here ---- */

static mln_err check_creatable(struct mln_exec *e)
{
    const struct mln_type *type = e->type;

    /* spec: TS-0004 7.3.3.3: types of the IN-CSE only */
    if (type->in_cse_only && e->cse->options.type != MLN_CSE_TYPE_IN) {
        mln_fault_set(e->fault, "%s may exist on an IN-CSE only", type->long_name);
        MLN_FAIL(OPERATION);
    }
    if (!mln_type_ops_of(type->ty)) {
        mln_fault_set(e->fault, "resource type %s is not implemented", type->long_name);
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    if (!mln_model_may_hold(e->target.type, type)) {
        mln_fault_set(e->fault, "%s cannot be a child of %s", type->long_name,
                      e->target.type->long_name);
        return type->ty == MLN_TY_SUB ? MLN_ERROR(NOT_SUBSCRIBABLE) : MLN_ERROR(CHILD_TYPE);
    }
    MLN_REQUIRE(mln_type_allows(type->ty, MLN_OP_CREATE), OPERATION);
    return MLN_OK;
}

static mln_err check_defined(struct mln_exec *e)
{
    if (mln_special_is_template(e->type)) { /* spec: TS-0004 7.4.37.2.1 */
        mln_fault_set(e->fault, "%.*s: no such definition", MLN_S_ARG(e->type->specialised_by));
        MLN_FAIL(NO_DEFINITION);
    }
    return MLN_OK;
}

static mln_err check_built(struct mln_exec *e)
{
    if (e->type->is_unbuilt) {
        mln_fault_set(e->fault, "%s%s is not implemented", e->type->long_name,
                      e->type->special_count ? " of this definition" : "");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

/* A child of which the parent may have one only. Siblings of one number are few; what is looked at
 * counts as effort all the same. */
static mln_err check_single(struct mln_exec *e)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = NULL;
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = e->target.resource.id,
                                  .ty = e->type->ty };
    int64_t now_us = mln_env_now_us(e->cse->options.env);
    struct mln_resource sibling;
    uint64_t id;
    bool may = true;
    mln_err err;

    if (!mln_model_is_single(e->target.type, e->type)) {
        return MLN_OK;
    }
    scratch = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(scratch, NO_MEMORY);
    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(mln_exec_look(e, &may));
        MLN_REQUIRE(may, LIMIT);
        mln_arena_reset(scratch);
        MLN_TRY(mln_store_get(e->view, id, scratch, &sibling));
        if (sibling.et > now_us && mln_special_of(&sibling) == e->type) {
            mln_fault_set(e->fault, "%.*s has its only %s already",
                          MLN_S_ARG(e->target.resource.rn), e->type->long_name);
            MLN_FAIL(CONFLICT);
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_validate_room(struct mln_exec *e, uint64_t most)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = e->target.resource.id,
                                  .ty = e->type->ty };
    uint64_t count = 0;
    uint64_t id;
    mln_err err;

    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        if (++count >= most) {
            mln_fault_set(e->fault, "too many resources of type %s here", e->type->long_name);
            MLN_FAIL(LIMIT);
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* spec: TS-0004 7.4.9.1 */
mln_err mln_validate_schedule(struct mln_exec *e, struct mln_slice name)
{
    const struct mln_value *list = mln_value_get(mln_value_get(e->attributes, name), MLN_S("sce"));
    struct mln_schedule s;

    if (!list) {
        return MLN_OK;
    }
    if (list->items.count > e->cse->options.limits->schedule_entries) {
        mln_fault_set(e->fault, "%.*s: too many entries", MLN_S_ARG(name));
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        MLN_TRY(mln_schedule_parse(v->text, &s, e->fault));
    }
    return MLN_OK;
}

mln_err mln_validate_support(struct mln_exec *e)
{
    const struct mln_value *support = mln_value_get(e->attributes, MLN_S("esi"));

    return support ? mln_e2e_support_check(support, e->arena, e->fault) : MLN_OK;
}

/* ---- attributes that every type may have ---- */

static mln_err check_root(struct mln_exec *e)
{
    const struct mln_type *base = mln_model_type(e->type->ty);
    struct mln_slice name = e->req.pc->items.first->name;

    if (!e->attributes) {
        mln_fault_set(e->fault, "the representation must be an object");
        MLN_FAIL(BAD_REQUEST);
    }
    if (!mln_slice_eq(name, e->type->root)) {
        mln_fault_set(e->fault, "content is %.*s where %.*s is expected%s%.*s", MLN_S_ARG(name),
                      MLN_S_ARG(e->type->root), base->specialised_by.len ? ", by " : "",
                      MLN_S_ARG(base->specialised_by));
        MLN_FAIL(BAD_REQUEST);
    }
    return MLN_OK;
}

static mln_err check_expiration(struct mln_exec *e)
{
    const struct mln_value *et = mln_value_get(e->attributes, MLN_S("et"));
    int64_t us;

    if (!et || et->kind == MLN_V_NULL) {
        return MLN_OK;
    }
    if (!mln_timestamp_parse(et->text, &us) || us <= mln_env_now_us(e->cse->options.env)) {
        mln_fault_set(e->fault, "et: expirationTime lies in the past");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* What it is its CSE says when it is needed: that CSE may be away now. docs/decisions/0039 */
static mln_err check_remote_policy(struct mln_exec *e, const struct mln_lookup *l,
                                   struct mln_slice name, struct mln_slice reference)
{
    const struct mln_domain_setting *unused;
    struct mln_slice unused_release;
    mln_err err;

    if (e->type->is_announced) {
        return MLN_OK; /* that of the original, wherever it is: decision 0033 */
    }
    err = mln_elsewhere_host(l, reference, &unused, &unused_release);
    if (err.code == MLN_ERR_NOT_FOUND || err.code == MLN_ERR_NOT_REACHABLE) {
        mln_fault_set(e->fault, "%.*s: the CSE of %.*s cannot be asked", MLN_S_ARG(name),
                      MLN_S_ARG(reference));
        return err.code == MLN_ERR_NOT_FOUND ? MLN_ERROR(ATTR_INVALID) : err;
    }
    return err;
}

static mln_err check_policy(struct mln_exec *e, const struct mln_lookup *l, struct mln_slice name,
                            struct mln_slice reference)
{
    struct mln_slice local;
    struct mln_resource policy;
    enum mln_place place = mln_ident_place(reference, &e->cse->names, &local);
    bool is_copy = e->type->is_announced;
    mln_err err = MLN_ERROR(NOT_FOUND);

    if (place == MLN_PLACE_OTHER_CSE || place == MLN_PLACE_OTHER_SP) {
        return check_remote_policy(e, l, name, reference);
    }
    if (place == MLN_PLACE_HERE) {
        err = mln_locate_lookup(l, reference, &policy);
    }
    if (err.code == MLN_ERR_NOT_FOUND ||
        (!mln_failed(err) && policy.ty != MLN_TY_ACP && !(is_copy && policy.ty == MLN_TY_ACPA))) {
        mln_fault_set(e->fault, "%.*s: %.*s is no accessControlPolicy", MLN_S_ARG(name),
                      MLN_S_ARG(reference));
        MLN_FAIL(ATTR_INVALID);
    }
    return err;
}

/* In memory of their own: together policies can be larger than what a request may use.
 * spec: TS-0001 9.6.1.3.2 */
mln_err mln_validate_policies(struct mln_exec *e, struct mln_slice name)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = NULL;
    struct mln_lookup l = mln_exec_lookup(e);
    const struct mln_value *list = mln_value_get(e->attributes, name);

    if (!list || list->kind != MLN_V_ARRAY) {
        return MLN_OK;
    }
    if (list->items.count > e->cse->options.limits->acp_references) {
        mln_fault_set(e->fault, "%.*s: too many references", MLN_S_ARG(name));
        MLN_FAIL(LIMIT);
    }
    scratch = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(scratch, NO_MEMORY);
    l.arena = scratch;
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        MLN_TRY(check_policy(e, &l, name, v->text));
        mln_arena_reset(scratch);
    }
    return MLN_OK;
}

static mln_err check_name(struct mln_exec *e)
{
    const struct mln_value *rn = mln_value_get(e->attributes, MLN_S("rn"));

    if (rn && rn->text.len > e->cse->options.limits->name_bytes) {
        mln_fault_set(e->fault, "rn: longer than %llu bytes",
                      (unsigned long long)e->cse->options.limits->name_bytes);
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

/* Only types that can hold others of their kind make the tree deeper. */
static mln_err check_depth(struct mln_exec *e)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource at = e->target.resource;
    uint64_t depth = 1;

    if (!mln_model_may_contain(e->type, e->type->ty)) {
        return MLN_OK;
    }
    while (at.parent != 0) {
        MLN_TRY(mln_locate_parent(&l, &at, &at));
        depth++;
    }
    if (depth >= e->cse->options.limits->tree_depth) {
        mln_fault_set(e->fault, "the resource tree would become too deep");
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

/* ---- the two operations ---- */

/* Coordinates that are none of that geometry could not be found by. docs/decisions/0038 */
static mln_err check_location(struct mln_exec *e)
{
    const struct mln_value *location = mln_value_get(e->attributes, MLN_S("loc"));
    const struct mln_value *text = mln_value_get(location, MLN_S("crd"));
    struct mln_geo *unused;
    uint64_t type;
    mln_err err;

    if (!text || !mln_value_u64(mln_value_get(location, MLN_S("typ")), &type)) {
        return MLN_OK;
    }
    err = mln_geo_read(type, text->text, e->arena, &unused);
    if (err.code == MLN_ERR_SYNTAX) {
        mln_fault_set(e->fault, "loc: crd: no coordinates of that type, or more than %d",
                      MLN_GEO_POINTS);
        MLN_FAIL(ATTR_INVALID);
    }
    return err;
}

static mln_err validate_create(struct mln_exec *e)
{
    const struct mln_type_ops *ops;
    /* supportedReleaseVersions came with Release 3; an AE of Release 2 cannot know it */
    struct mln_slice optional =
        mln_slice_eq(e->req.rvi, MLN_S("2a")) ? MLN_S("srv") : (struct mln_slice){ 0 };

    MLN_TRY(check_creatable(e));
    ops = mln_type_ops_of(e->type->ty);
    MLN_TRY(check_defined(e));
    MLN_TRY(check_root(e));
    MLN_TRY(check_built(e));
    MLN_TRY(ops->precheck ? ops->precheck(e) : MLN_OK);
    MLN_TRY(mln_check_create(e->type, e->attributes, optional, e->fault));
    MLN_TRY(check_location(e));
    MLN_TRY(check_name(e));
    MLN_TRY(check_expiration(e));
    MLN_TRY(mln_validate_policies(e, MLN_S("acpi")));
    MLN_TRY(check_depth(e));
    MLN_TRY(check_single(e));
    MLN_TRY(mln_announce_check(e));
    return ops->create.validate ? ops->create.validate(e) : MLN_OK;
}

static mln_err validate_update(struct mln_exec *e)
{
    const struct mln_type_ops *ops = mln_type_ops_of(e->type->ty);
    bool has_acpi = mln_value_get(e->attributes, MLN_S("acpi")) != NULL;

    MLN_TRY(check_root(e));
    if (has_acpi && e->attributes->items.count > 1 && !e->cse->options.is_release_2 &&
        !e->type->is_announced) {
        /* spec: TS-0001 9.6.1.3.2 */
        mln_fault_set(e->fault, "acpi must be the only attribute of its UPDATE");
        MLN_FAIL(BAD_REQUEST);
    }
    MLN_TRY(ops && ops->precheck ? ops->precheck(e) : MLN_OK);
    MLN_TRY(mln_check_update(e->type, e->attributes, e->fault));
    MLN_TRY(check_location(e));
    MLN_TRY(check_expiration(e));
    MLN_TRY(mln_validate_policies(e, MLN_S("acpi")));
    MLN_TRY(mln_announce_check(e));
    return ops && ops->update.validate ? ops->update.validate(e) : MLN_OK;
}

mln_err mln_stage_validate(struct mln_exec *e, enum mln_step *ret)
{
    const struct mln_type_ops *ops = mln_type_ops_of(e->type->ty);

    (void)ret;
    if (!e->fan) { /* else it was checked for all members */
        MLN_TRY(mln_semantics_check(e));
    }
    if (e->is_fan_out) {
        return MLN_OK; /* each member's request is validated by itself */
    }
    switch (e->req.op) {
    case MLN_OP_CREATE:
        return validate_create(e);
    case MLN_OP_UPDATE:
        return validate_update(e);
    case MLN_OP_RETRIEVE:
        return !e->req.sqi && ops && ops->retrieve.validate ? ops->retrieve.validate(e) : MLN_OK;
    case MLN_OP_DELETE:
        return ops && ops->del.validate ? ops->del.validate(e) : MLN_OK;
    case MLN_OP_NOTIFY:
        return mln_validate_notify(e);
    }
    return MLN_OK;
}
