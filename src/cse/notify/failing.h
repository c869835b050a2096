/* What the log says of deliveries: the first failure of a lane, those after it only to whoever asks
 * for everything, and then the first success. Duties' thread; nothing here is stored. */
#pragma once

#include "base/log.h"
#include "cse/notify/attempt.h"
#include "cse/notify/outbox.h"

struct mln_duties;

enum { MLN_FAILING_PLACES = 1024 };

/* Lanes whose failure was told; a later one takes the place. All zero at the beginning. */
struct mln_failing {
    struct mln_lane places[MLN_FAILING_PLACES];
};

/* An entry, and where it leads. The arena is for the message only. */
struct mln_failing_entry {
    const struct mln_duties *duties;
    struct mln_arena *arena;
    struct mln_lane lane;
    struct mln_slice target; /* as it may be shown */
};

/* `status` of the transport; 0: none. */
void mln_failing_say(const struct mln_failing_entry *e, enum mln_log_level level, const char *what,
                     int status);

/* `is_over`: it is not sent again. */
void mln_failing_tell(struct mln_failing *f, const struct mln_failing_entry *e,
                      const struct mln_outbound_answer *answer, bool is_over);
