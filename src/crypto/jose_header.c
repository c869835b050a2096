/* Headers of JWS and JWE. */
#include "crypto/jose_header.h"

#include "crypto/base64.h"

enum { DEPTH = 8, ITEMS = 200 };

/* What is being read. */
struct header {
    const struct mln_jose_reading *r;
    const struct mln_jose_header_place *places;
    size_t count;
    struct mln_jose_header *ret;
};

/* What must not be there: compression and extensions that we do not know; keys and addresses of
 * keys, which we would never use. RFC 7515 4.1.11: crit that is not understood refuses; the
 * extensions that exist (b64, RFC 7797) change what is signed. */
static const char *const forbidden[] = { "crit", "zip", "b64", "jwk", "jku", "x5u", "p2s", "p2c" };

static mln_err check_forbidden(const struct mln_jose_reading *r, const struct mln_value *object)
{
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        if (mln_value_get(object, mln_slice_z(forbidden[i]))) {
            mln_fault_set(r->fault, "%s: header parameter %s is not accepted", r->what,
                          forbidden[i]);
            MLN_FAIL(TOKEN_REFUSED);
        }
    }
    return MLN_OK;
}

/* No name in two places. RFC 7515 7.2.1, RFC 7516 7.2.1 */
static mln_err check_disjoint(const struct header *h, size_t at)
{
    const struct mln_value *object = h->places[at].object;

    for (const struct mln_value *v = object->items.first; v; v = v->next) {
        for (size_t i = 0; i < at; i++) {
            if (h->places[i].object && mln_value_get(h->places[i].object, v->name)) {
                return mln_jose_refuse(h->r, "a header parameter stands there twice");
            }
        }
    }
    return MLN_OK;
}

static const struct mln_value *member(const struct header *h, const char *name, size_t *ret_at)
{
    for (size_t i = 0; i < h->count; i++) {
        const struct mln_value *object = h->places[i].object;
        const struct mln_value *v = object ? mln_value_get(object, mln_slice_z(name)) : NULL;

        if (v) {
            *ret_at = i;
            return v;
        }
    }
    return NULL;
}

static mln_err text_of(const struct header *h, const char *name, struct mln_slice *ret)
{
    size_t at;
    const struct mln_value *v = member(h, name, &at);

    *ret = (struct mln_slice){ 0 };
    if (v && (v->kind != MLN_V_TEXT || v->text.len == 0)) {
        mln_fault_set(h->r->fault, "%s: header parameter %s must be a text", h->r->what, name);
        MLN_FAIL(TOKEN_REFUSED);
    }
    if (v) {
        *ret = v->text;
    }
    return MLN_OK;
}

static mln_err read_algorithms(const struct header *h, bool is_jwe)
{
    struct mln_slice alg;
    struct mln_slice enc;

    MLN_TRY(text_of(h, "alg", &alg));
    MLN_TRY(text_of(h, "enc", &enc));
    if (is_jwe) {
        h->ret->wrap = mln_jose_wrap_named(alg);
        h->ret->enc = mln_jose_enc_named(enc);
    } else {
        h->ret->sig = enc.len ? MLN_JOSE_NO_SIG : mln_jose_sig_named(alg);
    }
    if (is_jwe ? !h->ret->wrap || !h->ret->enc : !h->ret->sig) {
        return mln_jose_refuse(h->r, "algorithm not accepted");
    }
    return MLN_OK;
}

/* A certificate thumbprint must be that of the certificate that came along. */
static mln_err read_thumbprint(const struct header *h)
{
    unsigned char digest[MLN_SHA256_SIZE];
    struct mln_slice text;

    MLN_TRY(text_of(h, "x5t#S256", &text));
    if (!text.len) {
        return MLN_OK;
    }
    if (mln_failed(mln_base64url_read(text, h->r->arena, &h->ret->thumbprint)) ||
        h->ret->thumbprint.len != sizeof digest) {
        return mln_jose_refuse(h->r, "x5t#S256 is no SHA-256 in base64url");
    }
    if (!h->ret->chain_count) {
        return MLN_OK;
    }
    MLN_TRY(mln_sha256(h->ret->chain[0], digest));
    return mln_slice_eq(h->ret->thumbprint, mln_slice_of((const char *)digest, sizeof digest))
               ? MLN_OK
               : mln_jose_refuse(h->r, "x5t#S256 is of another certificate");
}

