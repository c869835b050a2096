/* Retrieving roles. */
#include "cse/access/repository.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "cse/access/claims.h"
#include "cse/access/role_cache.h"
#include "cse/access/roles.h"
#include "cse/pipeline/pipeline.h"

enum { URL_BYTES = 4096 };

struct mln_role_inquiry {
    struct mln_role_inquiry *next; /* of the worker */
    struct mln_exec *e;
    size_t open;
};

struct question {
    struct mln_role_inquiry *inquiry;
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
    const struct mln_claims *c = q->inquiry->e->claims;
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
    struct mln_worker *w = q->inquiry->e->worker;
    const struct mln_limits *limits = w->cse->options.limits;
    int64_t most_us = now_us + (int64_t)limits->role_cache_ms * 1000;
    struct mln_known_role role = {
        .role_id = q->role_id,
        .holder = &q->inquiry->e->claims->holder,
        .from_us = now_us,
        .until_us = until_us < most_us ? until_us : most_us,
    };

    if (w->role_issuers != q->inquiry->e->claims->issuers) {
        return MLN_OK; /* others count since it was asked for */
    }
    if (!w->roles) {
        MLN_TRY(mln_role_cache_new((size_t)limits->role_cache, &w->roles));
    }
    return mln_role_cache_add(w->roles, &role);
}

