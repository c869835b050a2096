/* Retrieving groups. */
#include "cse/access/remote_group.h"

#include "base/buf.h"
#include "base/timestamp.h"
#include "cse/access/match.h"
#include "cse/access/retrieval.h"
#include "cse/group/members.h"
#include "cse/remote/remote.h"

enum state {
    NOTED, /* not asked for yet */
    MEMBER,
    NO_MEMBER,
    NO_GROUP,
    REFUSED,
    NO_ANSWER,
    ASKED_BEFORE,
};

/* For an explanation. */
static const char *const state_names[] = {
    [NOTED] = "not asked",           [MEMBER] = "member",   [NO_MEMBER] = "no member",
    [NO_GROUP] = "no group",         [REFUSED] = "refused", [NO_ANSWER] = "not retrieved",
    [ASKED_BEFORE] = "asked before",
};

struct group {
    struct mln_wanted wanted;
    struct mln_remote_groups *of;
    struct mln_slice address;
    const struct mln_domain_setting *host;
    enum state state;
};

struct mln_remote_groups {
    const struct mln_cse *cse;
    struct mln_arena *arena;
    struct mln_worker *worker;
    bool sees_memory;
    bool has_originator;
    struct mln_originator originator; /* of all decisions; a copy */
    struct group *items;              /* as many as the limit remote_groups; or NULL as yet */
    size_t count;
};

struct mln_remote_groups *mln_remote_groups_new(struct mln_exec *e)
{
    struct mln_remote_groups *g = mln_arena_zalloc(e->arena, 1, sizeof *g);

    if (g) {
        g->cse = e->cse;
        g->arena = e->arena;
        g->worker = e->worker;
    }
    return g;
}

void mln_remote_groups_use(struct mln_remote_groups *groups, bool is_on_worker)
{
    if (groups) {
        groups->sees_memory = is_on_worker;
    }
}

/* ---- where it is ---- */

/* The SP-ID and the CSE-ID in front of an address or a CSE-ID that begins with a slash. */
static void names_in(struct mln_slice id, const struct mln_names *ours, struct mln_names *ret)
{
    struct mln_slice rest = id;

    *ret = (struct mln_names){ .sp_id = ours->sp_id };
    if (mln_slice_starts(id, MLN_S("//"))) {
        size_t sp = 2 + mln_slice_find(mln_slice_from(id, 2), '/');

        ret->sp_id = mln_slice_head(id, sp);
        rest = mln_slice_from(id, sp);
    }
    ret->cse_id = mln_slice_head(rest, 1 + mln_slice_find(mln_slice_from(rest, 1), '/'));
}

static bool is_same_cse(const struct mln_names *a, const struct mln_names *b)
{
    struct mln_entity first = { .sp = a->sp_id, .cse = a->cse_id };
    struct mln_entity second = { .sp = b->sp_id, .cse = b->cse_id };

    return mln_entity_eq(&first, &second);
}

static const struct mln_domain_setting *host_by_setting(const struct mln_cse *cse,
                                                        struct mln_slice address)
{
    const struct mln_cse_options *o = &cse->options;
    struct mln_names theirs;
    struct mln_names named;

    names_in(address, &cse->names, &theirs);
    for (size_t i = 0; i < o->group_host_count; i++) {
        names_in(o->group_hosts[i].domain, &cse->names, &named);
        if (is_same_cse(&theirs, &named)) {
            return &o->group_hosts[i];
        }
    }
    return NULL;
}

