/* Values as CBOR bytes. */
#include "model/pack.h"

#include "base/timestamp.h"

enum {
    MAJOR_UINT = 0,
    MAJOR_NEGATIVE = 1,
    MAJOR_TEXT = 3,
    MAJOR_ARRAY = 4,
    MAJOR_MAP = 5,
    MAJOR_TAG = 6,
    MAJOR_SIMPLE = 7,
    SIMPLE_FALSE = 20,
    SIMPLE_TRUE = 21,
    SIMPLE_NULL = 22,
    OPEN = 31,
    BREAK = 0xFF,
};

/* ---- writing ---- */

static void put_head(struct mln_buf *out, unsigned major, uint64_t n)
{
    unsigned bytes = n < 24            ? 0
                     : n <= UINT8_MAX  ? 1
                     : n <= UINT16_MAX ? 2
                     : n <= UINT32_MAX ? 4
                                       : 8;
    static const unsigned char info[] = { 0, 24, 25, 0, 26, 0, 0, 0, 27 };
    char *at = mln_buf_reserve(out, 1 + bytes);

    if (!at) {
        return;
    }
    at[0] = (char)(major << 5 | (bytes ? info[bytes] : (unsigned)n));
    for (unsigned i = bytes; i > 0; i--) {
        at[i] = (char)(n & 0xFF);
        n >>= 8;
    }
}

void mln_pack_null(struct mln_buf *out)
{
    mln_buf_byte(out, (char)(MAJOR_SIMPLE << 5 | SIMPLE_NULL));
}

void mln_pack_bool(struct mln_buf *out, bool b)
{
    mln_buf_byte(out, (char)(MAJOR_SIMPLE << 5 | (b ? SIMPLE_TRUE : SIMPLE_FALSE)));
}

void mln_pack_uint(struct mln_buf *out, uint64_t n)
{
    put_head(out, MAJOR_UINT, n);
}

static void put_int(struct mln_buf *out, bool is_negative, uint64_t magnitude)
{
    if (is_negative && magnitude > 0) {
        put_head(out, MAJOR_NEGATIVE, magnitude - 1);
    } else {
        put_head(out, MAJOR_UINT, magnitude);
    }
}

void mln_pack_text(struct mln_buf *out, struct mln_slice text)
{
    put_head(out, MAJOR_TEXT, text.len);
    mln_buf_add(out, text);
}

void mln_pack_real(struct mln_buf *out, struct mln_slice number)
{
    put_head(out, MAJOR_TAG, MLN_PACK_TAG_REAL);
    mln_pack_text(out, number);
}

void mln_pack_timestamp(struct mln_buf *out, int64_t us)
{
    char text[MLN_TIMESTAMP_SIZE];
    size_t len = mln_timestamp_put(text, us);

    mln_pack_text(out, mln_slice_of(text, len));
}

static void put_container(struct mln_buf *out, unsigned major, size_t count)
{
    if (count == MLN_PACK_OPEN) {
        mln_buf_byte(out, (char)(major << 5 | OPEN));
    } else {
        put_head(out, major, count);
    }
}

void mln_pack_map(struct mln_buf *out, size_t count)
{
    put_container(out, MAJOR_MAP, count);
}

void mln_pack_array(struct mln_buf *out, size_t count)
{
    put_container(out, MAJOR_ARRAY, count);
}

void mln_pack_end(struct mln_buf *out)
{
    mln_buf_byte(out, (char)BREAK);
}

void mln_pack_raw(struct mln_buf *out, struct mln_slice pack)
{
    mln_buf_add(out, pack);
}

static void put_items(struct mln_buf *out, const struct mln_value *v)
{
    put_head(out, v->kind == MLN_V_ARRAY ? MAJOR_ARRAY : MAJOR_MAP, v->items.count);
    for (const struct mln_value *i = v->items.first; i; i = i->next) {
        if (v->kind == MLN_V_OBJECT) {
            mln_pack_text(out, i->name);
        }
        mln_pack_value(out, i);
    }
}

void mln_pack_value(struct mln_buf *out, const struct mln_value *v)
{
    switch (v->kind) {
    case MLN_V_NULL:
        mln_pack_null(out);
        break;
    case MLN_V_BOOL:
        mln_pack_bool(out, v->boolean);
        break;
    case MLN_V_INT:
        put_int(out, v->is_negative, v->magnitude);
        break;
    case MLN_V_REAL:
        mln_pack_real(out, v->text);
        break;
    case MLN_V_TEXT:
        mln_pack_text(out, v->text);
        break;
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        put_items(out, v);
        break;
    }
}

/* ---- reading ---- */

