/* The list of commands. */
#include <string.h>

#include "cli/command.h"

const struct mln_command *const *mln_cli_commands(size_t *ret_count)
{
    static const struct mln_command *const commands[] = {
        &mln_cli_create,   &mln_cli_retrieve, &mln_cli_update, &mln_cli_delete, &mln_cli_notify,
        &mln_cli_discover, &mln_cli_tree,     &mln_cli_watch,  &mln_cli_access, &mln_cli_cse,
        &mln_cli_store,    &mln_cli_key,      &mln_cli_issuer, &mln_cli_cert,   &mln_cli_token,
        &mln_cli_esdata,   &mln_cli_escertke, &mln_cli_help,   &mln_cli_docs,
    };

    *ret_count = sizeof commands / sizeof *commands;
    return commands;
}

const struct mln_command *mln_cli_command(const char *name)
{
    size_t count;
    const struct mln_command *const *commands = mln_cli_commands(&count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}
