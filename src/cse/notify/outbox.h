/* The outbox: notifications that must leave, written in the transaction of what they report.
 *
 * A lane is the queue to one target of one subscription; it keeps its order and is bounded: when
 * it is full the oldest goes. Records live in MLN_SPACE_OUTBOX under subscription, lane and a
 * growing number. Delivery is in deliver.c. The thread of the view. */
#pragma once

#include "cse/cse_int.h"

enum { MLN_DEPTH_MOST = UINT8_MAX }; /* no <action> follows, whatever the limit says */

/* A change of the tree in progress: where it reads and writes. */
struct mln_change {
    const struct mln_cse *cse;
    struct mln_view *view;
    struct mln_write *write;
    struct mln_arena *arena;
    int64_t now_us;
    struct mln_slice deleter; /* the originator of the DELETE that it is; or empty */
    uint8_t depth;            /* how many <action>s led to it: cse/action/act.h */
};

enum {
    MLN_OUTBOX_KEY_SIZE = 18,
    MLN_OUTBOX_LANE_CROSS = 0x8000, /* the first of what associates hear at their end: cross.h; */
    MLN_OUTBOX_LANE_CROSS_END = 0x9000,
    MLN_OUTBOX_LANE_AGGREGATE = 0xFF00, /* the first of what a group keeps: aggregate.c; */
    MLN_OUTBOX_LANE_AGGREGATE_END = 0xFF10,
    MLN_OUTBOX_LANE_REMOVAL = 0xFFEF, /* of the creator: a target wants to leave */
    MLN_OUTBOX_LANE_HELD = 0xFFF0,    /* the first of those that are not delivered: policy.h */
    MLN_OUTBOX_LANE_DELETION = 0xFFFF,
};

struct mln_lane {
    uint64_t subscription; /* id of the <subscription>, which may be gone already */
    uint16_t number;       /* place of the target in notificationURI, LANE_DELETION, or one that
                            * is held; lane 0 is the one that expirationCounter counts */
};

/* What is sent. */
struct mln_notice {
    struct mln_slice content; /* packed Content of the NOTIFY */
    int ec;                   /* Event Category, 0: none */
    enum mln_op op;           /* 0: NOTIFY, which always has content */
    struct mln_slice fr;      /* with `op`: the originator */
    bool is_counted;          /* the subscription keeps statistics: tally.h */
    struct mln_slice leaver;  /* with RETRIEVE: who is to leave what is read; cross.h */
};

/* One record as read. Slices live in the arena. */
struct mln_outbox_entry {
    struct mln_lane lane;
    uint64_t number;
    struct mln_slice target; /* URL or resource identifier; empty in a lane that is held */
    struct mln_notice notice;
    int64_t created_us;
};

/* Appends to a lane, under a number that is at least `least`. Errors: STORE_*, NO_MEMORY. */
mln_err mln_outbox_put(const struct mln_change *c, struct mln_lane lane, uint64_t least,
                       struct mln_slice target, const struct mln_notice *notice);

/* Drops all but the newest `keep` entries of a lane. Errors: STORE_*. */
mln_err mln_outbox_trim(const struct mln_change *c, struct mln_lane lane, uint64_t keep);

/* How many entries from that number on wait in a lane. Errors: STORE_*. */
mln_err mln_outbox_waiting(struct mln_view *view, struct mln_lane lane, uint64_t from,
                           uint64_t *ret);

/* A number that all entries of the lane are below and all that follow are not.
 * Errors: STORE_*. */
mln_err mln_outbox_end(struct mln_view *view, struct mln_lane lane, uint64_t *ret);

/* The entry of that lane behind `number`; 0: its first. Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
mln_err mln_outbox_next(struct mln_view *view, struct mln_lane lane, uint64_t number,
                        struct mln_arena *arena, struct mln_outbox_entry *ret);

/* The first lane behind `after` that has entries and is delivered; NULL: the first of all.
 * Errors: NOT_FOUND, STORE_*. */
mln_err mln_outbox_next_lane(struct mln_view *view, const struct mln_lane *after,
                             struct mln_lane *ret);

/* The lanes behind `after`, at most `most`. Errors: STORE_*. */
mln_err mln_outbox_lanes(struct mln_view *view, const struct mln_lane *after, size_t most,
                         struct mln_lane *ret, size_t *ret_count);

/* The first lane of the subscription from `lane` on that has entries, those that are held too: its
 * oldest number, and one that all are below. The notice of deletion is none of them.
 * Errors: NOT_FOUND, STORE_*. */
mln_err mln_outbox_span(struct mln_view *view, struct mln_lane *lane, uint64_t *ret_first,
                        uint64_t *ret_end);

/* A subscription for the log: its address, or words for one that is deleted. */
struct mln_slice mln_outbox_name(const struct mln_lookup *l, uint64_t subscription);

/* Removes one entry; an absent one is no error. Errors: STORE_*. */
mln_err mln_outbox_erase(struct mln_write *write, struct mln_lane lane, uint64_t number);

/* Removes all entries of a subscription except its notice of deletion and what is for its
 * associates. Errors: STORE_*. */
mln_err mln_outbox_clear(const struct mln_change *c, uint64_t subscription);
