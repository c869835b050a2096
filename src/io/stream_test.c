/* Streams over socket pairs: the test is the peer. */
#include "io/stream.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/listener.h"
#include "io/stream_int.h"

enum { MAX_INPUT = 4096, BIG = 4 << 20 };

#define MS INT64_C(1000)

/* The owner of the stream under test, and what he has seen. */
struct owner {
    struct mln_stream *stream;
    int peer; /* our end of the pair */
    int data;
    int drained;
    int expired;
    int broken;
    size_t take;    /* bytes to consume of each input */
    bool does_free; /* in every callback */
    bool does_finish;
    char got[8192];
    size_t got_len;
};

static struct mln_loop *loop;
static struct mln_gate gate;
static struct owner o;

static void leave(struct owner *w)
{
    if (w->does_free) {
        mln_stream_free(w->stream);
        w->stream = NULL;
    } else if (w->does_finish) {
        mln_stream_finish(w->stream, 100 * MS);
        w->stream = NULL;
    }
    mln_loop_stop(loop);
}

static void on_data(void *owner)
{
    struct owner *w = owner;
    struct mln_slice in = mln_slice_head(mln_stream_peek(w->stream), w->take);

    w->data++;
    if (in.len && w->got_len + in.len <= sizeof w->got) {
        memcpy(w->got + w->got_len, in.ptr, in.len);
        w->got_len += in.len;
    }
    mln_stream_consume(w->stream, in.len);
    leave(w);
}

static void on_drained(void *owner)
{
    struct owner *w = owner;

    w->drained++;
    leave(w);
}

static void on_expired(void *owner)
{
    struct owner *w = owner;

    w->expired++;
    leave(w);
}

static void on_broken(void *owner)
{
    struct owner *w = owner;

    w->broken++;
    w->does_free = true;
    leave(w);
}

static int set_up(void **state)
{
    static const struct mln_stream_ops ops = { on_data, on_drained, on_expired, on_broken };
    struct mln_stream_setup setup = { .max_input = MAX_INPUT, .gate = &gate };
    int fds[2];

    (void)state;
    o = (struct owner){ .take = SIZE_MAX };
    gate = (struct mln_gate){ .open = 1, .max = 1 };
    if (mln_failed(mln_loop_new(&loop)) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) {
        return 1;
    }
    setup.fd = fds[0];
    o.peer = fds[1];
    if (mln_failed(mln_stream_new(loop, &setup, &o.stream))) {
        return 1;
    }
    mln_stream_own(o.stream, &ops, &o);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_stream_free(o.stream);
    mln_loop_free(loop);
    if (o.peer >= 0) {
        (void)close(o.peer);
    }
    return gate.open != 0;
}

static void run(void)
{
    assert_false(mln_failed(mln_loop_run(loop)));
}

static void stop_later(struct mln_timer *timer)
{
    (void)timer;
    mln_loop_stop(loop);
}

/* Lets the loop run although nothing may happen. */
static void run_a_moment(void)
{
    struct mln_timer timer = { .fire = stop_later };

    mln_loop_after(loop, &timer, 20 * MS);
    run();
    mln_loop_cancel_after(loop, &timer);
}

static void peer_sends(const char *text)
{
    size_t len = strlen(text);

    assert_int_equal(send(o.peer, text, len, 0), (ssize_t)len);
}

static void peer_gets(const char *text)
{
    char got[256] = { 0 };

    assert_int_equal(recv(o.peer, got, sizeof got - 1, 0), (ssize_t)strlen(text));
    assert_string_equal(got, text);
}

static struct mln_slice z(const char *text)
{
    return mln_slice_z(text);
}

/* ---- input ---- */

static void gives_input_and_keeps_what_is_left(void **state)
{
    (void)state;
    o.take = 3;
    peer_sends("abcdefg");
    run();
    assert_int_equal(o.data, 1);
    assert_true(mln_slice_eq(mln_stream_peek(o.stream), z("defg")));
    peer_sends("hi");
    run();
    assert_true(mln_slice_eq(mln_stream_peek(o.stream), z("ghi")));
    o.take = SIZE_MAX;
    peer_sends("j");
    run();
    assert_true(mln_slice_eq(mln_slice_of(o.got, o.got_len), z("abcdefghij")));
    assert_int_equal(mln_stream_peek(o.stream).len, 0);
}

static void input_byte_by_byte_grows_in_one_piece(void **state)
{
    (void)state;
    o.take = 0;
    for (int i = 0; i < 2000; i++) {
        peer_sends("x");
        run();
        assert_int_equal(mln_stream_peek(o.stream).len, i + 1);
    }
    mln_stream_consume(o.stream, 2000);
    assert_int_equal(mln_stream_peek(o.stream).len, 0);
}

