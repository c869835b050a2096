/* Fuzz target of ESPrim objects. The first byte chooses: the rest is an object; or a header, empty
 * line and text, which are soundly encrypted, so that what stands behind the tag is reached too.
 *
 * Whatever comes must end; what is accepted has what the format asks for, and is written again with
 * the same meaning. */
#include "base/fuzz_test.h"
#include "crypto/base64.h"
#include "e2e/esprim.h"

enum { ARENA_BYTES = 64 << 20, NOW_S = 1700000000 };

static const unsigned char key[MLN_ESPRIM_KEY] = { 1, 2, 3 };
static const unsigned char iv[MLN_AEAD_IV] = { 4, 5, 6 };

/* The header as it came, whatever it is. */
static struct mln_slice seal(struct mln_slice header, struct mln_slice text,
                             struct mln_arena *arena)
{
    struct mln_slice object = { 0 };
    unsigned char tag[MLN_AEAD_TAG];
    unsigned char *sealed = mln_arena_alloc(arena, text.len);
    struct mln_aead how = { MLN_JOSE_A128GCM, key, iv, { 0 } };
    struct mln_buf out;

    mln_buf_init(&out, arena, ARENA_BYTES);
    mln_base64url_add(&out, header);
    require(sealed && !mln_failed(mln_buf_finish(&out, &how.aad)));
    require(!mln_failed(mln_aead_seal(&how, text, sealed, tag)));
    mln_buf_add(&out, MLN_S(".."));
    mln_base64url_add(&out, mln_slice_of((const char *)iv, sizeof iv));
    mln_buf_byte(&out, '.');
    mln_base64url_add(&out, mln_slice_of((const char *)sealed, text.len));
    mln_buf_byte(&out, '.');
    mln_base64url_add(&out, mln_slice_of((const char *)tag, sizeof tag));
    require(!mln_failed(mln_buf_finish(&out, &object)));
    return object;
}

static bool same_random(const struct mln_e2e_random *a, const struct mln_e2e_random *b)
{
    return (!a && !b) || (a && b && mln_slice_eq(a->id, b->id) &&
                          mln_slice_eq(a->value, b->value) && a->expires_us == b->expires_us &&
                          a->alg_count == b->alg_count && a->keygen_count == b->keygen_count);
}

static void write_again(const struct mln_esprim_object *o, struct mln_slice text,
                        const struct mln_limits *limits, struct mln_arena *arena)
{
    struct mln_esprim_draft draft = { o->header, key, o->iv };
    struct mln_slice object = { 0 };
    struct mln_slice text2 = { 0 };
    struct mln_esprim_object o2;
    mln_err err = mln_esprim_encrypt(&draft, text, arena, &object);

    if (!mln_esprim_is_kid(o->header.kid)) {
        require(err.code == MLN_ERR_ESPRIM_ENCRYPTION);
        return;
    }
    require(!mln_failed(err));
    require(
        !mln_failed(mln_esprim_read(object, limits, NOW_S * INT64_C(1000000), arena, &o2, NULL)));
    require(mln_slice_eq(o->header.kid, o2.header.kid) && o->header.form == o2.header.form &&
            mln_slice_eq(o->header.ori, o2.header.ori) &&
            mln_slice_eq(o->header.rri, o2.header.rri));
    require(same_random(o->header.oro, o2.header.oro) && same_random(o->header.rro, o2.header.rro));
    require(!mln_failed(mln_esprim_decrypt(&o2, key, arena, &text2)) && mln_slice_eq(text, text2));
}

static void open_object(struct mln_slice object, struct mln_arena *arena, bool is_ours,
                        struct mln_slice expected)
{
    struct mln_limits limits;
    struct mln_esprim_object o;
    struct mln_slice text = { 0 };
    mln_err err;

    mln_limits_default(&limits);
    err = mln_esprim_read(object, &limits, NOW_S * INT64_C(1000000), arena, &o, NULL);
    if (mln_failed(err)) {
        require(err.code == MLN_ERR_SYNTAX || err.code == MLN_ERR_LIMIT);
        return;
    }
    require(o.header.kid.len && mln_e2e_random_is_text(o.header.ori) &&
            mln_e2e_random_is_text(o.header.rri) && o.header.form);
    if (!o.header.is_direct || !o.header.enc) {
        return;
    }
    err = mln_esprim_decrypt(&o, key, arena, &text);
    if (is_ours && o.header.enc == MLN_JOSE_A128GCM) {
        require(!mln_failed(err) && mln_slice_eq(text, expected));
        write_again(&o, text, &limits, arena);
    } else {
        require(!mln_failed(err) || err.code == MLN_ERR_ESPRIM_MAC);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice input = mln_slice_of((const char *)data, size);
    struct mln_arena *arena = size ? mln_arena_new(ARENA_BYTES) : NULL;
    struct mln_slice header;

    if (!arena) {
        return 0;
    }
    input = mln_slice_from(input, 1);
    if (data[0] & 1) {
        header = mln_slice_cut(&input, '\n');
        open_object(seal(header, input, arena), arena, true, input);
    } else {
        open_object(input, arena, false, input);
    }
    mln_arena_free(arena);
    return 0;
}
