/* Reading whole files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/session.h"

enum { PIECE = 65536 };

static mln_err fail(const char *path, struct mln_fault *fault)
{
    char text[128];

    mln_fault_set(fault, "%s: %s", path, strerror_r(errno, text, sizeof text));
    MLN_FAIL(SYSTEM);
}

static mln_err read_all(int fd, const char *path, struct mln_buf *out, struct mln_fault *fault)
{
    ssize_t n;

    do {
        char *room = mln_buf_reserve(out, PIECE);

        if (!room) {
            mln_fault_set(fault, "%s: %s", path,
                          out->failed == MLN_ERR_LIMIT ? "too large" : "out of memory");
            return (mln_err){ out->failed };
        }
        do {
            n = read(fd, room, PIECE);
        } while (n < 0 && errno == EINTR);
        out->len -= PIECE - (n > 0 ? (size_t)n : 0);
    } while (n > 0);
    return n < 0 ? fail(path, fault) : MLN_OK;
}

mln_err mln_cli_read_file(const char *path, size_t max, struct mln_arena *arena,
                          struct mln_slice *ret, struct mln_fault *fault)
{
    bool is_standard = strcmp(path, "-") == 0;
    int fd = is_standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct mln_buf out;
    struct mln_slice text = { 0 };
    mln_err err;

    if (fd < 0) {
        return fail(path, fault);
    }
    mln_buf_init(&out, arena, max + PIECE);
    err = read_all(fd, is_standard ? "standard input" : path, &out, fault);
    if (!is_standard) {
        (void)close(fd);
    }
    MLN_TRY(err);
    mln_buf_byte(&out, '\0');
    MLN_TRY(mln_buf_finish(&out, &text));
    *ret = mln_slice_head(text, text.len - 1);
    return MLN_OK;
}
