/* Groups and policies of other CSEs: which are needed, where they are, and asking for them. */
#include "cse/access/elsewhere_int.h"

#include "base/timestamp.h"
#include "cse/remote/remote.h"

struct mln_elsewhere *mln_elsewhere_new(struct mln_exec *e)
{
    struct mln_elsewhere *s = mln_arena_zalloc(e->arena, 1, sizeof *s);

    if (s) {
        s->cse = e->cse;
        s->arena = e->arena;
        s->worker = e->worker;
    }
    return s;
}

void mln_elsewhere_use(struct mln_elsewhere *elsewhere, bool is_on_worker)
{
    if (elsewhere) {
        elsewhere->sees_memory = is_on_worker;
    }
}

/* ---- where it is ---- */

void mln_far_names(struct mln_slice id, const struct mln_names *ours, struct mln_names *ret)
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

bool mln_far_same_cse(const struct mln_names *a, const struct mln_names *b)
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

    mln_far_names(address, &cse->names, &theirs);
    for (size_t i = 0; i < o->group_host_count; i++) {
        mln_far_names(o->group_hosts[i].domain, &cse->names, &named);
        if (mln_far_same_cse(&theirs, &named)) {
            return &o->group_hosts[i];
        }
    }
    return NULL;
}

/* Does it lead to a virtual resource? Neither a group nor a policy, and to retrieve one in our name
 * can do harm: it goes to all members, or takes away what waits for us at a pollingChannel. */
static bool is_virtual(struct mln_slice address)
{
    static const struct mln_slice names[] = { { "fopt", 4 }, { "sfop", 4 }, { "pcu", 3 },
                                              { "ntsr", 4 }, { "la", 2 },   { "ol", 2 } };

    while (address.ptr) {
        struct mln_slice segment = mln_slice_cut(&address, '/');

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (mln_slice_eq(segment, names[i])) {
                return true;
            }
        }
    }
    return false;
}

/* By the way that a request to it would take. */
static mln_err host_by_registration(const struct mln_lookup *l, struct mln_slice address,
                                    const struct mln_domain_setting **ret,
                                    struct mln_slice *ret_release)
{
    struct mln_domain_setting *host;
    struct mln_remote way;
    struct mln_reach reach;

    MLN_TRY(mln_remote_route(l, address, false, &way, &reach));
    MLN_REQUIRE(reach.count, NOT_REACHABLE);
    host = mln_arena_zalloc(l->arena, 1, sizeof *host);
    MLN_REQUIRE(host, NO_MEMORY);
    host->value = reach.urls[0];
    host->credential_id = reach.credential_id;
    *ret_release = reach.rvi;
    *ret = host;
    return mln_entity_cse_id(&way.cse, &l->cse->names, l->arena, &host->domain);
}

mln_err mln_elsewhere_host(const struct mln_lookup *l, struct mln_slice address,
                           const struct mln_domain_setting **ret, struct mln_slice *ret_release)
{
    *ret = NULL;
    *ret_release = MLN_S("3");
    MLN_REQUIRE(!is_virtual(address), NOT_FOUND);
    *ret = host_by_setting(l->cse, address);
    return *ret ? MLN_OK : host_by_registration(l, address, ret, ret_release);
}

/* ---- what the worker remembers ---- */

static const struct mln_entity *whom_of(const struct mln_far *far)
{
    static const struct mln_entity everybody = { 0 };

    return far->kind->is_for_all ? &everybody : &far->of->originator.entity;
}

static mln_err look_up(struct mln_far *far)
{
    const struct mln_elsewhere *s = far->of;
    const struct mln_remote_memory *m = far->kind->memory(s->worker);
    const struct mln_entity *whom = whom_of(far);
    int64_t now_us = mln_env_now_us(s->cse->options.env);
    struct mln_remote_fact fact;

    if (mln_remote_memory_find(m, far->address, whom, now_us, &fact)) {
        MLN_REQUIRE(mln_arena_dup(s->arena, fact.value, &far->content), NO_MEMORY);
        far->until_us = fact.until_us;
        far->state = MLN_FAR_GOOD;
    } else if (mln_remote_memory_is_vain(m, far->address, far->host->domain, whom, now_us)) {
        far->state = MLN_FAR_ASKED_BEFORE;
    }
    return MLN_OK;
}

/* An explanation tells why something does not count, so it has that asked for once more. */
static mln_err remember(struct mln_far *far, bool explains)
{
    MLN_TRY(look_up(far));
    if (far->state == MLN_FAR_ASKED_BEFORE && explains) {
        far->state = MLN_FAR_NOTED;
    }
    return MLN_OK;
}

/* ---- in a decision ---- */

static mln_err keep(struct mln_elsewhere *s, struct mln_slice *text)
{
    MLN_REQUIRE(mln_arena_dup(s->arena, *text, text), NO_MEMORY);
    return MLN_OK;
}

