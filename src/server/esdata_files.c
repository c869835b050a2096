/* `merlon esdata` on files and pipes: what is protected goes through in pieces, what is opened is
 * read as a whole first. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "crypto/files.h"
#include "server/esdata_command.h"

enum { PIECE = 1 << 20, SHOW_EVERY_US = 200000, SHOW_AFTER_US = 1000000, MEGA = 1000000 };

/* ---- progress ---- */

/* Shown where somebody looks and it takes long. */
struct progress {
    bool is_on;
    bool was_shown;
    uint64_t bytes;
    int64_t next_us;
};

static struct progress progress_new(void)
{
    return (struct progress){ .is_on = isatty(STDERR_FILENO) == 1,
                              .next_us = mln_env_now_us(mln_env_system()) + SHOW_AFTER_US };
}

static void progress_add(struct progress *p, size_t bytes)
{
    int64_t now = mln_env_now_us(mln_env_system());

    p->bytes += bytes;
    if (p->is_on && now >= p->next_us) {
        (void)fprintf(stderr, "\rmerlon esdata: %llu MB", (unsigned long long)(p->bytes / MEGA));
        p->was_shown = true;
        p->next_us = now + SHOW_EVERY_US;
    }
}

static void progress_end(const struct progress *p)
{
    if (p->was_shown) {
        (void)fprintf(stderr, "\r\033[K");
    }
}

/* ---- input ---- */

static mln_err open_input(const char *path, struct mln_fault *fault, int *ret)
{
    *ret = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return *ret < 0 ? mln_file_error(fault, "open", path) : MLN_OK;
}

static void close_input(const int *fd)
{
    if (*fd > STDERR_FILENO) {
        (void)close(*fd);
    }
}

/* As many bytes as fit, 0 at the end. */
static mln_err read_piece(int fd, const char *path, char *room, size_t size,
                          struct mln_fault *fault, size_t *ret)
{
    ssize_t len = 0;

    *ret = 0;
    do {
        len = read(fd, room + *ret, size - *ret);
        *ret += len > 0 ? (size_t)len : 0;
    } while ((len > 0 && *ret < size) || (len < 0 && errno == EINTR));
    return len < 0 ? mln_file_error(fault, "read", path) : MLN_OK;
}

/* All of the input, at most `most` bytes. */
static mln_err read_all(const char *path, size_t most, struct mln_arena *arena,
                        struct mln_fault *fault, struct mln_slice *ret)
{
    struct progress progress = progress_new();
    int fd MLN_CLEANUP(close_input) = -1;
    struct mln_buf out;
    size_t len = PIECE;

    MLN_TRY(open_input(path, fault, &fd));
    mln_buf_init(&out, arena, most + PIECE);
    while (len == PIECE && out.len <= most) {
        size_t before = out.len;
        char *room = mln_buf_reserve(&out, PIECE);

        MLN_REQUIRE(room, NO_MEMORY);
        MLN_TRY(read_piece(fd, path, room, PIECE, fault, &len));
        mln_buf_rewind(&out, before + len);
        progress_add(&progress, len);
    }
    progress_end(&progress);
    if (out.len > most) {
        mln_fault_set(fault,
                      "the input has more than %zu bytes, and is held in memory until all of it "
                      "was checked: --most BYTES allows more",
                      most);
        MLN_FAIL(LIMIT);
    }
    return mln_buf_finish(&out, ret);
}

/* ---- output ---- */

/* A file is written beside its place and put there at the end. */
struct output {
    const char *path; /* NULL: standard output */
    char part[MLN_PATH_MAX];
    int fd;
    char last;
};

/* What somebody who interrupts would leave behind; the command writes one file. */
static char unfinished[MLN_PATH_MAX];
static volatile sig_atomic_t is_unfinished;

static void on_interrupt(int number)
{
    if (is_unfinished) {
        (void)unlink(unfinished);
    }
    (void)raise(number); /* ends the process: the handler counts once */
}

static void watch_interrupts(const struct output *out)
{
    struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND };

    memcpy(unfinished, out->part, sizeof unfinished);
    is_unfinished = 1;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

static void output_drop(struct output *out)
{
    is_unfinished = 0;
    if (out->path && out->fd >= 0) {
        (void)close(out->fd);
        (void)unlink(out->part);
    }
}

