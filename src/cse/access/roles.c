/* Roles that stand in this CSE, and who may assign them. */
#include "cse/access/roles.h"

#include "base/timestamp.h"
#include "crypto/jwt.h"
#include "cse/access/assigned.h"
#include "cse/cse_int.h"

enum { ROLES_MOST = 16 }; /* of one issuer for one holder with one Role-ID that are looked at */

/* What follows '@'. */
static struct mln_slice domain_of(struct mln_slice role_id)
{
    return mln_slice_from(role_id, mln_slice_find(role_id, '@') + 1);
}

/* ---- issuers ---- */

struct issuers {
    const struct mln_names *names;
    struct mln_entity *items;
    size_t count;
};

static void add_issuer(struct issuers *i, struct mln_slice id)
{
    if (i->count < MLN_ROLE_ISSUERS_MAX && mln_entity_parse(id, i->names, &i->items[i->count])) {
        i->count++;
    }
}

size_t mln_role_issuers(const struct mln_cse *cse, const struct mln_jwt_issuers *tokens,
                        struct mln_slice role_id,
                        struct mln_entity ret[static MLN_ROLE_ISSUERS_MAX])
{
    const struct mln_cse_options *o = &cse->options;
    struct mln_slice domain = domain_of(role_id);
    const struct mln_jwt_issuer *issuer =
        tokens ? mln_jwt_issuer_of_token_id(tokens, role_id) : NULL;
    struct issuers found = { .names = &cse->names, .items = ret };

    for (size_t i = 0; i < o->role_issuer_count; i++) {
        if (mln_slice_eq(o->role_issuers[i].domain, domain)) {
            add_issuer(&found, o->role_issuers[i].value);
        }
    }
    if (issuer) {
        add_issuer(&found, issuer->id);
    }
    if (found.count == 0 && mln_slice_eq(mln_slice_from(cse->names.sp_id, 2), domain)) {
        add_issuer(&found, o->admin);
    }
    return found.count;
}

const struct mln_domain_setting *mln_role_repository(const struct mln_cse *cse,
                                                     struct mln_slice role_id)
{
    const struct mln_cse_options *o = &cse->options;
    struct mln_slice domain = domain_of(role_id);

    for (size_t i = 0; i < o->role_repository_count; i++) {
        if (mln_slice_eq(o->role_repositories[i].domain, domain)) {
            return &o->role_repositories[i];
        }
    }
    return NULL;
}

/* ---- <role> resources ---- */

static bool time_of(const struct mln_resource *r, struct mln_slice name, int64_t *ret_us)
{
    struct mln_slice text;

    return mln_pack_find_text(r->attrs, name, &text) && mln_timestamp_parse(text, ret_us);
}

static bool is_entity(const struct mln_resource *r, struct mln_slice name,
                      const struct mln_names *names, const struct mln_entity *wanted)
{
    struct mln_slice text;
    struct mln_entity entity;

    return mln_pack_find_text(r->attrs, name, &text) && mln_entity_parse(text, names, &entity) &&
           mln_entity_eq(&entity, wanted);
}

/* The row that led here was a hint: everything is looked at again. */
static bool is_valid(const struct mln_role_check *c, const struct mln_resource *r,
                     struct mln_slice role_id, const struct mln_entity *issuer)
{
    struct mln_slice id;
    int64_t from_us;
    int64_t until_us;

    return r->ty == MLN_TY_ROL && (r->et == MLN_TIMESTAMP_MAX || r->et > c->now_us) &&
           mln_pack_find_text(r->attrs, MLN_S("rlid"), &id) && mln_slice_eq(id, role_id) &&
           is_entity(r, MLN_S("tkhd"), &c->cse->names, c->originator) &&
           is_entity(r, MLN_S("tkis"), &c->cse->names, issuer) &&
           time_of(r, MLN_S("tknb"), &from_us) && time_of(r, MLN_S("tkna"), &until_us) &&
           from_us <= c->now_us && c->now_us < until_us;
}

static mln_err is_assigned_by(const struct mln_role_check *c, struct mln_slice role_id,
                              const struct mln_entity *issuer, bool *ret)
{
    struct mln_assigned search;
    struct mln_resource role;

    MLN_TRY(mln_assigned_roles(role_id, c->originator, issuer, &search));
    for (unsigned i = 0; i < ROLES_MOST && !*ret; i++) {
        mln_err err = mln_assigned_next(&search, c->view, c->arena, &role);

        if (err.code == MLN_ERR_NOT_FOUND) {
            return MLN_OK;
        }
        MLN_TRY(err);
        *ret = is_valid(c, &role, role_id, issuer);
    }
    return MLN_OK;
}

mln_err mln_role_is_local(const struct mln_role_check *check, struct mln_slice role_id, bool *ret)
{
    struct mln_entity issuers[MLN_ROLE_ISSUERS_MAX];
    size_t count = mln_role_issuers(check->cse, check->tokens, role_id, issuers);

    *ret = false;
    for (size_t i = 0; i < count && !*ret; i++) {
        MLN_TRY(is_assigned_by(check, role_id, &issuers[i], ret));
    }
    return MLN_OK;
}
