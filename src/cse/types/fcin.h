/* <flexContainerInstance>: what a <flexContainer> held at some time. Executor's thread.
 * spec: TS-0001 9.6.35, of Release 4: decision 0043 */
#pragma once

#include "cse/types/types.h"

/* Is it a custom attribute, one of no flexContainer but those of a definition? */
bool mln_fcin_is_custom(struct mln_slice name);

/* The instance that the present state of the packed <flexContainer> makes, without identifiers,
 * Originator and attributes. */
struct mln_resource mln_fcin_of(const struct mln_resource *holder);

/* Stores it and tells who waits for children. `d` is the holder as it was stored; its counters have
 * the instance. Errors: STORE_*, LIMIT, NO_MEMORY. */
mln_err mln_fcin_make(struct mln_exec *e, const struct mln_draft *d);
