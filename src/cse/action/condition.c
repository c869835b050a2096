/* Evaluation criteria against resources. */
#include "cse/action/condition.h"

#include "cse/access/access.h"
#include "cse/represent.h"
#include "model/eval.h"
#include "model/pack.h"
#include "model/special.h"

/* ---- storing ---- */

static mln_err refuse_resource(struct mln_exec *e, const struct mln_condition *in)
{
    mln_fault_set(e->fault, "%.*s: no resource of this CSE that the originator may retrieve",
                  MLN_S_ARG(in->name));
    MLN_FAIL(BAD_REQUEST);
}

/* Whoever may not read it must not learn that it is there. */
static mln_err find_resource(struct mln_exec *e, const struct mln_condition *in,
                             struct mln_resource *ret)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_identify reader = {
        .cse = e->cse, .view = e->view, .arena = e->arena, .from = in->reader
    };
    bool may = false;
    mln_err err = MLN_OK;

    *ret = *in->parent;
    if (in->id.len) {
        err = mln_locate_lookup(&l, in->id, ret);
    }
    if (err.code == MLN_ERR_NOT_FOUND) {
        return refuse_resource(e, in);
    }
    MLN_TRY(err);
    MLN_TRY(mln_access_would_permit(&reader, e->may_write ? e->cse->policies : NULL, ret,
                                    MLN_PRIVILEGE_RETRIEVE, &may));
    return may ? MLN_OK : refuse_resource(e, in);
}

/* The same criteria with another threshold. */
static mln_err replace_threshold(struct mln_arena *arena, const struct mln_value *evc,
                                 struct mln_value *threshold, struct mln_value **ret)
{
    struct mln_value *made = mln_value_new(arena, MLN_V_OBJECT);

    MLN_REQUIRE(made, NO_MEMORY);
    for (const struct mln_value *m = evc->items.first; m; m = m->next) {
        struct mln_value *copy = threshold;

        if (!mln_slice_eq(m->name, MLN_S("thld"))) {
            copy = mln_value_new(arena, m->kind);
            MLN_REQUIRE(copy, NO_MEMORY);
            *copy = *m;
            copy->next = NULL;
        }
        MLN_TRY(mln_value_set(made, m->name, copy));
    }
    *ret = made;
    return MLN_OK;
}

mln_err mln_condition_check(struct mln_exec *e, const struct mln_condition *in,
                            struct mln_resource *ret_resource, struct mln_value **ret_evc)
{
    const struct mln_value *subject = mln_value_get(in->evc, MLN_S("sbjt"));
    const struct mln_value *given = mln_value_get(in->evc, MLN_S("thld"));
    const struct mln_attribute *attribute;
    struct mln_value *threshold;
    uint64_t op = 0;

    MLN_REQUIRE(subject && subject->kind == MLN_V_TEXT && given &&
                    mln_value_u64(mln_value_get(in->evc, MLN_S("optr")), &op),
                ATTR_INVALID);
    MLN_TRY(find_resource(e, in, ret_resource));
    attribute = mln_model_attribute(mln_special_of(ret_resource), subject->text);
    if (!attribute) {
        mln_fault_set(e->fault, "evc: %.*s is no attribute of that resource",
                      MLN_S_ARG(mln_slice_head(subject->text, 100)));
        MLN_FAIL(ATTR_INVALID);
    }
    MLN_TRY(mln_eval_threshold(attribute, (enum mln_eval_operator)op, given, e->arena, &threshold,
                               e->fault));
    return replace_threshold(e->arena, in->evc, threshold, ret_evc);
}

/* ---- evaluating ---- */

bool mln_condition_hold(struct mln_slice attrs, const struct mln_resource *resource,
                        struct mln_arena *arena)
{
    const struct mln_attribute *attribute;
    struct mln_slice evc;
    struct mln_slice name;
    struct mln_slice threshold;
    struct mln_slice value;
    uint64_t op;

    if (!mln_pack_find(attrs, MLN_S("evc"), &evc) ||
        !mln_pack_find_text(evc, MLN_S("sbjt"), &name) ||
        !mln_pack_find_u64(evc, MLN_S("optr"), &op) ||
        !mln_pack_find(evc, MLN_S("thld"), &threshold)) {
        return false;
    }
    attribute = mln_model_attribute(mln_special_of(resource), name);
    return attribute && mln_represent_attribute(resource, attribute, arena, &value) &&
           mln_eval_holds(value, (enum mln_eval_operator)op, threshold);
}

mln_err mln_condition_may_read(const struct mln_change *c, struct mln_slice reader,
                               const struct mln_resource *resource, bool *ret)
{
    struct mln_identify in = { .cse = c->cse, .view = c->view, .arena = c->arena, .from = reader };

    return mln_access_would_permit(&in, c->cse->policies, resource, MLN_PRIVILEGE_RETRIEVE, ret);
}
