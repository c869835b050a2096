/* RETRIEVE: hardly anything is done before the answer is made. spec: TS-0004 7.3.3.6 */
#include "cse/pipeline/pipeline.h"
#include "cse/types/types.h"

mln_err mln_perform_retrieve(struct mln_exec *e)
{
    const struct mln_type_ops *ops = mln_type_ops_of(e->type->ty);

    e->result = e->target.resource;
    return !e->req.sqi && ops && ops->retrieve.perform ? ops->retrieve.perform(e) : MLN_OK;
}
