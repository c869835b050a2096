/* Alarms: what a resource wants to be woken for, kept in the store so that no restart loses it.
 *
 * A resource has at most one alarm of each kind. It is set and cleared in the transaction of what
 * causes it and lies in MLN_SPACE_ALARM twice: in the order of its time, with which the duties
 * find what is due (upkeep.c), and under its resource, with a state that its owner chooses. A
 * thousand alarms that wait cost nothing: one timer stands for the earliest. When its time has
 * come it is cleared and given to the hook `alarm` of the resource's type. A type that sets alarms
 * clears them in its hook `removed`. The thread of the view. */
#pragma once

#include "cse/notify/outbox.h"

enum mln_alarm_kind {
    MLN_ALARM_MISSING_DATA = 1,   /* of a <timeSeries>: a point of time is to be looked at */
    MLN_ALARM_WINDOW = 2,         /* of a <subscription>: its window of missing data ends */
    MLN_ALARM_BATCH = 3,          /* ...: the duration of its batchNotify is over */
    MLN_ALARM_RATE = 4,           /* ...: its window of rateLimit ends */
    MLN_ALARM_PENDING = 5,        /* ...: its schedule opens */
    MLN_ALARM_CROSS = 6,          /* of a <crossResourceSubscription>: its time window ends */
    MLN_ALARM_PARTED = 7,         /* of both: one that it is associated with has gone */
    MLN_ALARM_COPIES = 8,         /* of any resource: its copies at other CSEs are to be renewed */
    MLN_ALARM_AGGREGATE = 64,     /* of a <group>, and up to 79: cse/notify/aggregate.c */
    MLN_ALARM_STATISTICS = 20,    /* of a <statsCollect>: a TIMERBASED event */
    MLN_ALARM_EXECUTION = 21,     /* of an <execInstance>: its delay is over */
    MLN_ALARM_BEACON = 22,        /* of a <timeSyncBeacon>: it is due */
    MLN_ALARM_ACTION = 30,        /* of an <action>: it was triggered */
    MLN_ALARM_ACTION_PERIOD = 31, /* ...: its criteria are to be evaluated */
};

struct mln_alarm {
    uint64_t id; /* of the resource */
    enum mln_alarm_kind kind;
    int64_t due_us;
    struct mln_slice state; /* the owner's */
    mln_err failed; /* to the hook: why its last try was undone, by its own doing; not stored */
};

/* Sets it, in place of an earlier one of that kind. Errors: STORE_*. */
mln_err mln_alarm_set(const struct mln_change *c, const struct mln_alarm *alarm);

/* One that is not set is no error. Errors: STORE_*. */
mln_err mln_alarm_clear(const struct mln_change *c, uint64_t id, enum mln_alarm_kind kind);

/* The state lives in the arena. Errors: NOT_FOUND (not set), STORE_*, NO_MEMORY. */
mln_err mln_alarm_get(struct mln_view *view, uint64_t id, enum mln_alarm_kind kind,
                      struct mln_arena *arena, struct mln_alarm *ret);

/* Whose worker the hooks of types use for requests of their own. */
struct mln_worker *mln_alarm_worker(const struct mln_cse *cse);

/* The earliest of all; its state is not read. Errors: NOT_FOUND (none is set), STORE_*. */
mln_err mln_alarm_first(struct mln_view *view, struct mln_alarm *ret);
