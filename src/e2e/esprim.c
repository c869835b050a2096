/* ESPrim objects: taken apart, put together. spec: RFC 7516 3.1, 5 */
#include "e2e/esprim.h"

#include "base/secret.h"
#include "codec/json.h"
#include "crypto/base64.h"

enum {
    PARTS = 5,
    PART_HEADER = 0,
    PART_KEY = 1,
    PART_IV = 2,
    PART_TEXT = 3,
    PART_TAG = 4,
    HEADER_TEXT_MAX = (MLN_ESPRIM_HEADER_MAX * 4 + 2) / 3,
    ROOM = 40, /* that mln_base64url_decode takes for the longest part of fixed length */
};

/* ---- header ---- */

static mln_err wrong(struct mln_fault *fault, const char *what)
{
    mln_fault_set(fault, "ESPrim object: %s", what);
    MLN_FAIL(SYNTAX);
}

bool mln_esprim_is_kid(struct mln_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c <= ' ' || c > '~' || c == '"' || c == '\\') {
            return false;
        }
    }
    return text.len > 0 && text.len <= MLN_ESPRIM_KID_MAX;
}

/* The members in one pass. */
struct members {
    struct mln_slice alg;
    struct mln_slice enc;
    struct mln_slice cty;
    const struct mln_value *oro;
    const struct mln_value *rro;
};

static bool take_text(const struct mln_value *v, struct mln_slice name, struct mln_slice *ret)
{
    if (v->kind != MLN_V_TEXT || !v->text.len || !mln_slice_eq(v->name, name)) {
        return false;
    }
    *ret = v->text;
    return true;
}

static bool take_object(const struct mln_value *v, struct mln_slice name,
                        const struct mln_value **ret)
{
    if (v->kind != MLN_V_OBJECT || !mln_slice_eq(v->name, name)) {
        return false;
    }
    *ret = v;
    return true;
}

static bool take_member(const struct mln_value *v, struct members *m, struct mln_esprim_header *h)
{
    return take_text(v, MLN_S("alg"), &m->alg) || take_text(v, MLN_S("enc"), &m->enc) ||
           take_text(v, MLN_S("kid"), &h->kid) || take_text(v, MLN_S("cty"), &m->cty) ||
           take_text(v, MLN_S("ori"), &h->ori) || take_text(v, MLN_S("rri"), &h->rri) ||
           take_object(v, MLN_S("oro"), &m->oro) || take_object(v, MLN_S("rro"), &m->rro);
}

static mln_err read_random(const struct mln_value *v, bool is_originators, int64_t now_us,
                           struct mln_arena *arena, const struct mln_e2e_random **ret,
                           struct mln_fault *fault)
{
    struct mln_e2e_random *r = v ? mln_arena_zalloc(arena, 1, sizeof *r) : NULL;

    MLN_REQUIRE(r || !v, NO_MEMORY);
    if (v) {
        MLN_TRY(mln_e2e_random_read(v, is_originators, now_us, r, fault));
    }
    *ret = r;
    return MLN_OK;
}

/* By media type; a type of the tree application may go without it (RFC 7515 4.1.10). */
static const struct mln_serialisation *form_of(struct mln_slice cty)
{
    if (!cty.len) {
        return mln_serialisation_at(0);
    }
    return mln_slice_find(cty, '/') < cty.len ? mln_serialisation_of(cty)
                                              : mln_serialisation_named(cty);
}

static mln_err check_header(const struct members *m, struct mln_esprim_header *h,
                            struct mln_fault *fault)
{
    if (!m->alg.len || !m->enc.len || !h->kid.len || !h->ori.len || !h->rri.len) {
        return wrong(fault, "a member of the header is missing");
    }
    h->is_direct = mln_jose_wrap_named(m->alg) == MLN_JOSE_DIR;
    h->enc = mln_jose_enc_named(m->enc);
    h->form = form_of(m->cty);
    if (!h->form || h->kid.len > MLN_ESPRIM_KID_MAX || !mln_e2e_random_is_text(h->ori) ||
        !mln_e2e_random_is_text(h->rri)) {
        return wrong(fault, "cty, kid, ori or rri is of no use");
    }
    return MLN_OK;
}

