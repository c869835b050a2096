/* RETRIEVE: nothing is done before the answer is made. spec: TS-0004 7.3.3.6 */
#include "cse/pipeline/pipeline.h"

mln_err mln_perform_retrieve(struct mln_exec *e)
{
    e->result = e->target.resource;
    return MLN_OK;
}
