/* What the torture tests share: the scenario, and pictures of the store before and after.
 *
 * Each step of the scenario is done with the n-th allocation, then the n-th call of the store
 * failing, for each n until none is left to fail. One thread. */
#pragma once

#include "cse/inproc_test.h"

/* One step. Everything has a name, so that pictures of two runs can be compared. */
struct torture_step {
    const char *name;
    const char *request;     /* JSON; NULL: only time passes */
    int rsc;                 /* when nothing fails */
    unsigned seconds;        /* that pass after the request, with the failure armed */
    const char *notified[4]; /* each of these texts is in a notification that arrives */
};

extern const struct torture_step torture_scenario[];
extern const size_t torture_steps;

/* ---- picture.c ---- */

/* All that is stored, as text: `exact` with times and identifiers, else only what two runs of the
 * same requests have in common. In the arena, NUL-terminated. */
const char *torture_picture(struct mln_inproc *p, struct mln_arena *arena, bool exact);

/* Records of a space. */
uint64_t torture_records(struct mln_inproc *p, enum mln_space space);

/* Counters of each container against the instances that are there; prints what is wrong. */
bool torture_counters_right(struct mln_inproc *p);
