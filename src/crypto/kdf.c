/* HMAC-SHA-256 by OpenSSL, normal forms by libutf8proc. */
#include "crypto/kdf.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <utf8proc.h>

#include "base/buf.h"
#include "crypto/cred_id.h"

static const char *const exporter_labels[] = {
    [MLN_EXPORT_ENROLMENT] = "EXPORTER-oneM2M-Bootstrap",
    [MLN_EXPORT_CONNECTION] = "EXPORTER-oneM2M-Connection",
    [MLN_EXPORT_ESCERTKE] = "EXPORTER-oneM2M-ESCertKE",
};

#define MASTER_LABEL MLN_S("oneM2M Enrolment Key to Master Credential derivation")
#define CONNECTION_LABEL                                                                           \
    MLN_S("oneM2M Enrolment Key to Provisioned Secure Connection Key derivation")
#define USAGE_LABEL   MLN_S("oneM2M Enrolment Key to Usage-Constrained Symmetric Key derivation")
#define SESSION_LABEL MLN_S("oneM2M HMAC-SHA256 sessionESPrimKey derivation algorithm")

static const char *const end_to_end_labels[MLN_KDF_END_TO_END_KEYS] = {
    [MLN_KDF_MESSAGE_AUTHENTICITY] = "E2E Message Authentication Key",
    [MLN_KDF_MESSAGE_CONFIDENTIALITY] = "E2E Message Confidentiality Key",
    [MLN_KDF_ATTRIBUTE_AUTHENTICITY] = "E2E Attribute Authenticity Key",
    [MLN_KDF_ATTRIBUTE_CONFIDENTIALITY] = "E2E Attribute Confidentiality Key",
};

/* ---- HMAC-SHA-256 ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MAC_CTX *keyless; /* each use duplicates it: looking up algorithms is slow */

static void look_up(void)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    keyless = mac ? EVP_MAC_CTX_new(mac) : NULL;
    if (keyless && EVP_MAC_CTX_set_params(keyless, params) != 1) {
        EVP_MAC_CTX_free(keyless);
        keyless = NULL;
    }
    EVP_MAC_free(mac);
}

static struct mln_slice bytes_of(const struct mln_secret *secret)
{
    return mln_slice_of((const char *)mln_secret_bytes(secret), mln_secret_len(secret));
}

/* Of the parts one after the other. OpenSSL wipes its state when the context is freed. */
static mln_err hmac(struct mln_slice key, const struct mln_slice *parts, size_t count,
                    unsigned char ret[static MLN_KDF_KEY])
{
    unsigned char out[MLN_KDF_KEY];
    size_t len = 0;
    EVP_MAC_CTX *ctx;
    bool is_good;

    (void)pthread_once(&once, look_up);
    ctx = keyless ? EVP_MAC_CTX_dup(keyless) : NULL;
    is_good = ctx && EVP_MAC_init(ctx, (const unsigned char *)key.ptr, key.len, NULL) == 1;
    for (size_t i = 0; is_good && i < count; i++) {
        is_good = EVP_MAC_update(ctx, (const unsigned char *)parts[i].ptr, parts[i].len) == 1;
    }
    is_good = is_good && EVP_MAC_final(ctx, out, &len, sizeof out) == 1 && len == sizeof out;
    EVP_MAC_CTX_free(ctx);
    if (is_good) {
        memcpy(ret, out, sizeof out);
    }
    mln_wipe(out, sizeof out);
    MLN_REQUIRE(is_good, NO_MEMORY);
    return MLN_OK;
}

/* ---- identifiers ---- */

/* Code points, then their UTF-8 in the same place. */
struct normal {
    utf8proc_int32_t room[MLN_KDF_TEXT_MAX + 1];
    size_t len;
};

static mln_err normalise(struct mln_slice id, struct normal *ret)
{
    const utf8proc_option_t form = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    utf8proc_ssize_t n;

    MLN_REQUIRE(id.len > 0, PARAM_INVALID);
    MLN_REQUIRE(id.len <= (size_t)4 * MLN_KDF_TEXT_MAX, LIMIT);
    n = utf8proc_decompose((const utf8proc_uint8_t *)id.ptr, (utf8proc_ssize_t)id.len, ret->room,
                           MLN_KDF_TEXT_MAX, form | UTF8PROC_COMPAT | UTF8PROC_REJECTNA);
    MLN_REQUIRE(n > 0, PARAM_INVALID);
    MLN_REQUIRE(n <= MLN_KDF_TEXT_MAX, LIMIT);
    n = utf8proc_reencode(ret->room, n, form);
    MLN_REQUIRE(n > 0, PARAM_INVALID);
    ret->len = (size_t)n;
    return MLN_OK;
}

