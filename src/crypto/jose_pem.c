/* A private key as `merlon cert` and openssl write it, as JWK. RFC 7518 6.2 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "base/secret.h"
#include "crypto/jose_key.h"

enum { NUMBER_MOST = 66, DIGITS = 4 * ((NUMBER_MOST + 2) / 3) + 1, JWK_MOST = 512 };

/* One number in base64url, in room that is wiped. */
struct digits {
    char text[DIGITS];
};

static int no_passphrase(char *out, int size, int is_writing, void *data)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)data;
    return -1;
}

static void to_url(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i] == '=' ? '\0' : text[i];
    }
}

static bool take_number(const EVP_PKEY *key, const char *name, int size, struct digits *ret)
{
    unsigned char bytes[NUMBER_MOST];
    BIGNUM *number = NULL;
    bool is_good =
        EVP_PKEY_get_bn_param(key, name, &number) == 1 && BN_bn2binpad(number, bytes, size) == size;

    if (is_good) {
        to_url(ret->text, (size_t)EVP_EncodeBlock((unsigned char *)ret->text, bytes, size));
    }
    BN_clear_free(number);
    mln_wipe(bytes, sizeof bytes);
    return is_good;
}

static const char *curve_of(const EVP_PKEY *key, int *ret_size)
{
    static const struct {
        const char *group;
        const char *curve;
        int size;
    } rows[] = { { "prime256v1", "P-256", 32 },
                 { "secp384r1", "P-384", 48 },
                 { "secp521r1", "P-521", 66 } };
    char group[32] = "";

    (void)EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                         NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (mln_slice_eq(mln_slice_z(rows[i].group), mln_slice_z(group))) {
            *ret_size = rows[i].size;
            return rows[i].curve;
        }
    }
    return NULL;
}

static mln_err write_jwk(const EVP_PKEY *key, struct mln_secret *room)
{
    struct digits x = { 0 };
    struct digits y = { 0 };
    struct digits d = { 0 };
    int size = 0;
    const char *curve = curve_of(key, &size);
    bool is_good = curve && take_number(key, OSSL_PKEY_PARAM_EC_PUB_X, size, &x) &&
                   take_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, size, &y) &&
                   take_number(key, OSSL_PKEY_PARAM_PRIV_KEY, size, &d);

    if (is_good) {
        (void)snprintf((char *)mln_secret_room(room), JWK_MOST,
                       "{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\",\"d\":\"%s\"}",
                       curve, x.text, y.text, d.text);
    }
    mln_wipe(&d, sizeof d);
    MLN_REQUIRE(is_good, CONFIG);
    return MLN_OK;
}

static EVP_PKEY *read_pem(struct mln_slice pem)
{
    BIO *bio = pem.len <= MLN_JOSE_KEY_BYTES ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    return key;
}

mln_err mln_jose_key_parse_pem(struct mln_slice pem, struct mln_fault *fault,
                               struct mln_jose_key **ret)
{
    struct mln_secret *jwk MLN_CLEANUP(mln_secret_freep) = mln_secret_new(JWK_MOST);
    EVP_PKEY *key;
    mln_err err;

    MLN_REQUIRE(jwk, NO_MEMORY);
    key = read_pem(pem);
    err = key ? write_jwk(key, jwk) : MLN_ERROR(CONFIG);
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (mln_failed(err)) {
        mln_fault_set(fault, "no private key on P-256, P-384 or P-521 in PEM without pass phrase");
        return err;
    }
    return mln_jose_key_parse(mln_slice_z((const char *)mln_secret_bytes(jwk)), fault, ret);
}
