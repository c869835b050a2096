/* Rules of subscriptions that block updates (event type 7). The thread of the view.
 * spec: TS-0004 7.4.8.2.1, 7.4.8.2.3; TS-0001 10.2.10.2 */
#pragma once

#include "cse/cse_int.h"

/* CREATE, after the targets were found to be possible; nothing for other subscriptions. What
 * depends on the subscribed-to resource is left out without `has_subject`.
 * Errors: ATTR_INVALID, BLOCKING_EXISTS, RECEIVER_DENIED, STORE_*, NO_MEMORY. */
mln_err mln_blocking_check_create(struct mln_exec *e, bool has_subject);

/* UPDATE. `subject` NULL: not known. Errors: as mln_blocking_check_create. */
mln_err mln_blocking_check_update(struct mln_exec *e, const struct mln_resource *subject);
