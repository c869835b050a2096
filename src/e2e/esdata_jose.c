/* Protected data in JOSE, opened. Names in an envelope choose among the keys of the caller, whose
 * kind and use decide what is done. Plaintext leaves when its tag was checked.
 * spec: RFC 7515 5.2, 7; RFC 7516 5.2, 7; TS-0003 8.5.2; security.md 26.5 */
#include "crypto/base64.h"
#include "crypto/jose_header.h"
#include "e2e/esdata.h"
#include "e2e/esdata_int.h"

enum { DEPTH = 8, ITEMS = 2000 };

/* One envelope as it stands in the text, whatever its form. */
struct envelope {
    struct mln_slice text;                     /* JSON: what unprotected headers were read from */
    struct mln_slice protected_text;           /* JWE */
    const struct mln_value *shared;            /* JWE: unprotected header of all; or NULL */
    struct mln_slice aad, iv, ciphertext, tag; /* JWE, base64url */
    struct mln_slice payload;                  /* JWS, base64url */
    struct part {
        struct mln_slice protected_text; /* JWS */
        const struct mln_value *own;     /* unprotected header; or NULL */
        struct mln_slice bytes;          /* JWS: signature, JWE: wrapped key; base64url */
    } parts[MLN_ESDATA_PARTIES];
    size_t count;
};

struct opening {
    const struct mln_esdata_opener *opener;
    struct mln_jose_reading reading;
    struct mln_esdata *ret;
};

/* ---- JSON form ---- */

/* A member that is a text; *ret is empty when there is none. */
static mln_err text_member(const struct mln_value *object, const char *name, struct mln_slice *ret)
{
    const struct mln_value *v = mln_value_get(object, mln_slice_z(name));

    *ret = (struct mln_slice){ 0 };
    MLN_REQUIRE(!v || v->kind == MLN_V_TEXT, SYNTAX);
    if (v) {
        *ret = v->text;
    }
    return MLN_OK;
}

static mln_err object_member(const struct mln_value *object, const char *name,
                             const struct mln_value **ret)
{
    *ret = mln_value_get(object, mln_slice_z(name));
    MLN_REQUIRE(!*ret || (*ret)->kind == MLN_V_OBJECT, SYNTAX);
    return MLN_OK;
}

/* What the two kinds of envelope call their parts. */
struct names {
    const char *list;
    const char *bytes;
    bool has_protected; /* each part has a protected header of its own */
};

static const struct names of_jws = { "signatures", "signature", true };
static const struct names of_jwe = { "recipients", "encrypted_key", false };

static mln_err read_part(const struct mln_value *object, const struct names *names,
                         struct envelope *e)
{
    struct part *part = &e->parts[e->count];

    MLN_REQUIRE(object->kind == MLN_V_OBJECT, SYNTAX);
    MLN_REQUIRE(e->count < MLN_ESDATA_PARTIES, LIMIT);
    MLN_TRY(object_member(object, "header", &part->own));
    MLN_TRY(text_member(object, names->bytes, &part->bytes));
    if (names->has_protected) {
        MLN_TRY(text_member(object, "protected", &part->protected_text));
    }
    e->count++;
    return MLN_OK;
}

/* The general form has a list, the flattened form its one part beside the rest; never both. */
static mln_err read_parts(const struct mln_value *object, const struct names *names,
                          struct envelope *e)
{
    const struct mln_value *list = mln_value_get(object, mln_slice_z(names->list));

    if (!list) {
        return read_part(object, names, e);
    }
    MLN_REQUIRE(list->kind == MLN_V_ARRAY && list->items.count, SYNTAX);
    MLN_REQUIRE(!mln_value_get(object, MLN_S("header")) &&
                    !mln_value_get(object, mln_slice_z(names->bytes)),
                SYNTAX);
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        MLN_TRY(read_part(v, names, e));
    }
    return MLN_OK;
}

static mln_err read_jwe(const struct mln_value *object, struct envelope *e)
{
    MLN_TRY(text_member(object, "protected", &e->protected_text));
    MLN_TRY(object_member(object, "unprotected", &e->shared));
    MLN_TRY(text_member(object, "aad", &e->aad));
    MLN_TRY(text_member(object, "iv", &e->iv));
    MLN_TRY(text_member(object, "ciphertext", &e->ciphertext));
    MLN_TRY(text_member(object, "tag", &e->tag));
    return read_parts(object, &of_jwe, e);
}

static mln_err read_jws(const struct mln_value *object, struct envelope *e)
{
    MLN_TRY(text_member(object, "payload", &e->payload));
    return read_parts(object, &of_jws, e);
}

