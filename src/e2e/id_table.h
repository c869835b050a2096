/* A hash table of things that have an identifier of 16 bytes, which strangers cannot choose.
 *
 * The things belong to the caller and carry their link at their beginning. One thread at a time;
 * set to zero first. */
#pragma once

#include <stddef.h>

#include "base/err.h"

enum { MLN_ID_BYTES = 16 };

struct mln_id_link {
    struct mln_id_link *next;
    unsigned char id[MLN_ID_BYTES];
};

struct mln_id_table {
    struct mln_id_link **buckets;
    size_t cap; /* a power of two, or 0 */
    size_t count;
};

/* The thing of that identifier, or NULL. */
struct mln_id_link *mln_id_table_find(const struct mln_id_table *table,
                                      const unsigned char id[static MLN_ID_BYTES]);

/* Puts a thing in; none with its identifier is there. Errors: NO_MEMORY. */
mln_err mln_id_table_add(struct mln_id_table *table, struct mln_id_link *link);

/* Takes a thing out that is there. */
void mln_id_table_remove(struct mln_id_table *table, const struct mln_id_link *link);

/* Frees what the table itself has; the things stay. */
void mln_id_table_clear(struct mln_id_table *table);
