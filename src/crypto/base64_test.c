/* Tests of base64 in both alphabets. */
#include "crypto/base64.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(1 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static void expect_text(struct mln_slice got, const char *wanted)
{
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.ptr, wanted, got.len);
}

/* RFC 4648 10 */
static const char *const vectors[][3] = {
    { "", "", "" },
    { "f", "Zg", "Zg==" },
    { "fo", "Zm8", "Zm8=" },
    { "foo", "Zm9v", "Zm9v" },
    { "foob", "Zm9vYg", "Zm9vYg==" },
    { "fooba", "Zm9vYmE", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
    { "\xfb\xff\xfe", "-__-", "+//+" },
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct mln_slice bytes;
        struct mln_slice text;
        struct mln_buf out;

        assert_false(mln_failed(mln_base64url_read(mln_slice_z(vectors[i][1]), arena, &bytes)));
        expect_text(bytes, vectors[i][0]);
        assert_false(mln_failed(mln_base64_read(mln_slice_z(vectors[i][2]), arena, &bytes)));
        expect_text(bytes, vectors[i][0]);
        mln_buf_init(&out, arena, 100);
        mln_base64url_add(&out, mln_slice_z(vectors[i][0]));
        assert_false(mln_failed(mln_buf_finish(&out, &text)));
        expect_text(text, vectors[i][1]);
        mln_buf_init(&out, arena, 100);
        mln_base64_add(&out, mln_slice_z(vectors[i][0]));
        assert_false(mln_failed(mln_buf_finish(&out, &text)));
        expect_text(text, vectors[i][2]);
    }
}

/* One text for one sequence of bytes: else a token could be spelled anew and be another one. */
static void test_refused(void **state)
{
    static const char *const url[] = { "Z",     "Zg==",  "Zh",   "Zm9",  "Zm 8", "Zm8=",
                                       "Zm8\n", "Zm9v-", "+//+", "Zm\t", "Zm9.", "\xc3\xa9" };
    static const char *const plain[] = { "Zg",   "Zg=",  "Zh==", "====",   "Z===",
                                         "Zm9=", "Zg=A", "-__-", "Zm9v\n", "Zg==Zg==" };
    struct mln_slice bytes;

    (void)state;
    for (size_t i = 0; i < sizeof url / sizeof url[0]; i++) {
        assert_int_equal(mln_base64url_read(mln_slice_z(url[i]), arena, &bytes).code,
                         MLN_ERR_SYNTAX);
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        assert_int_equal(mln_base64_read(mln_slice_z(plain[i]), arena, &bytes).code,
                         MLN_ERR_SYNTAX);
    }
}

/* Any length, in one piece and in two, comes back as it was; one piece gives what two give. */
static void test_pieces(void **state)
{
    enum { MOST = 200 };
    char bytes[MOST];

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        bytes[i] = (char)(i * 167 + i / 7);
    }
    for (size_t len = 0; len <= MOST; len++) {
        for (int is_url = 0; is_url < 2; is_url++) {
            size_t cut = len * 5 / 7;
            struct mln_base64_stream stream = { .is_url = is_url };
            struct mln_slice text = { 0 };
            struct mln_slice back = { 0 };
            struct mln_buf out;
            char pieces[2 * MOST];
            size_t at = mln_base64_stream_add(&stream, mln_slice_of(bytes, cut), pieces);

            at += mln_base64_stream_add(&stream, mln_slice_of(bytes + cut, len - cut), pieces + at);
            at += mln_base64_stream_end(&stream, pieces + at);
            mln_arena_reset(arena);
            mln_buf_init(&out, arena, sizeof pieces);
            (is_url ? mln_base64url_add : mln_base64_add)(&out, mln_slice_of(bytes, len));
            assert_false(mln_failed(mln_buf_finish(&out, &text)));
            assert_true(mln_slice_eq(text, mln_slice_of(pieces, at)));
            assert_false(
                mln_failed((is_url ? mln_base64url_read : mln_base64_read)(text, arena, &back)));
            assert_true(mln_slice_eq(back, mln_slice_of(bytes, len)));
        }
    }
}

enum { LONG = 132 }; /* long enough for all ways of reading */

/* Text of A with one other character; `bits`: what it stands for, beyond 63 for nothing. */
static void try_character(char *text, size_t at, int is_url, unsigned bits)
{
    struct mln_slice bytes = { 0 };
    mln_err err =
        (is_url ? mln_base64url_read : mln_base64_read)(mln_slice_of(text, LONG), arena, &bytes);

    assert_int_equal(mln_failed(err), bits > 63);
    if (bits <= 63) {
        const unsigned char *group = (const unsigned char *)bytes.ptr + at / 4 * 3;
        unsigned all = (unsigned)group[0] << 16 | (unsigned)group[1] << 8 | group[2];

        assert_int_equal(bytes.len, LONG / 4 * 3);
        assert_int_equal(all, bits << (18 - at % 4 * 6));
    }
    mln_arena_reset(arena);
}

/* Each byte at each place but the last two, which may be padding. */
static void test_each_character(void **state)
{
    static const char alphabets[2][66] = {
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    };
    char text[LONG];

    (void)state;
    memset(text, 'A', sizeof text);
    for (size_t i = 0; i < (size_t)2 * (LONG - 2) * 256; i++) {
        int is_url = i % 2 == 1;
        size_t at = i / 2 % (LONG - 2);
        char c = (char)(i / 2 / (LONG - 2));
        const char *hit = c ? strchr(alphabets[is_url], c) : NULL;

        text[at] = c;
        try_character(text, at, is_url, hit ? (unsigned)(hit - alphabets[is_url]) : 64);
        text[at] = 'A';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_each_character),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
