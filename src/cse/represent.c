/* Representations of resources. */
#include "cse/represent.h"

#include "model/pack.h"
#include "model/special.h"

static bool is_selected(const struct mln_selection *selection, struct mln_slice name)
{
    if (!selection) {
        return true;
    }
    for (size_t i = 0; i < selection->count; i++) {
        if (mln_slice_eq(selection->names[i], name)) {
            return true;
        }
    }
    return false;
}

/* Appends the value that lives in a slot; false when this resource does not show it. */
static bool put_slot(struct mln_buf *out, const struct mln_resource *r, enum mln_slot slot)
{
    switch (slot) {
    case MLN_SLOT_RN:
        mln_pack_text(out, r->rn);
        return true;
    case MLN_SLOT_TY:
        mln_pack_uint(out, r->ty);
        return true;
    case MLN_SLOT_RI:
        mln_pack_text(out, r->ri);
        return true;
    case MLN_SLOT_PI:
        mln_pack_text(out, r->pi);
        return true;
    case MLN_SLOT_CT:
        mln_pack_timestamp(out, r->ct);
        return true;
    case MLN_SLOT_LT:
        mln_pack_timestamp(out, r->lt);
        return true;
    case MLN_SLOT_ET:
        mln_pack_timestamp(out, r->et);
        return true;
    case MLN_SLOT_ST:
        mln_pack_uint(out, r->st);
        return true;
    case MLN_SLOT_CR:
        mln_pack_text(out, r->cr);
        return true;
    case MLN_SLOT_COUNT:
        mln_pack_uint(out, r->count);
        return true;
    case MLN_SLOT_BYTES:
        mln_pack_uint(out, r->bytes);
        return true;
    case MLN_SLOT_ATTRS:
        break;
    }
    return false;
}

static void put_slots(struct mln_buf *out, const struct mln_resource *r,
                      const struct mln_selection *selection)
{
    const struct mln_type *type = mln_special_of(r);

    for (size_t i = 0; type && i < type->attribute_count; i++) {
        const struct mln_attribute *a = &type->attributes[i];

        if (mln_special_shows(r, a) && is_selected(selection, a->name)) {
            mln_pack_text(out, a->name);
            (void)put_slot(out, r, a->slot);
        }
    }
}

static void put_attrs(struct mln_buf *out, const struct mln_resource *r,
                      const struct mln_selection *selection)
{
    struct mln_slice rest = r->attrs;
    struct mln_item head;
    struct mln_walk w;

    if (!selection) {
        /* behind the head of a map of definite length stand its members and nothing else */
        if (!mln_failed(mln_pack_read(&rest, &head)) && head.kind == MLN_V_OBJECT) {
            mln_pack_raw(out, rest);
        }
        return;
    }
    for (mln_walk_begin(&w, r->attrs); mln_walk_next(&w);) {
        if (is_selected(selection, w.name)) {
            mln_pack_text(out, w.name);
            mln_pack_raw(out, w.item);
        }
    }
}

void mln_represent_members(struct mln_buf *out, const struct mln_resource *r,
                           const struct mln_selection *selection)
{
    put_slots(out, r, selection);
    put_attrs(out, r, selection);
}

void mln_represent(struct mln_buf *out, const struct mln_resource *r,
                   const struct mln_selection *selection)
{
    const struct mln_type *type = mln_special_of(r);

    mln_pack_map(out, 1);
    mln_pack_text(out, type ? type->root : MLN_S("m2m:unknown"));
    mln_pack_map(out, MLN_PACK_OPEN);
    mln_represent_members(out, r, selection);
    mln_pack_end(out);
}

bool mln_represent_attribute(const struct mln_resource *r, const struct mln_attribute *attribute,
                             struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_buf buf;

    if (attribute->slot == MLN_SLOT_ATTRS) {
        return mln_pack_find(r->attrs, attribute->name, ret);
    }
    if (!mln_special_shows(r, attribute)) {
        return false;
    }
    mln_buf_init(&buf, arena, SIZE_MAX);
    return put_slot(&buf, r, attribute->slot) && !mln_failed(mln_buf_finish(&buf, ret));
}
