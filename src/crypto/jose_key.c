/* Keys from JWK: strictly, before any library sees them. spec: RFC 7517, RFC 7518 6, RFC 7638 */
#include "crypto/jose_key.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/jose_int.h"

enum {
    SCRATCH = 1 << 20,
    OCT_LEAST = 16,
    OCT_TEXT_MOST = 683, /* 512 bytes in base64url */
    RSA_EXPONENT_TEXT = 6,
    RSA_BITS_LEAST = 2048,
    RSA_BITS_MOST = 4096,
    RSA_TEXT_LEAST = 342, /* of the modulus in base64url */
    RSA_TEXT_MOST = 683,
};

/* One JWK being read. */
struct reading {
    const struct mln_value *jwk;
    struct mln_slice source;
    struct mln_fault *fault;
    struct mln_jose_key *key;
};

static mln_err refuse(const struct reading *r, const char *what)
{
    mln_fault_set(r->fault, "key: %s", what);
    MLN_FAIL(CONFIG);
}

void mln_jose_key_free(struct mln_jose_key *key)
{
    if (key) {
        mln_free(key->id);
        mln_secret_free(key->oct);
        EVP_PKEY_free(key->pkey);
        mln_free(key);
    }
}

void mln_jose_key_freep(struct mln_jose_key **key)
{
    mln_jose_key_free(*key);
}

/* ---- members ---- */

/* A member that is a text; *ret is empty when there is none. */
static mln_err text_member(const struct reading *r, const char *name, struct mln_slice *ret)
{
    const struct mln_value *v = mln_value_get(r->jwk, mln_slice_z(name));

    *ret = (struct mln_slice){ 0 };
    if (!v) {
        return MLN_OK;
    }
    if (v->kind != MLN_V_TEXT || v->text.len == 0) {
        mln_fault_set(r->fault, "key: %s must be a text", name);
        MLN_FAIL(CONFIG);
    }
    *ret = v->text;
    return MLN_OK;
}

/* A number in base64url. It stands in the source as it is: text with escapes would have been
 * copied to where nobody wipes it. */
static mln_err number_member(const struct reading *r, const char *name, struct mln_slice *ret)
{
    MLN_TRY(text_member(r, name, ret));
    if (ret->len && (ret->ptr < r->source.ptr || ret->ptr >= r->source.ptr + r->source.len)) {
        return refuse(r, "a number with escapes");
    }
    return MLN_OK;
}

static mln_err read_use(struct reading *r)
{
    struct mln_slice use;

    MLN_TRY(text_member(r, "use", &use));
    if (mln_slice_eq(use, MLN_S("sig"))) {
        r->key->ops &= MLN_JOSE_OP_SIGN | MLN_JOSE_OP_VERIFY;
    } else if (mln_slice_eq(use, MLN_S("enc"))) {
        r->key->ops &= MLN_JOSE_OP_SEAL | MLN_JOSE_OP_OPEN;
    } else if (use.len) {
        return refuse(r, "use must be sig or enc");
    }
    return MLN_OK;
}

static unsigned op_named(struct mln_slice name)
{
    static const struct {
        const char *name;
        unsigned op;
    } rows[] = {
        { "sign", MLN_JOSE_OP_SIGN },
        { "verify", MLN_JOSE_OP_VERIFY },
        { "encrypt", MLN_JOSE_OP_SEAL },
        { "decrypt", MLN_JOSE_OP_OPEN },
        { "wrapKey", MLN_JOSE_OP_SEAL },
        { "unwrapKey", MLN_JOSE_OP_OPEN },
        { "deriveKey", MLN_JOSE_OP_SEAL | MLN_JOSE_OP_OPEN },
        { "deriveBits", MLN_JOSE_OP_SEAL | MLN_JOSE_OP_OPEN },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (mln_slice_eq(name, mln_slice_z(rows[i].name))) {
            return rows[i].op;
        }
    }
    return 0;
}

static mln_err read_ops(struct reading *r)
{
    const struct mln_value *list = mln_value_get(r->jwk, MLN_S("key_ops"));
    unsigned ops = 0;

    if (!list) {
        return MLN_OK;
    }
    if (list->kind != MLN_V_ARRAY) {
        return refuse(r, "key_ops must be a list");
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        ops |= v->kind == MLN_V_TEXT ? op_named(v->text) : 0;
    }
    r->key->ops &= ops;
    return MLN_OK;
}

