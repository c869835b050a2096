/* Protected data in JOSE, made piece by piece. A piece of the payload goes through three steps, of
 * which the first two may be missing: it is signed (base64url, then the digests), encrypted
 * (AES-GCM, then base64url), and written (base64 where the form wants it). A nested envelope has
 * all of them. spec: RFC 7515 7, RFC 7516 7, security.md 26.2, 26.3 */
#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/jose.h"
#include "e2e/esdata.h"
#include "e2e/esdata_int.h"

enum {
    ARENA_BYTES = 4 << 20,
    PIECE = 12288, /* bytes through all steps at once: they stay in the nearest cache */
    TEXT = (PIECE + 4) / 3 * 4,
};

struct mln_esdata_stream {
    struct mln_esdata_plan plan;
    const struct mln_esdata_draft *draft; /* of the plan */
    mln_esdata_sink *sink;
    void *data;
    struct mln_buf *whole;   /* what the sink appends to; or NULL */
    struct mln_arena *arena; /* headers, wrapped keys, signatures */
    struct mln_jose_signing *signings[MLN_ESDATA_PARTIES];
    struct mln_slice sig_headers[MLN_ESDATA_PARTIES];
    struct mln_jose_sealing *sealing;
    bool is_inner_json;               /* what is signed is JSON, not compact */
    struct mln_base64_stream payload; /* of JWS */
    struct mln_base64_stream cipher;  /* of JWE */
    struct mln_base64_stream around;  /* of form 3 */
    unsigned char sealed[PIECE];
    char payload_text[TEXT];
    char cipher_text[TEXT];
    char around_text[TEXT];
};

void mln_esdata_stream_freep(struct mln_esdata_stream **stream)
{
    struct mln_esdata_stream *s = *stream;

    if (!s) {
        return;
    }
    for (size_t i = 0; i < MLN_ESDATA_PARTIES; i++) {
        mln_jose_signing_freep(&s->signings[i]);
    }
    mln_jose_sealing_freep(&s->sealing);
    mln_arena_free(s->arena);
    mln_wipe(s, sizeof *s);
    mln_free(s);
}

/* ---- the steps ---- */

static mln_err put(struct mln_esdata_stream *s, struct mln_slice text)
{
    if (s->draft->form != MLN_ESDATA_JSON_BASE64) {
        return text.len ? s->sink(s->data, text) : MLN_OK;
    }
    while (text.len) {
        struct mln_slice piece = mln_slice_head(text, PIECE);
        size_t len = mln_base64_stream_add(&s->around, piece, s->around_text);

        MLN_TRY(s->sink(s->data, mln_slice_of(s->around_text, len)));
        text = mln_slice_from(text, piece.len);
    }
    return MLN_OK;
}

static mln_err put_z(struct mln_esdata_stream *s, const char *text)
{
    return put(s, mln_slice_z(text));
}

/* Straight to where the envelope will stand, when that is known: a copy costs as much as the text.
 */
static mln_err put_sealed(struct mln_esdata_stream *s, struct mln_slice sealed)
{
    struct mln_buf *out = s->draft->form == MLN_ESDATA_JSON_BASE64 ? NULL : s->whole;
    size_t before = out ? out->len : 0;
    char *room = out ? mln_buf_reserve(out, mln_base64_encoded_room(sealed.len)) : s->cipher_text;
    size_t len;

    MLN_REQUIRE(room || out->failed != MLN_ERR_LIMIT, LIMIT);
    MLN_REQUIRE(room, NO_MEMORY);
    len = mln_base64_stream_add(&s->cipher, sealed, room);
    if (out) {
        mln_buf_rewind(out, before + len);
        return MLN_OK;
    }
    return put(s, mln_slice_of(s->cipher_text, len));
}

static mln_err seal(struct mln_esdata_stream *s, struct mln_slice text)
{
    while (text.len) {
        struct mln_slice piece = mln_slice_head(text, PIECE);

        MLN_TRY(mln_jose_sealing_add(s->sealing, piece, s->sealed));
        MLN_TRY(put_sealed(s, mln_slice_of((const char *)s->sealed, piece.len)));
        text = mln_slice_from(text, piece.len);
    }
    return MLN_OK;
}

