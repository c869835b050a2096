/* Verifying a token. Names from the token choose among what the configuration has; the issuer's
 * rules and the kind of its key decide what is done. spec: TS-0003 7.3.2.6.3, security.md 6.4 */
#include "crypto/jwt.h"

#include "crypto/base64.h"
#include "crypto/jwt_int.h"

enum {
    IV_TEXT = 16,      /* 12 bytes */
    TAG_TEXT = 22,     /* 16 bytes */
    OPENINGS_MOST = 4, /* different keys tried on one token */
};

/* ---- the claims ---- */

static mln_err read_claims(const struct mln_jwt_check *check, struct mln_slice text,
                           struct mln_jwt *ret)
{
    struct mln_value *content;
    mln_err err = mln_json_read(text, check->limits, check->arena, &content, NULL);

    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    if (mln_failed(err) || content->kind != MLN_V_OBJECT) {
        return mln_jwt_refuse(check, "the claims are not a sound JSON object");
    }
    ret->claims = text;
    ret->content = content;
    return MLN_OK;
}

/* The issuer that the claims name; the one in a header, if any, must be the same. RFC 7519 5.3 */
static mln_err find_issuer(const struct mln_jwt_check *check, const struct mln_jose_header *header,
                           struct mln_jwt *ret)
{
    const struct mln_value *iss = mln_value_get(ret->content, MLN_S("iss"));

    if (!iss || iss->kind != MLN_V_TEXT) {
        return mln_jwt_refuse(check, "iss is missing");
    }
    ret->issuer = mln_jwt_issuer_named(check->issuers, iss->text);
    if (!ret->issuer || (header->issuer.len && !mln_slice_eq(header->issuer, iss->text))) {
        return mln_jwt_refuse(check, "issuer not known");
    }
    if (!mln_jwt_rule_permitted(ret->issuer, &ret->rule)) {
        return mln_jwt_refuse(check, "the issuer does not use this protection");
    }
    return MLN_OK;
}

/* ---- signatures ---- */

/* The key that kid names, or without kid the only one that fits; NULL otherwise. */
static const struct mln_jose_key *find_verifier(const struct mln_jwt_issuer *issuer,
                                                const struct mln_jose_header *header)
{
    const struct mln_jose_key *found = NULL;

    for (size_t i = 0; i < issuer->key_count; i++) {
        const struct mln_jose_key *key = issuer->keys[i];

        if (header->id.len && !mln_slice_eq(mln_jose_key_id(key), header->id)) {
            continue;
        }
        if (mln_jose_key_may_verify(key, header->sig)) {
            if (found) {
                return NULL;
            }
            found = key;
        }
    }
    return found;
}

static mln_err decode_signature(const struct mln_jwt_check *check, struct mln_slice text,
                                struct mln_slice *ret)
{
    mln_err err = mln_base64url_read(text, check->arena, ret);

    return err.code == MLN_ERR_SYNTAX ? mln_jwt_refuse(check, "the signature does not fit") : err;
}

static mln_err verify_by(const struct mln_jwt_check *check, const struct mln_jose_key *key,
                         const struct mln_jose_header *header, struct mln_slice input,
                         struct mln_slice signature_text)
{
    struct mln_slice signature = { 0 };
    mln_err err;

    MLN_TRY(decode_signature(check, signature_text, &signature));
    err = mln_jose_verify(key, header->sig, input, signature);
    return err.code == MLN_ERR_TOKEN_REFUSED ? mln_jwt_refuse(check, "the signature does not fit")
                                             : err;
}

static mln_err refuse_chain(const struct mln_jwt_check *check, const struct mln_fault *why)
{
    mln_fault_set(check->fault, "token: no trust in its certificate%s%s", why->text[0] ? ": " : "",
                  why->text);
    MLN_FAIL(TOKEN_REFUSED);
}

static mln_err check_chain(const struct mln_jwt_check *check, const struct mln_jose_header *header,
                           struct mln_jwt *ret)
{
    const struct mln_jwt_trust *trust = mln_jwt_issuers_trust(check->issuers);
    struct mln_jwt_chain chain = { header->chain, header->chain_count, check->now_us };
    struct mln_fault why = { 0 };
    mln_err err;

    if (!trust->check || !ret->issuer->anchor_count) {
        mln_fault_set(&why, "the issuer has no trust anchor");
        return refuse_chain(check, &why);
    }
    err = trust->check(trust->data, ret->issuer, &chain, &why, &ret->expires_us);
    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    return mln_failed(err) ? refuse_chain(check, &why) : MLN_OK;
}

