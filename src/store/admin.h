/* Looking after a store: statistics, check, backup, restore.
 *
 * The caller has opened the store, read-only beside a running server; restore opens one itself.
 * One thread. A backup is a stream of rows in a format of its own (docs/internals/store.md), the
 * same for every backend; whoever restores it builds all indexes anew. */
#pragma once

#include "base/fault.h"
#include "store/store.h"

struct mln_store_stats {
    uint64_t format; /* of the data */
    uint64_t resources;
    uint64_t by_type[64]; /* resource types 1..63; others count in [0] */
    uint64_t records[MLN_SPACES];
    uint64_t bytes_used; /* without what is free again inside the file */
    uint64_t bytes_max;
};

/* Errors: STORE_IO, STORE_CORRUPT. */
mln_err mln_store_stats(struct mln_view *view, struct mln_store_stats *ret);

/* Called for each thing found wrong, with one line of text. */
typedef void mln_store_report(void *data, const char *text);

/* Holds every index against the resources and back, every counter against what it counts, every
 * parent and name. *ret_faults counts what was reported. Errors: STORE_IO, NO_MEMORY. */
mln_err mln_store_check(struct mln_store *store, mln_store_report *report, void *data,
                        uint64_t *ret_faults);

/* Writes a consistent copy to a new file, while others read and write. Errors: STORE_IO, SYSTEM
 * (the file exists or cannot be written), STORE_CORRUPT, NO_MEMORY. */
mln_err mln_store_backup(struct mln_store *store, const char *file, struct mln_fault *fault);

/* Makes the store that `options` describe from a backup, after checking it; there must be none
 * yet. It appears whole or not at all. Errors: STORE_IO, SYSTEM (also: there is a store already),
 * STORE_CORRUPT and STORE_VERSION (the backup), STORE_FULL, STORE_IN_USE, CONFIG (the backend keeps
 * no files), NO_MEMORY. */
mln_err mln_store_restore(const char *file, const struct mln_store_options *options,
                          const struct mln_env *env, struct mln_fault *fault);
