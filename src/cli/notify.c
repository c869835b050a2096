/* `merlon notify`. */
#include "cli/session.h"

struct notify {
    const char *json;
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
    struct notify *n = data;

    (void)option;
    (void)fault;
    n->json = value;
    return MLN_OK;
}

static int work(struct mln_session *s, const struct notify *n)
{
    struct merlon_content *content = NULL;
    int code;

    if (!s->target) {
        return mln_session_misuse(s, "a target is missing");
    }
    if (!s->operand_count && !n->json) {
        return mln_session_misuse(s, "the content is missing");
    }
    code = mln_session_content(s, "sgn", n->json, &content);
    return code == MLN_CLI_OK ? mln_session_send_content(s, MERLON_NOTIFY, content) : code;
}

static int run(int argc, char **argv)
{
    struct notify n = { 0 };
    struct mln_session s = { .command = &mln_cli_notify, .set = set, .data = &n };
    int code;

    if (mln_session_begin(&s, argc, argv, &code)) {
        code = work(&s, &n);
    }
    mln_session_end(&s);
    return code;
}

const struct mln_command mln_cli_notify = {
    .name = "notify",
    .summary = "Send a notification",
    .synopsis = "TARGET MEMBER=VALUE...\nTARGET --json FILE [MEMBER=VALUE]...",
    .text = "The members are those of m2m:notification by short or long name: sur "
            "(subscriptionReference), nev (notificationEvent), vrq (verificationRequest), sud "
            "(subscriptionDeletion), cr (creator), …",
    .examples = "merlon notify cse-in/thermo sur=cse-in/thermo/readings/sub1 "
                "nev='{\"net\":3,\"rep\":{\"m2m:cin\":{\"con\":\"21.5\"}}}'",
    .options = options,
    .is_client = true,
    .run = run,
};