/* `alg` binds the key to one algorithm: that of the signature, the wrapping or the content. */
static mln_err read_alg(struct reading *r)
{
    struct mln_slice alg;

    MLN_TRY(text_member(r, "alg", &alg));
    if (!alg.len) {
        return MLN_OK;
    }
    r->key->is_bound = true;
    r->key->sig = mln_jose_sig_named(alg);
    r->key->wrap = mln_jose_wrap_named(alg);
    r->key->enc = mln_jose_enc_named(alg);
    return r->key->sig || r->key->wrap || r->key->enc ? MLN_OK
                                                      : refuse(r, "alg is not one we permit");
}

static mln_err read_id(struct reading *r)
{
    struct mln_slice id;

    MLN_TRY(text_member(r, "kid", &id));
    if (!id.len) {
        return MLN_OK;
    }
    if (id.len > 255) {
        return refuse(r, "kid is too long");
    }
    r->key->id = mln_malloc(id.len);
    MLN_REQUIRE(r->key->id, NO_MEMORY);
    memcpy(r->key->id, id.ptr, id.len);
    r->key->id_len = id.len;
    return MLN_OK;
}

struct member {
    const char *name;
    struct mln_slice value;
};

/* ---- kinds ---- */

static mln_err take_oct(struct mln_jose_key *key, struct mln_slice bytes)
{
    key->kty = MLN_JOSE_OCT;
    key->is_private = true;
    key->oct = mln_secret_of(bytes.ptr, bytes.len);
    MLN_REQUIRE(key->oct, NO_MEMORY);
    return mln_sha256(bytes, key->thumbprint);
}

static mln_err read_oct(struct reading *r)
{
    struct mln_secret *room MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_slice text;
    size_t len = 0;

    MLN_TRY(number_member(r, "k", &text));
    if (!text.len || text.len > OCT_TEXT_MOST) {
        return refuse(r, "k is missing or too long");
    }
    room = mln_secret_new(mln_base64_room(text.len));
    MLN_REQUIRE(room, NO_MEMORY);
    if (!mln_base64url_decode(text, mln_secret_room(room), &len) || len < OCT_LEAST) {
        return refuse(r, "k must be base64url of at least 16 bytes");
    }
    return take_oct(r->key, mln_slice_of((const char *)mln_secret_bytes(room), len));
}

/* A number of exactly `bytes` bytes; 0: any. */
static mln_err check_number(const struct reading *r, const struct member *m, size_t bytes)
{
    struct mln_secret *room MLN_CLEANUP(mln_secret_freep) = NULL;
    size_t len = 0;

    if (!m->value.len || m->value.len > MLN_JOSE_KEY_BYTES) {
        mln_fault_set(r->fault, "key: %s is missing", m->name);
        MLN_FAIL(CONFIG);
    }
    room = mln_secret_new(mln_base64_room(m->value.len));
    MLN_REQUIRE(room, NO_MEMORY);
    if (!mln_base64url_decode(m->value, mln_secret_room(room), &len) || (bytes && len != bytes)) {
        mln_fault_set(r->fault, "key: %s is not a number of the right size", m->name);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static enum mln_jose_crv curve_of(const EVP_PKEY *pkey)
{
    static const struct {
        const char *name;
        enum mln_jose_crv crv;
    } rows[] = {
        { "prime256v1", MLN_JOSE_P256 },
        { "secp384r1", MLN_JOSE_P384 },
        { "secp521r1", MLN_JOSE_P521 },
    };
    char name[64] = "";

    if (EVP_PKEY_get_group_name(pkey, name, sizeof name, NULL) == 1) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            if (mln_slice_eq(mln_slice_z(name), mln_slice_z(rows[i].name))) {
                return rows[i].crv;
            }
        }
    }
    return MLN_JOSE_NO_CURVE;
}

static mln_err describe_pkey(struct mln_jose_key *key)
{
    int bits = EVP_PKEY_get_bits(key->pkey);
    unsigned char *der = NULL;
    int len;
    mln_err err;

    if (EVP_PKEY_get_base_id(key->pkey) == EVP_PKEY_EC) {
        key->kty = MLN_JOSE_EC;
        key->crv = curve_of(key->pkey);
        MLN_REQUIRE(key->crv, CONFIG);
    } else {
        MLN_REQUIRE(EVP_PKEY_get_base_id(key->pkey) == EVP_PKEY_RSA, CONFIG);
        MLN_REQUIRE(bits >= RSA_BITS_LEAST && bits <= RSA_BITS_MOST, CONFIG);
        key->kty = MLN_JOSE_RSA;
        key->modulus_bytes = (size_t)(bits + 7) / 8;
    }
    len = i2d_PUBKEY(key->pkey, &der);
    MLN_REQUIRE(len > 0, NO_MEMORY);
    err = mln_sha256(mln_slice_of((const char *)der, (size_t)len), key->thumbprint);
    OPENSSL_free(der);
    return err;
}