/* By the certificates that came along: only as far as the issuer's anchors carry. */
static mln_err verify_by_chain(const struct mln_jwt_check *check,
                               const struct mln_jose_header *header, struct mln_slice input,
                               struct mln_slice signature_text, struct mln_jwt *ret)
{
    struct mln_jose_key *key MLN_CLEANUP(mln_jose_key_freep) = NULL;
    struct mln_fault why = { 0 };

    MLN_TRY(check_chain(check, header, ret));
    if (mln_failed(mln_jose_key_of_certificate(header->chain[0], NULL, &key)) ||
        !mln_jose_key_may_verify(key, header->sig)) {
        mln_fault_set(&why, "its key is not for this algorithm");
        return refuse_chain(check, &why);
    }
    return verify_by(check, key, header, input, signature_text);
}

/* `rule` says how the token around it was protected. */
static mln_err verify_signed(const struct mln_jwt_check *check, struct mln_slice token,
                             const struct mln_slice parts[static MLN_JOSE_JWE_PARTS],
                             struct mln_jwt *ret)
{
    struct mln_slice input = mln_slice_head(token, parts[0].len + 1 + parts[1].len);
    const struct mln_jose_key *key;
    struct mln_jose_header header MLN_CLEANUP(mln_jose_header_done) = { 0 };
    struct mln_slice claims = { 0 };

    MLN_TRY(mln_jwt_header_read(check, parts[0], false, &header));
    MLN_TRY(mln_base64url_read(parts[1], check->arena, &claims));
    MLN_TRY(read_claims(check, claims, ret));
    ret->rule.sig = header.sig;
    MLN_TRY(find_issuer(check, &header, ret));
    if (header.chain_count) {
        return verify_by_chain(check, &header, input, parts[2], ret);
    }
    key = find_verifier(ret->issuer, &header);
    return key ? verify_by(check, key, &header, input, parts[2])
               : mln_jwt_refuse(check, "no key of the issuer fits");
}

/* ---- encryption ---- */

/* The key of the issuer that opens it, as find_verifier. */
static const struct mln_jose_key *find_opener(const struct mln_jwt_issuer *issuer,
                                              const struct mln_jose_header *header)
{
    const struct mln_jose_key *found = NULL;

    for (size_t i = 0; i < issuer->key_count; i++) {
        const struct mln_jose_key *key = issuer->keys[i];

        if (header->id.len && !mln_slice_eq(mln_jose_key_id(key), header->id)) {
            continue;
        }
        if (mln_jose_key_may_open(key, header->wrap, header->enc) &&
            (!header->ephemeral || mln_jose_key_on_curve_of(key, header->ephemeral))) {
            if (found) {
                return NULL;
            }
            found = key;
        }
    }
    return found;
}

/* Does the issuer use this encryption, alone or around a signature? */
static bool may_be_of(const struct mln_jwt_issuer *issuer, const struct mln_jose_header *header)
{
    for (size_t i = 0; i < issuer->rule_count; i++) {
        const struct mln_jwt_rule *r = &issuer->rules[i];

        if (r->wrap == header->wrap && r->enc == header->enc &&
            (r->sig != MLN_JOSE_NO_SIG) == (header->content_type.len > 0)) {
            return !header->issuer.len || mln_slice_eq(header->issuer, issuer->id);
        }
    }
    return false;
}

/* Sizes that the algorithms fix, before anything is allocated for them. */
static mln_err check_sizes(const struct mln_jwt_check *check, const struct mln_jose_header *header,
                           const struct mln_slice parts[static MLN_JOSE_JWE_PARTS])
{
    size_t wrapped = (mln_jose_enc_row(header->enc)->key_bytes + 8) * 8;
    bool fits = parts[2].len == IV_TEXT && parts[4].len == TAG_TEXT;

    if (header->wrap == MLN_JOSE_DIR) {
        fits = fits && parts[1].len == 0;
    } else if (header->wrap != MLN_JOSE_RSA_OAEP_256) {
        fits = fits && parts[1].len == (wrapped + 5) / 6;
    }
    for (size_t i = 1; i < MLN_JOSE_JWE_PARTS; i++) {
        struct mln_slice bytes;

        MLN_TRY(mln_base64url_read(parts[i], check->arena, &bytes));
        fits = fits && (i != 1 || header->wrap != MLN_JOSE_RSA_OAEP_256 || bytes.len >= 256);
    }
    return fits ? MLN_OK : mln_jwt_refuse(check, "no key of ours opens it");
}