static void stops_reading_when_nobody_takes(void **state)
{
    char *block = calloc(1, BIG);
    ssize_t sent = 0;
    ssize_t n;

    (void)state;
    assert_non_null(block);
    o.take = 0;
    for (int i = 0; i < 50; i++) {
        n = send(o.peer, block, BIG, 0);
        sent += n > 0 ? n : 0;
        run_a_moment();
    }
    /* one read may be larger than the maximum, but nothing is added to it */
    assert_true(mln_stream_peek(o.stream).len <= 65536);
    assert_true(sent < INT64_C(2) * 1024 * 1024); /* the rest stays with the system and the peer */
    o.take = SIZE_MAX;
    mln_stream_consume(o.stream, mln_stream_peek(o.stream).len);
    o.data = 0;
    run();
    assert_true(o.data > 0);
    free(block);
}

static void tells_the_end_once(void **state)
{
    (void)state;
    peer_sends("bye");
    run();
    assert_false(mln_stream_is_ended(o.stream));
    assert_int_equal(shutdown(o.peer, SHUT_WR), 0);
    run();
    assert_true(mln_stream_is_ended(o.stream));
    assert_int_equal(o.data, 2);
    run_a_moment();
    assert_int_equal(o.data, 2);
    assert_false(
        mln_failed(mln_stream_write(o.stream, (struct mln_slice[]){ z("still") }, 1, false)));
    peer_gets("still");
}

/* ---- output ---- */

static void sends_parts_at_once(void **state)
{
    struct mln_slice parts[] = { z("one "), z(""), z("two") };

    (void)state;
    assert_false(mln_failed(mln_stream_write(o.stream, parts, 3, false)));
    assert_int_equal(mln_stream_waiting(o.stream), 0);
    peer_gets("one two");
}

static void gathers_until_flushed(void **state)
{
    struct mln_slice a = z("a");
    struct mln_slice b = z("b");
    char c;

    (void)state;
    assert_false(mln_failed(mln_stream_write(o.stream, &a, 1, true)));
    assert_int_equal(mln_stream_waiting(o.stream), 1);
    assert_true(recv(o.peer, &c, 1, 0) < 0);
    assert_false(mln_failed(mln_stream_write(o.stream, &b, 1, false)));
    peer_gets("ab");
    assert_false(mln_failed(mln_stream_write(o.stream, &a, 1, true)));
    assert_false(mln_failed(mln_stream_flush(o.stream)));
    peer_gets("a");
}

/* Reads all that comes, letting the loop run; returns how much. Bytes count upwards. */
static size_t peer_reads(size_t most)
{
    static unsigned char block[65536];
    size_t total = 0;
    ssize_t n;

    while (total < most) {
        n = recv(o.peer, block, sizeof block, 0);
        if (n <= 0) {
            if (n == 0 || errno != EAGAIN) {
                break;
            }
            run_a_moment();
            continue;
        }
        for (ssize_t i = 0; i < n; i++) {
            assert_int_equal(block[i], (unsigned char)((total + (size_t)i) % 251));
        }
        total += (size_t)n;
    }
    return total;
}

static char *counting(size_t len)
{
    char *block = malloc(len);

    assert_non_null(block);
    for (size_t i = 0; i < len; i++) {
        block[i] = (char)(i % 251);
    }
    return block;
}

static void keeps_what_the_peer_does_not_take(void **state)
{
    char *block = counting(BIG);
    struct mln_slice parts[] = { { block, 1000 }, { block + 1000, BIG - 1000 } };

    (void)state;
    assert_false(mln_failed(mln_stream_write(o.stream, parts, 2, false)));
    assert_true(mln_stream_waiting(o.stream) > 0);
    free(block); /* the stream has its own copy */
    assert_int_equal(peer_reads(BIG), BIG);
    run_a_moment();
    assert_int_equal(o.drained, 1);
    assert_int_equal(mln_stream_waiting(o.stream), 0);
}

/* ---- ends ---- */

static void finish_sends_everything_first(void **state)
{
    char *block = counting(BIG);
    struct mln_slice part = { block, BIG };

    (void)state;
    assert_false(mln_failed(mln_stream_write(o.stream, &part, 1, false)));
    free(block);
    mln_stream_finish(o.stream, 10000 * MS);
    o.stream = NULL;
    assert_int_equal(gate.open, 1);
    assert_int_equal(peer_reads(SIZE_MAX), BIG);
    (void)close(o.peer);
    o.peer = -1;
    run_a_moment();
    assert_int_equal(gate.open, 0);
}

