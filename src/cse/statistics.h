/* Service statistics collection records: what a file of them is told.
 *
 * The CSE makes one for each event that a <statsCollect> wants to be collected; who writes it down
 * is the server's business. spec: TS-0001 10.2.11.14 */
#pragma once

#include "base/slice.h"
#include "model/primitive.h"

struct mln_statistics_record {
    struct mln_slice rule;       /* statsCollectID */
    struct mln_slice collecting; /* collectingEntityID */
    struct mln_slice collected;  /* collectedEntityID: who caused it */
    unsigned event;              /* m2m:eventType */
    int64_t start_us;            /* of the event, and its end: the record is made then */
    int64_t end_us;
    enum mln_op op;            /* transactionType; 0: none */
    struct mln_slice resource; /* resourceID of the resource that it is about */
    uint16_t ty;               /* and its type; for a CREATE that of the new resource */
    bool has_size;
    uint64_t bytes; /* the size of its data */
};

struct mln_recorder {
    /* Any thread, several at once; must not wait. Texts are borrowed for the call. NULL: there is
     * none, and no <statsCollect> may be ACTIVE. */
    void (*note)(void *data, const struct mln_statistics_record *record);
    void *data;
};
