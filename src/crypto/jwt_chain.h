/* Trust in certificates that come with tokens (x5c): the path validation of x509.h, for each issuer
 * with its own anchors, under the rules and revocation lists that the caller gives.
 *
 * The signer's certificate must be an AE-ID or a CSE-ID certificate that names the issuer: its
 * identifier is absolute then. Any thread.
 * spec: TS-0003 7.3.2.6.3, TS-0003 10.1; security.md 6.2, 15 */
#pragma once

#include "crypto/jwt.h"
#include "crypto/x509.h"

/* For mln_jwt_issuers_new, which makes a verifier for each issuer with anchors: `rules` and `crls`
 * (PEM or DER, or empty) must stay until then, and the clock of the rules as long as the set. If no
 * set comes of it, the caller calls ret->drop. Errors: NO_MEMORY. */
mln_err mln_jwt_trust_new(const struct mln_cert_rules *rules, struct mln_slice crls,
                          struct mln_jwt_trust *ret);
