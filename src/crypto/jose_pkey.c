/* Keys for OpenSSL from the numbers of a JWK. RFC 7518 6.2, 6.3 */
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "crypto/base64.h"
#include "crypto/jose_int.h"

enum { COORDINATE = 66, POINT_MOST = 1 + 2 * COORDINATE, NUMBERS_MOST = 9 };

/* What is being put together. */
struct building {
    OSSL_PARAM_BLD *builder;
    BIGNUM *numbers[NUMBERS_MOST];
    size_t count;
};

static void done(struct building *b)
{
    for (size_t i = 0; i < b->count; i++) {
        BN_clear_free(b->numbers[i]);
    }
    OSSL_PARAM_BLD_free(b->builder);
}

static mln_err decode(struct mln_slice text, struct mln_secret **ret, size_t *ret_len)
{
    struct mln_secret *room = mln_secret_new(mln_base64_room(text.len));

    MLN_REQUIRE(room, NO_MEMORY);
    if (!mln_base64url_decode(text, mln_secret_room(room), ret_len)) {
        mln_secret_free(room);
        MLN_FAIL(CONFIG);
    }
    *ret = room;
    return MLN_OK;
}

static mln_err push_number(struct building *b, const char *name, struct mln_slice text)
{
    struct mln_secret *bytes MLN_CLEANUP(mln_secret_freep) = NULL;
    BIGNUM *number;
    size_t len = 0;

    MLN_TRY(decode(text, &bytes, &len));
    number = BN_bin2bn(mln_secret_bytes(bytes), (int)len, NULL);
    MLN_REQUIRE(number, NO_MEMORY);
    b->numbers[b->count++] = number;
    MLN_REQUIRE(OSSL_PARAM_BLD_push_BN(b->builder, name, number) == 1, NO_MEMORY);
    return MLN_OK;
}

/* The parameters hold copies of the numbers. */
static void wipe_params(OSSL_PARAM *params)
{
    for (OSSL_PARAM *p = params; p && p->key; p++) {
        mln_wipe(p->data, p->data_size);
    }
    OSSL_PARAM_free(params);
}

static mln_err make(struct building *b, const char *type, bool is_private, EVP_PKEY **ret)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b->builder);
    EVP_PKEY_CTX *ctx = params ? EVP_PKEY_CTX_new_from_name(NULL, type, NULL) : NULL;
    EVP_PKEY *key = NULL;
    bool is_made = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
                   EVP_PKEY_fromdata(ctx, &key, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                                     params) == 1;

    wipe_params(params);
    EVP_PKEY_CTX_free(ctx);
    MLN_REQUIRE(is_made, CONFIG);
    *ret = key;
    return MLN_OK;
}

/* The point in the form 04 X Y. */
static mln_err read_point(enum mln_jose_crv crv, struct mln_slice x, struct mln_slice y,
                          unsigned char out[static POINT_MOST], size_t *ret_len)
{
    struct mln_slice texts[2] = { x, y };
    size_t bytes = mln_jose_crv_row(crv)->bytes;

    out[0] = 4;
    for (size_t i = 0; i < 2; i++) {
        struct mln_secret *number MLN_CLEANUP(mln_secret_freep) = NULL;
        size_t len = 0;

        MLN_TRY(decode(texts[i], &number, &len));
        MLN_REQUIRE(len == bytes, CONFIG);
        memcpy(out + 1 + i * bytes, mln_secret_bytes(number), bytes);
    }
    *ret_len = 1 + 2 * bytes;
    return MLN_OK;
}

mln_err mln_jose_pkey_ec(enum mln_jose_crv crv, struct mln_slice x, struct mln_slice y,
                         struct mln_slice d, EVP_PKEY **ret)
{
    struct building b MLN_CLEANUP(done) = { OSSL_PARAM_BLD_new(), { 0 }, 0 };
    unsigned char point[POINT_MOST];
    size_t len = 0;

    MLN_TRY(read_point(crv, x, y, point, &len));
    MLN_REQUIRE(
        b.builder &&
            OSSL_PARAM_BLD_push_utf8_string(b.builder, OSSL_PKEY_PARAM_GROUP_NAME,
                                            mln_jose_crv_row(crv)->name, 0) == 1 &&
            OSSL_PARAM_BLD_push_octet_string(b.builder, OSSL_PKEY_PARAM_PUB_KEY, point, len) == 1,
        NO_MEMORY);
    if (d.len) {
        MLN_TRY(push_number(&b, OSSL_PKEY_PARAM_PRIV_KEY, d));
    }
    return make(&b, "EC", d.len > 0, ret);
}

mln_err mln_jose_pkey_rsa(const struct mln_slice numbers[static MLN_JOSE_RSA_NUMBERS],
                          EVP_PKEY **ret)
{
    static const char *const names[MLN_JOSE_RSA_NUMBERS] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    struct building b MLN_CLEANUP(done) = { OSSL_PARAM_BLD_new(), { 0 }, 0 };
    bool is_private = numbers[2].len > 0;

    MLN_REQUIRE(b.builder, NO_MEMORY);
    for (size_t i = 0; i < (is_private ? MLN_JOSE_RSA_NUMBERS : 2U); i++) {
        MLN_TRY(push_number(&b, names[i], numbers[i]));
    }
    return make(&b, "RSA", is_private, ret);
}

/* ---- the other way ---- */

static mln_err number_text(const EVP_PKEY *key, const char *name, int size, struct mln_arena *arena,
                           struct mln_value **ret)
{
    unsigned char bytes[COORDINATE];
    BIGNUM *number = NULL;
    struct mln_slice text;
    struct mln_buf out;
    bool is_good =
        EVP_PKEY_get_bn_param(key, name, &number) == 1 && BN_bn2binpad(number, bytes, size) == size;

    BN_free(number);
    MLN_REQUIRE(is_good, NO_MEMORY);
    mln_buf_init(&out, arena, (size_t)2 * COORDINATE);
    mln_base64url_add(&out, mln_slice_of((const char *)bytes, (size_t)size));
    MLN_TRY(mln_buf_finish(&out, &text));
    *ret = mln_value_text(arena, text);
    return *ret ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

mln_err mln_jose_pkey_jwk(const EVP_PKEY *key, enum mln_jose_crv crv, struct mln_arena *arena,
                          struct mln_value **ret)
{
    const struct mln_jose_crv_row *row = mln_jose_crv_row(crv);
    struct mln_value *jwk = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_value *x;
    struct mln_value *y;

    MLN_REQUIRE(jwk, NO_MEMORY);
    MLN_TRY(number_text(key, OSSL_PKEY_PARAM_EC_PUB_X, (int)row->bytes, arena, &x));
    MLN_TRY(number_text(key, OSSL_PKEY_PARAM_EC_PUB_Y, (int)row->bytes, arena, &y));
    MLN_TRY(mln_value_set(jwk, MLN_S("kty"), mln_value_text(arena, MLN_S("EC"))));
    MLN_TRY(mln_value_set(jwk, MLN_S("crv"), mln_value_text(arena, mln_slice_z(row->name))));
    MLN_TRY(mln_value_set(jwk, MLN_S("x"), x));
    MLN_TRY(mln_value_set(jwk, MLN_S("y"), y));
    *ret = jwk;
    return MLN_OK;
}
