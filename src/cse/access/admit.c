/* Rules of the service subscription. */
#include "cse/access/admit.h"

#include "base/num.h"
#include "base/wildcard.h"
#include "cse/access/stem.h"

/* Records of MLN_SPACE_REGISTRATION: OURS and the id of a <serviceSubscribedNode> with our CSE-ID,
 * OTHERS and that of one with another. One that is gone is passed over: deleting a profile need not
 * know of them. */
enum { NODE_KEY = 9, OURS = 'n', OTHERS = 'o' };

static void node_key(char out[static NODE_KEY], char kind, uint64_t id)
{
    out[0] = kind;
    mln_put_be64(out + 1, id);
}

/* The next node of its kind behind the key, or NOT_FOUND. */
static mln_err next_node(struct mln_view *view, char key[static MLN_RECORD_KEY_MAX], size_t *len)
{
    char kind = key[0];

    MLN_TRY(mln_record_next_key(view, MLN_SPACE_REGISTRATION, mln_slice_of(key, *len), false, key,
                                len));
    MLN_REQUIRE(key[0] == kind, NOT_FOUND);
    MLN_REQUIRE(*len == NODE_KEY, STORE_CORRUPT);
    return MLN_OK;
}

/* Takes out what is no resource any more. */
static mln_err drop_dead_nodes(struct mln_exec *e, char kind)
{
    char key[MLN_RECORD_KEY_MAX] = { kind };
    size_t len = 1;

    for (uint64_t i = 0; i < e->cse->options.limits->profile_rules; i++) {
        struct mln_resource node;
        mln_err err = next_node(e->view, key, &len);

        if (err.code == MLN_ERR_NOT_FOUND) {
            break;
        }
        MLN_TRY(err);
        err = mln_store_get(e->view, mln_get_be64(key + 1), e->arena, &node);
        if (err.code == MLN_ERR_NOT_FOUND) {
            err = mln_record_erase(e->write, MLN_SPACE_REGISTRATION, mln_slice_of(key, len));
        }
        MLN_TRY(err);
    }
    return MLN_OK;
}

static bool is_ours(const struct mln_cse *cse, struct mln_slice cse_id)
{
    struct mln_entity ours;
    struct mln_entity other;

    return mln_entity_parse(cse->names.cse_id, &cse->names, &ours) &&
           mln_entity_parse(cse_id, &cse->names, &other) && mln_entity_eq(&ours, &other);
}

mln_err mln_admit_note_node(struct mln_exec *e, const struct mln_resource *node,
                            struct mln_slice cse_id)
{
    char kind = is_ours(e->cse, cse_id) ? OURS : OTHERS;
    char key[NODE_KEY];

    MLN_TRY(drop_dead_nodes(e, kind));
    node_key(key, kind, node->id);
    return mln_record_put(e->write, MLN_SPACE_REGISTRATION, mln_slice_of(key, sizeof key),
                          MLN_S("\xf6"));
}

mln_err mln_admit_refusal(const struct mln_cse *cse)
{
    /* Release 2 has no code of its own for it */
    return cse->options.is_release_2 ? MLN_ERROR(NO_PRIVILEGE) : MLN_ERROR(APP_RULE);
}

/* ---- one rule ---- */

/* Of a list in a rule: is there an entry that matches? An absent list does not restrict. */
static bool any_matches(struct mln_slice list, struct mln_slice text)
{
    struct mln_slice entry;
    struct mln_walk w;

    if (!list.len) {
        return true;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &entry) && mln_wildcard_match(entry, text, '\0')) {
            return true;
        }
    }
    return false;
}

static struct mln_slice list_of(const struct mln_resource *rule, struct mln_slice name)
{
    struct mln_slice list;

    return mln_pack_find(rule->attrs, name, &list) ? list : (struct mln_slice){ 0 };
}

/* An absent list is for registrations without an association, and for these only. */
static bool credential_matches(const struct mln_registration *in, const struct mln_resource *rule)
{
    struct mln_slice list = list_of(rule, MLN_S("apci"));
    struct mln_slice credential =
        in->association ? in->association->credential_id : in->credential_id;

    if (!credential.len || !list.len) {
        return !credential.len && !list.len;
    }
    return any_matches(list, credential);
}

/* spec: TS-0001 9.6.29: credential, App-ID and AE-ID by the same rule */
static mln_err try_rule(const struct mln_registration *in, const struct mln_resource *rule,
                        bool *ret_admits, struct mln_admission *ret)
{
    struct mln_slice stems = list_of(rule, MLN_S("aae"));
    struct mln_admission a = { .is_by_rule = true, .roles = list_of(rule, MLN_S("ari")) };

    *ret_admits = false;
    if (!credential_matches(in, rule) || !any_matches(list_of(rule, MLN_S("aai")), in->app_id)) {
        return MLN_OK;
    }
    if (mln_admit_assigns(in->from)) {
        MLN_TRY(mln_stem_choose(in, stems, ret_admits, &a.stem));
    } else {
        *ret_admits = any_matches(stems, in->from);
    }
    if (*ret_admits) {
        *ret = a;
    }
    return MLN_OK;
}

