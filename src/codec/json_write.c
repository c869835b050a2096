/* Packs and trees to JSON texts.
 *
 * Writes straight into the free room of the buffer and asks for more only when that is used up.
 * Room is asked for exactly, so that a text of the buffer's maximum still fits. */
#include "base/num.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "codec/json_int.h"
#include "model/decimal.h"
#include "model/pack.h"

struct writer {
    struct mln_buf *out;
    char *at; /* where the next byte goes, in the buffer's room */
    char *end;
    bool is_pretty;
};

/* ---- room ---- */

/* Where a writer without room stands. */
static char nowhere[1];

static void begin(struct writer *w, struct mln_buf *out, bool is_pretty)
{
    *w = (struct writer){ .out = out, .at = nowhere, .end = nowhere, .is_pretty = is_pretty };
    if (!out->failed && out->ptr) {
        w->at = out->ptr + out->len;
        w->end = out->ptr + out->cap;
    }
}

/* Tells the buffer how far the text goes. */
static void finish(struct writer *w)
{
    if (w->at != nowhere) {
        w->out->len = (size_t)(w->at - w->out->ptr);
    }
}

static __attribute__((noinline)) bool more_room(struct writer *w, size_t len)
{
    char *at;

    finish(w);
    w->at = nowhere;
    w->end = nowhere;
    at = mln_buf_reserve(w->out, len);
    if (!at) {
        return false;
    }
    w->out->len -= len; /* it counts when it is written */
    w->at = at;
    w->end = w->out->ptr + w->out->cap;
    return true;
}

/* False when the buffer has failed: then nothing more is written. */
static inline bool room(struct writer *w, size_t len)
{
    return (size_t)(w->end - w->at) >= len || more_room(w, len);
}

static inline void put_char(struct writer *w, char c)
{
    if (room(w, 1)) {
        *w->at++ = c;
    }
}

static void put_raw(struct writer *w, struct mln_slice s)
{
    if (s.len && room(w, s.len)) {
        memcpy(w->at, s.ptr, s.len);
        w->at += s.len;
    }
}

/* ---- scalars ---- */

static void put_escape(struct writer *w, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters['\\' + 1] = {
        ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
        ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
    };
    char letter = letters[c];

    if (!room(w, letter ? 2 : 6)) {
        return;
    }
    *w->at++ = '\\';
    if (letter) {
        *w->at++ = letter;
        return;
    }
    memcpy(w->at, "u00", 3);
    w->at[3] = hex[c >> 4];
    w->at[4] = hex[c & 15];
    w->at += 5;
}

/* Length of the well-formed characters beyond ASCII at the start, or 0. */
static size_t foreign_len(struct mln_slice s)
{
    size_t len = 0;

    while (len < s.len && (signed char)s.ptr[len] < 0) {
        size_t n = mln_utf8_char(mln_slice_from(s, len));

        if (n == 0) {
            return 0;
        }
        len += n;
    }
    return len;
}

/* What the fast path stopped at and all behind it. Errors: STORE_CORRUPT (not UTF-8). */
static mln_err put_special(struct writer *w, struct mln_slice rest)
{
    while (rest.len) {
        const char *end = rest.ptr + rest.len;
        unsigned char c = (unsigned char)rest.ptr[0];
        size_t len;

        if (c < 0x20 || c == '"' || c == '\\') {
            put_escape(w, c);
            rest = mln_slice_from(rest, 1);
            continue;
        }
        len = c < 0x80 ? (size_t)(mln_json_plain(rest.ptr, end) - rest.ptr) : foreign_len(rest);
        MLN_REQUIRE(len > 0, STORE_CORRUPT);
        put_raw(w, mln_slice_head(rest, len));
        rest = mln_slice_from(rest, len);
    }
    return MLN_OK;
}

/* With quotes. Errors: STORE_CORRUPT (not UTF-8). */
static mln_err put_text(struct writer *w, struct mln_slice text)
{
    const char *at = text.len ? text.ptr : "";
    const char *end = at + text.len;
    char *to;

    if (!room(w, text.len + 2)) {
        return MLN_OK;
    }
    to = w->at;
    *to++ = '"';
    while (end - at >= 8) {
        uint64_t eight;

        memcpy(&eight, at, 8);
        if (mln_json_special8(eight)) {
            break;
        }
        memcpy(to, &eight, 8);
        at += 8;
        to += 8;
    }
    while (at < end && !mln_json_is_special((unsigned char)*at)) {
        *to++ = *at++;
    }
    w->at = to;
    if (at < end) {
        MLN_TRY(put_special(w, mln_slice_of(at, (size_t)(end - at))));
    }
    put_char(w, '"');
    return MLN_OK;
}

