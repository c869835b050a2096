/* Tokens of a request, and roles that are to be retrieved. */
#include "cse/access/gather.h"

#include "cse/access/assigned.h"
#include "cse/access/claims.h"
#include "cse/access/repository.h"
#include "cse/access/roles.h"
#include "cse/types/sub.h"

enum { TOKENS_MOST = 16 }; /* <token> resources with one Token-ID that are tried */

static bool has_tokens(const struct mln_request *req)
{
    return req->tkns || req->tids || req->ltids;
}

bool mln_gather_concerns(const struct mln_exec *e)
{
    return !e->has_gathered && (e->req.rids || has_tokens(&e->req));
}

/* ---- is it needed? ---- */

/* Do answers show resources beside the target, each of which is decided on? */
static bool shows_others(const struct mln_request *req)
{
    switch ((enum mln_rcn)req->rcn) {
    case MLN_RCN_ATTRIBUTES_AND_CHILDREN:
    case MLN_RCN_ATTRIBUTES_AND_REFERENCES:
    case MLN_RCN_REFERENCES:
    case MLN_RCN_CHILDREN:
    case MLN_RCN_SEMANTIC:
    case MLN_RCN_DISCOVERY:
        return true;
    case MLN_RCN_NOTHING:
    case MLN_RCN_ATTRIBUTES:
    case MLN_RCN_ADDRESS:
    case MLN_RCN_ADDRESS_AND_ATTRIBUTES:
    case MLN_RCN_ORIGINAL:
    case MLN_RCN_MODIFIED:
        break;
    }
    return false;
}

/* Was the decision on the target the only one there is? Filter Criteria can be about its parent and
 * its children. */
static bool is_decided(const struct mln_exec *e)
{
    bool filters = e->req.fc && e->req.fc->has_conditions;
    bool looks_further = (e->req.op == MLN_OP_CREATE || e->req.op == MLN_OP_UPDATE) && e->type &&
                         (mln_sub_is_any(e->type->ty) || e->type->ty == MLN_TY_GRP);

    return !e->is_fan_out && !looks_further && !filters && !shows_others(&e->req);
}

/* ---- tokens ---- */

struct gathering {
    struct mln_exec *e;
    struct mln_claims *claims;
    struct mln_token_ask ask;
};

/* One that is refused makes all worthless; what is no token at all refuses the request. */
static mln_err take(struct gathering *g, mln_err err, const struct mln_token *token)
{
    if (err.code == MLN_ERR_TOKEN_REFUSED || err.code == MLN_ERR_NOT_FOUND) {
        g->claims->is_void = true;
        return MLN_OK;
    }
    if (mln_failed(err)) {
        mln_fault_clear(g->e->fault); /* it tells of the denial without tokens */
        mln_fault_set(g->e->fault, "tkns: %s", g->claims->why.text);
        return err;
    }
    g->claims->tokens[g->claims->token_count++] = token;
    return MLN_OK;
}

static mln_err take_text(struct gathering *g, struct mln_slice text)
{
    const struct mln_token *token = NULL;
    mln_err err = mln_tokens_accept(g->e->cse->tokens, text, &g->ask, &token);

    return take(g, err, token);
}

static mln_err take_local(struct gathering *g, struct mln_slice id)
{
    const struct mln_token *token = NULL;
    mln_err err = mln_tokens_by_local_id(g->e->cse->tokens, id, &g->ask, &token);

    return take(g, err, token);
}

/* The first <token> of that Token-ID that is good. Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
static mln_err find_stored(struct gathering *g, struct mln_slice id, const struct mln_token **ret)
{
    struct mln_exec *e = g->e;
    int64_t now_us = mln_env_now_us(e->cse->options.env);
    struct mln_assigned search;
    struct mln_resource r;

    MLN_TRY(mln_assigned_tokens(id, &search));
    for (unsigned i = 0; i < TOKENS_MOST; i++) {
        const struct mln_token *token;
        struct mln_slice text;

        MLN_TRY(mln_assigned_next(&search, e->view, e->arena, &r));
        if (r.ty != MLN_TY_TK || r.et <= now_us ||
            !mln_pack_find_text(r.attrs, MLN_S("tkob"), &text) ||
            mln_failed(mln_tokens_accept(e->cse->tokens, text, &g->ask, &token))) {
            continue;
        }
        if (mln_slice_eq(token->claims.id, id)) {
            *ret = token;
            return MLN_OK;
        }
        mln_token_unref(token);
    }
    MLN_FAIL(NOT_FOUND);
}

static mln_err take_named(struct gathering *g, struct mln_slice id)
{
    const struct mln_token *token = NULL;
    mln_err err = mln_tokens_by_id(g->e->cse->tokens, id, &g->ask, &token);

    if (err.code == MLN_ERR_NOT_FOUND) {
        err = find_stored(g, id, &token);
        if (err.code == MLN_ERR_NOT_FOUND) {
            mln_fault_set(&g->claims->why, "token: Token-ID not known");
        }
    }
    return take(g, err, token);
}

static mln_err take_list(struct gathering *g, const struct mln_value *list,
                         mln_err (*take_one)(struct gathering *g, struct mln_slice text))
{
    const struct mln_value *v = list ? list->items.first : NULL;

    for (; v && !g->claims->is_void; v = v->next) {
        MLN_TRY(take_one(g, v->text));
    }
    return MLN_OK;
}

static size_t count_of(const struct mln_value *list)
{
    return list ? list->items.count : 0;
}

static mln_err take_tokens(struct gathering *g)
{
    const struct mln_request *req = &g->e->req;
    size_t most = count_of(req->tkns) + count_of(req->tids) + count_of(req->ltids);

    if (most == 0 || !g->e->cse->tokens) {
        return MLN_OK;
    }
    g->claims->tokens = mln_arena_zalloc(g->claims->arena, most, sizeof *g->claims->tokens);
    MLN_REQUIRE(g->claims->tokens, NO_MEMORY);
    MLN_TRY(take_list(g, req->tkns, take_text));
    MLN_TRY(take_list(g, req->tids, take_named));
    return take_list(g, req->ltids, take_local);
}

/* ---- roles of other CSEs ---- */

