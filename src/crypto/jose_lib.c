/* Making JWS and JWE by libjose, for `merlon token issue`.
 *
 * Keys become jansson values for one call; its memory is wiped when it goes. Tokens of others are
 * not read here: jansson 2.14 frees twice when memory runs out within json_loadb.
 * spec: RFC 7515 5.1, RFC 7516 5 */
#include <jansson.h>
#include <jose/b64.h>
#include <jose/cfg.h>
#include <jose/jwe.h>
#include <jose/jws.h>
#include <malloc.h>
#include <pthread.h>

#include "base/env.h"
#include "base/mem.h"
#include "crypto/jose_int.h"

enum { TEXT_MOST = 1 << 20 };

/* ---- memory of jansson: wiped ---- */

/* Blocks are those of the heap as they are: libjose frees some by itself. */
static void *take(size_t size)
{
    return mln_malloc(size);
}

static void give_back(void *ptr)
{
    if (ptr) {
        mln_wipe(ptr, malloc_usable_size(ptr));
        mln_free(ptr);
    }
}

static void prepare(void)
{
    json_set_alloc_funcs(take, give_back);
}

static void begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, prepare);
}

/* ---- small helpers ---- */

static void drop(json_t **value)
{
    json_decref(*value);
}

/* libjose writes to standard error unless told otherwise. */
static void keep_quiet(void *misc, const char *file, int line, uint64_t err, const char *format,
                       va_list args)
{
    (void)misc;
    (void)file;
    (void)line;
    (void)err;
    (void)format;
    (void)args;
}

static jose_cfg_t *quiet_cfg(void)
{
    jose_cfg_t *cfg = jose_cfg();

    if (cfg) {
        jose_cfg_set_err_func(cfg, keep_quiet, NULL);
    }
    return cfg;
}

static json_t *value_of(struct mln_slice text)
{
    return json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
}

static json_t *key_of(const struct mln_secret *jwk)
{
    return value_of(mln_slice_of((const char *)mln_secret_bytes(jwk), mln_secret_len(jwk)));
}

/* The member as text; empty when it is not there. */
static struct mln_slice member_of(const json_t *object, const char *name)
{
    const json_t *text = json_object_get(object, name);

    return mln_slice_of(json_string_value(text), json_string_length(text));
}

/* ---- JWS ---- */

static mln_err join(struct mln_arena *arena, const struct mln_slice *parts, size_t count,
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

mln_err mln_jose_sign(const struct mln_jose_key *key, struct mln_slice header,
                      struct mln_slice payload, struct mln_arena *arena, struct mln_slice *ret)
{
    jose_cfg_auto_t *cfg = NULL;
    json_t *jwk MLN_CLEANUP(drop) = NULL;
    json_t *jws MLN_CLEANUP(drop) = NULL;
    json_t *sig MLN_CLEANUP(drop) = NULL;
    struct mln_slice parts[3];

    begin();
    cfg = quiet_cfg();
    jwk = key_of(key->jwk);
    jws = json_pack("{s:o}", "payload", jose_b64_enc(payload.ptr, payload.len));
    sig = json_pack("{s:o}", "protected", value_of(header));
    MLN_REQUIRE(cfg && jwk && jws && sig && jose_jws_sig(cfg, jws, sig, jwk), INTERNAL);
    parts[0] = member_of(jws, "protected");
    parts[1] = member_of(jws, "payload");
    parts[2] = member_of(jws, "signature");
    MLN_REQUIRE(parts[0].len && parts[1].len && parts[2].len, INTERNAL);
    return join(arena, parts, 3, ret);
}

/* ---- JWE ---- */

/* A content key as libjose has it. */
static json_t *cek_of(const struct mln_secret *cek)
{
    return json_pack("{s:s, s:o}", "kty", "oct", "k",
                     jose_b64_enc(mln_secret_bytes(cek), mln_secret_len(cek)));
}

/* libjose puts what the wrapping adds (epk) beside the protected header; compact form has only
 * that one. */
static bool protect_all(json_t *jwe)
{
    json_t *header = json_object_get(jwe, "header");
    bool done =
        !header || json_object_update_missing(json_object_get(jwe, "protected"), header) == 0;

    (void)json_object_del(jwe, "header");
    return done;
}

static mln_err wrap_rsa(const struct mln_jose_key *key, enum mln_jose_enc enc, json_t *jwe,
                        struct mln_arena *arena, json_t **ret)
{
    struct mln_secret *cek MLN_CLEANUP(mln_secret_freep) =
        mln_secret_new(mln_jose_enc_row(enc)->key_bytes);
    struct mln_slice wrapped;

    MLN_REQUIRE(cek, NO_MEMORY);
    MLN_TRY(mln_env_random(mln_env_system(), mln_secret_room(cek), mln_secret_len(cek)));
    MLN_TRY(mln_jose_rsa_wrap(key, cek, arena, &wrapped));
    MLN_REQUIRE(json_object_set_new(jwe, "encrypted_key", jose_b64_enc(wrapped.ptr, wrapped.len)) ==
                    0,
                NO_MEMORY);
    *ret = cek_of(cek);
    return *ret ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

/* Makes the content key and puts it, wrapped, into the JWE. */
static mln_err wrap(jose_cfg_t *cfg, const struct mln_jose_key *key, json_t *jwe, json_t **ret)
{
    json_t *jwk MLN_CLEANUP(drop) = key_of(key->jwk);
    json_t *cek = json_object();

    if (!jwk || !cek || !jose_jwe_enc_jwk(cfg, jwe, NULL, jwk, cek)) {
        json_decref(cek);
        MLN_FAIL(INTERNAL);
    }
    *ret = cek;
    return MLN_OK;
}

mln_err mln_jose_seal(const struct mln_jose_key *key, enum mln_jose_enc enc,
                      struct mln_slice header, struct mln_slice text, struct mln_arena *arena,
                      struct mln_slice *ret)
{
    jose_cfg_auto_t *cfg = NULL;
    json_t *jwe MLN_CLEANUP(drop) = NULL;
    json_t *cek MLN_CLEANUP(drop) = NULL;
    struct mln_slice parts[MLN_JOSE_JWE_PARTS];

    begin();
    cfg = quiet_cfg();
    jwe = json_pack("{s:o}", "protected", value_of(header));
    MLN_REQUIRE(cfg && jwe, NO_MEMORY);
    MLN_TRY(key->kty == MLN_JOSE_RSA ? wrap_rsa(key, enc, jwe, arena, &cek)
                                     : wrap(cfg, key, jwe, &cek));
    MLN_REQUIRE(protect_all(jwe) && jose_jwe_enc_cek(cfg, jwe, cek, text.ptr, text.len), INTERNAL);
    parts[0] = member_of(jwe, "protected");
    parts[1] = member_of(jwe, "encrypted_key");
    parts[2] = member_of(jwe, "iv");
    parts[3] = member_of(jwe, "ciphertext");
    parts[4] = member_of(jwe, "tag");
    MLN_REQUIRE(parts[0].len && parts[2].len && parts[3].len && parts[4].len, INTERNAL);
    return join(arena, parts, MLN_JOSE_JWE_PARTS, ret);
}