static void put_int(struct writer *w, bool is_negative, uint64_t magnitude)
{
    char digits[1 + MLN_NUM_U64_SIZE] = { '-' };
    size_t len = mln_num_put_u64(digits + 1, magnitude);

    put_raw(w, mln_slice_of(digits + !is_negative, len + is_negative));
}

static mln_err put_scalar(struct writer *w, const struct mln_item *item)
{
    switch (item->kind) {
    case MLN_V_BOOL:
        put_raw(w, item->boolean ? MLN_S("true") : MLN_S("false"));
        break;
    case MLN_V_INT:
        put_int(w, item->is_negative, item->magnitude);
        break;
    case MLN_V_REAL:
        /* what is no number must not reach an answer through a pack */
        MLN_REQUIRE(mln_decimal_is_number(item->text), STORE_CORRUPT);
        put_raw(w, item->text);
        break;
    case MLN_V_TEXT:
        return put_text(w, item->text);
    case MLN_V_NULL:
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        put_raw(w, MLN_S("null"));
        break;
    }
    return MLN_OK;
}

/* ---- packs ---- */

static mln_err write_item(struct writer *w, struct mln_slice *rest, unsigned depth);

static mln_err write_items(struct writer *w, struct mln_slice *rest, const struct mln_item *head,
                           unsigned depth)
{
    bool is_map = head->kind == MLN_V_OBJECT;

    MLN_REQUIRE(depth < MLN_PACK_DEPTH, STORE_CORRUPT);
    put_char(w, is_map ? '{' : '[');
    for (size_t done = 0; mln_pack_more(rest, head->count, done); done++) {
        if (done) {
            put_char(w, ',');
        }
        if (is_map) {
            struct mln_item key;

            MLN_TRY(mln_pack_read(rest, &key));
            MLN_REQUIRE(key.kind == MLN_V_TEXT, STORE_CORRUPT);
            MLN_TRY(put_text(w, key.text));
            put_char(w, ':');
        }
        MLN_TRY(write_item(w, rest, depth + 1));
    }
    put_char(w, is_map ? '}' : ']');
    return MLN_OK;
}

static mln_err write_item(struct writer *w, struct mln_slice *rest, unsigned depth)
{
    struct mln_item item;

    MLN_TRY(mln_pack_read(rest, &item));
    if (item.kind == MLN_V_ARRAY || item.kind == MLN_V_OBJECT) {
        return write_items(w, rest, &item, depth);
    }
    return put_scalar(w, &item);
}

mln_err mln_json_write(struct mln_buf *out, struct mln_slice pack)
{
    struct writer w;
    mln_err err;

    begin(&w, out, false);
    err = write_item(&w, &pack, 0);
    finish(&w);
    MLN_TRY(err);
    MLN_REQUIRE(pack.len == 0, STORE_CORRUPT);
    return MLN_OK;
}

/* ---- trees ---- */

static void new_line(struct writer *w, unsigned depth)
{
    if (w->is_pretty) {
        put_char(w, '\n');
        for (unsigned i = 0; i < depth; i++) {
            put_raw(w, MLN_S("  "));
        }
    }
}

static mln_err write_tree(struct writer *w, const struct mln_value *v, unsigned depth);

static mln_err write_members(struct writer *w, const struct mln_value *v, unsigned depth)
{
    bool is_map = v->kind == MLN_V_OBJECT;

    MLN_REQUIRE(depth < MLN_PACK_DEPTH, LIMIT);
    put_char(w, is_map ? '{' : '[');
    for (const struct mln_value *i = v->items.first; i; i = i->next) {
        new_line(w, depth + 1);
        if (is_map) {
            MLN_TRY(put_text(w, i->name));
            put_raw(w, w->is_pretty ? MLN_S(": ") : MLN_S(":"));
        }
        MLN_TRY(write_tree(w, i, depth + 1));
        if (i->next) {
            put_char(w, ',');
        }
    }
    if (v->items.first) {
        new_line(w, depth);
    }
    put_char(w, is_map ? '}' : ']');
    return MLN_OK;
}

static mln_err write_tree(struct writer *w, const struct mln_value *v, unsigned depth)
{
    struct mln_item item = { .kind = v->kind,
                             .is_negative = v->is_negative,
                             .boolean = v->boolean };

    switch (v->kind) {
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        return write_members(w, v, depth);
    case MLN_V_INT:
        item.magnitude = v->magnitude;
        break;
    case MLN_V_TEXT:
    case MLN_V_REAL:
        item.text = v->text;
        break;
    case MLN_V_NULL:
    case MLN_V_BOOL:
        break;
    }
    return put_scalar(w, &item);
}

void mln_json_write_value(struct mln_buf *out, const struct mln_value *v, bool is_pretty)
{
    struct writer w;
    mln_err err;

    begin(&w, out, is_pretty);
    err = write_tree(&w, v, 0);
    finish(&w);
    if (mln_failed(err) && !out->failed) {
        out->failed = err.code;
    }
}
