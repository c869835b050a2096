/* Issuers of tokens and roles for a running CSE: records of its credentials. Main thread. */
#pragma once

#include "cse/cse.h"
#include "server/tls.h"

/* Gives the CSE the issuers that the credentials of `tls` hold now, their certificates checked as
 * it has been told to. On failure the CSE keeps those it has.
 * Errors: CONFIG (a record that is no issuer: the fault names it), LIMIT, NO_MEMORY. */
mln_err mln_issuers_apply(const struct mln_server_tls *tls, struct mln_cse *cse,
                          struct mln_fault *fault);

/* Could a CSE have one more, from this record, beside those that the credentials hold? Errors:
 * CONFIG (such as another issuer of the same domain), LIMIT, NO_MEMORY. */
mln_err mln_issuers_check(struct mln_credentials *credentials, struct mln_slice record,
                          struct mln_fault *fault);
