/* Passing a request on to the CSE that hosts its target, or to the next one on the way.
 *
 * The request is looked at no further than it must be: who asks, and where it goes. It waits,
 * without transaction or thread, for the answer, which becomes its own. Roles, tokens, policies
 * and content are the hosting CSE's business. The worker's thread.
 * spec: TS-0004 7.3.2.6 */
#pragma once

#include "cse/cse_int.h"

/* Is the target of a request with these parameters at another CSE? */
bool mln_transit_concerns(const struct mln_cse *cse, const struct mln_value *params);

/* In the view, when the originator is known: notes where to send. That happens when the view has
 * ended; the request is resumed when the answer is there. Errors: NOT_FOUND (no way),
 * NOT_REACHABLE (no point of access that can be used, or too much waits for that CSE already),
 * STORE_*, NO_MEMORY. */
mln_err mln_transit_prepare(struct mln_exec *e);

/* The same for a RETRIEVE that was for us, and whose answer is that of another target: asked for in
 * the name of the originator, under a Request Identifier of our own, whose answer is not ours to
 * see. A member of a group cannot wait. Errors: as mln_transit_prepare, NOT_IMPLEMENTED. */
mln_err mln_transit_follow(struct mln_exec *e, struct mln_slice to);
/* The originator as another CSE must see it, `is_abroad`: one of another service provider.
 * Errors: NO_MEMORY. */
mln_err mln_transit_from(const struct mln_exec *e, bool is_abroad, struct mln_slice *ret);

/* Any originator of ours. In the arena, or `from` itself. Errors: NO_MEMORY. */
mln_err mln_transit_name(const struct mln_cse *cse, struct mln_arena *arena, struct mln_slice from,
                         bool is_abroad, struct mln_slice *ret);

/* Content of the request, packed; empty without. Errors: LIMIT, NO_MEMORY. */
mln_err mln_transit_content(const struct mln_exec *e, struct mln_slice *ret);
