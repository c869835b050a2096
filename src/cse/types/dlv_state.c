/* What is to be done for deliveries, its results, and its end. */
#include "base/num.h"
#include "cse/pipeline/draft.h"
#include "cse/tree.h"
#include "cse/types/dlv.h"
#include "cse/types/req.h"

enum { KEY_SIZE = 9, PENDING = 'p', DONE = 'd', OPEN = 'o', CREATED = 'c', LEFT = 'l' };

/* ---- records ---- */

static struct mln_slice key_of(char key[static KEY_SIZE], char kind, uint64_t id)
{
    key[0] = kind;
    mln_put_be64(key + 1, id);
    return mln_slice_of(key, KEY_SIZE);
}

mln_err mln_dlv_pending(struct mln_view *view, uint64_t after, uint64_t *ret)
{
    char key[MLN_RECORD_KEY_MAX];
    size_t len;

    (void)key_of(key, PENDING, after);
    MLN_TRY(mln_record_next_key(view, MLN_SPACE_DELIVERY, mln_slice_of(key, KEY_SIZE), false, key,
                                &len));
    MLN_REQUIRE(len == KEY_SIZE, STORE_CORRUPT);
    MLN_REQUIRE(key[0] == PENDING, NOT_FOUND);
    *ret = mln_get_be64(key + 1);
    return MLN_OK;
}

mln_err mln_dlv_state(struct mln_view *view, uint64_t id, struct mln_arena *arena,
                      struct mln_dlv_state *ret)
{
    char key[KEY_SIZE];
    struct mln_slice value;
    uint64_t due;

    MLN_TRY(mln_record_get(view, MLN_SPACE_DELIVERY, key_of(key, PENDING, id), arena, &value));
    *ret = (struct mln_dlv_state){ .id = id };
    MLN_REQUIRE(mln_pack_find_u64(value, MLN_S("n"), &ret->next) &&
                    mln_pack_find_u64(value, MLN_S("t"), &due) &&
                    mln_pack_find_text(value, MLN_S("k"), &ret->credential_id) &&
                    mln_pack_find_u64(value, MLN_S("s"), &ret->credential_state) &&
                    mln_pack_find_text(value, MLN_S("q"), &ret->queue),
                STORE_CORRUPT);
    ret->due_us = (int64_t)due;
    return MLN_OK;
}

mln_err mln_dlv_put_state(const struct mln_change *c, const struct mln_dlv_state *state)
{
    char key[KEY_SIZE];
    struct mln_slice value;
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 5);
    mln_pack_text(&out, MLN_S("n"));
    mln_pack_uint(&out, state->next);
    mln_pack_text(&out, MLN_S("t"));
    mln_pack_uint(&out, (uint64_t)state->due_us);
    mln_pack_text(&out, MLN_S("k"));
    mln_pack_text(&out, state->credential_id);
    mln_pack_text(&out, MLN_S("s"));
    mln_pack_uint(&out, state->credential_state);
    mln_pack_text(&out, MLN_S("q"));
    mln_pack_text(&out, state->queue);
    MLN_TRY(mln_buf_finish(&out, &value));
    return mln_record_put(c->write, MLN_SPACE_DELIVERY, key_of(key, PENDING, state->id), value);
}

static mln_err erase(const struct mln_change *c, char kind, uint64_t id)
{
    char key[KEY_SIZE];

    return mln_record_erase(c->write, MLN_SPACE_DELIVERY, key_of(key, kind, id));
}

