/* <semanticDescriptor>: what its parent is, in RDF. Which resources fit a semanticsFilter is found
 * by it: cse/discover/semantic.c. spec: TS-0004 7.4.34, TS-0001 9.6.30 */
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

const struct mln_type_ops mln_smd_ops = {
    .ty = MLN_TY_SMD,
    .operations = MLN_OPS_CRUD,
    .create = { .perform = check },
    .update = { .perform = check },
};
