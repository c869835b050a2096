/* Slices: borrowed text or bytes as pointer and length, never NUL-terminated.
 *
 * A slice does not own what it points at; the comment at each producer says how long it lives.
 * All functions are pure and may be called from any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mln_slice {
    const char *ptr;
    size_t len;
};

/* A slice over a string literal. */
#define MLN_S(literal) ((struct mln_slice){ (literal), sizeof(literal) - 1 })

/* The two arguments of "%.*s". */
#define MLN_S_ARG(s) ((int)((s).len > 4096 ? 4096 : (s).len)), ((s).ptr ? (s).ptr : "")

static inline struct mln_slice mln_slice_of(const char *ptr, size_t len)
{
    return (struct mln_slice){ ptr, len };
}

/* A slice over a NUL-terminated string; NULL gives an empty slice. */
static inline struct mln_slice mln_slice_z(const char *text)
{
    return (struct mln_slice){ text, text ? strlen(text) : 0 };
}

static inline bool mln_slice_eq(struct mln_slice a, struct mln_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* A capital of ASCII as small letter; every other byte stays as it is, in any locale. */
static inline char mln_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Equal but for the letter case of ASCII: domain names, media types. */
static inline bool mln_slice_eq_nocase(struct mln_slice a, struct mln_slice b)
{
    for (size_t i = 0; i < a.len && a.len == b.len; i++) {
        if (mln_lower(a.ptr[i]) != mln_lower(b.ptr[i])) {
            return false;
        }
    }
    return a.len == b.len;
}

/* Byte order; a prefix sorts before the longer slice. */
static inline int mln_slice_cmp(struct mln_slice a, struct mln_slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static inline bool mln_slice_starts(struct mln_slice s, struct mln_slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool mln_slice_ends(struct mln_slice s, struct mln_slice suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* The part from offset `from` on; empty when `from` lies beyond the end. */
static inline struct mln_slice mln_slice_from(struct mln_slice s, size_t from)
{
    return from >= s.len ? (struct mln_slice){ s.ptr ? s.ptr + s.len : NULL, 0 }
                         : (struct mln_slice){ s.ptr + from, s.len - from };
}

/* At most the first `len` bytes. */
static inline struct mln_slice mln_slice_head(struct mln_slice s, size_t len)
{
    return (struct mln_slice){ s.ptr, len < s.len ? len : s.len };
}

/* Offset of the first `c`, or s.len. */
static inline size_t mln_slice_find(struct mln_slice s, char c)
{
    const char *hit = s.len ? memchr(s.ptr, c, s.len) : NULL;

    return hit ? (size_t)(hit - s.ptr) : s.len;
}

/* Cuts *rest at the first `separator`: returns what stands before it and moves *rest behind it.
 * Without a separator the whole is returned and *rest becomes empty with ptr NULL. */
static inline struct mln_slice mln_slice_cut(struct mln_slice *rest, char separator)
{
    size_t at = mln_slice_find(*rest, separator);
    struct mln_slice head = mln_slice_head(*rest, at);

    *rest = at == rest->len ? mln_slice_of(NULL, 0) : mln_slice_from(*rest, at + 1);
    return head;
}

/* Without the bytes space and tab at both ends. */
static inline struct mln_slice mln_slice_trim(struct mln_slice s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s = mln_slice_from(s, 1);
    }
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}
