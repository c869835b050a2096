/* Writing a line piece by piece. */
#include "server/audit_line.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "base/utf8.h"

/* Bytes of values, escaped: identifiers are shorter, an attacker's need not be. */
enum {
    NAME = 800,
    SHORT = 120,
    SENTENCE = 300,
    OVER = 64, /* name, quotes, and what the last character goes beyond */
    FIXED = 256,
};

struct line {
    char *out;
    size_t len;
};

/* There is room for every line that can be made: see the sizes. */
static void put(struct line *l, const char *text)
{
    size_t len = strlen(text);

    memcpy(l->out + l->len, text, len);
    l->len += len;
}

/* One character of a JSON text; returns how many bytes of the text it stood for. */
static size_t put_character(struct line *l, struct mln_slice text)
{
    size_t n = mln_utf8_printable(text);
    char escape[8];

    if (n == 0) {
        /* bytes of no character as if they were Latin-1: nothing is lost, nothing gets through */
        n = mln_utf8_char(text);
        n = n ? n : 1;
        for (size_t i = 0; i < n; i++) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)(unsigned char)text.ptr[i]);
            put(l, escape);
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

static void put_text(struct line *l, const char *name, struct mln_slice text, size_t most)
{
    size_t from;
    size_t i = 0;

    if (!text.len) {
        return;
    }
    put(l, ",\"");
    put(l, name);
    put(l, "\":\"");
    for (from = l->len; i < text.len && l->len - from < most;) {
        i += put_character(l, mln_slice_from(text, i));
    }
    put(l, i < text.len ? "\xe2\x80\xa6\"" : "\"");
}

static void put_number(struct line *l, const char *name, unsigned long long n)
{
    char text[64];

    (void)snprintf(text, sizeof text, ",\"%s\":%llu", name, n);
    put(l, text);
}

static const char *operation_of(enum mln_op op)
{
    static const char *const names[] = {
        [MLN_OP_CREATE] = "create", [MLN_OP_RETRIEVE] = "retrieve", [MLN_OP_UPDATE] = "update",
        [MLN_OP_DELETE] = "delete", [MLN_OP_NOTIFY] = "notify",
    };

    return (size_t)op < sizeof names / sizeof names[0] && names[op] ? names[op] : "";
}

_Static_assert(3 * (NAME + OVER) + 4 * (SHORT + OVER) + SENTENCE + OVER + FIXED <= MLN_AUDIT_LINE,
               "what mln_audit_line puts");

size_t mln_audit_line(const struct mln_audit_event *event, char out[static MLN_AUDIT_LINE])
{
    struct line l = { .out = out };
    char now[MLN_TIMESTAMP_SIZE];

    mln_timestamp_format(now, event->time_us);
    put(&l, "{\"time\":\"");
    memcpy(l.out + l.len, now, sizeof now);
    l.len += sizeof now;
    put(&l, "\"");
    put_text(&l, "from", event->originator, NAME);
    put_text(&l, "to", event->target, NAME);
    put_text(&l, "operation", mln_slice_z(operation_of(event->op)), SHORT);
    if (event->ty) {
        put_number(&l, "type", event->ty);
    }
    put_number(&l, "rsc", event->rsc);
    put_text(&l, "error", mln_slice_z(event->error), SHORT);
    put_text(&l, "reason", mln_slice_z(event->reason), SENTENCE);
    put_text(&l, "request", event->request_id, SHORT);
    put_text(&l, "credential", event->credential_id, NAME);
    put_text(&l, "peer", mln_slice_z(event->peer), SHORT);
    put(&l, event->is_denied ? ",\"denied\":true" : "");
    put(&l, event->is_admin ? ",\"admin\":true" : "");
    put(&l, event->is_member ? ",\"member\":true" : "");
    put(&l, "}\n");
    return l.len;
}
