/* Issuing certificates. */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/timestamp.h"
#include "crypto/ca_int.h"
#include "crypto/x509_int.h"

enum { DAY = 86400, SKEW_SECONDS = 300, REQUEST_BYTES = 65536 };

/* What is being made. Freed by done(). */
struct issue {
    struct mln_ca *ca;
    const struct mln_ca_order *order;
    struct mln_arena *arena;
    struct mln_fault *fault;
    X509_REQ *request; /* or NULL */
    GENERAL_NAMES *names;
    EVP_PKEY *key;
    X509 *cert;
};

static void done(struct issue *i)
{
    X509_REQ_free(i->request);
    GENERAL_NAMES_free(i->names);
    EVP_PKEY_free(i->key);
    X509_free(i->cert);
    ERR_clear_error();
}

/* ---- the request: TS-0003 10.1.4 ---- */

static X509_REQ *parse_request(struct mln_slice bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.ptr;
    X509_REQ *request;
    BIO *bio;

    if (bytes.len && *at == 0x30) {
        request = d2i_X509_REQ(NULL, &at, (long)bytes.len);
        if (request && at != (const unsigned char *)bytes.ptr + bytes.len) {
            X509_REQ_free(request);
            request = NULL;
        }
        return request;
    }
    bio = BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
    request = bio ? PEM_read_bio_X509_REQ(bio, NULL, mln_cert_no_passphrase, NULL) : NULL;
    BIO_free(bio);
    return request;
}

/* The signature proves that who asks has the key. */
static mln_err read_request(struct issue *i)
{
    enum mln_cert_reason reason;

    MLN_REQUIRE(i->order->request.len <= REQUEST_BYTES, LIMIT);
    i->request = parse_request(i->order->request);
    if (!i->request) {
        mln_fault_set(i->fault, "no certificate signing request in PEM or DER");
        MLN_FAIL(SYNTAX);
    }
    reason = mln_cert_check_key(X509_REQ_get_X509_PUBKEY(i->request));
    if (reason) {
        mln_fault_set(i->fault, "request: %s", mln_cert_reason_text(reason));
        return mln_cert_error(reason);
    }
    if (X509_REQ_get_signature_nid(i->request) != NID_ecdsa_with_SHA256 ||
        X509_REQ_verify(i->request, X509_REQ_get0_pubkey(i->request)) != 1) {
        mln_fault_set(i->fault, "request: wrong signature");
        MLN_FAIL(SYNTAX);
    }
    i->key = X509_REQ_get_pubkey(i->request);
    MLN_REQUIRE(i->key, NO_MEMORY);
    return MLN_OK;
}

/* Nobody has looked at what a request asks for: it gets the names of one entity, which the profile
 * sees to, and no address, under which its holder could be another server. */
static mln_err check_asked(const struct issue *i)
{
    for (int k = 0; k < sk_GENERAL_NAME_num(i->names); k++) {
        int type = sk_GENERAL_NAME_value(i->names, k)->type;

        if (type != GEN_DNS && type != GEN_URI && type != GEN_OTHERNAME && type != GEN_RID) {
            mln_fault_set(i->fault, "request: asks for a name that is no identity, such as an "
                                    "address: say yourself what to certify");
            MLN_FAIL(CONFIG);
        }
    }
    return MLN_OK;
}

static mln_err names_of_request(struct issue *i)
{
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    struct mln_cert_identity identity;
    enum mln_cert_reason reason = MLN_CERT_NO_SAN;

    if (i->request) {
        MLN_TRY(mln_cert_identity_of_request(i->request, NULL, i->arena, &identity, &reason));
        extensions = X509_REQ_get_extensions(i->request);
        reason = mln_cert_names_in(extensions, &i->names);
        sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    }
    return reason ? mln_cert_error(reason) : check_asked(i);
}

/* ---- names ---- */

static mln_err names_of_order(struct issue *i)
{
    i->names = GENERAL_NAMES_new();
    MLN_REQUIRE(i->names, NO_MEMORY);
    for (size_t k = 0; k < i->order->name_count; k++) {
        GENERAL_NAME *name = NULL;

        MLN_TRY(mln_ca_name_make(&i->order->names[k], i->fault, &name));
        if (!sk_GENERAL_NAME_push(i->names, name)) {
            GENERAL_NAME_free(name);
            MLN_FAIL(NO_MEMORY);
        }
    }
    return MLN_OK;
}

