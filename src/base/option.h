/* Command line options by table.
 *
 * A table is an array of rows with the function that takes their values; a command may have
 * several tables, such as its own and one that all commands share. From the rows come parsing,
 * help text, man pages and completion. Rows are constant and live for ever; values are borrowed
 * from the arguments. One thread. */
#pragma once

#include <stdio.h>

#include "base/err.h"
#include "base/fault.h"

struct mln_option {
    const char *name;     /* "data", without dashes; '_' and '-' are the same and shown as '-' */
    char letter;          /* 'd' for -d, or 0 */
    const char *argument; /* "DIR"; NULL for a flag */
    const char *initial;  /* value without the option, as help shows it; or NULL */
    const char *help;     /* one sentence without full stop */
    bool repeats;         /* may be given more than once */
};

/* Rows of all tables of one command together. */
enum { MLN_OPTIONS_MAX = 192 };

/* Takes one option; `value` is NULL for a flag. Without a detail in the fault, the parser adds
 * which option it was. */
typedef mln_err mln_option_set(void *data, const struct mln_option *option, const char *value,
                               struct mln_fault *fault);

struct mln_option_table {
    const struct mln_option *rows;
    size_t count;
    mln_option_set *set;
    void *data; /* for set */
};

/* Parses argv[1] to argv[argc - 1]: --name VALUE, --name=VALUE, --flag, -x VALUE, -xVALUE, several
 * flags as -xy; "--" ends the options. Names are not abbreviated. What does not begin with '-' and
 * a letter is an operand ("-", "-/ae1", "-5" too) and may stand anywhere: the operands are moved
 * to the end of argv in their order, *ret_first_operand is the index of the first one, argc when
 * there is none. Errors: CONFIG (unknown option, with the nearest names; a value that is missing
 * or too many; an option given twice), INTERNAL (too many rows), and those of `set`. */
mln_err mln_options_parse(const struct mln_option_table *tables, size_t table_count, int argc,
                          char **argv, struct mln_fault *fault, int *ret_first_operand);

/* Prints help for the rows, wrapped at 80 columns. */
void mln_options_print(const struct mln_option *rows, size_t count, FILE *out);

/* Prints a paragraph of words between columns `indent` and 79; the cursor stands at `column`. */
void mln_options_wrap(FILE *out, const char *text, size_t column, size_t indent);
