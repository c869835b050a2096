/* Compact form, all at once: how tokens are made and opened. spec: RFC 7515 7.1, RFC 7516 7.1 */
#include "crypto/base64.h"
#include "crypto/jose.h"
#include "crypto/jose_int.h"

enum { TEXT_MOST = 1 << 20 };

static mln_err join(const struct mln_slice *parts, size_t count, struct mln_arena *arena,
                    struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, TEXT_MOST);
    for (size_t i = 0; i < count; i++) {
        if (i) {
            mln_buf_byte(&out, '.');
        }
        mln_buf_add(&out, parts[i]);
    }
    return mln_buf_finish(&out, ret);
}

static mln_err encode(struct mln_slice bytes, struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, TEXT_MOST);
    mln_base64url_add(&out, bytes);
    return mln_buf_finish(&out, ret);
}

mln_err mln_jose_sign(const struct mln_jose_key *key, enum mln_jose_sig sig,
                      struct mln_slice header, struct mln_slice payload, struct mln_arena *arena,
                      struct mln_slice *ret)
{
    struct mln_jose_signing *signing MLN_CLEANUP(mln_jose_signing_freep) = NULL;
    struct mln_slice parts[MLN_JOSE_JWS_PARTS];
    struct mln_slice input;
    struct mln_slice signature;

    MLN_TRY(encode(header, arena, &parts[0]));
    MLN_TRY(encode(payload, arena, &parts[1]));
    MLN_TRY(join(parts, 2, arena, &input));
    MLN_TRY(mln_jose_signing_new(key, sig, false, &signing));
    MLN_TRY(mln_jose_signing_add(signing, input));
    MLN_TRY(mln_jose_signing_end(signing, arena, &signature));
    MLN_TRY(encode(signature, arena, &parts[2]));
    return join(parts, MLN_JOSE_JWS_PARTS, arena, ret);
}

/* The header as text in base64url, with the fresh key in it. */
static mln_err write_header(struct mln_value *header, struct mln_value *epk,
                            struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_slice text;
    struct mln_buf out;

    if (epk) {
        MLN_TRY(mln_value_set(header, MLN_S("epk"), epk));
    }
    mln_buf_init(&out, arena, TEXT_MOST);
    mln_json_write_value(&out, header, false);
    MLN_TRY(mln_buf_finish(&out, &text));
    return encode(text, arena, ret);
}

/* From the IV to the tag. */
static mln_err seal_content(const struct mln_secret *cek, enum mln_jose_enc enc,
                            struct mln_slice text, struct mln_arena *arena,
                            struct mln_slice parts[static MLN_JOSE_JWE_PARTS])
{
    struct mln_jose_sealing *sealing MLN_CLEANUP(mln_jose_sealing_freep) = NULL;
    unsigned char *out = mln_arena_alloc(arena, text.len + MLN_JOSE_TAG_BYTES);
    unsigned char tag[MLN_JOSE_TAG_BYTES];

    MLN_REQUIRE(out, NO_MEMORY);
    MLN_TRY(mln_jose_sealing_new(enc, cek, &sealing));
    MLN_TRY(mln_jose_sealing_associate(sealing, parts[0]));
    MLN_TRY(mln_jose_sealing_add(sealing, text, out));
    MLN_TRY(mln_jose_sealing_end(sealing, tag));
    MLN_TRY(encode(mln_jose_sealing_iv(sealing), arena, &parts[2]));
    MLN_TRY(encode(mln_slice_of((const char *)out, text.len), arena, &parts[3]));
    return encode(mln_slice_of((const char *)tag, sizeof tag), arena, &parts[4]);
}

mln_err mln_jose_seal(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                      struct mln_value *header, struct mln_slice text, struct mln_arena *arena,
                      struct mln_slice *ret)
{
    struct mln_secret *cek MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_slice parts[MLN_JOSE_JWE_PARTS];
    struct mln_slice wrapped;
    struct mln_value *epk;

    MLN_TRY(mln_jose_make_cek(key, how, &cek));
    MLN_TRY(mln_jose_wrap_cek(key, how, cek, arena, &wrapped, &epk));
    MLN_TRY(write_header(header, epk, arena, &parts[0]));
    MLN_TRY(encode(wrapped, arena, &parts[1]));
    MLN_TRY(seal_content(cek, how->enc, text, arena, parts));
    return join(parts, MLN_JOSE_JWE_PARTS, arena, ret);
}

mln_err mln_jose_open(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                      const struct mln_slice parts[static MLN_JOSE_JWE_PARTS],
                      struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_secret *cek MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_jose_content content = { .enc = how->enc, .associated = { parts[0] } };
    struct mln_slice bytes[MLN_JOSE_JWE_PARTS];
    unsigned char *out;

    for (size_t i = 1; i < MLN_JOSE_JWE_PARTS; i++) {
        MLN_TRY(mln_base64url_read(parts[i], arena, &bytes[i]));
    }
    content.iv = bytes[2];
    content.text = bytes[3];
    content.tag = bytes[4];
    out = mln_arena_alloc(arena, content.text.len + 1);
    MLN_REQUIRE(out, NO_MEMORY);
    MLN_TRY(mln_jose_unwrap_cek(key, how, bytes[1], &cek));
    MLN_TRY(mln_jose_content_open(&content, cek, out));
    *ret = mln_slice_of((const char *)out, content.text.len);
    return MLN_OK;
}