static mln_err read_header(const struct mln_value *v, int64_t now_us, struct mln_arena *arena,
                           struct mln_esprim_header *ret, struct mln_fault *fault)
{
    struct members m = { 0 };

    if (v->kind != MLN_V_OBJECT) {
        return wrong(fault, "the header is no object");
    }
    for (const struct mln_value *item = v->items.first; item; item = item->next) {
        if (!take_member(item, &m, ret)) {
            return wrong(fault, "the header has a member that is foreign or of the wrong kind");
        }
    }
    MLN_TRY(read_random(m.oro, true, now_us, arena, &ret->oro, fault));
    MLN_TRY(read_random(m.rro, false, now_us, arena, &ret->rro, fault));
    return check_header(&m, ret, fault);
}

/* ---- parts ---- */

static bool split(struct mln_slice object, struct mln_slice parts[static PARTS])
{
    for (size_t i = 0; i < PARTS; i++) {
        if (!object.ptr) {
            return false;
        }
        parts[i] = mln_slice_cut(&object, '.');
    }
    return !object.ptr;
}

static bool decode_fixed(struct mln_slice part, unsigned char *out, size_t len)
{
    unsigned char room[ROOM];
    size_t got = 0;

    if (mln_base64_room(part.len) > sizeof room || !mln_base64url_decode(part, room, &got) ||
        got != len) {
        return false;
    }
    memcpy(out, room, len);
    return true;
}

static bool is_whole(const struct mln_slice parts[static PARTS], struct mln_esprim_object *ret)
{
    return parts[PART_HEADER].len && parts[PART_HEADER].len <= HEADER_TEXT_MAX &&
           !parts[PART_KEY].len && decode_fixed(parts[PART_IV], ret->iv, sizeof ret->iv) &&
           decode_fixed(parts[PART_TAG], ret->tag, sizeof ret->tag);
}

mln_err mln_esprim_read(struct mln_slice object, const struct mln_limits *limits, int64_t now_us,
                        struct mln_arena *arena, struct mln_esprim_object *ret,
                        struct mln_fault *fault)
{
    struct mln_slice parts[PARTS] = { 0 };
    struct mln_slice header = { 0 };
    struct mln_value *v = NULL;

    *ret = (struct mln_esprim_object){ 0 };
    MLN_REQUIRE(object.len <= limits->body_bytes, LIMIT);
    if (!split(object, parts) || !is_whole(parts, ret)) {
        return wrong(fault, "it does not have the five parts");
    }
    MLN_TRY(mln_base64url_read(parts[PART_HEADER], arena, &header));
    MLN_TRY(mln_json_read(header, limits, arena, &v, fault));
    MLN_TRY(read_header(v, now_us, arena, &ret->header, fault));
    ret->aad = parts[PART_HEADER];
    return mln_base64url_read(parts[PART_TEXT], arena, &ret->text);
}

mln_err mln_esprim_decrypt(const struct mln_esprim_object *object,
                           const unsigned char key[static MLN_ESPRIM_KEY], struct mln_arena *arena,
                           struct mln_slice *ret_text)
{
    struct mln_aead how = { object->header.enc, key, object->iv, object->aad };
    unsigned char *out = mln_arena_alloc(arena, object->text.len);
    bool fits = false;

    MLN_REQUIRE(out, NO_MEMORY);
    mln_arena_hold_secrets(arena);
    MLN_REQUIRE(!mln_failed(mln_aead_open(&how, object->text, object->tag, out, &fits)),
                ESPRIM_DECRYPTION);
    MLN_REQUIRE(fits, ESPRIM_MAC);
    *ret_text = mln_slice_of((const char *)out, object->text.len);
    return MLN_OK;
}

