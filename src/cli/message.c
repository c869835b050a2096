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

/* What to do when protection failed; NULL: nothing known. spec: security.md 25.4 */
static const char *remedy_of(int rsc)
{
    static const struct {
        int rsc;
        const char *text;
    } rows[] = {
        { 4004, "there is no such target, or nobody leads to it: see --esprim" },
        { 4103,
          "objects of this originator are not taken: see --security-info of the target's CSE; "
          "an AE as target needs a policy that permits NOTIFY" },
        { 4106, "a CSE on the way does not know the originator: see --originator; an AE registers "
                "in the clear, without --esprim" },
        { 4111, "the target and we have no algorithm in common" },
        { 4112,
          "the target does not have this key, not for ESPrim, or no longer: 'merlon key list' "
          "there, and --esprim-key-id" },
        { 4113, "the target refuses our random number: do the clocks agree?" },
        { 4114, "the target does not know its random number: do the clocks agree?" },
        { 4115, "the key there is another one, or the object was changed on the way: see "
                "--esprim-key-file" },
        { 4116, "the key does not stand for this originator: see --esprim-originator, and "
                "'merlon key list' at the target" },
        { 5001, "the target, or a CSE before it, has no end-to-end security: see --esprim" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].rsc == rsc) {
            return rows[i].text;
        }
    }
    return NULL;
}

/* Would it help to say who we are? */
static void hint_at_originator(const struct mln_session *s, int rsc)
{
    if (is_denial(rsc) && !s->settings.originator) {
        mln_cli_say("no originator is set: see --originator and MERLON_ORIGINATOR");
    }
}

static int fail_protected(const struct mln_session *s, const struct merlon_error *error)
{
    const char *remedy = remedy_of(error->rsc);

    if (strstr(error->text, "the other end refuses")) {
        remedy =
            "the target must trust our certificate (--esprim-certificate), which must name the "
            "originator; --esprim-peer must be who the target is";
    }
    mln_cli_say("%s", error->text);
    if (remedy) {
        mln_cli_say("%s", remedy);
    }
    hint_at_originator(s, error->rsc);
    return (int)mln_cli_exit_of(error);
}

int mln_session_fail(const struct mln_session *s, const struct merlon_error *error)
{
    if (error->status == MERLON_SECURITY) {
        return fail_protected(s, error);
    }
    if (error->status != MERLON_REFUSED) {
        mln_cli_say("%s", error->text);
        if (error->status == MERLON_UNREACHABLE && is_unproved(s, error)) {
            mln_cli_say("no credential is set for this CSE: see --psk-id, --anchor, --certificate "
                        "and 'merlon help settings'");
        }
        return (int)mln_cli_exit_of(error);
    }
    mln_cli_say("%d %s: %s", error->rsc, merlon_rsc_name(error->rsc), error->text);
    hint_at_originator(s, error->rsc);
    return (int)mln_cli_exit_of(error);
}