/* By the way that a request to it would take. NULL: there is none that can be used. */
static mln_err host_by_registration(const struct mln_access *a, struct mln_slice address,
                                    const struct mln_domain_setting **ret)
{
    struct mln_arena *arena = a->remote_groups->arena;
    struct mln_lookup l = { a->cse, a->view, arena, mln_env_now_us(a->cse->options.env) };
    struct mln_domain_setting *host;
    struct mln_remote way;
    struct mln_reach reach;
    mln_err err = mln_remote_route(&l, address, false, &way, &reach);

    *ret = NULL;
    if (err.code == MLN_ERR_NOT_FOUND || err.code == MLN_ERR_NOT_REACHABLE) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (!reach.count) {
        return MLN_OK;
    }
    host = mln_arena_zalloc(arena, 1, sizeof *host);
    MLN_REQUIRE(host, NO_MEMORY);
    host->value = reach.urls[0];
    host->credential_id = reach.credential_id;
    *ret = host;
    return mln_entity_cse_id(&way.cse, &a->cse->names, arena, &host->domain);
}

static mln_err find_host(const struct mln_access *a, struct mln_slice address,
                         const struct mln_domain_setting **ret)
{
    *ret = host_by_setting(a->cse, address);
    return *ret ? MLN_OK : host_by_registration(a, address, ret);
}

/* ---- in a decision ---- */

static mln_err keep(struct mln_remote_groups *g, struct mln_slice *text)
{
    MLN_REQUIRE(mln_arena_dup(g->arena, *text, text), NO_MEMORY);
    return MLN_OK;
}

/* A member of a group request lives shorter than what is known here. */
static mln_err keep_originator(struct mln_remote_groups *g, const struct mln_originator *o)
{
    struct mln_originator copy = *o;

    MLN_TRY(keep(g, &copy.text));
    MLN_TRY(keep(g, &copy.ae_name));
    MLN_TRY(keep(g, &copy.entity.sp));
    MLN_TRY(keep(g, &copy.entity.cse));
    MLN_TRY(keep(g, &copy.entity.stem));
    g->originator = copy;
    g->has_originator = true;
    return MLN_OK;
}

static struct group *find(struct mln_remote_groups *g, struct mln_slice address)
{
    for (size_t i = 0; i < g->count; i++) {
        if (mln_slice_eq(g->items[i].address, address)) {
            return &g->items[i];
        }
    }
    return NULL;
}

/* What the worker remembers. */
static enum state remembered(const struct mln_remote_groups *g, const struct group *group)
{
    const struct mln_remote_memory *m = &g->worker->groups;
    const struct mln_entity *whom = &g->originator.entity;
    int64_t now_us = mln_env_now_us(g->cse->options.env);

    if (mln_remote_memory_has(m, group->address, whom, now_us)) {
        return MEMBER;
    }
    return mln_remote_memory_is_vain(m, group->address, group->host->domain, whom, now_us)
               ? ASKED_BEFORE
               : NOTED;
}

/* An explanation tells why a group does not count, so it has that asked for once more. */
static enum state first_state(const struct mln_access *a, const struct group *group)
{
    const struct mln_remote_groups *g = a->remote_groups;
    enum state state = g->sees_memory ? remembered(g, group) : NOTED;

    return state == ASKED_BEFORE && a->facts.trace ? NOTED : state;
}

/* The first one. From now on writes are decided once more before. */
static mln_err make_room(struct mln_remote_groups *g, const struct mln_access *a)
{
    if (!g->items) {
        g->items = mln_arena_zalloc(g->arena, (size_t)g->cse->options.limits->remote_groups,
                                    sizeof *g->items);
        MLN_REQUIRE(g->items, NO_MEMORY);
        g->worker->cse->names_far_groups = true;
    }
    return g->has_originator ? MLN_OK : keep_originator(g, a->originator);
}