/* What comes out of signing. */
static mln_err pass(struct mln_esdata_stream *s, struct mln_slice text)
{
    return s->sealing ? seal(s, text) : put(s, text);
}

static mln_err pass_z(struct mln_esdata_stream *s, const char *text)
{
    return pass(s, mln_slice_z(text));
}

static mln_err sign_text(struct mln_esdata_stream *s, struct mln_slice text)
{
    for (size_t i = 0; i < s->draft->signer_count; i++) {
        MLN_TRY(mln_jose_signing_add(s->signings[i], text));
    }
    return pass(s, text);
}

static mln_err sign(struct mln_esdata_stream *s, struct mln_slice payload)
{
    while (payload.len) {
        struct mln_slice piece = mln_slice_head(payload, PIECE);
        size_t len = mln_base64_stream_add(&s->payload, piece, s->payload_text);

        MLN_TRY(sign_text(s, mln_slice_of(s->payload_text, len)));
        payload = mln_slice_from(payload, piece.len);
    }
    return MLN_OK;
}

/* ---- headers ---- */

static mln_err encode(struct mln_esdata_stream *s, struct mln_slice bytes, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, s->arena, ARENA_BYTES);
    mln_base64url_add(&out, bytes);
    return mln_buf_finish(&out, ret);
}

static mln_err write_json(struct mln_esdata_stream *s, const struct mln_value *v,
                          struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, s->arena, ARENA_BYTES);
    mln_json_write_value(&out, v, false);
    return mln_buf_finish(&out, ret);
}

static mln_err set_text(struct mln_esdata_stream *s, struct mln_value *header, const char *name,
                        struct mln_slice text)
{
    return text.len ? mln_value_set(header, mln_slice_z(name), mln_value_text(s->arena, text))
                    : MLN_OK;
}

static mln_err set_bytes(struct mln_esdata_stream *s, struct mln_value *header, const char *name,
                         struct mln_slice bytes)
{
    struct mln_slice text;

    MLN_TRY(encode(s, bytes, &text));
    return set_text(s, header, name, text);
}

static mln_err set_thumbprint(struct mln_esdata_stream *s, struct mln_value *header,
                              const struct mln_data_key *key)
{
    return key->chain_count
               ? set_bytes(s, header, "x5t#S256",
                           mln_slice_of((const char *)key->thumbprint, sizeof key->thumbprint))
               : MLN_OK;
}

static mln_err set_chain(struct mln_esdata_stream *s, struct mln_value *header,
                         const struct mln_data_key *key)
{
    struct mln_value *list = mln_value_new(s->arena, MLN_V_ARRAY);

    MLN_REQUIRE(list, NO_MEMORY);
    for (size_t i = 0; i < key->chain_count; i++) {
        struct mln_slice text;
        struct mln_buf out;

        mln_buf_init(&out, s->arena, ARENA_BYTES);
        mln_base64_add(&out, key->chain[i]);
        MLN_TRY(mln_buf_finish(&out, &text));
        MLN_TRY(mln_value_append(list, mln_value_text(s->arena, text)));
    }
    return key->chain_count ? mln_value_set(header, MLN_S("x5c"), list) : MLN_OK;
}

/* ---- signatures ---- */

static mln_err begin_signature(struct mln_esdata_stream *s, size_t i)
{
    const struct mln_esdata_signer *signer = &s->draft->signers[i];
    struct mln_value *header = mln_value_new(s->arena, MLN_V_OBJECT);
    struct mln_slice text;

    MLN_REQUIRE(header, NO_MEMORY);
    MLN_TRY(set_text(s, header, "alg", mln_slice_z(mln_jose_sig_row(signer->sig)->name)));
    MLN_TRY(set_text(s, header, "kid", signer->key->name));
    MLN_TRY(set_chain(s, header, signer->key));
    MLN_TRY(set_thumbprint(s, header, signer->key));
    MLN_TRY(write_json(s, header, &text));
    MLN_TRY(encode(s, text, &s->sig_headers[i]));
    MLN_TRY(mln_jose_signing_new(signer->key->key, signer->sig, false, &s->signings[i]));
    MLN_TRY(mln_jose_signing_add(s->signings[i], s->sig_headers[i]));
    return mln_jose_signing_add(s->signings[i], MLN_S("."));
}

