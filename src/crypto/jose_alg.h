/* The algorithms of JOSE that oneM2M permits, as tables: what is not here does not exist for us.
 * Constant, any thread.
 * spec: TS-0003 8.5.3, security.md 26.3; RFC 7518 */
#pragma once

#include "base/slice.h"

enum mln_jose_kty { MLN_JOSE_OCT, MLN_JOSE_EC, MLN_JOSE_RSA };

enum mln_jose_crv { MLN_JOSE_NO_CURVE, MLN_JOSE_P256, MLN_JOSE_P384, MLN_JOSE_P521 };

enum mln_jose_sig {
    MLN_JOSE_NO_SIG,
    MLN_JOSE_HS256,
    MLN_JOSE_HS384,
    MLN_JOSE_HS512,
    MLN_JOSE_RS256,
    MLN_JOSE_RS384,
    MLN_JOSE_RS512,
    MLN_JOSE_ES256,
    MLN_JOSE_ES384,
    MLN_JOSE_ES512,
    MLN_JOSE_SIGS
};

/* Key management: `alg` of a JWE. */
enum mln_jose_wrap {
    MLN_JOSE_NO_WRAP,
    MLN_JOSE_DIR,
    MLN_JOSE_A128KW,
    MLN_JOSE_A192KW,
    MLN_JOSE_A256KW,
    MLN_JOSE_RSA_OAEP_256,
    MLN_JOSE_ECDH_ES_A128KW,
    MLN_JOSE_ECDH_ES_A192KW,
    MLN_JOSE_ECDH_ES_A256KW,
    MLN_JOSE_WRAPS
};

/* Content encryption: `enc` of a JWE. */
enum mln_jose_enc {
    MLN_JOSE_NO_ENC,
    MLN_JOSE_A128GCM,
    MLN_JOSE_A192GCM,
    MLN_JOSE_A256GCM,
    MLN_JOSE_ENCS
};

struct mln_jose_sig_row {
    const char *name;
    const char *digest; /* as OpenSSL calls it */
    enum mln_jose_kty kty;
    enum mln_jose_crv crv;
    size_t digest_bytes;
};

struct mln_jose_wrap_row {
    const char *name;
    enum mln_jose_kty kty;
    size_t kek_bytes; /* of the key that wraps; 0: the key itself, or RSA */
};

struct mln_jose_enc_row {
    const char *name;
    size_t key_bytes;
};

struct mln_jose_crv_row {
    const char *name;
    size_t bytes; /* of a coordinate */
};

/* The first row of each table is empty. */
const struct mln_jose_sig_row *mln_jose_sig_row(enum mln_jose_sig sig);
const struct mln_jose_wrap_row *mln_jose_wrap_row(enum mln_jose_wrap wrap);
const struct mln_jose_enc_row *mln_jose_enc_row(enum mln_jose_enc enc);
const struct mln_jose_crv_row *mln_jose_crv_row(enum mln_jose_crv crv);

/* By the name in a header; 0 (MLN_JOSE_NO_…) for any other text. */
enum mln_jose_sig mln_jose_sig_named(struct mln_slice name);
enum mln_jose_wrap mln_jose_wrap_named(struct mln_slice name);
enum mln_jose_enc mln_jose_enc_named(struct mln_slice name);
enum mln_jose_crv mln_jose_crv_named(struct mln_slice name);
