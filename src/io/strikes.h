/* Strikes: how often the handshakes of an address have failed of late.
 *
 * A table of fixed size, shared by all listeners; no locks. An IPv6 address counts by its first 64
 * bits, because one customer has as many. Addresses that fall together share a count, which a
 * secret seed keeps anybody from arranging. Any thread.
 * spec: SEC-GEN-09 */
#pragma once

#include <stdint.h>

#include "base/env.h"
#include "base/peer.h"

struct mln_strikes;

/* most: failures within a minute, then the address is shut out until the minute is over.
 * Errors: NO_MEMORY, SYSTEM. */
mln_err mln_strikes_new(const struct mln_env *env, uint64_t most, struct mln_strikes **ret);
void mln_strikes_free(struct mln_strikes *strikes); /* accepts NULL */

/* One more failure at that time (monotonic). True when it was the one that shuts out. */
bool mln_strikes_add(struct mln_strikes *strikes, const struct mln_peer *peer, int64_t now_us);

/* Is the address shut out? */
bool mln_strikes_is_out(const struct mln_strikes *strikes, const struct mln_peer *peer,
                        int64_t now_us);
