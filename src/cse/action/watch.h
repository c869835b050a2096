/* Who watches whom: the resources whose changes <action>s wait for.
 *
 * A record in MLN_SPACE_ACTION under the subject and the action says that the action is armed; a
 * flag of the subject spares all other resources the look. An event of a subject is matched with
 * the actions that watch it in its own transaction; those whose criteria hold are queued
 * (act.h). The thread of the view. docs/internals/actions.md */
#pragma once

#include "cse/notify/event.h"

/* Arms and disarms. Errors: STORE_*, NO_MEMORY, NOT_FOUND (no such subject). */
mln_err mln_watch_set(const struct mln_change *c, uint64_t subject, uint64_t action);
mln_err mln_watch_clear(const struct mln_change *c, uint64_t subject, uint64_t action);

/* Errors: STORE_*. */
mln_err mln_watch_is_set(struct mln_view *view, uint64_t subject, uint64_t action, bool *ret);

/* How many actions watch the subject. Errors: STORE_*. */
mln_err mln_watch_count(struct mln_view *view, uint64_t subject, uint64_t *ret);

/* The event has happened to its subject. Errors: STORE_*, NO_MEMORY. */
mln_err mln_watch_event(const struct mln_change *c, const struct mln_event *event);

/* The resource goes, and nobody can watch it any more. Errors: STORE_*. */
mln_err mln_watch_removed(const struct mln_change *c, const struct mln_resource *r);
