/* Exit codes of the client commands, from what the CSE or the library said. Any thread. */
#pragma once

#include "merlon/merlon.h"

enum mln_cli_exit {
    MLN_CLI_OK = 0,
    MLN_CLI_FAILED = 1,
    MLN_CLI_USAGE = 2,
    MLN_CLI_NO_ANSWER = 3,
    MLN_CLI_REFUSED = 4,
    MLN_CLI_RECEIVER = 5,
    MLN_CLI_NOT_FOUND = 6,
    MLN_CLI_DENIED = 7,
    MLN_CLI_CONFLICT = 8,
    MLN_CLI_UNPROTECTED = 9,
};

/* For a response status code that says no. */
enum mln_cli_exit mln_cli_exit_of_rsc(int rsc);

/* For an error of the library. */
enum mln_cli_exit mln_cli_exit_of(const struct merlon_error *error);
