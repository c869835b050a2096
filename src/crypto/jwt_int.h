/* What the files of JWT share: parts and headers. spec: RFC 7515 4, RFC 7516 4 */
#pragma once

#include "crypto/jose_header.h"
#include "crypto/jwt.h"

/* Cuts the token into 3 or 5 parts by its points; *ret_count is the number found, at most 6.
 * Errors: SYNTAX (a character that base64url does not have, or an empty part that m2m:dynAuthJWT
 * wants filled). */
mln_err mln_jwt_split(struct mln_slice token, struct mln_slice parts[static MLN_JOSE_JWE_PARTS],
                      size_t *ret_count);

/* Decodes and checks a header into *ret, as mln_jose_header_read does: typ is JWT. It is zeroed
 * before, and done with after, also when it fails. Errors: SYNTAX (not base64url), TOKEN_REFUSED,
 * NO_MEMORY. */
mln_err mln_jwt_header_read(const struct mln_jwt_check *check, struct mln_slice encoded,
                            bool is_jwe, struct mln_jose_header *ret);

/* All issuers of the set. */
const struct mln_jwt_issuer *mln_jwt_issuers_all(const struct mln_jwt_issuers *issuers,
                                                 size_t *ret_count);

const struct mln_jwt_trust *mln_jwt_issuers_trust(const struct mln_jwt_issuers *issuers);

/* Does the issuer use this combination? */
bool mln_jwt_rule_permitted(const struct mln_jwt_issuer *issuer, const struct mln_jwt_rule *rule);

/* Sets the detail and returns TOKEN_REFUSED. */
static inline mln_err mln_jwt_refuse(const struct mln_jwt_check *check, const char *why)
{
    mln_fault_set(check->fault, "token: %s", why);
    MLN_FAIL(TOKEN_REFUSED);
}
