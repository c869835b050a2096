/* Fuzz target of the reader of backups: arbitrary bytes as a file. The checksums are made right
 * first, since no fuzzer guesses them. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fuzz_test.h"
#include "store/crc32c.h"
#include "store/frame.h"

enum { HEAD = 20, FRAME_HEAD = 8, SIZE_MAX_BYTES = 1 << 20 };

static uint32_t get_u32(const char *in)
{
    const unsigned char *p = (const unsigned char *)in;

    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void mend_checksums(char *bytes, size_t size)
{
    size_t at = HEAD;

    while (size > at && size - at > FRAME_HEAD) {
        uint32_t len = get_u32(bytes + at);
        uint32_t crc;

        if (len > size - at - FRAME_HEAD) {
            return;
        }
        crc = mln_crc32c(mln_slice_of(bytes + at + FRAME_HEAD, len));
        for (int i = 0; i < 4; i++) {
            bytes[at + 4 + (size_t)i] = (char)(crc >> (8 * i));
        }
        at += FRAME_HEAD + len;
    }
}

static void read_through(int fd, size_t size)
{
    struct mln_frame_reader r;
    struct mln_kv_row row;
    enum mln_table table;
    uint32_t format;
    uint64_t bytes = 0;
    uint32_t sum = 0;
    mln_err err = mln_frame_open(&r, fd, size, &format);

    while (!mln_failed(err)) {
        err = mln_frame_next(&r, &table, &row);
        if (!mln_failed(err)) {
            require(row.key.len >= 1 && row.key.len <= MLN_KV_KEY_MAX);
            bytes += row.key.len + row.value.len;
            sum ^= mln_crc32c(row.value) ^ mln_crc32c(row.key); /* reads all of it */
        }
    }
    require(err.code == MLN_ERR_NOT_FOUND || err.code == MLN_ERR_STORE_CORRUPT);
    require(bytes <= size && (bytes != 0 || sum == 0));
    mln_frame_reader_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy;
    int fd;

    if (size > SIZE_MAX_BYTES) {
        return 0;
    }
    copy = malloc(size + 1);
    fd = memfd_create("frames", MFD_CLOEXEC);
    require(copy && fd >= 0);
    memcpy(copy, data, size);
    mend_checksums(copy, size);
    require(write(fd, copy, size) == (ssize_t)size);
    require(lseek(fd, 0, SEEK_SET) == 0);
    read_through(fd, size);
    (void)close(fd);
    free(copy);
    return 0;
}
