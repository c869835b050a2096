/* Writing a line piece by piece. */
#include "server/line.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "base/utf8.h"

void mln_line_put(struct mln_line *l, const char *text)
{
    size_t len = strlen(text);

    memcpy(l->out + l->len, text, len);
    l->len += len;
}

/* One character of a JSON text; returns how many bytes of the text it stood for. */
static size_t put_character(struct mln_line *l, struct mln_slice text)
{
    size_t n = mln_utf8_printable(text);
    char escape[8];

    if (n == 0) {
        /* bytes of no character as if they were Latin-1: nothing is lost, nothing gets through */
        n = mln_utf8_char(text);
        n = n ? n : 1;
        for (size_t i = 0; i < n; i++) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)(unsigned char)text.ptr[i]);
            mln_line_put(l, escape);
        }
        return n;
    }
    if (text.ptr[0] == '"' || text.ptr[0] == '\\') {
        l->out[l->len++] = '\\';
    }
    memcpy(l->out + l->len, text.ptr, n);
    l->len += n;
    return n;
}

static void put_name(struct mln_line *l, const char *name)
{
    mln_line_put(l, l->len && l->out[l->len - 1] != '{' ? ",\"" : "\"");
    mln_line_put(l, name);
    mln_line_put(l, "\":");
}

void mln_line_text(struct mln_line *l, const char *name, struct mln_slice text, size_t most)
{
    size_t from;
    size_t i = 0;

    if (!text.len) {
        return;
    }
    put_name(l, name);
    mln_line_put(l, "\"");
    for (from = l->len; i < text.len && l->len - from < most;) {
        i += put_character(l, mln_slice_from(text, i));
    }
    mln_line_put(l, i < text.len ? "\xe2\x80\xa6\"" : "\"");
}

void mln_line_number(struct mln_line *l, const char *name, unsigned long long n)
{
    char text[32];

    put_name(l, name);
    (void)snprintf(text, sizeof text, "%llu", n);
    mln_line_put(l, text);
}

void mln_line_time(struct mln_line *l, const char *name, int64_t us)
{
    char text[MLN_TIMESTAMP_SIZE];

    mln_timestamp_format(text, us);
    mln_line_text(l, name, (struct mln_slice){ text, sizeof text }, sizeof text);
}
