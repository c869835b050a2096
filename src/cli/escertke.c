/* `merlon escertke`. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/session.h"

struct escertke {
    const char *key_out;
    bool shows;
};

static const struct mln_option *options(size_t *ret_count)
{
    static const struct mln_option rows[] = {
        { "key-out", 0, "FILE", NULL, "Write the digits of the key to this new file", false },
        { "show", 0, NULL, NULL, "Print the digits of the key, this once", false },
    };

    *ret_count = sizeof rows / sizeof *rows;
    return rows;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct escertke *e = data;

    (void)fault;
    if (strcmp(option->name, "show") == 0) {
        e->shows = true;
    } else {
        e->key_out = value;
    }
    return MLN_OK;
}

/* ---- the key ---- */

enum { KEY_BYTES = sizeof((struct merlon_established *)NULL)->key, TEXT_BYTES = 2 * KEY_BYTES + 1 };

/* Digits and a line feed; the caller wipes them. */
static void write_digits(const struct merlon_established *made, char out[static TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < KEY_BYTES; i++) {
        out[2 * i] = digits[made->key[i] >> 4];
        out[2 * i + 1] = digits[made->key[i] & 15];
    }
    out[TEXT_BYTES - 1] = '\n';
}

/* Past the buffers of stdio, where a copy would stay. */
static bool write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno != EINTR) {
            return false;
        }
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_written = fd >= 0 && write_all(fd, text, TEXT_BYTES) && fsync(fd) == 0;
    int reason = errno;

    if (fd >= 0 && close(fd) != 0 && is_written) {
        reason = errno;
        is_written = false;
    }
    if (is_written) {
        return MLN_CLI_OK;
    }
    mln_cli_say("cannot write %s: %s", path, strerror(reason));
    if (fd >= 0) {
        (void)unlink(path);
    }
    return MLN_CLI_FAILED;
}

static int tell(const struct escertke *e, const struct merlon_established *made)
{
    char text[TEXT_BYTES];
    int code = MLN_CLI_OK;

    write_digits(made, text);
    if (e->key_out) {
        code = write_file(e->key_out, text);
    }
    if (code == MLN_CLI_OK) {
        (void)printf("%s %s until %s\n", made->key_id, made->peer, made->expires);
        code = mln_cli_finish_output();
    }
    if (code == MLN_CLI_OK && e->shows && !write_all(STDOUT_FILENO, text, sizeof text)) {
        mln_cli_say("cannot write to standard output");
        code = MLN_CLI_FAILED;
    }
    mln_wipe(text, sizeof text);
    return code;
}

/* ---- the command ---- */

static int work(struct mln_session *s, const struct escertke *e)
{
    const char *target = s->target ? s->target : s->settings.esprim;
    struct merlon_established made;
    struct merlon_error error;
    int code;

    if (!target) {
        return mln_session_misuse(s, "with whom? A target is missing");
    }
    if (s->operand_count) {
        return mln_session_misuse(s, "'%s' is one operand too many", s->operands[0]);
    }
    if (!s->settings.protection.certificate_file) {
        return mln_session_misuse(s, "--esprim-certificate is missing, and what belongs to it");
    }
    if (merlon_establish_key(s->client, target, &s->settings.protection, &made, &error) !=
        MERLON_OK) {
        return mln_session_fail(s, &error);
    }
    code = tell(e, &made);
    mln_wipe(&made, sizeof made);
    return code;
}

static int run(int argc, char **argv)
{
    struct escertke e = { 0 };
    struct mln_session s = {
        .command = &mln_cli_escertke, .set = set, .data = &e, .is_open = true
    };
    int code;

    if (mln_session_begin(&s, argc, argv, &code)) {
        code = work(&s, &e);
    }
    mln_session_end(&s);
    return code;
}

const struct mln_command mln_cli_escertke = {
    .name = "escertke",
    .summary = "Establish a key with another CSE or AE by certificates",
    .synopsis = "TARGET",
    .text =
        "TARGET is the address of a CSEBase or an AE. A handshake of TLS goes there and back in "
        "two notifications; CSEs on the way can read, but not join it. Both ends show "
        "certificates: see --esprim-certificate, --esprim-private-key, --esprim-anchor and "
        "--esprim-peer. What comes of it is a key of 32 bytes and its identifier, for ESPrim "
        "and for protected data (TS-0003 8.7).\n\n"
        "The identifier, who is at the other end, and until when the key counts are printed. "
        "The key is not, unless --show or --key-out say where it goes. Commands with --esprim "
        "and a certificate do this by themselves.",
    .examples =
        "merlon escertke /in/base --esprim-certificate thermo.pem --esprim-private-key "
        "thermo.pk.pem --esprim-anchor ca.pem --esprim-peer //sp.example/in --key-out e2e.key",
    .options = options,
    .is_client = true,
    .run = run,
};
