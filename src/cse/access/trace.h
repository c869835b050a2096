/* What a decision reports while it is made, for `merlon access explain`.
 *
 * There is no second evaluator: decide.c, policy.c and claims.c report each step where it is taken,
 * into a pack (model/pack.h) in the order of taking. Without a trace a step costs one branch.
 * Memory of the arena it was begun with; one thread. docs/decisions/0016 */
#pragma once

#include "base/buf.h"

/* Which part of a rule did not hold; bits, since several contexts may fail in different parts. */
enum mln_part {
    MLN_PART_OPERATION = 1,
    MLN_PART_AUTHENTICATION = 2,
    MLN_PART_DETAILS = 4,
    MLN_PART_WINDOW = 8,
    MLN_PART_ADDRESS = 16,
    MLN_PART_REGION = 32,
    MLN_PART_ORIGINATOR = 64,
};

struct mln_trace {
    struct mln_buf steps; /* elements of an array */
    unsigned failing;     /* all parts that did not hold in some rule */
};

/* At most `max` bytes of steps. */
void mln_trace_begin(struct mln_trace *trace, struct mln_arena *arena, size_t max);

/* The functions below do the work of those without "put" and are not called by others. */
void mln_trace_put_source(struct mln_trace *trace, const char *source, struct mln_slice resource);
void mln_trace_put_verdict(struct mln_trace *trace, const char *source, struct mln_slice resource,
                           struct mln_slice creator, bool permits);
void mln_trace_put_named(struct mln_trace *trace, const char *kind, struct mln_slice id,
                         const char *state);
void mln_trace_put_rule(struct mln_trace *trace, unsigned number, unsigned failing,
                        struct mln_slice by);

/* These rules are asked next: those of the resource with that ID. NULL is fine, here and below. */
static inline void mln_trace_source(struct mln_trace *trace, const char *source,
                                    struct mln_slice resource)
{
    if (trace) {
        mln_trace_put_source(trace, source, resource);
    }
}

/* A source without rules has decided by itself; `creator` may be empty. */
static inline void mln_trace_verdict(struct mln_trace *trace, const char *source,
                                     struct mln_slice resource, struct mln_slice creator,
                                     bool permits)
{
    if (trace) {
        mln_trace_put_verdict(trace, source, resource, creator, permits);
    }
}

/* A policy as it is referred to, and whether it is there. */
static inline void mln_trace_policy(struct mln_trace *trace, struct mln_slice id, const char *state)
{
    if (trace) {
        mln_trace_put_named(trace, "policy", id, state);
    }
}

/* A Role-ID of the request, and what it is worth. */
static inline void mln_trace_role(struct mln_trace *trace, struct mln_slice id, const char *state)
{
    if (trace) {
        mln_trace_put_named(trace, "role", id, state);
    }
}

/* A group of another CSE that a rule names, and what is known of it. */
static inline void mln_trace_group(struct mln_trace *trace, struct mln_slice id, const char *state)
{
    if (trace) {
        mln_trace_put_named(trace, "group", id, state);
    }
}

/* A rule: the parts that do not hold, or none and the entry of accessControlOriginators. */
static inline void mln_trace_rule(struct mln_trace *trace, unsigned number, unsigned failing,
                                  struct mln_slice by)
{
    if (trace) {
        mln_trace_put_rule(trace, number, failing, by);
    }
}
