/* Frames: what is written is read, and nothing else passes for it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/crc32c.h"
#include "store/frame.h"

enum { LARGE = 700000 };

static int scratch_file(void)
{
    FILE *f = tmpfile();
    int fd;

    assert_non_null(f);
    fd = dup(fileno(f));
    (void)fclose(f);
    assert_true(fd >= 0);
    return fd;
}

static struct mln_slice large_value(void)
{
    static char bytes[LARGE];

    memset(bytes, 'v', sizeof bytes);
    return mln_slice_of(bytes, sizeof bytes);
}

static void write_sample(int fd, int rows)
{
    struct mln_kv_row large = { MLN_S("large"), large_value() };
    struct mln_frame_writer w;

    assert_false(mln_failed(mln_frame_begin(&w, fd, 3)));
    for (int i = 0; i < rows; i++) {
        char key[8];
        struct mln_kv_row row = { mln_slice_of(key, sizeof key), MLN_S("value") };

        memset(key, i & 0x7F, sizeof key);
        assert_false(mln_failed(mln_frame_row(&w, MLN_TABLE_RES, &row)));
    }
    assert_false(mln_failed(mln_frame_row(&w, MLN_TABLE_REC, &large)));
    assert_false(mln_failed(mln_frame_end(&w)));
    mln_frame_writer_done(&w);
}

/* Opens what stands in the file from its start. */
static mln_err open_all(int fd, struct mln_frame_reader *r)
{
    uint64_t size = (uint64_t)lseek(fd, 0, SEEK_END);
    uint32_t format = 0;
    mln_err err;

    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    err = mln_frame_open(r, fd, size, &format);
    assert_true(mln_failed(err) || format == 3);
    return err;
}

static void rows_come_back(void **state)
{
    enum { ROWS = 30000 };
    struct mln_frame_reader r;
    struct mln_kv_row row;
    enum mln_table table;
    int fd = scratch_file();

    (void)state;
    write_sample(fd, ROWS);
    assert_false(mln_failed(open_all(fd, &r)));
    for (int i = 0; i < ROWS; i++) {
        assert_false(mln_failed(mln_frame_next(&r, &table, &row)));
        assert_int_equal(table, MLN_TABLE_RES);
        assert_int_equal(row.key.len, 8);
        assert_int_equal(row.key.ptr[7], i & 0x7F);
        assert_true(mln_slice_eq(row.value, MLN_S("value")));
    }
    assert_false(mln_failed(mln_frame_next(&r, &table, &row)));
    assert_int_equal(table, MLN_TABLE_REC);
    assert_true(mln_slice_eq(row.value, large_value()));
    assert_int_equal(mln_frame_next(&r, &table, &row).code, MLN_ERR_NOT_FOUND);
    mln_frame_reader_done(&r);
    (void)close(fd);
}

/* ---- frames made by hand, with the right checksum ---- */

static void add_frame(int fd, struct mln_slice payload)
{
    uint32_t crc = mln_crc32c(payload);
    unsigned char head[8];

    for (int i = 0; i < 4; i++) {
        head[i] = (unsigned char)(payload.len >> (8 * i));
        head[4 + i] = (unsigned char)(crc >> (8 * i));
    }
    assert_int_equal(write(fd, head, sizeof head), sizeof head);
    assert_int_equal(write(fd, payload.ptr, payload.len), payload.len);
}

static mln_err read_through(int fd)
{
    struct mln_frame_reader r;
    struct mln_kv_row row;
    enum mln_table table;
    mln_err err = open_all(fd, &r);

    while (!mln_failed(err)) {
        err = mln_frame_next(&r, &table, &row);
    }
    mln_frame_reader_done(&r);
    return err;
}

/* What reading says of a file with these frames; an empty one is left out. */
static enum mln_err_code verdict(struct mln_slice first, struct mln_slice second)
{
    int fd = scratch_file();
    mln_err err;