mln_err mln_dlv_is_done(const struct mln_exec *e, uint64_t id, bool *ret)
{
    char key[KEY_SIZE];
    struct mln_slice value;
    mln_err err =
        mln_record_get(e->view, MLN_SPACE_DELIVERY, key_of(key, DONE, id), e->arena, &value);

    *ret = !mln_failed(err);
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* ---- room ---- */

/* How many deliveries a CSE has here, or how many requests of an AE are in deliveries that have not
 * left. Those whose names are too long for a key have a share together. */
static struct mln_slice count_key(char key[static MLN_RECORD_KEY_MAX], char kind,
                                  struct mln_slice name)
{
    size_t len = name.len < MLN_RECORD_KEY_MAX ? name.len : 0;

    key[0] = kind;
    memcpy(key + 1, name.ptr, len);
    return mln_slice_of(key, 1 + len);
}

static mln_err count_of(const struct mln_change *c, char kind, struct mln_slice name, uint64_t *ret)
{
    char key[MLN_RECORD_KEY_MAX];
    struct mln_slice value;
    mln_err err =
        mln_record_get(c->view, MLN_SPACE_DELIVERY, count_key(key, kind, name), c->arena, &value);

    *ret = 0;
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_REQUIRE(value.len == 8, STORE_CORRUPT);
    *ret = mln_get_be64(value.ptr);
    return MLN_OK;
}

static mln_err set_count(const struct mln_change *c, char kind, struct mln_slice name, uint64_t n)
{
    char key[MLN_RECORD_KEY_MAX];
    char value[8];

    mln_put_be64(value, n);
    return n ? mln_record_put(c->write, MLN_SPACE_DELIVERY, count_key(key, kind, name),
                              mln_slice_of(value, sizeof value))
             : mln_record_erase(c->write, MLN_SPACE_DELIVERY, count_key(key, kind, name));
}

static mln_err one_less(const struct mln_change *c, char kind, struct mln_slice name)
{
    uint64_t n;

    MLN_TRY(count_of(c, kind, name, &n));
    return n ? set_count(c, kind, name, n - 1) : MLN_OK;
}

static bool is_ours(const struct mln_change *c, struct mln_slice creator)
{
    return mln_slice_eq(creator, c->cse->names.cse_id);
}

/* Is there no place for one more, or with `stored` 1 for one that is in the store already? */
static mln_err is_full(const struct mln_change *c, struct mln_slice creator, uint64_t stored,
                       bool *ret)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = c->cse->base_id,
                                  .ty = MLN_TY_DLV };
    const struct mln_limits *limits = c->cse->options.limits;
    uint64_t left = limits->delivery_resources + stored;
    uint64_t count;
    uint64_t id;
    mln_err err;

    MLN_TRY(count_of(c, CREATED, creator, &count));
    *ret = !is_ours(c, creator) && count >= limits->delivery_share;
    MLN_TRY(mln_scan_open(c->view, &spec, &scan));
    while (!*ret && !mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        *ret = --left == 0;
    }
    return *ret || err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* The oldest that is done. Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
static mln_err find_done(const struct mln_change *c, struct mln_slice creator,
                         struct mln_resource *ret)
{
    char key[KEY_SIZE];
    struct mln_record r = { .key = key_of(key, DONE, 0) };

    do {
        MLN_TRY(mln_record_next(c->view, MLN_SPACE_DELIVERY, r.key, false, c->arena, &r));
        MLN_REQUIRE(r.key.ptr[0] == DONE, NOT_FOUND);
    } while (!mln_slice_eq(r.value, creator));
    MLN_REQUIRE(r.key.len == KEY_SIZE, STORE_CORRUPT);
    return mln_store_get(c->view, mln_get_be64(r.key.ptr + 1), c->arena, ret);
}

mln_err mln_dlv_check_room(const struct mln_change *c, struct mln_slice creator)
{
    struct mln_resource done;
    bool full;
    mln_err err;

    MLN_TRY(is_full(c, creator, 0, &full));
    if (!full) {
        return MLN_OK;
    }
    err = find_done(c, creator, &done);
    MLN_REQUIRE(err.code != MLN_ERR_NOT_FOUND, OVERLOAD);
    return err;
}

mln_err mln_dlv_take_room(const struct mln_change *c, struct mln_slice creator)
{
    struct mln_resource done;
    uint64_t n;
    bool full;

    MLN_TRY(is_full(c, creator, 1, &full));
    if (full) {
        MLN_TRY(find_done(c, creator, &done));
        MLN_TRY(mln_tree_remove(c, &done));
    }
    MLN_TRY(count_of(c, CREATED, creator, &n));
    return set_count(c, CREATED, creator, n + 1);
}

