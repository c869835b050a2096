/* Results on standard output. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "cli/session.h"

/* A pipe whose reader has what it wanted; errno may tell something later by now. */
static bool has_reader_left(void)
{
    struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

    return poll(&out, 1, 0) > 0 && (out.revents & POLLERR);
}

int mln_cli_finish_output(void)
{
    char text[128];
    bool is_flushed;

    errno = 0;
    is_flushed = fflush(stdout) == 0;
    if (is_flushed && !ferror(stdout)) {
        return MLN_CLI_OK;
    }
    if (!has_reader_left()) {
        mln_cli_say("standard output: %s",
                    errno ? strerror_r(errno, text, sizeof text) : "not all was written");
    }
    return MLN_CLI_FAILED;
}

void mln_cli_print_slice(FILE *out, struct mln_slice text)
{
    while (text.len) {
        size_t n = mln_utf8_printable(text);

        if (n == 0) {
            n = mln_utf8_char(text);
            (void)fputc('?', out);
        } else {
            (void)fwrite(text.ptr, 1, n, out);
        }
        text = mln_slice_from(text, n ? n : 1);
    }
}

void mln_cli_print_text(FILE *out, const char *text)
{
    mln_cli_print_slice(out, mln_slice_z(text));
}

/* One character of a JSON string: what must not reach a terminal, and has one to three bytes, as
 * \uXXXX. Returns its length. */
static size_t put_json_char(struct mln_slice text)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    size_t n = mln_utf8_char(text);
    unsigned code;

    if (n == 0 || mln_utf8_printable(text)) {
        n = n ? n : 1;
        (void)fwrite(p, 1, n, stdout);
        return n;
    }
    code = n == 1   ? p[0]
           : n == 2 ? (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU)
                    : (p[0] & 0xfU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
    (void)printf("\\u%04x", code);
    return n;
}

void mln_cli_print_json_string(const char *text)
{
    struct mln_slice rest = mln_slice_z(text);

    (void)putchar('"');
    while (rest.len) {
        if (rest.ptr[0] == '"' || rest.ptr[0] == '\\') {
            (void)putchar('\\');
        }
        rest = mln_slice_from(rest, put_json_char(rest));
    }
    (void)putchar('"');
}

static size_t plain_ascii(struct mln_slice text)
{
    size_t n = 0;

    while (n < text.len && text.ptr[n] >= ' ' && text.ptr[n] < 0x7f) {
        n++;
    }
    return n;
}

/* JSON text leaves DEL, C1 and the separators of lines as they are; they stand in strings only. */
static void put_json_text(const char *json)
{
    struct mln_slice rest = mln_slice_z(json);

    while (rest.len) {
        size_t end = mln_slice_find(rest, '\n');

        for (struct mln_slice line = mln_slice_head(rest, end); line.len;) {
            size_t n = plain_ascii(line);

            (void)fwrite(line.ptr, 1, n, stdout);
            line = mln_slice_from(line, n);
            line = mln_slice_from(line, line.len ? put_json_char(line) : 0);
        }
        (void)putchar('\n');
        rest = mln_slice_from(rest, end < rest.len ? end + 1 : end);
    }
}

static bool is_pretty(const struct mln_session *s)
{
    return s->format == MLN_CLI_FORMAT_PRETTY ||
           (s->format == MLN_CLI_FORMAT_DEFAULT && isatty(STDOUT_FILENO));
}

int mln_session_print_json(const struct mln_session *s, const struct merlon_json *value)
{
    char *text = merlon_json_write(value, is_pretty(s));

    if (!text) {
        mln_cli_say("out of memory");
        return MLN_CLI_FAILED;
    }
    put_json_text(text);
    merlon_free(text);
    return mln_cli_finish_output();
}

int mln_session_print(const struct mln_session *s, const struct merlon_response *response)
{
    const struct merlon_json *value = merlon_response_json(response);
    size_t size;
    const char *content = merlon_response_content(response, &size);

    if (value && s->format != MLN_CLI_FORMAT_RAW) {
        return mln_session_print_json(s, value);
    }
    if (size && s->format != MLN_CLI_FORMAT_RAW) {
        mln_cli_say("the content is not JSON: use --format raw");
        return MLN_CLI_FAILED;
    }
    (void)fwrite(content, 1, size, stdout);
    return mln_cli_finish_output();
}
