/* Keys and sets of issuers for the tests of this folder. */
#pragma once

#include "crypto/jwt.h"

/* The JWK of that name as text: ec256, other (P-256 too), ec384, ec521, rsa, each also as …_pub;
 * oct16, oct24, oct32, oct48, oct64. The name is its kid. */
const char *mln_test_jwk(const char *name);

/* The same, read. The caller frees it. */
struct mln_jose_key *mln_test_key(const char *name);

/* A set of at most 8 records. The caller drops it. */
struct mln_jwt_issuers *mln_test_issuers(const char *const *records, size_t count,
                                         const struct mln_jwt_trust *trust);
