/* Deleting parts of the tree. spec: TS-0004 7.3.3.8 */
#include "cse/tree.h"

#include "base/num.h"
#include "cse/access/assigned.h"
#include "cse/action/watch.h"
#include "cse/notify/fresh.h"
#include "cse/remote/announce.h"
#include "cse/types/sub.h"
#include "cse/types/types.h"

/* Resources already removed whose children are still to be looked at. */
struct work_list {
    const struct mln_change *change;
    struct mln_arena *scratch; /* emptied before each child: any number can go */
    uint64_t *parents;
    size_t count;
    size_t cap;
    uint64_t budget; /* removals left */
};

static struct mln_arena *scratch_of(const struct mln_change *c)
{
    return mln_arena_new((size_t)c->cse->options.limits->request_arena_bytes);
}

static mln_err push(struct work_list *w, uint64_t parent)
{
    if (w->count == w->cap) {
        size_t more = w->cap ? w->cap * 2 : 16;
        uint64_t *grown = mln_arena_grow(w->change->arena, w->parents, w->cap * sizeof *w->parents,
                                         more * sizeof *w->parents);

        MLN_REQUIRE(grown, NO_MEMORY);
        w->parents = grown;
        w->cap = more;
    }
    w->parents[w->count++] = parent;
    return MLN_OK;
}

static bool may_have_children(uint16_t ty)
{
    const struct mln_type *type = mln_model_type(ty);

    return !type || type->child_count > 0;
}

mln_err mln_tree_erase(const struct mln_change *c, const struct mln_resource *resource)
{
    const struct mln_type_ops *ops = mln_type_ops_of(resource->ty);

    if (ops && ops->removed) {
        MLN_TRY(ops->removed(c, resource));
    }
    MLN_TRY(mln_watch_removed(c, resource));
    MLN_TRY(mln_announce_removed(c, resource));
    return mln_store_erase(c->write, resource);
}

/* Tells the subscriptions and removes the row, with the memory of `c`. Its children lose their
 * parent here. */
static mln_err remove_one(struct work_list *w, const struct mln_change *c,
                          const struct mln_resource *r)
{
    struct mln_event event = { .type = MLN_EVENT_DELETE, .subject = r, .about = r };

    if (mln_sub_is_any(r->ty)) {
        MLN_TRY(mln_event_unsubscribed(c, r));
    }
    if (mln_model_may_contain(mln_model_type(r->ty), MLN_TY_SUB)) {
        MLN_TRY(mln_event_publish(c, &event));
    }
    if (r->ty == MLN_TY_CSR) {
        mln_fresh_registrees(c->cse->fresh);
    }
    MLN_TRY(mln_assigned_remove(c->write, &c->cse->names, r));
    MLN_TRY(mln_tree_erase(c, r));
    return may_have_children(r->ty) ? push(w, r->id) : MLN_OK;
}

enum { BATCH = 64 };

/* Up to BATCH children of a removed resource; none left: *ret_count is 0. */
static mln_err list_children(const struct mln_change *c, uint64_t parent,
                             uint64_t ids[static BATCH], size_t *ret_count)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = parent };
    size_t count = 0;
    uint16_t ty;
    mln_err err = MLN_OK;

    MLN_TRY(mln_scan_open(c->view, &spec, &scan));
    while (count < BATCH && !mln_failed(err = mln_scan_next(scan, &ids[count], &ty))) {
        count++;
    }
    if (mln_failed(err) && err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = count;
    return MLN_OK;
}

static mln_err remove_child(struct work_list *w, uint64_t id)
{
    struct mln_change c = *w->change;
    struct mln_resource child;

    c.arena = w->scratch;
    mln_arena_reset(c.arena);
    MLN_TRY(mln_store_get(c.view, id, c.arena, &child));
    return remove_one(w, &c, &child);
}

