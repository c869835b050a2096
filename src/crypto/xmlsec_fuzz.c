/* Fuzz target: envelopes of XML, read, verified and opened with keys that the corpus was made for.
 * Whoever does not know the keys can bring nothing else out of them than was put in. */
#include "crypto/xmlsec.h"

#include "base/fuzz_test.h"

enum { KEYS = 3, LEVELS = 4 };

/* As in jwt_keys_test.c; nothing else uses them. */
static const char *const texts[KEYS] = {
    "{\"kty\":\"oct\",\"k\":\"ZTkU85XESR6FSPPMwm6waQmgATTgshlNgfCNcXFBm5I\"}",
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"LYrwmYuL8YwVyNIbjR30Jko2EPKABi_DXjp5dQLTeBg\","
    "\"y\":\"-y12FWxljekzbXpMXP3VhhtvRQ0qnWhPPj0B_Ufq79Q\","
    "\"d\":\"zpq_Tt7QWnrwM0r2JvOGr3XHiOTE50qODsqEIKc8X-0\"}",
    "{\"kty\":\"oct\",\"k\":\"aIbCZjmgWn89doTz5hfDPw\"}",
};

static struct mln_jose_key *keys[KEYS];

static void prepare_keys(void)
{
    for (size_t i = 0; i < KEYS && !keys[i]; i++) {
        require(!mln_failed(mln_jose_key_parse(mln_slice_z(texts[i]), NULL, &keys[i])));
    }
}

/* Known ones only: "good", or a signature over it. */
static void check_text(struct mln_slice text, bool is_proved)
{
    require(!is_proved || mln_slice_eq(text, MLN_S("good")) || mln_xmlsec_is_signature(text));
}

static bool try_level(struct mln_arena *arena, struct mln_slice *text, bool *is_proved)
{
    struct mln_xmlsec *envelope MLN_CLEANUP(mln_xmlsec_freep) = NULL;
    struct mln_slice object = { 0 };
    bool is_signature = false;

    if (mln_failed(mln_xmlsec_read(*text, arena, NULL, &envelope)) || !envelope->is_signature) {
        require(!*is_proved);
        return false;
    }
    for (size_t i = 0; i < KEYS && !object.len; i++) {
        if (mln_jose_key_may_verify(keys[i], envelope->sig) &&
            !mln_failed(mln_xmlsec_verify(envelope, keys[i], arena, &object))) {
            *is_proved = true;
        }
    }
    if (!object.len && mln_failed(mln_xmlsec_unverified(envelope, arena, &object))) {
        return false;
    }
    if (mln_failed(mln_xmlsec_content(object, arena, NULL, &is_signature, text))) {
        require(!*is_proved);
        return false;
    }
    check_text(*text, *is_proved && !is_signature);
    return is_signature;
}

static void try_encrypted(struct mln_arena *arena, struct mln_slice text)
{
    struct mln_xmlsec *envelope MLN_CLEANUP(mln_xmlsec_freep) = NULL;
    struct mln_slice plain = { 0 };

    if (mln_failed(mln_xmlsec_read(text, arena, NULL, &envelope)) || envelope->is_signature) {
        return;
    }
    require(envelope->recipient_count > 0 && envelope->recipient_count <= MLN_XMLSEC_RECIPIENTS);
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        for (size_t k = 0; k < KEYS; k++) {
            if (mln_jose_key_may_open(keys[k], envelope->recipients[i].wrap, envelope->enc) &&
                !mln_failed(mln_xmlsec_open(envelope, &envelope->recipients[i], keys[k], &plain))) {
                check_text(plain, true);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_arena *arena = mln_arena_new(1 << 22);
    struct mln_slice text = mln_slice_of((const char *)data, size);
    bool is_proved = false;

    if (arena && size <= 65536) {
        prepare_keys();
        try_encrypted(arena, text);
        for (unsigned i = 0; i < LEVELS && try_level(arena, &text, &is_proved); i++) {
        }
    }
    mln_arena_free(arena);
    return 0;
}
