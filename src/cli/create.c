/* `merlon create`. */
#include <string.h>

#include "cli/session.h"

struct create {
    const char *json; /* file of the content */
};

static const struct mln_option *options(size_t *ret_count)
{
    static const struct mln_option rows[] = {
        { "json", 'j', "FILE", NULL, "Read the content from a file, '-' for standard input",
          false },
    };

    *ret_count = sizeof rows / sizeof *rows;
    return rows;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct create *c = data;

    (void)option;
    (void)fault;
    c->json = value;
    return MLN_OK;
}

/* The first operand names the type unless the file does. */
static const char *take_type(struct mln_session *s)
{
    const char *type = s->operand_count ? s->operands[0] : NULL;

    if (!type || strchr(type, '=')) {
        return NULL;
    }
    s->operands++;
    s->operand_count--;
    return type;
}

static int work(struct mln_session *s, const struct create *c)
{
    const char *type = take_type(s);
    struct merlon_content *content = NULL;
    int code;

    if (!s->target) {
        return mln_session_misuse(s, "where to create it, and what, is missing");
    }
    if (!type && !c->json) {
        return mln_session_misuse(s, "the resource type is missing, such as container");
    }
    code = mln_session_content(s, type, c->json, &content);
    return code == MLN_CLI_OK ? mln_session_send_content(s, MERLON_CREATE, content) : code;
}

static int run(int argc, char **argv)
{
    struct create c = { 0 };
    struct mln_session s = { .command = &mln_cli_create, .set = set, .data = &c };
    int code;

    if (mln_session_begin(&s, argc, argv, &code)) {
        code = work(&s, &c);
    }
    mln_session_end(&s);
    return code;
}

const struct mln_command mln_cli_create = {
    .name = "create",
    .summary = "Create a resource",
    .synopsis = "PARENT TYPE [ATTRIBUTE=VALUE]...\nPARENT [TYPE] --json FILE [ATTRIBUTE=VALUE]...",
    .text = "PARENT is the address of the resource below which the new one is created. TYPE is a "
            "resource type by short name (cnt), long name (container) or number (3); for a "
            "specialisation of flexContainer its full name (cod:binarySwitch). With --json it may "
            "be left out when the content has a root member.\n\n"
            "What the CSE answers, as a rule the new resource, is printed. See 'merlon help "
            "attributes' for how values are written.",
    .examples = "# register an application\n"
                "merlon create -o Cthermo cse-in ae rn=thermo api=Nexample rr=true srv=3\n"
                "# a container that keeps ten readings\n"
                "merlon create cse-in/thermo container rn=readings maxNrOfInstances=10\n"
                "# a reading\n"
                "merlon create cse-in/thermo/readings cin con=21.5\n"
                "# from standard input\n"
                "echo '{\"m2m:cin\":{\"con\":\"21.5\"}}' | merlon create cse-in/thermo/readings "
                "--json -",
    .options = options,
    .is_client = true,
    .run = run,
};
