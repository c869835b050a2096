/* The OCSP answer that a server staples to its handshake. spec: TS-0003 8.1.2.2, RFC 6960 */
#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "base/timestamp.h"
#include "crypto/x509_int.h"

enum {
    ANSWER_BYTES = 65536,
    ANSWERS_MOST = 16,
    CLOCK_SECONDS = 300,         /* the responder's clock may be ahead of ours by as much */
    WITHOUT_NEXT_SECONDS = 86400 /* age of an answer that does not say when the next one comes */
};

struct staple {
    OCSP_BASICRESP *basic;
    X509 *cert;
    X509 *issuer;
    time_t now;
};

/* ---- who signed it ---- */

static bool is_current(const X509 *cert, time_t now)
{
    return ASN1_TIME_cmp_time_t(X509_get0_notBefore(cert), now) <= 0 &&
           ASN1_TIME_cmp_time_t(X509_get0_notAfter(cert), now) >= 0;
}

/* RFC 6960 4.2.2.2: issued by the CA itself, for this very purpose. */
static bool is_delegate(const struct staple *s, X509 *signer)
{
    return mln_cert_check_leaf(signer) == MLN_CERT_OK && is_current(signer, s->now) &&
           (X509_get_extension_flags(signer) & EXFLAG_XKUSAGE) &&
           (X509_get_extended_key_usage(signer) & XKU_OCSP_SIGN) &&
           X509_check_issued(s->issuer, signer) == X509_V_OK &&
           X509_verify(signer, X509_get0_pubkey(s->issuer)) == 1;
}

static bool has_signature_of(const struct staple *s, X509 *signer)
{
    STACK_OF(X509) *list = sk_X509_new_null();
    bool is_signed = list && sk_X509_push(list, signer) &&
                     OCSP_basic_verify(s->basic, list, NULL, OCSP_NOVERIFY | OCSP_NOINTERN) == 1;

    sk_X509_free(list);
    return is_signed;
}

static bool is_signed(const struct staple *s)
{
    const STACK_OF(X509) *certs = OCSP_resp_get0_certs(s->basic);

    if (OBJ_obj2nid(OCSP_resp_get0_tbs_sigalg(s->basic)->algorithm) != NID_ecdsa_with_SHA256) {
        return false;
    }
    if (has_signature_of(s, s->issuer)) {
        return true;
    }
    for (int i = 0; i < sk_X509_num(certs) && i < ANSWERS_MOST; i++) {
        X509 *signer = sk_X509_value(certs, i);

        if (is_delegate(s, signer) && has_signature_of(s, signer)) {
            return true;
        }
    }
    return false;
}

/* ---- what it says ---- */

static bool is_about(const struct staple *s, const OCSP_SINGLERESP *single)
{
    const OCSP_CERTID *said = OCSP_SINGLERESP_get0_id(single);
    ASN1_OBJECT *algorithm = NULL;
    const EVP_MD *md;
    OCSP_CERTID *ours;
    bool is_same;

    if (!OCSP_id_get0_info(NULL, &algorithm, NULL, NULL, (OCSP_CERTID *)(uintptr_t)said)) {
        return false;
    }
    md = EVP_get_digestbyobj(algorithm);
    ours = md ? OCSP_cert_to_id(md, s->cert, s->issuer) : NULL;
    is_same = ours && OCSP_id_cmp(ours, said) == 0;
    OCSP_CERTID_free(ours);
    return is_same;
}

/* Dates of OCSP answers are GeneralizedTime; anything else compares as -2. */
static bool is_recent(const ASN1_GENERALIZEDTIME *from, const ASN1_GENERALIZEDTIME *next,
                      time_t now)
{
    int start = from ? ASN1_TIME_cmp_time_t(from, now + CLOCK_SECONDS) : 1;

    if (start > 0 || start < -1) {
        return false;
    }
    return next ? ASN1_TIME_cmp_time_t(next, now) > 0
                : ASN1_TIME_cmp_time_t(from, now - WITHOUT_NEXT_SECONDS) > 0;
}

static enum mln_cert_reason judge(const struct staple *s)
{
    for (int i = 0; i < OCSP_resp_count(s->basic) && i < ANSWERS_MOST; i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(s->basic, i);
        ASN1_GENERALIZEDTIME *from = NULL;
        ASN1_GENERALIZEDTIME *next = NULL;
        int status;

        if (!is_about(s, single)) {
            continue;
        }
        status = OCSP_single_get0_status(single, NULL, NULL, &from, &next);
        if (status == V_OCSP_CERTSTATUS_REVOKED) {
            return MLN_CERT_REVOKED;
        }
        return status == V_OCSP_CERTSTATUS_GOOD && is_recent(from, next, s->now) ? MLN_CERT_OK
                                                                                 : MLN_CERT_STAPLE;
    }
    return MLN_CERT_STAPLE;
}

