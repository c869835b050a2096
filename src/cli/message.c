/* Messages to standard error. */
#include <stdarg.h>
#include <string.h>

#include "cli/session.h"

enum { MESSAGE_SIZE = 1024 };

/* One write per message, so that lines of several processes do not mix. */
static void put(const char *text)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "merlon: %s\n", text);
}

void mln_cli_say(const char *format, ...)
{
    char text[MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put(text);
}

int mln_session_misuse(const struct mln_session *s, const char *format, ...)
{
    char text[MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put(text);
    (void)fprintf(stderr, "Try 'merlon %s --help'.\n", s->command->name);
    return MLN_CLI_USAGE;
}

static bool is_denial(int rsc)
{
    return rsc == 4000 || mln_cli_exit_of_rsc(rsc) == MLN_CLI_DENIED;
}

/* Would a credential help? */
static bool is_unproved(const struct mln_session *s, const struct merlon_error *error)
{
    const struct merlon_credential *c = &s->settings.credential;

    return s->settings.url && strncmp(s->settings.url, "https:", 6) == 0 && !c->psk_id &&
           !c->certificate_file && (!c->anchor_file || strstr(error->text, "alert"));
}

int mln_session_fail(const struct mln_session *s, const struct merlon_error *error)
{
    if (error->status != MERLON_REFUSED) {
        mln_cli_say("%s", error->text);
        if (error->status == MERLON_UNREACHABLE && is_unproved(s, error)) {
            mln_cli_say("no credential is set for this CSE: see --psk-id, --anchor, --certificate "
                        "and 'merlon help settings'");
        }
        return (int)mln_cli_exit_of(error);
    }
    mln_cli_say("%d %s: %s", error->rsc, merlon_rsc_name(error->rsc), error->text);
    if (is_denial(error->rsc) && !s->settings.originator) {
        mln_cli_say("no originator is set: see --originator and MERLON_ORIGINATOR");
    }
    return (int)mln_cli_exit_of(error);
}
