/* Addresses: from the To parameter to a resource, and back to structured identifiers.
 *
 * Everything is read through the view; results live in the arena. A resource whose time has
 * expired, or below a deleted one, is not found. The thread of the view.
 * spec: TS-0001 7.2, 9.3.1; TS-0004 6.2.3, 7.3.3.1 */
#pragma once

#include "base/fault.h"
#include "cse/cse.h"
#include "model/model.h"
#include "store/store.h"

enum { MLN_LOCATE_DEPTH = 130 }; /* the greatest limit tree_depth and room for the ends */

/* Which virtual child an address ends in. */
enum mln_virtual {
    MLN_VIRTUAL_NONE,
    MLN_VIRTUAL_LATEST,
    MLN_VIRTUAL_OLDEST,
    MLN_VIRTUAL_FAN_OUT,
    MLN_VIRTUAL_SEMANTIC_FAN_OUT,
    MLN_VIRTUAL_POLLING,
    MLN_VIRTUAL_SELF, /* notificationTargetSelfReference: for a target that leaves */
};

struct mln_target {
    struct mln_resource
        resource; /* the addressed one; for la and ol the instance; for others the parent */
    const struct mln_type *type; /* of resource; for a virtual one of its parent */
    enum mln_virtual virtual_child;
    struct mln_slice rest;      /* behind fopt, without leading '/' */
    struct mln_resource parent; /* of resource, when has_parent */
    bool has_parent;
};

/* Where to look. */
struct mln_lookup {
    const struct mln_cse *cse;
    struct mln_view *view;
    struct mln_arena *arena;
    int64_t now_us;
};

/* A CSE-relative address, as mln_ident_place gives it, to what it names. With `keeps_virtual`,
 * la and ol are not followed: resource is then their parent.
 * Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
mln_err mln_locate_resolve(const struct mln_lookup *l, struct mln_slice local, bool keeps_virtual,
                           struct mln_target *ret);

/* An identifier in any spelling that must name a normal resource of this CSE.
 * Errors: NOT_FOUND (also for other CSEs and virtual resources), STORE_*, NO_MEMORY. */
mln_err mln_locate_lookup(const struct mln_lookup *l, struct mln_slice id,
                          struct mln_resource *ret);

/* Does the first segment of an address stand for the CSEBase? */
bool mln_locate_is_base(const struct mln_names *names, struct mln_slice segment);

/* Does it stand for an instance? */
static inline bool mln_locate_is_instance(enum mln_virtual which)
{
    return which == MLN_VIRTUAL_LATEST || which == MLN_VIRTUAL_OLDEST;
}

/* Which virtual child of the parent has this name? */
enum mln_virtual mln_locate_virtual(const struct mln_resource *parent, struct mln_slice name);

/* The newest or oldest live instance of a resource whose type has such. Errors: NOT_FOUND, STORE_*,
 * NO_MEMORY. */
mln_err mln_locate_instance(const struct mln_lookup *l, const struct mln_resource *container,
                            bool is_latest, struct mln_resource *ret);

/* Structured CSE-relative identifier: "cse-in/ae1/c1". Errors: STORE_*, NO_MEMORY. */
mln_err mln_locate_path(const struct mln_lookup *l, const struct mln_resource *resource,
                        struct mln_slice *ret);

/* The parent. Errors: NOT_FOUND (it was deleted), STORE_*, NO_MEMORY. */
mln_err mln_locate_parent(const struct mln_lookup *l, const struct mln_resource *resource,
                          struct mln_resource *ret);

/* Is the resource still part of the tree, and its time not over? */
mln_err mln_locate_is_live(const struct mln_lookup *l, const struct mln_resource *resource,
                           bool *ret);