/* What an answer that succeeded holds; NULL: it is none, or it cannot be read to its end. */
static OCSP_BASICRESP *read_answer(struct mln_slice answer)
{
    const unsigned char *at = (const unsigned char *)answer.ptr;
    OCSP_RESPONSE *response = NULL;
    OCSP_BASICRESP *basic = NULL;

    if (answer.len && answer.len <= ANSWER_BYTES) {
        response = d2i_OCSP_RESPONSE(NULL, &at, (long)answer.len);
    }
    if (response && at == (const unsigned char *)answer.ptr + answer.len &&
        OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        basic = OCSP_response_get1_basic(response);
    }
    OCSP_RESPONSE_free(response);
    return basic;
}

static enum mln_cert_reason check(const struct mln_cert_rules *rules, struct staple *s,
                                  struct mln_slice answer)
{
    enum mln_cert_reason reason = MLN_CERT_STAPLE;

    if (answer.len == 0) {
        return rules->needs_staple ? MLN_CERT_STAPLE : MLN_CERT_OK;
    }
    s->basic = read_answer(answer);
    if (s->basic && is_signed(s)) {
        reason = judge(s);
    }
    OCSP_BASICRESP_free(s->basic);
    ERR_clear_error();
    return reason;
}

mln_err mln_cert_check_staple(const struct mln_cert_verifier *verifier, struct x509_st *cert,
                              struct x509_st *issuer, struct mln_slice answer,
                              struct mln_cert_outcome *ret)
{
    const struct mln_cert_rules *rules = mln_cert_verifier_rules(verifier);
    struct staple s = { .cert = cert, .issuer = issuer };
    enum mln_cert_reason reason;

    s.now = (time_t)(mln_env_now_us(rules->env) / MLN_US_PER_S);
    reason = check(rules, &s, answer);
    if (reason) {
        ret->x509_error =
            reason == MLN_CERT_REVOKED ? X509_V_ERR_CERT_REVOKED : X509_V_ERR_OCSP_VERIFY_FAILED;
        mln_cert_refuse(ret, reason, 0, cert);
    }
    return mln_cert_error(reason);
}

/* ---- for who staples it ---- */

/* By serial number and the issuer's name: the issuer's key is not at hand. */
static bool names_certificate(const OCSP_SINGLERESP *single, const X509 *cert)
{
    const OCSP_CERTID *said = OCSP_SINGLERESP_get0_id(single);
    ASN1_OCTET_STRING *name_hash = NULL;
    ASN1_OBJECT *algorithm = NULL;
    ASN1_INTEGER *serial = NULL;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    const EVP_MD *md;

    if (!OCSP_id_get0_info(&name_hash, &algorithm, NULL, &serial, (OCSP_CERTID *)(uintptr_t)said)) {
        return false;
    }
    md = EVP_get_digestbyobj(algorithm);
    return md && X509_NAME_digest(X509_get_issuer_name(cert), md, digest, &len) == 1 &&
           ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(cert)) == 0 &&
           mln_slice_eq(mln_cert_string(name_hash), mln_slice_of((const char *)digest, len));
}

static bool time_of(const ASN1_GENERALIZEDTIME *time, int64_t *ret_us)
{
    struct tm tm = { 0 };

    if (!time || !ASN1_TIME_to_tm(time, &tm)) {
        return false;
    }
    *ret_us = (int64_t)timegm(&tm) * MLN_US_PER_S;
    return true;
}

/* The first moment at which clients no longer take it. */
static int64_t end_of(OCSP_SINGLERESP *single)
{
    ASN1_GENERALIZEDTIME *from = NULL;
    ASN1_GENERALIZEDTIME *next = NULL;
    int64_t us = 0;

    (void)OCSP_single_get0_status(single, NULL, NULL, &from, &next);
    if (time_of(next, &us)) {
        return us;
    }
    return time_of(from, &us) ? us + WITHOUT_NEXT_SECONDS * MLN_US_PER_S : 0;
}

bool mln_cert_is_about(struct mln_slice answer, const struct x509_st *cert, int64_t *ret_until_us)
{
    OCSP_BASICRESP *basic = read_answer(answer);
    int count = basic ? OCSP_resp_count(basic) : 0;
    bool is_about = false;

    for (int i = 0; i < count && i < ANSWERS_MOST && !is_about; i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);

        is_about = names_certificate(single, cert);
        if (is_about) {
            *ret_until_us = end_of(single);
        }
    }
    OCSP_BASICRESP_free(basic);
    ERR_clear_error();
    return is_about;
}