static mln_err remove_children(struct work_list *w, uint64_t parent, bool *ret_done)
{
    uint64_t ids[BATCH];
    size_t count;

    *ret_done = false;
    while (w->budget) {
        MLN_TRY(list_children(w->change, parent, ids, &count));
        for (size_t i = 0; i < count && w->budget; i++, w->budget--) {
            MLN_TRY(remove_child(w, ids[i]));
        }
        if (count == 0) {
            *ret_done = true;
            return MLN_OK;
        }
    }
    return MLN_OK;
}

static mln_err note_for_purge(const struct mln_change *c, uint64_t id)
{
    char key[8];

    mln_put_be64(key, id);
    mln_fresh_purge(c->cse->fresh);
    return mln_record_put(c->write, MLN_SPACE_PURGE, mln_slice_of(key, sizeof key),
                          (struct mln_slice){ 0 });
}

/* Works off the list within the budget and notes what is left. */
static mln_err work_off(struct work_list *w)
{
    while (w->count) {
        uint64_t parent = w->parents[--w->count];
        bool is_done;

        MLN_TRY(remove_children(w, parent, &is_done));
        if (!is_done) {
            MLN_TRY(note_for_purge(w->change, parent));
        }
    }
    return MLN_OK;
}

/* The resource and what is below it; its parent is not touched. */
static mln_err remove_subtree(const struct mln_change *c, const struct mln_resource *root)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = NULL;
    struct work_list w = { .change = c, .budget = c->cse->options.limits->delete_inline };

    MLN_TRY(remove_one(&w, c, root));
    if (w.count == 0) {
        return MLN_OK; /* a resource that has no children, such as an instance */
    }
    scratch = scratch_of(c);
    MLN_REQUIRE(scratch, NO_MEMORY);
    w.scratch = scratch;
    return work_off(&w);
}

/* spec: TS-0004 7.4.7.2.4: counters of the container follow its instances */
static mln_err update_parent(const struct mln_change *c, const struct mln_resource *child,
                             const struct mln_resource *parent)
{
    const struct mln_type *type = mln_model_type(parent->ty);
    struct mln_resource changed = *parent;

    if (!type || child->ty != type->instance) {
        return MLN_OK;
    }
    changed.count -= parent->count > 0;
    changed.bytes -= child->bytes < parent->bytes ? child->bytes : parent->bytes;
    changed.lt = c->now_us;
    return mln_store_put(c->write, parent, &changed);
}

mln_err mln_tree_remove(const struct mln_change *c, const struct mln_resource *child)
{
    struct mln_resource parent;
    struct mln_event event = { .type = MLN_EVENT_CHILD_DELETED,
                               .subject = &parent,
                               .about = child };
    mln_err err = mln_store_get(c->view, child->parent, c->arena, &parent);
    bool is_orphan = err.code == MLN_ERR_NOT_FOUND;

    if (!is_orphan) {
        MLN_TRY(err);
    }
    MLN_TRY(remove_subtree(c, child));
    if (is_orphan) {
        return MLN_OK; /* its parent was deleted: nobody to tell */
    }
    MLN_TRY(update_parent(c, child, &parent));
    return mln_event_publish(c, &event);
}

mln_err mln_tree_purge(const struct mln_change *c, uint64_t budget, bool *ret_more)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = scratch_of(c);
    struct work_list w = { .change = c, .scratch = scratch, .budget = budget };
    struct mln_record record;
    mln_err err = MLN_OK;

    MLN_REQUIRE(scratch, NO_MEMORY);
    while (w.budget &&
           !mln_failed(err = mln_record_next(c->view, MLN_SPACE_PURGE, (struct mln_slice){ 0 },
                                             false, c->arena, &record))) {
        MLN_REQUIRE(record.key.len == 8, STORE_CORRUPT);
        MLN_TRY(push(&w, mln_get_be64(record.key.ptr)));
        MLN_TRY(mln_record_erase(c->write, MLN_SPACE_PURGE, record.key));
        MLN_TRY(work_off(&w));
    }
    *ret_more = !mln_failed(err);
    return mln_failed(err) && err.code != MLN_ERR_NOT_FOUND ? err : MLN_OK;
}
