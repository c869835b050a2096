/* The one home of clock and random numbers. */
#include "base/env.h"

#include <sys/random.h>
#include <time.h>

#include "base/timestamp.h"

static int64_t system_now_us(void *data)
{
    struct timespec ts;

    (void)data;
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * MLN_US_PER_S + ts.tv_nsec / 1000;
}

static mln_err system_random(void *data, void *out, size_t len)
{
    char *at = out;

    (void)data;
    while (len) {
        ssize_t n = getrandom(at, len < 256 ? len : 256, 0);

        MLN_REQUIRE(n > 0, SYSTEM);
        at += n;
        len -= (size_t)n;
    }
    return MLN_OK;
}

const struct mln_env *mln_env_system(void)
{
    static const struct mln_env env = { NULL, system_now_us, system_random };

    return &env;
}

static int64_t interval_clock_us(clockid_t clock)
{
    struct timespec ts;

    (void)clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * MLN_US_PER_S + ts.tv_nsec / 1000;
}

int64_t mln_monotonic_us(void)
{
    return interval_clock_us(CLOCK_MONOTONIC);
}

int64_t mln_monotonic_coarse_us(void)
{
    return interval_clock_us(CLOCK_MONOTONIC_COARSE);
}