mln_err mln_dlv_check_share(const struct mln_change *c, struct mln_slice from)
{
    uint64_t n;

    MLN_TRY(count_of(c, LEFT, from, &n));
    MLN_REQUIRE(n < c->cse->options.limits->delivery_share, OVERLOAD);
    return MLN_OK;
}

mln_err mln_dlv_count_request(const struct mln_change *c, struct mln_slice from)
{
    uint64_t n;

    MLN_TRY(count_of(c, LEFT, from, &n));
    return set_count(c, LEFT, from, n + 1);
}

/* ---- its requests, later ---- */

static struct mln_slice requests_of(const struct mln_resource *delivery)
{
    struct mln_slice arq;
    struct mln_slice list = { 0 };

    if (mln_pack_find(delivery->attrs, MLN_S("arq"), &arq)) {
        (void)mln_pack_find(arq, MLN_S("req"), &list);
    }
    return list;
}

bool mln_dlv_request(const struct mln_resource *delivery, uint64_t index, struct mln_slice *ret)
{
    struct mln_walk w;

    for (mln_walk_begin(&w, requests_of(delivery)); mln_walk_next(&w); index--) {
        if (index == 0) {
            *ret = w.item;
            return true;
        }
    }
    return false;
}

/* The requests of our AEs have left, or will not leave any more. */
static mln_err uncount_requests(const struct mln_change *c, const struct mln_resource *delivery)
{
    struct mln_slice from;
    struct mln_walk w;

    if (!is_ours(c, delivery->cr)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, requests_of(delivery)); mln_walk_next(&w);) {
        MLN_REQUIRE(mln_pack_find_text(w.item, MLN_S("fr"), &from), STORE_CORRUPT);
        MLN_TRY(one_less(c, LEFT, from));
    }
    return MLN_OK;
}

/* The <request> here that waits for the result of what our CSE handed on. Errors: NOT_FOUND (it is
 * gone), STORE_*, NO_MEMORY. */
static mln_err find_request(const struct mln_change *c, struct mln_slice target,
                            struct mln_resource *ret)
{
    struct mln_slice local;

    MLN_REQUIRE(mln_ident_place(target, &c->cse->names, &local) == MLN_PLACE_HERE, STORE_CORRUPT);
    MLN_TRY(mln_store_find(c->view, local, c->arena, ret));
    MLN_REQUIRE(ret->ty == MLN_TY_REQ, STORE_CORRUPT);
    return MLN_OK;
}

/* Only what we put together ourselves names resources of ours. */
static mln_err tell(const struct mln_change *c, const struct mln_resource *delivery,
                    struct mln_lane lane, struct mln_slice target,
                    const struct mln_response *response)
{
    struct mln_notice notice = { 0 };
    struct mln_resource request;
    mln_err err;

    if (is_ours(c, delivery->cr)) {
        err = find_request(c, target, &request);
        MLN_TRY(err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err);
        return mln_failed(err) ? MLN_OK : mln_req_complete(c, request.id, response);
    }
    MLN_TRY(mln_req_result(c, response, &notice.content));
    return mln_outbox_put(c, lane, 0, target, &notice);
}

/* As of other non-blocking requests: to its targets, or without any to who asked.
 * spec: TS-0004 7.5.1.2.5 */
static mln_err tell_result(const struct mln_change *c, const struct mln_resource *delivery,
                           uint64_t index, struct mln_slice request,
                           const struct mln_response *response)
{
    struct mln_lane lane = { delivery->id, (uint16_t)(index * MLN_DLV_TARGETS + 1) };
    struct mln_slice mi;
    struct mln_slice rt;
    struct mln_slice nu;
    struct mln_slice target;
    struct mln_walk w;
    uint64_t type;

    if (!mln_pack_find(request, MLN_S("mi"), &mi) || !mln_pack_find(mi, MLN_S("rt"), &rt) ||
        !mln_pack_find_u64(rt, MLN_S("rtv"), &type) || type != MLN_RT_NON_BLOCKING_ASYNCH) {
        return MLN_OK;
    }
    if (!mln_pack_find(rt, MLN_S("nu"), &nu)) {
        MLN_REQUIRE(mln_pack_find_text(request, MLN_S("fr"), &target), STORE_CORRUPT);
        return mln_slice_starts(target, MLN_S("/")) ? tell(c, delivery, lane, target, response)
                                                    : MLN_OK;
    }
    for (mln_walk_begin(&w, nu); mln_walk_next(&w); lane.number++) {
        MLN_REQUIRE(mln_pack_text_of(w.item, &target), STORE_CORRUPT);
        MLN_TRY(tell(c, delivery, lane, target, response));
    }
    return MLN_OK;
}