/* Do the parts of the key belong together? Then what it is gets noted. */
static mln_err check_pkey(struct mln_jose_key *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    int sound;

    MLN_REQUIRE(ctx, NO_MEMORY);
    sound = key->is_private ? EVP_PKEY_pairwise_check(ctx) == 1 : 1;
    sound = sound && EVP_PKEY_public_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return sound ? describe_pkey(key) : MLN_ERROR(CONFIG);
}

/* Whether the numbers made a key. */
static mln_err take_pkey(const struct reading *r, mln_err made)
{
    mln_err err = mln_failed(made) ? made : check_pkey(r->key);

    return err.code == MLN_ERR_CONFIG ? refuse(r, "the numbers do not make a key") : err;
}

static mln_err read_ec(struct reading *r)
{
    struct member m[] = { { "x", { 0 } }, { "y", { 0 } }, { "d", { 0 } } };
    struct mln_slice curve;
    enum mln_jose_crv crv;

    MLN_TRY(text_member(r, "crv", &curve));
    crv = mln_jose_crv_named(curve);
    if (!crv) {
        return refuse(r, "crv must be P-256, P-384 or P-521");
    }
    for (size_t i = 0; i < 3; i++) {
        MLN_TRY(number_member(r, m[i].name, &m[i].value));
    }
    r->key->is_private = m[2].value.len > 0;
    for (size_t i = 0; i < (r->key->is_private ? 3U : 2U); i++) {
        MLN_TRY(check_number(r, &m[i], mln_jose_crv_row(crv)->bytes));
    }
    return take_pkey(r, mln_jose_pkey_ec(crv, m[0].value, m[1].value, m[2].value, &r->key->pkey));
}

static mln_err read_rsa(struct reading *r)
{
    static const char *const names[MLN_JOSE_RSA_NUMBERS] = { "n", "e",  "d",  "p",
                                                             "q", "dp", "dq", "qi" };
    struct mln_slice numbers[MLN_JOSE_RSA_NUMBERS];

    for (size_t i = 0; i < MLN_JOSE_RSA_NUMBERS; i++) {
        MLN_TRY(number_member(r, names[i], &numbers[i]));
    }
    r->key->is_private = numbers[2].len > 0;
    for (size_t i = 0; i < (r->key->is_private ? MLN_JOSE_RSA_NUMBERS : 2U); i++) {
        MLN_TRY(check_number(r, &(struct member){ names[i], numbers[i] }, 0));
    }
    if (numbers[1].len > RSA_EXPONENT_TEXT) {
        return refuse(r, "e is too large");
    }
    if (numbers[0].len < RSA_TEXT_LEAST || numbers[0].len > RSA_TEXT_MOST) {
        return refuse(r, "RSA keys have 2048 to 4096 bits");
    }
    return take_pkey(r, mln_jose_pkey_rsa(numbers, &r->key->pkey));
}

static mln_err read_kind(struct reading *r)
{
    struct mln_slice kty;

    MLN_TRY(text_member(r, "kty", &kty));
    if (mln_slice_eq(kty, MLN_S("oct"))) {
        return read_oct(r);
    }
    if (mln_slice_eq(kty, MLN_S("EC"))) {
        return read_ec(r);
    }
    if (mln_slice_eq(kty, MLN_S("RSA"))) {
        return read_rsa(r);
    }
    return refuse(r, "kty must be oct, EC or RSA");
}

static mln_err read_key(struct reading *r)
{
    if (r->jwk->kind != MLN_V_OBJECT) {
        return refuse(r, "a JWK is an object");
    }
    MLN_TRY(read_use(r));
    MLN_TRY(read_ops(r));
    MLN_TRY(read_alg(r));
    MLN_TRY(read_id(r));
    return read_kind(r);
}

