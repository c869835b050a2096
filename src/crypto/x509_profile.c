/* The profile of one certificate. spec: TS-0003 10.1.1 */
#include <openssl/err.h>

#include "crypto/x509_int.h"

/* spec: TS-0003 10.1.1.1: id-ecPublicKey with the named curve secp256r1, uncompressed */
enum mln_cert_reason mln_cert_check_key(const X509_PUBKEY *key)
{
    enum { POINT_BYTES = 65, UNCOMPRESSED = 4 };
    X509_PUBKEY *info = (X509_PUBKEY *)(uintptr_t)key;
    ASN1_OBJECT *type;
    const unsigned char *point;
    const void *curve;
    X509_ALGOR *algorithm;
    int curve_kind;
    int len;

    if (!key || !X509_PUBKEY_get0_param(&type, &point, &len, &algorithm, info)) {
        return MLN_CERT_KEY_TYPE;
    }
    X509_ALGOR_get0(NULL, &curve_kind, &curve, algorithm);
    if (OBJ_obj2nid(type) != NID_X9_62_id_ecPublicKey || curve_kind != V_ASN1_OBJECT ||
        OBJ_obj2nid(curve) != NID_X9_62_prime256v1) {
        return MLN_CERT_KEY_TYPE;
    }
    if (len != POINT_BYTES || point[0] != UNCOMPRESSED) {
        return MLN_CERT_KEY_POINT;
    }
    if (!X509_PUBKEY_get0(key)) { /* not on the curve */
        ERR_clear_error();
        return MLN_CERT_KEY_POINT;
    }
    return MLN_CERT_OK;
}

static bool has_repeated_extension(const X509 *cert, int count)
{
    for (int i = 0; i < count; i++) {
        const ASN1_OBJECT *oid = X509_EXTENSION_get_object(X509_get_ext(cert, i));

        if (X509_get_ext_by_OBJ(cert, oid, i) >= 0) {
            return true;
        }
    }
    return false;
}

static bool has_unknown_critical(const X509 *cert, int count)
{
    for (int i = 0; i < count; i++) {
        X509_EXTENSION *extension = X509_get_ext(cert, i);

        if (X509_EXTENSION_get_critical(extension) && !X509_supported_extension(extension)) {
            return true;
        }
    }
    return false;
}

static enum mln_cert_reason check_extensions(const X509 *cert)
{
    int count = X509_get_ext_count(cert);
    uint32_t flags;

    if (count > MLN_CERT_EXTENSIONS || has_repeated_extension(cert, count) ||
        has_unknown_critical(cert, count)) {
        return MLN_CERT_EXTENSION;
    }
    flags = X509_get_extension_flags((X509 *)(uintptr_t)cert);
    ERR_clear_error();
    return flags & EXFLAG_INVALID ? MLN_CERT_EXTENSION : MLN_CERT_OK;
}

/* spec: TS-0003 10.1.1.3 */
static bool has_profile_signature(const X509 *cert)
{
    const X509_ALGOR *outer;
    const X509_ALGOR *inner = X509_get0_tbs_sigalg(cert);

    X509_get0_signature(NULL, &outer, cert);
    return X509_ALGOR_cmp(inner, outer) == 0 &&
           OBJ_obj2nid(inner->algorithm) == NID_ecdsa_with_SHA256;
}

enum mln_cert_reason mln_cert_check_common(const X509 *cert)
{
    enum { VERSION_3 = 2 };
    enum mln_cert_reason reason;

    if (X509_get_version(cert) != VERSION_3) {
        return MLN_CERT_VERSION;
    }
    reason = mln_cert_check_key(X509_get_X509_PUBKEY(cert));
    if (reason) {
        return reason;
    }
    if (!has_profile_signature(cert)) {
        return MLN_CERT_SIGNATURE_TYPE;
    }
    if (!ASN1_TIME_check(X509_get0_notBefore(cert)) || !ASN1_TIME_check(X509_get0_notAfter(cert)) ||
        ASN1_TIME_compare(X509_get0_notBefore(cert), X509_get0_notAfter(cert)) > 0) {
        return MLN_CERT_VALIDITY;
    }
    reason = check_extensions(cert);
    if (reason) {
        return reason;
    }
    /* OpenSSL knows policyConstraints, and passes them over: RFC 5280 6.1.5 (g) would be left out
     */
    return X509_get_ext_by_NID(cert, NID_policy_constraints, -1) >= 0 ? MLN_CERT_POLICIES
                                                                      : MLN_CERT_OK;
}

static bool has_usage(const X509 *cert, uint32_t wanted)
{
    X509 *c = (X509 *)(uintptr_t)cert;

    /* says "all" without the extension */
    return (X509_get_extension_flags(c) & EXFLAG_KUSAGE) &&
           (X509_get_key_usage(c) & wanted) == wanted;
}

enum mln_cert_reason mln_cert_check_leaf(const X509 *cert)
{
    enum mln_cert_reason reason = mln_cert_check_common(cert);

    if (reason) {
        return reason;
    }
    if (X509_get_extension_flags((X509 *)(uintptr_t)cert) & EXFLAG_CA) {
        return MLN_CERT_LEAF_IS_CA;
    }
    return has_usage(cert, KU_DIGITAL_SIGNATURE) ? MLN_CERT_OK : MLN_CERT_KEY_USAGE;
}

enum mln_cert_reason mln_cert_check_ca(const X509 *cert, bool is_strict)
{
    enum mln_cert_reason reason = mln_cert_check_common(cert);

    if (reason) {
        return reason;
    }
    if (!(X509_get_extension_flags((X509 *)(uintptr_t)cert) & EXFLAG_CA) ||
        !has_usage(cert, KU_KEY_CERT_SIGN)) {
        return MLN_CERT_NOT_A_CA;
    }
    return !is_strict || has_usage(cert, KU_DIGITAL_SIGNATURE) ? MLN_CERT_OK : MLN_CERT_KEY_USAGE;
}
