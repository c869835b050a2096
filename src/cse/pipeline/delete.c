/* DELETE. spec: TS-0004 7.3.3.8 */
#include "cse/notify/monitor.h"
#include "cse/notify/removal.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/tree.h"
#include "cse/types/sub.h"

mln_err mln_perform_delete(struct mln_exec *e)
{
    const struct mln_type_ops *ops = mln_type_ops_of(e->target.resource.ty);
    struct mln_change change = mln_exec_change(e, mln_env_now_us(e->cse->options.env));

    change.deleter = e->originator.text;
    if (e->target.virtual_child == MLN_VIRTUAL_SELF) {
        return mln_removal_perform(e);
    }
    e->result = e->target.resource;
    /* the answer may show what is about to go, with its children */
    MLN_TRY(mln_respond_success(e));
    /* spec: TS-0004 table 7.2.1.2-1: not in DELETE, where nobody can go on at an offset */
    e->response->content_status = MLN_CONTENT_UNSAID;
    e->response->content_offset = 0;
    e->answered = true;
    e->has_written = true;
    if (mln_sub_is_any(e->result.ty)) {
        /* spec: TS-0004 7.4.8.2.4: what waits for its targets is dropped */
        MLN_TRY(mln_outbox_clear(&change, e->result.id));
    }
    MLN_TRY(mln_monitor_tell(e)); /* as long as there is somebody to tell */
    MLN_TRY(mln_tree_remove(&change, &e->result));
    return ops && ops->del.finish ? ops->del.finish(e) : MLN_OK;
}
