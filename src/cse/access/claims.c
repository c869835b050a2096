/* Roles and tokens in decisions. spec: TS-0003 7.3.2.5, security.md 6.5 */
#include "cse/access/claims.h"

#include "cse/access/roles.h"
#include "cse/cse_int.h"

/* A permission of a token for one resource. */
struct mln_permission {
    uint64_t resource;
    bool is_fan_out; /* only the fanOutPoint of this group, not the group itself */
    const struct mln_token_permission *what;
    const struct mln_slice *roles; /* of it, those that the originator may use */
    size_t role_count;
};

void mln_claims_reset(struct mln_claims *claims)
{
    if (claims) {
        claims->is_read = false;
        claims->is_used = false;
        claims->role_count = 0;
        claims->token_role_count = 0;
        claims->permission_count = 0;
    }
}

void mln_claims_done(struct mln_claims *claims)
{
    if (!claims) {
        return;
    }
    for (size_t i = 0; i < claims->token_count; i++) {
        mln_token_unref(claims->tokens[i]);
    }
    claims->token_count = 0;
    mln_jwt_issuers_unref(claims->issuers);
    claims->issuers = NULL;
}

/* ---- roles ---- */

static bool contains(const struct mln_slice *list, size_t count, struct mln_slice wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (mln_slice_eq(list[i], wanted)) {
            return true;
        }
    }
    return false;
}

/* Credential and service subscription may bind the originator to some roles. */
static mln_err may_use(const struct mln_access *a, struct mln_slice role_id, bool *ret)
{
    struct mln_identify in = { .cse = a->cse, .view = a->view, .arena = a->arena, .peer = a->peer };

    return mln_access_allows_role(&in, a->originator, role_id, ret);
}

static mln_err read_role(struct mln_claims *c, const struct mln_access *a,
                         const struct mln_role_check *check, struct mln_slice role_id)
{
    bool has = contains(c->remote, c->remote_count, role_id);
    bool may = false;

    if (!has) {
        MLN_TRY(mln_role_is_local(check, role_id, &has));
    }
    if (has) {
        MLN_TRY(may_use(a, role_id, &may));
    }
    mln_trace_role(a->facts.trace, role_id, may ? "valid" : has ? "not allowed" : "not assigned");
    if (may) {
        c->roles[c->role_count++] = role_id;
    }
    return MLN_OK;
}

static mln_err read_roles(struct mln_claims *c, const struct mln_access *a)
{
    struct mln_role_check check = {
        .cse = a->cse,
        .view = a->view,
        .arena = a->arena,
        .originator = &a->originator->entity,
        .tokens = c->issuers,
        .now_us = mln_env_now_us(a->cse->options.env),
    };

    for (const struct mln_value *v = c->role_ids ? c->role_ids->items.first : NULL; v;
         v = v->next) {
        MLN_TRY(read_role(c, a, &check, v->text));
    }
    return MLN_OK;
}

/* ---- tokens ---- */

/* A resource of a permission, in any spelling; what is not there now is passed over. */
static mln_err read_resource(struct mln_claims *c, const struct mln_lookup *l, struct mln_slice id,
                             const struct mln_permission *permission)
{
    struct mln_slice local;
    struct mln_target t;
    mln_err err;

    if (mln_ident_place(id, &l->cse->names, &local) != MLN_PLACE_HERE) {
        return MLN_OK;
    }
    err = mln_locate_resolve(l, local, false, &t);
    if (err.code == MLN_ERR_NOT_FOUND || (!mln_failed(err) && t.rest.len > 0)) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (t.virtual_child == MLN_VIRTUAL_SEMANTIC_FAN_OUT) {
        return MLN_OK; /* it says neither the group nor its fanOutPoint */
    }
    c->permissions[c->permission_count] = *permission;
    c->permissions[c->permission_count].resource = t.resource.id;
    c->permissions[c->permission_count++].is_fan_out = t.virtual_child == MLN_VIRTUAL_FAN_OUT;
    return MLN_OK;
}

/* The roles of a permission that the originator may use, behind those read before. */
static mln_err read_token_roles(struct mln_claims *c, const struct mln_access *a,
                                struct mln_permission *p)
{
    struct mln_slice *room = &c->token_roles[c->token_role_count];

    for (size_t i = 0; i < p->what->role_count; i++) {
        bool may;

        MLN_TRY(may_use(a, p->what->roles[i], &may));
        if (may) {
            room[p->role_count++] = p->what->roles[i];
        }
    }
    p->roles = room;
    c->token_role_count += p->role_count;
    return MLN_OK;
}

static mln_err read_permission(struct mln_claims *c, const struct mln_access *a,
                               const struct mln_token_permission *what)
{
    struct mln_lookup l = { a->cse, a->view, a->arena, mln_env_now_us(a->cse->options.env) };
    struct mln_permission p = { .what = what };

    MLN_TRY(read_token_roles(c, a, &p));
    if (what->resource_count == 0 && p.role_count) {
        memcpy(&c->roles[c->role_count], p.roles, p.role_count * sizeof *p.roles);
        c->role_count += p.role_count;
    }
    for (size_t i = 0; i < what->resource_count; i++) {
        MLN_TRY(read_resource(c, &l, what->resources[i], &p));
    }
    return MLN_OK;
}

