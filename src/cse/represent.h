/* Representations: resources as packed content of answers and notifications.
 *
 * What the CSE keeps in slots and what it keeps packed become one map again. Writes to a buffer
 * where errors stick. Pure functions.
 * spec: TS-0004 7.2.1.2, 8.4.2 */
#pragma once

#include "base/buf.h"
#include "model/model.h"
#include "model/resource.h"
#include "model/value.h"

/* Which attributes: all when names is NULL, else those listed. */
struct mln_selection {
    const struct mln_slice *names;
    size_t count;
};

/* The members of the representation, without the head and end of the map. */
void mln_represent_members(struct mln_buf *out, const struct mln_resource *r,
                           const struct mln_selection *selection);

/* {"m2m:cnt": {...}} */
void mln_represent(struct mln_buf *out, const struct mln_resource *r,
                   const struct mln_selection *selection);

/* Value of one attribute as a packed item; false when the resource does not have it. The bytes
 * live in the arena or in the resource. Errors: NO_MEMORY as false. */
bool mln_represent_attribute(const struct mln_resource *r, const struct mln_attribute *attribute,
                             struct mln_arena *arena, struct mln_slice *ret);
