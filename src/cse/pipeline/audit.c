/* Counting how requests ended, and telling the auditor. SEC-GEN-08 */
#include "cse/audit.h"

#include <stdatomic.h>

#include "cse/access/proof.h"
#include "cse/pipeline/pipeline.h"

const char *mln_outcome_name(enum mln_outcome outcome)
{
    static const char *const names[] = {
        [MLN_OUTCOME_PERMITTED] = "permitted",
        [MLN_OUTCOME_NO_PRIVILEGE] = "no_privilege",
        [MLN_OUTCOME_NOT_AUTHENTICATED] = "not_authenticated",
        [MLN_OUTCOME_NEEDS_ASSOCIATION] = "needs_association",
        [MLN_OUTCOME_APP_RULE] = "app_rule",
        [MLN_OUTCOME_NO_SUBSCRIPTION] = "no_subscription",
        [MLN_OUTCOME_OTHER] = "other_denial",
    };

    return names[outcome];
}

static enum mln_outcome denial_of(mln_err err)
{
    static const struct {
        enum mln_err_code code;
        enum mln_outcome outcome;
    } table[] = {
        { MLN_ERR_NO_PRIVILEGE, MLN_OUTCOME_NO_PRIVILEGE },
        { MLN_ERR_NOT_AUTHENTICATED, MLN_OUTCOME_NOT_AUTHENTICATED },
        { MLN_ERR_NEEDS_ASSOCIATION, MLN_OUTCOME_NEEDS_ASSOCIATION },
        { MLN_ERR_APP_RULE, MLN_OUTCOME_APP_RULE },
        { MLN_ERR_NO_SUBSCRIPTION, MLN_OUTCOME_NO_SUBSCRIPTION },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].code == err.code) {
            return table[i].outcome;
        }
    }
    return MLN_OUTCOME_OTHER;
}

/* Requests that failed before anybody decided are not counted. */
static void count(struct mln_exec *e, mln_err err, bool is_denied)
{
    enum mln_outcome outcome = is_denied ? denial_of(err) : MLN_OUTCOME_PERMITTED;

    if (is_denied || e->is_permitted) {
        (void)atomic_fetch_add_explicit(&e->worker->outcomes[outcome], 1, memory_order_relaxed);
    }
}

void mln_audit_end(struct mln_exec *e, mln_err err)
{
    const struct mln_auditor *auditor = &e->cse->options.auditor;
    bool is_denied = mln_failed(err) && mln_err_class(err) == MLN_ERR_CLASS_DENIED;
    /* the details of other denials may quote content */
    bool has_reason = is_denied && denial_of(err) != MLN_OUTCOME_OTHER;
    const struct mln_association *a = e->peer ? e->peer->association : NULL;
    struct mln_audit_event event = {
        .originator = e->req.fr,
        .target = e->req.to,
        .request_id = e->req.rqi,
        .peer = e->peer ? e->peer->name : "",
        .op = e->req.op,
        .ty = e->req.op == MLN_OP_CREATE ? e->req.ty : 0,
        .rsc = e->response->rsc,
        .error = mln_failed(err) ? mln_err_name(err) : "",
        .reason = has_reason ? e->fault->text : "",
        .is_denied = is_denied,
        .is_admin = e->originator.is_admin,
        .is_member = !e->call,
    };

    count(e, err, is_denied);
    if (!auditor->note || !(is_denied || event.is_admin || auditor->wants_all)) {
        return;
    }
    event.time_us = mln_env_now_us(e->cse->options.env);
    event.credential_id = a ? a->credential_id : (struct mln_slice){ 0 };
    auditor->note(auditor->data, &event);
}

void mln_worker_outcomes(const struct mln_worker *worker, uint64_t sums[static MLN_OUTCOMES])
{
    for (unsigned i = 0; i < MLN_OUTCOMES; i++) {
        sums[i] += atomic_load_explicit(&worker->outcomes[i], memory_order_relaxed);
    }
}