struct head {
    unsigned major;
    bool is_open;
    uint64_t n;
};

static mln_err read_head(struct mln_slice *rest, struct head *ret)
{
    const unsigned char *p = (const unsigned char *)rest->ptr;
    unsigned info;
    size_t bytes;
    uint64_t n = 0;

    MLN_REQUIRE(rest->len > 0, STORE_CORRUPT);
    info = p[0] & 0x1F;
    ret->major = p[0] >> 5;
    ret->is_open = info == OPEN;
    if (info < 24 || info == OPEN) {
        ret->n = info == OPEN ? 0 : info;
        *rest = mln_slice_from(*rest, 1);
        return MLN_OK;
    }
    MLN_REQUIRE(info <= 27, STORE_CORRUPT);
    bytes = (size_t)1 << (info - 24);
    MLN_REQUIRE(rest->len > bytes, STORE_CORRUPT);
    for (size_t i = 1; i <= bytes; i++) {
        n = n << 8 | p[i];
    }
    ret->n = n;
    *rest = mln_slice_from(*rest, 1 + bytes);
    return MLN_OK;
}

static mln_err take_bytes(struct mln_slice *rest, uint64_t len, struct mln_slice *ret)
{
    MLN_REQUIRE(len <= rest->len, STORE_CORRUPT);
    *ret = mln_slice_head(*rest, (size_t)len);
    *rest = mln_slice_from(*rest, (size_t)len);
    return MLN_OK;
}

static mln_err read_text(struct mln_slice *rest, const struct head *h, enum mln_kind kind,
                         struct mln_item *ret)
{
    struct mln_slice text;

    MLN_REQUIRE(!h->is_open, STORE_CORRUPT);
    MLN_TRY(take_bytes(rest, h->n, &text));
    *ret = (struct mln_item){ .kind = kind, .text = text };
    return MLN_OK;
}

static mln_err read_real(struct mln_slice *rest, const struct head *tag, struct mln_item *ret)
{
    struct head h;

    MLN_REQUIRE(tag->n == MLN_PACK_TAG_REAL, STORE_CORRUPT);
    MLN_TRY(read_head(rest, &h));
    MLN_REQUIRE(h.major == MAJOR_TEXT, STORE_CORRUPT);
    return read_text(rest, &h, MLN_V_REAL, ret);
}

static mln_err read_int(const struct head *h, struct mln_item *ret)
{
    bool is_negative = h->major == MAJOR_NEGATIVE;

    MLN_REQUIRE(!h->is_open && (!is_negative || h->n <= (uint64_t)INT64_MAX), STORE_CORRUPT);
    *ret = (struct mln_item){ .kind = MLN_V_INT,
                              .is_negative = is_negative,
                              .magnitude = h->n + is_negative };
    return MLN_OK;
}

static mln_err read_simple(const struct head *h, struct mln_item *ret)
{
    MLN_REQUIRE(!h->is_open && h->n >= SIMPLE_FALSE && h->n <= SIMPLE_NULL, STORE_CORRUPT);
    *ret = (struct mln_item){ .kind = h->n == SIMPLE_NULL ? MLN_V_NULL : MLN_V_BOOL,
                              .boolean = h->n == SIMPLE_TRUE };
    return MLN_OK;
}

static mln_err read_container(struct mln_slice rest, const struct head *h, struct mln_item *ret)
{
    /* each element takes a byte at least: a larger count is damage */
    MLN_REQUIRE(h->is_open || h->n <= rest.len, STORE_CORRUPT);
    *ret = (struct mln_item){
        .kind = h->major == MAJOR_MAP ? MLN_V_OBJECT : MLN_V_ARRAY,
        .count = h->is_open ? MLN_PACK_OPEN : (size_t)h->n,
    };
    return MLN_OK;
}

static mln_err read_any(struct mln_slice *rest, struct mln_item *ret)
{
    struct head h;

    MLN_TRY(read_head(rest, &h));
    switch (h.major) {
    case MAJOR_UINT:
    case MAJOR_NEGATIVE:
        return read_int(&h, ret);
    case MAJOR_TEXT:
        return read_text(rest, &h, MLN_V_TEXT, ret);
    case MAJOR_ARRAY:
    case MAJOR_MAP:
        return read_container(*rest, &h, ret);
    case MAJOR_TAG:
        return read_real(rest, &h, ret);
    case MAJOR_SIMPLE:
        return read_simple(&h, ret);
    default:
        MLN_FAIL(STORE_CORRUPT);
    }
}

/* A short text, the commonest item. Field by field, because a copy of the whole slice just after
 * its fields were stored makes the processor wait. */