static mln_err begin_signing(struct mln_esdata_stream *s)
{
    for (size_t i = 0; i < s->draft->signer_count; i++) {
        MLN_TRY(begin_signature(s, i));
    }
    if (s->is_inner_json) {
        return pass_z(s, "{\"payload\":\"");
    }
    MLN_TRY(pass(s, s->sig_headers[0]));
    return pass_z(s, ".");
}

static mln_err end_signature(struct mln_esdata_stream *s, size_t i)
{
    struct mln_slice signature;
    struct mln_slice text;

    MLN_TRY(mln_jose_signing_end(s->signings[i], s->arena, &signature));
    MLN_TRY(encode(s, signature, &text));
    if (!s->is_inner_json) {
        MLN_TRY(pass_z(s, "."));
        return pass(s, text);
    }
    MLN_TRY(pass_z(s, i ? ",{\"protected\":\"" : "{\"protected\":\""));
    MLN_TRY(pass(s, s->sig_headers[i]));
    MLN_TRY(pass_z(s, "\",\"signature\":\""));
    MLN_TRY(pass(s, text));
    return pass_z(s, "\"}");
}

static mln_err end_signing(struct mln_esdata_stream *s)
{
    size_t len = mln_base64_stream_end(&s->payload, s->payload_text);

    MLN_TRY(sign_text(s, mln_slice_of(s->payload_text, len)));
    MLN_TRY(s->is_inner_json ? pass_z(s, "\",\"signatures\":[") : MLN_OK);
    for (size_t i = 0; i < s->draft->signer_count; i++) {
        MLN_TRY(end_signature(s, i));
    }
    return s->is_inner_json ? pass_z(s, "]}") : MLN_OK;
}

/* ---- encryption ---- */

/* How the content key goes to one recipient: what the header says of it, and the wrapped key. */
static mln_err wrap(struct mln_esdata_stream *s, const struct mln_esdata_recipient *r,
                    const struct mln_secret *cek, struct mln_value *header, struct mln_slice *ret)
{
    struct mln_jose_wrapping how = { .wrap = r->wrap,
                                     .enc = s->draft->enc,
                                     .party_u = s->draft->party_u,
                                     .party_v = s->draft->party_v };
    struct mln_slice wrapped;
    struct mln_value *epk;

    MLN_TRY(mln_jose_wrap_cek(r->key->key, &how, cek, s->arena, &wrapped, &epk));
    MLN_TRY(set_text(s, header, "alg", mln_slice_z(mln_jose_wrap_row(r->wrap)->name)));
    MLN_TRY(set_text(s, header, "kid", r->key->name));
    MLN_TRY(set_thumbprint(s, header, r->key));
    if (epk) {
        MLN_TRY(mln_value_set(header, MLN_S("epk"), epk));
        MLN_TRY(set_bytes(s, header, "apu", how.party_u));
        MLN_TRY(set_bytes(s, header, "apv", how.party_v));
    }
    return encode(s, wrapped, ret);
}

/* The texts that stand before the IV. */
struct head {
    struct mln_slice protected_text;
    struct mln_slice recipients; /* JSON; compact: the wrapped key */
};

/* Several recipients: each has a header of its own. One: all of it is protected. */
static mln_err write_recipients(struct mln_esdata_stream *s, const struct mln_secret *cek,
                                struct mln_value *shared, struct mln_slice *ret)
{
    struct mln_value *list = mln_value_new(s->arena, MLN_V_ARRAY);
    bool is_one = s->draft->recipient_count == 1;

