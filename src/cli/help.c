/* Help: printed from the same table that the man pages come from. */
#include <string.h>

#include "base/nearest.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/session.h"

enum { INDENT = 2, NAME_COLUMN = 14 };

const struct mln_topic *mln_cli_topics(size_t *ret_count)
{
    static const struct mln_topic topics[] = {
        { "exit-codes", "Exit codes",
          "The exit code tells scripts what happened.\n\n"
          "  - 0: done\n\n"
          "  - 1: another failure: an answer that is not oneM2M, out of memory, output not "
          "written\n\n"
          "  - 2: wrong use: an unknown option, attribute or value, a bad configuration file\n\n"
          "  - 3: no answer: the CSE cannot be reached, one side does not believe the other (TLS), "
          "or the time is up\n\n"
          "  - 4: the CSE refused the request: a response status code 4xxx that is none of the "
          "following\n\n"
          "  - 5: the CSE failed: a response status code 5xxx or 6xxx\n\n"
          "  - 6: not found: 4004\n\n"
          "  - 7: denied: 4101, 4103, 4106, 4107, 4116, 4126, 4127, 4128, 5105, 5205\n\n"
          "  - 8: conflict: 4105, 4117\n\n"
          "  - 9: with --esprim: what came back was not protected by the target, or the target did "
          "not accept the protection; the request may have been done\n\n"
          "merlon cse, store, key and issuer have codes of their own: 0 done, 1 failed, 2 wrong "
          "use, "
          "3 the store is in use by another process, 4 the store or the credentials are damaged or "
          "of a newer version, 5 cannot listen." },
        { "attributes", "Attributes",
          "Attributes are written NAME=VALUE, with the short or the long name: mni=10 and "
          "maxNrOfInstances=10 are the same. The value gets the data type that the standard gives "
          "the attribute.\n\n"
          "  - Elements of a list are separated by commas, lbl=kitchen,light; or the whole is a "
          "JSON array, lbl='[\"a,b\"]'.\n\n"
          "  - Objects are JSON: enc='{\"net\":[1,3]}'.\n\n"
          "  - Enumeration values go by number or by name, resource types by number or name.\n\n"
          "  - NAME:=JSON sends any JSON value, and attributes that are not known here.\n\n"
          "  - NAME=null deletes an attribute in an update.\n\n"
          "--json FILE reads the whole content from a file, or from standard input for '-', with "
          "or without its root member such as m2m:cnt; attributes on the command line then change "
          "it." },
        { "settings", "Settings",
          "Settings come from options, then from the environment, then from the configuration "
          "file; the first that is found counts.\n\n"
          "The variables are MERLON_URL, MERLON_ORIGINATOR, and for TLS MERLON_ANCHOR, "
          "MERLON_CRL, MERLON_OCSP, MERLON_CERTIFICATE, MERLON_KEY, MERLON_PSK_ID, "
          "MERLON_PSK_FILE, MERLON_CSE_ID and MERLON_IN_CSE_ID; for --esprim they are named in "
          "the same way. The file is "
          "$XDG_CONFIG_HOME/merlon/client.conf, by default "
          "~/.config/merlon/client.conf. It holds lines 'key = value' with the keys url, "
          "originator, rvi, timeout, format, anchor, crl, ocsp, certificate, key, psk-id, "
          "psk-file, cse-id, in-cse-id, esprim and the others that begin so, which mean the same "
          "as the options, and comments that begin with '#'. "
          "An unknown key is an error. Names of files are seen from the directory of the file.\n\n"
          "Lines below '[HOST]' or '[HOST:PORT]' are for the CSE whose URL says so and go before "
          "those above all sections. So each CSE gets its own originator and credential; a "
          "credential above all sections is for the url there. A credential is never shown to "
          "another CSE than the one it is for." },
    };

    *ret_count = sizeof topics / sizeof *topics;
    return topics;
}

/* Paragraphs, wrapped; items hang by two columns. */
static void print_text(const char *text, FILE *out)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        bool is_item = strncmp(text, "  - ", 4) == 0;
        char paragraph[2048];

        if (len >= sizeof paragraph) {
            len = sizeof paragraph - 1;
        }
        memcpy(paragraph, text, len);
        paragraph[len] = '\0';
        (void)fputs(is_item ? "  - " : "", out);
        mln_options_wrap(out, is_item ? paragraph + 4 : paragraph, is_item ? 4 : 0,
                         is_item ? 4 : 0);
        text = end ? end + 2 : text + len;
        if (*text && strncmp(text, "  - ", 4) != 0) {
            (void)fputc('\n', out);
        }
    }
}

