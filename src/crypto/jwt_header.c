/* Parts and headers of a token: what is not expected is refused before any key is looked at.
 * spec: RFC 7515 4, RFC 7516 4, RFC 7519 5; TS-0003 7.3.2.6.2 */
#include "crypto/base64.h"
#include "crypto/jwt_int.h"

enum { DEPTH = 8, ITEMS = 200 };

/* ---- parts ---- */

static bool is_base64url(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
            return false;
        }
    }
    return true;
}

mln_err mln_jwt_split(struct mln_slice token, struct mln_slice parts[static MLN_JWE_PARTS],
                      size_t *ret_count)
{
    struct mln_slice rest = token;
    size_t count = 0;

    while (rest.ptr && count < MLN_JWE_PARTS) {
        parts[count] = mln_slice_cut(&rest, '.');
        MLN_REQUIRE(is_base64url(parts[count]), SYNTAX);
        count++;
    }
    MLN_REQUIRE(!rest.ptr && (count == MLN_JWS_PARTS || count == MLN_JWE_PARTS), SYNTAX);
    /* spec: TS-0004 6.3.3: first and third part of a JWS, first and fourth of a JWE */
    MLN_REQUIRE(parts[0].len && (count == MLN_JWS_PARTS ? parts[2].len : parts[3].len), SYNTAX);
    *ret_count = count;
    return MLN_OK;
}

/* ---- headers ---- */

/* What must not be there: compression and extensions that we do not know; keys and addresses of
 * keys, which we would never use. RFC 7515 4.1.11: crit that is not understood refuses; the
 * extensions that exist (b64, RFC 7797) change what is signed. */
static const char *const forbidden[] = { "crit", "zip", "b64", "jwk", "jku", "x5u", "p2s", "p2c" };

static mln_err check_forbidden(const struct mln_jwt_check *check, const struct mln_value *header)
{
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        if (mln_value_get(header, mln_slice_z(forbidden[i]))) {
            mln_fault_set(check->fault, "token: header parameter %s is not accepted", forbidden[i]);
            MLN_FAIL(TOKEN_REFUSED);
        }
    }
    return MLN_OK;
}

static mln_err text_of(const struct mln_jwt_check *check, const struct mln_value *header,
                       const char *name, struct mln_slice *ret)
{
    const struct mln_value *v = mln_value_get(header, mln_slice_z(name));

    *ret = (struct mln_slice){ 0 };
    if (v && (v->kind != MLN_V_TEXT || v->text.len == 0)) {
        mln_fault_set(check->fault, "token: header parameter %s must be a text", name);
        MLN_FAIL(TOKEN_REFUSED);
    }
    if (v) {
        *ret = v->text;
    }
    return MLN_OK;
}

/* spec: TS-0003 7.3.2.6.2: typ JWT in every header, cty JWT in the outer one of a nested token */
static mln_err read_types(const struct mln_jwt_check *check, const struct mln_value *header,
                          bool is_jwe, struct mln_jwt_header *ret)
{
    struct mln_slice type;
    struct mln_slice content;

    MLN_TRY(text_of(check, header, "typ", &type));
    MLN_TRY(text_of(check, header, "cty", &content));
    if (!mln_slice_eq(type, MLN_S("JWT"))) {
        return mln_jwt_refuse(check, "typ must be JWT");
    }
    if (content.len && (!is_jwe || !mln_slice_eq(content, MLN_S("JWT")))) {
        return mln_jwt_refuse(check, "cty is JWT in the outer header of a nested token only");
    }
    ret->is_nested = content.len > 0;
    return MLN_OK;
}

static mln_err read_algorithms(const struct mln_jwt_check *check, const struct mln_value *header,
                               bool is_jwe, struct mln_jwt_header *ret)
{
    struct mln_slice alg;
    struct mln_slice enc;

    MLN_TRY(text_of(check, header, "alg", &alg));
    MLN_TRY(text_of(check, header, "enc", &enc));
    if (is_jwe) {
        ret->wrap = mln_jose_wrap_named(alg);
        ret->enc = mln_jose_enc_named(enc);
    } else {
        ret->sig = enc.len ? MLN_JOSE_NO_SIG : mln_jose_sig_named(alg);
    }
    if (is_jwe ? !ret->wrap || !ret->enc : !ret->sig) {
        return mln_jwt_refuse(check, "algorithm not accepted");
    }
    return MLN_OK;
}

/* A certificate thumbprint must be that of the certificate that came along. */
static mln_err check_thumbprint(const struct mln_jwt_check *check, const struct mln_value *header,
                                const struct mln_jwt_header *h)
{
    unsigned char digest[MLN_SHA256_SIZE];
    struct mln_slice text;
    struct mln_slice wanted;

    MLN_TRY(text_of(check, header, "x5t#S256", &text));
    if (!text.len || !h->chain_count) {
        return MLN_OK;
    }
    MLN_TRY(mln_sha256(h->chain[0], digest));
    if (mln_failed(mln_base64url_read(text, check->arena, &wanted)) ||
        !mln_slice_eq(wanted, mln_slice_of((const char *)digest, sizeof digest))) {
        return mln_jwt_refuse(check, "x5t#S256 is of another certificate");
    }
    return MLN_OK;
}