/* ---- making ---- */

static void add_text(struct mln_buf *out, struct mln_slice member, struct mln_slice text)
{
    mln_buf_add(out, member);
    mln_buf_byte(out, '"');
    mln_buf_add(out, text);
    mln_buf_byte(out, '"');
}

/* No text in it needs an escape. */
static mln_err write_header(const struct mln_esprim_header *h, struct mln_arena *arena,
                            struct mln_slice *ret)
{
    struct mln_buf out;

    MLN_REQUIRE(mln_esprim_is_kid(h->kid) && mln_e2e_random_is_text(h->ori) &&
                    mln_e2e_random_is_text(h->rri),
                ESPRIM_ENCRYPTION);
    mln_buf_init(&out, arena, MLN_ESPRIM_HEADER_MAX);
    add_text(&out, MLN_S("{\"alg\":\"dir\",\"enc\":"), mln_slice_z(mln_jose_enc_row(h->enc)->name));
    add_text(&out, MLN_S(",\"kid\":"), h->kid);
    add_text(&out, MLN_S(",\"cty\":"), h->form->types[MLN_MEDIA_PLAIN]);
    add_text(&out, MLN_S(",\"ori\":"), h->ori);
    add_text(&out, MLN_S(",\"rri\":"), h->rri);
    if (h->oro) {
        mln_buf_add(&out, MLN_S(",\"oro\":"));
        mln_e2e_random_canonical(h->oro, &out);
    }
    if (h->rro) {
        mln_buf_add(&out, MLN_S(",\"rro\":"));
        mln_e2e_random_canonical(h->rro, &out);
    }
    mln_buf_byte(&out, '}');
    return mln_buf_finish(&out, ret);
}

static size_t encoded(size_t len)
{
    return (len + 2) / 3 * 4;
}

/* What an object takes, or a little more. */
static size_t object_room(size_t header_len, size_t text_len)
{
    return encoded(header_len) + encoded(MLN_AEAD_IV) + encoded(text_len) + encoded(MLN_AEAD_TAG) +
           PARTS - 1;
}

static mln_err seal(const struct mln_esprim_draft *draft, struct mln_slice text,
                    struct mln_buf *out)
{
    struct mln_aead how = { draft->header.enc, draft->key, draft->iv, { out->ptr, out->len } };
    unsigned char *sealed = mln_arena_alloc(out->arena, text.len);
    unsigned char tag[MLN_AEAD_TAG];

    MLN_REQUIRE(sealed, NO_MEMORY);
    MLN_TRY(mln_aead_seal(&how, text, sealed, tag));
    mln_buf_add(out, MLN_S(".."));
    mln_base64url_add(out, mln_slice_of((const char *)draft->iv, MLN_AEAD_IV));
    mln_buf_byte(out, '.');
    mln_base64url_add(out, mln_slice_of((const char *)sealed, text.len));
    mln_buf_byte(out, '.');
    mln_base64url_add(out, mln_slice_of((const char *)tag, sizeof tag));
    return MLN_OK;
}

mln_err mln_esprim_encrypt(const struct mln_esprim_draft *draft, struct mln_slice text,
                           struct mln_arena *arena, struct mln_slice *ret_object)
{
    struct mln_slice header = { 0 };
    struct mln_buf out;
    mln_err err = write_header(&draft->header, arena, &header);

    mln_buf_init(&out, arena, SIZE_MAX);
    if (!mln_failed(err)) {
        (void)mln_buf_reserve(&out, object_room(header.len, text.len));
        mln_buf_rewind(&out, 0);
        mln_base64url_add(&out, header);
        err = seal(draft, text, &out);
    }
    if (!mln_failed(err)) {
        err = mln_buf_finish(&out, ret_object);
    }
    return mln_failed(err) && err.code != MLN_ERR_NO_MEMORY ? MLN_ERROR(ESPRIM_ENCRYPTION) : err;
}
