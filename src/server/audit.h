/* The audit log: a file of JSON lines about who was refused and what the administrator did.
 *
 * Lines are bounded; what a peer said is escaped and cut. No content of a request goes in.
 * docs/guide/operate.md */
#pragma once

#include "cse/audit.h"
#include "server/line_file.h"

/* For the CSE. `file` NULL: nobody listens. */
struct mln_auditor mln_audit_auditor(struct mln_line_file *file, bool wants_all);