/* A member of a group request lives shorter than what is known here. */
static mln_err keep_originator(struct mln_elsewhere *s, const struct mln_originator *o)
{
    struct mln_originator copy = *o;

    MLN_TRY(keep(s, &copy.text));
    MLN_TRY(keep(s, &copy.ae_name));
    MLN_TRY(keep(s, &copy.entity.sp));
    MLN_TRY(keep(s, &copy.entity.cse));
    MLN_TRY(keep(s, &copy.entity.stem));
    s->originator = copy;
    s->has_originator = true;
    return MLN_OK;
}

static struct mln_far *find(struct mln_elsewhere *s, const struct mln_far_kind *kind,
                            struct mln_slice address)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].kind == kind && mln_slice_eq(s->items[i].address, address)) {
            return &s->items[i];
        }
    }
    return NULL;
}

/* The first one. From now on writes are decided once more before. */
static mln_err make_room(struct mln_elsewhere *s, const struct mln_access *a)
{
    if (!s->items) {
        s->items = mln_arena_zalloc(s->arena, (size_t)s->cse->options.limits->remote_groups,
                                    sizeof *s->items);
        MLN_REQUIRE(s->items, NO_MEMORY);
        s->worker->cse->names_far_groups = true;
    }
    return s->has_originator ? MLN_OK : keep_originator(s, a->originator);
}

static mln_err find_host(const struct mln_access *a, struct mln_slice address,
                         const struct mln_domain_setting **ret, struct mln_slice *ret_release)
{
    struct mln_lookup l = { a->cse, a->view, a->elsewhere->arena,
                            mln_env_now_us(a->cse->options.env) };
    mln_err err = mln_elsewhere_host(&l, address, ret, ret_release);

    if (err.code == MLN_ERR_NOT_FOUND || err.code == MLN_ERR_NOT_REACHABLE) {
        *ret = NULL;
        return MLN_OK;
    }
    return err;
}

static mln_err add(struct mln_access *a, const struct mln_far *wanted, struct mln_far **ret,
                   const char **ret_state)
{
    struct mln_elsewhere *s = a->elsewhere;
    const struct mln_domain_setting *host;
    struct mln_slice release;
    struct mln_far *far;

    MLN_TRY(find_host(a, wanted->address, &host, &release));
    *ret_state = is_virtual(wanted->address) ? wanted->kind->names[MLN_FAR_OTHER]
                 : !host                     ? "no host"
                 : s->count == a->cse->options.limits->remote_groups ? "too many"
                                                                     : NULL;
    if (*ret_state) {
        return MLN_OK;
    }
    MLN_TRY(make_room(s, a));
    far = &s->items[s->count];
    *far = *wanted;
    far->of = s;
    far->host = host;
    far->release = release;
    MLN_TRY(keep(s, &far->address));
    if (s->sees_memory) {
        MLN_TRY(remember(far, a->facts.trace != NULL));
    }
    s->count++;
    *ret = far;
    return MLN_OK;
}

/* One request has one originator; who has no name yet is nobody. */
static bool is_about(const struct mln_elsewhere *s, const struct mln_entity *whom)
{
    return whom->sp.len > 0 && (!s->has_originator || mln_entity_eq(whom, &s->originator.entity));
}

mln_err mln_far_find(struct mln_access *a, const struct mln_far_kind *kind,
                     struct mln_slice address, struct mln_far **ret, const char **ret_state)
{
    struct mln_far wanted = { .kind = kind, .address = address };

    *ret = NULL;
    *ret_state = "no host";
    if (!a->elsewhere || !is_about(a->elsewhere, &a->originator->entity)) {
        return MLN_OK;
    }
    *ret = find(a->elsewhere, kind, address);
    if (!*ret) {
        MLN_TRY(add(a, &wanted, ret, ret_state));
    }
    if (*ret) {
        *ret_state = kind->names[(*ret)->state];
        a->elsewhere->doubts += (*ret)->state == MLN_FAR_NOTED;
    }
    return MLN_OK;
}

size_t mln_elsewhere_doubts(const struct mln_elsewhere *elsewhere)
{
    return elsewhere ? elsewhere->doubts : 0;
}

size_t mln_elsewhere_mark(const struct mln_elsewhere *elsewhere)
{
    return elsewhere ? elsewhere->count : 0;
}

/* What is known stays: it may be needed where there is no memory to look at. */
void mln_elsewhere_drop(struct mln_elsewhere *elsewhere, size_t mark)
{
    size_t kept = mark;

    for (size_t i = mark; elsewhere && i < elsewhere->count; i++) {
        if (elsewhere->items[i].state != MLN_FAR_NOTED) {
            elsewhere->items[kept++] = elsewhere->items[i];
        }
    }
    if (elsewhere) {
        elsewhere->count = kept;
    }
}