/* ---- the end ---- */

/* Its requests are not kept. spec: TS-0001 10.2.5.7 */
static mln_err settle(const struct mln_change *c, const struct mln_resource *old,
                      struct mln_slice passed_to)
{
    static const struct mln_slice names[] = { { "arq", 3 }, { "dmd", 3 } };
    static const struct mln_selection modified = { names, 2 };
    struct mln_resource after = *old;
    struct mln_event event = {
        .type = MLN_EVENT_UPDATE, .subject = &after, .about = &after, .modified = &modified
    };
    char key[KEY_SIZE];
    struct mln_value *attributes;
    struct mln_buf buf;

    MLN_TRY(mln_pack_to_value(old->attrs, c->arena, &attributes));
    (void)mln_value_take(attributes, MLN_S("arq"));
    if (passed_to.len) {
        MLN_TRY(mln_dlv_trace(attributes, passed_to, c->arena));
    }
    mln_buf_init(&buf, c->arena, SIZE_MAX);
    mln_pack_value(&buf, attributes);
    MLN_TRY(mln_buf_finish(&buf, &after.attrs));
    after.lt = c->now_us;
    MLN_TRY(erase(c, PENDING, old->id));
    MLN_TRY(uncount_requests(c, old));
    MLN_TRY(mln_record_put(c->write, MLN_SPACE_DELIVERY, key_of(key, DONE, old->id), old->cr));
    MLN_TRY(mln_store_put(c->write, old, &after));
    return mln_event_publish(c, &event);
}

mln_err mln_dlv_trace(struct mln_value *attributes, struct mln_slice cse_id,
                      struct mln_arena *arena)
{
    struct mln_value *meta = mln_value_get(attributes, MLN_S("dmd"));
    struct mln_value *list = mln_value_get(meta, MLN_S("tcin"));

    MLN_REQUIRE(meta, STORE_CORRUPT);
    if (!list) {
        list = mln_value_new(arena, MLN_V_ARRAY);
        MLN_TRY(mln_value_set(meta, MLN_S("tcin"), list));
    }
    return mln_value_append(list, mln_value_text(arena, cse_id));
}

/* What is pending, and its resource; `ret->id` is 0 when nothing is. */
static mln_err find(const struct mln_change *c, uint64_t id, struct mln_dlv_state *ret,
                    struct mln_resource *delivery)
{
    mln_err err = mln_dlv_state(c->view, id, c->arena, ret);

    if (!mln_failed(err)) {
        err = mln_store_get(c->view, id, c->arena, delivery);
    }
    if (err.code == MLN_ERR_NOT_FOUND) {
        ret->id = 0;
        return MLN_OK;
    }
    return err;
}

mln_err mln_dlv_conclude(const struct mln_change *c, uint64_t id, uint64_t index,
                         const struct mln_response *response)
{
    struct mln_dlv_state state;
    struct mln_resource delivery;
    struct mln_slice request;

    MLN_TRY(find(c, id, &state, &delivery));
    if (state.id == 0 || state.next != index) {
        return MLN_OK;
    }
    MLN_REQUIRE(mln_dlv_request(&delivery, index, &request), STORE_CORRUPT);
    MLN_TRY(tell_result(c, &delivery, index, request, response));
    state.next++;
    return mln_dlv_request(&delivery, state.next, &request)
               ? mln_dlv_put_state(c, &state)
               : settle(c, &delivery, (struct mln_slice){ 0 });
}

