/* Man pages and completion from the table of commands, for `merlon __docs`. One thread. */
#pragma once

#include <stdio.h>

#include "cli/command.h"

/* merlon.1 for NULL, else merlon-COMMAND.1. docs_man.c */
void mln_docs_man(const struct mln_command *command, FILE *out);

/* docs_bash.c, docs_zsh.c */
void mln_docs_bash(FILE *out);
void mln_docs_zsh(FILE *out);

/* What the argument of an option is, for completion. docs.c */
enum mln_docs_argument {
    MLN_DOCS_NONE, /* a flag */
    MLN_DOCS_WORD, /* anything */
    MLN_DOCS_FILE,
    MLN_DOCS_DIRECTORY,
    MLN_DOCS_TYPE,
    MLN_DOCS_CHOICE, /* one of the words in option->argument, separated by '|' */
};
enum mln_docs_argument mln_docs_argument(const struct mln_option *option);

/* Calls `put` for each option of the command, own and common ones. docs.c */
void mln_docs_each_option(const struct mln_command *command, FILE *out,
                          void (*put)(const struct mln_option *option, FILE *out));

/* Name of an option as it is shown: '-' for '_'. docs.c */
void mln_docs_put_name(const struct mln_option *option, FILE *out);

/* Short or long names of the resource types that people create, each after a blank: announced ones
 * are made by CSEs. docs.c */
void mln_docs_put_types(FILE *out, bool is_long);

/* The words that stand for themselves as the first operand, each after a blank: "check", "backup".
 * Those that are followed by a file only, when `before_file`. Returns how many. docs.c */
size_t mln_docs_put_words(const struct mln_command *command, FILE *out, bool before_file);
