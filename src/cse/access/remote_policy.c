/* Reading policies of other CSEs. */
#include "cse/access/remote_policy.h"

#include "cse/access/elsewhere_int.h"
#include "cse/access/match.h"

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

static enum mln_far_state read_policy(const struct mln_far *policy, const struct mln_value *content,
                                      struct mln_remote_fact *fact)
{
    const struct mln_elsewhere *s = policy->of;
    const struct mln_value *acp =
        mln_far_content(content, MLN_S("m2m:acp"), fact->from_us, &fact->until_us);
    struct mln_buf out;

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

/* ---- where it is remembered ---- */

static struct mln_remote_memory *memory(struct mln_worker *worker)
{
    return &worker->far_policies;
}

static size_t most(const struct mln_limits *limits)
{
    return (size_t)limits->remote_policies;
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
    .is_for_all = true, /* it says the same to all of us */
    .memory = memory,
    .most = most,
    .read = read_policy,
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
