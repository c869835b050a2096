/* A certificate in words. */
#include <openssl/err.h>

#include "base/buf.h"
#include "crypto/x509_int.h"

enum { TEXT_BYTES = 65536 };

static void put_line(struct mln_buf *out, const char *name, struct mln_slice value)
{
    mln_buf_printf(out, "%s: ", name);
    mln_buf_add(out, value);
    mln_buf_byte(out, '\n');
}

static void put_given(struct mln_buf *out, const char *name, struct mln_slice value)
{
    if (value.len) {
        put_line(out, name, value);
    }
}

/* What a BIO holds, on one line. */
static void put_bio(struct mln_buf *out, const char *name, BIO *bio)
{
    char *bytes = NULL;
    long len = bio ? BIO_get_mem_data(bio, &bytes) : 0;

    put_line(out, name, mln_slice_of(bytes, len > 0 ? (size_t)len : 0));
    BIO_free(bio);
}

static void put_name(struct mln_buf *out, const char *name, const X509_NAME *value)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (bio) {
        (void)X509_NAME_print_ex(bio, value, 0, XN_FLAG_RFC2253);
    }
    put_bio(out, name, bio);
}

static void put_time(struct mln_buf *out, const char *name, const ASN1_TIME *value)
{
    struct tm tm = { 0 };

    if (ASN1_TIME_to_tm(value, &tm)) {
        mln_buf_printf(out, "%s: %04d-%02d-%02dT%02d:%02d:%02dZ\n", name, tm.tm_year + 1900,
                       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    }
}

static void put_identity(struct mln_buf *out, const struct mln_cert_identity *identity)
{
    put_line(out, "flavour", mln_slice_z(mln_cert_flavour_name(identity->flavour)));
    put_given(out, "cse-id", identity->cse_id);
    put_given(out, "ae-id", identity->ae_id);
    put_given(out, "node-id", identity->node_id);
    put_given(out, "domain", identity->domain);
    for (size_t i = 0; i < identity->hardware_id_count; i++) {
        put_line(out, "device", identity->hardware_ids[i]);
    }
    put_given(out, "credential-id", identity->credential_id);
}

static void put_names(struct mln_buf *out, const X509 *cert)
{
    GENERAL_NAMES *list = NULL;

    if (mln_cert_names_in(X509_get0_extensions(cert), &list)) {
        return;
    }
    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);
        struct mln_slice address =
            name->type == GEN_IPADD ? mln_cert_string(name->d.iPAddress) : mln_slice_of(NULL, 0);

        if (address.len == 4) {
            mln_buf_printf(out, "address: %u.%u.%u.%u\n", (unsigned char)address.ptr[0],
                           (unsigned char)address.ptr[1], (unsigned char)address.ptr[2],
                           (unsigned char)address.ptr[3]);
        }
    }
    GENERAL_NAMES_free(list);
}

static mln_err put_key(struct mln_buf *out, X509 *cert, struct mln_arena *arena)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    struct mln_slice ids[MLN_CERT_KEY_IDS];

    if (key) {
        MLN_TRY(mln_cert_key_ids(key, arena, ids));
        mln_buf_printf(out, "public-key: ni:///");
        mln_buf_add(out, ids[0]);
        mln_buf_byte(out, '\n');
    }
    return MLN_OK;
}

mln_err mln_cert_show(const struct x509_st *cert, const struct mln_cert_names *names,
                      struct mln_arena *arena, struct mln_slice *ret)
{
    X509 *c = (X509 *)(uintptr_t)cert;
    bool is_ca = (X509_get_extension_flags(c) & EXFLAG_CA) != 0;
    struct mln_cert_identity identity;
    enum mln_cert_reason reason;
    struct mln_slice text;
    struct mln_buf out;

    mln_buf_init(&out, arena, TEXT_BYTES);
    put_name(&out, "subject", X509_get_subject_name(cert));
    put_name(&out, "issuer", X509_get_issuer_name(cert));
    MLN_TRY(mln_cert_serial(cert, arena, &text));
    put_line(&out, "serial", text);
    put_time(&out, "not-before", X509_get0_notBefore(cert));
    put_time(&out, "not-after", X509_get0_notAfter(cert));
    if (is_ca) {
        put_line(&out, "flavour", MLN_S("certification authority"));
    } else if (!mln_failed(mln_cert_identity_of(cert, names, arena, &identity, &reason))) {
        put_identity(&out, &identity);
    } else {
        put_line(&out, "flavour", mln_slice_z(mln_cert_reason_text(reason)));
    }
    put_names(&out, cert);
    MLN_TRY(put_key(&out, c, arena));
    MLN_TRY(mln_cert_fingerprint(cert, arena, &text));
    put_line(&out, "fingerprint", text);
    ERR_clear_error();
    return mln_buf_finish(&out, ret);
}