static mln_err read_chain(const struct header *h)
{
    size_t at;
    const struct mln_value *list = member(h, "x5c", &at);

    if (!list) {
        return MLN_OK;
    }
    if (list->kind != MLN_V_ARRAY || !list->items.count || list->items.count > MLN_JOSE_CHAIN) {
        return mln_jose_refuse(h->r, "x5c must be a short list of certificates");
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        if (v->kind != MLN_V_TEXT ||
            mln_failed(
                mln_base64_read(v->text, h->r->arena, &h->ret->chain[h->ret->chain_count]))) {
            return mln_jose_refuse(h->r, "x5c must be a short list of certificates");
        }
        h->ret->chain_count++;
    }
    return MLN_OK;
}

static mln_err read_party(const struct header *h, const char *name, struct mln_slice *ret)
{
    struct mln_slice text;
    mln_err err;

    MLN_TRY(text_of(h, name, &text));
    err = mln_base64url_read(text, h->r->arena, ret);
    return err.code == MLN_ERR_SYNTAX ? mln_jose_refuse(h->r, "apu and apv are base64url") : err;
}

/* Anybody may send one, and RSA numbers take seventy times as long to look at as a point. */
static bool may_be_ephemeral(const struct mln_value *epk)
{
    const struct mln_value *kty = epk ? mln_value_get(epk, MLN_S("kty")) : NULL;

    return kty && kty->kind == MLN_V_TEXT && mln_slice_eq(kty->text, MLN_S("EC")) &&
           !mln_value_get(epk, MLN_S("d"));
}

/* The ephemeral key of ECDH-ES: public, and a point of its curve. RFC 7518 4.6.1 */
static mln_err read_ephemeral(const struct header *h)
{
    size_t at = 0;
    const struct mln_value *epk = member(h, "epk", &at);
    mln_err err;

    if (mln_jose_wrap_row(h->ret->wrap)->kty != MLN_JOSE_EC) {
        return epk ? mln_jose_refuse(h->r, "epk is for ECDH-ES") : MLN_OK;
    }
    MLN_TRY(read_party(h, "apu", &h->ret->party_u));
    MLN_TRY(read_party(h, "apv", &h->ret->party_v));
    err = may_be_ephemeral(epk)
              ? mln_jose_key_of(epk, h->places[at].source, NULL, &h->ret->ephemeral)
              : MLN_ERROR(CONFIG);
    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    if (mln_failed(err)) {
        return mln_jose_refuse(h->r, "epk is not a public key on a known curve");
    }
    return MLN_OK;
}

static mln_err check_places(const struct header *h)
{
    for (size_t i = 0; i < h->count; i++) {
        const struct mln_value *object = h->places[i].object;

        if (!object) {
            continue;
        }
        if (object->kind != MLN_V_OBJECT) {
            return mln_jose_refuse(h->r, "the header must be an object");
        }
        MLN_TRY(check_forbidden(h->r, object));
        MLN_TRY(check_disjoint(h, i));
    }
    return MLN_OK;
}

mln_err mln_jose_header_read(const struct mln_jose_reading *r,
                             const struct mln_jose_header_place *places, size_t count, bool is_jwe,
                             struct mln_jose_header *ret)
{
    struct header h = { r, places, count, ret };

    MLN_TRY(check_places(&h));
    MLN_TRY(text_of(&h, "typ", &ret->type));
    MLN_TRY(text_of(&h, "cty", &ret->content_type));
    MLN_TRY(read_algorithms(&h, is_jwe));
    MLN_TRY(text_of(&h, "kid", &ret->id));
    MLN_TRY(text_of(&h, "iss", &ret->issuer));
    /* x5c of a JWE would name the recipient, which kid and x5t#S256 do here */
    MLN_TRY(is_jwe ? read_ephemeral(&h) : read_chain(&h));
    return read_thumbprint(&h);
}

void mln_jose_header_done(struct mln_jose_header *header)
{
    mln_jose_key_free(header->ephemeral);
}

mln_err mln_jose_header_decode(const struct mln_jose_reading *r, struct mln_slice encoded,
                               struct mln_jose_header_place *ret)
{
    struct mln_limits limits;
    struct mln_value *object;
    struct mln_slice text;
    mln_err err;

    if (encoded.len > MLN_JOSE_HEADER_BYTES) {
        return mln_jose_refuse(r, "header too long");
    }
    MLN_TRY(mln_base64url_read(encoded, r->arena, &text));
    mln_limits_default(&limits);
    limits.value_depth = DEPTH;
    limits.value_items = ITEMS;
    err = mln_json_read(text, &limits, r->arena, &object, NULL);
    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    if (mln_failed(err)) {
        return mln_jose_refuse(r, "the header is not sound JSON");
    }
    *ret = (struct mln_jose_header_place){ object, text };
    return MLN_OK;
}