bool mln_elsewhere_wanted(const struct mln_elsewhere *elsewhere)
{
    bool wanted = false;

    for (size_t i = 0; elsewhere && i < elsewhere->count && !wanted; i++) {
        wanted = elsewhere->items[i].state == MLN_FAR_NOTED;
    }
    return wanted;
}

/* ---- what came ---- */

/* What has no end is as good as the memory keeps it. */
static bool is_live(const struct mln_value *resource, int64_t now_us, int64_t *until_us)
{
    const struct mln_value *et = mln_value_get(resource, MLN_S("et"));
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

const struct mln_value *mln_far_content(const struct mln_value *content, struct mln_slice root,
                                        int64_t now_us, int64_t *until_us)
{
    const struct mln_value *resource =
        content && content->kind == MLN_V_OBJECT ? content->items.first : NULL;
    bool is_it = resource && resource->kind == MLN_V_OBJECT && content->items.count == 1 &&
                 mln_slice_eq(resource->name, root) && is_live(resource, now_us, until_us);

    return is_it ? resource : NULL;
}

static enum mln_far_state read_answer(const struct mln_far *far,
                                      const struct mln_outbound_answer *answer,
                                      struct mln_remote_fact *fact)
{
    if (mln_failed(answer->err)) {
        return MLN_FAR_NO_ANSWER;
    }
    if (!answer->has_rsc || answer->rsc != MLN_RSC_OK) {
        return MLN_FAR_REFUSED;
    }
    return far->kind->read(far, answer->pc, fact);
}

/* The request that has asked may use it while it waits for others, whatever the memory does. */
static int64_t usable_until(const struct mln_limits *limits, const struct mln_remote_fact *fact,
                            int64_t expires_us)
{
    int64_t until_us = fact->from_us + (int64_t)limits->request_ms * 1000;

    until_us = until_us > fact->until_us ? until_us : fact->until_us;
    return until_us < expires_us ? until_us : expires_us;
}

static void take_answer(struct mln_wanted *wanted, const struct mln_outbound_answer *answer)
{
    struct mln_far *far = (struct mln_far *)(void *)wanted;
    const struct mln_elsewhere *s = far->of;
    struct mln_remote_memory *m = far->kind->memory(s->worker);
    const struct mln_limits *limits = s->cse->options.limits;
    int64_t now_us = mln_env_now_us(s->cse->options.env);
    int64_t most_us = now_us + (int64_t)limits->group_cache_ms * 1000;
    struct mln_remote_fact fact = {
        .what = far->address, .whom = whom_of(far), .from_us = now_us, .until_us = INT64_MAX
    };
    struct mln_absence absence = {
        .fact = fact, .keeper = far->host->domain, .ms = limits->group_absent_ms, .err = answer->err
    };
    int64_t expires_us;

    far->state = read_answer(far, answer, &fact);
    if (far->state != MLN_FAR_GOOD) {
        mln_retrieval_note_absent(wanted->e, m, &absence);
        return;
    }
    expires_us = fact.until_us;
    fact.until_us = most_us < expires_us ? most_us : expires_us;
    far->content = fact.value;
    far->until_us = usable_until(limits, &fact, expires_us);
    /* without memory it is asked for again */
    mln_ignore(mln_remote_memory_add(m, far->kind->most(limits), &fact));
}

/* ---- asking ---- */

/* In another SP nobody knows us by the short form. */
static struct mln_slice our_name(const struct mln_far *far)
{
    const struct mln_cse *cse = far->of->cse;
    struct mln_names theirs;

    mln_far_names(far->address, &cse->names, &theirs);
    theirs.cse_id = cse->names.cse_id;
    return mln_far_same_cse(&theirs, &cse->names) ? cse->names.cse_id : cse->absolute_id;
}

static void prepare(struct mln_far *far, struct mln_wanted **first)
{
    struct mln_wanted *w = &far->wanted;

    *w = (struct mln_wanted){
        .next = *first,
        .url = far->host->value,
        .to = far->address,
        .fr = our_name(far),
        .credential_id = far->host->credential_id,
        .rvi = far->release,
        .take = take_answer,
    };
    far->state = MLN_FAR_NO_ANSWER; /* unless one comes */
    *first = w;
}

mln_err mln_elsewhere_start(struct mln_exec *e, enum mln_step *ret)
{
    struct mln_elsewhere *s = e->elsewhere;
    struct mln_wanted *first = NULL;

    for (size_t i = 0; i < s->count; i++) {
        struct mln_far *far = &s->items[i];

        if (far->state != MLN_FAR_NOTED) {
            continue;
        }
        if (!e->explanation) {
            MLN_TRY(remember(far, false));
        }
        if (far->state == MLN_FAR_NOTED) {
            prepare(far, &first);
        }
    }
    *ret = first ? MLN_STEP_PARKED : MLN_STEP_NEXT;
    return first ? mln_retrieval_start(e, &s->originator.entity, first) : MLN_OK;
}
