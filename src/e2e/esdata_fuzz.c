/* Fuzz target of protected data in JOSE. The first byte chooses: 0: the rest is an envelope in any
 * form; 1: a header, empty line and text, soundly encrypted under that header; 2: the rest is
 * soundly encrypted, said to be signed, so that the reader of what is inside is reached too.
 *
 * Whatever comes must end; what is accepted says who signed or who can read. */
#include "base/fuzz_test.h"
#include "crypto/base64.h"
#include "crypto/jose.h"
#include "e2e/esdata.h"

enum { ARENA_BYTES = 64 << 20, INPUT_MOST = 60000, MOST = 1 << 20, KEYS = 2 };

#define OCT "{\"kty\":\"oct\",\"kid\":\"k\",\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\"}"
#define EC                                                                                         \
    "{\"kty\":\"EC\",\"kid\":\"e\",\"crv\":\"P-256\","                                             \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                       \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\","                                       \
    "\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}"
#define NESTED "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JOSE\"}"

static struct mln_data_key *keys[KEYS]; /* for the life of the process */
static struct mln_secret *cek;

static void begin(void)
{
    static const char *const texts[KEYS] = { OCT, EC };
    const struct mln_data_key_about about = { .suid = 0 };
    const struct mln_jose_wrapping how = { .wrap = MLN_JOSE_DIR, .enc = MLN_JOSE_A256GCM };

    if (cek) {
        return;
    }
    for (size_t i = 0; i < KEYS; i++) {
        require(!mln_failed(mln_data_key_of_jwk(&about, mln_slice_z(texts[i]), NULL, &keys[i])));
    }
    require(!mln_failed(mln_jose_make_cek(keys[0]->key, &how, &cek)));
}

static struct mln_slice encoded(struct mln_slice bytes, struct mln_arena *arena)
{
    struct mln_slice text = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, MOST);
    mln_base64url_add(&out, bytes);
    require(!mln_failed(mln_buf_finish(&out, &text)));
    return text;
}

/* The header as it came, whatever it is. */
static struct mln_slice seal(struct mln_slice header, struct mln_slice text,
                             struct mln_arena *arena)
{
    struct mln_jose_sealing *sealing MLN_CLEANUP(mln_jose_sealing_freep) = NULL;
    unsigned char *sealed = mln_arena_alloc(arena, text.len + 1);
    struct mln_slice head = encoded(header, arena);
    unsigned char tag[MLN_JOSE_TAG_BYTES];
    struct mln_slice envelope = { 0 };
    struct mln_buf out;

    require(sealed && !mln_failed(mln_jose_sealing_new(MLN_JOSE_A256GCM, cek, &sealing)));
    require(!mln_failed(mln_jose_sealing_associate(sealing, head)));
    require(!mln_failed(mln_jose_sealing_add(sealing, text, sealed)));
    require(!mln_failed(mln_jose_sealing_end(sealing, tag)));
    mln_buf_init(&out, arena, MOST);
    mln_buf_add(&out, head);
    mln_buf_add(&out, MLN_S(".."));
    mln_buf_add(&out, encoded(mln_jose_sealing_iv(sealing), arena));
    mln_buf_byte(&out, '.');
    mln_buf_add(&out, encoded(mln_slice_of((const char *)sealed, text.len), arena));
    mln_buf_byte(&out, '.');
    mln_buf_add(&out, encoded(mln_slice_of((const char *)tag, sizeof tag), arena));
    require(!mln_failed(mln_buf_finish(&out, &envelope)));
    return envelope;
}

static struct mln_slice envelope_of(unsigned how, struct mln_slice input, struct mln_arena *arena)
{
    size_t cut = 0;

    if (how == 2) {
        return seal(MLN_S(NESTED), input, arena);
    }
    if (how != 1) {
        return input;
    }
    while (cut + 1 < input.len && !(input.ptr[cut] == '\n' && input.ptr[cut + 1] == '\n')) {
        cut++;
    }
    return seal(mln_slice_head(input, cut), mln_slice_from(input, cut + 2), arena);
}

static void check(const struct mln_esdata *found, bool was_said_to_be_signed)
{
    require(found->signer_count || found->enc);
    require(!was_said_to_be_signed || found->signer_count);
    require(!found->enc || found->recipient_count);
    require(found->signer_count <= MLN_ESDATA_PARTIES);
    require(found->recipient_count <= MLN_ESDATA_PARTIES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice input = { (const char *)data + (size ? 1 : 0), size ? size - 1 : 0 };
    unsigned how = size ? (unsigned)(data[0] - '0') : 0;
    const struct mln_data_key *list[KEYS];
    struct mln_esdata_opener opener = { .keys = list, .key_count = KEYS, .envelope_most = MOST };
    struct mln_esdata found;

    if (size > INPUT_MOST) {
        return 0;
    }
    begin();
    memcpy(list, keys, sizeof list);
    opener.arena = mln_arena_new(ARENA_BYTES);
    require(opener.arena);
    if (!mln_failed(mln_esdata_open(&opener, MLN_ESDATA_ANY, envelope_of(how, input, opener.arena),
                                    &found))) {
        check(&found, how == 2);
    }
    mln_arena_free(opener.arena);
    return 0;
}
