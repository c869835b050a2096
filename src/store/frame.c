/* Frames of rows.
 *
 * Head: 16 bytes magic, format. Frame: length and CRC of its payload, then the payload. Payload:
 * kind, then rows (table, length of key, length of value, key, value) or the two counts. Numbers
 * are little-endian. */
#include "store/frame.h"

#include <endian.h>
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/crc32c.h"

enum {
    FRAME_SIZE = 256 << 10, /* a frame is written when it has so much */
    MAGIC_SIZE = 16,
    HEAD_SIZE = MAGIC_SIZE + 4,
    ROW_HEAD = 1 + 2 + 4,
    KIND_ROWS = 'r',
    KIND_END = 'e',
    END_SIZE = 1 + 8 + 8,
};

static const char magic[MAGIC_SIZE + 1] = "merlon backup 1\n";

/* ---- numbers ---- */

static void put_u16(char *out, uint16_t n)
{
    n = htole16(n);
    memcpy(out, &n, sizeof n);
}

static void put_u32(char *out, uint32_t n)
{
    n = htole32(n);
    memcpy(out, &n, sizeof n);
}

static void put_u64(char *out, uint64_t n)
{
    n = htole64(n);
    memcpy(out, &n, sizeof n);
}

static uint16_t get_u16(const char *in)
{
    uint16_t n;

    memcpy(&n, in, sizeof n);
    return le16toh(n);
}

static uint32_t get_u32(const char *in)
{
    uint32_t n;

    memcpy(&n, in, sizeof n);
    return le32toh(n);
}

static uint64_t get_u64(const char *in)
{
    uint64_t n;

    memcpy(&n, in, sizeof n);
    return le64toh(n);
}

/* ---- writing ---- */

static mln_err write_all(int fd, struct mln_slice bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        MLN_REQUIRE(n > 0, SYSTEM);
        bytes = mln_slice_from(bytes, (size_t)n);
    }
    return MLN_OK;
}

static mln_err make_room(char **bytes, size_t *cap, size_t need)
{
    char *grown;

    if (need <= *cap) {
        return MLN_OK;
    }
    grown = mln_realloc(*bytes, need);
    MLN_REQUIRE(grown, NO_MEMORY);
    *bytes = grown;
    *cap = need;
    return MLN_OK;
}

mln_err mln_frame_begin(struct mln_frame_writer *w, int fd, uint32_t format)
{
    char head[HEAD_SIZE];

    *w = (struct mln_frame_writer){ .fd = fd };
    memcpy(head, magic, MAGIC_SIZE);
    put_u32(head + MAGIC_SIZE, format);
    return write_all(fd, mln_slice_of(head, sizeof head));
}

/* Writes the frame that was filled, if there is anything in it. */
static mln_err flush(struct mln_frame_writer *w)
{
    struct mln_slice payload = mln_slice_of(w->bytes, w->len);
    char head[8];

    if (w->len == 0) {
        return MLN_OK;
    }
    put_u32(head, (uint32_t)payload.len);
    put_u32(head + 4, mln_crc32c(payload));
    w->len = 0;
    MLN_TRY(write_all(w->fd, mln_slice_of(head, sizeof head)));
    return write_all(w->fd, payload);
}

mln_err mln_frame_row(struct mln_frame_writer *w, enum mln_table table,
                      const struct mln_kv_row *row)
{
    size_t need = ROW_HEAD + row->key.len + row->value.len;
    char *at;

    if (w->len + need > FRAME_SIZE) {
        MLN_TRY(flush(w));
    }
    MLN_TRY(make_room(&w->bytes, &w->cap, need + 1 > FRAME_SIZE ? need + 1 : FRAME_SIZE));
    if (w->len == 0) {
        w->bytes[w->len++] = KIND_ROWS;
    }
    at = w->bytes + w->len;
    at[0] = (char)table;
    put_u16(at + 1, (uint16_t)row->key.len);
    put_u32(at + 3, (uint32_t)row->value.len);
    at += ROW_HEAD;
    memcpy(at, row->key.ptr, row->key.len);
    if (row->value.len) {
        memcpy(at + row->key.len, row->value.ptr, row->value.len);
    }
    w->len += need;
    w->counts.resources += table == MLN_TABLE_RES;
    w->counts.records += table == MLN_TABLE_REC;
    return MLN_OK;
}

mln_err mln_frame_end(struct mln_frame_writer *w)
{
    MLN_TRY(flush(w));
    MLN_TRY(make_room(&w->bytes, &w->cap, END_SIZE));
    w->bytes[0] = KIND_END;
    put_u64(w->bytes + 1, w->counts.resources);
    put_u64(w->bytes + 9, w->counts.records);
    w->len = END_SIZE;
    return flush(w);
}