struct opening {
    const struct mln_jose_key *tried[OPENINGS_MOST];
    size_t count;
};

static bool was_tried(const struct opening *o, const struct mln_jose_key *key)
{
    for (size_t i = 0; i < o->count; i++) {
        if (mln_jose_key_eq(o->tried[i], key)) {
            return true;
        }
    }
    return false;
}

/* Tries the key of each issuer that may have made it; *ret_key is the one that fits. */
static mln_err open_content(const struct mln_jwt_check *check, const struct mln_jose_header *header,
                            const struct mln_slice parts[static MLN_JOSE_JWE_PARTS],
                            const struct mln_jose_key **ret_key, struct mln_slice *ret)
{
    struct mln_jose_wrapping how = { .wrap = header->wrap,
                                     .enc = header->enc,
                                     .ephemeral = header->ephemeral,
                                     .party_u = header->party_u,
                                     .party_v = header->party_v };
    struct opening o = { 0 };
    size_t count;
    const struct mln_jwt_issuer *issuer = mln_jwt_issuers_all(check->issuers, &count);

    for (; count > 0 && o.count < OPENINGS_MOST; count--, issuer++) {
        const struct mln_jose_key *key =
            may_be_of(issuer, header) ? find_opener(issuer, header) : NULL;
        mln_err err;

        if (!key || was_tried(&o, key)) {
            continue;
        }
        o.tried[o.count++] = key;
        err = mln_jose_open(key, &how, parts, check->arena, ret);
        if (err.code != MLN_ERR_TOKEN_REFUSED) {
            *ret_key = key;
            return err;
        }
    }
    return mln_jwt_refuse(check, "no key of ours opens it");
}

/* A token inside must be a signed one: deeper nesting is refused. */
static mln_err verify_inner(const struct mln_jwt_check *check, struct mln_slice inner,
                            struct mln_jwt *ret)
{
    struct mln_slice parts[MLN_JOSE_JWE_PARTS];
    size_t count;

    if (mln_failed(mln_jwt_split(inner, parts, &count)) || count != MLN_JOSE_JWS_PARTS) {
        return mln_jwt_refuse(check, "what is inside is not a signed token");
    }
    return verify_signed(check, inner, parts, ret);
}

static mln_err verify_encrypted(const struct mln_jwt_check *check,
                                const struct mln_slice parts[static MLN_JOSE_JWE_PARTS],
                                struct mln_jwt *ret)
{
    const struct mln_jose_key *key = NULL;
    const struct mln_jose_key *own;
    struct mln_jose_header header MLN_CLEANUP(mln_jose_header_done) = { 0 };
    struct mln_slice inner = { 0 };

    MLN_TRY(mln_jwt_header_read(check, parts[0], true, &header));
    MLN_TRY(check_sizes(check, &header, parts));
    MLN_TRY(open_content(check, &header, parts, &key, &inner));
    ret->rule.wrap = header.wrap;
    ret->rule.enc = header.enc;
    if (header.content_type.len) {
        MLN_TRY(verify_inner(check, inner, ret));
    } else {
        MLN_TRY(read_claims(check, inner, ret));
        MLN_TRY(find_issuer(check, &header, ret));
    }
    /* one issuer's key opens no token in the name of another */
    own = find_opener(ret->issuer, &header);
    if (!own || !mln_jose_key_eq(own, key) ||
        (header.issuer.len && !mln_slice_eq(header.issuer, ret->issuer->id))) {
        return mln_jwt_refuse(check, "the key is of another issuer");
    }
    return MLN_OK;
}

mln_err mln_jwt_verify(const struct mln_jwt_check *check, struct mln_slice token,
                       struct mln_jwt *ret)
{
    struct mln_slice parts[MLN_JOSE_JWE_PARTS];
    struct mln_jwt found = { .expires_us = INT64_MAX };
    size_t count;
    mln_err err;

    if (token.len > check->limits->token_bytes) {
        mln_fault_set(check->fault, "token: longer than token_bytes");
        MLN_FAIL(LIMIT);
    }
    err = mln_jwt_split(token, parts, &count);
    if (!mln_failed(err)) {
        err = count == MLN_JOSE_JWS_PARTS ? verify_signed(check, token, parts, &found)
                                          : verify_encrypted(check, parts, &found);
    }
    if (err.code == MLN_ERR_SYNTAX) {
        mln_fault_set(check->fault, "token: not of the form m2m:dynAuthJWT");
    }
    MLN_TRY(err);
    *ret = found;
    return MLN_OK;
}
