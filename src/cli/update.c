/* `merlon update`. */
#include <string.h>

#include "cli/session.h"

struct update {
    const char *json;
    const char *type;
};

static const struct mln_option *options(size_t *ret_count)
{
    static const struct mln_option rows[] = {
        { "json", 'j', "FILE", NULL, "Read the content from a file, '-' for standard input",
          false },
        { "type", 0, "TYPE", NULL, "Resource type of the target; without it the target is asked",
          false },
    };

    *ret_count = sizeof rows / sizeof *rows;
    return rows;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct update *u = data;

    (void)fault;
    if (strcmp(option->name, "json") == 0) {
        u->json = value;
    } else {
        u->type = value;
    }
    return MLN_OK;
}

/* The root of what the target shows names its type. */
static int ask_type(struct mln_session *s, const char **ret)
{
    struct merlon_response *response = NULL;
    struct merlon_error error;
    const struct merlon_json *root;
    int code = MLN_CLI_OK;

    if (mln_session_retrieve(s, s->target, &response, &error) != MERLON_OK) {
        if (error.status == MERLON_REFUSED) {
            mln_cli_say("cannot learn the type of %s, which --type would tell:", s->target);
        }
        return mln_session_fail(s, &error);
    }
    root = merlon_json_first(merlon_response_json(response));
    *ret = NULL;
    if (merlon_json_kind(root) == MERLON_JSON_OBJECT && *merlon_json_name(root)) {
        *ret = mln_arena_zdup(s->arena, mln_slice_z(merlon_json_name(root)));
    }
    if (!*ret) {
        mln_cli_say("%s does not show of which type it is: use --type", s->target);
        code = MLN_CLI_FAILED;
    }
    merlon_response_free(response);
    return code;
}

/* A file may name the type by its root. */
static int make_content(struct mln_session *s, const struct update *u, struct merlon_content **ret)
{
    const char *type = u->type;
    int code;

    if (!type && !u->json) {
        code = ask_type(s, &type);
        if (code != MLN_CLI_OK) {
            return code;
        }
    }
    return mln_session_content(s, type, u->json, ret);
}

static int work(struct mln_session *s, const struct update *u)
{
    struct merlon_content *content = NULL;
    int code;

    if (!s->target) {
        return mln_session_misuse(s, "a target is missing");
    }
    if (!s->operand_count && !u->json) {
        return mln_session_misuse(s, "what to change is missing");
    }
    code = make_content(s, u, &content);
    return code == MLN_CLI_OK ? mln_session_send_content(s, MERLON_UPDATE, content) : code;
}

static int run(int argc, char **argv)
{
    struct update u = { 0 };
    struct mln_session s = { .command = &mln_cli_update, .set = set, .data = &u };
    int code;

    if (mln_session_begin(&s, argc, argv, &code)) {
        code = work(&s, &u);
    }
    mln_session_end(&s);
    return code;
}

const struct mln_command mln_cli_update = {
    .name = "update",
    .summary = "Change attributes of a resource",
    .synopsis = "TARGET ATTRIBUTE=VALUE...\nTARGET --json FILE [ATTRIBUTE=VALUE]...",
    .text = "ATTRIBUTE=null deletes an attribute. To give the values their data types the command "
            "asks the target for its type first, unless --type or the root member of the file "
            "tells it. See 'merlon help attributes' for how values are written.",
    .examples = "merlon update cse-in/thermo/readings mni=20 lbl=kitchen,upstairs\n"
                "# without the labels again\n"
                "merlon update cse-in/thermo/readings labels=null",
    .options = options,
    .is_client = true,
    .run = run,
};
