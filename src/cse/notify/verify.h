/* Consent of notification targets: before a subscription is created, or gets new targets, each
 * target that is not the originator itself is asked.
 *
 * Everything else about the request has been checked on a snapshot before; after the consent the
 * request starts again from the resolution of its target. Through a fanOutPoint the targets are
 * asked once for all members; when they refuse, each member answers so. The worker's thread.
 * spec: TS-0004 7.4.8.2.1, 7.5.1.2.3; docs/decisions/0005-subscription-verification.md */
#pragma once

#include "cse/cse_int.h"

/* Could this request need consent? Looks at the request only. */
bool mln_verify_concerns(const struct mln_exec *e);

/* Finds the targets; in the view, after the stage validate.
 * Errors: VERIFICATION (a target that cannot be asked), those of mln_fan_out_check, STORE_*,
 * NO_MEMORY. */
mln_err mln_verify_prepare(struct mln_exec *e);

/* Asks them; without a view. PARKED: mln_exec_resume follows, else nobody had to be asked.
 * Errors: NO_MEMORY. */
mln_err mln_verify_start(struct mln_exec *e, enum mln_step *ret);

/* Last line of defence, before something is written: are all targets of the request agreed?
 * Errors: VERIFICATION. */
mln_err mln_verify_require(struct mln_exec *e);
