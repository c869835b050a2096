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

static void count(struct mln_exec *e, enum mln_outcome outcome)
{
    (void)atomic_fetch_add_explicit(&e->worker->outcomes[outcome], 1, memory_order_relaxed);
}

static struct mln_audit_event event_of(const struct mln_exec *e, mln_err err, bool is_denied)
{
    /* the details of other denials may quote content */
    bool has_reason = is_denied && denial_of(err) != MLN_OUTCOME_OTHER;
    const struct mln_association *a = e->peer ? e->peer->association : NULL;

    return (struct mln_audit_event){
        .originator = e->req.fr,
        .target = e->req.to,
        .request_id = e->req.rqi,
        .credential_id = a ? a->credential_id : (struct mln_slice){ 0 },
        .peer = e->peer ? e->peer->name : "",
        .op = e->req.op,
        .ty = e->req.op == MLN_OP_CREATE ? e->req.ty : 0,
        .rsc = e->response->rsc,
        .error = mln_failed(err) ? mln_err_name(err) : "",
        .reason = has_reason ? e->fault->text : "",
        .is_denied = is_denied,
        .is_admin = e->originator.is_admin,
        .is_member = !e->call,
        .is_end_to_end = mln_peer_is_end_to_end(e->peer),
    };
}

static bool is_denial(mln_err err)
{
    return mln_failed(err) && mln_err_class(err) == MLN_ERR_CLASS_DENIED;
}

static bool is_told(const struct mln_auditor *auditor, const struct mln_audit_event *event)
{
    return auditor->note && (event->is_denied || event->is_admin || auditor->wants_all);
}

static void tell(const struct mln_exec *e, struct mln_audit_event *event)
{
    const struct mln_auditor *auditor = &e->cse->options.auditor;

    if (is_told(auditor, event)) {
        event->time_us = mln_env_now_us(e->cse->options.env);
        auditor->note(auditor->data, event);
    }
}

/* ---- members of a group ---- */

/* The end of one member's request, until that of the whole: it may have to be worked on anew. */
struct mln_member_end {
    struct mln_member_end *next;
    struct mln_audit_event event;
    mln_err err;
};

mln_err mln_audit_member(struct mln_exec *e, mln_err err)
{
    struct mln_audit_event event = event_of(e, err, is_denial(err));
    struct mln_slice reason = mln_slice_z(event.reason);
    struct mln_member_end *end;

    if (!event.is_denied && !is_told(&e->cse->options.auditor, &event)) {
        return MLN_OK;
    }
    end = mln_arena_zalloc(e->fan->arena, 1, sizeof *end);
    MLN_REQUIRE(end && mln_arena_dup(e->fan->arena, event.target, &event.target), NO_MEMORY);
    event.reason = mln_arena_zdup(e->fan->arena, reason);
    MLN_REQUIRE(event.reason, NO_MEMORY);
    *end = (struct mln_member_end){ .event = event, .err = err };
    if (e->fan->last_end) {
        e->fan->last_end->next = end;
    } else {
        e->fan->ends = end;
    }
    e->fan->last_end = end;
    return MLN_OK;
}

static void tell_of_members(struct mln_exec *e)
{
    for (struct mln_member_end *m = e->fan ? e->fan->ends : NULL; m; m = m->next) {
        if (m->event.is_denied) {
            count(e, denial_of(m->err));
        }
        tell(e, &m->event);
    }
}

/* ---- a request ---- */

void mln_audit_end(struct mln_exec *e, mln_err err)
{
    struct mln_audit_event event = event_of(e, err, is_denial(err));

    tell_of_members(e);
    if (event.is_denied) {
        count(e, denial_of(err));
    } else if (e->is_permitted) { /* what failed before anybody decided is not counted */
        count(e, MLN_OUTCOME_PERMITTED);
    }
    tell(e, &event);
}

void mln_worker_outcomes(const struct mln_worker *worker, uint64_t sums[static MLN_OUTCOMES])
{
    for (unsigned i = 0; i < MLN_OUTCOMES; i++) {
        sums[i] += atomic_load_explicit(&worker->outcomes[i], memory_order_relaxed);
    }
}