static void finish_swallows_what_the_peer_still_sends(void **state)
{
    struct mln_slice last = z("last words");
    char block[65536] = { 0 };

    (void)state;
    assert_int_equal(send(o.peer, block, sizeof block, 0), sizeof block);
    assert_false(mln_failed(mln_stream_write(o.stream, &last, 1, false)));
    mln_stream_finish(o.stream, 10000 * MS);
    o.stream = NULL;
    run_a_moment();
    assert_int_equal(send(o.peer, block, sizeof block, MSG_NOSIGNAL), sizeof block);
    run_a_moment();
    peer_gets("last words");
    assert_int_equal(recv(o.peer, block, 1, 0), 0); /* and the end, no reset */
    assert_int_equal(shutdown(o.peer, SHUT_WR), 0);
    run_a_moment();
    assert_int_equal(gate.open, 0);
}

static void finish_gives_up_in_time(void **state)
{
    char *block = counting(BIG);
    struct mln_slice part = { block, BIG };

    (void)state;
    assert_false(mln_failed(mln_stream_write(o.stream, &part, 1, false)));
    free(block);
    mln_stream_finish(o.stream, 5 * MS);
    o.stream = NULL;
    run_a_moment();
    run_a_moment();
    assert_int_equal(gate.open, 0); /* although the peer has read nothing */
}

static void may_be_freed_or_finished_in_callbacks(void **state)
{
    (void)state;
    o.does_free = true;
    peer_sends("x");
    run();
    assert_null(o.stream);
    assert_int_equal(gate.open, 0);
}

static void may_be_finished_in_data(void **state)
{
    (void)state;
    o.does_finish = true;
    peer_sends("x");
    assert_int_equal(shutdown(o.peer, SHUT_WR), 0);
    run();
    run_a_moment();
    assert_null(o.stream);
    assert_int_equal(gate.open, 0);
}

static void may_be_freed_when_drained(void **state)
{
    char *block = counting(BIG);
    struct mln_slice part = { block, BIG };

    (void)state;
    assert_false(mln_failed(mln_stream_write(o.stream, &part, 1, false)));
    free(block);
    o.does_free = true;
    assert_int_equal(peer_reads(BIG), BIG);
    run_a_moment();
    assert_null(o.stream);
}

static void tells_of_a_lost_connection_from_the_loop(void **state)
{
    struct mln_slice text = z("x");

    (void)state;
    (void)close(o.peer);
    o.peer = -1;
    assert_int_equal(mln_stream_write(o.stream, &text, 1, false).code, MLN_ERR_NETWORK);
    assert_int_equal(o.broken, 0);
    assert_int_equal(mln_stream_write(o.stream, &text, 1, false).code, MLN_ERR_NETWORK);
    assert_int_equal(mln_stream_flush(o.stream).code, MLN_ERR_NETWORK);
    run();
    assert_int_equal(o.broken, 1);
    assert_null(o.stream);
}

static void freeing_a_lost_one_at_once_is_fine(void **state)
{
    struct mln_slice text = z("x");

    (void)state;
    (void)close(o.peer);
    o.peer = -1;
    assert_int_equal(mln_stream_write(o.stream, &text, 1, false).code, MLN_ERR_NETWORK);
    mln_stream_finish(o.stream, 1000 * MS);
    o.stream = NULL;
    run_a_moment();
    assert_int_equal(o.broken, 0);
    assert_int_equal(gate.open, 0);
}

/* ---- deadlines ---- */

static void expires_at_the_deadline(void **state)
{
    (void)state;
    mln_stream_deadline(o.stream, 10 * MS);
    run();
    assert_int_equal(o.expired, 1);
    run_a_moment();
    assert_int_equal(o.expired, 1);
}

static void the_latest_deadline_counts(void **state)
{
    (void)state;
    mln_stream_deadline(o.stream, 5 * MS);
    mln_stream_deadline(o.stream, 10000 * MS); /* later */
    run_a_moment();
    assert_int_equal(o.expired, 0);
    mln_stream_deadline(o.stream, 5 * MS); /* earlier */
    run();
    assert_int_equal(o.expired, 1);
    mln_stream_deadline(o.stream, 5 * MS);
    mln_stream_deadline(o.stream, 0); /* none */
    run_a_moment();
    assert_int_equal(o.expired, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_input_and_keeps_what_is_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(input_byte_by_byte_grows_in_one_piece, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stops_reading_when_nobody_takes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_the_end_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sends_parts_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gathers_until_flushed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_what_the_peer_does_not_take, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finish_sends_everything_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finish_swallows_what_the_peer_still_sends, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(finish_gives_up_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(may_be_freed_or_finished_in_callbacks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(may_be_finished_in_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(may_be_freed_when_drained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_of_a_lost_connection_from_the_loop, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(freeing_a_lost_one_at_once_is_fine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(expires_at_the_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_latest_deadline_counts, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
