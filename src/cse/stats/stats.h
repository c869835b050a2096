/* Statistics: the ACTIVE <statsCollect> resources, and a record for each event that one of them is
 * about.
 *
 * The rules lie in memory, read anew after a commit that changed them, before its answer leaves. A
 * CSE without rules pays one look at a flag for each request. What a request did is noted in its
 * view and told when it is answered; a record goes to options.recorder. What is due by time alone
 * is an alarm of the <statsCollect>. docs/internals/statistics.md
 * spec: TS-0001 10.2.11, TS-0004 7.4.24, 7.4.25 */
#pragma once

#include "cse/cse_int.h"
#include "cse/notify/alarm.h"

struct mln_stats;

/* Something that was done to a resource: in the arena of the request. */
struct mln_observed;

/* Reads the rules. Errors: STORE_*, NO_MEMORY, SYSTEM. */
mln_err mln_stats_new(const struct mln_cse *cse, struct mln_stats **ret);
void mln_stats_free(struct mln_stats *stats);

/* ---- rules: executor's thread ---- */

/* The job has written a <statsCollect> or an <eventConfig>. */
void mln_stats_changed(const struct mln_cse *cse);

/* Behind a commit: if rules were written, they hold from here on. */
void mln_stats_committed(const struct mln_cse *cse);

/* Sets the alarm of the <statsCollect>, or takes it back. Errors: STORE_*, NO_MEMORY. */
mln_err mln_stats_arm(const struct mln_change *c, const struct mln_resource *collect);

/* The same for all that are about the <eventConfig>. Errors: STORE_*, NO_MEMORY. */
mln_err mln_stats_arm_all(const struct mln_change *c, const struct mln_resource *config);

/* Its hook `alarm`: makes the records and sets the next alarm. Errors: STORE_*, NO_MEMORY. */
mln_err mln_stats_alarm(const struct mln_change *c, const struct mln_resource *collect,
                        const struct mln_alarm *alarm);

/* Does the type keep the size of its data? */
bool mln_stats_has_size(const struct mln_type *type);

/* That size: of a flexContainer its own content and that of its instances. */
uint64_t mln_stats_bytes(const struct mln_resource *r);

/* ---- events ---- */

/* The stages of the request are done. The thread of the view. Errors: STORE_*, NO_MEMORY. */
mln_err mln_stats_note(struct mln_exec *e);

/* The request has been answered: makes the records of what was noted. Worker's thread. */
void mln_stats_tell(const struct mln_exec *e);
