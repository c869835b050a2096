/* Growing buffers. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/num.h"

enum { FIRST_SIZE = 256 };

void mln_buf_init(struct mln_buf *buf, struct mln_arena *arena, size_t max)
{
    *buf = (struct mln_buf){ .arena = arena, .max = max };
}

static bool grow(struct mln_buf *buf, size_t need)
{
    size_t cap = buf->cap ? buf->cap : FIRST_SIZE;
    char *ptr;

    while (cap < need && cap <= buf->max / 2) {
        cap *= 2;
    }
    if (cap < need || cap > buf->max) {
        cap = buf->max; /* not less than needed: the caller has looked */
    }
    ptr = mln_arena_grow(buf->arena, buf->ptr, buf->cap, cap);
    if (!ptr) {
        buf->failed = MLN_ERR_NO_MEMORY;
        return false;
    }
    buf->ptr = ptr;
    buf->cap = cap;
    return true;
}

char *mln_buf_reserve(struct mln_buf *buf, size_t len)
{
    char *at;

    if (buf->failed) {
        return NULL;
    }
    if (len > buf->max - buf->len) {
        buf->failed = MLN_ERR_LIMIT;
        return NULL;
    }
    if (len > buf->cap - buf->len && !grow(buf, buf->len + len)) {
        return NULL;
    }
    at = buf->ptr + buf->len;
    buf->len += len;
    return at;
}

void mln_buf_add(struct mln_buf *buf, struct mln_slice s)
{
    char *at = s.len ? mln_buf_reserve(buf, s.len) : NULL;

    if (at) {
        memcpy(at, s.ptr, s.len);
    }
}

void mln_buf_byte(struct mln_buf *buf, char c)
{
    char *at = mln_buf_reserve(buf, 1);

    if (at) {
        *at = c;
    }
}

void mln_buf_u64(struct mln_buf *buf, uint64_t n)
{
    char digits[MLN_NUM_U64_SIZE];
    size_t len = mln_num_put_u64(digits, n);

    mln_buf_add(buf, mln_slice_of(digits, len));
}

void mln_buf_printf(struct mln_buf *buf, const char *format, ...)
{
    char text[512];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof text) {
        buf->failed = buf->failed ? buf->failed : MLN_ERR_LIMIT;
        return;
    }
    mln_buf_add(buf, mln_slice_of(text, (size_t)len));
}

void mln_buf_rewind(struct mln_buf *buf, size_t len)
{
    buf->len = len;
    if (buf->failed == MLN_ERR_LIMIT) {
        buf->failed = MLN_ERR_NONE;
    }
}

mln_err mln_buf_finish(const struct mln_buf *buf, struct mln_slice *ret)
{
    if (buf->failed) {
        return (mln_err){ buf->failed };
    }
    *ret = mln_slice_of(buf->ptr ? buf->ptr : "", buf->len);
    return MLN_OK;
}
