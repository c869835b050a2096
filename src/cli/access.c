/* `merlon access explain`. */
#include <string.h>

#include "base/buf.h"
#include "cli/session.h"

struct access {
    struct mln_session *session;
    const char *originator;
    const char *operation;
    const char *type;
    const char *attributes;
    const char *address;
    const char *time;
    const char *asker;
    bool is_authenticated;
    bool is_json;
};

static const struct mln_option *options(size_t *ret_count)
{
    static const struct mln_option rows[] = {
        { "originator", 'o', "ID", NULL, "explain: whose request it would be", false },
        { "operation", 0, "NAME", NULL,
          "explain: create, retrieve, update, delete, notify or discover", false },
        { "ty", 0, "TYPE", NULL, "explain: what would be created, by name or number", false },
        { "attributes", 0, "LIST", NULL,
          "explain: short names of what would be updated; that of accessControlPolicyIDs (acpi) "
          "has rules of its own",
          false },
        { "address", 0, "IP", NULL, "explain: where the request would come from", false },
        { "time", 0, "TIME", NULL, "explain: when it would come, as 20300131T120000 in UTC, or now",
          false },
        { "authenticated", 0, NULL, NULL, "explain: the originator would prove who it is", false },
        { "as", 0, "ID", "CAdmin", "Who asks: the administrator; environment: MERLON_ORIGINATOR",
          false },
        { "json", 'j', NULL, NULL, "Print JSON", false },
    };

    *ret_count = sizeof rows / sizeof *rows;
    return rows;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct access *a = data;
    const struct {
        const char *name;
        const char **place;
    } rows[] = {
        { "originator", &a->originator },
        { "operation", &a->operation },
        { "ty", &a->type },
        { "attributes", &a->attributes },
        { "address", &a->address },
        { "time", &a->time },
        { "as", &a->asker },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, option->name) == 0) {
            if (strchr(value, ';') || !*value) { /* it would be another part of the question */
                mln_fault_set(fault, "--%s: '%s' is none", option->name, value);
                MLN_FAIL(CONFIG);
            }
            *rows[i].place = value;
            return MLN_OK;
        }
    }
    a->is_authenticated = a->is_authenticated || strcmp(option->name, "authenticated") == 0;
    a->is_json = a->is_json || strcmp(option->name, "json") == 0;
    return MLN_OK;
}

/* ---- the question ---- */

static void put_part(struct mln_buf *out, const char *name, const char *value)
{
    if (value) {
        mln_buf_printf(out, "%s%s=%s", out->len ? "; " : "", name, value);
    }
}

/* Type numbers only: the server takes no names. NULL, with a message: no such type. */
static const char *type_number(const struct access *a, char text[static 16])
{
    const struct merlon_type *type = merlon_type_find(a->type);

    if (!type) {
        (void)mln_session_misuse(a->session, "--ty: no resource type '%s'", a->type);
        return NULL;
    }
    (void)snprintf(text, 16, "%d", merlon_type_number(type));
    return text;
}

static int ask(struct access *a, struct merlon_request *request)
{
    char number[16];
    const char *type = a->type ? type_number(a, number) : NULL;
    struct merlon_error error;
    struct mln_buf out;
    enum { QUESTION_BYTES = 4096 };

    if (a->type && !type) {
        return MLN_CLI_USAGE;
    }
    mln_buf_init(&out, a->session->arena, QUESTION_BYTES);
    put_part(&out, "originator", a->originator);
    put_part(&out, "operation", a->operation);
    put_part(&out, "type", type);
    put_part(&out, "attributes", a->attributes);
    put_part(&out, "address", a->address);
    put_part(&out, "time", a->time);
    put_part(&out, "authenticated", a->is_authenticated ? "true" : NULL);
    mln_buf_byte(&out, '\0');
    if (out.failed) {
        return mln_session_misuse(a->session, "the question is too long");
    }
    if (merlon_request_explain(request, out.ptr, &error) != MERLON_OK ||
        merlon_request_set(request, "fr", a->asker, &error) != MERLON_OK) {
        return mln_session_fail(a->session, &error);
    }
    return MLN_CLI_OK;
}

