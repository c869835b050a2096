/* Time series: which points of time a <timeSeries> has instances for, and which it lacks.
 *
 * Each <timeSeriesInstance> has a row in MLN_SPACE_SERIES under its parent and its
 * dataGenerationTime, so that neither uniqueness nor detection looks at other instances. What is
 * to be looked at next is the alarm MLN_ALARM_MISSING_DATA of the <timeSeries>, whose state is the
 * expected dataGenerationTime. The thread of the view.
 * spec: TS-0001 10.2.4.29, TS-0004 7.4.38, 7.4.39 */
#pragma once

#include "cse/notify/alarm.h"
#include "model/value.h"

/* A dataGenerationTime. spec: TS-0004 6.3.3 m2m:absRelTimestamp */
struct mln_dgt {
    bool is_relative;
    int64_t value; /* relative: milliseconds; else microseconds UTC */
};

/* False when it is neither form. */
bool mln_dgt_read(const struct mln_value *v, struct mln_dgt *ret);

/* ---- the rows ---- */

/* `id` is that of the instance. Errors: STORE_*. */
mln_err mln_series_add(const struct mln_change *c, uint64_t series, struct mln_dgt dgt,
                       uint64_t id);
mln_err mln_series_remove(const struct mln_change *c, uint64_t series, struct mln_dgt dgt);

/* Is there an instance with a time from `first` to `last`, both included and of one form?
 * Errors: STORE_*. */
mln_err mln_series_has(struct mln_view *view, uint64_t series, struct mln_dgt first,
                       struct mln_dgt last, bool *ret);

/* The instance with the oldest dataGenerationTime, but not the one with id `keep`. Relative times
 * come after all others. Errors: NOT_FOUND (no other is there), STORE_*, NO_MEMORY. */
mln_err mln_series_oldest(const struct mln_lookup *l, const struct mln_resource *series,
                          uint64_t keep, struct mln_resource *ret);

/* ---- detection ---- */

/* Are missing data to be detected? */
bool mln_series_is_watched(const struct mln_resource *series);

/* An instance has come: begins to watch unless that has begun. Errors: STORE_*. */
mln_err mln_series_received(const struct mln_change *c, const struct mln_resource *series,
                            struct mln_dgt dgt);

/* The alarm: notes what is missing, tells the subscriptions, and sets the next alarm.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_series_look(const struct mln_change *c, const struct mln_resource *series,
                        const struct mln_alarm *alarm);