mln_err mln_dlv_close(const struct mln_change *c, uint64_t id)
{
    struct mln_dlv_state state;
    struct mln_resource unused;

    MLN_TRY(find(c, id, &state, &unused));
    state.due_us = 0;
    return state.id ? mln_dlv_put_state(c, &state) : MLN_OK;
}

mln_err mln_dlv_handed_on(const struct mln_change *c, uint64_t id, struct mln_slice cse_id)
{
    struct mln_dlv_state state;
    struct mln_resource delivery;

    MLN_TRY(find(c, id, &state, &delivery));
    return state.id ? settle(c, &delivery, cse_id) : MLN_OK;
}

static mln_err tell_failure(const struct mln_change *c, const struct mln_resource *delivery,
                            uint64_t from, enum mln_rsc rsc)
{
    struct mln_response failed = { .rsc = rsc };
    struct mln_walk w;
    uint64_t i = 0;

    for (mln_walk_begin(&w, requests_of(delivery)); mln_walk_next(&w); i++) {
        if (i >= from) {
            (void)mln_pack_find_text(w.item, MLN_S("rqi"), &failed.rqi);
            MLN_TRY(tell_result(c, delivery, i, w.item, &failed));
        }
    }
    return MLN_OK;
}

mln_err mln_dlv_fail(const struct mln_change *c, uint64_t id, enum mln_rsc rsc)
{
    struct mln_dlv_state state;
    struct mln_resource delivery;

    MLN_TRY(find(c, id, &state, &delivery));
    if (!state.id) {
        return MLN_OK;
    }
    MLN_TRY(tell_failure(c, &delivery, state.next, rsc));
    return settle(c, &delivery, (struct mln_slice){ 0 });
}

struct mln_slice mln_dlv_open_key(char key[static MLN_RECORD_KEY_MAX], uint64_t ec,
                                  struct mln_slice target)
{
    size_t len = target.len < MLN_RECORD_KEY_MAX - MLN_DLV_NO_NAME ? target.len : 0;

    key[0] = OPEN;
    mln_put_be64(key + 1, ec);
    memcpy(key + MLN_DLV_NO_NAME, target.ptr, len);
    return mln_slice_of(key, MLN_DLV_NO_NAME + len);
}

/* The record that leads to a delivery of ours goes with it. */
static mln_err forget_open(const struct mln_change *c, const struct mln_resource *r)
{
    char key[MLN_RECORD_KEY_MAX];
    struct mln_slice open;
    struct mln_slice target;
    struct mln_slice value;
    uint64_t ec;
    mln_err err;

    if (!mln_slice_eq(r->cr, c->cse->names.cse_id) ||
        !mln_pack_find_text(r->attrs, MLN_S("tg"), &target) ||
        !mln_pack_find_u64(r->attrs, MLN_S("ec"), &ec)) {
        return MLN_OK;
    }
    open = mln_dlv_open_key(key, ec, target);
    err = mln_record_get(c->view, MLN_SPACE_DELIVERY, open, c->arena, &value);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_REQUIRE(value.len == 8, STORE_CORRUPT);
    return mln_get_be64(value.ptr) == r->id ? mln_record_erase(c->write, MLN_SPACE_DELIVERY, open)
                                            : MLN_OK;
}

/* Its lifespan is over, or it was called off: what is not done yet will not be. */
mln_err mln_dlv_removed(const struct mln_change *c, const struct mln_resource *r)
{
    struct mln_dlv_state state;
    mln_err err = mln_dlv_state(c->view, r->id, c->arena, &state);

    MLN_TRY(erase(c, DONE, r->id));
    MLN_TRY(one_less(c, CREATED, r->cr));
    MLN_TRY(forget_open(c, r));
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(erase(c, PENDING, r->id));
    MLN_TRY(uncount_requests(c, r));
    return tell_failure(c, r, state.next,
                        r->et <= c->now_us ? MLN_RSC_REQUEST_TIMEOUT
                                           : MLN_RSC_TARGET_NOT_REACHABLE);
}
