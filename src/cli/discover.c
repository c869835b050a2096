/* `merlon discover`. */
#include <string.h>

#include "base/buf.h"
#include "cli/session.h"

enum { CRITERIA = 64, TIME_SIZE = 32 };

/* An option as a filter criterion: name, or NULL for an attribute condition, and value. */
struct criterion {
    const char *name;
    const char *value;
};

struct discover {
    struct criterion criteria[CRITERIA];
    size_t count;
    bool is_json;
    bool is_unstructured;
    bool has_types;
    struct mln_session *session;
    size_t found;
};

static const struct mln_option *options(size_t *ret_count)
{
    static const struct mln_option rows[] = {
        { "type", 0, "TYPE", NULL, "Resources of this type, by name or number", true },
        { "label", 'l', "LABEL", NULL, "Resources with this label; of several one will do", true },
        { "attr", 'a', "NAME=VALUE", NULL,
          "Resources with this attribute; '*' in the value stands for any characters", true },
        { "created-after", 0, "TIME", NULL,
          "Created then or later; TIME as 20240131T120000 or 2024-01-31T12:00:00Z, in UTC", false },
        { "created-before", 0, "TIME", NULL, "Created earlier", false },
        { "modified-after", 0, "TIME", NULL, "Changed then or later", false },
        { "modified-before", 0, "TIME", NULL, "Not changed since", false },
        { "expires-after", 0, "TIME", NULL, "Expires then or later", false },
        { "expires-before", 0, "TIME", NULL, "Expires earlier", false },
        { "size-above", 0, "BYTES", NULL, "Content of this size or more", false },
        { "size-below", 0, "BYTES", NULL, "Content smaller than this", false },
        { "filter", 0, "NAME=VALUE", NULL, "Any other filter criterion by short or long name",
          true },
        { "or", 0, NULL, NULL, "One of the conditions is enough", false },
        { "level", 'L', "N", NULL, "Levels below the target; 1 for its children only", false },
        { "limit", 'n', "N", NULL, "At most so many results; without it all are asked for", false },
        { "offset", 0, "N", NULL, "First result, counted from 1", false },
        { "unstructured", 0, NULL, NULL, "Print resource IDs instead of paths", false },
        { "long", 0, NULL, NULL, "Print the type of each resource too, where the CSE tells it",
          false },
        { "json", 'j', NULL, NULL, "Print one JSON array", false },
    };

    *ret_count = sizeof rows / sizeof *rows;
    return rows;
}

/* Options that stand for a criterion of their own. */
static const char *criterion_of(const char *option)
{
    static const struct {
        const char *option;
        const char *criterion;
    } rows[] = {
        { "type", "ty" },           { "label", "lbl" },
        { "created-after", "cra" }, { "created-before", "crb" },
        { "modified-after", "ms" }, { "modified-before", "us" },
        { "expires-after", "exa" }, { "expires-before", "exb" },
        { "size-above", "sza" },    { "size-below", "szb" },
        { "level", "lvl" },         { "limit", "lim" },
        { "offset", "ofst" },       { "attr", NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].option, option) == 0) {
            return rows[i].criterion;
        }
    }
    return NULL;
}

static mln_err add(struct discover *d, const char *name, const char *value, struct mln_fault *fault)
{
    if (d->count == CRITERIA) {
        mln_fault_set(fault, "more than %d criteria", CRITERIA);
        MLN_FAIL(CONFIG);
    }
    d->criteria[d->count++] = (struct criterion){ name, value };
    return MLN_OK;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct discover *d = data;

    if (strcmp(option->name, "json") == 0) {
        d->is_json = true;
    } else if (strcmp(option->name, "unstructured") == 0) {
        d->is_unstructured = true;
    } else if (strcmp(option->name, "long") == 0) {
        d->has_types = true;
    } else if (strcmp(option->name, "or") == 0) {
        return add(d, "fo", "2", fault);
    } else if (strcmp(option->name, "filter") == 0) {
        return add(d, "", value, fault);
    } else {
        return add(d, criterion_of(option->name), value, fault);
    }
    return MLN_OK;
}

/* ---- the request ---- */

/* 2024-01-31T12:00:00Z and 2024-01-31 in the form of oneM2M; others stay for the library to check.
 * spec: TS-0004 6.3.3 */
static void to_timestamp(const char *text, char out[static TIME_SIZE])
{
    size_t len = 0;

    for (const char *c = text; *c && len + 8 < TIME_SIZE; c++) {
        if (*c != '-' && *c != ':' && !(*c == 'Z' && !c[1])) {
            out[len++] = *c == '.' ? ',' : *c;
        }
    }
    out[len] = '\0';
    if (len == 8) {
        memcpy(out + len, "T000000", 8);
    }
}

