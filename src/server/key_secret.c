/* Keys as `merlon key` reads and writes them. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "crypto/files.h"
#include "server/key_command.h"

enum { KEY_FILE_MAX = 4096, DIGITS = 16 };

static struct mln_slice without_line_end(const struct mln_secret *text)
{
    struct mln_slice s = { (const char *)mln_secret_bytes(text), mln_secret_len(text) };

    while (s.len && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r')) {
        s.len--;
    }
    return mln_slice_trim(s);
}

mln_err mln_key_of_digits(const struct mln_secret *text, const char *path, struct mln_fault *fault,
                          struct mln_secret **ret)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *key = NULL;
    struct mln_slice digits = without_line_end(text);
    bool is_good = digits.len > 0 && digits.len % 2 == 0;

    if (is_good) {
        key = mln_secret_new(digits.len / 2);
        MLN_REQUIRE(key, NO_MEMORY);
    }
    for (size_t i = 0; is_good && i < digits.len; i += 2) {
        int high = mln_num_hex(digits.ptr[i]);
        int low = mln_num_hex(digits.ptr[i + 1]);

        is_good = high >= 0 && low >= 0;
        mln_secret_room(key)[i / 2] = (unsigned char)(is_good ? high << 4 | low : 0);
    }
    if (!is_good) {
        mln_fault_set(fault, "%s: a key is written with an even number of hexadecimal digits",
                      strcmp(path, "-") == 0 ? "standard input" : path);
        MLN_FAIL(CONFIG);
    }
    *ret = key;
    key = NULL;
    return MLN_OK;
}

/* The digits of the key and a line feed. */
static mln_err to_digits(const struct mln_secret *key, struct mln_secret **ret)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = mln_secret_len(key);
    struct mln_secret *text = mln_secret_new(2 * len + 1);
    unsigned char *out;

    MLN_REQUIRE(text, NO_MEMORY);
    out = mln_secret_room(text);
    for (size_t i = 0; i < len; i++) {
        *out++ = (unsigned char)digits[mln_secret_bytes(key)[i] / DIGITS];
        *out++ = (unsigned char)digits[mln_secret_bytes(key)[i] % DIGITS];
    }
    *out = '\n';
    *ret = text;
    return MLN_OK;
}

mln_err mln_key_read(const char *path, bool is_raw, struct mln_fault *fault,
                     struct mln_secret **ret)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *text = NULL;

    MLN_TRY(mln_secret_read(path, KEY_FILE_MAX, fault, &text));
    if (!is_raw) {
        return mln_key_of_digits(text, path, fault, ret);
    }
    *ret = text;
    text = NULL;
    return MLN_OK;
}

mln_err mln_key_tell(const struct mln_key_settings *s, const struct mln_secret *key,
                     struct mln_fault *fault)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *text = NULL;

    MLN_TRY(to_digits(key, &text));
    if (s->key_out) {
        MLN_TRY(mln_file_create(
            s->key_out, mln_slice_of((const char *)mln_secret_bytes(text), mln_secret_len(text)),
            fault));
    }
    if (s->shows && !mln_secret_print(mln_secret_bytes(text), mln_secret_len(text))) {
        mln_fault_set(fault, "cannot write to standard output");
        MLN_FAIL(SYSTEM);
    }
    return MLN_OK;
}