static mln_err read_json(const struct opening *o, struct mln_slice text, struct envelope *e,
                         bool *ret_is_jwe)
{
    struct mln_limits limits;
    struct mln_value *object;
    bool is_jws;

    mln_limits_default(&limits);
    limits.value_depth = DEPTH;
    limits.value_items = ITEMS;
    MLN_TRY(mln_json_read(text, &limits, o->opener->arena, &object, NULL));
    is_jws = mln_value_get(object, MLN_S("payload")) != NULL;
    *ret_is_jwe = mln_value_get(object, MLN_S("ciphertext")) != NULL;
    MLN_REQUIRE(object->kind == MLN_V_OBJECT && is_jws != *ret_is_jwe, SYNTAX);
    e->text = text;
    return *ret_is_jwe ? read_jwe(object, e) : read_jws(object, e);
}

/* ---- compact form ---- */

static mln_err read_compact(struct mln_slice text, struct envelope *e, bool *ret_is_jwe)
{
    struct mln_slice parts[MLN_JOSE_JWE_PARTS] = { { 0 } };
    struct mln_slice rest = text;
    size_t count = 0;

    while (rest.ptr && count < MLN_JOSE_JWE_PARTS) {
        parts[count++] = mln_slice_cut(&rest, '.');
    }
    MLN_REQUIRE(!rest.ptr && (count == MLN_JOSE_JWS_PARTS || count == MLN_JOSE_JWE_PARTS), SYNTAX);
    MLN_REQUIRE(parts[0].len, SYNTAX);
    *ret_is_jwe = count == MLN_JOSE_JWE_PARTS;
    e->count = 1;
    if (*ret_is_jwe) {
        e->protected_text = parts[0];
        e->parts[0].bytes = parts[1];
        e->iv = parts[2];
        e->ciphertext = parts[3];
        e->tag = parts[4];
    } else {
        e->parts[0].protected_text = parts[0];
        e->payload = parts[1];
        e->parts[0].bytes = parts[2];
    }
    return MLN_OK;
}

static mln_err read_envelope(const struct opening *o, struct mln_slice text, struct envelope *e,
                             bool *ret_is_jwe)
{
    return text.len && text.ptr[0] == '{' ? read_json(o, text, e, ret_is_jwe)
                                          : read_compact(text, e, ret_is_jwe);
}

/* ---- headers ---- */

static mln_err read_header(const struct opening *o, const struct envelope *e,
                           const struct part *part, bool is_jwe, struct mln_jose_header *ret)
{
    struct mln_jose_header_place places[MLN_JOSE_HEADER_PLACES] = { { 0 },
                                                                    { e->shared, e->text },
                                                                    { part->own, e->text } };
    struct mln_slice encoded = is_jwe ? e->protected_text : part->protected_text;

    if (encoded.len) {
        MLN_TRY(mln_jose_header_decode(&o->reading, encoded, &places[0]));
    }
    MLN_TRY(mln_jose_header_read(&o->reading, places, MLN_JOSE_HEADER_PLACES, is_jwe, ret));
    /* what the payload is counts only where nobody can change it */
    return ret->content_type.len && !mln_value_get(places[0].object, MLN_S("cty"))
               ? mln_esdata_refuse(o->opener, "cty is not protected")
               : MLN_OK;
}

static struct mln_esdata_hint hint_of(const struct mln_jose_header *header)
{
    struct mln_esdata_hint hint = { .name = header->id,
                                    .thumbprint = header->thumbprint,
                                    .chain_count = header->chain_count };

    memcpy(hint.chain, header->chain, sizeof header->chain);
    return hint;
}

/* ---- signatures ---- */

static mln_err verify_by(const struct mln_jose_key *key, enum mln_jose_sig sig,
                         const struct envelope *e, const struct part *part,
                         struct mln_slice signature)
{
    struct mln_jose_signing *s MLN_CLEANUP(mln_jose_signing_freep) = NULL;

    MLN_TRY(mln_jose_signing_new(key, sig, true, &s));
    MLN_TRY(mln_jose_signing_add(s, part->protected_text));
    MLN_TRY(mln_jose_signing_add(s, MLN_S(".")));
    MLN_TRY(mln_jose_signing_add(s, e->payload));
    return mln_jose_signing_verify(s, signature);
}

