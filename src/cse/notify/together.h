/* Entries of one lane that leave together: a poll of a channel with requestAggregation takes
 * several. Each is answered by itself. Duties' thread. docs/decisions/0046-aggregated-polls.md */
#pragma once

#include "cse/notify/attempt.h"
#include "cse/notify/outbox.h"

/* One of them. */
struct mln_flight {
    struct mln_flight *next;
    struct mln_outbox_entry entry;
    struct mln_attempt attempt;
};

/* `first` and those behind it that go the same way, notifications all, at most `most`, with so many
 * bytes of content, in their order. What is left out, for want of memory too, stays where it is;
 * *ret may be NULL. Flights and what their slices point to live in the arena. */
void mln_together_read(struct mln_view *view, const struct mln_outbox_entry *first, uint64_t most,
                       uint64_t bytes, struct mln_arena *arena, struct mln_flight **ret);
