/* Registering at the registrar CSE, and staying registered. A duty; worker's thread.
 *
 * A <remoteCSE> is created at the registrar, and then one that stands for the registrar here; both
 * live for the lifetime of the settings and are renewed at the half of it. A registrar that does
 * not answer is asked again in growing pauses; one that has lost the registration gets a new one.
 * What lies behind this CSE is told in descendantCSEs, again whenever it changes.
 * spec: TS-0001 10.2.2.7; TS-0004 7.4.4 */
#pragma once

#include "cse/cse_int.h"

struct mln_registration;

/* *ret is NULL when the settings name no registrar; the functions below take that.
 * Errors: NO_MEMORY. */
mln_err mln_registration_new(struct mln_worker *worker, struct mln_registration **ret);
void mln_registration_free(struct mln_registration *r);

/* The first attempt, now. */
void mln_registration_start(struct mln_registration *r);

/* Registrees have come, gone, or changed. */
void mln_registration_look(struct mln_registration *r);

/* Nothing more is begun. */
void mln_registration_stop(struct mln_registration *r);

/* Stops; gives the registration up when the settings say so, and posts `left` after that, in
 * `within_us` at the latest. False: there is nothing to give up, and `left` is not posted. */
bool mln_registration_leave(struct mln_registration *r, int64_t within_us, struct mln_task *left);
