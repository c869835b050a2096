/* <mgmtObj>: one management function of a node, in the shape of a specialisation.
 *
 * Management is that of the service layer: the CSE keeps what is written, and the managed entity,
 * which subscribes to it, does what an attribute asks for and reports in the attributes of status.
 * Which attributes a specialisation has, which exclude each other and which are always true stands
 * in spec/types. spec: TS-0004 7.4.15, annex D; TS-0001 9.6.15 */
#include "cse/pipeline/draft.h"
#include "cse/types/cmdh.h"

enum { UNINITIALIZED = 0 }; /* m2m:status. spec: TS-0004 6.3.4.2.20 */

/* Nothing has been asked for yet: false, or true where an attribute is never anything else, or a
 * status that says so. NULL for other types, and without memory. */
static struct mln_value *nothing_yet(struct mln_arena *arena, const struct mln_attribute *a)
{
    const struct mln_datatype *type = mln_model_datatype((enum mln_datatype_id)a->type);
    struct mln_value *v;

    if (type->form == MLN_FORM_BOOLEAN) {
        return mln_value_bool(arena, type->min > 0);
    }
    v = a->type == MLN_DT_ACTION_STATUS ? mln_value_new(arena, MLN_V_OBJECT) : NULL;
    if (!v || mln_failed(mln_value_set(v, MLN_S("sus"), mln_value_uint(arena, UNINITIALIZED)))) {
        return NULL;
    }
    return v;
}

/* Mandatory attributes that a CREATE cannot carry, or need not. */
static mln_err set_initial(struct mln_exec *e, struct mln_draft *d)
{
    for (size_t i = 0; i < e->type->attribute_count; i++) {
        const struct mln_attribute *a = &e->type->attributes[i];

        if (a->slot == MLN_SLOT_ATTRS && a->least > 0 && !mln_value_get(d->attributes, a->name)) {
            struct mln_value *v = nothing_yet(e->arena, a);

            MLN_REQUIRE(v, NO_MEMORY);
            MLN_TRY(mln_draft_set(d, a->name, v));
        }
    }
    return MLN_OK;
}

const struct mln_type_ops mln_mgmtObj_ops = {
    .ty = MLN_TY_MGMTOBJ,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = mln_cmdh_validate, .perform = set_initial, .finish = mln_cmdh_stored },
    .update = { .validate = mln_cmdh_validate },
    .removed = mln_cmdh_removed,
};
