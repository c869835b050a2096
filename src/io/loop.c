/* The event loop on libevent, its queue of posted tasks and its two sets of timers. */
#include "io/loop.h"

#include <assert.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "io/loop_int.h"
#include "io/stream_int.h"

#if defined(__SANITIZE_THREAD__)
#define IS_RACE_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IS_RACE_CHECKED 1
#endif
#endif
#ifndef IS_RACE_CHECKED
#define IS_RACE_CHECKED 0
#endif

enum { TIMERS_AT_ONCE = 256 }; /* then sockets get their turn */

struct mln_loop {
    struct event_base *base;
    struct event *posted_event;
    struct event *wall_event;
    struct event *tick_event;
    int posted_fd;                     /* eventfd: the queue is no longer empty, or stop */
    int wall_fd;                       /* timerfd on the wall clock */
    _Atomic(struct mln_task *) posted; /* newest first */
    atomic_bool is_stopping;
    struct mln_timers wall;
    struct mln_timers mono;
    int64_t wall_armed_us; /* INT64_MAX: not armed */
    int64_t tick_armed_us;
    struct mln_stream *streams;
    char scratch[MLN_LOOP_SCRATCH];
};

struct event_base *mln_loop_base(struct mln_loop *loop)
{
    return loop->base;
}

char *mln_loop_scratch(struct mln_loop *loop)
{
    return loop->scratch;
}

struct mln_stream **mln_loop_streams(struct mln_loop *loop)
{
    return &loop->streams;
}

/* ---- posted tasks ---- */

static void wake(struct mln_loop *loop)
{
    uint64_t one = 1;
    ssize_t n;

    do {
        n = write(loop->posted_fd, &one, sizeof one);
    } while (n < 0 && errno == EINTR);
    /* EAGAIN: the counter is full, so the loop is awake anyway */
}

void mln_loop_post(struct mln_loop *loop, struct mln_task *task)
{
    struct mln_task *head = atomic_load_explicit(&loop->posted, memory_order_relaxed);

    do {
        task->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&loop->posted, &head, task,
                                                    memory_order_acq_rel, memory_order_relaxed));
    if (!head) {
        wake(loop);
    }
}

void mln_loop_stop(struct mln_loop *loop)
{
    atomic_store(&loop->is_stopping, true);
    wake(loop);
}

static void run_posted(struct mln_loop *loop)
{
    struct mln_task *newest = atomic_exchange_explicit(&loop->posted, NULL, memory_order_acq_rel);
    struct mln_task *oldest = NULL;

    while (newest) {
        struct mln_task *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        struct mln_task *task = oldest;

        oldest = task->next;
        task->run(task);
    }
}

static void on_posted(evutil_socket_t fd, short what, void *data)
{
    struct mln_loop *loop = data;
    uint64_t count;

    (void)what;
    while (read((int)fd, &count, sizeof count) < 0 && errno == EINTR) {
    }
    run_posted(loop);
    if (atomic_load(&loop->is_stopping)) {
        (void)event_base_loopbreak(loop->base);
    }
}

/* ---- timers ---- */

/* The kernel follows a clock that is set: an absolute timer on CLOCK_REALTIME fires when the new
 * time reaches it, be the clock moved forwards or backwards. */
