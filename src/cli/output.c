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

void mln_cli_print_text(FILE *out, const char *text)
{
    struct mln_slice rest = mln_slice_z(text);

    while (rest.len) {
        size_t n = mln_utf8_char(rest);
        unsigned char c = (unsigned char)rest.ptr[0];

        if (n == 0 || c < ' ' || c == 0x7f) {
            (void)fputc('?', out);
        } else {
            (void)fwrite(rest.ptr, 1, n, out);
        }
        rest = mln_slice_from(rest, n ? n : 1);
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
    (void)puts(text);
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
