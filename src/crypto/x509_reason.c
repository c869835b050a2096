/* Reasons for refusals, as names and texts. */
#include <openssl/bio.h>
#include <openssl/x509_vfy.h>

#include "crypto/x509_int.h"

static const struct {
    const char *name;
    const char *text;
} reasons[MLN_CERT_REASONS] = {
    { "OK", "is in order" },
#define MLN_R(name, text) { #name, text },
#include "crypto/x509_reasons.def"
#undef MLN_R
};

const char *mln_cert_reason_text(enum mln_cert_reason reason)
{
    return reasons[reason < MLN_CERT_REASONS ? reason : MLN_CERT_FAILED].text;
}

const char *mln_cert_reason_name(enum mln_cert_reason reason)
{
    return reasons[reason < MLN_CERT_REASONS ? reason : MLN_CERT_FAILED].name;
}

const char *mln_cert_flavour_name(enum mln_cert_flavour flavour)
{
    static const char *const names[MLN_CERT_FLAVOURS] = {
        "none", "raw public key", "device", "CSE-ID", "AE-ID", "Node-ID", "FQDN",
    };

    return names[flavour < MLN_CERT_FLAVOURS ? flavour : MLN_CERT_NONE];
}

mln_err mln_cert_error(enum mln_cert_reason reason)
{
    if (reason == MLN_CERT_OK) {
        return MLN_OK;
    }
    return reason == MLN_CERT_FAILED ? MLN_ERROR(NO_MEMORY) : MLN_ERROR(CERTIFICATE);
}

enum mln_cert_reason mln_cert_reason_of(int x509_error, int depth)
{
    static const struct {
        int error;
        enum mln_cert_reason reason;
    } rows[] = {
        { X509_V_OK, MLN_CERT_OK },
        { X509_V_ERR_OUT_OF_MEM, MLN_CERT_FAILED },
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, MLN_CERT_NO_ANCHOR },
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, MLN_CERT_NO_ANCHOR },
        { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, MLN_CERT_NO_ANCHOR },
        { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, MLN_CERT_NO_ANCHOR },
        { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, MLN_CERT_NO_ANCHOR },
        { X509_V_ERR_CERT_UNTRUSTED, MLN_CERT_NO_ANCHOR },
        { X509_V_ERR_CERT_SIGNATURE_FAILURE, MLN_CERT_SIGNATURE },
        { X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, MLN_CERT_SIGNATURE },
        { X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, MLN_CERT_SIGNATURE_TYPE },
        { X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, MLN_CERT_SIGNATURE_TYPE },
        { X509_V_ERR_CERT_NOT_YET_VALID, MLN_CERT_NOT_YET_VALID },
        { X509_V_ERR_CERT_HAS_EXPIRED, MLN_CERT_EXPIRED },
        { X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, MLN_CERT_VALIDITY },
        { X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, MLN_CERT_VALIDITY },
        { X509_V_ERR_INVALID_CA, MLN_CERT_NOT_A_CA },
        { X509_V_ERR_KEYUSAGE_NO_CERTSIGN, MLN_CERT_NOT_A_CA },
        { X509_V_ERR_CA_CERT_MISSING_KEY_USAGE, MLN_CERT_NOT_A_CA },
        { X509_V_ERR_PATH_LENGTH_EXCEEDED, MLN_CERT_PATH_LENGTH },
        { X509_V_ERR_CERT_CHAIN_TOO_LONG, MLN_CERT_CHAIN_LENGTH },
        { X509_V_ERR_PERMITTED_VIOLATION, MLN_CERT_NAME_CONSTRAINTS },
        { X509_V_ERR_EXCLUDED_VIOLATION, MLN_CERT_NAME_CONSTRAINTS },
        { X509_V_ERR_SUBTREE_MINMAX, MLN_CERT_NAME_CONSTRAINTS },
        { X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, MLN_CERT_NAME_CONSTRAINTS },
        { X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, MLN_CERT_EXTENSION },
        { X509_V_ERR_INVALID_EXTENSION, MLN_CERT_EXTENSION },
        { X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, MLN_CERT_KEY_TYPE },
        { X509_V_ERR_CERT_REVOKED, MLN_CERT_REVOKED },
        { X509_V_ERR_UNABLE_TO_GET_CRL, MLN_CERT_NO_CRL },
        { X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, MLN_CERT_NO_CRL },
        { X509_V_ERR_DIFFERENT_CRL_SCOPE, MLN_CERT_NO_CRL },
        { X509_V_ERR_CRL_HAS_EXPIRED, MLN_CERT_STALE_CRL },
        { X509_V_ERR_CRL_NOT_YET_VALID, MLN_CERT_STALE_CRL },
        { X509_V_ERR_CRL_SIGNATURE_FAILURE, MLN_CERT_BAD_CRL },
        { X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, MLN_CERT_BAD_CRL },
        { X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, MLN_CERT_BAD_CRL },
        { X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, MLN_CERT_BAD_CRL },
        { X509_V_ERR_CRL_PATH_VALIDATION_ERROR, MLN_CERT_BAD_CRL },
        { X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, MLN_CERT_BAD_CRL },
        { X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, MLN_CERT_BAD_CRL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].error == x509_error) {
            return rows[i].reason;
        }
    }
    if (x509_error == X509_V_ERR_INVALID_PURPOSE) {
        return depth ? MLN_CERT_NOT_A_CA : MLN_CERT_EXTENDED_KEY_USAGE;
    }
    return MLN_CERT_PATH;
}

/* Subject on one line, or "". */
static void put_subject(const X509 *cert, char out[static MLN_FAULT_SIZE])
{
    BIO *bio = cert ? BIO_new(BIO_s_mem()) : NULL;
    int len = 0;

    if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0) {
        len = BIO_read(bio, out, MLN_FAULT_SIZE / 2);
    }
    out[len > 0 ? len : 0] = '\0';
    BIO_free(bio);
}

void mln_cert_refuse(struct mln_cert_outcome *outcome, enum mln_cert_reason reason, int depth,
                     const X509 *cert)
{
    char subject[MLN_FAULT_SIZE];

    outcome->reason = reason;
    outcome->depth = depth;
    if (outcome->x509_error == X509_V_OK) {
        outcome->x509_error =
            reason == MLN_CERT_FAILED ? X509_V_ERR_OUT_OF_MEM : X509_V_ERR_CERT_REJECTED;
    }
    put_subject(cert, subject);
    mln_fault_clear(&outcome->fault);
    mln_fault_set(&outcome->fault, "certificate %d%s%s%s %s", depth, subject[0] ? " (" : "",
                  subject, subject[0] ? ")" : "", mln_cert_reason_text(reason));
}