static void print_synopsis(const struct mln_command *command, FILE *out)
{
    struct mln_slice rest = mln_slice_z(command->synopsis);
    const char *lead = "Usage: ";

    do {
        struct mln_slice form = mln_slice_cut(&rest, '\n');

        (void)fprintf(out, "%smerlon %s [OPTION]...%s%.*s\n", lead, command->name,
                      form.len ? " " : "", MLN_S_ARG(form));
        lead = "       ";
    } while (rest.ptr);
}

static void print_options(const struct mln_command *command, FILE *out)
{
    size_t count = 0;
    const struct mln_option *rows = command->options ? command->options(&count) : NULL;

    if (count) {
        (void)fputs("\nOptions:\n", out);
        mln_options_print(rows, count, out);
    }
    if (command->is_client) {
        rows = mln_cli_common_options(&count);
        (void)fputs("\nCommon options:\n", out);
        mln_options_print(rows, count, out);
    }
}

static void print_command(const struct mln_command *command, FILE *out)
{
    print_synopsis(command, out);
    (void)fprintf(out, "\n%s.\n\n", command->summary);
    print_text(command->text, out);
    print_options(command, out);
    if (command->examples) {
        (void)fprintf(out, "\nExamples:\n");
        for (struct mln_slice rest = mln_slice_z(command->examples); rest.ptr;) {
            struct mln_slice line = mln_slice_cut(&rest, '\n');

            (void)fprintf(out, "  %.*s\n", MLN_S_ARG(line));
        }
    }
}

static void print_overview(FILE *out)
{
    size_t count;
    const struct mln_command *const *commands = mln_cli_commands(&count);
    const struct mln_topic *topics;

    (void)fputs("Usage: merlon COMMAND [ARGUMENT]...\n\n"
                "A oneM2M common services entity (CSE) and a client for any CSE.\n\n"
                "Commands:\n",
                out);
    for (size_t i = 0; i < count; i++) {
        if (!commands[i]->is_hidden) {
            (void)fprintf(out, "  %-*s%s\n", NAME_COLUMN - INDENT, commands[i]->name,
                          commands[i]->summary);
        }
    }
    (void)fputs(
        "\n'merlon COMMAND --help' tells more about a command, 'merlon help TOPIC' about:\n", out);
    topics = mln_cli_topics(&count);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "  %-*s%s\n", NAME_COLUMN - INDENT, topics[i].name, topics[i].title);
    }
}

void mln_cli_print_help(const struct mln_command *command, FILE *out)
{
    if (command) {
        print_command(command, out);
    } else {
        print_overview(out);
    }
}

int mln_cli_unknown(const char *word)
{
    size_t count;
    const struct mln_command *const *commands = mln_cli_commands(&count);
    struct mln_nearest nearest;

    mln_nearest_init(&nearest, mln_slice_z(word));
    for (size_t i = 0; i < count; i++) {
        mln_nearest_offer(&nearest, mln_slice_z(commands[i]->is_hidden ? NULL : commands[i]->name));
    }
    if (nearest.count) {
        mln_cli_say("no command '%s', did you mean '%.*s'?", word, MLN_S_ARG(nearest.best[0]));
    } else {
        mln_cli_say("no command '%s'; 'merlon --help' lists them", word);
    }
    return MLN_CLI_USAGE;
}

/* ---- merlon help ---- */

static const struct mln_topic *find_topic(const char *name)
{
    size_t count;
    const struct mln_topic *topics = mln_cli_topics(&count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(topics[i].name, name) == 0) {
            return &topics[i];
        }
    }
    return NULL;
}

static int run(int argc, char **argv)
{
    const struct mln_command *command = argc > 1 ? mln_cli_command(argv[1]) : NULL;
    const struct mln_topic *topic = argc > 1 ? find_topic(argv[1]) : NULL;

    if (argc > 1 && !command && !topic) {
        return mln_cli_unknown(argv[1]);
    }
    if (topic) {
        (void)printf("%s\n\n", topic->title);
        print_text(topic->text, stdout);
    } else {
        mln_cli_print_help(command, stdout);
    }
    return mln_cli_finish_output();
}

const struct mln_command mln_cli_help = {
    .name = "help",
    .summary = "Tell about a command or topic",
    .synopsis = "[COMMAND|TOPIC]",
    .text = "Without an argument it lists the commands and topics.",
    .run = run,
};
