/* Issuers of tokens and roles for a running CSE: records of its credentials. Main thread. */
#pragma once

#include "crypto/credentials.h"
#include "cse/cse.h"

/* Gives the CSE the issuers that the credentials hold now. On failure it keeps those it has.
 * Errors: CONFIG (a record that is no issuer: the fault names it), LIMIT, NO_MEMORY. */
mln_err mln_issuers_apply(struct mln_credentials *credentials, struct mln_cse *cse,
                          struct mln_fault *fault);