/* For people only: what the certificate is for stands in the subjectAltName. Without blanks it goes
 * into the index. */
static mln_err label(struct issue *i, struct mln_slice *ret)
{
    struct mln_cert_identity identity;
    enum mln_cert_reason reason = mln_cert_identify(i->names, NULL, i->arena, &identity);

    if (reason == MLN_CERT_NO_IDENTITY) { /* a server that is known by its address */
        *ret = i->order->name_count ? i->order->names[0].text : MLN_S("-");
        return MLN_OK;
    }
    if (reason) {
        mln_fault_set(i->fault, "the certificate %s", mln_cert_reason_text(reason));
        return reason == MLN_CERT_FAILED ? MLN_ERROR(NO_MEMORY) : MLN_ERROR(CONFIG);
    }
    *ret = identity.flavour == MLN_CERT_DEVICE    ? identity.hardware_ids[0]
           : identity.flavour == MLN_CERT_AE_ID   ? identity.ae_id
           : identity.flavour == MLN_CERT_NODE_ID ? identity.node_id
                                                  : identity.domain;
    return MLN_OK;
}

/* ---- the certificate ---- */

static mln_err add_purposes(X509 *cert)
{
    EXTENDED_KEY_USAGE *purposes = EXTENDED_KEY_USAGE_new();
    /* both roles: for notifications client and server change places, security.md 16.3 */
    bool is_done = purposes && sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(NID_client_auth)) &&
                   sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(NID_server_auth)) &&
                   X509_add1_ext_i2d(cert, NID_ext_key_usage, purposes, 0, X509V3_ADD_DEFAULT);

    EXTENDED_KEY_USAGE_free(purposes);
    return is_done ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

