/* <subscription>. spec: TS-0004 7.4.8, TS-0001 9.6.8 */
#include "cse/types/sub.h"

#include <stdio.h>

#include "cse/access/access.h"
#include "cse/notify/aggregate.h"
#include "cse/notify/cross.h"
#include "cse/notify/event.h"
#include "cse/notify/reach.h"
#include "cse/notify/storage.h"
#include "cse/notify/tally.h"
#include "cse/notify/verify.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/remote.h"
#include "cse/types/blocking.h"
#include "cse/types/criteria.h"
#include "model/special.h"

/* ---- targets ---- */

static mln_err check_url(struct mln_exec *e, struct mln_slice url)
{
    const struct mln_outbound *out = &e->worker->ops.outbound;
    struct mln_slice scheme = mln_slice_head(url, mln_slice_find(url, ':'));

    if (mln_reach_user(url)) { /* RFC 9110 4.2.4: it would be sent to nobody */
        mln_fault_set(e->fault, "nu: a URL with a user name is not used");
        MLN_FAIL(ATTR_INVALID);
    }
    if (!out->can_send(out->impl, url)) {
        mln_fault_set(e->fault, "nu: no binding for %.*s", MLN_S_ARG(scheme));
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

/* The creator must be allowed to notify the <AE>. spec: TS-0004 7.5.1.2.3 */
static mln_err check_privilege(struct mln_exec *e, const struct mln_resource *ae)
{
    struct mln_access a;
    bool permits;

    if (e->originator.is_registered && mln_slice_eq(ae->ri, e->originator.text)) {
        return MLN_OK;
    }
    mln_exec_begin_access(e, e->arena, &a);
    MLN_TRY(mln_access_permits(&a, ae, MLN_PRIVILEGE_NOTIFY, &permits));
    if (!permits) {
        mln_fault_set(e->fault, "%.*s may not be notified by the originator", MLN_S_ARG(ae->rn));
        MLN_FAIL(SUB_CREATOR_DENIED);
    }
    return MLN_OK;
}

static mln_err refuse_target(struct mln_exec *e, struct mln_slice target)
{
    mln_fault_set(e->fault, "nu: %.*s is no <AE>%s", MLN_S_ARG(target),
                  e->cse->options.hides_unauthorised ? " that the originator may notify" : "");
    MLN_FAIL(ATTR_INVALID);
}

/* The CSE that hosts it knows what it is; we must know the way. */
static mln_err check_elsewhere(struct mln_exec *e, struct mln_slice target)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_reach reach;
    struct mln_remote way;
    mln_err err = mln_remote_route(&l, target, false, &way, &reach);

    if (err.code == MLN_ERR_NOT_FOUND || err.code == MLN_ERR_NOT_REACHABLE) {
        mln_fault_set(e->fault, "nu: %.*s: no route to that CSE", MLN_S_ARG(target));
        MLN_FAIL(ATTR_INVALID);
    }
    return err;
}

/* A target given as resource identifier must be an <AE> that is here. One that is asked for its
 * consent is checked with that question, the others here.
 * spec: TS-0001 9.6.8 notificationURI */
static mln_err check_resource(struct mln_exec *e, struct mln_slice target, bool is_asked)
{
    struct mln_lookup l = mln_exec_lookup(e);
    bool hides = e->cse->options.hides_unauthorised;
    struct mln_slice local;
    struct mln_resource r;
    mln_err err;

    switch (mln_ident_place(target, &e->cse->names, &local)) {
    case MLN_PLACE_HERE:
        break;
    case MLN_PLACE_OTHER_CSE:
        return check_elsewhere(e, target);
    case MLN_PLACE_OTHER_SP:
        mln_fault_set(e->fault, "nu: targets of other service providers are not implemented");
        MLN_FAIL(NOT_IMPLEMENTED);
    case MLN_PLACE_INVALID:
        mln_fault_set(e->fault, "nu: %.*s is no resource identifier", MLN_S_ARG(target));
        MLN_FAIL(ATTR_INVALID);
    }
    err = mln_locate_lookup(&l, target, &r);
    if (err.code == MLN_ERR_NOT_FOUND || (!mln_failed(err) && r.ty != MLN_TY_AE)) {
        return refuse_target(e, target);
    }
    MLN_TRY(err);
    if (is_asked && !hides) {
        return MLN_OK;
    }
    err = check_privilege(e, &r);
    if (hides && err.code == MLN_ERR_SUB_CREATOR_DENIED) {
        mln_fault_clear(e->fault);
        return refuse_target(e, target); /* as if it were not there */
    }
    return err;
}

/* A crossResourceSubscription that it is associated with, or is becoming so. */
static bool is_crossed_by(const struct mln_exec *e, struct mln_slice target)
{
    return (e->crossing.len && mln_slice_eq(target, e->crossing)) ||
           (e->req.op == MLN_OP_UPDATE && mln_cross_names(e->cse, &e->target.resource, target));
}

static mln_err check_target(struct mln_exec *e, struct mln_slice target, bool is_asked)
{
    struct mln_slice plain;
    struct mln_slice ct;

    if (is_crossed_by(e, target)) {
        return MLN_OK;
    }
    MLN_TRY(mln_reach_strip(e->arena, target, &plain, &ct));
    if (ct.ptr && mln_cse_serialisation(e->cse, ct).len == 0) {
        bool is_known = mln_slice_eq(ct, MLN_S("xml")) || mln_slice_eq(ct, MLN_S("cbor"));

        mln_fault_set(e->fault, "nu: serialisation %.*s is not implemented", MLN_S_ARG(ct));
        return is_known ? MLN_ERROR(NOT_IMPLEMENTED) : MLN_ERROR(ATTR_INVALID);
    }
    return mln_ident_is_url(plain) ? check_url(e, plain) : check_resource(e, plain, is_asked);
}

mln_err mln_sub_check_target(struct mln_exec *e, struct mln_slice target)
{
    return check_target(e, target, false);
}

static mln_err check_targets(struct mln_exec *e)
{
    const struct mln_value *nu = mln_value_get(e->attributes, MLN_S("nu"));
    bool is_asked = e->cse->options.verify != MLN_VERIFY_NONE;

    if (!nu) {
        return MLN_OK;
    }
    if (nu->items.count == 0) {
        mln_fault_set(e->fault, "nu: at least one target is needed");
        MLN_FAIL(ATTR_INVALID);
    }
    if (nu->items.count > e->cse->options.limits->notification_targets) {
        mln_fault_set(e->fault, "nu: too many targets");
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = nu->items.first; v; v = v->next) {
        MLN_TRY(check_target(e, v->text, is_asked));
    }
    return MLN_OK;
}

/* ---- associatedCrossResourceSub ---- */

/* Those of this CSE in a list: how many, and whether the subscription names them all. */
static size_t count_ours(const struct mln_exec *e, const struct mln_value *list, bool *ret_known)
{
    size_t count = 0;

    *ret_known = true;
    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        if (!mln_cross_is_far(e->cse, v->text)) {
            *ret_known = *ret_known && e->req.op == MLN_OP_UPDATE &&
                         mln_cross_names(e->cse, &e->target.resource, v->text);
            count++;
        }
    }
    return count;
}

