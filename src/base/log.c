/* Log lines. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/timestamp.h"
#include "base/utf8.h"

enum { LINE_SIZE = 1024 };

static const char *const words[] = { "error", "warning", "info", "debug" };

/* before a program says otherwise; the client library never does */
static enum mln_log_level threshold = MLN_LOG_WARNING;
static bool as_json;

void mln_log_setup(enum mln_log_level level, bool is_json)
{
    threshold = level;
    as_json = is_json;
}

bool mln_log_enabled(enum mln_log_level level)
{
    return level <= threshold;
}

/* Copies what is printable; '?' for the rest; escapes quotes for JSON. */
static size_t put_clean(char *out, size_t room, struct mln_slice text)
{
    size_t at = 0;
    size_t i = 0;

    while (i < text.len && at + 8 < room) {
        size_t n = mln_utf8_printable(mln_slice_from(text, i));

        if (n == 0) {
            out[at++] = '?';
            i++;
            continue;
        }
        if (as_json && (text.ptr[i] == '"' || text.ptr[i] == '\\')) {
            out[at++] = '\\';
        }
        memcpy(out + at, text.ptr + i, n);
        at += n;
        i += n;
    }
    return at;
}

static size_t put_prefix(char *line, enum mln_log_level level, const char *area)
{
    char now[MLN_TIMESTAMP_SIZE];
    int len;

    mln_timestamp_format(now, mln_env_now_us(mln_env_system()));
    len = snprintf(line, LINE_SIZE,
                   as_json ? "{\"time\":\"%.*s\",\"level\":\"%s\",\"area\":\"%s\",\"text\":\""
                           : "%.*s %-7s %-6s ",
                   MLN_TIMESTAMP_SIZE, now, words[level], area);
    return len > 0 ? (size_t)len : 0;
}

void mln_log(enum mln_log_level level, const char *area, const char *format, ...)
{
    char text[LINE_SIZE];
    char line[LINE_SIZE + 128];
    va_list args;
    size_t len;

    if (!mln_log_enabled(level)) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    len = put_prefix(line, level, area);
    len += put_clean(line + len, sizeof line - len - 4, mln_slice_z(text));
    if (as_json) {
        line[len++] = '"';
        line[len++] = '}';
    }
    line[len++] = '\n';
    if (write(STDERR_FILENO, line, len) < 0) {
        return; /* nowhere left to say it */
    }
}
