/* Other CSEs that this one knows by a <remoteCSE>: its registrees, and its registrar.
 * The thread of the view. spec: TS-0001 9.6.4 */
#pragma once

#include "cse/address/locate.h"

struct mln_remote {
    struct mln_resource resource; /* the <remoteCSE> */
    struct mln_entity cse;        /* whom it stands for */
    bool is_registrar;
};

/* The neighbour that leads to the CSE: itself, or the registree that lists it in descendantCSEs;
 * of several the one that came first. Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
mln_err mln_remote_find(const struct mln_lookup *l, const struct mln_entity *cse,
                        struct mln_remote *ret);

/* Is that CSE the registrar of this one, by the settings? */
bool mln_remote_is_registrar(const struct mln_cse *cse, const struct mln_entity *entity);

/* May the neighbour speak for what is called so: for itself, its own AEs, what lies behind it?
 * Not for our own whole CSE-ID, nor for another registree and its AEs. `peer` need not be known
 * here. Errors: STORE_*, NO_MEMORY. spec: TS-0004 7.3.2.1, security.md 4.1 */
mln_err mln_remote_speaks_for(const struct mln_lookup *l, const struct mln_entity *peer,
                              const struct mln_entity *entity, bool *ret);
