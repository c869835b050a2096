/* The event loop: one per network thread.
 *
 * Runs tasks that other threads post, timers, and the events of listeners, streams and fetches.
 * Posting and setting timers need no memory and cannot fail. Everything belongs to the loop's own
 * thread, except mln_loop_post and mln_loop_stop, which any thread may call. The loop reads the
 * system's clocks; a timer at a wall-clock time follows the clock when it is set. */
#pragma once

#include "base/err.h"
#include "base/task.h"
#include "io/timers.h"

struct mln_loop;

/* Errors: NO_MEMORY, SYSTEM. */
mln_err mln_loop_new(struct mln_loop **ret);

/* The loop must not be running; its listeners and the streams that have an owner must be gone.
 * Tasks that were posted and did not run are forgotten. NULL is fine. */
void mln_loop_free(struct mln_loop *loop);

/* Runs until mln_loop_stop. May be called again afterwards. Errors: SYSTEM. */
mln_err mln_loop_run(struct mln_loop *loop);

/* Makes mln_loop_run return after what it does now. Any thread. A stop before the run counts. */
void mln_loop_stop(struct mln_loop *loop);

/* Runs the task once on the loop's thread, in the order of posting. Any thread. The task must
 * stay untouched until it runs. */
void mln_loop_post(struct mln_loop *loop, struct mln_task *task);

/* Fires the timer once after an interval, whatever the wall clock does. A timer that is set
 * already is moved. */
void mln_loop_after(struct mln_loop *loop, struct mln_timer *timer, int64_t delay_us);
void mln_loop_cancel_after(struct mln_loop *loop, struct mln_timer *timer);

/* For those who know the loop as `void *` only, such as struct mln_worker_ops: mln_loop_post; the
 * task at a time of the wall clock (microseconds since 1970 UTC), or soon when that has passed;
 * after an interval, whatever that clock does; and not after all. The handle is valid until the
 * task runs; NULL when out of memory. */
void mln_loop_op_post(void *loop, struct mln_task *task);
void *mln_loop_op_at(void *loop, int64_t when_us, struct mln_task *task);
void *mln_loop_op_after(void *loop, int64_t delay_us, struct mln_task *task);
void mln_loop_op_cancel(void *loop, void *timer);
