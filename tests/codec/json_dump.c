/* Reads JSON documents and writes what our reader made of them: for the comparison with another
 * reader in test_json_differential.py.
 *
 * On standard input each document follows its length as four bytes, highest first. On standard
 * output, in the same form, stands for each the text that the writer makes of its pack, or the
 * word "error" and the fault. */
#include <stdio.h>
#include <stdlib.h>

#include "codec/json.h"
#include "model/pack.h"

enum { ARENA_BYTES = 256 << 20, TEXT_BYTES = 64 << 20, DOCUMENT_BYTES = 16 << 20 };

static void put(struct mln_slice text)
{
    unsigned char len[] = {
        (unsigned char)(text.len >> 24),
        (unsigned char)(text.len >> 16),
        (unsigned char)(text.len >> 8),
        (unsigned char)text.len,
    };

    if (fwrite(len, 1, sizeof len, stdout) != sizeof len ||
        fwrite(text.ptr, 1, text.len, stdout) != text.len) {
        exit(1);
    }
}

/* Text to tree to pack to text. */
static mln_err convert(struct mln_slice document, struct mln_arena *arena, struct mln_slice *ret,
                       struct mln_fault *fault)
{
    struct mln_limits limits;
    struct mln_value *v;
    struct mln_slice pack;
    struct mln_buf out;

    mln_limits_default(&limits);
    MLN_TRY(mln_json_read(document, &limits, arena, &v, fault));
    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_pack_value(&out, v);
    MLN_TRY(mln_buf_finish(&out, &pack));
    mln_buf_init(&out, arena, TEXT_BYTES);
    MLN_TRY(mln_json_write(&out, pack));
    return mln_buf_finish(&out, ret);
}

static void answer(struct mln_slice document, struct mln_arena *arena)
{
    struct mln_fault fault = { 0 };
    struct mln_slice text;
    char error[MLN_FAULT_SIZE + 16];
    mln_err err = convert(document, arena, &text, &fault);

    if (mln_failed(err)) {
        int len = snprintf(error, sizeof error, "error %s", fault.text);

        text = mln_slice_of(error, (size_t)len);
    }
    put(text);
}

int main(void)
{
    struct mln_arena *arena = mln_arena_new(ARENA_BYTES);
    unsigned char head[4];

    while (arena && fread(head, 1, sizeof head, stdin) == sizeof head) {
        size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        /* a block of its own, so that ASan sees a byte read behind the document */
        char *document = len <= DOCUMENT_BYTES ? malloc(len ? len : 1) : NULL;

        if (!document || fread(document, 1, len, stdin) != len) {
            return 1;
        }
        answer(mln_slice_of(document, len), arena);
        (void)fflush(stdout);
        mln_arena_reset(arena);
        free(document);
    }
    mln_arena_free(arena);
    return 0;
}