/* ---- all rules for this CSE ---- */

struct search {
    const struct mln_registration *in;
    struct mln_lookup lookup;
    uint64_t left; /* nodes and rules that may still be looked at */
    bool has_node;
    bool admits;
};

static mln_err try_link(struct search *s, struct mln_slice address, struct mln_admission *ret)
{
    struct mln_resource rule;
    mln_err err;

    if (s->left == 0) {
        return MLN_OK;
    }
    s->left--;
    err = mln_locate_lookup(&s->lookup, address, &rule);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* a link that leads nowhere admits nobody */
    }
    MLN_TRY(err);
    return rule.ty == MLN_TY_ASAR ? try_rule(s->in, &rule, &s->admits, ret) : MLN_OK;
}

static bool is_of_registrar(const struct mln_registration *in, struct mln_slice cse_id)
{
    struct mln_entity cse;

    return in->registrar ? mln_entity_parse_cse(cse_id, &in->cse->names, &cse) &&
                               mln_entity_eq(&cse, in->registrar)
                         : is_ours(in->cse, cse_id);
}

static mln_err try_node(struct search *s, const struct mln_resource *node,
                        struct mln_admission *ret)
{
    struct mln_slice cse_id;
    struct mln_slice address;
    struct mln_slice links;
    struct mln_walk w;
    bool is_live;

    MLN_TRY(mln_locate_is_live(&s->lookup, node, &is_live));
    if (!is_live || node->ty != MLN_TY_SVSN ||
        !mln_pack_find_text(node->attrs, MLN_S("csi"), &cse_id) ||
        !is_of_registrar(s->in, cse_id)) {
        return MLN_OK;
    }
    s->has_node = true;
    if (!mln_pack_find(node->attrs, MLN_S("rlk"), &links)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, links); !s->admits && mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &address)) {
            MLN_TRY(try_link(s, address, ret));
        }
    }
    return MLN_OK;
}

static mln_err search_nodes(struct search *s, struct mln_admission *ret)
{
    char key[MLN_RECORD_KEY_MAX] = { s->in->registrar ? OTHERS : OURS };
    size_t len = 1;

    while (!s->admits && s->left > 0) {
        struct mln_resource node;
        mln_err err = next_node(s->in->view, key, &len);

        if (err.code == MLN_ERR_NOT_FOUND) {
            return MLN_OK;
        }
        MLN_TRY(err);
        s->left--;
        err = mln_store_get(s->in->view, mln_get_be64(key + 1), s->in->arena, &node);
        if (err.code != MLN_ERR_NOT_FOUND) {
            MLN_TRY(err);
            MLN_TRY(try_node(s, &node, ret));
        }
    }
    return MLN_OK;
}

/* spec: TS-0004 7.3.2.7 */
static mln_err check_profile(const struct mln_registration *in, struct mln_admission *ret)
{
    struct search s = {
        .in = in,
        .lookup = { in->cse, in->view, in->arena, mln_env_now_us(in->cse->options.env) },
        .left = in->cse->options.limits->profile_rules,
    };

    MLN_TRY(search_nodes(&s, ret));
    if (s.admits) {
        return MLN_OK;
    }
    if (!s.has_node) {
        mln_fault_set(in->fault, "no service subscription profile has a node with this CSE-ID");
        return in->cse->options.is_release_2 ? MLN_ERROR(NO_PRIVILEGE) : MLN_ERROR(NO_SUBSCRIPTION);
    }
    mln_fault_set(in->fault,
                  "no rule of the service subscription admits this credential, App-ID and AE-ID");
    return mln_admit_refusal(in->cse);
}

mln_err mln_admit(const struct mln_registration *in, struct mln_admission *ret)
{
    struct mln_admission a = { 0 };
    bool is_chosen;

    if (in->cse->options.enforces_profile) {
        MLN_TRY(check_profile(in, &a));
    } else if (mln_admit_assigns(in->from)) {
        MLN_TRY(mln_stem_choose(in, (struct mln_slice){ 0 }, &is_chosen, &a.stem));
        if (!is_chosen) {
            mln_fault_set(in->fault, "the credential allows no AE-ID that could be assigned");
            MLN_FAIL(NOT_AUTHENTICATED);
        }
    }
    *ret = a;
    return MLN_OK;
}
