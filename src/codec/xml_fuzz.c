/* Fuzz target of the XML reader and writer: what is read and can be written must be read again,
 * and written again as the same text. */
#include "codec/xml.h"

#include "codec/content_fuzz_test.h"
#include "model/pack.h"

enum { CONTENT_BYTES = 16 << 20 };

/* False: XML cannot say it. */
static bool text_of(struct mln_arena *arena, const struct mln_value *v, struct mln_slice *ret)
{
    struct mln_slice pack = { 0 };
    struct mln_buf out;
    mln_err err;

    mln_buf_init(&out, arena, CONTENT_BYTES);
    mln_pack_value(&out, v);
    require(!mln_failed(mln_buf_finish(&out, &pack)));
    mln_buf_init(&out, arena, CONTENT_BYTES);
    err = mln_xml_write(&out, pack);
    require(!mln_failed(err) || err.code == MLN_ERR_NOT_ACCEPTABLE);
    return !mln_failed(err) && !mln_failed(mln_buf_finish(&out, ret));
}

static void check(struct mln_arena *arena, const struct mln_limits *limits,
                  const struct mln_value *v)
{
    struct mln_slice first = { 0 };
    struct mln_slice second = { 0 };
    struct mln_value *again = NULL;

    if (!text_of(arena, v, &first)) {
        return;
    }
    require(!mln_failed(mln_xml_read(first, limits, arena, &again, NULL)));
    require(text_of(arena, again, &second));
    require(mln_slice_eq(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return mln_fuzz_content(mln_slice_of((const char *)data, size), mln_xml_read, check);
}