static void arm_wall(struct mln_loop *loop)
{
    int64_t when = loop->wall.first ? loop->wall.first->when_us : INT64_MAX;
    struct itimerspec spec = { 0 };

    if (when == loop->wall_armed_us) {
        return;
    }
    loop->wall_armed_us = when;
    if (when != INT64_MAX) {
        int64_t at = when > 0 ? when : 1; /* zero would disarm */

        spec.it_value.tv_sec = (time_t)(at / MLN_US_PER_S);
        spec.it_value.tv_nsec = (long)(at % MLN_US_PER_S) * 1000;
    }
    (void)timerfd_settime(loop->wall_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void arm_tick(struct mln_loop *loop)
{
    int64_t when = loop->mono.first ? loop->mono.first->when_us : INT64_MAX;
    int64_t wait;
    struct timeval tv;

    if (when >= loop->tick_armed_us) {
        return; /* the tick comes early enough */
    }
    loop->tick_armed_us = when;
    wait = when - mln_monotonic_us();
    wait = wait > 0 ? wait : 0;
    tv.tv_sec = (time_t)(wait / MLN_US_PER_S);
    tv.tv_usec = (suseconds_t)(wait % MLN_US_PER_S);
    (void)event_add(loop->tick_event, &tv);
}

static void fire_due(struct mln_timers *timers, int64_t now_us)
{
    struct mln_timer *timer;

    for (int i = 0; i < TIMERS_AT_ONCE && (timer = mln_timers_take(timers, now_us)); i++) {
        timer->fire(timer);
    }
}

static void on_wall(evutil_socket_t fd, short what, void *data)
{
    struct mln_loop *loop = data;
    uint64_t count;

    (void)what;
    if (read((int)fd, &count, sizeof count) < 0) {
        return;
    }
    loop->wall_armed_us = INT64_MAX;
    fire_due(&loop->wall, mln_env_now_us(mln_env_system()));
    arm_wall(loop);
}

static void on_tick(evutil_socket_t fd, short what, void *data)
{
    struct mln_loop *loop = data;

    (void)fd;
    (void)what;
    loop->tick_armed_us = INT64_MAX;
    fire_due(&loop->mono, mln_monotonic_us());
    arm_tick(loop);
}

void mln_loop_after(struct mln_loop *loop, struct mln_timer *timer, int64_t delay_us)
{
    mln_timers_remove(&loop->mono, timer);
    mln_timers_add(&loop->mono, timer, mln_monotonic_us() + (delay_us > 0 ? delay_us : 0));
    arm_tick(loop);
}

void mln_loop_cancel_after(struct mln_loop *loop, struct mln_timer *timer)
{
    mln_timers_remove(&loop->mono, timer);
}

struct task_timer {
    struct mln_timer timer; /* first: the cast in fire_task */
    struct mln_task *task;
    bool is_wall;
};

static void fire_task(struct mln_timer *timer)
{
    struct task_timer *t = (struct task_timer *)timer;
    struct mln_task *task = t->task;

    mln_free(t);
    task->run(task);
}

void mln_loop_op_post(void *loop, struct mln_task *task)
{
    mln_loop_post(loop, task);
}

void *mln_loop_op_at(void *loop, int64_t when_us, struct mln_task *task)
{
    struct mln_loop *l = loop;
    struct task_timer *t = mln_calloc(1, sizeof *t);

    if (t) {
        t->task = task;
        t->timer.fire = fire_task;
        t->is_wall = true;
        mln_timers_add(&l->wall, &t->timer, when_us);
        arm_wall(l);
    }
    return t;
}

void *mln_loop_op_after(void *loop, int64_t delay_us, struct mln_task *task)
{
    struct task_timer *t = mln_calloc(1, sizeof *t);

    if (t) {
        t->task = task;
        t->timer.fire = fire_task;
        mln_loop_after(loop, &t->timer, delay_us);
    }
    return t;
}

void mln_loop_op_cancel(void *loop, void *timer)
{
    struct mln_loop *l = loop;
    struct task_timer *t = timer;

    if (t) {
        mln_timers_remove(t->is_wall ? &l->wall : &l->mono, &t->timer);
        mln_free(t);
    }
}

/* ---- life ---- */

/* Changes of interest wait for the next call of epoll and go together. A descriptor closed before
 * that may by then have a new connection of another thread behind it: the call fails, which
 * libevent expects, but ThreadSanitizer takes it for a race. */
static int base_flags(void)
{
    int flags = EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV;

    return IS_RACE_CHECKED ? flags : flags | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST;
}

static mln_err open_base(struct mln_loop *loop)
{
    struct event_config *config = event_config_new();

    MLN_REQUIRE(config, NO_MEMORY);
    if (event_config_set_flag(config, base_flags()) == 0) {
        loop->base = event_base_new_with_config(config);
    }
    event_config_free(config);
    MLN_REQUIRE(loop->base, SYSTEM);
    return MLN_OK;
}

static mln_err open_events(struct mln_loop *loop)
{
    short readable = EV_READ | EV_PERSIST;

    loop->posted_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->wall_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    MLN_REQUIRE(loop->posted_fd >= 0 && loop->wall_fd >= 0, SYSTEM);
    loop->posted_event = event_new(loop->base, loop->posted_fd, readable, on_posted, loop);
    loop->wall_event = event_new(loop->base, loop->wall_fd, readable, on_wall, loop);
    loop->tick_event = evtimer_new(loop->base, on_tick, loop);
    MLN_REQUIRE(loop->posted_event && loop->wall_event && loop->tick_event, NO_MEMORY);
    MLN_REQUIRE(event_add(loop->posted_event, NULL) == 0, SYSTEM);
    MLN_REQUIRE(event_add(loop->wall_event, NULL) == 0, SYSTEM);
    return MLN_OK;
}

mln_err mln_loop_new(struct mln_loop **ret)
{
    struct mln_loop *loop = mln_calloc(1, sizeof *loop);
    mln_err err;

    MLN_REQUIRE(loop, NO_MEMORY);
    loop->posted_fd = loop->wall_fd = -1;
    loop->wall_armed_us = loop->tick_armed_us = INT64_MAX;
    err = open_base(loop);
    if (!mln_failed(err)) {
        err = open_events(loop);
    }
    if (mln_failed(err)) {
        mln_loop_free(loop);
        return err;
    }
    *ret = loop;
    return MLN_OK;
}

static void free_task_timers(struct mln_timers *timers)
{
    struct mln_timer *timer;

    while ((timer = mln_timers_take(timers, INT64_MAX))) {
        if (timer->fire == fire_task) {
            mln_free((struct task_timer *)timer);
        }
    }
}

static void free_event(struct event *event)
{
    if (event) {
        event_free(event);
    }
}

void mln_loop_free(struct mln_loop *loop)
{
    if (!loop) {
        return;
    }
    while (loop->streams) {
        assert(mln_stream_has_no_owner(loop->streams));
        mln_stream_free(loop->streams);
    }
    free_task_timers(&loop->wall);
    free_task_timers(&loop->mono);
    free_event(loop->posted_event);
    free_event(loop->wall_event);
    free_event(loop->tick_event);
    if (loop->base) {
        event_base_free(loop->base);
    }
    if (loop->posted_fd >= 0) {
        (void)close(loop->posted_fd);
    }
    if (loop->wall_fd >= 0) {
        (void)close(loop->wall_fd);
    }
    mln_free(loop);
}

mln_err mln_loop_run(struct mln_loop *loop)
{
    int result = 0;

    if (!atomic_load(&loop->is_stopping)) {
        result = event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    }
    atomic_store(&loop->is_stopping, false);
    MLN_REQUIRE(result >= 0, SYSTEM);
    return MLN_OK;
}
