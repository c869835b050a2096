/* Other CSEs that this one knows by a <remoteCSE>: its registrees, and its registrar.
 * The thread of the view. spec: TS-0001 9.6.4; TS-0004 7.3.2.6 */
#pragma once

#include "cse/address/locate.h"
#include "cse/notify/reach.h"

struct mln_errand;

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

/* Is it a CSE or an AE of another service provider that we are to deal with? */
bool mln_remote_is_peer(const struct mln_cse *cse, const struct mln_entity *entity);

/* Is it the IN-CSE of such a one? */
bool mln_remote_is_gateway(const struct mln_cse *cse, const struct mln_entity *entity);

/* May the neighbour speak for what is called so: for itself, its own AEs, what lies behind it?
 * Not for our own whole CSE-ID, nor for another registree and its AEs; for our own AEs only what
 * such a one has asked it, too: remote/errand.h. Who is of another service provider speaks for
 * nobody outside of it, and for others in it as its IN-CSE only; of ours only the registrar speaks
 * for anybody outside. `ask`: its neighbour, which need not be known here, originator, and what is
 * asked. Errors: STORE_*, NO_MEMORY. spec: TS-0004 7.3.2.1, security.md 4.1 */
mln_err mln_remote_speaks_for(const struct mln_lookup *l, const struct mln_errand *ask, bool *ret);

/* The next CSE on the way to the one that hosts `to`, which is not this one, and how to reach it.
 * `is_from_above`: the request came from the registrar, or from another service provider; then it
 * does not go there. It may be that it cannot be reached: mln_reach_is_possible.
 * Errors: NOT_FOUND (no way), NOT_REACHABLE (the way is by the registrar, where this CSE is not
 * registered now), STORE_*, NO_MEMORY. spec: TS-0004 7.3.2.6 */
mln_err mln_remote_route(const struct mln_lookup *l, struct mln_slice to, bool is_from_above,
                         struct mln_remote *ret, struct mln_reach *ret_reach);

/* Does that <AEAnnc> stand for an AE with an AE-ID of our SP, registered at another CSE? Its
 * resourceID is the AE-ID-Stem then. At the IN-CSE. spec: TS-0001 10.2.2.2 */
bool mln_remote_is_ae(const struct mln_cse *cse, const struct mln_resource *annc);

/* The neighbour that leads to where the AE with this AE-ID of our SP is registered, as the IN-CSE
 * knows. Errors: NOT_FOUND (not registered now, or it is not known where), STORE_*, NO_MEMORY. */
mln_err mln_remote_find_ae(const struct mln_lookup *l, struct mln_slice stem,
                           struct mln_remote *ret);

/* The CSE that hosts what `to` names, in whatever spelling but CSE-relative. False: it names no
 * CSE. */
bool mln_remote_host(const struct mln_cse *cse, struct mln_slice to, struct mln_entity *ret);

/* The neighbour that leads to the CSE whose CSE-ID reads like an AE-ID with this stem. What another
 * lists in descendantCSEs is none if an AE has, or had, that AE-ID: else who lists it could speak
 * for the AE. Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
mln_err mln_remote_find_namesake(const struct mln_lookup *l, struct mln_slice stem,
                                 struct mln_remote *ret);
