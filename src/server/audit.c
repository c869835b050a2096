/* The lines of the audit log. */
#include "server/audit.h"

#include "server/audit_line.h"

static void note(void *data, const struct mln_audit_event *event)
{
    char room[1 + MLN_AUDIT_LINE];

    mln_line_file_append(data, room, mln_audit_line(event, room + 1));
}

struct mln_auditor mln_audit_auditor(struct mln_line_file *file, bool wants_all)
{
    return (struct mln_auditor){ file ? note : NULL, file, wants_all };
}
