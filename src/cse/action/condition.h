/* Evaluation criteria of <action> and <dependency>: when they are stored, and when they count.
 *
 * The reader is the creator of the <action>. Nothing is learnt of a resource that it may not
 * retrieve: then it is not there. The thread of the view. docs/decisions/0044
 * spec: TS-0001 9.6.61, 9.6.62, Release 4 */
#pragma once

#include "cse/notify/outbox.h"

/* What is to be stored. */
struct mln_condition {
    struct mln_slice name;       /* of the attribute that names the resource, for the fault */
    struct mln_slice id;         /* its value; empty: `parent` */
    const struct mln_value *evc; /* m2m:evalCriteria, checked by table */
    struct mln_slice reader;     /* who evaluates */
    const struct mln_resource *parent;
};

/* The resource that is looked at, and the criteria with a threshold of its attribute's data type.
 * Errors: BAD_REQUEST (no resource of this CSE that the reader may retrieve, now and later),
 * ATTR_INVALID (nothing that could be compared), STORE_*, NO_MEMORY. */
mln_err mln_condition_check(struct mln_exec *e, const struct mln_condition *in,
                            struct mln_resource *ret_resource, struct mln_value **ret_evc);

/* Do the criteria in packed attributes hold for the resource? */
bool mln_condition_hold(struct mln_slice attrs, const struct mln_resource *resource,
                        struct mln_arena *arena);

/* May the reader retrieve it, now? Errors: STORE_*, NO_MEMORY. */
mln_err mln_condition_may_read(const struct mln_change *c, struct mln_slice reader,
                               const struct mln_resource *resource, bool *ret);
