/* Leaving a group. */
#include "cse/group/leave.h"

#include "cse/pipeline/draft.h"
#include "cse/remote/announce.h"

static mln_err keep_others(const struct mln_change *c, struct mln_draft *d,
                           const struct mln_set *gone)
{
    struct mln_value *kept = mln_value_new(c->arena, MLN_V_ARRAY);
    struct mln_value *members;
    struct mln_buf out;

    MLN_REQUIRE(kept, NO_MEMORY);
    MLN_TRY(mln_pack_to_value(d->old->attrs, c->arena, &d->attributes));
    members = mln_value_take(d->attributes, MLN_S("mid"));
    MLN_REQUIRE(members, STORE_CORRUPT);
    for (const struct mln_value *v = members->items.first; v; v = v->next) {
        if (!mln_set_has(gone, v->text)) {
            MLN_TRY(mln_value_append(kept, mln_draft_copy(c->arena, v)));
        }
    }
    MLN_TRY(mln_draft_set(d, MLN_S("cnm"), mln_value_uint(c->arena, kept->items.count)));
    MLN_TRY(mln_draft_set(d, MLN_S("mid"), kept));
    mln_buf_init(&out, c->arena, (size_t)c->cse->options.limits->request_arena_bytes);
    mln_pack_value(&out, d->attributes);
    return mln_buf_finish(&out, &d->resource.attrs);
}

mln_err mln_group_drop(const struct mln_change *c, uint64_t group, const struct mln_set *gone)
{
    struct mln_lookup l = { c->cse, c->view, c->arena, c->now_us };
    struct mln_resource old;
    struct mln_draft d = { .old = &old };
    bool is_live = false;
    mln_err err = mln_store_get(c->view, group, c->arena, &old);

    if (!mln_failed(err)) {
        err = mln_locate_is_live(&l, &old, &is_live);
    }
    if (err.code == MLN_ERR_NOT_FOUND || (!mln_failed(err) && !is_live)) {
        return MLN_OK;
    }
    MLN_TRY(err);
    d.resource = old;
    d.resource.lt = c->now_us;
    MLN_TRY(keep_others(c, &d, gone));
    MLN_TRY(mln_store_put(c->write, &old, &d.resource));
    return mln_announce_changed(c, &d.resource);
}