mln_err mln_jose_key_of(const struct mln_value *jwk, struct mln_slice source,
                        struct mln_fault *fault, struct mln_jose_key **ret)
{
    struct reading r = { .jwk = jwk, .source = source, .fault = fault };
    mln_err err;

    r.key = mln_calloc(1, sizeof *r.key);
    MLN_REQUIRE(r.key, NO_MEMORY);
    r.key->ops = MLN_JOSE_OP_ALL;
    err = read_key(&r);
    if (mln_failed(err)) {
        mln_jose_key_free(r.key);
        return err;
    }
    *ret = r.key;
    return MLN_OK;
}

mln_err mln_jose_key_parse(struct mln_slice text, struct mln_fault *fault,
                           struct mln_jose_key **ret)
{
    struct mln_arena *arena MLN_CLEANUP(mln_arena_freep) = NULL;
    struct mln_limits limits;
    struct mln_value *jwk;

    if (text.len > MLN_JOSE_KEY_BYTES) {
        mln_fault_set(fault, "key: too long");
        MLN_FAIL(CONFIG);
    }
    arena = mln_arena_new(SCRATCH);
    MLN_REQUIRE(arena, NO_MEMORY);
    mln_limits_default(&limits);
    if (mln_failed(mln_json_read(text, &limits, arena, &jwk, NULL))) {
        mln_fault_set(fault, "key: not JSON");
        MLN_FAIL(CONFIG);
    }
    return mln_jose_key_of(jwk, text, fault, ret);
}

/* ---- keys of other origin ---- */

mln_err mln_jose_key_of_secret(struct mln_slice bytes, unsigned ops, struct mln_jose_key **ret)
{
    struct mln_jose_key *key MLN_CLEANUP(mln_jose_key_freep) = mln_calloc(1, sizeof *key);

    MLN_REQUIRE(key, NO_MEMORY);
    MLN_REQUIRE(bytes.len >= OCT_LEAST, CONFIG);
    key->ops = ops;
    MLN_TRY(take_oct(key, bytes));
    *ret = key;
    key = NULL;
    return MLN_OK;
}

mln_err mln_jose_key_of_pkey(EVP_PKEY *pkey, bool is_private, struct mln_jose_key **ret)
{
    struct mln_jose_key *key MLN_CLEANUP(mln_jose_key_freep) = mln_calloc(1, sizeof *key);

    MLN_REQUIRE(key && EVP_PKEY_up_ref(pkey) == 1, NO_MEMORY);
    key->pkey = pkey;
    key->ops = MLN_JOSE_OP_ALL;
    key->is_private = is_private;
    MLN_TRY(check_pkey(key));
    *ret = key;
    key = NULL;
    return MLN_OK;
}

void mln_jose_key_narrow(struct mln_jose_key *key, unsigned ops)
{
    key->ops &= ops;
}

mln_err mln_jose_key_rename(struct mln_jose_key *key, struct mln_slice id)
{
    char *copy = mln_malloc(id.len + 1);

    MLN_REQUIRE(copy, NO_MEMORY);
    if (id.len) {
        memcpy(copy, id.ptr, id.len);
    }
    mln_free(key->id);
    key->id = copy;
    key->id_len = id.len;
    return MLN_OK;
}

mln_err mln_jose_key_of_certificate(struct mln_slice der, struct mln_fault *fault,
                                    struct mln_jose_key **ret)
{
    const unsigned char *at = (const unsigned char *)der.ptr;
    struct mln_jose_key *key MLN_CLEANUP(mln_jose_key_freep) = mln_calloc(1, sizeof *key);
    X509 *cert;

    MLN_REQUIRE(key, NO_MEMORY);
    cert = d2i_X509(NULL, &at, (long)der.len);
    key->ops = MLN_JOSE_OP_VERIFY | MLN_JOSE_OP_SEAL;
    key->pkey = cert ? X509_get_pubkey(cert) : NULL;
    X509_free(cert);
    if (!key->pkey || mln_failed(describe_pkey(key))) {
        mln_fault_set(fault, "certificate: no key that we can use");
        MLN_FAIL(CONFIG);
    }
    *ret = key;
    key = NULL;
    return MLN_OK;
}

/* ---- what a key may do ---- */

struct mln_slice mln_jose_key_id(const struct mln_jose_key *key)
{
    return mln_slice_of(key->id, key->id_len);
}

