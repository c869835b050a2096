/* Executions: what a <mgmtCmd> that is to be carried out later becomes. Executor's thread. */
#pragma once

#include "cse/types/types.h"

/* An <execInstance> below the command, which rings at `due_us`. `target` is the address of a
 * <node>. Errors: STORE_*, NO_MEMORY. */
mln_err mln_exin_make(struct mln_exec *e, const struct mln_resource *command,
                      struct mln_slice target, int64_t due_us);
