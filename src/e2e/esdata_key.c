/* Keys for protected data by what they are given for. */
#include "e2e/esdata_key.h"

#include <string.h>

#include "crypto/cred_id.h"

/* Provisioned secrets and keys of certificates: 14, 15, 44, 45. What else tens may say (where a
 * provisioned secret came from) a file does not tell. spec: security.md 13.4 */
enum { OF_SECRET = 10, OF_CERTIFICATE = 40 };

static unsigned suid_of(enum mln_esdata_role role, unsigned origin)
{
    bool is_signature = role == MLN_ESDATA_SIGN || role == MLN_ESDATA_FROM;

    return origin + (unsigned)(is_signature ? MLN_USE_SIGNATURE : MLN_USE_ESDATA);
}

static unsigned ops_of(enum mln_esdata_role role)
{
    static const unsigned ops[MLN_ESDATA_ROLES] = {
        [MLN_ESDATA_TO] = MLN_JOSE_OP_SEAL,
        [MLN_ESDATA_KEY] = MLN_JOSE_OP_OPEN,
        [MLN_ESDATA_SIGN] = MLN_JOSE_OP_SIGN,
        [MLN_ESDATA_FROM] = MLN_JOSE_OP_VERIFY,
    };

    return ops[role];
}

static bool has(struct mln_slice text, const char *what)
{
    return text.len && memmem(text.ptr, text.len, what, strlen(what)) != NULL;
}

bool mln_esdata_is_key_text(struct mln_slice text)
{
    return has(text, "-----BEGIN ") || mln_slice_starts(text, MLN_S("{"));
}

mln_err mln_esdata_key_of_chain(const struct mln_esdata_key_source *source,
                                const struct mln_slice *chain, size_t count,
                                struct mln_fault *fault, struct mln_data_key **ret)
{
    struct mln_data_trust trust = *source->trust;

    if (!trust.verifier) {
        mln_fault_set(fault, "a certificate says nothing without a trust anchor");
        MLN_FAIL(CONFIG);
    }
    trust.entity = source->name;
    MLN_TRY(mln_data_key_of_certificate(&trust, chain, count, suid_of(source->role, OF_CERTIFICATE),
                                        fault, ret));
    mln_jose_key_narrow((*ret)->key, ops_of(source->role));
    return MLN_OK;
}

static mln_err of_certificate(const struct mln_esdata_key_source *s, struct mln_fault *fault,
                              struct mln_data_key **ret)
{
    struct mln_slice chain[MLN_DATA_CHAIN];
    size_t count;

    MLN_TRY(mln_data_chain_of_pem(s->text, s->arena, fault, chain, &count));
    return mln_esdata_key_of_chain(s, chain, count, fault, ret);
}

static mln_err of_pem(const struct mln_esdata_key_source *s, struct mln_fault *fault,
                      struct mln_data_key **ret)
{
    struct mln_data_key_about about = { .name = s->name, .suid = suid_of(s->role, OF_CERTIFICATE) };
    bool is_own = s->role == MLN_ESDATA_KEY || s->role == MLN_ESDATA_SIGN;
    bool has_certificate = has(s->text, "BEGIN CERTIFICATE");
    bool has_key = has(s->text, "PRIVATE KEY") || has(s->text, "PUBLIC KEY");
    struct mln_slice certificates = { 0 };

    /* whom a certificate of somebody else names counts only with an anchor, whatever key stands
     * beside it */
    if (is_own ? !has_key : has_certificate || !has_key) {
        return of_certificate(s, fault, ret);
    }
    if (is_own && s->certificates.len) {
        certificates = s->certificates;
    } else if (has_certificate) {
        certificates = s->text;
    }
    return mln_data_key_of_private(&about, s->text, certificates, fault, ret);
}

mln_err mln_esdata_key_of_text(const struct mln_esdata_key_source *source, struct mln_fault *fault,
                               struct mln_data_key **ret)
{
    struct mln_data_key_about about = { .name = source->name };

    MLN_TRY(has(source->text, "-----BEGIN ")
                ? of_pem(source, fault, ret)
                : mln_data_key_of_jwk(&about, source->text, fault, ret));
    mln_jose_key_narrow((*ret)->key, ops_of(source->role));
    return MLN_OK;
}

mln_err mln_esdata_key_of_secret(enum mln_esdata_role role, struct mln_slice name,
                                 const struct mln_secret *secret, struct mln_fault *fault,
                                 struct mln_data_key **ret)
{
    struct mln_data_key_about about = { .name = name, .suid = suid_of(role, OF_SECRET) };

    MLN_TRY(mln_data_key_of_secret(&about, secret, fault, ret));
    mln_jose_key_narrow((*ret)->key, ops_of(role));
    return MLN_OK;
}
