/* Group requests that wait for an answer of a neighbour. While one does, the neighbour may ask us
 * the same for the originator: members of its group may be here. Nobody else comes back as an AE of
 * ours. All threads; each entry is the caller's, so what waits bounds them.
 * spec: TS-0004 7.4.14.2.4; docs/decisions/0034 */
#pragma once

#include "cse/notify/reach.h"

struct mln_errands;

struct mln_errand {
    struct mln_entity neighbour; /* the slices live as long as the entry, like the next */
    struct mln_entity originator;
    enum mln_op op;
    uint16_t ty;              /* CREATE: of what is to be made; else 0 */
    struct mln_errand *next;  /* of its own, like the next */
    struct mln_errand **link; /* NULL: it is not under way */
};

/* Errors: NO_MEMORY, SYSTEM. */
mln_err mln_errands_new(struct mln_errands **ret);
void mln_errands_free(struct mln_errands *errands);

/* The request goes out to that neighbour now. Nothing is noted of what is no group request, or goes
 * to another service provider. */
void mln_errand_begin(const struct mln_exec *e, const struct mln_reach *reach,
                      const struct mln_entity *neighbour, struct mln_errand *errand);

/* It has been answered, or never will be. */
void mln_errand_end(const struct mln_cse *cse, struct mln_errand *errand);

/* Is such a one under way? Its neighbour, originator, op and ty count. */
bool mln_errand_is_known(const struct mln_cse *cse, const struct mln_errand *errand);
