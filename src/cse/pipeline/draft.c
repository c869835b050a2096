/* Drafts of resources. */
#include "cse/pipeline/draft.h"

#include "base/timestamp.h"
#include "model/pack.h"

struct mln_value *mln_draft_copy(struct mln_arena *arena, const struct mln_value *v)
{
    struct mln_value *copy = mln_value_new(arena, v->kind);

    if (copy) {
        *copy = *v;
        copy->next = NULL;
    }
    return copy;
}

mln_err mln_draft_set(struct mln_draft *d, struct mln_slice name, struct mln_value *v)
{
    (void)mln_value_take(d->attributes, name);
    return mln_value_set(d->attributes, name, v);
}

mln_err mln_draft_pack(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_buf buf;

    mln_buf_init(&buf, e->arena, (size_t)e->cse->options.limits->request_arena_bytes);
    mln_pack_value(&buf, d->attributes);
    return mln_buf_finish(&buf, &d->resource.attrs);
}

int64_t mln_draft_wanted_expiration(const struct mln_exec *e)
{
    const struct mln_value *et = mln_value_get(e->attributes, MLN_S("et"));
    int64_t us;

    return et && et->kind == MLN_V_TEXT && mln_timestamp_parse(et->text, &us) ? us : MLN_NO_TIME;
}

int64_t mln_draft_expiration(const struct mln_exec *e, const struct mln_resource *parent,
                             int64_t wanted_us, int64_t now_us)
{
    int64_t most = now_us + e->cse->options.max_lifetime_us;

    if (most > parent->et) {
        most = parent->et;
    }
    return wanted_us == MLN_NO_TIME || wanted_us > most ? most : wanted_us;
}

mln_err mln_draft_mark_parent(struct mln_exec *e, uint16_t flag)
{
    struct mln_resource parent = e->target.resource;

    parent.flags |= flag;
    return mln_store_put(e->write, &e->target.resource, &parent);
}

struct mln_change mln_exec_change(const struct mln_exec *e, int64_t now_us)
{
    return (struct mln_change){ .cse = e->cse,
                                .view = e->view,
                                .write = e->write,
                                .arena = e->arena,
                                .now_us = now_us,
                                .depth = e->depth };
}
