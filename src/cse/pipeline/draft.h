/* Drafts: a resource in the making, shared by CREATE and UPDATE. The thread of the view. */
#pragma once

#include "cse/notify/event.h"
#include "cse/types/types.h"

/* A node of its own for the same content, so that a list can hold it beside the request's. */
struct mln_value *mln_draft_copy(struct mln_arena *arena, const struct mln_value *v);

/* Sets a member of the draft's attributes, replacing one of that name. `v` may be NULL (failed
 * allocation). Errors: NO_MEMORY. */
mln_err mln_draft_set(struct mln_draft *d, struct mln_slice name, struct mln_value *v);

/* Packs the attributes into the resource. Errors: LIMIT, NO_MEMORY. */
mln_err mln_draft_pack(struct mln_exec *e, struct mln_draft *d);

/* The expirationTime a resource gets: what is asked for (or MLN_NO_TIME), cut to the parent's and
 * to the longest lifetime of this CSE. spec: TS-0004 7.3.3.3 */
int64_t mln_draft_expiration(const struct mln_exec *e, const struct mln_resource *parent,
                             int64_t wanted_us, int64_t now_us);

/* The expirationTime in the request, or MLN_NO_TIME. */
int64_t mln_draft_wanted_expiration(const struct mln_exec *e);

/* Sets a flag of the parent of what has been created. Errors: STORE_*, NO_MEMORY. */
mln_err mln_draft_mark_parent(struct mln_exec *e, uint16_t flag);

/* The change in progress, for events and the tree. */
struct mln_change mln_exec_change(const struct mln_exec *e, int64_t now_us);
