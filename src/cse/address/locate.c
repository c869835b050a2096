/* Resolving addresses. spec: TS-0004 7.3.3.1, 6.2.3 */
#include "cse/address/locate.h"

#include "base/buf.h"
#include "base/timestamp.h"
#include "cse/cse_int.h"
#include "cse/types/sub.h"
#include "model/special.h"

bool mln_locate_is_base(const struct mln_names *names, struct mln_slice segment)
{
    /* spec: TS-0001 7.2: '-' stands for the name of the CSEBase; its examples also write '.' */
    return mln_slice_eq(segment, names->cse_name) || mln_slice_eq(segment, MLN_S("-")) ||
           mln_slice_eq(segment, MLN_S("."));
}

static bool is_expired(const struct mln_lookup *l, const struct mln_resource *r)
{
    return r->et != MLN_TIMESTAMP_MAX && r->et <= l->now_us;
}

mln_err mln_locate_parent(const struct mln_lookup *l, const struct mln_resource *resource,
                          struct mln_resource *ret)
{
    MLN_REQUIRE(resource->parent != 0, NOT_FOUND);
    return mln_store_get(l->view, resource->parent, l->arena, ret);
}

/* Nothing is waiting to be purged? Then every resource hangs on the tree. */
static mln_err purge_is_idle(const struct mln_lookup *l, bool *ret)
{
    struct mln_record record;
    mln_err err =
        mln_record_next(l->view, MLN_SPACE_PURGE, (struct mln_slice){ 0 }, false, NULL, &record);

    *ret = err.code == MLN_ERR_NOT_FOUND;
    return *ret ? MLN_OK : err;
}

mln_err mln_locate_is_live(const struct mln_lookup *l, const struct mln_resource *resource,
                           bool *ret)
{
    struct mln_resource at = *resource;
    bool is_idle;

    *ret = false;
    if (is_expired(l, resource)) {
        return MLN_OK;
    }
    MLN_TRY(purge_is_idle(l, &is_idle));
    while (!is_idle && at.parent != 0) {
        mln_err err = mln_store_get(l->view, at.parent, l->arena, &at);

        if (err.code == MLN_ERR_NOT_FOUND) {
            return MLN_OK; /* below a deleted resource */
        }
        MLN_TRY(err);
    }
    *ret = true;
    return MLN_OK;
}

mln_err mln_locate_instance(const struct mln_lookup *l, const struct mln_resource *container,
                            bool is_latest, struct mln_resource *ret)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = {
        .kind = MLN_SCAN_CHILDREN,
        .parent = container->id,
        .ty = mln_model_type(container->ty)->instance,
        .is_descending = is_latest,
    };
    uint64_t id;
    uint16_t ty;

    MLN_TRY(mln_scan_open(l->view, &spec, &scan));
    do {
        MLN_TRY(mln_scan_next(scan, &id, &ty));
        MLN_TRY(mln_store_get(l->view, id, l->arena, ret));
    } while (is_expired(l, ret));
    return MLN_OK;
}

enum mln_virtual mln_locate_virtual(const struct mln_resource *parent, struct mln_slice name)
{
    const struct mln_type *type = mln_model_type(parent->ty);
    bool has_instances = type && type->instance;

    if (has_instances && mln_slice_eq(name, MLN_S("la"))) {
        return MLN_VIRTUAL_LATEST;
    }
    if (has_instances && mln_slice_eq(name, MLN_S("ol"))) {
        return MLN_VIRTUAL_OLDEST;
    }
    if (parent->ty == MLN_TY_GRP && mln_slice_eq(name, MLN_S("fopt"))) {
        return MLN_VIRTUAL_FAN_OUT;
    }
    if (parent->ty == MLN_TY_GRP && mln_slice_eq(name, MLN_S("sfop"))) {
        return MLN_VIRTUAL_SEMANTIC_FAN_OUT;
    }
    if (parent->ty == MLN_TY_PCH && mln_slice_eq(name, MLN_S("pcu"))) {
        return MLN_VIRTUAL_POLLING;
    }
    if (mln_sub_is_any(parent->ty) && mln_slice_eq(name, MLN_S("ntsr"))) {
        return MLN_VIRTUAL_SELF;
    }
    return MLN_VIRTUAL_NONE;
}

static mln_err first_segment(const struct mln_lookup *l, struct mln_slice segment,
                             struct mln_resource *ret)
{
    bool is_live;

