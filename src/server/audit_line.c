/* A line of the audit log. */
#include "server/audit_line.h"

#include "server/line.h"

/* Bytes of values, escaped: identifiers are shorter, an attacker's need not be. */
enum {
    NAME = 800,
    SHORT = 120,
    SENTENCE = 300,
    FIXED = 256,
};

static const char *operation_of(enum mln_op op)
{
    static const char *const names[] = {
        [MLN_OP_CREATE] = "create", [MLN_OP_RETRIEVE] = "retrieve", [MLN_OP_UPDATE] = "update",
        [MLN_OP_DELETE] = "delete", [MLN_OP_NOTIFY] = "notify",
    };

    return (size_t)op < sizeof names / sizeof names[0] && names[op] ? names[op] : "";
}

_Static_assert(3 * (NAME + MLN_LINE_OVER) + 4 * (SHORT + MLN_LINE_OVER) + SENTENCE + MLN_LINE_OVER +
                       FIXED <=
                   MLN_AUDIT_LINE,
               "what mln_audit_line puts");

size_t mln_audit_line(const struct mln_audit_event *event, char out[static MLN_AUDIT_LINE])
{
    struct mln_line l = { .out = out };

    mln_line_put(&l, "{");
    mln_line_time(&l, "time", event->time_us);
    mln_line_text(&l, "from", event->originator, NAME);
    mln_line_text(&l, "to", event->target, NAME);
    mln_line_text(&l, "operation", mln_slice_z(operation_of(event->op)), SHORT);
    if (event->ty) {
        mln_line_number(&l, "type", event->ty);
    }
    mln_line_number(&l, "rsc", event->rsc);
    mln_line_text(&l, "error", mln_slice_z(event->error), SHORT);
    mln_line_text(&l, "reason", mln_slice_z(event->reason), SENTENCE);
    mln_line_text(&l, "request", event->request_id, SHORT);
    mln_line_text(&l, "credential", event->credential_id, NAME);
    mln_line_text(&l, "peer", mln_slice_z(event->peer), SHORT);
    mln_line_put(&l, event->is_denied ? ",\"denied\":true" : "");
    mln_line_put(&l, event->is_admin ? ",\"admin\":true" : "");
    mln_line_put(&l, event->is_member ? ",\"member\":true" : "");
    mln_line_put(&l, event->is_end_to_end ? ",\"end_to_end\":true" : "");
    mln_line_put(&l, "}\n");
    return l.len;
}