void mln_frame_writer_done(struct mln_frame_writer *w)
{
    mln_free(w->bytes);
    w->bytes = NULL;
}

/* ---- reading ---- */

static mln_err read_all(int fd, char *out, size_t len)
{
    while (len) {
        ssize_t n = read(fd, out, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        MLN_REQUIRE(n >= 0, STORE_IO);
        MLN_REQUIRE(n > 0, STORE_CORRUPT);
        out += n;
        len -= (size_t)n;
    }
    return MLN_OK;
}

mln_err mln_frame_open(struct mln_frame_reader *r, int fd, uint64_t size, uint32_t *ret_format)
{
    char head[HEAD_SIZE];

    *r = (struct mln_frame_reader){ .fd = fd };
    MLN_REQUIRE(size >= HEAD_SIZE, STORE_CORRUPT);
    MLN_TRY(read_all(fd, head, sizeof head));
    MLN_REQUIRE(memcmp(head, magic, MAGIC_SIZE) == 0, STORE_CORRUPT);
    r->left = size - HEAD_SIZE;
    *ret_format = get_u32(head + MAGIC_SIZE);
    return MLN_OK;
}

static mln_err read_frame(struct mln_frame_reader *r)
{
    char head[8];
    uint32_t len;

    MLN_REQUIRE(r->left >= sizeof head, STORE_CORRUPT);
    MLN_TRY(read_all(r->fd, head, sizeof head));
    r->left -= sizeof head;
    len = get_u32(head);
    MLN_REQUIRE(len >= 1 && len <= r->left, STORE_CORRUPT);
    MLN_TRY(make_room(&r->bytes, &r->cap, len));
    MLN_TRY(read_all(r->fd, r->bytes, len));
    r->left -= len;
    r->rest = mln_slice_of(r->bytes, len);
    MLN_REQUIRE(mln_crc32c(r->rest) == get_u32(head + 4), STORE_CORRUPT);
    return MLN_OK;
}

/* The last frame: all rows are there, and nothing follows. */
static mln_err check_end(const struct mln_frame_reader *r)
{
    MLN_REQUIRE(r->rest.len == END_SIZE && r->left == 0, STORE_CORRUPT);
    MLN_REQUIRE(get_u64(r->rest.ptr + 1) == r->counts.resources, STORE_CORRUPT);
    MLN_REQUIRE(get_u64(r->rest.ptr + 9) == r->counts.records, STORE_CORRUPT);
    MLN_FAIL(NOT_FOUND);
}

static mln_err take_row(struct mln_frame_reader *r, enum mln_table *ret_table,
                        struct mln_kv_row *ret)
{
    size_t key_len;
    size_t value_len;
    unsigned char table;

    MLN_REQUIRE(r->rest.len >= ROW_HEAD, STORE_CORRUPT);
    table = (unsigned char)r->rest.ptr[0];
    key_len = get_u16(r->rest.ptr + 1);
    value_len = get_u32(r->rest.ptr + 3);
    r->rest = mln_slice_from(r->rest, ROW_HEAD);
    MLN_REQUIRE(table == MLN_TABLE_RES || table == MLN_TABLE_REC, STORE_CORRUPT);
    MLN_REQUIRE(key_len >= 1 && key_len <= MLN_KV_KEY_MAX, STORE_CORRUPT);
    MLN_REQUIRE(key_len + value_len <= r->rest.len, STORE_CORRUPT);
    ret->key = mln_slice_head(r->rest, key_len);
    ret->value = mln_slice_of(r->rest.ptr + key_len, value_len);
    r->rest = mln_slice_from(r->rest, key_len + value_len);
    *ret_table = (enum mln_table)table;
    r->counts.resources += table == MLN_TABLE_RES;
    r->counts.records += table == MLN_TABLE_REC;
    return MLN_OK;
}

mln_err mln_frame_next(struct mln_frame_reader *r, enum mln_table *ret_table,
                       struct mln_kv_row *ret)
{
    if (r->rest.len == 0) {
        MLN_TRY(read_frame(r));
        if (r->rest.ptr[0] == KIND_END) {
            return check_end(r);
        }
        MLN_REQUIRE(r->rest.ptr[0] == KIND_ROWS, STORE_CORRUPT);
        r->rest = mln_slice_from(r->rest, 1);
    }
    return take_row(r, ret_table, ret);
}

void mln_frame_reader_done(struct mln_frame_reader *r)
{
    mln_free(r->bytes);
    r->bytes = NULL;
}
