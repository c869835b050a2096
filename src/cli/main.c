/* The command `merlon`: finds the command that is meant and runs it. */
#include <string.h>

#include "cli/command.h"
#include "cli/exit.h"
#include "cli/session.h"

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* `merlon COMMAND … --help`, for every command in the same way. */
static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (is_help(argv[i])) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    const struct mln_command *command;

    if (argc < 2) {
        mln_cli_print_help(NULL, stderr);
        return MLN_CLI_USAGE;
    }
    if (is_help(argv[1])) {
        mln_cli_print_help(NULL, stdout);
        return mln_cli_finish_output();
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("merlon %s\n", merlon_version());
        return mln_cli_finish_output();
    }
    command = mln_cli_command(argv[1]);
    if (!command) {
        return mln_cli_unknown(argv[1]);
    }
    if (wants_help(argc - 1, argv + 1)) {
        mln_cli_print_help(command, stdout);
        return mln_cli_finish_output();
    }
    return command->run(argc - 1, argv + 1);
}
