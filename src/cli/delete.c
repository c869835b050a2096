/* `merlon delete`. */
#include "cli/session.h"

static int work(struct mln_session *s)
{
    int code = MLN_CLI_OK;
    struct merlon_request *request;

    if (s->operand_count) {
        return mln_session_misuse(s, "'%s' is one operand too many", s->operands[0]);
    }
    request = mln_session_request(s, MERLON_DELETE, &code);
    return request ? mln_session_send(s, request) : code;
}

static int run(int argc, char **argv)
{
    struct mln_session s = { .command = &mln_cli_delete };
    int code;

    if (mln_session_begin(&s, argc, argv, &code)) {
        code = work(&s);
    }
    mln_session_end(&s);
    return code;
}

const struct mln_command mln_cli_delete = {
    .name = "delete",
    .summary = "Delete a resource and everything below it",
    .synopsis = "TARGET",
    .text = "Deleting an AE also ends its registration.",
    .examples = "merlon delete cse-in/thermo/readings\n"
                "# the oldest reading\n"
                "merlon delete cse-in/thermo/readings/ol",
    .is_client = true,
    .run = run,
};
