/* <remoteCSE>: registration of a CSE, at its registrar. What stands for the registrar at the
 * registree is made by cse/remote/registration.c. spec: TS-0004 7.4.4, TS-0001 10.2.2.7 */
#include "cse/access/assigned.h"
#include "cse/access/binding.h"
#include "cse/access/proof.h"
#include "cse/notify/fresh.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/remote.h"
#include "cse/types/types.h"

static mln_err refuse(struct mln_exec *e, const char *why)
{
    mln_fault_set(e->fault, "%s", why);
    MLN_FAIL(ATTR_INVALID);
}

static bool is_possible(const struct mln_exec *e, const struct mln_entity *cse)
{
    const struct mln_names *names = &e->cse->names;
    struct mln_entity ours;
    struct mln_entity twin; /* of its SP, called like us */

    if (!mln_entity_parse_cse(names->cse_id, names, &ours)) {
        return false;
    }
    twin = (struct mln_entity){ .sp = cse->sp, .cse = ours.cse };
    return mln_entity_eq(&twin, &ours) && !mln_entity_eq(cse, &ours) &&
           !mln_remote_is_registrar(e->cse, cse);
}

/* The list decides where requests go and for whom the registree may speak. */
static mln_err check_descendants(struct mln_exec *e)
{
    const struct mln_value *list = mln_value_get(e->attributes, MLN_S("dcse"));
    struct mln_entity cse;

    if (!list || list->kind != MLN_V_ARRAY) {
        return MLN_OK;
    }
    if (list->items.count > e->cse->options.limits->descendants) {
        mln_fault_set(e->fault, "dcse: too many CSEs");
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        if (!mln_entity_parse_cse(v->text, &e->cse->names, &cse)) {
            return refuse(e, "dcse: must be CSE-IDs, SP-relative or absolute");
        }
        if (!is_possible(e, &cse)) {
            return refuse(e, "dcse: must be of this service provider, and neither this CSE nor its "
                             "registrar");
        }
    }
    return MLN_OK;
}

/* spec: TS-0001 6.5.4: IN-CSEs register with each other, by agreement */
static mln_err check_provider(struct mln_exec *e)
{
    const struct mln_entity *from = &e->originator.entity;

    if (mln_entity_is_at_home(from, &e->cse->names) || mln_remote_is_gateway(e->cse, from)) {
        return MLN_OK;
    }
    mln_fault_set(e->fault, "there is no agreement with the service provider of that CSE");
    MLN_FAIL(NO_PRIVILEGE);
}

static mln_err validate_create(struct mln_exec *e)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_remote other;
    mln_err err;

    if (e->cse->options.type == MLN_CSE_TYPE_ASN) {
        mln_fault_set(e->fault, "an ASN-CSE takes no registrations of CSEs");
        MLN_FAIL(OPERATION);
    }
    MLN_TRY(check_provider(e));
    MLN_TRY(check_descendants(e));
    MLN_TRY(mln_validate_support(e));
    err = mln_remote_find(&l, &e->originator.entity, &other);
    if (err.code == MLN_ERR_NOT_FOUND ||
        (!mln_failed(err) && !mln_entity_eq(&other.cse, &e->originator.entity))) {
        return MLN_OK; /* one behind a registree may come closer */
    }
    MLN_TRY(err);
    mln_fault_set(e->fault, "this CSE is registered already");
    MLN_FAIL(REGISTERED);
}

/* Without a name it is called like the CSE-ID, when that is a name and free. */
static mln_err choose_name(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_slice id = e->originator.entity.cse;
    struct mln_resource other;
    mln_err err;

    if (d->resource.rn.len || !mln_ident_is_name(id) ||
        id.len > e->cse->options.limits->name_bytes) {
        return MLN_OK;
    }
    err = mln_store_child(e->view, e->target.resource.id, id, e->arena, &other);
    if (err.code == MLN_ERR_NOT_FOUND) {
        d->resource.rn = id;
        return MLN_OK;
    }
    return err;
}

/* spec: TS-0001 10.2.2.7: CSE-ID is what From says */
static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_slice csi;

    MLN_TRY(mln_entity_cse_id(&e->originator.entity, &e->cse->names, e->arena, &csi));
    MLN_TRY(choose_name(e, d));
    return mln_draft_set(d, MLN_S("csi"), mln_value_text(e->arena, csi));
}

/* Under which credential it is reached: the one that it uses now. spec: security.md 16.3 */
static mln_err keep_credential(struct mln_exec *e, const struct mln_draft *d)
{
    const struct mln_association *a = mln_proof_of(e->cse, e->peer);
    struct mln_binding binding = {
        .credential_id = a ? a->credential_id : (struct mln_slice){ 0 },
    };

    return mln_binding_keep(e, d->resource.ri, &binding);
}

static mln_err finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    mln_fresh_registrees(e->cse->fresh);
    MLN_TRY(mln_assigned_add(e->write, &e->cse->names, &d->resource));
    return keep_credential(e, d);
}

static mln_err validate_update(struct mln_exec *e)
{
    MLN_TRY(check_descendants(e));
    return mln_validate_support(e);
}

static bool is_itself(struct mln_exec *e, const struct mln_resource *r)
{
    struct mln_entity cse;
    struct mln_slice csi;

    return mln_pack_find_text(r->attrs, MLN_S("csi"), &csi) &&
           mln_entity_parse_cse(csi, &e->cse->names, &cse) &&
           mln_entity_eq(&cse, &e->originator.entity);
}

static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    if (mln_value_get(e->attributes, MLN_S("dcse"))) {
        mln_fresh_registrees(e->cse->fresh);
        MLN_TRY(mln_assigned_remove(e->write, &e->cse->names, d->old));
        MLN_TRY(mln_assigned_add(e->write, &e->cse->names, &d->resource));
    }
    return mln_value_get(e->attributes, MLN_S("poa")) && is_itself(e, &d->resource) &&
                   !mln_peer_is_end_to_end(e->peer)
               ? keep_credential(e, d)
               : MLN_OK;
}

const struct mln_type_ops mln_csr_ops = {
    .ty = MLN_TY_CSR,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate_create, .perform = perform_create, .finish = finish_create },
    .update = { .validate = validate_update, .finish = finish_update },
};
