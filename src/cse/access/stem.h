/* Choosing an AE-ID-Stem for an AE that leaves the choice to us.
 *
 * Candidates come from the patterns of the rule and of the credential, in their order: one without
 * '*' is taken as it is while no AE has it; in another the first '*' becomes 64 random bits. The
 * thread of the view. spec: TS-0001 10.2.2.2, security.md 4.3, 4.4 */
#pragma once

#include "cse/access/admit.h"

/* `allowed`: packed list of patterns (allowedAEs), or empty for no restriction. *ret_is_chosen
 * false: no AE-ID satisfies the list, the credential and From.
 * Errors: STORE_*, NO_MEMORY, SYSTEM (random numbers). */
mln_err mln_stem_choose(const struct mln_registration *in, struct mln_slice allowed,
                        bool *ret_is_chosen, struct mln_slice *ret);
