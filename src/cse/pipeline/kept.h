/* What is kept of an accepted request, so that another run of the server can carry it out as whom
 * it came from: its parameters, and what the connection proved. Content is in the <request>.
 * docs/decisions/0019 */
#pragma once

#include "cse/cse_int.h"

/* Packed, in the arena of the call. Empty when nothing may be kept: tokens are secrets.
 * Errors: NO_MEMORY. */
mln_err mln_kept_pack(const struct mln_cse *cse, const struct mln_call *call,
                      struct mln_slice *ret);

/* Sets the parameters of the call, which has an arena, and the peer but for its association, of
 * which the caller gets the one reference; NULL: there was none. `attrs` are those of the
 * <request>. Errors: STORE_CORRUPT, NO_MEMORY. */
mln_err mln_kept_read(struct mln_slice kept, struct mln_slice attrs, struct mln_call *call,
                      struct mln_peer *peer, struct mln_association **ret_association,
                      uint64_t *ret_credential_state);

/* Of the credential now: see struct mln_cse_options. Any thread. */
uint64_t mln_kept_state(const struct mln_cse *cse, struct mln_slice credential_id);
