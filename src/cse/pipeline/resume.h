/* Carries out what earlier runs of the server accepted and did not begin: a duty. Each waits here
 * for its execution time, and so takes no place of those that come now. docs/decisions/0019 */
#pragma once

#include "cse/cse_int.h"

struct mln_resumer;

/* Looks for them once. Errors: STORE_*, NO_MEMORY. */
mln_err mln_resumer_new(struct mln_worker *worker, struct mln_resumer **ret);

/* No further one is begun; they stay for the next run. */
void mln_resumer_stop(struct mln_resumer *r);
void mln_resumer_free(struct mln_resumer *r);
