/* Event type 5: somebody retrieves the children of a <container> that has no instance.
 *
 * A RETRIEVE writes nothing, so monitor.c publishes the event when the answer was made. Members of
 * a group are not looked at. spec: TS-0004 6.3.4.2.19, TS-0001 9.6.8 */
#pragma once

#include "cse/cse_int.h"

/* In the view of a RETRIEVE: is e->target such a container, and does a subscription want to hear of
 * it? Then e->is_vacant. Others than empty containers cost nothing. Errors: STORE_*, NO_MEMORY. */
mln_err mln_vacant_look(struct mln_exec *e);
