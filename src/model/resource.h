/* A resource as it is stored: the values that the CSE keeps itself, and the rest as a packed map.
 *
 * Slices point into the arena that the resource was read into. One thread.
 * spec: TS-0004 6.3.6 */
#pragma once

#include "base/slice.h"

enum {
    MLN_RESOURCE_SHOWS_CREATOR = 1, /* the representation has the attribute creator */
    MLN_RESOURCE_HAS_SCHEDULE = 2,  /* a subscription below which a schedule was created */
    MLN_RESOURCE_HAS_POLICIES = 8,  /* a subscription that has one: cse/notify/policy.h */
    MLN_RESOURCE_MAY_BLOCK = 4,     /* a resource below which a blocking subscription was created */
    MLN_RESOURCE_MONITORED = 16,    /* likewise one with operationMonitor */
    MLN_RESOURCE_AGGREGATED = 32,   /* a subscription: its group takes its notifications */
    MLN_RESOURCE_IS_CROSSED = 64,   /* a subscription that a crossResourceSubscription hears */
    MLN_RESOURCE_IS_MADE = 128,     /* and that was made for the first of these */
    MLN_RESOURCE_COUNTS = 512,      /* a flexContainer that has or had instances: fcnt.c */
    MLN_RESOURCE_ANNOUNCED = 256,   /* a resource that has or had copies: cse/remote/copies.h */
    MLN_RESOURCE_WATCHED = 1024,    /* one that an <action> waited for once: cse/action/watch.h */
};

struct mln_resource {
    uint64_t id;     /* internal, unique for ever in a store, grows with creation; never 0 */
    uint64_t parent; /* id of the parent; 0 for the CSEBase */
    uint16_t ty;
    uint16_t flags;
    int64_t ct; /* creationTime, lastModifiedTime, expirationTime in microseconds UTC; */
    int64_t lt;
    int64_t et;     /* MLN_TIMESTAMP_MAX when it never expires */
    uint64_t st;    /* stateTag */
    uint64_t count; /* what the type keeps in MLN_SLOT_COUNT */
    uint64_t bytes; /* what the type keeps in MLN_SLOT_BYTES */
    struct mln_slice ri;
    struct mln_slice pi;
    struct mln_slice rn;
    struct mln_slice cr;    /* Originator of the CREATE, also for types without creator */
    struct mln_slice attrs; /* packed map: the attributes without a slot of their own */
};
