/* RETRIEVE and NOTIFY of a <pollingChannelURI>: service layer long polling.
 *
 * A RETRIEVE waits, without transaction or thread, for a request; a NOTIFY brings the response to
 * one that was fetched so. The worker's thread.
 * spec: TS-0004 7.4.22.2.2, 7.4.22.2.5 */
#pragma once

#include "cse/cse_int.h"

/* In the view: from now on the request waits for one to poll. Errors: OPERATION (not through a
 * group), NO_MEMORY. */
mln_err mln_poll_prepare(struct mln_exec *e);

/* In the view: finds the response in Content. Errors: BAD_REQUEST (it is none), NO_MEMORY. */
mln_err mln_poll_reply(struct mln_exec *e);