static inline bool read_short_text(struct mln_slice *rest, struct mln_item *ret)
{
    const char *at = rest->ptr;
    size_t left = rest->len;
    size_t len;

    if (left == 0 || (unsigned char)at[0] >> 5 != MAJOR_TEXT) {
        return false;
    }
    len = (unsigned char)at[0] & 0x1F;
    if (len >= 24 || len >= left) {
        return false;
    }
    *ret = (struct mln_item){ .kind = MLN_V_TEXT, .text = { at + 1, len } };
    rest->ptr = at + 1 + len;
    rest->len = left - 1 - len;
    return true;
}

mln_err mln_pack_read(struct mln_slice *rest, struct mln_item *ret)
{
    struct mln_slice at;

    if (read_short_text(rest, ret)) {
        return MLN_OK;
    }
    at = *rest;
    MLN_TRY(read_any(&at, ret));
    *rest = at;
    return MLN_OK;
}

bool mln_pack_more(struct mln_slice *rest, size_t count, size_t done)
{
    if (count != MLN_PACK_OPEN) {
        return done < count;
    }
    if (rest->len && (unsigned char)rest->ptr[0] == BREAK) {
        *rest = mln_slice_from(*rest, 1);
        return false;
    }
    return true;
}

static mln_err skip(struct mln_slice *rest, unsigned depth)
{
    struct mln_item item;

    MLN_REQUIRE(depth < MLN_PACK_DEPTH, STORE_CORRUPT);
    MLN_TRY(mln_pack_read(rest, &item));
    if (item.kind != MLN_V_ARRAY && item.kind != MLN_V_OBJECT) {
        return MLN_OK;
    }
    for (size_t done = 0; mln_pack_more(rest, item.count, done); done++) {
        if (item.kind == MLN_V_OBJECT) {
            MLN_TRY(skip(rest, depth + 1));
        }
        MLN_TRY(skip(rest, depth + 1));
    }
    return MLN_OK;
}

/* read_head for skip_plain, on plain pointers. */
static inline bool next_head(const unsigned char **at, const unsigned char *end,
                             unsigned *ret_major, uint64_t *ret_n)
{
    const unsigned char *p = *at;
    unsigned info;

    if (p == end) {
        return false;
    }
    *ret_major = *p >> 5;
    info = *p++ & 0x1F;
    *ret_n = info;
    if (info >= 24) {
        size_t bytes = (size_t)1 << (info & 3);

        if (info > 27 || (size_t)(end - p) < bytes) {
            return false;
        }
        for (*ret_n = 0; bytes > 0; bytes--) {
            *ret_n = *ret_n << 8 | *p++;
        }
    }
    *at = p;
    return true;
}

/* Skips an item by its heads alone, without a call for each level. False, and nothing skipped, when
 * it is damaged or not of the commonest kinds. */
static bool skip_plain(struct mln_slice *rest)
{
    const unsigned char *at = (const unsigned char *)rest->ptr;
    const unsigned char *end = at + rest->len;
    unsigned containers = 0;

    for (uint64_t left = 1; left > 0; left--) {
        unsigned major;
        uint64_t n;

        if (!next_head(&at, end, &major, &n)) {
            return false;
        }
        if (major == MAJOR_TEXT && n <= (uint64_t)(end - at)) {
            at += n;
        } else if (major == MAJOR_ARRAY || major == MAJOR_MAP) {
            if (n > (uint64_t)(end - at) || ++containers == MLN_PACK_DEPTH) {
                return false;
            }
            left += major == MAJOR_MAP ? 2 * n : n;
        } else if (major != MAJOR_UINT) {
            return false;
        }
    }
    *rest = mln_slice_from(*rest, rest->len - (size_t)(end - at));
    return true;
}

mln_err mln_pack_take(struct mln_slice *rest, struct mln_slice *ret)
{
    struct mln_slice at = *rest;

    if (!skip_plain(&at)) {
        MLN_TRY(skip(&at, 0));
    }
    *ret = mln_slice_head(*rest, rest->len - at.len);
    *rest = at;
    return MLN_OK;
}

void mln_walk_begin(struct mln_walk *w, struct mln_slice pack)
{
    struct mln_item head;

    *w = (struct mln_walk){ .rest = pack };
    if (mln_failed(mln_pack_read(&w->rest, &head)) ||
        (head.kind != MLN_V_ARRAY && head.kind != MLN_V_OBJECT)) {
        w->is_damaged = true;
        return;
    }
    w->is_map = head.kind == MLN_V_OBJECT;
    w->count = head.count;
}

