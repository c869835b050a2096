/* Announcement: our resources have copies at other CSEs, which this CSE keeps like the originals.
 *
 * A write says in its own transaction what is to become of the copies, and puts an entry without a
 * target into the outbox for each. The deliverer asks here what to send when its turn comes: always
 * what brings the copy to the state of the original now, so two entries for a copy are enough,
 * however often the original changes. How it ended is noted in the transaction that removes the
 * entry. docs/internals/announce.md. spec: TS-0004 7.3.3.10, 7.3.3.11; TS-0001 10.2.13 */
#pragma once

#include "cse/notify/attempt.h"
#include "cse/remote/copies.h"
#include "cse/types/types.h"

/* ---- requests; the thread of the view ---- */

/* Recv-6.4 for announceTo and announcedAttribute, where the request has them. Errors: ATTR_INVALID,
 * LIMIT, OPERATION (an instance whose parent is not announced there), NOT_IMPLEMENTED, STORE_*,
 * NO_MEMORY. */
mln_err mln_announce_check(struct mln_exec *e);

/* announceTo becomes the list of the copies that are there; those that are new are wanted, those
 * that are missing leave. The request waits for new ones when it was committed. Nothing for
 * requests without announceTo. Errors: LIMIT, STORE_*, NO_MEMORY. */
mln_err mln_announce_apply(struct mln_exec *e, struct mln_draft *d);

/* The resource was changed. Errors: STORE_*, NO_MEMORY. */
mln_err mln_announce_changed(const struct mln_change *c, const struct mln_resource *original);

/* It is about to go. Errors: STORE_*, NO_MEMORY. */
mln_err mln_announce_removed(const struct mln_change *c, const struct mln_resource *original);

/* An <AE> that the IN-CSE has agreed to was made: its <AEAnnc> there is kept. Errors: STORE_*,
 * NO_MEMORY. */
mln_err mln_announce_enrolled(const struct mln_change *c, const struct mln_resource *ae);

/* Copies do not live as long as their original: MLN_ALARM_COPIES. Errors: STORE_*, NO_MEMORY. */
mln_err mln_announce_alarm(const struct mln_change *c, const struct mln_resource *original);

/* ---- what the deliverer sends ---- */

enum mln_announce_end {
    MLN_ANNOUNCE_NOTHING, /* there was nothing to say */
    MLN_ANNOUNCE_CREATED,
    MLN_ANNOUNCE_FOUND,  /* it was there already */
    MLN_ANNOUNCE_ABSENT, /* it was not */
    MLN_ANNOUNCE_UPDATED,
    MLN_ANNOUNCE_GONE, /* the other CSE does not have it any more */
    MLN_ANNOUNCE_DELETED,
    MLN_ANNOUNCE_REFUSED,
    MLN_ANNOUNCE_DECLINED, /* attributes that it has not had: it stays without them */
    MLN_ANNOUNCE_TOO_OLD,  /* it could not be said for too long */
};

/* How it ended, kept until it is noted. One block: mln_free. */
struct mln_announce_outcome {
    enum mln_announce_end end;
    int64_t until_us;         /* expirationTime of the copy; MLN_NO_TIME: not told */
    bool has_more;            /* not all was said */
    bool says_life;           /* expirationTime was */
    struct mln_lane above;    /* REFUSED: the copy that the other CSE does not find any more */
    struct mln_slice address; /* of the copy */
    struct mln_slice sent;    /* as in struct mln_copy */
    char bytes[];
};

struct mln_announce_step {
    enum {
        MLN_ANNOUNCE_SEND,
        MLN_ANNOUNCE_LATER,   /* not possible now */
        MLN_ANNOUNCE_SETTLED, /* nothing to send: `end` says how it ended */
    } what;
    enum mln_announce_end end;  /* SEND: when it succeeds */
    struct mln_lane above;      /* the copy that it stands below; number 0: none. LATER: must
                                   be there first */
    struct mln_attempt attempt; /* op, from, content, parameters, reach */
    struct mln_slice host;      /* CSE-ID of the target */
    struct mln_slice sent;
    bool has_more;
    bool says_life;
    bool is_extra; /* all that is said are attributes of announcedAttribute that it has not had */
};

/* `may_be_there`: a CREATE may have been carried out whose answer was lost; then it is looked for
 * first. Errors: STORE_*, NO_MEMORY. */
mln_err mln_announce_next(const struct mln_lookup *l, struct mln_lane lane, bool may_be_there,
                          struct mln_announce_step *ret);

/* *ret is NULL when it must be sent again. Errors: NO_MEMORY. */
mln_err mln_announce_answered(const struct mln_announce_step *step,
                              const struct mln_outbound_answer *answer,
                              struct mln_announce_outcome **ret);

/* One that nothing came back for. Errors: NO_MEMORY. */
mln_err mln_announce_ended(enum mln_announce_end end, struct mln_announce_outcome **ret);

/* Notes it. Errors: STORE_*, NO_MEMORY. */
mln_err mln_announce_conclude(const struct mln_change *c, struct mln_lane lane,
                              const struct mln_announce_outcome *outcome);

/* ---- shared by the files of announcement ---- */

/* The announced variant of a type, or NULL. */
const struct mln_type *mln_announce_type(const struct mln_type *original);

/* Our CSE-ID as the CSE called `host` knows it: absolute for one of another service provider. In
 * the arena or the CSE. Errors: NO_MEMORY. spec: TS-0001 9.6.26.1 */
mln_err mln_announce_us(const struct mln_cse *cse, struct mln_slice host, struct mln_arena *arena,
                        struct mln_slice *ret);

/* What is to be said of the attributes of a copy: {"m2m:cntA": {...}}; for one that exists only
 * what differs, NULL for what has gone, and an empty slice when nothing does.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_announce_content(const struct mln_lookup *l, const struct mln_resource *original,
                             const struct mln_copy *copy, struct mln_announce_step *step);

/* ---- waiting for new copies ---- */

struct mln_announcer;

/* After the commit, on the worker: true when the request waits; it goes on by mln_exec_resume. */
bool mln_announce_wait(struct mln_exec *e);

/* Errors: NO_MEMORY. Duties. */
mln_err mln_announcer_new(struct mln_duties *duties, struct mln_announcer **ret);

/* Something has become of a copy of that resource, or has failed. */
void mln_announcer_tell(struct mln_announcer *a, uint64_t original);
void mln_announcer_stop(struct mln_announcer *a);
void mln_announcer_free(struct mln_announcer *a);
