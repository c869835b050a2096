/* Reading policies of other CSEs. */
#include "cse/access/remote_policy.h"

#include "cse/access/elsewhere_int.h"
#include "cse/access/match.h"

/* It says the same to all of us. */
static const struct mln_entity everybody = { 0 };

/* ---- what the worker remembers ---- */

static mln_err keep(struct mln_far *policy, const struct mln_remote_fact *fact)
{
    MLN_REQUIRE(mln_arena_dup(policy->of->arena, fact->value, &policy->content), NO_MEMORY);
    policy->until_us = fact->until_us;
    policy->state = MLN_FAR_GOOD;
    return MLN_OK;
}

static mln_err remember(struct mln_far *policy)
{
    const struct mln_elsewhere *s = policy->of;
    const struct mln_remote_memory *m = &s->worker->far_policies;
    int64_t now_us = mln_env_now_us(s->cse->options.env);
    struct mln_remote_fact fact;

    if (mln_remote_memory_find(m, policy->address, &everybody, now_us, &fact)) {
        return keep(policy, &fact);
    }
    if (mln_remote_memory_is_vain(m, policy->address, policy->host->domain, &everybody, now_us)) {
        policy->state = MLN_FAR_ASKED_BEFORE;
    }
    return MLN_OK;
}

/* ---- what came ---- */

static void pack_member(struct mln_buf *out, const struct mln_value *acp, struct mln_slice name)
{
    const struct mln_value *set = mln_value_get(acp, name);

    if (set && set->kind == MLN_V_OBJECT) {
        mln_pack_text(out, name);
        mln_pack_value(out, set);
    }
}

/* Where others decide or hold the rules it cannot be evaluated here: TS-0003 7.5 is not built. */
static bool is_distributed(const struct mln_value *acp)
{
    return mln_value_get(acp, MLN_S("adri")) || mln_value_get(acp, MLN_S("apri")) ||
           mln_value_get(acp, MLN_S("airi"));
}

static enum mln_far_state read_answer(const struct mln_far *policy,
                                      const struct mln_outbound_answer *answer,
                                      struct mln_remote_fact *fact)
{
    const struct mln_elsewhere *s = policy->of;
    const struct mln_value *acp;
    struct mln_buf out;

    if (mln_failed(answer->err)) {
        return MLN_FAR_NO_ANSWER;
    }
    if (!answer->has_rsc || answer->rsc != MLN_RSC_OK) {
        return MLN_FAR_REFUSED;
    }
    acp = mln_far_content(answer->pc, MLN_S("m2m:acp"), fact->from_us, &fact->until_us);
    if (!acp || is_distributed(acp)) {
        return MLN_FAR_OTHER;
    }
    mln_buf_init(&out, s->arena, (size_t)s->cse->options.limits->remote_policy_bytes);
    mln_pack_map(&out, MLN_PACK_OPEN);
    pack_member(&out, acp, MLN_S("pv"));
    pack_member(&out, acp, MLN_S("pvs"));
    mln_pack_end(&out);
    return mln_failed(mln_buf_finish(&out, &fact->value)) ? MLN_FAR_OTHER : MLN_FAR_GOOD;
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
    struct mln_far *policy = (struct mln_far *)(void *)wanted;
    struct mln_elsewhere *s = policy->of;
    const struct mln_limits *limits = s->cse->options.limits;
    int64_t now_us = mln_env_now_us(s->cse->options.env);
    int64_t most_us = now_us + (int64_t)limits->group_cache_ms * 1000;
    struct mln_remote_fact fact = {
        .what = policy->address, .whom = &everybody, .from_us = now_us, .until_us = INT64_MAX
    };
    struct mln_absence absence = { .fact = fact,
                                   .keeper = policy->host->domain,
                                   .ms = limits->group_absent_ms,
                                   .err = answer->err };
    int64_t expires_us;

    policy->state = read_answer(policy, answer, &fact);
    if (policy->state != MLN_FAR_GOOD) {
        mln_retrieval_note_absent(wanted->e, &s->worker->far_policies, &absence);
        return;
    }
    expires_us = fact.until_us;
    fact.until_us = most_us < expires_us ? most_us : expires_us;
    policy->content = fact.value;
    policy->until_us = usable_until(limits, &fact, expires_us);
    /* without memory it is asked for again */
    mln_ignore(
        mln_remote_memory_add(&s->worker->far_policies, (size_t)limits->remote_policies, &fact));
}

/* ---- in a decision ---- */

static const struct mln_far_kind policy_kind = {
    .names = { [MLN_FAR_NOTED] = "not asked",
               [MLN_FAR_GOOD] = "found",
               [MLN_FAR_NOT_LISTED] = "",
               [MLN_FAR_OTHER] = "no policy",
               [MLN_FAR_REFUSED] = "refused",
               [MLN_FAR_NO_ANSWER] = "not retrieved",
               [MLN_FAR_ASKED_BEFORE] = "asked before" },
    .remember = remember,
    .take = take_answer,
};

mln_err mln_remote_policy_find(struct mln_access *a, struct mln_slice address,
                               struct mln_remote_policy *ret)
{
    const char *state = "too many";
    struct mln_far *policy = NULL;

    *ret = (struct mln_remote_policy){ 0 };
    if (mln_access_may_look_up(a)) {
        MLN_TRY(mln_far_find(a, &policy_kind, address, &policy, &state));
    }
    if (policy && policy->state == MLN_FAR_GOOD &&
        policy->until_us <= mln_env_now_us(a->cse->options.env)) {
        policy->state = MLN_FAR_NOTED; /* it has become too old while the request waited */
        policy->of->doubts++;
        state = policy_kind.names[MLN_FAR_NOTED];
    }
    mln_trace_policy(a->facts.trace, address, state);
    if (policy && policy->state == MLN_FAR_GOOD) {
        ret->attributes = policy->content;
        mln_far_names(policy->address, &a->cse->names, &ret->names);
        ret->names.cse_name = ret->names.cse_id; /* has no say in what rules name */
    }
    return MLN_OK;
}

mln_err mln_remote_policy_resolve(const struct mln_names *theirs, const struct mln_names *ours,
                                  struct mln_slice id, struct mln_arena *arena,
                                  struct mln_slice *ret)
{
    bool is_in_their_sp = mln_slice_starts(id, MLN_S("/"));
    struct mln_buf out;

    *ret = id;
    if (mln_slice_starts(id, MLN_S("//"))) {
        return MLN_OK;
    }
    mln_buf_init(&out, arena, SIZE_MAX);
    if (!mln_slice_eq_nocase(theirs->sp_id, ours->sp_id)) {
        mln_buf_add(&out, theirs->sp_id);
    }
    if (!is_in_their_sp) {
        mln_buf_add(&out, theirs->cse_id);
        mln_buf_byte(&out, '/');
    }
    mln_buf_add(&out, id);
    return mln_buf_finish(&out, ret);
}
