/* Timers in the order of their time: a pairing heap whose nodes belong to the callers, so that
 * setting a timer needs no memory and cannot fail.
 *
 * The heap does not know a clock; the loop asks for what is due. One thread. Internal to io. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mln_timer {
    int64_t when_us;
    void (*fire)(struct mln_timer *timer);
    struct mln_timer *child; /* the heap's, like the next three */
    struct mln_timer *next;
    struct mln_timer *prev; /* elder sibling, or the parent of the eldest */
    bool is_set;
};

struct mln_timers {
    struct mln_timer *first;
};

/* Puts a timer in that is not set. */
void mln_timers_add(struct mln_timers *timers, struct mln_timer *timer, int64_t when_us);

/* Takes a timer out; fine when it is not set. */
void mln_timers_remove(struct mln_timers *timers, struct mln_timer *timer);

/* Takes out the earliest timer that is due, or returns NULL. */
struct mln_timer *mln_timers_take(struct mln_timers *timers, int64_t now_us);
