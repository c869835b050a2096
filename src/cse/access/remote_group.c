/* Reading groups of other CSEs. */
#include "cse/access/remote_group.h"

#include "cse/access/elsewhere_int.h"
#include "cse/access/match.h"

/* ---- what came ---- */

/* An identifier is meant as its group's CSE understands it. An <AE> of ours may also be named by
 * its address, which begins with a slash there. */
static bool names_originator(const struct mln_far *group, struct mln_slice id)
{
    const struct mln_elsewhere *s = group->of;
    const struct mln_names *ours = &s->cse->names;
    struct mln_entity entity;
    struct mln_names theirs;
    bool is_in_our_sp;

    mln_far_names(group->address, ours, &theirs);
    theirs.cse_name = theirs.cse_id; /* has no say in the identifiers of entities */
    if (mln_entity_parse(id, &theirs, &entity) && mln_entity_eq(&entity, &s->originator.entity)) {
        return true;
    }
    theirs.cse_id = ours->cse_id;
    is_in_our_sp = mln_far_same_cse(&theirs, ours);
    return (mln_slice_starts(id, MLN_S("//")) ||
            (is_in_our_sp && mln_slice_starts(id, MLN_S("/")))) &&
           mln_access_is_named(ours, &s->originator, id);
}

static bool is_listed(const struct mln_far *group, const struct mln_value *members)
{
    for (const struct mln_value *v = members->items.first; v; v = v->next) {
        if (v->kind == MLN_V_TEXT && names_originator(group, v->text)) {
            return true;
        }
    }
    return false;
}

static enum mln_far_state read_group(const struct mln_far *group, const struct mln_value *content,
                                     struct mln_remote_fact *fact)
{
    const struct mln_value *grp =
        mln_far_content(content, MLN_S("m2m:grp"), fact->from_us, &fact->until_us);
    const struct mln_value *members = mln_value_get(grp, MLN_S("mid"));

    if (!members || members->kind != MLN_V_ARRAY ||
        members->items.count > group->of->cse->options.limits->group_members) {
        return MLN_FAR_OTHER;
    }
    return is_listed(group, members) ? MLN_FAR_GOOD : MLN_FAR_NOT_LISTED;
}

/* ---- where it is remembered ---- */

static struct mln_remote_memory *memory(struct mln_worker *worker)
{
    return &worker->groups;
}

static size_t most(const struct mln_limits *limits)
{
    return (size_t)limits->role_cache;
}

/* ---- in a decision ---- */

static const struct mln_far_kind group_kind = {
    .names = { [MLN_FAR_NOTED] = "not asked",
               [MLN_FAR_GOOD] = "member",
               [MLN_FAR_NOT_LISTED] = "no member",
               [MLN_FAR_OTHER] = "no group",
               [MLN_FAR_REFUSED] = "refused",
               [MLN_FAR_NO_ANSWER] = "not retrieved",
               [MLN_FAR_ASKED_BEFORE] = "asked before" },
    .memory = memory,
    .most = most,
    .read = read_group,
};

mln_err mln_remote_groups_has(struct mln_access *a, struct mln_slice address, bool *ret)
{
    const char *state;
    struct mln_far *group;

    *ret = false;
    MLN_TRY(mln_far_find(a, &group_kind, address, &group, &state));
    *ret = group && group->state == MLN_FAR_GOOD;
    mln_trace_group(a->facts.trace, address, state);
    return MLN_OK;
}
