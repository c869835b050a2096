/* What members at other CSEs are: before a group gets such members, and when their type counts,
 * each is retrieved.
 *
 * Everything else about the request has been checked on a snapshot before; after the answers it
 * starts again. We ask in our own name, as TS-0004 has it; where nobody is to learn of what it may
 * not see, in that of the originator. The worker's thread.
 * spec: TS-0004 7.4.13.2.1; docs/decisions/0034 */
#pragma once

#include "cse/cse_int.h"

struct mln_kinds;

/* Could this request need that? Looks at the request only. */
bool mln_kinds_concerns(const struct mln_exec *e);

/* Finds out whom to ask; in the view, after the stage validate. Errors: NO_MEMORY. */
mln_err mln_kinds_prepare(struct mln_exec *e);

/* Asks; without a view. PARKED: mln_exec_resume follows, else nobody had to be asked.
 * Errors: OVERLOAD, REQUEST_PENDING, NO_MEMORY. */
mln_err mln_kinds_start(struct mln_exec *e, enum mln_step *ret);

enum mln_kind_state {
    MLN_KIND_UNREACHABLE, /* until an answer comes */
    MLN_KIND_THERE,
    MLN_KIND_MISSING,
    MLN_KIND_DENIED, /* whoever asked may not retrieve it */
};

/* One member. For a virtual resource this tells of its parent. */
struct mln_member_kind {
    enum mln_kind_state state;
    uint16_t ty;
    struct mln_slice attrs; /* packed: those that tell kinds apart */
};

/* The member of another CSE with that number among those of the request, from 0; UNREACHABLE, too,
 * when it was not asked for. */
struct mln_member_kind mln_kinds_at(const struct mln_kinds *kinds, size_t number);
