/* Definitions of flexContainer specialisations: every file NAME.flex of a directory, in the order
 * of their names. model/definitions.h tells how a file looks. Before the threads start. */
#pragma once

#include "model/definitions.h"

/* Errors: SYSTEM (directory or file cannot be read), CONFIG (the fault names file and line), LIMIT
 * (too many definitions or files, too large a file), NO_MEMORY. */
mln_err mln_server_definitions(const char *directory, const struct mln_limits *limits,
                               struct mln_definitions **ret, struct mln_fault *fault);
