/* Watched resources. Keys: id of the subject, id of the action; no value. */
#include "cse/action/watch.h"

#include "base/num.h"
#include "cse/action/act.h"
#include "cse/action/condition.h"
#include "model/special.h"

enum { ID_SIZE = 8, KEY_SIZE = 2 * ID_SIZE };

static struct mln_slice key_of(char out[static KEY_SIZE], uint64_t subject, uint64_t action)
{
    mln_put_be64(out, subject);
    mln_put_be64(out + ID_SIZE, action);
    return mln_slice_of(out, KEY_SIZE);
}

/* The next action behind `*action` that watches the subject; 0: none. */
static mln_err next_action(struct mln_view *view, uint64_t subject, uint64_t *action)
{
    char after[KEY_SIZE];
    char key[MLN_RECORD_KEY_MAX];
    size_t len;
    mln_err err = mln_record_next_key(view, MLN_SPACE_ACTION, key_of(after, subject, *action),
                                      false, key, &len);

    *action = 0;
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_REQUIRE(len == KEY_SIZE, STORE_CORRUPT);
    if (mln_get_be64(key) == subject) {
        *action = mln_get_be64(key + ID_SIZE);
    }
    return MLN_OK;
}

/* ---- arming ---- */

mln_err mln_watch_set(const struct mln_change *c, uint64_t subject, uint64_t action)
{
    char key[KEY_SIZE];
    struct mln_resource r;
    struct mln_resource marked;

    MLN_TRY(mln_store_get(c->view, subject, c->arena, &r));
    if (!(r.flags & MLN_RESOURCE_WATCHED)) {
        marked = r;
        marked.flags |= MLN_RESOURCE_WATCHED;
        MLN_TRY(mln_store_put(c->write, &r, &marked));
    }
    return mln_record_put(c->write, MLN_SPACE_ACTION, key_of(key, subject, action),
                          (struct mln_slice){ 0 });
}

mln_err mln_watch_clear(const struct mln_change *c, uint64_t subject, uint64_t action)
{
    char key[KEY_SIZE];

    return mln_record_erase(c->write, MLN_SPACE_ACTION, key_of(key, subject, action));
}

mln_err mln_watch_is_set(struct mln_view *view, uint64_t subject, uint64_t action, bool *ret)
{
    uint64_t next = action - 1;

    MLN_TRY(next_action(view, subject, &next));
    *ret = next == action;
    return MLN_OK;
}

mln_err mln_watch_count(struct mln_view *view, uint64_t subject, uint64_t *ret)
{
    uint64_t action = 0;

    *ret = 0;
    MLN_TRY(next_action(view, subject, &action));
    while (action) {
        ++*ret;
        MLN_TRY(next_action(view, subject, &action));
    }
    return MLN_OK;
}

mln_err mln_watch_removed(const struct mln_change *c, const struct mln_resource *r)
{
    uint64_t action = 0;

    if (!(r->flags & MLN_RESOURCE_WATCHED)) {
        return MLN_OK;
    }
    MLN_TRY(next_action(c->view, r->id, &action));
    while (action) {
        MLN_TRY(mln_watch_clear(c, r->id, action));
        MLN_TRY(next_action(c->view, r->id, &action));
    }
    return MLN_OK;
}

/* ---- events ---- */

/* Does the event change the subject itself? Instances that come and go change what is counted. */
static bool is_change(const struct mln_event *event)
{
    bool concerns_child =
        event->type == MLN_EVENT_CHILD_CREATED || event->type == MLN_EVENT_CHILD_DELETED;

    if (event->observed ||
        (event->type == MLN_EVENT_CHILD_CREATED && event->about->ty == MLN_TY_FCIN)) {
        return false; /* the latter is part of an UPDATE, which is the change */
    }
    return concerns_child ? event->about->ty == mln_special_of(event->subject)->instance
                          : event->type == MLN_EVENT_UPDATE;
}

/* An action whose criteria hold. */
struct hit {
    uint64_t action;
    uint64_t priority;
};

/* spec: TS-0001 9.6.61 actionPriority; docs/decisions/0044: the smallest number is the first,
 * without one it is the last */
static void insert(struct hit *hits, size_t count, struct hit hit)
{
    size_t at = count;

    for (; at > 0 && hits[at - 1].priority > hit.priority; at--) {
        hits[at] = hits[at - 1];
    }
    hits[at] = hit;
}

static mln_err consider(const struct mln_change *c, const struct mln_resource *subject,
                        uint64_t action, struct hit *hits, size_t *count)
{
    struct hit hit = { action, UINT64_MAX };
    struct mln_resource r;
    mln_err err = mln_store_get(c->view, action, c->arena, &r);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (r.et > c->now_us && mln_condition_hold(r.attrs, subject, c->arena)) {
        (void)mln_pack_find_u64(r.attrs, MLN_S("apy"), &hit.priority);
        insert(hits, (*count)++, hit);
    }
    return MLN_OK;
}

/* Each action is read with the same memory, so that all can be. */
static mln_err match(const struct mln_change *c, const struct mln_resource *subject,
                     struct hit *hits, size_t *ret_count)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch = mln_arena_new((size_t)c->cse->options.limits->request_arena_bytes);
    struct mln_change one = *c;
    uint64_t action = 0;

    MLN_REQUIRE(scratch, NO_MEMORY);
    one.arena = scratch;
    MLN_TRY(next_action(c->view, subject->id, &action));
    while (action && *ret_count < c->cse->options.limits->action_watchers) {
        mln_arena_reset(scratch);
        MLN_TRY(consider(&one, subject, action, hits, ret_count));
        MLN_TRY(next_action(c->view, subject->id, &action));
    }
    return MLN_OK;
}

mln_err mln_watch_event(const struct mln_change *c, const struct mln_event *event)
{
    struct mln_resource now;
    struct hit *hits;
    size_t count = 0;

    if (!(event->subject->flags & MLN_RESOURCE_WATCHED) || !is_change(event) ||
        c->depth >= c->cse->options.limits->action_chain) {
        return MLN_OK;
    }
    hits =
        mln_arena_zalloc(c->arena, (size_t)c->cse->options.limits->action_watchers, sizeof *hits);
    MLN_REQUIRE(hits, NO_MEMORY);
    MLN_TRY(mln_store_get(c->view, event->subject->id, c->arena, &now)); /* with its counters */
    MLN_TRY(match(c, &now, hits, &count));
    for (size_t i = 0; i < count; i++) {
        MLN_TRY(mln_act_trigger(c, now.id, hits[i].action, (int64_t)i));
    }
    return MLN_OK;
}
