/* Parsing and printing of command line options. */
#include "base/option.h"

#include "base/nearest.h"

/* ---- finding a row ---- */

/* A row with what belongs to it. */
struct place {
    const struct mln_option_table *table;
    const struct mln_option *row;
    size_t index; /* over all tables */
};

struct parse {
    const struct mln_option_table *tables;
    size_t table_count;
    int argc;
    char **argv;
    int at;       /* argument being read */
    int operands; /* how many were moved to the front of argv + 1 */
    struct mln_fault *fault;
    uint64_t seen[MLN_OPTIONS_MAX / 64];
};

static bool is_name(const char *row, struct mln_slice given)
{
    size_t len = strlen(row);

    if (len != given.len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((row[i] == '_' ? '-' : row[i]) != (given.ptr[i] == '_' ? '-' : given.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* By name, or by letter when `name` is empty. */
static bool find(const struct parse *p, struct mln_slice name, char letter, struct place *ret)
{
    size_t index = 0;

    for (size_t t = 0; t < p->table_count; t++) {
        const struct mln_option_table *table = &p->tables[t];

        for (size_t i = 0; i < table->count; i++, index++) {
            const struct mln_option *row = &table->rows[i];

            if (name.len ? is_name(row->name, name) : row->letter && row->letter == letter) {
                *ret = (struct place){ table, row, index };
                return true;
            }
        }
    }
    return false;
}

static mln_err refuse_unknown(const struct parse *p, struct mln_slice name)
{
    struct mln_nearest nearest;

    mln_nearest_init(&nearest, name);
    for (size_t t = 0; t < p->table_count; t++) {
        for (size_t i = 0; i < p->tables[t].count; i++) {
            mln_nearest_offer(&nearest, mln_slice_z(p->tables[t].rows[i].name));
        }
    }
    if (nearest.count) {
        mln_fault_set(p->fault, "unknown option --%.*s, did you mean --%.*s?", MLN_S_ARG(name),
                      MLN_S_ARG(nearest.best[0]));
    } else {
        mln_fault_set(p->fault, "unknown option --%.*s", MLN_S_ARG(name));
    }
    MLN_FAIL(CONFIG);
}

/* ---- parsing ---- */

static mln_err set_option(struct parse *p, const struct place *place, const char *value)
{
    uint64_t *word = &p->seen[place->index / 64];
    uint64_t bit = UINT64_C(1) << (place->index % 64);
    mln_err err;

    if ((*word & bit) && !place->row->repeats) {
        mln_fault_set(p->fault, "option --%s given twice", place->row->name);
        MLN_FAIL(CONFIG);
    }
    *word |= bit;
    err = place->table->set(place->table->data, place->row, value, p->fault);
    if (err.code == MLN_ERR_CONFIG && value) {
        mln_fault_set(p->fault, "option --%s: must be %s, not '%s'", place->row->name,
                      place->row->argument, value);
    } else if (mln_failed(err)) {
        mln_fault_set(p->fault, "option --%s: %s", place->row->name, mln_err_text(err));
    }
    return err;
}

/* The argument after the one that names the option. */
static mln_err next_value(struct parse *p, const struct place *place, const char **ret)
{
    if (p->at + 1 >= p->argc) {
        mln_fault_set(p->fault, "option --%s needs a value: --%s %s", place->row->name,
                      place->row->name, place->row->argument);
        MLN_FAIL(CONFIG);
    }
    *ret = p->argv[++p->at];
    return MLN_OK;
}

static mln_err parse_long(struct parse *p, const char *text)
{
    struct mln_slice rest = mln_slice_z(text);
    struct mln_slice name = mln_slice_cut(&rest, '=');
    const char *value = rest.ptr;
    struct place place;

    if (name.len == 0 || !find(p, name, 0, &place)) {
        return refuse_unknown(p, name);
    }
    if (!place.row->argument && value) {
        mln_fault_set(p->fault, "option --%s takes no value", place.row->name);
        MLN_FAIL(CONFIG);
    }
    if (place.row->argument && !value) {
        MLN_TRY(next_value(p, &place, &value));
    }
    return set_option(p, &place, value);
}

static mln_err parse_letters(struct parse *p, const char *letters)
{
    for (; *letters; letters++) {
        const char *value = NULL;
        struct place place;

        if (!find(p, mln_slice_of(NULL, 0), *letters, &place)) {
            mln_fault_set(p->fault, "unknown option -%c", *letters);
            MLN_FAIL(CONFIG);
        }
        if (!place.row->argument) {
            MLN_TRY(set_option(p, &place, NULL));
            continue;
        }
        if (letters[1]) {
            value = letters + 1;
        } else {
            MLN_TRY(next_value(p, &place, &value));
        }
        return set_option(p, &place, value);
    }
    return MLN_OK;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Operands gather at the front of argv, where arguments that are read leave room. */
static void keep_operand(struct parse *p)
{
    p->argv[1 + p->operands++] = p->argv[p->at];
}

static mln_err parse_arguments(struct parse *p)
{
    for (p->at = 1; p->at < p->argc; p->at++) {
        const char *text = p->argv[p->at];

        if (strcmp(text, "--") == 0) {
            break;
        }
        if (text[0] == '-' && text[1] == '-') {
            MLN_TRY(parse_long(p, text + 2));
        } else if (text[0] == '-' && is_letter(text[1])) {
            MLN_TRY(parse_letters(p, text + 1));
        } else {
            keep_operand(p);
        }
    }
    for (p->at++; p->at < p->argc; p->at++) {
        keep_operand(p);
    }
    return MLN_OK;
}

mln_err mln_options_parse(const struct mln_option_table *tables, size_t table_count, int argc,
                          char **argv, struct mln_fault *fault, int *ret_first_operand)
{
    struct parse p = {
        .tables = tables, .table_count = table_count, .argc = argc, .argv = argv, .fault = fault
    };
    size_t rows = 0;

    for (size_t t = 0; t < table_count; t++) {
        rows += tables[t].count;
    }
    MLN_REQUIRE(rows <= MLN_OPTIONS_MAX, INTERNAL);
    MLN_TRY(parse_arguments(&p));
    for (int i = p.operands; i > 0; i--) {
        argv[argc - 1 - (p.operands - i)] = argv[i];
    }
    *ret_first_operand = argc - p.operands;
    return MLN_OK;
}

/* ---- printing ---- */

enum { WIDTH = 80, HELP_COLUMN = 26 };

static void pad(FILE *out, size_t column)
{
    (void)fprintf(out, "%*s", (int)column, "");
}

void mln_options_wrap(FILE *out, const char *text, size_t column, size_t indent)
{
    struct mln_slice rest = mln_slice_z(text);
    bool is_first = true;

    while (rest.ptr) {
        struct mln_slice word = mln_slice_cut(&rest, ' ');

        if (word.len == 0) {
            continue;
        }
        if (!is_first && column + 1 + word.len >= WIDTH) {
            (void)fputc('\n', out);
            pad(out, indent);
            column = indent;
        } else if (!is_first) {
            (void)fputc(' ', out);
            column++;
        }
        (void)fwrite(word.ptr, 1, word.len, out);
        column += word.len;
        is_first = false;
    }
    (void)fputc('\n', out);
}

/* Prints the left part and returns its width. */
static size_t print_name(const struct mln_option *row, FILE *out)
{
    int width = row->letter ? fprintf(out, "  -%c, --", row->letter) : fprintf(out, "      --");

    for (const char *c = row->name; *c; c++, width++) {
        (void)fputc(*c == '_' ? '-' : *c, out);
    }
    if (row->argument) {
        width += fprintf(out, " %s", row->argument);
    }
    return width > 0 ? (size_t)width : 0;
}

static void print_row(const struct mln_option *row, FILE *out)
{
    char help[1024];
    size_t width = print_name(row, out);

    if (width + 2 > HELP_COLUMN) {
        (void)fputc('\n', out);
        width = 0;
    }
    pad(out, HELP_COLUMN - width);
    (void)snprintf(help, sizeof help, "%s%s%s%s%s", row->help, row->repeats ? "; repeatable" : "",
                   row->initial ? " (default: " : "", row->initial ? row->initial : "",
                   row->initial ? ")" : "");
    mln_options_wrap(out, help, HELP_COLUMN, HELP_COLUMN);
}

void mln_options_print(const struct mln_option *rows, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        print_row(&rows[i], out);
    }
}
