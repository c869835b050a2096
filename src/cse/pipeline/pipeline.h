/* The stages of a request, one file each, and the runner that walks them.
 *
 * A stage returns success, an error (the answer is then an error answer) or parks the request. No
 * stage calls another.
 * spec: TS-0004 7.2.2.2 */
#pragma once

#include "cse/cse_int.h"

typedef mln_err mln_stage_fn(struct mln_exec *e, enum mln_step *ret);

mln_stage_fn mln_stage_check;    /* Recv-1.0: the primitive by table */
mln_stage_fn mln_stage_accept;   /* Recv-3.0 to 5.0: what is non-blocking goes on as another call */
mln_stage_fn mln_stage_identify; /* Recv-1.0: From against the peer */
mln_stage_fn mln_stage_route;    /* Recv-6.1: ours? */
mln_stage_fn mln_stage_admit;    /* Recv-6.0.2: the service subscription profile */
mln_stage_fn mln_stage_resolve;  /* Recv-6.2: To to resource; 6.2.1: group request seen before */
mln_stage_fn mln_stage_authorise; /* Recv-6.3: makes the grant */
mln_stage_fn mln_stage_validate;  /* Recv-6.4 */
mln_stage_fn mln_stage_perform;   /* Recv-6.5, and what follows in the same transaction */

/* The operations of stage perform. */
mln_err mln_perform_create(struct mln_exec *e);
mln_err mln_perform_retrieve(struct mln_exec *e);
mln_err mln_perform_update(struct mln_exec *e);
mln_err mln_perform_delete(struct mln_exec *e);
mln_err mln_perform_notify(struct mln_exec *e);

/* A list of references to policies in the request: each must be one of this CSE; those of other
 * CSEs cannot be evaluated yet, so they are refused.
 * Errors: ATTR_INVALID, LIMIT, NOT_IMPLEMENTED, STORE_*, NO_MEMORY. */
mln_err mln_validate_policies(struct mln_exec *e, struct mln_slice name);

/* e2eSecInfo in the request, if it is there. Errors: ATTR_INVALID, NO_MEMORY. */
mln_err mln_validate_support(struct mln_exec *e);

/* Are fewer than `most` children of the type to be created below the target? Errors: LIMIT,
 * STORE_*. */
mln_err mln_validate_room(struct mln_exec *e, uint64_t most);

/* An attribute of m2m:scheduleEntries in the request, if it is there: each entry can be read, and
 * there are not too many. Errors: ATTR_INVALID, LIMIT. */
mln_err mln_validate_schedule(struct mln_exec *e, struct mln_slice name);

/* Content of a NOTIFY, for the stage validate. Errors: BAD_REQUEST, ATTR_INVALID,
 * NOT_IMPLEMENTED. */
mln_err mln_validate_notify(struct mln_exec *e);

/* Recv-6.7: content of a success answer by Result Content; in the view. */
mln_err mln_respond_success(struct mln_exec *e);

/* An error answer: code, debug information; needs no view, cannot fail. */
void mln_respond_error(struct mln_exec *e, mln_err err);

/* A request has been answered: counts the decisions, those on the members of a group too, and tells
 * the auditor. */
void mln_audit_end(struct mln_exec *e, mln_err err);

/* A member's request has failed: remembered until the whole is answered, since an attempt at it
 * can be repeated. Errors: NO_MEMORY. */
mln_err mln_audit_member(struct mln_exec *e, mln_err err);

/* Walks the stages that need the view, and answers; errors become error answers. For a member's
 * request of a group. Errors: only those that must end the whole request too
 * (store and memory failures). */
mln_err mln_exec_in_view(struct mln_exec *e);

/* Begins an attempt in e->view and walks the stages that need it, up to `last`; NULL: to the end
 * and to the answer. Errors: those of the stages, TIMEOUT. */
mln_err mln_exec_walk(struct mln_exec *e, mln_stage_fn *last);

/* Answers a call that is not parked; the exec is gone after that. Worker's thread. */
void mln_exec_finish(struct mln_exec *e, mln_err err);

/* The request asks for the explanation of a decision; keeps what it asks. Reads nothing but the
 * request. Errors: PARAM_INVALID, PARAM_MISSING, NO_MEMORY. */
mln_err mln_explain_begin(struct mln_exec *e, const struct mln_value *question);

/* Takes the place of the stages for such a request: up to the decision while roles and tokens are
 * gathered (its error is the decision then, and the request is the one that is thought of), else up
 * to the answer. Errors: NO_PRIVILEGE for all but the administrator. */
mln_err mln_explain(struct mln_exec *e, bool is_gathering);

/* The request is the administrator's again. Nothing for others. */
void mln_explain_restore(struct mln_exec *e);

/* The request waits for somebody else from now on; mln_exec_resume ends that.
 * Errors: OVERLOAD (too many wait), REQUEST_PENDING (one of the same name waits). */
mln_err mln_exec_park(struct mln_exec *e);

/* Goes on with a parked request on its worker: `outcome` says how the waiting ended. */
void mln_exec_resume(struct mln_exec *e, mln_err outcome);

/* What the originator of such a request needs on its target. */
enum mln_privilege mln_exec_privilege(const struct mln_request *req);

/* The request waits for a time, and goes on then, or when it is woken before. It stays when its
 * client leaves. Errors: OVERLOAD (too many wait, or the server stops), REQUEST_PENDING,
 * NO_MEMORY. */
mln_err mln_exec_park_until(struct mln_exec *e, int64_t until_us);
void mln_exec_wake(struct mln_exec *e, mln_err outcome);

/* Does it ask for Delivery Aggregation? */
bool mln_exec_aggregates(const struct mln_exec *e);

/* The inner object of Content for CREATE and UPDATE, or NULL. */
const struct mln_value *mln_exec_attributes(const struct mln_request *req);