/* A request may have waited since they were verified. */
static bool are_valid(struct mln_claims *c, const struct mln_access *a)
{
    struct mln_token_use use = {
        .names = &a->cse->names,
        .originator = &c->holder,
        .now_us = mln_env_now_us(a->cse->options.env),
        .skew_us = a->cse->options.token_skew_us,
    };
    bool valid = !c->is_void;

    for (size_t i = 0; i < c->token_count && valid; i++) {
        valid = !mln_failed(mln_token_claims_check_use(&c->tokens[i]->claims, &use, &c->why));
    }
    return valid;
}

static mln_err read_tokens(struct mln_claims *c, const struct mln_access *a)
{
    c->is_void = !are_valid(c, a);
    for (size_t i = 0; i < c->token_count && !c->is_void; i++) {
        const struct mln_token_claims *t = &c->tokens[i]->claims;

        for (size_t j = 0; j < t->permission_count; j++) {
            MLN_TRY(read_permission(c, a, &t->permissions[j]));
        }
    }
    return MLN_OK;
}

static mln_err make_room(struct mln_claims *c)
{
    size_t roles = c->role_ids ? c->role_ids->items.count : 0;
    size_t resources = 0;

    if (c->roles) {
        return MLN_OK;
    }
    for (size_t i = 0; i < c->token_count; i++) {
        const struct mln_token_claims *t = &c->tokens[i]->claims;

        for (size_t j = 0; j < t->permission_count; j++) {
            roles += t->permissions[j].role_count;
            resources += t->permissions[j].resource_count;
        }
    }
    c->permissions = mln_arena_zalloc(c->arena, resources + 1, sizeof *c->permissions);
    c->here = mln_arena_zalloc(c->arena, roles + 1, sizeof *c->here);
    c->roles = mln_arena_zalloc(c->arena, roles + 1, sizeof *c->roles);
    c->token_roles = mln_arena_zalloc(c->arena, roles + 1, sizeof *c->token_roles);
    MLN_REQUIRE(c->permissions && c->here && c->roles && c->token_roles, NO_MEMORY);
    return MLN_OK;
}

/* ---- in a decision ---- */

/* A group's address is good for its fanOutPoint, too; not the other way round. */
static bool covers(const struct mln_permission *p, const struct mln_claims_here *here)
{
    return p->resource == here->resource && (!p->is_fan_out || here->is_fan_out);
}

/* The roles of the permissions for this target behind those that hold everywhere. One permission
 * can name a resource in several spellings. */
static size_t roles_at(struct mln_claims *c, const struct mln_claims_here *here)
{
    const struct mln_token_permission *last = NULL;
    size_t count = 0;

    for (size_t i = 0; i < c->permission_count; i++) {
        const struct mln_permission *p = &c->permissions[i];

        if (!covers(p, here) || p->what == last) {
            continue;
        }
        last = p->what;
        for (size_t j = 0; j < p->role_count; j++) {
            c->here[c->role_count + count++] = p->roles[j];
        }
    }
    return count;
}

static bool has_rules_at(const struct mln_claims *c, const struct mln_claims_here *here)
{
    for (size_t i = 0; i < c->permission_count; i++) {
        if (covers(&c->permissions[i], here) && c->permissions[i].what->rules.len) {
            return true;
        }
    }
    return false;
}

mln_err mln_claims_at(struct mln_claims *claims, struct mln_access *a,
                      const struct mln_resource *target, bool is_fan_out,
                      struct mln_claims_here *ret)
{
    struct mln_claims_here here = { .resource = target->id, .is_fan_out = is_fan_out };
    size_t more;

    if (!claims->is_read) {
        MLN_TRY(make_room(claims));
        mln_claims_reset(claims);
        MLN_TRY(read_roles(claims, a));
        MLN_TRY(read_tokens(claims, a));
        claims->is_read = true;
    }
    if (claims->role_count) {
        memcpy(claims->here, claims->roles, claims->role_count * sizeof *claims->here);
    }
    more = roles_at(claims, &here);
    here.roles = claims->here;
    here.role_count = claims->role_count + more;
    here.is_special = more > 0;
    here.has_rules = has_rules_at(claims, &here);
    *ret = here;
    return MLN_OK;
}

mln_err mln_claims_rules_permit(struct mln_claims *claims, struct mln_access *a,
                                const struct mln_claims_here *here,
                                const struct mln_resource *target, enum mln_privilege privilege,
                                bool *ret)
{
    *ret = false;
    for (size_t i = 0; i < claims->permission_count && !*ret; i++) {
        const struct mln_permission *p = &claims->permissions[i];

        if (covers(p, here) && p->what->rules.len) {
            MLN_TRY(mln_access_rules_permit(a, p->what->rules, target, privilege, ret));
        }
    }
    return MLN_OK;
}

mln_err mln_claims_assignments(const struct mln_claims *claims, struct mln_arena *arena,
                               const struct mln_local_token **ret, size_t *ret_count)
{
    struct mln_local_token *list;
    size_t count = 0;

    if (!claims || !claims->is_used || claims->is_void || claims->token_count == 0) {
        return MLN_OK;
    }
    list = mln_arena_zalloc(arena, claims->token_count, sizeof *list);
    MLN_REQUIRE(list, NO_MEMORY);
    for (size_t i = 0; i < claims->token_count; i++) {
        const struct mln_token *t = claims->tokens[i];

        if (t->local_id.len == 0) {
            continue;
        }
        MLN_REQUIRE(mln_arena_dup(arena, t->local_id, &list[count].id) &&
                        mln_arena_dup(arena, t->claims.id, &list[count].token_id),
                    NO_MEMORY);
        count++;
    }
    *ret = list;
    *ret_count = count;
    return MLN_OK;
}
