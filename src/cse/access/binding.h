/* Bindings: which credential an AE registered with, and which roles it was allowed then.
 *
 * A credential may stand for many AE-IDs ("C*") or for none that was known before; what it
 * registered is then its own. Bindings are written with the registration, survive restarts, and
 * outlive the <AE>, so that nobody else takes over the AE-ID, which policies may still name, when
 * its owner is away. They are forgotten when there are more than the limit and the AE is gone.
 * AEs that register without a credential and without a rule leave none. The thread of the view.
 * spec: security.md 4.2, 16.2; TS-0001 7.1.14 */
#pragma once

#include "cse/cse_int.h"

struct mln_binding {
    struct mln_slice credential_id; /* empty: registered without a security association */
    struct mln_slice
        receiver_id;            /* with which it set its points of access later; empty: as above */
    struct mln_slice roles;     /* packed list of Role-IDs; empty: not restricted */
    struct mln_slice registrar; /* CSE-ID of another CSE that it registered at; empty: here */
};

/* Of the AE with this AE-ID-Stem, or of the last one that had it. In the arena.
 * Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
mln_err mln_binding_get(struct mln_view *view, struct mln_arena *arena, struct mln_slice stem,
                        struct mln_binding *ret);

/* Replaces the binding of the AE-ID-Stem; one that is empty removes it. In a writing request.
 * Errors: CONFLICT (another AE-ID-Stem has the place; practically never), STORE_*, NO_MEMORY. */
mln_err mln_binding_keep(struct mln_exec *e, struct mln_slice stem,
                         const struct mln_binding *binding);