static mln_err add_authority(X509 *cert, const X509 *ca)
{
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id((X509 *)(uintptr_t)ca);
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    bool is_done = authority && id;

    if (is_done) {
        authority->keyid = ASN1_OCTET_STRING_dup(id);
        is_done = authority->keyid && X509_add1_ext_i2d(cert, NID_authority_key_identifier,
                                                        authority, 0, X509V3_ADD_DEFAULT);
    }
    AUTHORITY_KEYID_free(authority);
    return is_done ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

static mln_err seconds_of(const ASN1_TIME *time, int64_t *ret)
{
    struct tm tm = { 0 };

    MLN_REQUIRE(ASN1_TIME_to_tm(time, &tm), SYNTAX);
    *ret = (int64_t)timegm(&tm);
    return MLN_OK;
}

/* No longer than the authority itself. */
static mln_err period_of(const struct issue *i, struct mln_ca_period *ret)
{
    int64_t now = mln_env_now_us(i->ca->env) / MLN_US_PER_S;
    int64_t end;

    if (i->order->days == 0 || i->order->days > MLN_CA_DAYS_MOST) {
        mln_fault_set(i->fault, "a certificate is valid for 1 to %d days", MLN_CA_DAYS_MOST);
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(seconds_of(X509_get0_notAfter(i->ca->cert), &end));
    ret->from = now - SKEW_SECONDS;
    ret->to = now + (int64_t)i->order->days * DAY;
    ret->to = ret->to < end ? ret->to : end;
    return MLN_OK;
}

static mln_err fill_cert(struct issue *i, struct mln_slice name)
{
    MLN_TRY(mln_ca_add_name(X509_get_subject_name(i->cert), name));
    MLN_REQUIRE(X509_set_issuer_name(i->cert, X509_get_subject_name(i->ca->cert)), NO_MEMORY);
    MLN_TRY(mln_ca_add_basic(i->cert, false));
    /* spec: TS-0003 10.1.1.2, 8.5.2.2.4.1 */
    MLN_TRY(mln_ca_add_usage(i->cert, i->order->agrees ? KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT
                                                       : KU_DIGITAL_SIGNATURE));
    MLN_TRY(add_purposes(i->cert));
    MLN_TRY(add_authority(i->cert, i->ca->cert));
    MLN_REQUIRE(X509_add1_ext_i2d(i->cert, NID_subject_alt_name, i->names, 0, X509V3_ADD_DEFAULT),
                NO_MEMORY);
    MLN_REQUIRE(X509_sign(i->cert, i->ca->key, EVP_sha256()) > 0, NO_MEMORY);
    return MLN_OK;
}

/* Nothing leaves that a peer would refuse. */
static mln_err verify(const struct issue *i)
{
    const struct mln_cert_rules rules = { .env = i->ca->env };
    struct mln_cert_expect expect = { .flavours = MLN_CERT_SET_ALL };
    MLN_CLEANUP(mln_cert_verifier_unrefp) struct mln_cert_verifier *verifier = NULL;
    struct mln_cert_outcome outcome = { 0 };
    mln_err err;

    if (i->order->name_count && i->order->names[0].kind == MLN_CA_ADDRESS) {
        expect.domain = i->order->names[0].text;
    }
    MLN_TRY(mln_cert_verifier_new(&rules, i->ca->pem, mln_slice_of(NULL, 0), i->fault, &verifier));
    err = mln_cert_verify(verifier, i->cert, mln_slice_of(NULL, 0), &expect, &outcome);
    if (err.code == MLN_ERR_CERTIFICATE) {
        mln_fault_set(i->fault, "%s", outcome.fault.text);
        MLN_FAIL(CONFIG);
    }
    return err;
}

/* ---- the index ---- */

/* First into the index, so that what anybody has can be revoked. */
static mln_err record(struct issue *i, const struct mln_ca_entry *entry, struct mln_slice pem)
{
    char name[sizeof "certs/.pem" + 40];
    char path[MLN_PATH_MAX];
    mln_err err;

    MLN_REQUIRE(!mln_ca_index_find(&i->ca->index, entry->serial), INTERNAL);
    MLN_TRY(mln_ca_index_add(&i->ca->index, entry, i->ca->arena));
    err = mln_ca_index_save(i->ca->directory, &i->ca->index, i->fault);
    if (mln_failed(err)) {
        i->ca->index.count--;
        return err;
    }
    (void)snprintf(name, sizeof name, "certs/%.*s.pem", MLN_S_ARG(entry->serial));
    MLN_TRY(mln_file_path(path, i->ca->directory, name, i->fault));
    return mln_file_create(path, pem, i->fault);
}

static mln_err make_cert(struct issue *i, struct mln_ca_entry *ret_entry)
{
    struct mln_ca_period period;
    struct mln_slice name = { 0 };

    MLN_TRY(period_of(i, &period));
    MLN_TRY(label(i, &name));
    MLN_TRY(mln_ca_cert_new(i->ca->env, &period, i->key, &i->cert));
    MLN_TRY(fill_cert(i, name));
    MLN_TRY(verify(i));
    MLN_TRY(mln_cert_serial(i->cert, i->ca->arena, &ret_entry->serial));
    MLN_REQUIRE(mln_arena_dup(i->ca->arena, name, &ret_entry->name), NO_MEMORY);
    ret_entry->issued = mln_env_now_us(i->ca->env) / MLN_US_PER_S;
    ret_entry->expires = period.to;
    ret_entry->revoked = 0;
    return MLN_OK;
}

static mln_err issue(struct issue *i, const struct mln_secret *passphrase,
                     struct mln_ca_issued *ret)
{
    struct mln_ca_issued issued = { 0 };
    struct mln_ca_entry entry = { 0 };
    mln_err err;

    MLN_TRY(i->order->request.len ? read_request(i) : mln_ca_key_make(&i->key));
    MLN_TRY(i->order->name_count ? names_of_order(i) : names_of_request(i));
    MLN_TRY(make_cert(i, &entry));
    MLN_TRY(mln_ca_cert_pem(i->cert, i->arena, &issued.cert));
    MLN_REQUIRE(entry.serial.len < sizeof issued.serial, INTERNAL);
    memcpy(issued.serial, entry.serial.ptr, entry.serial.len);
    if (!i->request) {
        MLN_TRY(mln_ca_key_write(i->key, passphrase, &issued.key));
    }
    err = record(i, &entry, issued.cert);
    if (mln_failed(err)) {
        mln_secret_free(issued.key);
        return err;
    }
    *ret = issued;
    return MLN_OK;
}

mln_err mln_ca_issue(struct mln_ca *ca, const struct mln_ca_order *order,
                     const struct mln_secret *passphrase, struct mln_arena *arena,
                     struct mln_fault *fault, struct mln_ca_issued *ret)
{
    struct issue i = { .ca = ca, .order = order, .arena = arena, .fault = fault };
    mln_err err = order->name_count > MLN_CA_NAMES ? MLN_ERROR(LIMIT) : issue(&i, passphrase, ret);

    done(&i);
    return err;
}
