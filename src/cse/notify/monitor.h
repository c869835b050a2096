/* operationMonitor: who asks what of a resource, whether or not it is done.
 *
 * A write that is carried out tells in its own batch. What writes nothing, or fails, is told by a
 * job of its own when the request is over; so are retrievals of empty containers (vacant.h). A flag
 * spares resources that nobody monitors all of this. spec: TS-0001 9.6.8 */
#pragma once

#include "cse/cse_int.h"

/* In the batch of a write that has been carried out, or of a DELETE that is about to be. Others
 * than monitored resources cost nothing. Errors: STORE_*, NO_MEMORY. */
mln_err mln_monitor_tell(struct mln_exec *e);

/* A member's request is over: it is told with the whole. Errors: NO_MEMORY. */
mln_err mln_monitor_member(struct mln_exec *e);

/* The request is over. Under too much load nobody is told. */
void mln_monitor_end(const struct mln_exec *e, mln_err outcome);
