/* Notifications of this CSE itself, inside ESPrim objects: to entities that the settings name they
 * leave so or not at all.
 *
 * Sessions are per worker: one thread each. An attempt whose target belongs to such an entity
 * (struct mln_reach) goes this way by itself; nobody else need know. What the target answers
 * inside decides. What anybody answers outside is a failure of the protection, never a refusal:
 * CSEs on the way could have said it.
 * spec: TS-0004 7.6.2, security.md 25.3, 25.4, docs/decisions/0057 */
#pragma once

#include "cse/notify/attempt.h"

/* The sessions of a worker. */
struct mln_originating;

/* *ret is NULL when the settings name nobody. Errors: CONFIG (an ID that names no entity),
 * NO_MEMORY. */
mln_err mln_originating_new(struct mln_worker *worker, struct mln_originating **ret);

/* No attempt may be under way. Accepts NULL. */
void mln_originating_free(struct mln_originating *originating);

/* The entity that a target at another CSE is, or else the CSE that hosts it, when the settings name
 * it: its number from 1; 0: it is nobody of them. Any thread. */
size_t mln_originate_elsewhere(const struct mln_cse *cse, struct mln_slice target);

/* The same for an AE-ID, of an <AE> of this CSE too. */
size_t mln_originate_ae(const struct mln_cse *cse, struct mln_slice ae_id);

/* Sends the NOTIFY of an attempt that is set up, inside an ESPrim object; as mln_attempt_start. */
void mln_originate_start(struct mln_attempt *attempt);
