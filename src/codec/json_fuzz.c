/* Fuzz target of the JSON reader and writer: what is read, packed, and written must be read again
 * as the same value. */
#include "codec/json.h"

#include "codec/content_fuzz_test.h"
#include "model/pack.h"

enum { TEXT_BYTES = 16 << 20 };

static struct mln_slice pack_of(struct mln_arena *arena, const struct mln_value *v)
{
    struct mln_buf out;
    struct mln_slice pack = { 0 };

    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_pack_value(&out, v);
    require(!mln_failed(mln_buf_finish(&out, &pack)));
    return pack;
}

static struct mln_slice text_of(struct mln_arena *arena, struct mln_slice pack)
{
    struct mln_buf out;
    struct mln_slice text = { 0 };

    mln_buf_init(&out, arena, TEXT_BYTES);
    require(!mln_failed(mln_json_write(&out, pack)));
    require(!mln_failed(mln_buf_finish(&out, &text)));
    return text;
}

static struct mln_slice pretty(struct mln_arena *arena, const struct mln_value *v)
{
    struct mln_buf out;
    struct mln_slice text = { 0 };

    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_json_write_value(&out, v, true);
    require(!mln_failed(mln_buf_finish(&out, &text)));
    return text;
}

static void check(struct mln_arena *arena, const struct mln_limits *limits,
                  const struct mln_value *v)
{
    struct mln_slice pack = pack_of(arena, v);
    struct mln_slice text = text_of(arena, pack);
    struct mln_value *again;

    require(!mln_failed(mln_json_read(text, limits, arena, &again, NULL)));
    require(mln_value_eq(v, again));
    require(mln_slice_eq(text_of(arena, pack_of(arena, again)), text));
    require(!mln_failed(mln_pack_to_value(pack, arena, &again)));
    require(mln_value_eq(v, again));
    require(!mln_failed(mln_json_read(pretty(arena, v), limits, arena, &again, NULL)));
    require(mln_value_eq(v, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return mln_fuzz_content(mln_slice_of((const char *)data, size), mln_json_read, check);
}
