/* Retrieving roles. */
#include "cse/access/repository.h"

#include "base/timestamp.h"
#include "cse/access/claims.h"
#include "cse/access/retrieval.h"
#include "cse/access/roles.h"
#include "cse/pipeline/pipeline.h"

enum { URL_BYTES = 4096 };

struct question {
    struct mln_wanted wanted;
    struct mln_slice role_id;
    bool is_found;
};

/* ---- what came ---- */

/* A relative identifier would be relative to the other CSE, but for an AE-ID of the SP. */
static bool read_entity(const struct mln_value *role, struct mln_slice name,
                        const struct mln_names *names, struct mln_entity *ret)
{
    const struct mln_value *v = mln_value_get(role, name);

    return v && v->kind == MLN_V_TEXT &&
           (mln_slice_starts(v->text, MLN_S("/")) || mln_slice_starts(v->text, MLN_S("S"))) &&
           mln_entity_parse(v->text, names, ret);
}

static bool read_time(const struct mln_value *role, struct mln_slice name, int64_t *ret_us)
{
    const struct mln_value *v = mln_value_get(role, name);

    return v && v->kind == MLN_V_TEXT && mln_timestamp_parse(v->text, ret_us);
}

static bool is_accepted(const struct mln_claims *c, struct mln_slice role_id,
                        const struct mln_entity *issuer)
{
    struct mln_entity issuers[MLN_ROLE_ISSUERS_MAX];
    size_t count = mln_role_issuers(c->cse, c->issuers, role_id, issuers);

    for (size_t i = 0; i < count; i++) {
        if (mln_entity_eq(&issuers[i], issuer)) {
            return true;
        }
    }
    return false;
}

/* Is it the role that was asked for, the originator's, and good now? Then until when. */
static bool is_good(const struct question *q, const struct mln_value *role, int64_t now_us,
                    int64_t *ret_until_us)
{
    const struct mln_claims *c = q->wanted.e->claims;
    const struct mln_value *id = mln_value_get(role, MLN_S("rlid"));
    struct mln_entity holder;
    struct mln_entity issuer;
    int64_t from_us;
    int64_t expires_us;

    if (!id || id->kind != MLN_V_TEXT || !mln_slice_eq(id->text, q->role_id) ||
        !read_entity(role, MLN_S("tkhd"), &c->cse->names, &holder) ||
        !mln_entity_eq(&holder, &c->holder) ||
        !read_entity(role, MLN_S("tkis"), &c->cse->names, &issuer) ||
        !is_accepted(c, q->role_id, &issuer) || !read_time(role, MLN_S("tknb"), &from_us) ||
        !read_time(role, MLN_S("tkna"), ret_until_us)) {
        return false;
    }
    if (read_time(role, MLN_S("et"), &expires_us) && expires_us < *ret_until_us) {
        *ret_until_us = expires_us;
    }
    return from_us <= now_us && now_us < *ret_until_us;
}

/* spec: security.md 5.5 SEC-ROL-10: no longer than the role is valid */
static mln_err remember(const struct question *q, int64_t now_us, int64_t until_us)
{
    struct mln_worker *w = q->wanted.e->worker;
    const struct mln_limits *limits = w->cse->options.limits;
    int64_t most_us = now_us + (int64_t)limits->role_cache_ms * 1000;
    struct mln_remote_fact role = {
        .what = q->role_id,
        .whom = &q->wanted.e->claims->holder,
        .from_us = now_us,
        .until_us = until_us < most_us ? until_us : most_us,
    };

    if (w->role_issuers != q->wanted.e->claims->issuers) {
        return MLN_OK; /* others count since it was asked for */
    }
    return mln_remote_memory_add(&w->roles, (size_t)limits->role_cache, &role);
}

static bool take_role(struct question *q, const struct mln_value *role)
{
    struct mln_claims *c = q->wanted.e->claims;
    int64_t now_us = mln_env_now_us(c->cse->options.env);
    int64_t until_us;

    if (role->kind != MLN_V_OBJECT || !is_good(q, role, now_us, &until_us)) {
        return false;
    }
    c->remote[c->remote_count++] = q->role_id;
    q->is_found = true;
    mln_ignore(remember(q, now_us, until_us)); /* without memory it is asked for again */
    return true;
}

