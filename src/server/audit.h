/* The audit log: a file of JSON lines about who was refused and what the administrator did.
 *
 * Each line is written whole by one call, so threads need no lock and a reader never sees half of
 * one. Lines are bounded; what a peer said is escaped and cut. No content of a request goes in.
 * Rotation: move the file away, then mln_audit_reopen. docs/guide/operate.md */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "cse/audit.h"
#include "server/privileges.h"

struct mln_audit;

/* Appends to the file; makes it, for its owner only, when it is not there, and gives it to the
 * user of the server. `path` must live as long. Errors: SYSTEM (fault tells why), NO_MEMORY. */
mln_err mln_audit_open(const char *path, const struct mln_run_as *as, struct mln_fault *fault,
                       struct mln_audit **ret);

/* Opens the path anew; lines go to the new file from then on, and none is lost. When that fails,
 * they go to the old one. Any thread, one at a time. Errors: SYSTEM (fault tells why). */
mln_err mln_audit_reopen(struct mln_audit *audit, struct mln_fault *fault);

/* Nobody may write any more. NULL is fine. */
void mln_audit_close(struct mln_audit *audit);

/* For the CSE. `audit` NULL: nobody listens. */
struct mln_auditor mln_audit_auditor(struct mln_audit *audit, bool wants_all);

/* Lines that could not be written since the file was opened. */
uint64_t mln_audit_lost(const struct mln_audit *audit);