static bool is_time(const char *criterion)
{
    static const char *const names[] = { "cra", "crb", "ms", "us", "exa", "exb" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], criterion) == 0) {
            return true;
        }
    }
    return false;
}

static int apply(struct mln_session *s, struct merlon_request *request, const struct criterion *c)
{
    bool is_attribute = !c->name;
    bool is_named = !c->name || !*c->name; /* the value is NAME=VALUE */
    struct merlon_error error;
    enum merlon_status status;
    const char *value = c->value;
    char time[TIME_SIZE];
    char *name = NULL;

    if (is_named && !mln_cli_split(s, c->value, &name, &value)) {
        return MLN_CLI_USAGE;
    }
    if (is_attribute) {
        status = merlon_request_filter_attribute(request, name, value, &error);
    } else if (is_named) {
        status = merlon_request_filter(request, name, value, &error);
    } else if (is_time(c->name)) {
        to_timestamp(value, time);
        status = merlon_request_filter(request, c->name, time, &error);
    } else {
        status = merlon_request_filter(request, c->name, value, &error);
    }
    return status == MERLON_OK ? MLN_CLI_OK : mln_session_fail(s, &error);
}

/* spec: TS-0001 8.1.2: Result Content 6 has the types, and not every CSE offers it in discovery */
static int complete(struct mln_session *s, const struct discover *d, struct merlon_request *request)
{
    struct merlon_error error;
    enum merlon_status status = merlon_request_discover(request, &error);
    int code = MLN_CLI_OK;

    if (status == MERLON_OK && d->is_unstructured) {
        status = merlon_request_set(request, "drt", "2", &error);
    }
    if (status == MERLON_OK && d->has_types && !s->rcn) {
        status = merlon_request_set(request, "rcn", "6", &error);
    }
    if (status != MERLON_OK) {
        return mln_session_fail(s, &error);
    }
    for (size_t i = 0; i < d->count && code == MLN_CLI_OK; i++) {
        code = apply(s, request, &d->criteria[i]);
    }
    return code;
}

/* ---- the results ---- */

static bool found(void *data, const struct merlon_reference *reference)
{
    struct discover *d = data;
    const struct merlon_type *type = merlon_type_of(reference->type);

    if (d->is_json) {
        (void)fputs(d->found ? ",\n " : "[", stdout);
        mln_cli_print_json_string(reference->address);
    } else {
        mln_cli_print_text(stdout, reference->address);
        if (d->has_types) {
            (void)printf("\t%s", type ? merlon_type_short_name(type) : "-");
        }
        (void)fputc('\n', stdout);
    }
    d->found++;
    return !ferror(stdout);
}

static int list(struct mln_session *s, struct discover *d, const struct merlon_request *request)
{
    struct merlon_error error;
    enum merlon_status status = merlon_list(s->client, request, found, d, &error);

    if (d->is_json && (status == MERLON_OK || d->found)) {
        (void)fputs(d->found ? "]\n" : "[]\n", stdout);
    }
    return status == MERLON_OK ? mln_cli_finish_output() : mln_session_fail(s, &error);
}

static int work(struct mln_session *s, struct discover *d)
{
    int code = MLN_CLI_OK;
    struct merlon_request *request;

    if (s->operand_count) {
        return mln_session_misuse(s, "'%s' is one operand too many", s->operands[0]);
    }
    s->target = s->target ? s->target : "-";
    request = mln_session_request(s, MERLON_RETRIEVE, &code);
    if (!request) {
        return code;
    }
    code = complete(s, d, request);
    if (code == MLN_CLI_OK) {
        code = list(s, d, request);
    }
    merlon_request_free(request);
    return code;
}

static int run(int argc, char **argv)
{
    struct discover d = { 0 };
    struct mln_session s = { .command = &mln_cli_discover, .set = set, .data = &d };
    int code;

    if (mln_session_begin(&s, argc, argv, &code)) {
        code = work(&s, &d);
    }
    mln_session_end(&s);
    return code;
}

const struct mln_command mln_cli_discover = {
    .name = "discover",
    .summary = "Find resources",
    .synopsis = "[TARGET]",
    .text = "Prints the address of each resource below TARGET, by default below the CSE, that "
            "meets all conditions, one a line. When the CSE answers in parts, the rest is asked "
            "for.",
    .examples = "# all containers with a label\n"
                "merlon discover --type container --label kitchen\n"
                "# readings of a day\n"
                "merlon discover cse-in/thermo --type cin --created-after 2024-01-31 "
                "--created-before 2024-02-01",
    .options = options,
    .is_client = true,
    .run = run,
};