/* By a key that the caller has. *ret_is_ours: the signature names such a key. */
static mln_err try_keys(const struct opening *o, const struct envelope *e, const struct part *part,
                        const struct mln_jose_header *header, struct mln_slice signature,
                        bool *ret_is_ours)
{
    struct mln_esdata_hint hint = hint_of(header);
    const struct mln_data_key *key;
    size_t at = 0;

    while ((key = mln_esdata_next_verifier(o->opener, &hint, header->sig, &at)) != NULL) {
        mln_err err = verify_by(key->key, header->sig, e, part, signature);

        if (!mln_failed(err)) {
            return mln_esdata_signed_by(o->opener, key, header->sig, o->ret);
        }
        if (err.code != MLN_ERR_TOKEN_REFUSED) {
            return err;
        }
        *ret_is_ours = *ret_is_ours || mln_esdata_is_named(key, &hint);
    }
    MLN_FAIL(TOKEN_REFUSED);
}

/* By the certificate that came along. */
static mln_err try_chain(const struct opening *o, const struct envelope *e, const struct part *part,
                         const struct mln_jose_header *header, struct mln_slice signature,
                         bool *ret_is_ours)
{
    struct mln_esdata_hint hint = hint_of(header);
    struct mln_data_key *key MLN_CLEANUP(mln_data_key_freep) = NULL;
    mln_err err = mln_esdata_stranger(o->opener, &hint, header->sig, &key);

    MLN_REQUIRE(err.code != MLN_ERR_CERTIFICATE, TOKEN_REFUSED);
    MLN_TRY(err);
    *ret_is_ours = true;
    MLN_TRY(verify_by(key->key, header->sig, e, part, signature));
    return mln_esdata_signed_by(o->opener, key, header->sig, o->ret);
}

static mln_err verify_part(const struct opening *o, const struct envelope *e,
                           const struct part *part, bool is_nested)
{
    struct mln_jose_header header MLN_CLEANUP(mln_jose_header_done) = { 0 };
    struct mln_slice signature;
    bool is_ours = false;
    mln_err err;

    MLN_TRY(read_header(o, e, part, false, &header));
    MLN_TRY(mln_base64url_read(part->bytes, o->opener->arena, &signature));
    /* spec: TS-0003 8.5.3.4: nested means signed by RSA or ECDSA */
    if (is_nested && mln_jose_sig_row(header.sig)->kty == MLN_JOSE_OCT) {
        return mln_esdata_refuse(o->opener, "a MIC within encryption");
    }
    err = try_keys(o, e, part, &header, signature, &is_ours);
    if (err.code == MLN_ERR_TOKEN_REFUSED && header.chain_count && !is_ours) {
        err = try_chain(o, e, part, &header, signature, &is_ours);
    }
    if (err.code != MLN_ERR_TOKEN_REFUSED) {
        return err;
    }
    return is_ours ? mln_esdata_refuse(o->opener, "a signature does not fit") : MLN_OK;
}

static mln_err verify(const struct opening *o, const struct envelope *e, bool is_nested)
{
    for (size_t i = 0; i < e->count; i++) {
        MLN_TRY(verify_part(o, e, &e->parts[i], is_nested));
    }
    if (!o->ret->signer_count) {
        return mln_esdata_refuse(o->opener, "no signature of a known key fits");
    }
    return mln_base64url_read(e->payload, o->opener->arena, &o->ret->payload);
}

/* ---- encryption ---- */

struct decryption {
    const struct opening *o;
    const struct envelope *e;
    struct mln_jose_content content;
    unsigned char *out;
    unsigned tried;
    bool is_open;
    bool is_nested;
};