/* What comes into the place of a device or a link would take it away from others. */
static bool is_replaceable(const char *path)
{
    struct stat st;

    return lstat(path, &st) != 0 || S_ISREG(st.st_mode);
}

static mln_err output_new(const char *path, struct mln_fault *fault, struct output *ret)
{
    *ret = (struct output){ .path = path, .fd = STDOUT_FILENO };
    if (!path) {
        return MLN_OK;
    }
    ret->fd = -1;
    if ((size_t)snprintf(ret->part, sizeof ret->part, "%s.part", path) >= sizeof ret->part) {
        mln_fault_set(fault, "the path of the output is too long");
        MLN_FAIL(CONFIG);
    }
    if (!is_replaceable(path)) {
        mln_fault_set(
            fault, "cannot write %s: is no file; without --out it goes to standard output", path);
        MLN_FAIL(CONFIG);
    }
    ret->fd = open(ret->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (ret->fd < 0) {
        return mln_file_error(fault, "write", ret->part);
    }
    watch_interrupts(ret);
    return MLN_OK;
}

static mln_err output_write(void *data, struct mln_slice piece)
{
    struct output *out = data;
    size_t done = 0;

    while (done < piece.len) {
        ssize_t len = write(out->fd, piece.ptr + done, piece.len - done);

        MLN_REQUIRE(len >= 0 || errno == EINTR, SYSTEM);
        done += len > 0 ? (size_t)len : 0;
    }
    if (piece.ptr && piece.len) {
        out->last = piece.ptr[piece.len - 1];
    }
    return MLN_OK;
}

static mln_err output_end(struct output *out, struct mln_fault *fault)
{
    if (!out->path) {
        /* for who looks at it; a pipe gets the bytes and nothing else */
        return isatty(out->fd) == 1 && out->last != '\n' ? output_write(out, MLN_S("\n")) : MLN_OK;
    }
    if (fsync(out->fd) != 0 || rename(out->part, out->path) != 0) {
        return mln_file_error(fault, "write", out->path);
    }
    is_unfinished = 0;
    (void)close(out->fd);
    out->fd = -1;
    return MLN_OK;
}

static mln_err write_failed(mln_err err, struct mln_fault *fault)
{
    if (err.code == MLN_ERR_SYSTEM) {
        mln_fault_set(fault, "cannot write the output: %s", strerror(errno));
    }
    return err;
}

/* ---- making ---- */

static void drop_piece(char **room)
{
    if (*room) {
        mln_wipe(*room, PIECE);
        mln_free(*room);
    }
}

static mln_err pump(int fd, const char *path, struct mln_esdata_stream *stream,
                    struct mln_fault *fault)
{
    char *room MLN_CLEANUP(drop_piece) = mln_malloc(PIECE);
    struct progress progress = progress_new();
    size_t len = PIECE;

    MLN_REQUIRE(room, NO_MEMORY);
    while (len == PIECE) {
        MLN_TRY(read_piece(fd, path, room, PIECE, fault, &len));
        MLN_TRY(write_failed(mln_esdata_stream_add(stream, mln_slice_of(room, len)), fault));
        progress_add(&progress, len);
    }
    progress_end(&progress);
    return write_failed(mln_esdata_stream_end(stream), fault);
}

static mln_err make_in_pieces(const struct mln_esdata_settings *s,
                              const struct mln_esdata_draft *draft, struct output *out,
                              struct mln_fault *fault)
{
    struct mln_esdata_stream *stream MLN_CLEANUP(mln_esdata_stream_freep) = NULL;
    int fd MLN_CLEANUP(close_input) = -1;

    MLN_TRY(open_input(s->file, fault, &fd));
    MLN_TRY(mln_esdata_stream_new(draft, output_write, out, fault, &stream));
    return pump(fd, s->file, stream, fault);
}

static mln_err make_at_once(const struct mln_esdata_settings *s,
                            const struct mln_esdata_draft *draft, size_t most, struct output *out,
                            struct mln_fault *fault)
{
    struct mln_arena *arena MLN_CLEANUP(mln_arena_freep) = mln_arena_new(most * 8 + (32U << 20));
    struct mln_slice payload;
    struct mln_slice envelope;

    MLN_REQUIRE(arena, NO_MEMORY);
    mln_arena_hold_secrets(arena);
    MLN_TRY(read_all(s->file, most, arena, fault, &payload));
    MLN_TRY(mln_esdata_protect(draft, payload, arena, fault, &envelope));
    return write_failed(output_write(out, envelope), fault);
}

mln_err mln_esdata_make(const struct mln_esdata_settings *s, const struct mln_esdata_draft *draft,
                        size_t most, struct mln_fault *fault)
{
    struct output out MLN_CLEANUP(output_drop) = { .fd = -1 };
    bool is_xml = draft->form == MLN_ESDATA_XML || draft->form == MLN_ESDATA_XML_BASE64;

    MLN_TRY(output_new(s->out, fault, &out));
    MLN_TRY(is_xml ? make_at_once(s, draft, most, &out, fault)
                   : make_in_pieces(s, draft, &out, fault));
    return output_end(&out, fault);
}

/* ---- taking ---- */

static struct mln_slice without_line_ends(struct mln_slice s)
{
    while (s.len && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r')) {
        s.len--;
    }
    return s;
}

static struct mln_slice or_unnamed(struct mln_slice name)
{
    return name.len ? name : MLN_S("(no name)");
}

/* Who, for people; names are those of the envelope and may hold anything. */
static void tell(const struct mln_esdata *found)
{
    struct mln_fault line;

    for (size_t i = 0; i < found->signer_count; i++) {
        const struct mln_esdata_party *p = &found->signers[i];
        struct mln_slice who = p->entity.len ? p->entity : or_unnamed(p->name);

        mln_fault_clear(&line);
        mln_fault_set(&line, "signed by %.*s with %s", MLN_S_ARG(who),
                      mln_jose_sig_row(p->sig)->name);
        (void)fprintf(stderr, "%s\n", line.text);
    }
    for (size_t i = 0; i < found->recipient_count; i++) {
        const struct mln_esdata_party *p = &found->recipients[i];
        struct mln_slice who = or_unnamed(p->name);

        mln_fault_clear(&line);
        mln_fault_set(&line, "readable by %.*s%s with %s and %s", MLN_S_ARG(who),
                      p->is_ours ? " (this key)" : "", mln_jose_wrap_row(p->wrap)->name,
                      mln_jose_enc_row(found->enc)->name);
        (void)fprintf(stderr, "%s\n", line.text);
    }
}

static bool is_for_terminals(struct mln_slice text)
{
    while (text.len) {
        size_t len = mln_utf8_printable(text);

        if (!len && text.ptr[0] != '\n' && text.ptr[0] != '\t') {
            return false;
        }
        text = mln_slice_from(text, len ? len : 1);
    }
    return true;
}

/* A terminal obeys what it is shown. */
static mln_err check_terminal(const struct mln_esdata_settings *s, struct mln_slice payload,
                              struct mln_fault *fault)
{
    if (!s->out && isatty(STDOUT_FILENO) == 1 && !is_for_terminals(payload)) {
        mln_fault_set(fault, "what is inside is no text for a terminal: --out FILE, or a pipe");
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

mln_err mln_esdata_take(const struct mln_esdata_settings *s, struct mln_esdata_opener *opener,
                        enum mln_esdata_form form, struct mln_fault *fault)
{
    struct mln_arena *arena MLN_CLEANUP(mln_arena_freep) =
        mln_arena_new(opener->envelope_most * 8 + (32U << 20));
    struct output out MLN_CLEANUP(output_drop) = { .fd = -1 };
    struct mln_slice envelope;
    struct mln_esdata found;

    MLN_REQUIRE(arena, NO_MEMORY);
    mln_arena_hold_secrets(arena);
    opener->arena = arena;
    opener->fault = fault;
    MLN_TRY(read_all(s->file, opener->envelope_most, arena, fault, &envelope));
    MLN_TRY(mln_esdata_open(opener, form, without_line_ends(envelope), &found));
    MLN_TRY(check_terminal(s, found.payload, fault));
    MLN_TRY(output_new(s->out, fault, &out));
    MLN_TRY(write_failed(output_write(&out, found.payload), fault));
    MLN_TRY(output_end(&out, fault));
    tell(&found);
    return MLN_OK;
}
