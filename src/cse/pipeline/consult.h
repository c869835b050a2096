/* Others that are asked before something is written: targets of a subscription, CSEs that host
 * members of a group, the IN-CSE. Everything else about the request has been checked on a snapshot
 * before; when they have answered it starts again. The worker's thread. */
#pragma once

#include "cse/cse_int.h"

/* PARKED: mln_exec_resume follows, perhaps before the return. NEXT: nobody is left to be asked.
 * Errors: those of the stages up to validate, and of who asks. */
mln_err mln_consult(struct mln_exec *e, enum mln_step *ret);
