/* Fuzz target of the content of the credentials file, as it is after unsealing: what is read is
 * written again byte for byte, and can be looked up. */
#include "base/fuzz_test.h"
#include "crypto/credentials_int.h"

enum { ARENA_BYTES = 64 << 20 };

static void check_writing(const struct mln_cred_image *image, struct mln_slice text)
{
    struct mln_secret *again = NULL;

    require(!mln_failed(mln_cred_encode(image, &again)));
    require(mln_secret_len(again) == text.len &&
            memcmp(mln_secret_bytes(again), text.ptr, text.len) == 0);
    mln_secret_free(again);
}

static void check_index(const struct mln_cred_image *image)
{
    struct mln_cred_index index = { 0 };

    if (mln_failed(mln_cred_index_make(&index, mln_env_system(), image, NULL))) {
        return; /* one stands twice */
    }
    for (size_t i = 0; i < image->row_count; i++) {
        const struct mln_credential *c = &image->rows[i].face;

        require(mln_cred_index_find(&index, MLN_CRED_BY_ID, c->id) == i + 1);
    }
    mln_cred_index_done(&index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_arena *arena = mln_arena_new(ARENA_BYTES);
    struct mln_slice text = { (const char *)data, size };
    struct mln_fault fault = { 0 };
    struct mln_cred_image image;

    if (!arena) {
        return 0;
    }
    if (!mln_failed(mln_cred_decode(text, arena, &fault, &image))) {
        require(fault.text[0] == '\0');
        check_writing(&image, text);
        check_index(&image);
    }
    mln_arena_free(arena);
    return 0;
}
