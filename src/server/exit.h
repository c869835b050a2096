/* Exit codes and messages of the server's commands from errors. Any thread. */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "server/server.h"

enum mln_exit mln_exit_of(mln_err err);

/* What to tell: the fault, which says more than the kind of error, else that. Borrowed. */
const char *mln_exit_text(mln_err err, const struct mln_fault *fault);
