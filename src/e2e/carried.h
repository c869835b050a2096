/* Which inner requests a target has carried out lately, whatever session they came in.
 *
 * Outer answers are not protected: who is between can have a request carried out, say that it was
 * not, and so get it in another ESPrim object, under another session. The Request Identifier alone
 * does not tell that: a new request may have an old one. With the Originating Timestamp in it, two
 * requests with the same text are one.
 *
 * Two sets of hashes: the younger one fills, then the older one is forgotten and they change
 * places. What counts only since `mln_carried_floor` cannot bring back what was forgotten.
 * One thread at a time; set to zero first. spec: TS-0001 7.1.7; docs/decisions/0050 */
#pragma once

#include "e2e/seen.h"
#include "model/value.h"

struct mln_carried {
    struct mln_seen sets[2]; /* the younger one first */
    int64_t since_us[2];     /* when they began */
};

/* Does the request change something, and can it be told apart from every other one? */
bool mln_carried_concerns(const struct mln_value *params);

/* Notes a request by the hash of its text; a set holds `most`. Errors: REPLAY, NO_MEMORY. */
mln_err mln_carried_note(struct mln_carried *carried, uint64_t hash, size_t most, int64_t now_us);

/* All that was noted since is remembered. */
int64_t mln_carried_floor(const struct mln_carried *carried);

void mln_carried_clear(struct mln_carried *carried);
