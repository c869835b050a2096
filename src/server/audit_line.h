/* A line of the audit log: a JSON object, and a line feed.
 *
 * What a peer said is escaped, so that it can neither end its text nor the line, and cut at a
 * fixed length. Pure; any thread. */
#pragma once

#include "cse/audit.h"

enum { MLN_AUDIT_LINE = 4096 }; /* bytes of one line at most */

/* Writes the line of an event; returns its length. */
size_t mln_audit_line(const struct mln_audit_event *event, char out[static MLN_AUDIT_LINE]);
