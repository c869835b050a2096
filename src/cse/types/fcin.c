/* <flexContainerInstance>. The CSE makes them; requests may only look at them and delete them. */
#include "cse/types/fcin.h"

#include "cse/notify/fresh.h"
#include "cse/pipeline/draft.h"
#include "cse/types/instances.h"

bool mln_fcin_is_custom(struct mln_slice name)
{
    return !mln_model_attribute(mln_model_type(MLN_TY_FLEXCONTAINER), name);
}

struct mln_resource mln_fcin_of(const struct mln_resource *holder)
{
    struct mln_resource r = {
        .parent = holder->id,
        .pi = holder->ri,
        .ty = MLN_TY_FCIN,
        .flags = MLN_RESOURCE_SHOWS_CREATOR, /* as attribute originator */
        .ct = holder->lt,
        .lt = holder->lt,
        .et = holder->et,
    };

    (void)mln_pack_find_u64(holder->attrs, MLN_S("cs"), &r.bytes);
    return r;
}

/* What an instance has of its holder. */
static bool is_copied(struct mln_slice name)
{
    return mln_fcin_is_custom(name) || mln_slice_eq(name, MLN_S("cnd")) ||
           mln_slice_eq(name, MLN_S("lbl")) || mln_slice_eq(name, MLN_S("loc"));
}

static mln_err pack_content(struct mln_exec *e, struct mln_slice holder, struct mln_slice *ret)
{
    struct mln_buf buf;
    struct mln_walk w;
    size_t count = 0;

    for (mln_walk_begin(&w, holder); mln_walk_next(&w);) {
        count += is_copied(w.name);
    }
    mln_buf_init(&buf, e->arena, (size_t)e->cse->options.limits->request_arena_bytes);
    mln_pack_map(&buf, count);
    for (mln_walk_begin(&w, holder); mln_walk_next(&w);) {
        if (is_copied(w.name)) {
            mln_pack_text(&buf, w.name);
            mln_pack_raw(&buf, w.item);
        }
    }
    return mln_buf_finish(&buf, ret);
}

mln_err mln_fcin_make(struct mln_exec *e, const struct mln_draft *d)
{
    const struct mln_resource *holder = &d->resource;
    struct mln_change change = mln_exec_change(e, holder->lt);
    struct mln_resource r = mln_fcin_of(holder);
    struct mln_event event = { .type = MLN_EVENT_CHILD_CREATED, .subject = holder, .about = &r };
    char *ri = mln_arena_alloc(e->arena, MLN_RI_SIZE);

    MLN_REQUIRE(ri, NO_MEMORY);
    MLN_TRY(mln_instances_admit(e, holder, &r));
    MLN_TRY(pack_content(e, holder->attrs, &r.attrs));
    MLN_TRY(mln_store_new_id(e->write, MLN_S("fcin"), &r.id, ri, &r.ri.len));
    r.ri.ptr = ri;
    r.cr = e->originator.text;
    MLN_TRY(mln_store_put(e->write, NULL, &r));
    e->has_written = true;
    mln_fresh_expiry(e->cse->fresh, r.et);
    r.rn = r.ri;
    return mln_event_publish(&change, &event);
}

const struct mln_type_ops mln_fcin_ops = {
    .ty = MLN_TY_FCIN,
    .operations = 1 << MLN_OP_RETRIEVE | 1 << MLN_OP_DELETE,
};
