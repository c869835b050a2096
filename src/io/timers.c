/* Timers as a pairing heap: adding costs a comparison, taking out O(log n) over time. */
#include "io/timers.h"

#include <assert.h>
#include <stddef.h>

/* The later root becomes the eldest child of the earlier. Roots have neither next nor prev. */
static struct mln_timer *meld(struct mln_timer *a, struct mln_timer *b)
{
    if (!a || !b) {
        return a ? a : b;
    }
    if (b->when_us < a->when_us) {
        struct mln_timer *earlier = b;

        b = a;
        a = earlier;
    }
    b->prev = a;
    b->next = a->child;
    if (a->child) {
        a->child->prev = b;
    }
    a->child = b;
    return a;
}

/* Melds a list of siblings into one heap: pairs from left to right, then all from right to left.
 * The pairs wait in a list that is chained backwards, so that nothing recurses. */
static struct mln_timer *meld_siblings(struct mln_timer *node)
{
    struct mln_timer *pairs = NULL;
    struct mln_timer *root = NULL;

    while (node) {
        struct mln_timer *a = node;
        struct mln_timer *b = node->next;

        node = b ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b) {
            b->next = b->prev = NULL;
        }
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        struct mln_timer *pair = pairs;

        pairs = pair->next;
        pair->next = NULL;
        root = meld(root, pair);
    }
    return root;
}

void mln_timers_add(struct mln_timers *timers, struct mln_timer *timer, int64_t when_us)
{
    assert(!timer->is_set);
    timer->when_us = when_us;
    timer->child = timer->next = timer->prev = NULL;
    timer->is_set = true;
    timers->first = meld(timers->first, timer);
}

void mln_timers_remove(struct mln_timers *timers, struct mln_timer *timer)
{
    struct mln_timer *below;

    if (!timer->is_set) {
        return;
    }
    timer->is_set = false;
    below = meld_siblings(timer->child);
    if (timer == timers->first) {
        timers->first = below;
        return;
    }
    if (timer->prev->child == timer) {
        timer->prev->child = timer->next;
    } else {
        timer->prev->next = timer->next;
    }
    if (timer->next) {
        timer->next->prev = timer->prev;
    }
    timers->first = meld(timers->first, below);
}

struct mln_timer *mln_timers_take(struct mln_timers *timers, int64_t now_us)
{
    struct mln_timer *timer = timers->first;

    if (!timer || timer->when_us > now_us) {
        return NULL;
    }
    mln_timers_remove(timers, timer);
    return timer;
}
