/* Fuzz target: certificates that come with a token. The input is a byte of options and parts, each
 * behind two bytes with its length: the anchor, with option 1 a revocation list, then the chain.
 * Nobody is believed but a certificate that names the issuer. */
#include "crypto/jwt_chain.h"

#include "base/fuzz_test.h"

#define ISSUER "//sp.example/Sdas"
#define CSE    "//sp.example/in-cse"

enum { HAS_LIST = 1, IS_STRICT = 2, IS_SOFT = 4, IS_CSE = 8 };

static const int64_t now_us = INT64_C(1800000000) * 1000000; /* January 2027 */

static int64_t at_that_time(void *data)
{
    (void)data;
    return now_us;
}

static struct mln_slice take_part(struct mln_slice *rest)
{
    struct mln_slice part = { 0 };
    size_t len;

    if (rest->len < 2) {
        *rest = part;
        return part;
    }
    len = (size_t)(unsigned char)rest->ptr[0] << 8 | (unsigned char)rest->ptr[1];
    part = mln_slice_head(mln_slice_from(*rest, 2), len);
    *rest = mln_slice_from(*rest, 2 + part.len);
    return part;
}

/* It is as the verifier says: held against the identity once more. */
static void check_identity(struct mln_slice der, struct mln_slice issuer,
                           const struct mln_cert_names *names)
{
    struct mln_arena *arena = mln_arena_new(1 << 20);
    struct x509_st *cert = NULL;
    struct mln_cert_identity identity;
    enum mln_cert_reason reason;

    require(arena && !mln_failed(mln_cert_read(der, NULL, &cert)));
    require(!mln_failed(mln_cert_identity_of(cert, names, arena, &identity, &reason)));
    require(mln_slice_eq(identity.flavour == MLN_CERT_AE_ID ? identity.ae_id : identity.cse_id,
                         issuer));
    mln_cert_free(cert);
    mln_arena_free(arena);
}

static void try_chain(struct mln_jwt_trust *trust, struct mln_slice issuer_id,
                      struct mln_slice anchor, struct mln_slice rest,
                      const struct mln_cert_names *names)
{
    struct mln_jwt_issuer issuer = { .id = issuer_id, .anchors = &anchor, .anchor_count = 1 };
    struct mln_slice parts[MLN_JOSE_CHAIN] = { 0 };
    struct mln_jwt_chain chain = { .certificates = parts };
    struct mln_fault why = { 0 };
    int64_t expires_us = 0;

    if (mln_failed(trust->prepare(trust->data, &issuer, &why))) {
        require(why.text[0] != '\0');
        return;
    }
    while (rest.len && chain.count < MLN_JOSE_CHAIN) {
        parts[chain.count++] = take_part(&rest);
    }
    if (chain.count == 0) {
        return;
    }
    if (mln_failed(trust->check(trust->data, &issuer, &chain, &why, &expires_us))) {
        require(why.text[0] != '\0');
        return;
    }
    require(expires_us >= now_us);
    check_identity(parts[0], issuer_id, names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mln_cert_provider provider = { { "//sp.example", 12 }, { "/in-cse", 7 } };
    const struct mln_env clock = { .now_us = at_that_time };
    struct mln_slice rest = mln_slice_of((const char *)data + (size > 0), size - (size > 0));
    unsigned options = size ? data[0] : 0;
    struct mln_slice anchor = take_part(&rest);
    struct mln_slice list = options & HAS_LIST ? take_part(&rest) : (struct mln_slice){ 0 };
    struct mln_cert_rules rules = { .env = &clock,
                                    .names = { &provider, 1 },
                                    .is_strict = options & IS_STRICT };
    struct mln_jwt_trust trust;

    if (size > 60000) {
        return 0;
    }
    if (options & HAS_LIST) {
        rules.status = options & IS_SOFT ? MLN_CERT_STATUS_SOFT : MLN_CERT_STATUS_HARD;
    }
    require(!mln_failed(mln_jwt_trust_new(&rules, list, &trust)));
    try_chain(&trust, options & IS_CSE ? MLN_S(CSE) : MLN_S(ISSUER), anchor, rest, &rules.names);
    trust.drop(trust.data);
    return 0;
}
