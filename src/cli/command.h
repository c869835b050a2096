/* The commands of `merlon` as a table: from it come dispatch, help, man pages and completion.
 *
 * One file per command defines one row. Everything is constant. */
#pragma once

#include "base/option.h"

struct mln_command {
    const char *name;
    const char *summary;  /* "Create a resource" */
    const char *synopsis; /* operands; several forms are separated by '\n' */
    const char *text;     /* paragraphs, separated by an empty line; "  - " begins an item */
    const char *examples; /* lines of "# what it does" and commands; or NULL */
    const struct mln_option *(*options)(size_t *ret_count); /* own ones; or NULL */
    bool is_client;                                         /* takes the common options too */
    bool is_hidden;                                         /* not shown by help */
    int (*run)(int argc, char **argv); /* argv[0] is the name; returns the exit code */
};

extern const struct mln_command mln_cli_create;
extern const struct mln_command mln_cli_retrieve;
extern const struct mln_command mln_cli_update;
extern const struct mln_command mln_cli_delete;
extern const struct mln_command mln_cli_notify;
extern const struct mln_command mln_cli_discover;
extern const struct mln_command mln_cli_tree;
extern const struct mln_command mln_cli_watch;
extern const struct mln_command mln_cli_access;
extern const struct mln_command mln_cli_cse;
extern const struct mln_command mln_cli_store;
extern const struct mln_command mln_cli_key;
extern const struct mln_command mln_cli_issuer;
extern const struct mln_command mln_cli_cert;
extern const struct mln_command mln_cli_token;
extern const struct mln_command mln_cli_esdata;
extern const struct mln_command mln_cli_escertke;
extern const struct mln_command mln_cli_help;
extern const struct mln_command mln_cli_docs;

/* All commands in the order of help. table.c */
const struct mln_command *const *mln_cli_commands(size_t *ret_count);

/* The command of that name, or NULL. table.c */
const struct mln_command *mln_cli_command(const char *name);

/* Says which command is nearest to an unknown word, and returns the exit code for it. help.c */
int mln_cli_unknown(const char *word);

/* Prints help for a command. help.c */
void mln_cli_print_help(const struct mln_command *command, FILE *out);

/* Texts that are no command, for `merlon help TOPIC` and the man page. help.c */
struct mln_topic {
    const char *name; /* "exit-codes" */
    const char *title;
    const char *text; /* as in struct mln_command */
};
const struct mln_topic *mln_cli_topics(size_t *ret_count);
