/* Fuzz target of tokens. The first byte chooses: the rest is a token; or header, empty line, and
 * payload, which are soundly signed, encrypted, or put into another token, so that what stands
 * behind the cryptography is reached too; or the record of an issuer; or a key.
 *
 * Whatever comes must end, and what is accepted must be a JSON object that names the issuer whose
 * key made it. */
#include <openssl/hmac.h>

#include "base/fuzz_test.h"
#include "crypto/base64.h"
#include "crypto/jose.h"
#include "crypto/jose_int.h"
#include "crypto/jwt.h"

enum { ARENA_BYTES = 64 << 20, TEXT_BYTES = 1 << 20 };

#define K32 "{\"kty\":\"oct\",\"kid\":\"s\",\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\"}"
#define K16 "{\"kty\":\"oct\",\"kid\":\"e\",\"k\":\"XctOhJAkA-pD9Lh7ZgW_2A\"}"
#define ECK                                                                                        \
    "{\"kty\":\"EC\",\"kid\":\"c\",\"crv\":\"P-256\","                                             \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                       \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\","                                       \
    "\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}"

/* The issuer, made once. */
static struct {
    struct mln_limits limits;
    struct mln_jwt_issuers *issuers;
    struct mln_jose_key *signer;
    struct mln_jose_key *sealer;
} world;

static mln_err trust_all(void *data, const struct mln_jwt_issuer *issuer,
                         const struct mln_jwt_chain *chain, struct mln_fault *why,
                         int64_t *ret_expires_us)
{
    (void)data;
    (void)issuer;
    (void)why;
    require(chain->count > 0 && (chain->certificates[0].ptr || !chain->certificates[0].len));
    *ret_expires_us = INT64_MAX;
    return MLN_OK;
}

static void begin(void)
{
    struct mln_jwt_trust trust = { .check = trust_all, .epoch = 1 };
    struct mln_slice record = MLN_S(
        "{\"id\":\"i\",\"fqdn\":\"i.example\",\"allow\":[{\"sig\":\"HS256\"},{\"sig\":\"ES256\"},"
        "{\"alg\":\"dir\",\"enc\":\"A128GCM\"},{\"sig\":\"HS256\",\"alg\":\"dir\",\"enc\":"
        "\"A128GCM\"},{\"sig\":\"ES256\",\"alg\":\"ECDH-ES+A128KW\",\"enc\":\"A128GCM\"}],"
        "\"keys\":[" K32 "," K16 "," ECK "],\"anchors\":[\"AAAA\"]}");

    if (!world.issuers) {
        mln_limits_default(&world.limits);
        world.limits.value_items = 2000;
        require(!mln_failed(mln_jwt_issuers_new(&record, 1, &trust, NULL, &world.issuers)));
        require(!mln_failed(mln_jose_key_parse(MLN_S(K32), NULL, &world.signer)));
        require(!mln_failed(mln_jose_key_parse(MLN_S(K16), NULL, &world.sealer)));
    }
}

static void try_token(struct mln_arena *arena, struct mln_slice token)
{
    struct mln_fault fault = { 0 };
    struct mln_jwt_check check = {
        .issuers = world.issuers, .limits = &world.limits, .arena = arena, .fault = &fault
    };
    struct mln_jwt jwt;
    mln_err err = mln_jwt_verify(&check, token, &jwt);
    const struct mln_value *iss;

    if (mln_failed(err)) {
        require(fault.text[0] != '\0' || err.code == MLN_ERR_NO_MEMORY);
        return;
    }
    require(jwt.content->kind == MLN_V_OBJECT && jwt.claims.len > 0);
    iss = mln_value_get(jwt.content, MLN_S("iss"));
    require(iss && mln_slice_eq(iss->text, MLN_S("i")) && mln_slice_eq(jwt.issuer->id, iss->text));
}

static struct mln_slice signed_of(struct mln_arena *arena, struct mln_slice header,
                                  struct mln_slice payload)
{
    unsigned char mac[32];
    struct mln_slice token = { 0 };
    struct mln_buf out;
    unsigned len = sizeof mac;

    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_base64url_add(&out, header);
    mln_buf_byte(&out, '.');
    mln_base64url_add(&out, payload);
    require(HMAC(EVP_sha256(), mln_secret_bytes(world.signer->oct), 32,
                 (const unsigned char *)out.ptr, out.len, mac, &len) != NULL);
    mln_buf_byte(&out, '.');
    mln_base64url_add(&out, mln_slice_of((const char *)mac, len));
    require(!mln_failed(mln_buf_finish(&out, &token)));
    return token;
}

static struct mln_slice sealed_of(struct mln_arena *arena, bool is_nested, struct mln_slice text)
{
    struct mln_slice header = is_nested
                                  ? MLN_S("{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"typ\":\"JWT\","
                                          "\"cty\":\"JWT\"}")
                                  : MLN_S("{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"typ\":"
                                          "\"JWT\"}");
    struct mln_slice token = { 0 };

    struct mln_jose_wrapping how = { .wrap = MLN_JOSE_DIR, .enc = MLN_JOSE_A128GCM };
    struct mln_limits limits;
    struct mln_value *said;

    mln_limits_default(&limits);
    require(!mln_failed(mln_json_read(header, &limits, arena, &said, NULL)));
    require(!mln_failed(mln_jose_seal(world.sealer, &how, said, text, arena, &token)));
    return token;
}

static void try_made(struct mln_arena *arena, unsigned how, struct mln_slice input)
{
    size_t cut = 0;
    struct mln_slice header;
    struct mln_slice payload;

    while (cut + 1 < input.len && !(input.ptr[cut] == '\n' && input.ptr[cut + 1] == '\n')) {
        cut++;
    }
    header = mln_slice_head(input, cut);
    payload = mln_slice_from(input, cut + 2);
    if (how == 1) {
        try_token(arena, signed_of(arena, header, payload));
    } else if (how == 2) {
        try_token(arena, sealed_of(arena, false, input));
    } else {
        try_token(arena, sealed_of(arena, true, signed_of(arena, header, payload)));
    }
}

static void try_record(struct mln_slice record)
{
    struct mln_jwt_issuers *issuers = NULL;
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_jwt_issuers_new(&record, 1, NULL, &fault, &issuers))) {
        require(!issuers);
    }
    mln_jwt_issuers_unref(issuers);
}

static void try_key(struct mln_slice text)
{
    struct mln_jose_key *key = NULL;

    if (!mln_failed(mln_jose_key_parse(text, NULL, &key))) {
        require(mln_jose_key_eq(key, key) && mln_jose_key_default_sig(key) < MLN_JOSE_SIGS);
    }
    mln_jose_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice input = mln_slice_of((const char *)data + (size > 0), size - (size > 0));
    struct mln_arena *arena;
    unsigned how = size ? (unsigned)(data[0] - '0') : 0;

    begin();
    if (size > 60000) {
        return 0;
    }
    arena = mln_arena_new(ARENA_BYTES);
    require(arena);
    if (how == 4) {
        try_record(input);
    } else if (how == 5) {
        try_key(input);
    } else if (how >= 1 && how <= 3) {
        try_made(arena, how, input);
    } else {
        try_token(arena, input);
    }
    mln_arena_free(arena);
    return 0;
}