static mln_err decode_content(struct decryption *d)
{
    struct mln_arena *arena = d->o->opener->arena;
    const struct envelope *e = d->e;

    MLN_TRY(mln_base64url_read(e->iv, arena, &d->content.iv));
    MLN_TRY(mln_base64url_read(e->ciphertext, arena, &d->content.text));
    MLN_TRY(mln_base64url_read(e->tag, arena, &d->content.tag));
    MLN_TRY(mln_base64url_read(e->aad, arena, &d->o->ret->associated));
    d->content.associated[0] = e->protected_text;
    if (e->aad.len) {
        d->content.associated[1] = MLN_S(".");
        d->content.associated[2] = e->aad;
    }
    d->out = mln_arena_alloc(arena, d->content.text.len + 1);
    return d->out ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

static mln_err try_key(struct decryption *d, const struct mln_data_key *key,
                       const struct mln_jose_header *header, struct mln_slice wrapped)
{
    struct mln_jose_wrapping how = { .wrap = header->wrap,
                                     .enc = header->enc,
                                     .ephemeral = header->ephemeral,
                                     .party_u = header->party_u,
                                     .party_v = header->party_v };
    struct mln_secret *cek MLN_CLEANUP(mln_secret_freep) = NULL;

    MLN_REQUIRE(d->tried++ < MLN_ESDATA_OPENINGS, TOKEN_REFUSED);
    MLN_TRY(mln_jose_unwrap_cek(key->key, &how, wrapped, &cek));
    return mln_jose_content_open(&d->content, cek, d->out);
}

static mln_err try_recipient(struct decryption *d, const struct mln_jose_header *header,
                             struct mln_slice wrapped)
{
    struct mln_esdata_hint hint = hint_of(header);
    const struct mln_data_key *key;
    size_t at = 0;

    while ((key = mln_esdata_next_opener(d->o->opener, &hint, header->wrap, header->enc, &at)) !=
           NULL) {
        mln_err err = try_key(d, key, header, wrapped);

        if (err.code != MLN_ERR_TOKEN_REFUSED) {
            MLN_TRY(err);
            d->is_open = true;
            return MLN_OK;
        }
    }
    return MLN_OK;
}

/* "application/" may be left out. RFC 7516 4.1.12 */
static bool says_jose(struct mln_slice content_type)
{
    static const struct mln_slice prefix = { "application/", 12 };

    if (mln_slice_eq_nocase(mln_slice_head(content_type, prefix.len), prefix)) {
        content_type = mln_slice_from(content_type, prefix.len);
    }
    return mln_slice_eq_nocase(content_type, MLN_S("JOSE")) ||
           mln_slice_eq_nocase(content_type, MLN_S("JOSE+JSON"));
}

static mln_err decrypt_part(struct decryption *d, const struct part *part)
{
    struct mln_jose_header header MLN_CLEANUP(mln_jose_header_done) = { 0 };
    struct mln_esdata *ret = d->o->ret;
    struct mln_esdata_party *party = &ret->recipients[ret->recipient_count++];
    bool was_open = d->is_open;
    struct mln_slice wrapped;

    MLN_TRY(read_header(d->o, d->e, part, true, &header));
    MLN_TRY(mln_base64url_read(part->bytes, d->o->opener->arena, &wrapped));
    if (header.wrap == MLN_JOSE_DIR && d->e->count > 1) {
        return mln_esdata_refuse(d->o->opener, "dir is for one recipient only");
    }
    if (d->content.enc && d->content.enc != header.enc) {
        return mln_esdata_refuse(d->o->opener, "recipients with different content encryption");
    }
    d->content.enc = header.enc;
    *party = (struct mln_esdata_party){ .name = header.id, .wrap = header.wrap };
    MLN_TRY(d->is_open ? MLN_OK : try_recipient(d, &header, wrapped));
    party->is_ours = d->is_open && !was_open;
    if (party->is_ours) {
        d->is_nested = says_jose(header.content_type);
    }
    return MLN_OK;
}

static mln_err decrypt(const struct opening *o, const struct envelope *e, struct mln_slice *ret,
                       bool *ret_is_nested)
{
    struct decryption d = { .o = o, .e = e };

    MLN_TRY(decode_content(&d));
    for (size_t i = 0; i < e->count; i++) {
        MLN_TRY(decrypt_part(&d, &e->parts[i]));
    }
    if (!d.is_open) {
        return mln_esdata_refuse(o->opener, "no key of ours opens it");
    }
    o->ret->enc = d.content.enc;
    *ret = mln_slice_of((const char *)d.out, d.content.text.len);
    *ret_is_nested = d.is_nested;
    return MLN_OK;
}

/* ---- all of it ---- */

/* What was encrypted must be signed: deeper nesting is refused. */
static mln_err verify_inner(const struct opening *o, struct mln_slice text)
{
    struct envelope e = { 0 };
    bool is_jwe = false;
    mln_err err = read_envelope(o, text, &e, &is_jwe);

    if (err.code == MLN_ERR_SYNTAX || (!mln_failed(err) && is_jwe)) {
        return mln_esdata_refuse(o->opener, "what is inside is not signed");
    }
    MLN_TRY(err);
    return verify(o, &e, true);
}

static mln_err open_text(const struct opening *o, struct mln_slice text)
{
    struct envelope e = { 0 };
    struct mln_slice inner;
    bool is_jwe = false;
    bool is_nested = false;

    MLN_TRY(read_envelope(o, text, &e, &is_jwe));
    if (!is_jwe) {
        return verify(o, &e, false);
    }
    MLN_TRY(decrypt(o, &e, &inner, &is_nested));
    if (is_nested) {
        return verify_inner(o, inner);
    }
    o->ret->payload = inner;
    return MLN_OK;
}

mln_err mln_esdata_jose_open(const struct mln_esdata_opener *opener, struct mln_slice envelope,
                             struct mln_esdata *ret)
{
    struct opening o = { opener, { "protected data", opener->arena, opener->fault }, ret };
    mln_err err = open_text(&o, envelope);

    return err.code == MLN_ERR_TOKEN_REFUSED ? MLN_ERROR(ESDATA) : err;
}
