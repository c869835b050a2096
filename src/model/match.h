/* Matching: do compiled Filter Criteria hold for a resource?
 *
 * Conditions are evaluated in the order of what they cost and only as far as needed: other
 * resources are read, and contents parsed, when nothing cheaper has decided. Nothing here keeps
 * state; the thread of whoever fills in struct mln_match_env.
 * spec: TS-0004 7.3.3.17, TS-0001 8.1.2 */
#pragma once

#include "base/limits.h"
#include "model/filter.h"
#include "model/resource.h"

/* Shown a child: does it satisfy the condition? */
typedef bool mln_match_visit(const struct mln_filter_condition *condition,
                             const struct mln_resource *child);

/* What matching needs from outside. A condition whose helper is NULL does not hold. */
struct mln_match_env {
    void *data;
    /* The parent of a resource. Errors: NOT_FOUND (it has none), and any other to give up. */
    mln_err (*parent)(void *data, const struct mln_resource *resource, struct mln_resource *ret);
    /* Shows the children to `visit` until one satisfies it. When `by_type`, nothing but the `ty`
     * of a child is looked at. Errors: any, to give up. */
    mln_err (*any_child)(void *data, const struct mln_resource *resource, bool by_type,
                         mln_match_visit *visit, const struct mln_filter_condition *condition,
                         bool *ret);
    /* Do the descriptions of the resource answer one of the filter's queries? Errors: any, to give
     * up. */
    mln_err (*semantics)(void *data, const struct mln_resource *resource, bool *ret);
    /* mln_json_read; for contents that are JSON within a text. */
    mln_err (*read_json)(struct mln_slice text, const struct mln_limits *limits,
                         struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault);
    const struct mln_limits *limits; /* for read_json */
    struct mln_arena *scratch;       /* parsed contents go there; the caller empties it */
    uint64_t *steps; /* to be added to: what comparing locations took (model/geo.h); or NULL */
};

/* Errors: those of env->parent and env->any_child. */
mln_err mln_filter_matches(const struct mln_filter *filter, const struct mln_match_env *env,
                           const struct mln_resource *resource, bool *ret);

/* The conditions of packed eventNotificationCriteria that concern a resource: crb cra ms us exb
 * exa sts stb sza szb, joined by fo. True when there are none. Needs no memory.
 * spec: TS-0001 9.6.8 */
bool mln_event_conditions_match(struct mln_slice criteria, const struct mln_resource *resource);
