/* Packs to CBOR: numbers that are no integers lose their tag, open containers get a length.
 * spec: TS-0004 8.5 */
#include <cbor/encoding.h>
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "codec/cbor.h"
#include "model/decimal.h"
#include "model/pack.h"

enum {
    HEAD_SIZE = 9,
    NUMBER_SIZE = 128,
    COUNT_SIZE = 4, /* of a count that is filled in later */
    FOUR_BYTES = 26 /* additional information: so many follow */
};

typedef size_t encode_head(size_t n, unsigned char *to, size_t room);

static void put_head(struct mln_buf *out, encode_head *encode, size_t n)
{
    unsigned char head[HEAD_SIZE];
    size_t len = encode(n, head, sizeof head);

    mln_buf_add(out, mln_slice_of((const char *)head, len));
}

static mln_err put_text(struct mln_buf *out, struct mln_slice text)
{
    MLN_REQUIRE(mln_utf8_valid(text), STORE_CORRUPT);
    put_head(out, cbor_encode_string_start, text.len);
    mln_buf_add(out, text);
    return MLN_OK;
}

static void put_int(struct mln_buf *out, const struct mln_item *item)
{
    unsigned char head[HEAD_SIZE];
    size_t len = item->is_negative && item->magnitude > 0
                     ? cbor_encode_negint(item->magnitude - 1, head, sizeof head)
                     : cbor_encode_uint(item->magnitude, head, sizeof head);

    mln_buf_add(out, mln_slice_of((const char *)head, len));
}

/* The nearest double; *ret_has_room tells whether there was memory for it. */
static double number_of(struct mln_slice text, struct mln_arena *arena, bool *ret_has_room)
{
    char small[NUMBER_SIZE];
    const char *zero_ended = small;

    if (text.len < sizeof small) {
        memcpy(small, text.ptr, text.len);
        small[text.len] = '\0';
    } else {
        zero_ended = mln_arena_zdup(arena, text);
    }
    *ret_has_room = zero_ended != NULL;
    return zero_ended ? strtod(zero_ended, NULL) : 0; /* LC_NUMERIC is "C": nobody sets it */
}

static mln_err put_real(struct mln_buf *out, struct mln_slice text)
{
    unsigned char bytes[HEAD_SIZE];
    bool has_room = false;
    double real;
    size_t len;

    MLN_REQUIRE(mln_decimal_is_number(text), STORE_CORRUPT);
    real = number_of(text, out->arena, &has_room);
    MLN_REQUIRE(has_room, NO_MEMORY);
    MLN_REQUIRE(isfinite(real), NOT_ACCEPTABLE);
    /* a single would be read again with fewer digits */
    len = cbor_encode_double(real, bytes, sizeof bytes);
    mln_buf_add(out, mln_slice_of((const char *)bytes, len));
    return MLN_OK;
}

static mln_err put_scalar(struct mln_buf *out, const struct mln_item *item)
{
    unsigned char byte = 0;

    switch (item->kind) {
    case MLN_V_INT:
        put_int(out, item);
        return MLN_OK;
    case MLN_V_REAL:
        return put_real(out, item->text);
    case MLN_V_TEXT:
        return put_text(out, item->text);
    case MLN_V_BOOL:
        cbor_encode_bool(item->boolean, &byte, 1);
        break;
    case MLN_V_NULL:
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        cbor_encode_null(&byte, 1);
        break;
    }
    mln_buf_byte(out, (char)byte);
    return MLN_OK;
}

/* Place for a count that is not known yet; *ret_at is where it goes. */
static void open_head(struct mln_buf *out, bool is_map, size_t *ret_at)
{
    mln_buf_byte(out, (char)((is_map ? 0xA0 : 0x80) | FOUR_BYTES));
    *ret_at = out->len;
    mln_buf_add(out, mln_slice_of("\0\0\0\0", COUNT_SIZE));
}

static void fill_in(struct mln_buf *out, size_t at, size_t count)
{
    for (size_t i = 0; i < COUNT_SIZE && !out->failed; i++) {
        out->ptr[at + i] = (char)(count >> 8 * (COUNT_SIZE - 1 - i));
    }
}

static mln_err write_item(struct mln_buf *out, struct mln_slice *rest, unsigned depth);

static mln_err write_items(struct mln_buf *out, struct mln_slice *rest, const struct mln_item *head,
                           unsigned depth)
{
    bool is_map = head->kind == MLN_V_OBJECT;
    size_t count_at = 0;
    size_t done = 0;

    MLN_REQUIRE(depth < MLN_PACK_DEPTH, STORE_CORRUPT);
    if (head->count == MLN_PACK_OPEN) {
        open_head(out, is_map, &count_at);
    } else {
        put_head(out, is_map ? cbor_encode_map_start : cbor_encode_array_start, head->count);
    }
    for (; mln_pack_more(rest, head->count, done); done++) {
        struct mln_item key;

        if (is_map) {
            MLN_TRY(mln_pack_read(rest, &key));
            MLN_REQUIRE(key.kind == MLN_V_TEXT, STORE_CORRUPT);
            MLN_TRY(put_text(out, key.text));
        }
        MLN_TRY(write_item(out, rest, depth + 1));
    }
    MLN_REQUIRE(done <= UINT32_MAX, NOT_ACCEPTABLE);
    if (head->count == MLN_PACK_OPEN) {
        fill_in(out, count_at, done);
    }
    return MLN_OK;
}

static mln_err write_item(struct mln_buf *out, struct mln_slice *rest, unsigned depth)
{
    struct mln_item item;

    MLN_TRY(mln_pack_read(rest, &item));
    if (item.kind == MLN_V_ARRAY || item.kind == MLN_V_OBJECT) {
        return write_items(out, rest, &item, depth);
    }
    return put_scalar(out, &item);
}

mln_err mln_cbor_write(struct mln_buf *out, struct mln_slice pack)
{
    MLN_TRY(write_item(out, &pack, 0));
    MLN_REQUIRE(pack.len == 0, STORE_CORRUPT);
    return MLN_OK;
}