bool mln_walk_next(struct mln_walk *w)
{
    if (w->is_damaged || !mln_pack_more(&w->rest, w->count, w->done)) {
        return false;
    }
    w->done++;
    if (w->is_map) {
        struct mln_item key;

        if (mln_failed(mln_pack_read(&w->rest, &key)) || key.kind != MLN_V_TEXT) {
            w->is_damaged = true;
            return false;
        }
        w->name = key.text;
    }
    if (mln_failed(mln_pack_take(&w->rest, &w->item))) {
        w->is_damaged = true;
        return false;
    }
    return true;
}

bool mln_pack_find(struct mln_slice map, struct mln_slice name, struct mln_slice *ret)
{
    struct mln_walk w;

    mln_walk_begin(&w, map);
    if (!w.is_map) {
        return false;
    }
    while (mln_walk_next(&w)) {
        if (mln_slice_eq(w.name, name)) {
            *ret = w.item;
            return true;
        }
    }
    return false;
}

bool mln_pack_text_of(struct mln_slice item, struct mln_slice *ret)
{
    struct mln_item i;

    if (mln_failed(mln_pack_read(&item, &i)) || i.kind != MLN_V_TEXT) {
        return false;
    }
    *ret = i.text;
    return true;
}

bool mln_pack_u64_of(struct mln_slice item, uint64_t *ret)
{
    struct mln_item i;

    if (mln_failed(mln_pack_read(&item, &i)) || i.kind != MLN_V_INT || i.is_negative) {
        return false;
    }
    *ret = i.magnitude;
    return true;
}

bool mln_pack_list_has(struct mln_slice list, uint64_t number)
{
    struct mln_walk w;
    uint64_t n;

    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_u64_of(w.item, &n) && n == number) {
            return true;
        }
    }
    return false;
}

bool mln_pack_find_text(struct mln_slice map, struct mln_slice name, struct mln_slice *ret)
{
    struct mln_slice item;

    return mln_pack_find(map, name, &item) && mln_pack_text_of(item, ret);
}

bool mln_pack_find_u64(struct mln_slice map, struct mln_slice name, uint64_t *ret)
{
    struct mln_slice item;

    return mln_pack_find(map, name, &item) && mln_pack_u64_of(item, ret);
}

bool mln_pack_find_bool(struct mln_slice map, struct mln_slice name, bool *ret)
{
    struct mln_slice item;
    struct mln_item i;

    if (!mln_pack_find(map, name, &item) || mln_failed(mln_pack_read(&item, &i)) ||
        i.kind != MLN_V_BOOL) {
        return false;
    }
    *ret = i.boolean;
    return true;
}

static mln_err to_value(struct mln_slice *rest, struct mln_arena *arena, unsigned depth,
                        struct mln_value **ret);

static mln_err items_to_value(struct mln_slice *rest, struct mln_arena *arena, unsigned depth,
                              struct mln_value *into)
{
    size_t count = into->items.count;

    into->items.count = 0;
    for (size_t done = 0; mln_pack_more(rest, count, done); done++) {
        struct mln_item key = { 0 };
        struct mln_value *child;

        if (into->kind == MLN_V_OBJECT) {
            MLN_TRY(mln_pack_read(rest, &key));
            MLN_REQUIRE(key.kind == MLN_V_TEXT, STORE_CORRUPT);
        }
        MLN_TRY(to_value(rest, arena, depth + 1, &child));
        MLN_TRY(mln_value_set(into, key.text, child));
    }
    return MLN_OK;
}

static mln_err to_value(struct mln_slice *rest, struct mln_arena *arena, unsigned depth,
                        struct mln_value **ret)
{
    struct mln_item item;
    struct mln_value *v;

    MLN_REQUIRE(depth < MLN_PACK_DEPTH, STORE_CORRUPT);
    MLN_TRY(mln_pack_read(rest, &item));
    v = mln_value_new(arena, item.kind);
    MLN_REQUIRE(v, NO_MEMORY);
    v->is_negative = item.is_negative;
    v->boolean = item.boolean;
    switch (item.kind) {
    case MLN_V_INT:
        v->magnitude = item.magnitude;
        break;
    case MLN_V_REAL:
    case MLN_V_TEXT:
        v->text = item.text;
        break;
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        v->items.count = item.count;
        MLN_TRY(items_to_value(rest, arena, depth, v));
        break;
    case MLN_V_NULL:
    case MLN_V_BOOL:
        break;
    }
    *ret = v;
    return MLN_OK;
}

mln_err mln_pack_to_value(struct mln_slice pack, struct mln_arena *arena, struct mln_value **ret)
{
    MLN_TRY(to_value(&pack, arena, 0, ret));
    MLN_REQUIRE(pack.len == 0, STORE_CORRUPT);
    return MLN_OK;
}
