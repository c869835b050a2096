/* Walking through groups within groups. */
#include "cse/group/members.h"

#include "base/log.h"
#include "cse/cse_int.h"

struct mln_group_entry {
    struct mln_group_entry *next;
    uint64_t id;
    unsigned depth;
    struct mln_slice members; /* packed list */
};

void mln_members_begin(struct mln_members *m, const struct mln_lookup *lookup, uint64_t *budget)
{
    *m = (struct mln_members){ .lookup = *lookup, .budget = budget };
    mln_set_init(&m->seen, lookup->arena);
    m->last = &m->first;
}

bool mln_members_is_group(struct mln_slice member, struct mln_slice *ret_address)
{
    struct mln_slice suffix = MLN_S("/fopt");

    if (!mln_slice_ends(member, suffix)) {
        return false;
    }
    *ret_address = mln_slice_head(member, member.len - suffix.len);
    return true;
}

bool mln_members_is_virtual(struct mln_slice member)
{
    return mln_slice_ends(member, MLN_S("/la")) || mln_slice_ends(member, MLN_S("/ol"));
}

bool mln_members_has_fan_out(struct mln_slice path)
{
    while (path.ptr) {
        if (mln_slice_eq(mln_slice_cut(&path, '/'), MLN_S("fopt"))) {
            return true;
        }
    }
    return false;
}

/* Takes the members from the budget before any of them is looked at. */
static bool can_afford(struct mln_members *m, const struct mln_resource *group,
                       struct mln_slice members)
{
    struct mln_item head;

    if (mln_failed(mln_pack_read(&members, &head)) || head.kind != MLN_V_ARRAY) {
        return false;
    }
    if (head.count > *m->budget) {
        mln_log(MLN_LOG_DEBUG, "group", "%.*s: more members than the limit 'membership' allows",
                MLN_S_ARG(group->ri));
        *m->budget = 0;
        return false;
    }
    *m->budget -= head.count;
    return true;
}

static mln_err append(struct mln_members *m, const struct mln_resource *group,
                      struct mln_slice members)
{
    struct mln_group_entry *entry = mln_arena_zalloc(m->lookup.arena, 1, sizeof *entry);
    bool is_new;

    MLN_REQUIRE(entry, NO_MEMORY);
    entry->id = group->id;
    entry->depth = m->is_walking ? m->first->depth + 1 : 1;
    entry->members = members;
    MLN_TRY(
        mln_set_add(&m->seen, mln_slice_of((const char *)&entry->id, sizeof entry->id), &is_new));
    if (is_new && can_afford(m, group, members)) {
        *m->last = entry;
        m->last = &entry->next;
    }
    return MLN_OK;
}

mln_err mln_members_enter(struct mln_members *m, struct mln_slice address)
{
    struct mln_resource group;
    struct mln_slice members;
    mln_err err;

    if (m->is_walking && m->first->depth >= m->lookup.cse->options.limits->group_depth) {
        return MLN_OK;
    }
    err = mln_locate_lookup(&m->lookup, address, &group);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (group.ty != MLN_TY_GRP || !mln_pack_find(group.attrs, MLN_S("mid"), &members)) {
        return MLN_OK;
    }
    return append(m, &group, members);
}

/* Goes on to the next group. */
static bool turn(struct mln_members *m)
{
    if (m->is_walking) {
        m->first = m->first->next;
        m->is_walking = false;
    }
    if (!m->first) {
        m->last = &m->first;
        return false;
    }
    mln_walk_begin(&m->walk, m->first->members);
    m->is_walking = true;
    return true;
}

mln_err mln_members_next(struct mln_members *m, struct mln_slice *ret)
{
    struct mln_slice member;
    struct mln_slice address;

    do {
        while (m->is_walking && mln_walk_next(&m->walk)) {
            if (!mln_pack_text_of(m->walk.item, &member)) {
                continue;
            }
            if (*m->budget && mln_members_is_group(member, &address)) {
                MLN_TRY(mln_members_enter(m, address));
            }
            *ret = member;
            return MLN_OK;
        }
    } while (turn(m));
    MLN_FAIL(NOT_FOUND);
}
