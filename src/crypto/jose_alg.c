/* The tables of JOSE algorithms. */
#include "crypto/jose_alg.h"

static const struct mln_jose_sig_row sigs[MLN_JOSE_SIGS] = {
    [MLN_JOSE_NO_SIG] = { "", "", MLN_JOSE_OCT, MLN_JOSE_NO_CURVE, 0 },
    [MLN_JOSE_HS256] = { "HS256", "SHA256", MLN_JOSE_OCT, MLN_JOSE_NO_CURVE, 32 },
    [MLN_JOSE_HS384] = { "HS384", "SHA384", MLN_JOSE_OCT, MLN_JOSE_NO_CURVE, 48 },
    [MLN_JOSE_HS512] = { "HS512", "SHA512", MLN_JOSE_OCT, MLN_JOSE_NO_CURVE, 64 },
    [MLN_JOSE_RS256] = { "RS256", "SHA256", MLN_JOSE_RSA, MLN_JOSE_NO_CURVE, 32 },
    [MLN_JOSE_RS384] = { "RS384", "SHA384", MLN_JOSE_RSA, MLN_JOSE_NO_CURVE, 48 },
    [MLN_JOSE_RS512] = { "RS512", "SHA512", MLN_JOSE_RSA, MLN_JOSE_NO_CURVE, 64 },
    [MLN_JOSE_ES256] = { "ES256", "SHA256", MLN_JOSE_EC, MLN_JOSE_P256, 32 },
    [MLN_JOSE_ES384] = { "ES384", "SHA384", MLN_JOSE_EC, MLN_JOSE_P384, 48 },
    [MLN_JOSE_ES512] = { "ES512", "SHA512", MLN_JOSE_EC, MLN_JOSE_P521, 64 },
};

static const struct mln_jose_wrap_row wraps[MLN_JOSE_WRAPS] = {
    [MLN_JOSE_NO_WRAP] = { "", MLN_JOSE_OCT, 0 },
    [MLN_JOSE_DIR] = { "dir", MLN_JOSE_OCT, 0 },
    [MLN_JOSE_A128KW] = { "A128KW", MLN_JOSE_OCT, 16 },
    [MLN_JOSE_A192KW] = { "A192KW", MLN_JOSE_OCT, 24 },
    [MLN_JOSE_A256KW] = { "A256KW", MLN_JOSE_OCT, 32 },
    [MLN_JOSE_RSA_OAEP_256] = { "RSA-OAEP-256", MLN_JOSE_RSA, 0 },
    [MLN_JOSE_ECDH_ES_A128KW] = { "ECDH-ES+A128KW", MLN_JOSE_EC, 16 },
    [MLN_JOSE_ECDH_ES_A192KW] = { "ECDH-ES+A192KW", MLN_JOSE_EC, 24 },
    [MLN_JOSE_ECDH_ES_A256KW] = { "ECDH-ES+A256KW", MLN_JOSE_EC, 32 },
};

static const struct mln_jose_enc_row encs[MLN_JOSE_ENCS] = {
    [MLN_JOSE_NO_ENC] = { "", 0 },
    [MLN_JOSE_A128GCM] = { "A128GCM", 16 },
    [MLN_JOSE_A192GCM] = { "A192GCM", 24 },
    [MLN_JOSE_A256GCM] = { "A256GCM", 32 },
};

enum { CURVES = MLN_JOSE_P521 + 1 };

static const struct mln_jose_crv_row curves[CURVES] = {
    [MLN_JOSE_NO_CURVE] = { "", 0 },
    [MLN_JOSE_P256] = { "P-256", 32 },
    [MLN_JOSE_P384] = { "P-384", 48 },
    [MLN_JOSE_P521] = { "P-521", 66 },
};

const struct mln_jose_sig_row *mln_jose_sig_row(enum mln_jose_sig sig)
{
    return &sigs[sig];
}

const struct mln_jose_wrap_row *mln_jose_wrap_row(enum mln_jose_wrap wrap)
{
    return &wraps[wrap];
}

const struct mln_jose_enc_row *mln_jose_enc_row(enum mln_jose_enc enc)
{
    return &encs[enc];
}

const struct mln_jose_crv_row *mln_jose_crv_row(enum mln_jose_crv crv)
{
    return &curves[crv];
}

enum mln_jose_sig mln_jose_sig_named(struct mln_slice name)
{
    unsigned i = MLN_JOSE_SIGS - 1;

    while (i > 0 && !mln_slice_eq(name, mln_slice_z(sigs[i].name))) {
        i--;
    }
    return (enum mln_jose_sig)i;
}

enum mln_jose_wrap mln_jose_wrap_named(struct mln_slice name)
{
    unsigned i = MLN_JOSE_WRAPS - 1;

    while (i > 0 && !mln_slice_eq(name, mln_slice_z(wraps[i].name))) {
        i--;
    }
    return (enum mln_jose_wrap)i;
}

enum mln_jose_enc mln_jose_enc_named(struct mln_slice name)
{
    unsigned i = MLN_JOSE_ENCS - 1;

    while (i > 0 && !mln_slice_eq(name, mln_slice_z(encs[i].name))) {
        i--;
    }
    return (enum mln_jose_enc)i;
}

enum mln_jose_crv mln_jose_crv_named(struct mln_slice name)
{
    unsigned i = CURVES - 1;

    while (i > 0 && !mln_slice_eq(name, mln_slice_z(curves[i].name))) {
        i--;
    }
    return (enum mln_jose_crv)i;
}