    if (mln_locate_is_base(&l->cse->names, segment)) {
        return mln_store_get(l->view, l->cse->base_id, l->arena, ret);
    }
    MLN_TRY(mln_store_find(l->view, segment, l->arena, ret));
    MLN_TRY(mln_locate_is_live(l, ret, &is_live));
    MLN_REQUIRE(is_live, NOT_FOUND);
    return MLN_OK;
}

static mln_err enter_instance(const struct mln_lookup *l, enum mln_virtual which,
                              struct mln_target *t)
{
    struct mln_resource instance;

    MLN_TRY(mln_locate_instance(l, &t->resource, which == MLN_VIRTUAL_LATEST, &instance));
    t->parent = t->resource;
    t->has_parent = true;
    t->resource = instance;
    return MLN_OK;
}

/* One step down. */
static mln_err next_segment(const struct mln_lookup *l, struct mln_slice name, struct mln_target *t)
{
    struct mln_resource child;

    MLN_REQUIRE(name.len > 0, NOT_FOUND);
    MLN_TRY(mln_store_child(l->view, t->resource.id, name, l->arena, &child));
    MLN_REQUIRE(!is_expired(l, &child), NOT_FOUND);
    t->parent = t->resource;
    t->has_parent = true;
    t->resource = child;
    return MLN_OK;
}

mln_err mln_locate_resolve(const struct mln_lookup *l, struct mln_slice local, bool keeps_virtual,
                           struct mln_target *ret)
{
    struct mln_target t = { 0 };
    struct mln_slice rest = local.len ? local : (struct mln_slice){ 0 };

    if (!rest.ptr) {
        MLN_TRY(mln_store_get(l->view, l->cse->base_id, l->arena, &t.resource));
    } else {
        MLN_TRY(first_segment(l, mln_slice_cut(&rest, '/'), &t.resource));
    }
    while (rest.ptr && t.virtual_child == MLN_VIRTUAL_NONE) {
        struct mln_slice name = mln_slice_cut(&rest, '/');

        t.virtual_child = mln_locate_virtual(&t.resource, name);
        if (t.virtual_child == MLN_VIRTUAL_NONE) {
            MLN_TRY(next_segment(l, name, &t));
        }
    }
    if (t.virtual_child == MLN_VIRTUAL_FAN_OUT) {
        t.rest = rest.ptr ? rest : (struct mln_slice){ 0 };
    } else if (t.virtual_child != MLN_VIRTUAL_NONE) {
        MLN_REQUIRE(!rest.ptr, NOT_FOUND); /* instances have no addressable children yet */
        if (!keeps_virtual && mln_locate_is_instance(t.virtual_child)) {
            MLN_TRY(enter_instance(l, t.virtual_child, &t));
        }
    }
    t.type = mln_special_of(&t.resource);
    MLN_REQUIRE(t.type, STORE_CORRUPT);
    *ret = t;
    return MLN_OK;
}

mln_err mln_locate_lookup(const struct mln_lookup *l, struct mln_slice id, struct mln_resource *ret)
{
    struct mln_slice local;
    struct mln_target t;

    MLN_REQUIRE(mln_ident_place(id, &l->cse->names, &local) == MLN_PLACE_HERE, NOT_FOUND);
    MLN_TRY(mln_locate_resolve(l, local, true, &t));
    MLN_REQUIRE(t.virtual_child == MLN_VIRTUAL_NONE, NOT_FOUND);
    *ret = t.resource;
    return MLN_OK;
}

mln_err mln_locate_path(const struct mln_lookup *l, const struct mln_resource *resource,
                        struct mln_slice *ret)
{
    struct mln_resource at = *resource;
    struct mln_slice names[MLN_LOCATE_DEPTH];
    size_t count = 0;
    struct mln_buf buf;

    for (;;) {
        MLN_REQUIRE(count < MLN_LOCATE_DEPTH, STORE_CORRUPT);
        names[count++] = at.rn;
        if (at.parent == 0) {
            break;
        }
        MLN_TRY(mln_store_get(l->view, at.parent, l->arena, &at));
    }
    mln_buf_init(&buf, l->arena, SIZE_MAX);
    while (count--) {
        mln_buf_add(&buf, names[count]);
        if (count) {
            mln_buf_byte(&buf, '/');
        }
    }
    return mln_buf_finish(&buf, ret);
}