/* *ret NULL: it cannot count; `ret_why` says why. */
static mln_err add(struct mln_access *a, struct mln_slice address, struct group **ret,
                   const char **ret_why)
{
    struct mln_remote_groups *g = a->remote_groups;
    const struct mln_domain_setting *host;
    struct group *group;

    *ret = NULL;
    MLN_TRY(find_host(a, address, &host));
    *ret_why = !host                                                         ? "no host"
               : g->count == a->cse->options.limits->remote_groups           ? "too many"
               : mln_members_has_fan_out(address) /* ours would go to all */ ? state_names[NO_GROUP]
                                                                             : NULL;
    if (*ret_why) {
        return MLN_OK;
    }
    MLN_TRY(make_room(g, a));
    group = &g->items[g->count];
    *group = (struct group){ .of = g, .address = address, .host = host };
    MLN_TRY(keep(g, &group->address));
    group->state = first_state(a, group);
    g->count++;
    *ret = group;
    return MLN_OK;
}

/* One request has one originator; who has no name yet is nobody. */
static bool is_about(const struct mln_remote_groups *g, const struct mln_entity *whom)
{
    return whom->sp.len > 0 && (!g->has_originator || mln_entity_eq(whom, &g->originator.entity));
}

mln_err mln_remote_groups_has(struct mln_access *a, struct mln_slice address, bool *ret)
{
    struct mln_remote_groups *g = a->remote_groups;
    const char *why = "no host";
    struct group *group = NULL;

    *ret = false;
    if (g && is_about(g, &a->originator->entity)) {
        group = find(g, address);
        if (!group) {
            MLN_TRY(add(a, address, &group, &why));
        }
    }
    *ret = group && group->state == MEMBER;
    mln_trace_group(a->facts.trace, address, group ? state_names[group->state] : why);
    return MLN_OK;
}

size_t mln_remote_groups_mark(const struct mln_remote_groups *groups)
{
    return groups ? groups->count : 0;
}

/* What is known stays: it may be needed where there is no memory to look at. */
void mln_remote_groups_drop(struct mln_remote_groups *groups, size_t mark)
{
    size_t kept = mark;

    for (size_t i = mark; groups && i < groups->count; i++) {
        if (groups->items[i].state != NOTED) {
            groups->items[kept++] = groups->items[i];
        }
    }
    if (groups) {
        groups->count = kept;
    }
}

bool mln_remote_groups_wanted(const struct mln_remote_groups *groups)
{
    bool wanted = false;

    for (size_t i = 0; groups && i < groups->count && !wanted; i++) {
        wanted = groups->items[i].state == NOTED;
    }
    return wanted;
}

/* ---- what came ---- */

/* An identifier is meant as its group's CSE understands it. An <AE> of ours may also be named by
 * its address, which begins with a slash there. */
static bool names_originator(const struct group *group, struct mln_slice id)
{
    const struct mln_remote_groups *g = group->of;
    const struct mln_names *ours = &g->cse->names;
    struct mln_entity entity;
    struct mln_names theirs;
    bool is_in_our_sp;

    names_in(group->address, ours, &theirs);
    theirs.cse_name = theirs.cse_id; /* has no say in the identifiers of entities */
    if (mln_entity_parse(id, &theirs, &entity) && mln_entity_eq(&entity, &g->originator.entity)) {
        return true;
    }
    theirs.cse_id = ours->cse_id;
    is_in_our_sp = is_same_cse(&theirs, ours);
    return (mln_slice_starts(id, MLN_S("//")) ||
            (is_in_our_sp && mln_slice_starts(id, MLN_S("/")))) &&
           mln_access_is_named(ours, &g->originator, id);
}

static bool is_listed(const struct group *group, const struct mln_value *members)
{
    for (const struct mln_value *v = members->items.first; v; v = v->next) {
        if (v->kind == MLN_V_TEXT && names_originator(group, v->text)) {
            return true;
        }
    }
    return false;
}

/* Until when it may be used; a group without an end is as good as the memory keeps it. */
static bool is_live(const struct mln_value *grp, int64_t now_us, int64_t *until_us)
{
    const struct mln_value *et = mln_value_get(grp, MLN_S("et"));
    int64_t expires_us;

    if (!et) {
        return true;
    }
    if (et->kind != MLN_V_TEXT || !mln_timestamp_parse(et->text, &expires_us)) {
        return false;
    }
    *until_us = expires_us < *until_us ? expires_us : *until_us;
    return expires_us > now_us;
}

