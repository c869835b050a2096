/* `merlon __docs`: writes what dist/man and dist/completion hold. */
#include "cli/docs.h"

#include <errno.h>
#include <string.h>

#include "cli/exit.h"
#include "cli/session.h"

enum { PATH_SIZE = 4096, FIRST_ANNOUNCED = 10000 };

enum mln_docs_argument mln_docs_argument(const struct mln_option *option)
{
    const char *argument = option->argument;

    if (!argument) {
        return MLN_DOCS_NONE;
    }
    if (strchr(argument, '|')) {
        return MLN_DOCS_CHOICE;
    }
    if (strcmp(argument, "FILE") == 0) {
        return MLN_DOCS_FILE;
    }
    if (strcmp(argument, "DIR") == 0) {
        return MLN_DOCS_DIRECTORY;
    }
    return strcmp(argument, "TYPE") == 0 ? MLN_DOCS_TYPE : MLN_DOCS_WORD;
}

void mln_docs_put_name(const struct mln_option *option, FILE *out)
{
    for (const char *c = option->name; *c; c++) {
        (void)fputc(*c == '_' ? '-' : *c, out);
    }
}

void mln_docs_each_option(const struct mln_command *command, FILE *out,
                          void (*put)(const struct mln_option *option, FILE *out))
{
    size_t count = 0;
    const struct mln_option *rows = command->options ? command->options(&count) : NULL;

    for (size_t i = 0; i < count; i++) {
        put(&rows[i], out);
    }
    if (command->is_client) {
        rows = mln_cli_common_options(&count);
        for (size_t i = 0; i < count; i++) {
            put(&rows[i], out);
        }
    }
}

void mln_docs_put_types(FILE *out, bool is_long)
{
    const struct merlon_type *type;

    for (size_t i = 0; (type = merlon_type_at(i)); i++) {
        const char *name = is_long ? merlon_type_long_name(type) : merlon_type_short_name(type);

        if (merlon_type_number(type) < FIRST_ANNOUNCED) {
            (void)fprintf(out, " %s", name);
        }
    }
}

/* `merlon help` takes the names of commands and topics. */
static size_t put_subjects(FILE *out)
{
    size_t count;
    size_t topic_count;
    const struct mln_command *const *commands = mln_cli_commands(&count);
    const struct mln_topic *topics = mln_cli_topics(&topic_count);

    for (size_t i = 0; i < count; i++) {
        if (!commands[i]->is_hidden) {
            (void)fprintf(out, " %s", commands[i]->name);
        }
    }
    for (size_t i = 0; i < topic_count; i++) {
        (void)fprintf(out, " %s", topics[i].name);
    }
    return count + topic_count;
}

size_t mln_docs_put_words(const struct mln_command *command, FILE *out, bool before_file)
{
    size_t count = 0;

    if (command == &mln_cli_help && !before_file) {
        return put_subjects(out);
    }
    for (struct mln_slice rest = mln_slice_z(command->synopsis); rest.ptr;) {
        struct mln_slice form = mln_slice_cut(&rest, '\n');
        struct mln_slice word = mln_slice_cut(&form, ' ');
        bool is_word = word.len && word.ptr[0] >= 'a' && word.ptr[0] <= 'z';

        if (is_word && (!before_file || mln_slice_eq(form, MLN_S("FILE")))) {
            (void)fprintf(out, " %.*s", MLN_S_ARG(word));
            count++;
        }
    }
    return count;
}

/* ---- files ---- */

static FILE *create_file(const char *directory, const char *name)
{
    char path[PATH_SIZE];
    char text[128];
    FILE *out = NULL;
    int n = snprintf(path, sizeof path, "%s/%s", directory, name);

    if (n > 0 && n < PATH_SIZE) {
        out = fopen(path, "we");
    }
    if (!out) {
        mln_cli_say("%s/%s: %s", directory, name, strerror_r(errno, text, sizeof text));
    }
    return out;
}

static int close_file(FILE *out)
{
    bool is_bad = ferror(out) != 0;

    if (fclose(out) != 0 || is_bad) {
        mln_cli_say("the file cannot be written");
        return MLN_CLI_FAILED;
    }
    return MLN_CLI_OK;
}

static int write_page(const char *directory, const struct mln_command *command)
{
    char name[64];
    FILE *out;

    (void)snprintf(name, sizeof name, "merlon%s%s.1", command ? "-" : "",
                   command ? command->name : "");
    out = create_file(directory, name);
    if (!out) {
        return MLN_CLI_FAILED;
    }
    mln_docs_man(command, out);
    return close_file(out);
}

static int write_pages(const char *directory)
{
    size_t count;
    const struct mln_command *const *commands = mln_cli_commands(&count);
    int code = write_page(directory, NULL);

    for (size_t i = 0; i < count && code == MLN_CLI_OK; i++) {
        if (!commands[i]->is_hidden) {
            code = write_page(directory, commands[i]);
        }
    }
    return code;
}

static int write_completion(const char *directory)
{
    FILE *out = create_file(directory, "merlon.bash");
    int code;

    if (!out) {
        return MLN_CLI_FAILED;
    }
    mln_docs_bash(out);
    code = close_file(out);
    out = code == MLN_CLI_OK ? create_file(directory, "_merlon") : NULL;
    if (!out) {
        return MLN_CLI_FAILED;
    }
    mln_docs_zsh(out);
    return close_file(out);
}

static int run(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "man") == 0) {
        return write_pages(argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "completion") == 0) {
        return write_completion(argv[2]);
    }
    mln_cli_say("usage: merlon __docs man|completion DIR");
    return MLN_CLI_USAGE;
}

const struct mln_command mln_cli_docs = {
    .name = "__docs",
    .summary = "Write man pages or completion",
    .synopsis = "man DIR\ncompletion DIR",
    .text = "For those who build packages.",
    .is_hidden = true,
    .run = run,
};