/* Who hosts a crossResourceSubscription elsewhere names it; those of this CSE are none of its
 * business. That is told by the identifiers: who does not host one there cannot make it agree.
 * spec: TS-0004 7.4.8.1; docs/decisions/0045 */
static mln_err check_associates(struct mln_exec *e)
{
    const struct mln_value *acrs = mln_value_get(e->attributes, MLN_S("acrs"));
    struct mln_slice packed;
    struct mln_value *stored = NULL;
    bool is_known;

    if (!acrs) {
        return MLN_OK;
    }
    if (acrs->kind == MLN_V_ARRAY &&
        acrs->items.count > e->cse->options.limits->notification_targets) {
        mln_fault_set(e->fault, "acrs: too many");
        MLN_FAIL(LIMIT);
    }
    if (e->req.op == MLN_OP_UPDATE &&
        mln_pack_find(e->target.resource.attrs, MLN_S("acrs"), &packed)) {
        MLN_TRY(mln_pack_to_value(packed, e->arena, &stored));
    }
    if (count_ours(e, acrs->kind == MLN_V_ARRAY ? acrs : NULL, &is_known) !=
            count_ours(e, stored, &(bool){ false }) ||
        !is_known) {
        mln_fault_set(e->fault, "acrs: only crossResourceSubscriptions of other CSEs");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* The subscriber is told of the deletion: it must be possible to reach it, and allowed. */
static mln_err check_subscriber(struct mln_exec *e)
{
    const struct mln_value *su = mln_value_get(e->attributes, MLN_S("su"));

    return su && su->kind == MLN_V_TEXT ? check_target(e, su->text, false) : MLN_OK;
}

mln_err mln_sub_check_targets(struct mln_exec *e)
{
    MLN_TRY(check_targets(e));
    return check_subscriber(e);
}

/* ---- the operations ---- */

/* The value in the request, or for an UPDATE that does not touch it the stored one. */
static mln_err effective(struct mln_exec *e, struct mln_slice name, const struct mln_value **ret)
{
    struct mln_slice packed;
    struct mln_value *stored = NULL;

    *ret = mln_value_get(e->attributes, name);
    if (!*ret && e->req.op == MLN_OP_UPDATE &&
        mln_pack_find(e->target.resource.attrs, name, &packed)) {
        MLN_TRY(mln_pack_to_value(packed, e->arena, &stored));
        *ret = stored;
    }
    return MLN_OK;
}

static bool is_given(struct mln_exec *e, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(e->attributes, name);

    return v && v->kind != MLN_V_NULL;
}

/* What only a CREATE can say, and what its group would have to keep an account of.
 * docs/decisions/0032 */
static mln_err check_forwarding_update(struct mln_exec *e)
{
    static const struct mln_slice fixed[] = {
        { "nu", 2 }, { "nfu", 3 }, { "gpi", 3 }, { "exc", 3 }, { "ln", 2 },
    };
    bool is_aggregated = e->target.resource.flags & MLN_RESOURCE_AGGREGATED;

    for (size_t i = 0; is_aggregated && i < sizeof fixed / sizeof fixed[0]; i++) {
        if (mln_value_get(e->attributes, fixed[i])) {
            mln_fault_set(e->fault, "%.*s: not while a group aggregates the notifications",
                          MLN_S_ARG(fixed[i]));
            MLN_FAIL(NOT_IMPLEMENTED);
        }
    }
    if (is_given(e, MLN_S("nfu"))) {
        mln_fault_set(e->fault, "nfu: only when the subscription is created");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

/* spec: TS-0001 9.6.8 notificationForwardingURI */
static mln_err check_forwarding(struct mln_exec *e)
{
    const struct mln_value *nfu = mln_value_get(e->attributes, MLN_S("nfu"));
    const struct mln_value *nu = mln_value_get(e->attributes, MLN_S("nu"));

    if (!nfu) {
        return MLN_OK;
    }
    if (!e->via.len && !e->is_fan_out) {
        if (is_given(e, MLN_S("gpi"))) {
            return MLN_OK; /* from a group of another CSE, which has put its address into nu */
        }
        mln_fault_set(e->fault, "nfu: only through a group");
        MLN_FAIL(ATTR_INVALID);
    }
    if (!nu || nu->items.count != 1 || !mln_slice_eq(nu->items.first->text, nfu->text)) {
        mln_fault_set(e->fault, "nfu: not identical to nu");
        MLN_FAIL(ATTR_INVALID);
    }
    if (is_given(e, MLN_S("exc")) || is_given(e, MLN_S("ln"))) {
        mln_fault_set(e->fault, "nfu: not together with exc or ln");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

/* More than a lane holds would never come together. */
static mln_err check_policies(struct mln_exec *e)
{
    const struct mln_value *bn = mln_value_get(e->attributes, MLN_S("bn"));
    uint64_t number;

    if (mln_value_u64(mln_value_get(bn, MLN_S("num")), &number) &&
        number > e->cse->options.limits->outbox_lane) {
        mln_fault_set(e->fault, "bn: num: greater than the limit 'outbox_lane'");
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

static mln_err validate_criteria(struct mln_exec *e, const struct mln_type *subject)
{
    const struct mln_value *enc;
    const struct mln_value *nct;

    MLN_TRY(effective(e, MLN_S("enc"), &enc));
    MLN_TRY(effective(e, MLN_S("nct"), &nct));
    MLN_TRY(check_policies(e));
    return mln_criteria_check(e, enc, nct, subject);
}

/* The first target is the one that is counted, and what crossResourceSubscriptions are told is not.
 */
static mln_err check_counter(struct mln_exec *e)
{
    const struct mln_value *nu;
    const struct mln_value *exc;

    MLN_TRY(effective(e, MLN_S("nu"), &nu));
    MLN_TRY(effective(e, MLN_S("exc"), &exc));
    if (exc && exc->kind != MLN_V_NULL && is_crossed_by(e, nu->items.first->text)) {
        mln_fault_set(e->fault, "exc: what a crossResourceSubscription is told does not count");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

static mln_err validate_create(struct mln_exec *e)
{
    MLN_TRY(validate_criteria(e, e->target.type));
    MLN_TRY(check_forwarding(e));
    MLN_TRY(mln_sub_check_targets(e));
    MLN_TRY(check_associates(e));
    MLN_TRY(mln_blocking_check_create(e, true));
    return mln_validate_room(e, e->cse->options.limits->subscriptions);
}

static mln_err validate_update(struct mln_exec *e)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource subject;

    MLN_TRY(mln_locate_parent(&l, &e->target.resource, &subject));
    MLN_TRY(validate_criteria(e, mln_special_of(&subject)));
    MLN_TRY(check_forwarding_update(e));
    MLN_TRY(check_targets(e));
    MLN_TRY(check_associates(e));
    MLN_TRY(check_counter(e));
    return mln_blocking_check_update(e, &subject);
}

mln_err mln_sub_check(struct mln_exec *e)
{
    const struct mln_type *type = mln_model_type(MLN_TY_SUB);
    bool is_new = e->req.op == MLN_OP_CREATE;

    MLN_REQUIRE(e->attributes && mln_slice_eq(e->req.pc->items.first->name, type->root),
                BAD_REQUEST);
    MLN_TRY(is_new ? mln_check_create(type, e->attributes, (struct mln_slice){ 0 }, e->fault)
                   : mln_check_update(type, e->attributes, e->fault));
    MLN_TRY(validate_criteria(e, NULL));
    MLN_TRY(is_new ? check_forwarding(e) : MLN_OK);
    MLN_TRY(check_targets(e));
    MLN_TRY(is_new ? check_subscriber(e) : MLN_OK);
    return is_new ? mln_blocking_check_create(e, false) : MLN_OK;
}

static mln_err targets_originator(const struct mln_exec *e, bool *ret)
{
    const struct mln_value *nu = mln_value_get(e->attributes, MLN_S("nu"));

    *ret = false;
    for (const struct mln_value *v = nu ? nu->items.first : NULL; v && !*ret; v = v->next) {
        MLN_TRY(mln_reach_is_originator(e, v->text, ret));
    }
    return MLN_OK;
}

/* spec: TS-0001 table 9.6.8-4 */
static mln_err choose_content_type(struct mln_exec *e, struct mln_draft *d)
{
    const struct mln_value *enc = mln_value_get(d->attributes, MLN_S("enc"));

    if (mln_value_get(d->attributes, MLN_S("nct"))) {
        return MLN_OK;
    }
    return mln_draft_set(d, MLN_S("nct"), mln_value_uint(e->arena, mln_criteria_content_type(enc)));
}

/* spec: TS-0004 7.4.8.2.1 Recv-6.5: a batch has a duration. The value of the request stays as it
 * is: the batch of the store may run again. */
static mln_err complete_batch(struct mln_exec *e, struct mln_draft *d)
{
    uint64_t ms = e->cse->options.limits->batch_ms;
    const struct mln_value *bn = mln_value_get(d->attributes, MLN_S("bn"));
    const struct mln_value *number = mln_value_get(bn, MLN_S("num"));
    struct mln_value *made;
    struct mln_slice text;
    char duration[32];
    int len;

    if (!bn || mln_value_get(bn, MLN_S("dur"))) {
        return MLN_OK;
    }
    len = snprintf(duration, sizeof duration, "PT%llu.%03lluS", (unsigned long long)(ms / 1000),
                   (unsigned long long)(ms % 1000));
    MLN_REQUIRE(mln_arena_dup(e->arena, mln_slice_of(duration, (size_t)len), &text), NO_MEMORY);
    made = mln_value_new(e->arena, MLN_V_OBJECT);
    MLN_REQUIRE(made, NO_MEMORY);
    if (number) {
        MLN_TRY(mln_value_set(made, MLN_S("num"), mln_draft_copy(e->arena, number)));
    }
    MLN_TRY(mln_value_set(made, MLN_S("dur"), mln_value_text(e->arena, text)));
    return mln_draft_set(d, MLN_S("bn"), made);
}

/* One that has a priority already keeps its place. */
static mln_err check_priority(struct mln_exec *e, const struct mln_draft *d)
{
    uint64_t unused;

    if (!mln_value_get(d->attributes, MLN_S("nsp")) ||
        (d->old && mln_pack_find_u64(d->old->attrs, MLN_S("nsp"), &unused))) {
        return MLN_OK;
    }
    return mln_storage_check(e->cse, e->view, d->resource.cr, e->fault);
}

static mln_err set_policies(struct mln_exec *e, struct mln_draft *d)
{
    MLN_TRY(check_priority(e, d));
    MLN_TRY(complete_batch(e, d));
    d->resource.flags &= (uint16_t)~MLN_RESOURCE_HAS_POLICIES;
    if (mln_policy_has_any(d->attributes)) {
        d->resource.flags |= MLN_RESOURCE_HAS_POLICIES;
    }
    return MLN_OK;
}

/* spec: TS-0001 10.2.7.10: what comes through a group tells which, and may be aggregated there */
static mln_err set_group(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_slice group = e->via;
    struct mln_value *nu;

    if (!e->via.len) {
        return MLN_OK;
    }
    while (mln_slice_find(group, '/') < group.len) {
        group = mln_slice_from(group, mln_slice_find(group, '/') + 1);
    }
    MLN_TRY(mln_draft_set(d, MLN_S("gpi"), mln_value_text(e->arena, group)));
    if (!mln_value_get(d->attributes, MLN_S("nfu"))) {
        return MLN_OK;
    }
    nu = mln_value_new(e->arena, MLN_V_ARRAY);
    MLN_REQUIRE(nu, NO_MEMORY);
    MLN_TRY(mln_value_append(nu, mln_value_text(e->arena, e->via)));
    d->resource.flags |= MLN_RESOURCE_AGGREGATED;
    return mln_draft_set(d, MLN_S("nu"), nu);
}

/* What a crossResourceSubscription of this CSE adds, or what the request says of others.
 * spec: TS-0004 7.4.8.1, 7.4.8.2.3 */
static mln_err associate(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_value *list = mln_value_get(d->attributes, MLN_S("acrs"));
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    if (!e->crossing.len) {
        d->resource.flags &= (uint16_t)~MLN_RESOURCE_IS_CROSSED;
        d->resource.flags |= list && list->items.count ? MLN_RESOURCE_IS_CROSSED : 0;
        return d->old && mln_value_get(e->attributes, MLN_S("acrs"))
                   ? mln_cross_far_lose(&c, d->old, list)
                   : MLN_OK;
    }
    if (!list) {
        list = mln_value_new(e->arena, MLN_V_ARRAY);
        MLN_TRY(mln_draft_set(d, MLN_S("acrs"), list));
    }
    d->resource.flags |= MLN_RESOURCE_IS_CROSSED;
    if (e->req.op == MLN_OP_CREATE) {
        d->resource.flags |= MLN_RESOURCE_IS_MADE;
    }
    return mln_value_append(list, mln_value_text(e->arena, e->crossing));
}

/* spec: TS-0004 7.4.8.2.1 Recv-6.5 */
static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    bool is_own;

    MLN_TRY(mln_verify_require(e));
    MLN_TRY(associate(e, d));
    MLN_TRY(set_policies(e, d));
    MLN_TRY(set_group(e, d));
    MLN_TRY(mln_tally_set(e, d));
    MLN_TRY(choose_content_type(e, d));
    MLN_TRY(targets_originator(e, &is_own));
    if (!is_own) {
        d->resource.flags |= MLN_RESOURCE_SHOWS_CREATOR;
    }
    return MLN_OK;
}

/* Resources without a blocking subscription, which are nearly all, need no look for one. */
static mln_err finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    const struct mln_value *enc = mln_value_get(d->attributes, MLN_S("enc"));
    struct mln_change c = mln_exec_change(e, d->resource.ct);
    uint64_t prior;

    MLN_TRY(mln_storage_change(&c, NULL, &d->resource));

    if (mln_criteria_has(enc, MLN_EVENT_BLOCKING_UPDATE)) {
        MLN_TRY(mln_draft_mark_parent(e, MLN_RESOURCE_MAY_BLOCK));
    }
    if (mln_value_get(enc, MLN_S("om"))) {
        MLN_TRY(mln_draft_mark_parent(e, MLN_RESOURCE_MONITORED));
    }
    return mln_value_u64(mln_value_get(d->attributes, MLN_S("psn")), &prior)
               ? mln_event_replay(&c, &d->resource, &e->target.resource, prior)
               : MLN_OK;
}

mln_err mln_sub_begin_counting(struct mln_exec *e, struct mln_draft *d)
{
    const struct mln_value *exc = mln_value_get(e->attributes, MLN_S("exc"));

    if (!exc || exc->kind == MLN_V_NULL) {
        return MLN_OK;
    }
    return mln_outbox_end(e->view, (struct mln_lane){ d->resource.id, 0 }, &d->resource.count);
}

/* With the criteria gone or changed the content type must still be one the events allow; a
 * removed one falls back to the default. */
static mln_err perform_update(struct mln_exec *e, struct mln_draft *d)
{
    MLN_TRY(mln_verify_require(e));
    MLN_TRY(associate(e, d));
    MLN_TRY(mln_sub_begin_counting(e, d));
    MLN_TRY(set_policies(e, d));
    MLN_TRY(mln_tally_set(e, d));
    return choose_content_type(e, d);
}

/* Criteria that have been set begin to monitor the subject. */
static mln_err mark_monitored(struct mln_exec *e, const struct mln_draft *d)
{
    const struct mln_value *enc = mln_value_get(e->attributes, MLN_S("enc"));
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource subject;
    struct mln_resource marked;

    if (!mln_value_get(enc, MLN_S("om"))) {
        return MLN_OK;
    }
    MLN_TRY(mln_locate_parent(&l, &d->resource, &subject));
    marked = subject;
    marked.flags |= MLN_RESOURCE_MONITORED;
    return mln_store_put(e->write, &subject, &marked);
}

/* spec: TS-0001 9.6.8 missingData: changed criteria begin a new window */
static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    if (mln_value_get(e->attributes, MLN_S("enc"))) {
        MLN_TRY(mln_alarm_clear(&c, d->resource.id, MLN_ALARM_WINDOW));
    }
    MLN_TRY(mark_monitored(e, d));
    MLN_TRY(mln_storage_change(&c, d->old, &d->resource));
    return mln_policy_changed(&c, &d->resource, e->attributes);
}

/* A window of missing data that ends leaves nothing to do: with its alarm the count is gone. */
static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    MLN_TRY(mln_alarm_clear(c, r->id, MLN_ALARM_WINDOW));
    MLN_TRY(mln_cross_lose(c, r));
    MLN_TRY(mln_policy_removed(c, r));
    return mln_storage_change(c, r, NULL);
}

static mln_err ring(const struct mln_change *c, const struct mln_resource *r,
                    const struct mln_alarm *alarm)
{
    return alarm->kind == MLN_ALARM_PARTED ? mln_cross_part(c, r) : mln_policy_alarm(c, r, alarm);
}

const struct mln_type_ops mln_sub_ops = {
    .ty = MLN_TY_SUB,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate_create, .perform = perform_create, .finish = finish_create },
    .update = { .validate = validate_update, .perform = perform_update, .finish = finish_update },
    .removed = removed,
    .alarm = ring,
};