static enum state read_group(const struct group *group, const struct mln_value *content,
                             int64_t now_us, int64_t *until_us)
{
    const struct mln_value *grp =
        content && content->kind == MLN_V_OBJECT ? content->items.first : NULL;
    const struct mln_value *members =
        grp && grp->kind == MLN_V_OBJECT ? mln_value_get(grp, MLN_S("mid")) : NULL;

    if (!members || members->kind != MLN_V_ARRAY || content->items.count != 1 ||
        !mln_slice_eq(grp->name, MLN_S("m2m:grp")) ||
        members->items.count > group->of->cse->options.limits->group_members ||
        !is_live(grp, now_us, until_us)) {
        return NO_GROUP;
    }
    return is_listed(group, members) ? MEMBER : NO_MEMBER;
}

static enum state read_answer(const struct group *group, const struct mln_outbound_answer *answer,
                              int64_t now_us, int64_t *until_us)
{
    if (mln_failed(answer->err)) {
        return NO_ANSWER;
    }
    if (!answer->has_rsc || answer->rsc != MLN_RSC_OK) {
        return REFUSED;
    }
    return read_group(group, answer->pc, now_us, until_us);
}

static void take_answer(struct mln_wanted *wanted, const struct mln_outbound_answer *answer)
{
    struct group *group = (struct group *)(void *)wanted;
    struct mln_remote_groups *g = group->of;
    const struct mln_limits *limits = g->cse->options.limits;
    int64_t now_us = mln_env_now_us(g->cse->options.env);
    struct mln_remote_fact fact = {
        .what = group->address,
        .whom = &g->originator.entity,
        .from_us = now_us,
        .until_us = now_us + (int64_t)limits->group_cache_ms * 1000,
    };
    struct mln_absence absence = { .fact = fact,
                                   .keeper = group->host->domain,
                                   .ms = limits->group_absent_ms,
                                   .err = answer->err };

    group->state = read_answer(group, answer, now_us, &fact.until_us);
    if (group->state == MEMBER) { /* without memory it is asked for again */
        mln_ignore(mln_remote_memory_add(&g->worker->groups, (size_t)limits->role_cache, &fact));
    } else {
        mln_retrieval_note_absent(wanted->e, &g->worker->groups, &absence);
    }
}

/* ---- asking ---- */

/* In another SP nobody knows us by the short form. */
static struct mln_slice our_name(const struct group *group)
{
    const struct mln_cse *cse = group->of->cse;
    struct mln_names theirs;

    names_in(group->address, &cse->names, &theirs);
    theirs.cse_id = cse->names.cse_id;
    return is_same_cse(&theirs, &cse->names) ? cse->names.cse_id : cse->absolute_id;
}

static void prepare(struct group *group, struct mln_wanted **first)
{
    struct mln_wanted *w = &group->wanted;

    *w = (struct mln_wanted){
        .next = *first,
        .url = group->host->value,
        .to = group->address,
        .fr = our_name(group),
        .credential_id = group->host->credential_id,
        .take = take_answer,
    };
    group->state = NO_ANSWER; /* unless one comes */
    *first = w;
}

mln_err mln_remote_groups_start(struct mln_exec *e, enum mln_step *ret)
{
    struct mln_remote_groups *g = e->remote_groups;
    struct mln_wanted *first = NULL;

    for (size_t i = 0; i < g->count; i++) {
        struct group *group = &g->items[i];

        if (group->state != NOTED) {
            continue;
        }
        group->state = e->explanation ? NOTED : remembered(g, group);
        if (group->state == NOTED) {
            prepare(group, &first);
        }
    }
    *ret = first ? MLN_STEP_PARKED : MLN_STEP_NEXT;
    return first ? mln_retrieval_start(e, &g->originator.entity, first) : MLN_OK;
}