static mln_err read_chain(const struct mln_jwt_check *check, const struct mln_value *header,
                          struct mln_jwt_header *ret)
{
    const struct mln_value *list = mln_value_get(header, MLN_S("x5c"));

    if (!list) {
        return MLN_OK;
    }
    if (list->kind != MLN_V_ARRAY || !list->items.count || list->items.count > MLN_JWT_CHAIN) {
        return mln_jwt_refuse(check, "x5c must be a short list of certificates");
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        if (v->kind != MLN_V_TEXT ||
            mln_failed(mln_base64_read(v->text, check->arena, &ret->chain[ret->chain_count]))) {
            return mln_jwt_refuse(check, "x5c must be a short list of certificates");
        }
        ret->chain_count++;
    }
    return MLN_OK;
}

static mln_err read_party(const struct mln_jwt_check *check, const struct mln_value *header,
                          const char *name, struct mln_slice *ret)
{
    struct mln_slice text;
    mln_err err;

    MLN_TRY(text_of(check, header, name, &text));
    err = mln_base64url_read(text, check->arena, ret);
    return err.code == MLN_ERR_SYNTAX ? mln_jwt_refuse(check, "apu and apv are base64url") : err;
}

/* Anybody may send one, and RSA numbers take seventy times as long to look at as a point. */
static bool may_be_ephemeral(const struct mln_value *epk)
{
    const struct mln_value *kty = epk ? mln_value_get(epk, MLN_S("kty")) : NULL;

    return kty && kty->kind == MLN_V_TEXT && mln_slice_eq(kty->text, MLN_S("EC")) &&
           !mln_value_get(epk, MLN_S("d"));
}

/* The ephemeral key of ECDH-ES: public, and a point of its curve. RFC 7518 4.6.1 */
static mln_err read_ephemeral(const struct mln_jwt_check *check, const struct mln_value *header,
                              struct mln_slice source, struct mln_jwt_header *ret)
{
    const struct mln_value *epk = mln_value_get(header, MLN_S("epk"));
    mln_err err;

    if (mln_jose_wrap_row(ret->wrap)->kty != MLN_JOSE_EC) {
        return epk ? mln_jwt_refuse(check, "epk is for ECDH-ES") : MLN_OK;
    }
    MLN_TRY(read_party(check, header, "apu", &ret->party_u));
    MLN_TRY(read_party(check, header, "apv", &ret->party_v));
    err = may_be_ephemeral(epk) ? mln_jose_key_of(epk, source, NULL, &ret->ephemeral)
                                : MLN_ERROR(CONFIG);
    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    if (mln_failed(err)) {
        return mln_jwt_refuse(check, "epk is not a public key on a known curve");
    }
    return MLN_OK;
}

static mln_err read_header(const struct mln_jwt_check *check, const struct mln_value *header,
                           struct mln_slice source, bool is_jwe, struct mln_jwt_header *ret)
{
    if (header->kind != MLN_V_OBJECT) {
        return mln_jwt_refuse(check, "the header must be an object");
    }
    MLN_TRY(check_forbidden(check, header));
    MLN_TRY(read_types(check, header, is_jwe, ret));
    MLN_TRY(read_algorithms(check, header, is_jwe, ret));
    MLN_TRY(text_of(check, header, "kid", &ret->id));
    MLN_TRY(text_of(check, header, "iss", &ret->issuer));
    if (is_jwe) {
        /* x5c of a JWE would name the recipient, which kid does here */
        return read_ephemeral(check, header, source, ret);
    }
    MLN_TRY(read_chain(check, header, ret));
    return check_thumbprint(check, header, ret);
}

void mln_jwt_header_done(struct mln_jwt_header *header)
{
    mln_jose_key_free(header->ephemeral);
}

mln_err mln_jwt_header_read(const struct mln_jwt_check *check, struct mln_slice encoded,
                            bool is_jwe, struct mln_jwt_header *ret)
{
    struct mln_limits limits = *check->limits;
    struct mln_value *header;
    struct mln_slice text;
    mln_err err;

    if (encoded.len > MLN_JWT_HEADER_BYTES) {
        return mln_jwt_refuse(check, "header too long");
    }
    MLN_TRY(mln_base64url_read(encoded, check->arena, &text));
    limits.value_depth = DEPTH;
    limits.value_items = ITEMS;
    err = mln_json_read(text, &limits, check->arena, &header, NULL);
    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    if (mln_failed(err)) {
        return mln_jwt_refuse(check, "the header is not sound JSON");
    }
    return read_header(check, header, text, is_jwe, ret);
}
