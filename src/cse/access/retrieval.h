/* Retrieving what other CSEs keep, while the request that needs it waits.
 *
 * All that is wanted is asked for at once, in the name of this CSE; when the last answer is there,
 * or its time is over, the request goes on. It waits no longer than it lives, however often it has
 * to. What is on its way already is not asked for twice. One originator can have so many questions
 * open at a time. The worker's thread.
 * spec: security.md 3.3, 5.2 */
#pragma once

#include "cse/cse_int.h"

/* One thing that is asked for; the caller keeps it, in the arena of the request. */
struct mln_wanted {
    struct mln_wanted *next;
    struct mln_slice url;
    struct mln_slice to; /* empty: the URL names it */
    struct mln_slice fr;
    struct mln_slice credential_id; /* that whoever is asked must prove, or empty */
    struct mln_slice rvi;
    /* Called with the answer, or with why there is none; not when it could not be sent. */
    void (*take)(struct mln_wanted *wanted, const struct mln_outbound_answer *answer);
    /* set by mln_retrieval_start: */
    struct mln_retrieval *retrieval;
    struct mln_exec *e;
    struct mln_wanted *next_asked; /* of the worker: on their way */
    struct mln_wanted *also;       /* of other requests that wait for the same answer */
};

/* Asks for all of the list. mln_exec_resume follows, perhaps before the return. `holder`, borrowed,
 * is whom it is about, and counts as the one who asks. Errors: OVERLOAD, REQUEST_PENDING,
 * NO_MEMORY; then nobody is asked. */
mln_err mln_retrieval_start(struct mln_exec *e, const struct mln_entity *holder,
                            struct mln_wanted *first);

/* What was not found: who keeps it, and how long that is remembered. */
struct mln_absence {
    struct mln_remote_fact fact; /* the times are filled in */
    struct mln_slice keeper;
    uint64_t ms;
    mln_err err; /* why there was no answer, if there was none */
};

/* Remembers it, and that the keeper is silent if it is. */
void mln_retrieval_note_absent(const struct mln_exec *e, struct mln_remote_memory *memory,
                               struct mln_absence *absence);
