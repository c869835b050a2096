/* Behaviour of resource types: what the standard adds to the generic procedures.
 *
 * One record per type with behaviour, listed in types.def. A NULL hook means: nothing is added. The
 * hooks are called by the stages of cse/pipeline in the view of the request; validate hooks must
 * not write, the others may.
 * spec: TS-0004 7.4 */
#pragma once

#include "cse/cse_int.h"

struct mln_alarm;
struct mln_change;

/* A resource in the making (CREATE) or its new state (UPDATE). */
struct mln_draft {
    struct mln_resource resource;   /* attrs are packed from `attributes` at the end */
    struct mln_value *attributes;   /* object: what has no slot; hooks may change it */
    const struct mln_resource *old; /* UPDATE: state before; CREATE: NULL */
};

/* Which operations may address a type, as bits 1 << enum mln_op; CREATE means: of this type. */
enum {
    MLN_OPS_RETRIEVE = 1 << MLN_OP_RETRIEVE,
    MLN_OPS_NOTIFY = 1 << MLN_OP_NOTIFY,
    MLN_OPS_CRUD =
        1 << MLN_OP_CREATE | 1 << MLN_OP_RETRIEVE | 1 << MLN_OP_UPDATE | 1 << MLN_OP_DELETE,
    MLN_OPS_CRD = MLN_OPS_CRUD & ~(1 << MLN_OP_UPDATE),
};

/* What a rule of the type says. */
enum mln_verdict {
    MLN_VERDICT_NONE, /* policies decide */
    MLN_VERDICT_PERMIT,
    MLN_VERDICT_DENY,
};

struct mln_type_ops {
    uint16_t ty; /* 0: of all announced variants */
    uint16_t operations;
    const struct mln_type_ops
        *announced;  /* its announced variant; NULL: it has no rules of its own */
    bool is_private; /* who watches the parent is not told of it */
    /* CREATE and UPDATE, before the tables: what can never stand together. Nothing is known of the
     * attributes yet but that they are an object. */
    mln_err (*precheck)(struct mln_exec *e);
    /* Recv-6.3 by a rule of the type, in place of policies or before them. NULL: policies decide.
     */
    mln_err (*decide)(struct mln_exec *e, enum mln_verdict *ret);
    /* CREATE and UPDATE of its announced variant: what holds for the copy, too. */
    mln_err (*check_copy)(struct mln_exec *e);
    struct {
        mln_err (*validate)(struct mln_exec *e);                     /* adds to Recv-6.4 */
        mln_err (*perform)(struct mln_exec *e, struct mln_draft *d); /* Recv-6.5, before storing */
        mln_err (*finish)(struct mln_exec *e, const struct mln_draft *d); /* after storing */
    } create;
    struct {
        mln_err (*validate)(struct mln_exec *e); /* adds to Recv-6.2 and 6.3 */
        mln_err (*perform)(struct mln_exec *e);  /* Recv-6.5 */
    } retrieve;
    struct {
        mln_err (*validate)(struct mln_exec *e);
        mln_err (*perform)(struct mln_exec *e, struct mln_draft *d);
        /* after storing; what it stores on top goes to e->result */
        mln_err (*finish)(struct mln_exec *e, const struct mln_draft *d);
    } update;
    struct {
        mln_err (*validate)(struct mln_exec *e);
        mln_err (*finish)(struct mln_exec *e); /* e->result has gone, because of this request */
    } del;
    struct {
        mln_err (*perform)(struct mln_exec *e); /* Recv-6.5, in place of passing it on */
    } notify;
    /* The resource is about to go: deleted, expired, evicted, or with its parent. */
    mln_err (*removed)(const struct mln_change *c, const struct mln_resource *r);
    /* The time of an alarm that was set for the resource has come: cse/notify/alarm.h. */
    mln_err (*alarm)(const struct mln_change *c, const struct mln_resource *r,
                     const struct mln_alarm *alarm);
    /* A holder of instances: which one makes room, but not the one with id `keep`. NULL: the one
     * that was created first. Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
    mln_err (*oldest)(const struct mln_lookup *l, const struct mln_resource *holder, uint64_t keep,
                      struct mln_resource *ret);
};

/* The record of the type, or NULL: then the type is not implemented. */
const struct mln_type_ops *mln_type_ops_of(uint16_t ty);

/* That of the type whose announced variant it is, or NULL. */
const struct mln_type_ops *mln_type_original_of(uint16_t ty);

/* Numbers of the implemented types, ascending: supportedResourceType. */
const uint16_t *mln_types_supported(size_t *ret_count);

/* May the operation address this type at all? spec: TS-0004 7.4.x.2 */
bool mln_type_allows(uint16_t ty, enum mln_op op);
