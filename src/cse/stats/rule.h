/* Rules of statistics: an ACTIVE <statsCollect> with the <eventConfig> that it names, read once.
 *
 * Slices live in the arena of the lookup. The thread of the view.
 * spec: TS-0001 9.6.24, 9.6.25 */
#pragma once

#include "cse/address/locate.h"

/* m2m:eventType. spec: TS-0004 6.3.4.2.25 */
enum mln_stats_event {
    MLN_STATS_DATAOPERATION = 1,
    MLN_STATS_STORAGEBASED = 2,
    MLN_STATS_TIMERBASED = 3,
};

/* Packed lists; an empty slice: the attribute is not there, and everything counts. */
struct mln_stats_rule {
    struct mln_slice id;         /* statsCollectID */
    struct mln_slice collecting; /* collectingEntityID */
    struct mln_slice collected;  /* AE-IDs and CSE-IDs */
    struct mln_slice periods;    /* m2m:scheduleEntry */
    enum mln_stats_event event;
    struct mln_slice operations; /* enum mln_op */
    struct mln_slice types;
    struct mln_slice resources; /* resourceIDs */
    uint64_t size;              /* STORAGEBASED: bytes that are exceeded */
    int64_t start_us;           /* TIMERBASED; INT64_MIN: always has been */
    int64_t end_us;             /* INT64_MAX: never */
};

/* *ret_is_active false: the <statsCollect> collects nothing, since it is INACTIVE or its
 * <eventConfig> is gone. Errors: STORE_*, NO_MEMORY. */
mln_err mln_stats_rule_read(const struct mln_lookup *l, const struct mln_resource *collect,
                            struct mln_stats_rule *ret, bool *ret_is_active);

/* Is the moment within collectPeriod? */
bool mln_stats_rule_is_open(const struct mln_stats_rule *rule, int64_t us);

/* A resourceID of this CSE, in any spelling, without the CSE-ID; false for anything else, as a
 * path. */
bool mln_stats_resource_id(const struct mln_names *names, struct mln_slice id,
                           struct mln_slice *ret);

/* Is the resource one of eventResourceIDs or eventResourceTypes? */
bool mln_stats_rule_names(const struct mln_stats_rule *rule, const struct mln_names *names,
                          struct mln_slice ri, uint16_t ty);