/* ---- the answer ---- */

static void put_text(const struct merlon_json *object, const char *name)
{
    const char *text = merlon_json_text(merlon_json_member(object, name));

    mln_cli_print_text(stdout, text ? text : "");
}

static void put_list(const struct merlon_json *list)
{
    const struct merlon_json *item = merlon_json_first(list);

    for (bool is_first = true; item; item = merlon_json_next(item), is_first = false) {
        (void)fputs(is_first ? "" : ", ", stdout);
        mln_cli_print_text(stdout, merlon_json_text(item) ? merlon_json_text(item) : "?");
    }
}

static const char *meaning_of(const struct merlon_json *step)
{
    static const struct {
        const char *source;
        const char *meaning;
    } rows[] = {
        { "pvs", "the policy's own selfPrivileges" },
        { "acpi", "privileges of its accessControlPolicyIDs" },
        { "acpi pvs", "for its accessControlPolicyIDs, the selfPrivileges of those policies" },
        { "parent", "has no rules of its own: those of its parent" },
        { "creator", "has no policies: its creator" },
        { "base", "CSEBase without policies: registered AEs may retrieve and discover" },
        { "macp", "membersAccessControlPolicyIDs of the group" },
        { "roles", "again, with the roles" },
        { "token", "rules of the tokens" },
        { "administrator", "the administrator has every right" },
        { "registration", "a registration: the registration checks decide, not policies" },
    };
    const char *source = merlon_json_text(merlon_json_member(step, "source"));

    for (size_t i = 0; source && i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].source, source) == 0) {
            return rows[i].meaning;
        }
    }
    return "rules";
}

static void put_source(const struct merlon_json *step)
{
    const struct merlon_json *permits = merlon_json_member(step, "permits");

    put_text(step, "of");
    (void)printf(": %s", meaning_of(step));
    if (merlon_json_member(step, "creator")) {
        (void)fputs(", which is ", stdout);
        put_text(step, "creator");
    }
    if (permits) {
        (void)printf(": %s", merlon_json_is_true(permits) ? "permits" : "does not permit");
    }
    (void)fputc('\n', stdout);
}

static void put_rule(const struct merlon_json *step)
{
    uint64_t number = 0;

    (void)merlon_json_uint64(merlon_json_member(step, "number"), &number);
    (void)printf("    rule %llu: ", (unsigned long long)number);
    if (merlon_json_is_true(merlon_json_member(step, "permits"))) {
        (void)fputs("permits, by the originator entry ", stdout);
        put_text(step, "by");
    } else {
        (void)fputs("does not permit: ", stdout);
        put_list(merlon_json_member(step, "fails"));
    }
    (void)fputc('\n', stdout);
}

static void put_step(const struct merlon_json *step)
{
    const char *kind = merlon_json_text(merlon_json_member(step, "step"));

    if (!kind) {
        return;
    }
    if (strcmp(kind, "source") == 0) {
        put_source(step);
    } else if (strcmp(kind, "rule") == 0) {
        put_rule(step);
    } else {
        (void)fputs("  ", stdout);
        mln_cli_print_text(stdout, kind);
        (void)fputc(' ', stdout);
        put_text(step, "id");
        (void)fputs(": ", stdout);
        put_text(step, "state");
        (void)fputc('\n', stdout);
    }
}

