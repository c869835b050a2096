/* Fuzz target of the CBOR reader and writer: what is read, packed, and written must be read again
 * as the same value. */
#include "codec/cbor.h"

#include "codec/content_fuzz_test.h"
#include "model/pack.h"

enum { CONTENT_BYTES = 16 << 20 };

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
    return mln_fuzz_content(mln_slice_of((const char *)data, size), mln_cbor_read, check);
}
