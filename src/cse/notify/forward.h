/* Passing a NOTIFY on to the AE that the target <AE> stands for.
 *
 * The request waits, without transaction or thread, for the AE's answer, which becomes its own.
 * The worker's thread.
 * spec: TS-0004 7.3.3.9.1 */
#pragma once

#include "cse/cse_int.h"

/* In the view: notes where to send; the rest begins by e->begin_wait. Errors: NOT_REACHABLE,
 * STORE_*, NO_MEMORY. */
mln_err mln_forward_prepare(struct mln_exec *e);