static mln_err derive(const struct mln_secret *key, struct mln_slice label, struct mln_slice suid,
                      struct mln_slice id, unsigned char ret[static MLN_KDF_KEY])
{
    struct normal normal;
    struct mln_slice parts[3] = { label, suid };

    MLN_TRY(normalise(id, &normal));
    parts[2] = mln_slice_of((const char *)normal.room, normal.len);
    return hmac(bytes_of(key), parts, 3, ret);
}

/* ---- the face ---- */

const char *mln_exporter_label(enum mln_exporter which)
{
    return exporter_labels[which];
}

void mln_kdf_split(const unsigned char exported[static MLN_KDF_EXPORT],
                   unsigned char ret_id[static MLN_KDF_ID],
                   unsigned char ret_key[static MLN_KDF_KEY])
{
    memcpy(ret_id, exported, MLN_KDF_ID);
    memcpy(ret_key, exported + MLN_KDF_ID, MLN_KDF_KEY);
}

mln_err mln_kdf_key_identifier(const unsigned char id[static MLN_KDF_ID], struct mln_slice fqdn,
                               struct mln_arena *arena, struct mln_slice *ret)
{
    static const char digits[] = "0123456789abcdef";
    struct mln_buf out;

    MLN_REQUIRE(mln_fqdn_is_valid(fqdn), PARAM_INVALID);
    mln_buf_init(&out, arena, MLN_KEY_ID_MAX);
    for (size_t i = 0; i < MLN_KDF_ID; i++) {
        mln_buf_byte(&out, digits[id[i] >> 4]);
        mln_buf_byte(&out, digits[id[i] & 15]);
    }
    mln_buf_byte(&out, '@');
    for (size_t i = 0; i < fqdn.len; i++) {
        mln_buf_byte(&out, mln_lower(fqdn.ptr[i]));
    }
    return mln_buf_finish(&out, ret);
}

mln_err mln_kdf_master_credential(const struct mln_secret *enrolment, struct mln_slice maf_id,
                                  unsigned char ret[static MLN_KDF_KEY])
{
    return derive(enrolment, MASTER_LABEL, MLN_S(""), maf_id, ret);
}

mln_err mln_kdf_connection_key(const struct mln_secret *enrolment, struct mln_slice enrolee_b_id,
                               unsigned char ret[static MLN_KDF_KEY])
{
    return derive(enrolment, CONNECTION_LABEL, MLN_S(""), enrolee_b_id, ret);
}

mln_err mln_kdf_usage_key(const struct mln_secret *enrolment, unsigned suid,
                          struct mln_slice target, unsigned char ret[static MLN_KDF_KEY])
{
    enum { PROVISIONED = 2 };
    const char digits[2] = { '0' + PROVISIONED, (char)('0' + suid % 10) };

    MLN_REQUIRE(suid / 10 == PROVISIONED && mln_suid_is_valid(suid), PARAM_INVALID);
    return derive(enrolment, USAGE_LABEL, mln_slice_of(digits, sizeof digits), target, ret);
}

mln_err mln_kdf_session(const struct mln_secret *pairwise, struct mln_slice receiver,
                        struct mln_slice originator, unsigned char ret[static MLN_KDF_KEY])
{
    const struct mln_slice parts[] = { receiver, originator, SESSION_LABEL };

    return hmac(bytes_of(pairwise), parts, 3, ret);
}

mln_err mln_kdf_end_to_end_master(struct mln_slice salt, const struct mln_secret *source,
                                  unsigned char ret[static MLN_KDF_KEY])
{
    static const char zeros[MLN_KDF_KEY];
    struct mln_slice message = bytes_of(source);

    return hmac(salt.len ? salt : mln_slice_of(zeros, sizeof zeros), &message, 1, ret);
}

mln_err mln_kdf_end_to_end_key(const struct mln_secret *master, enum mln_kdf_end_to_end which,
                               unsigned char ret[static MLN_KDF_KEY])
{
    unsigned char t[MLN_KDF_KEY];
    struct mln_slice before = { 0 };
    mln_err err = MLN_OK;

    for (size_t i = 0; !mln_failed(err) && i <= (size_t)which; i++) {
        const char number = (char)(i + 1);
        const struct mln_slice parts[] = { before, mln_slice_z(end_to_end_labels[i]),
                                           mln_slice_of(&number, 1) };

        err = hmac(bytes_of(master), parts, 3, t);
        before = mln_slice_of((const char *)t, sizeof t);
    }
    if (!mln_failed(err)) {
        memcpy(ret, t, sizeof t);
    }
    mln_wipe(t, sizeof t);
    return err;
}
