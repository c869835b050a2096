/* Holders of instances: <container> with <contentInstance>, <timeSeries> with
 * <timeSeriesInstance>, <flexContainer> with <flexContainerInstance>. Their number, size and age
 * stay within bounds.
 *
 * Which type holds which is in the tables (struct mln_type, instance). Executor's thread.
 * spec: TS-0004 7.4.6, 7.4.7, 7.4.39.2.1 */
#pragma once

#include "cse/types/types.h"

/* Bytes of a content: of a text its UTF-8 form, of other values their JSON form; 0 for NULL. */
uint64_t mln_instances_bytes(const struct mln_value *content);

/* Deletes all instances. `holder` is changed accordingly, not stored. Errors: STORE_*,
 * NO_MEMORY. */
mln_err mln_instances_drop(struct mln_exec *e, struct mln_resource *holder);

/* May the holder have one more instance, which says its size? Cuts its life to what the holder
 * allows. Errors: NOT_ACCEPTABLE. */
mln_err mln_instances_admit(struct mln_exec *e, const struct mln_resource *holder,
                            struct mln_resource *instance);

/* Hooks of the instance: size, age and stateTag; counters of the parent and eviction.
 * Errors: NOT_ACCEPTABLE (larger than what the parent may hold), STORE_*, NO_MEMORY. */
mln_err mln_instances_perform_create(struct mln_exec *e, struct mln_draft *d);
mln_err mln_instances_finish_create(struct mln_exec *e, const struct mln_draft *d);

/* Hook of the holder: new bounds take effect at once. Errors: STORE_*, NO_MEMORY. */
mln_err mln_instances_finish_update(struct mln_exec *e, const struct mln_draft *d);
