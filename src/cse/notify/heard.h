/* A NOTIFY that this CSE writes down: what it says is carried out in a job of the store, and
 * answered when that is committed. What the sender hears of as taken is not lost. */
#pragma once

#include "cse/notify/outbox.h"

/* From the hook `notify.perform`: `take` is called in the job, on the store's executor, with the
 * target as it is then. Errors: NOT_IMPLEMENTED (a member of a group cannot wait). */
mln_err mln_heard_begin(struct mln_exec *e,
                        mln_err (*take)(struct mln_exec *e, const struct mln_change *c,
                                        const struct mln_resource *target));

/* Is that member of a notification there, and true? */
bool mln_heard_says(const struct mln_value *sgn, struct mln_slice name);

/* The notification that asks for consent, or NULL. spec: TS-0004 7.5.1.2.3 */
const struct mln_value *mln_heard_verification(const struct mln_exec *e);

/* subscriptionReference with the CSE-ID of who says it, which it must not say of another:
 * "/mn/sub-5". Errors: BAD_REQUEST, NO_MEMORY. */
mln_err mln_heard_name(const struct mln_exec *e, const struct mln_value *sgn,
                       struct mln_slice *ret);

/* Is one of that packed list hosted by the CSE that notifies? */
bool mln_heard_from_host(const struct mln_exec *e, struct mln_slice list);