/* Roles that were accepted, or not, by other issuers than those of now are not known any more. */
static void forget_roles(struct mln_worker *w, struct mln_jwt_issuers *issuers)
{
    if (w->role_issuers == issuers) {
        return;
    }
    mln_remote_memory_clear(&w->roles);
    mln_jwt_issuers_unref(w->role_issuers);
    w->role_issuers = issuers ? mln_jwt_issuers_ref(issuers) : NULL;
}

static mln_err consider_role(struct gathering *g, const struct mln_role_check *check,
                             struct mln_slice role_id)
{
    struct mln_claims *c = g->claims;
    const struct mln_remote_memory *known = &g->e->worker->roles;
    bool is_here;

    if (!mln_role_repository(check->cse, role_id)) {
        return MLN_OK;
    }
    MLN_TRY(mln_role_is_local(check, role_id, &is_here));
    if (is_here) {
        return MLN_OK;
    }
    if (mln_remote_memory_has(known, role_id, check->originator, check->now_us)) {
        c->remote[c->remote_count++] = role_id;
    } else if (!mln_repository_is_vain(g->e->worker, check, role_id)) {
        c->wanted[c->wanted_count++] = role_id;
    }
    return MLN_OK;
}

static mln_err consider_roles(struct gathering *g)
{
    struct mln_claims *c = g->claims;
    struct mln_role_check check = {
        .cse = c->cse,
        .view = g->e->view,
        .arena = g->e->arena,
        .originator = &c->holder,
        .tokens = c->issuers,
        .now_us = mln_env_now_us(c->cse->options.env),
    };
    size_t count = count_of(c->role_ids);

    if (count == 0 || c->cse->options.role_repository_count == 0) {
        return MLN_OK;
    }
    c->remote = mln_arena_zalloc(c->arena, count, sizeof *c->remote);
    c->wanted = mln_arena_zalloc(c->arena, count, sizeof *c->wanted);
    MLN_REQUIRE(c->remote && c->wanted, NO_MEMORY);
    forget_roles(g->e->worker, c->issuers);
    for (const struct mln_value *v = c->role_ids->items.first; v; v = v->next) {
        MLN_TRY(consider_role(g, &check, v->text));
    }
    return MLN_OK;
}

/* ---- all of it ---- */

static mln_err begin(struct mln_exec *e)
{
    struct mln_claims *c = mln_arena_zalloc(e->arena, 1, sizeof *c);

    MLN_REQUIRE(c, NO_MEMORY);
    c->cse = e->cse;
    c->arena = e->arena;
    c->holder = e->originator.entity;
    c->role_ids = e->req.rids;
    c->issuers = e->cse->tokens ? mln_tokens_issuers(e->cse->tokens) : NULL;
    e->claims = c;
    return MLN_OK;
}

mln_err mln_gather(struct mln_exec *e, mln_err err)
{
    const struct mln_originator *o = &e->originator;
    bool is_needed = mln_failed(err) ? err.code == MLN_ERR_NO_PRIVILEGE : !is_decided(e);
    struct gathering g = { .e = e };

    e->has_gathered = true;
    if (!is_needed || o->is_admin || o->entity.sp.len == 0) {
        return MLN_OK;
    }
    MLN_TRY(begin(e));
    g.claims = e->claims;
    g.ask = (struct mln_token_ask){ &e->claims->holder, e->arena, &e->claims->why };
    MLN_TRY(take_tokens(&g));
    return consider_roles(&g);
}
