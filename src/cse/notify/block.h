/* Blocking updates: an UPDATE that a subscription of event type 7 is to agree to.
 *
 * Whether a request must wait is found out in the batch, before it writes anything: it then leaves
 * the batch with BLOCKED and waits on its worker, without view, transaction or thread. The first
 * one asks the target of the subscription; other UPDATEs and DELETEs of the same resource wait
 * behind it, in the order in which they came, and each starts again when it is its turn. Resources
 * that never had such a subscription lack a flag, and nothing is looked up for them. The table of
 * the others is shared by all threads and has a lock of its own.
 * spec: TS-0004 7.5.1.2.19, 7.3.2.9; TS-0001 9.6.8, 10.2.10.7 */
#pragma once

#include "cse/cse_int.h"

/* Errors: NO_MEMORY, SYSTEM. */
mln_err mln_blocks_new(struct mln_blocks **ret);

/* No request may wait. NULL is fine. */
void mln_blocks_free(struct mln_blocks *blocks);

/* The worker stops: its requests that wait for their turn are answered with an error. Worker's
 * thread. */
void mln_blocks_stop(struct mln_blocks *blocks, const struct mln_worker *worker);

/* Is this the criteria of a subscription (packed, or empty) that blocks? */
bool mln_block_is_wanted(struct mln_slice criteria);

/* In the batch, before an UPDATE or DELETE of e->target is carried out.
 * Errors: BLOCKED (and then e->begin_wait is set), NOT_IMPLEMENTED (a member of a group cannot
 * wait), STORE_*, NO_MEMORY. */
mln_err mln_block_check(struct mln_exec *e);

/* The request is over: the next of those behind it goes on. Nothing for others. */
void mln_block_end(struct mln_exec *e);
