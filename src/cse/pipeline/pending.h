/* Requests that wait, known by their Request Identifier: another one of the same originator with
 * the same identifier is refused meanwhile.
 *
 * A request is pending here while it is parked; what is carried out at once is over before another
 * can be compared with it. An originator is its From and the credential that came with it, so that
 * nobody can occupy the identifiers of another by claiming its name elsewhere. The table has a
 * fixed size; what finds no place in it is not compared. Any thread, without locks.
 * spec: TS-0001 7.1.7 */
#pragma once

#include "base/env.h"
#include "base/err.h"
#include "base/slice.h"

struct mln_pending;

/* Where a request stands in the table. */
typedef _Atomic uint64_t mln_pending_place;

struct mln_pending_id {
    struct mln_slice
        originator; /* From; empty or only a wish for a name: nobody yet, not compared */
    struct mln_slice request_id;
    struct mln_slice credential; /* of the security association; empty: none */
    bool is_trusted;             /* the listener is */
};

/* Room for about `most` requests. Errors: NO_MEMORY, SYSTEM (no random numbers). */
mln_err mln_pending_new(size_t most, const struct mln_env *env, struct mln_pending **ret);

/* NULL is fine. */
void mln_pending_free(struct mln_pending *pending);

/* Does such a request wait? Costs nothing while none waits at all. */
bool mln_pending_has(const struct mln_pending *pending, const struct mln_pending_id *id);

/* It waits from now on. `ret` NULL: it could not be noted. Errors: REQUEST_PENDING. */
mln_err mln_pending_enter(struct mln_pending *pending, const struct mln_pending_id *id,
                          mln_pending_place **ret);

/* And no longer; NULL is fine. */
void mln_pending_leave(struct mln_pending *pending, mln_pending_place *place);