    assert_int_equal(write(fd, "merlon backup 1\n\3\0\0\0", 20), 20);
    add_frame(fd, first);
    if (second.len) {
        add_frame(fd, second);
    }
    err = read_through(fd);
    (void)close(fd);
    return err.code;
}

#define NO_ROWS MLN_S("e\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
#define ONE_ROW MLN_S("e\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")

static void frames_must_make_sense(void **state)
{
    static const struct mln_slice nothing = { 0 };

    (void)state;
    assert_int_equal(verdict(NO_ROWS, nothing), MLN_ERR_NOT_FOUND);
    assert_int_equal(verdict(MLN_S("r\0\1\0\1\0\0\0kv"), ONE_ROW), MLN_ERR_NOT_FOUND);
    /* counts that are not what was read, the end missing, something behind the end */
    assert_int_equal(verdict(MLN_S("r\0\1\0\1\0\0\0kv"), NO_ROWS), MLN_ERR_STORE_CORRUPT);
    assert_int_equal(verdict(MLN_S("r\7\1\0\1\0\0\0kv"), ONE_ROW), MLN_ERR_STORE_CORRUPT);
    assert_int_equal(verdict(MLN_S("r\0\1\0\1\0\0\0kv"), nothing), MLN_ERR_STORE_CORRUPT);
    assert_int_equal(verdict(NO_ROWS, NO_ROWS), MLN_ERR_STORE_CORRUPT);
    assert_int_equal(verdict(MLN_S("e"), nothing), MLN_ERR_STORE_CORRUPT);
    /* an unknown kind, rows that are none */
    assert_int_equal(verdict(MLN_S("x"), NO_ROWS), MLN_ERR_STORE_CORRUPT);
    assert_int_equal(verdict(MLN_S("r"), NO_ROWS), MLN_ERR_STORE_CORRUPT);
    assert_int_equal(verdict(MLN_S("r\0\1\0\1\0\0"), ONE_ROW), MLN_ERR_STORE_CORRUPT);
    assert_int_equal(verdict(MLN_S("r\0\0\0\1\0\0\0v"), ONE_ROW), MLN_ERR_STORE_CORRUPT);
    assert_int_equal(verdict(MLN_S("r\0\1\0\2\0\0\0kv"), ONE_ROW), MLN_ERR_STORE_CORRUPT);
    assert_int_equal(verdict(MLN_S("r\0\xFF\xFF\0\0\0\0k"), ONE_ROW), MLN_ERR_STORE_CORRUPT);
    assert_int_equal(verdict(MLN_S("r\3\1\0\1\0\0\0kv"), ONE_ROW), MLN_ERR_STORE_CORRUPT);
}

static void a_frame_is_no_longer_than_its_file(void **state)
{
    int fd = scratch_file();

    (void)state;
    assert_int_equal(write(fd, "merlon backup 1\n\3\0\0\0\xFF\xFF\xFF\xFF\0\0\0\0", 28), 28);
    assert_int_equal(read_through(fd).code, MLN_ERR_STORE_CORRUPT); /* and allocates nothing */
    (void)close(fd);
}

static void other_files_are_no_backups(void **state)
{
    int fd = scratch_file();

    (void)state;
    assert_int_equal(read_through(fd).code, MLN_ERR_STORE_CORRUPT);
    assert_int_equal(write(fd, "merlon backup 2\n\3\0\0\0", 20), 20);
    assert_int_equal(read_through(fd).code, MLN_ERR_STORE_CORRUPT);
    (void)close(fd);
}

static void a_failing_write_is_told(void **state)
{
    struct mln_frame_writer w;
    int fd = scratch_file();
    int read_only;
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    read_only = open(path, O_RDONLY);
    assert_true(read_only >= 0);
    assert_int_equal(mln_frame_begin(&w, read_only, 1).code, MLN_ERR_SYSTEM);
    mln_frame_writer_done(&w);
    (void)close(read_only);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(frames_must_make_sense),
        cmocka_unit_test(a_frame_is_no_longer_than_its_file),
        cmocka_unit_test(other_files_are_no_backups),
        cmocka_unit_test(a_failing_write_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