static bool take_role(struct question *q, const struct mln_value *role)
{
    struct mln_claims *c = q->inquiry->e->claims;
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

static const struct mln_entity nobody = { 0 };

bool mln_repository_is_vain(const struct mln_worker *worker, const struct mln_role_check *check,
                            struct mln_slice role_id)
{
    const struct mln_role_cache *c = worker->absent_roles;

    return c && (mln_role_cache_has(c, role_id, check->originator, check->now_us) ||
                 mln_role_cache_has(c, whole_domain(role_id), &nobody, check->now_us));
}

static mln_err note_absent(struct mln_worker *w, struct mln_slice role_id,
                           const struct mln_entity *holder)
{
    const struct mln_limits *limits = w->cse->options.limits;
    int64_t now_us = mln_env_now_us(w->cse->options.env);
    struct mln_known_role absent = {
        .role_id = role_id,
        .holder = holder,
        .from_us = now_us,
        .until_us = now_us + (int64_t)limits->role_absent_ms * 1000,
    };

    if (!w->absent_roles) {
        MLN_TRY(mln_role_cache_new((size_t)limits->role_cache, &w->absent_roles));
    }
    return mln_role_cache_add(w->absent_roles, &absent);
}

/* That nothing came while a request lived which wanted to live short says nothing. */
static void remember_absent(const struct question *q, mln_err err)
{
    const struct mln_exec *e = q->inquiry->e;
    bool is_silent = err.code == MLN_ERR_NETWORK || err.code == MLN_ERR_TIMEOUT;

    if (err.code == MLN_ERR_TIMEOUT && e->req.rqet_us != MLN_NO_TIME) {
        return;
    }
    mln_ignore(note_absent(e->worker, q->role_id, &e->claims->holder));
    if (is_silent) {
        mln_ignore(note_absent(e->worker, whole_domain(q->role_id), &nobody));
    }
}

/* ---- the end ---- */

static void unlink_inquiry(const struct mln_role_inquiry *i)
{
    struct mln_role_inquiry **at = &i->e->worker->inquiries;

    while (*at != i) {
        at = &(*at)->next;
    }
    *at = i->next;
}

static void end_one(struct mln_role_inquiry *i)
{
    if (--i->open == 0) {
        unlink_inquiry(i);
        mln_exec_resume(i->e, MLN_OK);
    }
}

static void answered(void *data, const struct mln_outbound_answer *answer)
{
    struct question *q = data;

    if (!mln_failed(answer->err) && answer->has_rsc && answer->rsc == MLN_RSC_OK) {
        take_content(q, answer->pc);
    }
    if (!q->is_found) {
        remember_absent(q, answer->err);
    }
    end_one(q->inquiry);
}

/* ---- asking ---- */

/* The child resources that are roles with this Role-ID. A Role-ID needs no escaping. */
static mln_err make_url(struct mln_exec *e, struct mln_slice base, struct mln_slice role_id,
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

static int64_t time_left(const struct mln_exec *e)
{
    int64_t most = (int64_t)e->cse->options.limits->request_ms * 1000;
    int64_t left;

    if (e->req.rqet_us == MLN_NO_TIME) {
        return most;
    }
    left = e->req.rqet_us - mln_env_now_us(e->cse->options.env);
    if (left < 1) {
        return 1;
    }
    return left < most ? left : most;
}

static mln_err ask(struct question *q)
{
    struct mln_exec *e = q->inquiry->e;
    struct mln_worker *w = e->worker;
    const struct mln_domain_setting *repository = mln_role_repository(e->cse, q->role_id);
    char rqi[48];
    int len = snprintf(rqi, sizeof rqi, "%s-%llu", w->request_prefix,
                       (unsigned long long)++w->request_counter);
    struct mln_outbound_request request = {
        .fr = e->cse->names.cse_id,
        .rqi = mln_slice_of(rqi, (size_t)len),
        .rvi = e->req.rvi,
        .op = MLN_OP_RETRIEVE,
        .serialisation = MLN_S("json"),
        .timeout_us = time_left(e),
    };

    MLN_REQUIRE(repository, NOT_FOUND);
    request.peer_credential_id = repository->credential_id;
    MLN_TRY(make_url(e, repository->value, q->role_id, &request.url));
    return w->ops.outbound.send(w->ops.outbound.impl, &request, answered, q);
}

/* How many questions of a holder of roles are open; enough is enough. */
static size_t open_questions(const struct mln_worker *w, const struct mln_entity *holder,
                             size_t enough)
{
    size_t count = 0;

    for (const struct mln_role_inquiry *i = w->inquiries; i && count < enough; i = i->next) {
        count += mln_entity_eq(&i->e->claims->holder, holder) ? i->open : 0;
    }
    return count;
}

static mln_err check_open(const struct mln_exec *e, size_t count)
{
    size_t most = (size_t)e->cse->options.limits->role_inquiries;
    size_t open = open_questions(e->worker, &e->claims->holder, most);

    if (open > 0 && open + count > most) {
        mln_fault_clear(e->fault); /* it tells of the denial without roles */
        mln_fault_set(e->fault, "too many roles of this originator are being retrieved");
        MLN_FAIL(OVERLOAD);
    }
    return MLN_OK;
}

static mln_err begin_inquiry(struct mln_exec *e, size_t count, struct mln_role_inquiry **ret)
{
    struct mln_role_inquiry *i = mln_arena_zalloc(e->arena, 1, sizeof *i);

    MLN_REQUIRE(i, NO_MEMORY);
    MLN_TRY(check_open(e, count));
    MLN_TRY(mln_exec_park(e));
    *i = (struct mln_role_inquiry){ .next = e->worker->inquiries, .e = e };
    e->worker->inquiries = i;
    *ret = i;
    return MLN_OK;
}

mln_err mln_repository_start(struct mln_exec *e, enum mln_step *ret)
{
    size_t count = e->claims ? e->claims->wanted_count : 0;
    struct question *questions;
    struct mln_role_inquiry *i;

    *ret = MLN_STEP_NEXT;
    if (count == 0) {
        return MLN_OK;
    }
    questions = mln_arena_zalloc(e->arena, count, sizeof *questions);
    MLN_REQUIRE(questions, NO_MEMORY);
    MLN_TRY(begin_inquiry(e, count, &i));
    *ret = MLN_STEP_PARKED;
    i->open = 1; /* held until all are sent: answers may come at once */
    for (size_t at = 0; at < count; at++) {
        questions[at] = (struct question){ .inquiry = i, .role_id = e->claims->wanted[at] };
        i->open++;
        if (mln_failed(ask(&questions[at]))) {
            i->open--; /* a role that cannot be verified */
        }
    }
    end_one(i);
    return MLN_OK;
}
