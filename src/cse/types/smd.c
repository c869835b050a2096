/* <semanticDescriptor>: what its parent is, in RDF. Which resources fit a semanticsFilter is found
 * by it: cse/discover/semantic.c. spec: TS-0004 7.4.34, TS-0001 9.6.30 */
#include "crypto/base64.h"
#include "cse/discover/discover.h"
#include "cse/pipeline/draft.h"
#include "cse/types/types.h"
#include "semantic/semantic.h"

/* spec: TS-0004 7.4.34.2.1, 7.4.34.2.3: the descriptor is in the syntax that is said */
static mln_err check(struct mln_exec *e, struct mln_draft *d)
{
    MLN_CLEANUP(mln_graph_freep) struct mln_graph *graph = NULL;

    if (!mln_value_get(e->attributes, MLN_S("dsp")) &&
        !mln_value_get(e->attributes, MLN_S("dcrp"))) {
        return MLN_OK;
    }
    MLN_TRY(mln_draft_pack(e, d));
    MLN_TRY(mln_graph_new(e->cse->options.limits, &graph));
    return mln_semantics_read(graph, MLN_TY_SMD, d->resource.attrs, e->arena, e->fault);
}

/* What the update makes of the descriptor. Errors: ATTR_INVALID, SPARQL_UPDATE, NO_MEMORY. */
static mln_err apply_update(struct mln_exec *e, struct mln_draft *d,
                            const struct mln_update *update)
{
    enum { STEPS = 16 }; /* cost as much as one resource */
    const struct mln_limits *limits = e->cse->options.limits;
    struct mln_slice text;
    struct mln_buf encoded;
    uint64_t steps = 0;
    mln_err err;

    MLN_TRY(mln_draft_pack(e, d));
    MLN_TRY(mln_semantics_text(d->resource.attrs, e->arena, &text, e->fault));
    err = MLN_ERROR(LIMIT);
    if (e->effort->spent < e->effort->most) { /* of all members, when a group asks */
        err = mln_update_apply(limits, text, update, e->arena, &text, &steps);
    }
    e->effort->spent += steps / STEPS;
    if (err.code == MLN_ERR_LIMIT) {
        mln_fault_set(e->fault, "soe: too much to do, or the descriptor would be too large");
        MLN_FAIL(SPARQL_UPDATE);
    }
    MLN_TRY(err);
    mln_buf_init(&encoded, e->arena, SIZE_MAX);
    mln_base64_add(&encoded, text);
    MLN_TRY(mln_buf_finish(&encoded, &text));
    return mln_draft_set(d, MLN_S("dsp"), mln_value_text(e->arena, text));
}

/* spec: TS-0004 7.4.34.2.3. semanticOpExec is carried out and not kept. */
static mln_err update(struct mln_exec *e, struct mln_draft *d)
{
    const struct mln_value *soe = mln_value_take(d->attributes, MLN_S("soe"));
    struct mln_update *changes;

    if (!soe) {
        return check(e, d);
    }
    if (mln_value_get(e->attributes, MLN_S("dsp"))) {
        mln_fault_set(e->fault, "soe: not together with dsp");
        MLN_FAIL(BAD_REQUEST);
    }
    MLN_TRY(mln_update_read(e->cse->options.limits, soe->text, e->arena, &changes, e->fault));
    return apply_update(e, d, changes);
}

/* spec: TS-0004 7.4.34.2.1: the policy of this CSE allows for no validation */
static mln_err validate(struct mln_exec *e)
{
    const struct mln_value *wanted = mln_value_get(e->attributes, MLN_S("vlde"));

    if (wanted && wanted->kind == MLN_V_BOOL && wanted->boolean) {
        mln_fault_set(e->fault, "vlde: descriptors are not validated against ontologies");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

const struct mln_type_ops mln_smd_ops = {
    .ty = MLN_TY_SMD,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate, .perform = check },
    .update = { .validate = validate, .perform = update },
};