    MLN_REQUIRE(list, NO_MEMORY);
    for (size_t i = 0; i < s->draft->recipient_count; i++) {
        struct mln_value *item = mln_value_new(s->arena, MLN_V_OBJECT);
        struct mln_value *own = is_one ? shared : mln_value_new(s->arena, MLN_V_OBJECT);
        struct mln_slice wrapped = { 0 };

        MLN_REQUIRE(item && own, NO_MEMORY);
        MLN_TRY(wrap(s, &s->draft->recipients[i], cek, own, &wrapped));
        if (s->draft->form == MLN_ESDATA_COMPACT) {
            *ret = wrapped;
            return MLN_OK;
        }
        MLN_TRY(is_one ? MLN_OK : mln_value_set(item, MLN_S("header"), own));
        MLN_TRY(set_text(s, item, "encrypted_key", wrapped));
        MLN_TRY(mln_value_append(list, item));
    }
    return write_json(s, list, ret);
}

static mln_err make_head(struct mln_esdata_stream *s, const struct mln_secret *cek,
                         struct head *ret)
{
    struct mln_value *shared = mln_value_new(s->arena, MLN_V_OBJECT);
    struct mln_slice text;

    MLN_REQUIRE(shared, NO_MEMORY);
    MLN_TRY(set_text(s, shared, "enc", mln_slice_z(mln_jose_enc_row(s->draft->enc)->name)));
    MLN_TRY(s->draft->signer_count ? set_text(s, shared, "cty", MLN_S("JOSE")) : MLN_OK);
    MLN_TRY(write_recipients(s, cek, shared, &ret->recipients));
    MLN_TRY(write_json(s, shared, &text));
    return encode(s, text, &ret->protected_text);
}

static mln_err put_head_json(struct mln_esdata_stream *s, const struct head *head,
                             struct mln_slice iv, struct mln_slice aad)
{
    MLN_TRY(put_z(s, "{\"protected\":\""));
    MLN_TRY(put(s, head->protected_text));
    MLN_TRY(put_z(s, "\",\"recipients\":"));
    MLN_TRY(put(s, head->recipients));
    if (aad.len) {
        MLN_TRY(put_z(s, ",\"aad\":\""));
        MLN_TRY(put(s, aad));
        MLN_TRY(put_z(s, "\""));
    }
    MLN_TRY(put_z(s, ",\"iv\":\""));
    MLN_TRY(put(s, iv));
    return put_z(s, "\",\"ciphertext\":\"");
}

static mln_err put_head(struct mln_esdata_stream *s, const struct head *head, struct mln_slice aad)
{
    struct mln_slice iv;

    MLN_TRY(encode(s, mln_jose_sealing_iv(s->sealing), &iv));
    if (s->draft->form != MLN_ESDATA_COMPACT) {
        return put_head_json(s, head, iv, aad);
    }
    MLN_TRY(put(s, head->protected_text));
    MLN_TRY(put_z(s, "."));
    MLN_TRY(put(s, head->recipients));
    MLN_TRY(put_z(s, "."));
    MLN_TRY(put(s, iv));
    return put_z(s, ".");
}

static mln_err begin_sealing(struct mln_esdata_stream *s)
{
    const struct mln_esdata_recipient *first = &s->draft->recipients[0];
    struct mln_jose_wrapping how = { .wrap = first->wrap, .enc = s->draft->enc };
    struct mln_secret *cek MLN_CLEANUP(mln_secret_freep) = NULL;
    struct head head = { 0 };
    struct mln_slice aad = { 0 };

    MLN_TRY(mln_jose_make_cek(first->key->key, &how, &cek));
    MLN_TRY(make_head(s, cek, &head));
    MLN_TRY(mln_jose_sealing_new(s->draft->enc, cek, &s->sealing));
    MLN_TRY(mln_jose_sealing_associate(s->sealing, head.protected_text));
    if (s->draft->associated.len) {
        MLN_TRY(encode(s, s->draft->associated, &aad));
        MLN_TRY(mln_jose_sealing_associate(s->sealing, MLN_S(".")));
        MLN_TRY(mln_jose_sealing_associate(s->sealing, aad));
    }
    return put_head(s, &head, aad);
}

