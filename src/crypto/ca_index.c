/* The index of a certification authority: a line for the whole, a line for each certificate. */
#include "base/buf.h"
#include "base/num.h"
#include "crypto/ca_int.h"

#define HEAD "merlon-ca 1 "

enum { SERIAL_DIGITS = 40, NAME_BYTES = 512 };

/* ---- reading ---- */

static bool is_serial(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!((s.ptr[i] >= '0' && s.ptr[i] <= '9') || (s.ptr[i] >= 'a' && s.ptr[i] <= 'f'))) {
            return false;
        }
    }
    return s.len > 0 && s.len <= SERIAL_DIGITS;
}

static bool is_time(struct mln_slice text, int64_t *ret)
{
    return mln_num_i64(text, ret) && *ret >= 0;
}

/* serial issued expires revoked name */
static bool parse_entry(struct mln_slice line, struct mln_ca_entry *ret)
{
    struct mln_slice rest = line;

    ret->serial = mln_slice_cut(&rest, ' ');
    if (!is_serial(ret->serial) || !is_time(mln_slice_cut(&rest, ' '), &ret->issued) ||
        !is_time(mln_slice_cut(&rest, ' '), &ret->expires) ||
        !is_time(mln_slice_cut(&rest, ' '), &ret->revoked)) {
        return false;
    }
    ret->name = rest;
    return rest.len > 0 && rest.len <= NAME_BYTES && mln_slice_find(rest, ' ') == rest.len;
}

mln_err mln_ca_index_parse(struct mln_slice text, struct mln_arena *arena, struct mln_ca_index *ret)
{
    struct mln_ca_index index = { 0 };
    struct mln_slice rest = text;
    struct mln_slice head = mln_slice_cut(&rest, '\n');

    MLN_REQUIRE(text.len <= MLN_CA_INDEX_BYTES, LIMIT);
    MLN_REQUIRE(mln_slice_starts(head, MLN_S(HEAD)) && rest.ptr, SYNTAX);
    MLN_REQUIRE(mln_num_u64(mln_slice_from(head, sizeof HEAD - 1), &index.crl_number), SYNTAX);
    while (rest.len) {
        struct mln_ca_entry entry;

        /* the last line ends like the others: else the file was cut */
        MLN_REQUIRE(mln_slice_find(rest, '\n') < rest.len, SYNTAX);
        MLN_REQUIRE(parse_entry(mln_slice_cut(&rest, '\n'), &entry), SYNTAX);
        MLN_TRY(mln_ca_index_add(&index, &entry, arena));
    }
    *ret = index;
    return MLN_OK;
}

/* ---- changing ---- */

struct mln_ca_entry *mln_ca_index_find(const struct mln_ca_index *index, struct mln_slice serial)
{
    for (size_t i = 0; i < index->count; i++) {
        if (mln_slice_eq(index->entries[i].serial, serial)) {
            return &index->entries[i];
        }
    }
    return NULL;
}

mln_err mln_ca_index_add(struct mln_ca_index *index, const struct mln_ca_entry *entry,
                         struct mln_arena *arena)
{
    if (index->count == index->cap) {
        size_t cap = index->cap ? index->cap * 2 : 64;
        size_t size = sizeof *index->entries;
        void *grown;

        MLN_REQUIRE(index->cap < MLN_CA_CERTS, LIMIT);
        grown = mln_arena_grow(arena, index->entries, index->cap * size, cap * size);
        MLN_REQUIRE(grown, NO_MEMORY);
        index->entries = grown;
        index->cap = cap;
    }
    index->entries[index->count++] = *entry;
    return MLN_OK;
}

/* ---- writing ---- */

static void put_number(struct mln_buf *out, int64_t n)
{
    mln_buf_byte(out, ' ');
    mln_buf_u64(out, (uint64_t)n);
}

mln_err mln_ca_index_text(const struct mln_ca_index *index, struct mln_arena *arena,
                          struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, MLN_CA_INDEX_BYTES);
    mln_buf_add(&out, MLN_S(HEAD));
    mln_buf_u64(&out, index->crl_number);
    mln_buf_byte(&out, '\n');
    for (size_t i = 0; i < index->count; i++) {
        const struct mln_ca_entry *e = &index->entries[i];

        mln_buf_add(&out, e->serial);
        put_number(&out, e->issued);
        put_number(&out, e->expires);
        put_number(&out, e->revoked);
        mln_buf_byte(&out, ' ');
        mln_buf_add(&out, mln_slice_head(e->name, NAME_BYTES));
        mln_buf_byte(&out, '\n');
    }
    return mln_buf_finish(&out, ret);
}