/* The <role> itself, or the children of a resource. */
static void take_content(struct question *q, const struct mln_value *content)
{
    const struct mln_value *root =
        content && content->kind == MLN_V_OBJECT ? content->items.first : NULL;
    const struct mln_value *roles;

    if (!root || root->kind != MLN_V_OBJECT || content->items.count != 1) {
        return;
    }
    if (mln_slice_eq(root->name, MLN_S("m2m:rol"))) {
        (void)take_role(q, root);
        return;
    }
    roles = mln_value_get(root, MLN_S("m2m:rol"));
    if (!roles || roles->kind != MLN_V_ARRAY) {
        return;
    }
    for (const struct mln_value *v = roles->items.first; v && !take_role(q, v); v = v->next) {
    }
}

/* ---- what did not come ---- */

/* A Role-ID has something before the '@': this one stands for all of its domain. */
static struct mln_slice whole_domain(struct mln_slice role_id)
{
    return mln_slice_from(role_id, mln_slice_find(role_id, '@'));
}

bool mln_repository_is_vain(const struct mln_worker *worker, const struct mln_role_check *check,
                            struct mln_slice role_id)
{
    return mln_remote_memory_is_vain(&worker->roles, role_id, whole_domain(role_id),
                                     check->originator, check->now_us);
}

static void take_answer(struct mln_wanted *wanted, const struct mln_outbound_answer *answer)
{
    struct question *q = (struct question *)(void *)wanted;
    const struct mln_exec *e = wanted->e;

    if (!mln_failed(answer->err) && answer->has_rsc && answer->rsc == MLN_RSC_OK) {
        take_content(q, answer->pc);
    }
    if (!q->is_found) {
        struct mln_absence absence = {
            .fact = { .what = q->role_id, .whom = &e->claims->holder },
            .keeper = whole_domain(q->role_id),
            .ms = e->cse->options.limits->role_absent_ms,
            .err = answer->err,
        };

        mln_retrieval_note_absent(e, &e->worker->roles, &absence);
    }
}

/* ---- asking ---- */

/* The child resources that are roles with this Role-ID. A Role-ID needs no escaping. */
static mln_err make_url(const struct mln_exec *e, struct mln_slice base, struct mln_slice role_id,
                        struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, e->arena, URL_BYTES);
    mln_buf_add(&out, base);
    mln_buf_byte(&out, mln_slice_find(base, '?') < base.len ? '&' : '?');
    mln_buf_add(&out, MLN_S("rcn=8&ty=31&rlid="));
    mln_buf_add(&out, role_id);
    return mln_buf_finish(&out, ret);
}

/* False: a role that cannot be verified. */
static bool prepare(const struct mln_exec *e, struct mln_slice role_id, struct question *q)
{
    const struct mln_domain_setting *repository = mln_role_repository(e->cse, role_id);

    *q = (struct question){ .role_id = role_id };
    q->wanted.take = take_answer;
    q->wanted.fr = e->cse->names.cse_id;
    q->wanted.rvi = e->req.rvi;
    if (!repository || mln_failed(make_url(e, repository->value, role_id, &q->wanted.url))) {
        return false;
    }
    q->wanted.credential_id = repository->credential_id;
    return true;
}

mln_err mln_repository_start(struct mln_exec *e, enum mln_step *ret)
{
    size_t count = e->claims ? e->claims->wanted_count : 0;
    struct mln_wanted *first = NULL;
    struct question *questions;

    *ret = MLN_STEP_NEXT;
    if (count == 0) {
        return MLN_OK;
    }
    questions = mln_arena_zalloc(e->arena, count, sizeof *questions);
    MLN_REQUIRE(questions, NO_MEMORY);
    for (size_t at = count; at-- > 0;) {
        if (prepare(e, e->claims->wanted[at], &questions[at])) {
            questions[at].wanted.next = first;
            first = &questions[at].wanted;
        }
    }
    *ret = first ? MLN_STEP_PARKED : MLN_STEP_NEXT;
    return first ? mln_retrieval_start(e, &e->claims->holder, first) : MLN_OK;
}
