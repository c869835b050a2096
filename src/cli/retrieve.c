/* `merlon retrieve`. */
#include <string.h>

#include "cli/session.h"

enum { FILTERS = 32 };

struct retrieve {
    const char *attributes;
    const char *filters[FILTERS];
    size_t filter_count;
};

static const struct mln_option *options(size_t *ret_count)
{
    static const struct mln_option rows[] = {
        { "attributes", 'a', "LIST", NULL,
          "Only these attributes, short or long names separated by commas", false },
        { "filter", 0, "NAME=VALUE", NULL, "A filter criterion by short or long name", true },
    };

    *ret_count = sizeof rows / sizeof *rows;
    return rows;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct retrieve *r = data;

    if (strcmp(option->name, "attributes") == 0) {
        r->attributes = value;
        return MLN_OK;
    }
    if (r->filter_count == FILTERS) {
        mln_fault_set(fault, "more than %d criteria", FILTERS);
        MLN_FAIL(CONFIG);
    }
    r->filters[r->filter_count++] = value;
    return MLN_OK;
}

static int add_details(struct mln_session *s, const struct retrieve *r,
                       struct merlon_request *request)
{
    struct merlon_error error;

    if (r->attributes && merlon_request_set(request, "atrl", r->attributes, &error) != MERLON_OK) {
        return mln_session_fail(s, &error);
    }
    for (size_t i = 0; i < r->filter_count; i++) {
        const char *value;
        char *name;

        if (!mln_cli_split(s, r->filters[i], &name, &value)) {
            return MLN_CLI_USAGE;
        }
        if (merlon_request_filter(request, name, value, &error) != MERLON_OK) {
            return mln_session_fail(s, &error);
        }
    }
    return MLN_CLI_OK;
}

static int work(struct mln_session *s, const struct retrieve *r)
{
    int code = MLN_CLI_OK;
    struct merlon_request *request;

    if (s->operand_count) {
        return mln_session_misuse(s, "'%s' is one operand too many", s->operands[0]);
    }
    request = mln_session_request(s, MERLON_RETRIEVE, &code);
    if (!request) {
        return code;
    }
    code = add_details(s, r, request);
    if (code != MLN_CLI_OK) {
        merlon_request_free(request);
        return code;
    }
    return mln_session_send(s, request);
}

static int run(int argc, char **argv)
{
    struct retrieve r = { 0 };
    struct mln_session s = { .command = &mln_cli_retrieve, .set = set, .data = &r };
    int code;

    if (mln_session_begin(&s, argc, argv, &code)) {
        code = work(&s, &r);
    }
    mln_session_end(&s);
    return code;
}

const struct mln_command mln_cli_retrieve = {
    .name = "retrieve",
    .summary = "Show a resource",
    .synopsis = "TARGET",
    .text = "TARGET is an address as oneM2M writes it: cse-in/ae1/c1 (structured), cnt123 "
            "(resource ID), /id-in/cse-in/ae1 (at another CSE of the service provider), "
            "//sp.example/id-in/… (at another provider), or a URL whose path is one of these. "
            "TARGET#NAME retrieves one attribute, by its short name.\n\n"
            "--rcn tells what to show: 1 attributes, 4 attributes and children, 5 attributes and "
            "child references, 6 child references, 8 children; 0, 2, 3 and 9 belong to other "
            "operations.",
    .examples = "# the newest reading, its content alone\n"
                "merlon retrieve cse-in/thermo/readings/la --attributes con\n"
                "# a container with everything below it, two levels deep\n"
                "merlon retrieve cse-in/thermo --rcn 4 --filter level=2",
    .options = options,
    .is_client = true,
    .run = run,
};
