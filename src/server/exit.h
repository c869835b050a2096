/* Exit codes of the server's commands from errors. Any thread. */
#pragma once

#include "base/err.h"
#include "server/server.h"

enum mln_exit mln_exit_of(mln_err err);