static int put_all(const struct merlon_json *explanation)
{
    const struct merlon_json *unknown = merlon_json_member(explanation, "unknown");
    const struct merlon_json *step = merlon_json_first(merlon_json_member(explanation, "steps"));
    uint64_t rsc = 0;

    for (; step; step = merlon_json_next(step)) {
        put_step(step);
    }
    if (merlon_json_is_true(merlon_json_member(explanation, "permits"))) {
        (void)fputs("permitted\n", stdout);
        return mln_cli_finish_output();
    }
    (void)merlon_json_uint64(merlon_json_member(explanation, "rsc"), &rsc);
    (void)printf("refused with %llu %s: ", (unsigned long long)rsc, merlon_rsc_name((int)rsc));
    put_text(explanation, "why");
    (void)fputc('\n', stdout);
    if (merlon_json_count(unknown)) {
        (void)fputs("not known, so no rule that asks for it holds: ", stdout);
        put_list(unknown);
        (void)fputc('\n', stdout);
    }
    return mln_cli_finish_output();
}

static int show(struct access *a, const struct merlon_request *request)
{
    const struct merlon_json *explanation;
    struct merlon_response *response = NULL;
    struct merlon_error error;
    enum merlon_status status = merlon_send(a->session->client, request, &response, &error);
    int code = MLN_CLI_FAILED;

    if (status == MERLON_OK) {
        status = merlon_response_check(response, &error);
    }
    explanation = status == MERLON_OK
                      ? merlon_json_member(merlon_response_json(response), "mln:explanation")
                      : NULL;
    if (status != MERLON_OK) {
        code = mln_session_fail(a->session, &error);
    } else if (!explanation) {
        mln_cli_say("this CSE explains no decisions");
    } else if (a->is_json) {
        code = mln_session_print_json(a->session, explanation);
    } else {
        code = put_all(explanation);
    }
    merlon_response_free(response);
    return code;
}

/* ---- the command ---- */

static int work(struct mln_session *s, struct access *a)
{
    struct merlon_request *request;
    int code = MLN_CLI_OK;

    if (!s->to || s->operand_count != 1 || strcmp(s->operands[0], "explain") != 0) {
        return mln_session_misuse(s, "say 'explain', and the target with --to");
    }
    if (!a->originator || !a->operation) {
        return mln_session_misuse(s, "--originator or --operation is missing");
    }
    if (!a->asker) {
        a->asker = s->settings.originator ? s->settings.originator : "CAdmin";
    }
    request = mln_session_request(s, MERLON_RETRIEVE, &code);
    if (!request) {
        return code;
    }
    code = ask(a, request);
    if (code == MLN_CLI_OK) {
        code = show(a, request);
    }
    merlon_request_free(request);
    return code;
}

static int run(int argc, char **argv)
{
    struct access a = { 0 };
    struct mln_session s = { .command = &mln_cli_access, .set = set, .data = &a };
    int code;

    a.session = &s;
    if (mln_session_begin(&s, argc, argv, &code)) {
        code = work(&s, &a);
    }
    mln_session_end(&s);
    return code;
}

const struct mln_command mln_cli_access = {
    .name = "access",
    .summary = "Explain why a request would be permitted or refused",
    .synopsis = "explain --originator ID --operation NAME --to TARGET",
    .text =
        "Asks a running CSE, as its administrator, how it would decide on a request, and prints "
        "which rules protect TARGET, what each of them says, and the result. Nothing is changed. "
        "The CSE walks the same steps as for the request itself.\n\n"
        "--originator is the one whose request it would be; who asks is --as. --role and --token "
        "are what that originator would send. What only a real request has is given by --address, "
        "--time and --authenticated: where it is not, rules that ask for it do not hold, and the "
        "result says so.\n\n"
        "Each rule is asked up to the first part that does not hold: operation, authentication, "
        "details, then window, address or region of its contexts, then originator.",
    .examples = "# why may the display not read the thermometer?\n"
                "merlon access explain --originator Cdisplay --operation retrieve "
                "--to cse-in/thermo/readings\n"
                "# may it put readings there at noon, from that address?\n"
                "merlon access explain --originator Cthermo --operation create --ty cin "
                "--to cse-in/thermo/readings --time 20300131T120000 --address 192.0.2.7",
    .options = options,
    .is_client = true,
    .run = run,
};
