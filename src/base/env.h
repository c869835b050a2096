/* The outside world as the core sees it: clock and random numbers.
 *
 * The server fills it in with the system's, tests with their own. Members may be called from any
 * thread. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

struct mln_env {
    void *data;
    /* Wall clock, microseconds since 1970 UTC. May be set back by people. */
    int64_t (*now_us)(void *data);
    /* Fills out with unpredictable bytes. Errors: SYSTEM. */
    mln_err (*random)(void *data, void *out, size_t len);
};

/* The system's clock and random numbers. Constant, lives for ever. */
const struct mln_env *mln_env_system(void);

static inline int64_t mln_env_now_us(const struct mln_env *env)
{
    return env->now_us(env->data);
}

static inline mln_err mln_env_random(const struct mln_env *env, void *out, size_t len)
{
    return env->random(env->data, out, len);
}

/* Monotonic time for intervals, microseconds; not affected by clock changes. */
int64_t mln_monotonic_us(void);

/* The same at a fraction of the cost, in steps of a few milliseconds and never ahead of it. */
int64_t mln_monotonic_coarse_us(void);