static mln_err end_sealing(struct mln_esdata_stream *s)
{
    bool is_compact = s->draft->form == MLN_ESDATA_COMPACT;
    size_t len = mln_base64_stream_end(&s->cipher, s->cipher_text);
    unsigned char tag[MLN_JOSE_TAG_BYTES];
    struct mln_slice text;

    MLN_TRY(put(s, mln_slice_of(s->cipher_text, len)));
    MLN_TRY(mln_jose_sealing_end(s->sealing, tag));
    MLN_TRY(encode(s, mln_slice_of((const char *)tag, sizeof tag), &text));
    MLN_TRY(put_z(s, is_compact ? "." : "\",\"tag\":\""));
    MLN_TRY(put(s, text));
    return is_compact ? MLN_OK : put_z(s, "\"}");
}

/* ---- all of it ---- */

static mln_err begin(struct mln_esdata_stream *s)
{
    bool is_compact = s->draft->form == MLN_ESDATA_COMPACT;

    /* inside of encryption one signature is compact */
    s->is_inner_json = !is_compact && (!s->draft->recipient_count || s->draft->signer_count > 1);
    s->payload.is_url = true;
    s->cipher.is_url = true;
    MLN_TRY(s->draft->recipient_count ? begin_sealing(s) : MLN_OK);
    return s->draft->signer_count ? begin_signing(s) : MLN_OK;
}

mln_err mln_esdata_stream_new(const struct mln_esdata_draft *draft, mln_esdata_sink *sink,
                              void *data, struct mln_fault *fault, struct mln_esdata_stream **ret)
{
    struct mln_esdata_stream *s MLN_CLEANUP(mln_esdata_stream_freep) = mln_calloc(1, sizeof *s);

    MLN_REQUIRE(s, NO_MEMORY);
    if (draft->form == MLN_ESDATA_XML || draft->form == MLN_ESDATA_XML_BASE64) {
        mln_fault_set(fault, "protected data: XML is not made in pieces");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    MLN_TRY(mln_esdata_plan(draft, fault, &s->plan));
    s->draft = &s->plan.draft;
    s->sink = sink;
    s->data = data;
    s->arena = mln_arena_new(ARENA_BYTES);
    MLN_REQUIRE(s->arena, NO_MEMORY);
    MLN_TRY(begin(s));
    *ret = s;
    s = NULL;
    return MLN_OK;
}

static mln_err append(void *data, struct mln_slice piece)
{
    struct mln_buf *out = data;

    mln_buf_add(out, piece);
    MLN_REQUIRE(out->failed != MLN_ERR_LIMIT, LIMIT);
    MLN_REQUIRE(!out->failed, NO_MEMORY);
    return MLN_OK;
}

mln_err mln_esdata_stream_whole(const struct mln_esdata_draft *draft, struct mln_slice payload,
                                struct mln_fault *fault, struct mln_buf *out)
{
    struct mln_esdata_stream *s MLN_CLEANUP(mln_esdata_stream_freep) = NULL;

    MLN_TRY(mln_esdata_stream_new(draft, append, out, fault, &s));
    s->whole = out;
    MLN_TRY(mln_esdata_stream_add(s, payload));
    return mln_esdata_stream_end(s);
}

mln_err mln_esdata_stream_add(struct mln_esdata_stream *s, struct mln_slice piece)
{
    return s->draft->signer_count ? sign(s, piece) : seal(s, piece);
}

mln_err mln_esdata_stream_end(struct mln_esdata_stream *s)
{
    size_t len;

    MLN_TRY(s->draft->signer_count ? end_signing(s) : MLN_OK);
    MLN_TRY(s->sealing ? end_sealing(s) : MLN_OK);
    len = mln_base64_stream_end(&s->around, s->around_text);
    return len ? s->sink(s->data, mln_slice_of(s->around_text, len)) : MLN_OK;
}
