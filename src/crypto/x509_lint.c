/* A certificate against the profile, everything at once. spec: TS-0003 10.1 */
#include <openssl/err.h>

#include "crypto/x509_int.h"

enum { SCRATCH_BYTES = 1 << 20, SERIAL_BYTES = 20 };

struct linter {
    X509 *cert;
    const struct mln_cert_names *names;
    struct mln_arena *arena;
    mln_cert_report *report;
    void *data;
    size_t count;
};

static void find(struct linter *l, enum mln_cert_reason reason, const char *detail)
{
    l->count++;
    l->report(l->data, reason, detail);
}

static void require(struct linter *l, bool is_fine, enum mln_cert_reason reason, const char *detail)
{
    if (!is_fine) {
        find(l, reason, detail);
    }
}

/* ---- what all share ---- */

static void lint_key(struct linter *l)
{
    enum mln_cert_reason reason = mln_cert_check_key(X509_get_X509_PUBKEY(l->cert));

    if (reason) {
        find(l, reason, mln_cert_reason_text(reason));
    }
}

static void lint_serial(struct linter *l)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(l->cert);
    bool is_positive = ASN1_STRING_type(serial) != V_ASN1_NEG_INTEGER;
    struct mln_slice bytes = mln_cert_string(serial);

    require(l, is_positive && bytes.len && bytes.len <= SERIAL_BYTES, MLN_CERT_SYNTAX,
            "the serial number is not a positive number of at most 20 bytes");
}

static bool is_critical(const X509 *cert, int nid)
{
    int at = X509_get_ext_by_NID(cert, nid, -1);

    return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(cert, at));
}

static bool has(const X509 *cert, int nid)
{
    return X509_get_ext_by_NID(cert, nid, -1) >= 0;
}

/* The first finding of the common rules; the key has been looked at. */
static void lint_common(struct linter *l)
{
    enum mln_cert_reason reason = mln_cert_check_common(l->cert);
    bool is_key = reason == MLN_CERT_KEY_TYPE || reason == MLN_CERT_KEY_POINT;

    if (reason && !is_key) {
        find(l, reason, mln_cert_reason_text(reason));
    }
    lint_key(l);
    lint_serial(l);
    if (!has(l->cert, NID_key_usage) || !(X509_get_key_usage(l->cert) & KU_DIGITAL_SIGNATURE)) {
        find(l, MLN_CERT_KEY_USAGE, "keyUsage must have digitalSignature");
    }
    require(l, !has(l->cert, NID_key_usage) || is_critical(l->cert, NID_key_usage),
            MLN_CERT_KEY_USAGE, "keyUsage should be critical");
}

/* ---- CAs ---- */

static void lint_ca(struct linter *l)
{
    require(l, is_critical(l->cert, NID_basic_constraints), MLN_CERT_NOT_A_CA,
            "basicConstraints must be critical");
    require(l, (X509_get_key_usage(l->cert) & KU_KEY_CERT_SIGN) != 0, MLN_CERT_NOT_A_CA,
            "keyUsage must have keyCertSign");
    require(l, has(l->cert, NID_subject_key_identifier), MLN_CERT_EXTENSION,
            "subjectKeyIdentifier is missing");
    require(l, has(l->cert, NID_name_constraints), MLN_CERT_UNCONSTRAINED,
            "nameConstraints are missing: only a CA of device certificates may be without");
    require(l, !has(l->cert, NID_name_constraints) || is_critical(l->cert, NID_name_constraints),
            MLN_CERT_UNCONSTRAINED, "nameConstraints must be critical");
    require(l, X509_NAME_entry_count(X509_get_subject_name(l->cert)) > 0, MLN_CERT_NAME_SYNTAX,
            "the subject of a CA must not be empty");
}

/* ---- entities ---- */

static void lint_identity(struct linter *l)
{
    struct mln_cert_identity identity;
    enum mln_cert_reason reason;
    bool is_bad = mln_failed(mln_cert_identity_of(l->cert, l->names, l->arena, &identity, &reason));

    if (is_bad) {
        find(l, reason, mln_cert_reason_text(reason));
    }
}

static void lint_leaf(struct linter *l)
{
    uint32_t usage = X509_get_extended_key_usage(l->cert);

    lint_identity(l);
    require(l, !has(l->cert, NID_ext_key_usage) || (usage & (XKU_SSL_CLIENT | XKU_SSL_SERVER)),
            MLN_CERT_EXTENDED_KEY_USAGE, "extendedKeyUsage must have clientAuth or serverAuth");
    require(l, has(l->cert, NID_authority_key_identifier), MLN_CERT_EXTENSION,
            "authorityKeyIdentifier is missing");
    require(l,
            X509_NAME_entry_count(X509_get_subject_name(l->cert)) > 0 ||
                is_critical(l->cert, NID_subject_alt_name),
            MLN_CERT_NAME_SYNTAX, "subjectAltName must be critical when the subject is empty");
}

size_t mln_cert_lint(const struct x509_st *cert, const struct mln_cert_names *names,
                     mln_cert_report *report, void *data)
{
    struct linter l = { .cert = (X509 *)(uintptr_t)cert,
                        .names = names,
                        .arena = mln_arena_new(SCRATCH_BYTES),
                        .report = report,
                        .data = data };

    if (!l.arena) {
        find(&l, MLN_CERT_FAILED, mln_cert_reason_text(MLN_CERT_FAILED));
        return l.count;
    }
    lint_common(&l);
    if (X509_get_extension_flags(l.cert) & EXFLAG_CA) {
        lint_ca(&l);
    } else {
        lint_leaf(&l);
    }
    mln_arena_free(l.arena);
    ERR_clear_error();
    return l.count;
}