bool mln_jose_key_eq(const struct mln_jose_key *a, const struct mln_jose_key *b)
{
    return a->kty == b->kty && mln_ct_equal(a->thumbprint, b->thumbprint, sizeof a->thumbprint);
}

bool mln_jose_key_on_curve_of(const struct mln_jose_key *key, const struct mln_jose_key *other)
{
    return key->crv != MLN_JOSE_NO_CURVE && key->crv == other->crv;
}

/* RFC 7518 3.2: the secret of an HMAC is at least as long as its output. */
static bool fits_sig(const struct mln_jose_key *key, enum mln_jose_sig sig)
{
    const struct mln_jose_sig_row *row = mln_jose_sig_row(sig);

    if (!sig || key->kty != row->kty || key->crv != row->crv ||
        (key->is_bound && key->sig != sig)) {
        return false;
    }
    return key->kty != MLN_JOSE_OCT || mln_secret_len(key->oct) >= row->digest_bytes;
}

bool mln_jose_key_may_verify(const struct mln_jose_key *key, enum mln_jose_sig sig)
{
    return (key->ops & MLN_JOSE_OP_VERIFY) && fits_sig(key, sig);
}

bool mln_jose_key_may_sign(const struct mln_jose_key *key, enum mln_jose_sig sig)
{
    return (key->ops & MLN_JOSE_OP_SIGN) && key->is_private && fits_sig(key, sig);
}

static bool is_bound_elsewhere(const struct mln_jose_key *key, enum mln_jose_wrap wrap,
                               enum mln_jose_enc enc)
{
    if (!key->is_bound) {
        return false;
    }
    return !(key->wrap == wrap || (wrap == MLN_JOSE_DIR && key->enc == enc));
}

static bool fits_wrap(const struct mln_jose_key *key, enum mln_jose_wrap wrap,
                      enum mln_jose_enc enc)
{
    const struct mln_jose_wrap_row *row = mln_jose_wrap_row(wrap);

    if (!wrap || !enc || key->kty != row->kty || is_bound_elsewhere(key, wrap, enc)) {
        return false;
    }
    if (key->kty != MLN_JOSE_OCT) {
        return true;
    }
    return mln_secret_len(key->oct) ==
           (wrap == MLN_JOSE_DIR ? mln_jose_enc_row(enc)->key_bytes : row->kek_bytes);
}

bool mln_jose_key_may_open(const struct mln_jose_key *key, enum mln_jose_wrap wrap,
                           enum mln_jose_enc enc)
{
    return (key->ops & MLN_JOSE_OP_OPEN) && key->is_private && fits_wrap(key, wrap, enc);
}

bool mln_jose_key_may_seal(const struct mln_jose_key *key, enum mln_jose_wrap wrap,
                           enum mln_jose_enc enc)
{
    return (key->ops & MLN_JOSE_OP_SEAL) && fits_wrap(key, wrap, enc);
}

enum mln_jose_sig mln_jose_key_default_sig(const struct mln_jose_key *key)
{
    static const enum mln_jose_sig order[] = { MLN_JOSE_ES256, MLN_JOSE_ES384, MLN_JOSE_ES512,
                                               MLN_JOSE_RS256, MLN_JOSE_HS256 };

    if (key->is_bound) {
        return key->sig;
    }
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (fits_sig(key, order[i])) {
            return order[i];
        }
    }
    return MLN_JOSE_NO_SIG;
}

/* A secret wraps as it is long; dir is only for who asks for it. */
enum mln_jose_wrap mln_jose_key_default_wrap(const struct mln_jose_key *key)
{
    static const enum mln_jose_wrap order[] = { MLN_JOSE_A256KW, MLN_JOSE_A192KW, MLN_JOSE_A128KW,
                                                MLN_JOSE_ECDH_ES_A256KW, MLN_JOSE_RSA_OAEP_256 };

    if (key->is_bound) {
        return key->enc ? MLN_JOSE_DIR : key->wrap;
    }
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (fits_wrap(key, order[i], MLN_JOSE_A256GCM)) {
            return order[i];
        }
    }
    return MLN_JOSE_NO_WRAP;
}

enum mln_jose_enc mln_jose_key_direct_enc(const struct mln_jose_key *key)
{
    unsigned enc = MLN_JOSE_ENCS - 1;

    while (enc > 0 && !fits_wrap(key, MLN_JOSE_DIR, (enum mln_jose_enc)enc)) {
        enc--;
    }
    return (enum mln_jose_enc)enc;
}
