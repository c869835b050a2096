/* Fuzz target of the CBOR reader and writer: what is read, packed, and written must be read again
 * as the same value. */
#include "codec/cbor.h"

#include <stdlib.h>

#include "model/pack.h"

enum { ARENA_BYTES = 64 << 20, CONTENT_BYTES = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ours to prove: a failure here is a bug. */
static void require(bool claim)
{
    if (!claim) {
        abort();
    }
}

static void check(struct mln_arena *arena, const struct mln_limits *limits,
                  const struct mln_value *v)
{
    struct mln_slice pack = { 0 };
    struct mln_slice content = { 0 };
    struct mln_value *again = NULL;
    struct mln_buf out;

    mln_buf_init(&out, arena, CONTENT_BYTES);
    mln_pack_value(&out, v);
    require(!mln_failed(mln_buf_finish(&out, &pack)));
    mln_buf_init(&out, arena, CONTENT_BYTES);
    require(!mln_failed(mln_cbor_write(&out, pack)));
    require(!mln_failed(mln_buf_finish(&out, &content)));
    require(!mln_failed(mln_cbor_read(content, limits, arena, &again, NULL)));
    require(mln_value_eq(v, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice content = { (const char *)data, size };
    struct mln_arena *arena = mln_arena_new(ARENA_BYTES);
    struct mln_fault fault = { 0 };
    struct mln_limits limits;
    struct mln_value *v = NULL;

    if (!arena) {
        return 0;
    }
    mln_limits_default(&limits);
    limits.value_items = 2000; /* comparing objects takes the square of their members */
    if (mln_failed(mln_cbor_read(content, &limits, arena, &v, &fault))) {
        require(fault.text[0] != '\0');
    } else {
        require(fault.text[0] == '\0');
        check(arena, &limits, v);
    }
    mln_arena_free(arena);
    return 0;
}
