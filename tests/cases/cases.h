/* The parts of the case runner: variables in texts, comparison, one case.
 *
 * tests/cases/README.md tells what a case is. All memory is in the arena of the run; mistakes in a
 * case, and expectations that do not hold, end the test through cmocka. One thread. */
#pragma once

#include "cse/inproc_test.h"

/* A case on its way. */
struct case_run {
    struct mln_inproc *p;
    struct mln_arena *arena;
    const struct mln_value *given; /* the whole case */
    struct case_variable *variables;
    struct mln_inproc_call *last;             /* the newest request */
    const struct mln_inproc_sent *seen_up_to; /* notifications that were looked at */
    char where[200];                          /* for messages */
};

/* ---- variables.c ---- */

void case_set(struct case_run *run, const char *name, struct mln_slice value);

/* Replaces {name} and {now+SECONDS}. A name that is not set fails the test. NUL-terminated. */
struct mln_slice case_expand(struct case_run *run, struct mln_slice text);

/* A copy of the tree with all texts expanded. */
struct mln_value *case_expand_value(struct case_run *run, const struct mln_value *v);

/* ---- compare.c ---- */

/* The expected content, which was expanded, against what came. Objects may have more members;
 * null means that the member is absent. {"$any": true}: anything that is there; {"$starts": "C"};
 * {"$set": [...]}: these elements in any order; {"$has": [...]}: these and perhaps others;
 * {"$above": 3}. On failure `where` tells the place. */
bool case_matches(const struct mln_value *expected, const struct mln_value *have, char *where,
                  size_t where_size);

/* ---- case.c ---- */

/* Runs one case on a new CSE with a store of that backend in that directory. */
void case_execute(const struct mln_value *given, const char *backend, const char *path);
