/* Aggregating for members at other CSEs. */
#include "cse/notify/aggregate_far.h"

#include "base/num.h"
#include "crypto/digest.h"
#include "cse/notify/aggregate.h"
#include "cse/notify/heard.h"
#include "cse/pipeline/draft.h"

enum { KEY_SIZE = 24 }; /* id of the group, and the beginning of a digest of the subscription */

/* ---- records ---- */

static mln_err put_key(char out[static KEY_SIZE], uint64_t group, struct mln_slice sub)
{
    unsigned char digest[MLN_SHA256_SIZE];

    MLN_TRY(mln_sha256(sub, digest));
    mln_put_be64(out, group);
    memcpy(out + 8, digest, KEY_SIZE - 8);
    return MLN_OK;
}

static mln_err read_record(struct mln_slice value, struct mln_aggregated *ret)
{
    uint64_t until;

    MLN_REQUIRE(mln_pack_find_text(value, MLN_S("s"), &ret->sub) &&
                    mln_pack_find_text(value, MLN_S("a"), &ret->address) &&
                    mln_pack_find_text(value, MLN_S("v"), &ret->via) &&
                    mln_pack_find_text(value, MLN_S("f"), &ret->forward_to) &&
                    mln_pack_find_u64(value, MLN_S("t"), &until),
                STORE_CORRUPT);
    ret->until_us = (int64_t)until;
    return MLN_OK;
}

/* The one behind *r of that group, or the first of it; NOT_FOUND at the end. */
static mln_err next(const struct mln_change *c, uint64_t group, struct mln_record *r,
                    struct mln_aggregated *ret)
{
    char first[8];
    struct mln_slice key;

    mln_put_be64(first, group);
    key = r->key.len ? r->key : mln_slice_of(first, sizeof first);
    MLN_TRY(mln_record_next(c->view, MLN_SPACE_AGGREGATED, key, false, c->arena, r));
    MLN_REQUIRE(r->key.len == KEY_SIZE, STORE_CORRUPT);
    MLN_REQUIRE(mln_get_be64(r->key.ptr) == group, NOT_FOUND);
    return read_record(r->value, ret);
}

/* Counts those that end later, and all; erases the others where it may. */
static mln_err sweep(const struct mln_change *c, uint64_t group, int64_t now_us, bool erases,
                     uint64_t *ret_left, uint64_t *ret_all)
{
    struct mln_record r = { 0 };
    struct mln_aggregated a;
    mln_err err;

    *ret_left = 0;
    *ret_all = 0;
    while (!mln_failed(err = next(c, group, &r, &a))) {
        ++*ret_all;
        if (a.until_us > now_us) {
            ++*ret_left;
        } else if (erases) {
            MLN_TRY(mln_record_erase(c->write, MLN_SPACE_AGGREGATED, r.key));
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_aggregated_room(const struct mln_change *c, uint64_t group, uint64_t wanted,
                            uint64_t *ret_room)
{
    uint64_t most = c->cse->options.limits->aggregated;
    uint64_t left;
    uint64_t all;

    MLN_TRY(sweep(c, group, c->now_us, false, &left, &all));
    if (c->write && all + wanted > most) {
        MLN_TRY(sweep(c, group, c->now_us, true, &left, &all));
    }
    *ret_room = left < most ? most - left : 0;
    return MLN_OK;
}

/* Is it there, or below? */
static bool is_under(struct mln_slice address, const struct mln_set *addresses)
{
    for (size_t end = address.len; end > 0; end--) {
        bool is_whole = end == address.len || address.ptr[end] == '/';

        if (is_whole && mln_set_has(addresses, mln_slice_head(address, end))) {
            return true;
        }
    }
    return false;
}

mln_err mln_aggregated_forget(const struct mln_change *c, uint64_t group,
                              const struct mln_set *addresses)
{
    struct mln_record r = { 0 };
    struct mln_aggregated a;
    mln_err err;

    while (!mln_failed(err = next(c, group, &r, &a))) {
        if (is_under(a.address, addresses)) {
            MLN_TRY(mln_record_erase(c->write, MLN_SPACE_AGGREGATED, r.key));
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_aggregated_keep(const struct mln_change *c, uint64_t group,
                            const struct mln_aggregated *a)
{
    char key[KEY_SIZE];
    struct mln_slice value;
    struct mln_buf out;

    MLN_TRY(put_key(key, group, a->sub));
    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 5);
    mln_pack_text(&out, MLN_S("s"));
    mln_pack_text(&out, a->sub);
    mln_pack_text(&out, MLN_S("a"));
    mln_pack_text(&out, a->address);
    mln_pack_text(&out, MLN_S("v"));
    mln_pack_text(&out, a->via);
    mln_pack_text(&out, MLN_S("f"));
    mln_pack_text(&out, a->forward_to);
    mln_pack_text(&out, MLN_S("t"));
    mln_pack_uint(&out, (uint64_t)a->until_us);
    MLN_TRY(mln_buf_finish(&out, &value));
    return mln_record_put(c->write, MLN_SPACE_AGGREGATED, mln_slice_of(key, sizeof key), value);
}

mln_err mln_aggregated_removed(const struct mln_change *c, const struct mln_resource *group)
{
    uint64_t unused;

    MLN_TRY(sweep(c, group->id, INT64_MAX, true, &unused, &unused));
    return mln_aggregate_flush(c, group);
}

/* ---- what a member elsewhere is asked ---- */

static struct mln_slice group_of(struct mln_slice via)
{
    size_t slash = via.len;

    while (slash && via.ptr[slash - 1] != '/') {
        slash--;
    }
    return mln_slice_from(via, slash);
}

/* spec: TS-0001 10.2.7.10: notificationURI is one of the group, and groupID names it */
mln_err mln_aggregated_content(const struct mln_exec *e, const struct mln_value *given,
                               struct mln_slice via, struct mln_slice *ret)
{
    struct mln_slice us;
    struct mln_buf out;

    MLN_TRY(mln_aggregate_address(e->cse, e->arena, (struct mln_slice){ 0 }, group_of(via), &us));
    mln_buf_init(&out, e->arena, (size_t)e->cse->options.limits->request_arena_bytes);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sub"));
    mln_pack_map(&out, MLN_PACK_OPEN);
    for (const struct mln_value *v = given->items.first; v; v = v->next) {
        if (!mln_slice_eq(v->name, MLN_S("nu")) && !mln_slice_eq(v->name, MLN_S("gpi"))) {
            mln_pack_text(&out, v->name);
            mln_pack_value(&out, v);
        }
    }
    mln_pack_text(&out, MLN_S("gpi"));
    mln_pack_text(&out, us);
    mln_pack_text(&out, MLN_S("nu"));
    mln_pack_array(&out, 1);
    mln_pack_text(&out, us);
    mln_pack_end(&out);
    return mln_buf_finish(&out, ret);
}

/* ---- what it notifies ---- */

/* spec: TS-0004 7.5.1.2.6 1) */
mln_err mln_aggregated_decide(struct mln_exec *e, enum mln_verdict *ret)
{
    struct mln_slice members;

    if (e->req.op == MLN_OP_NOTIFY) {
        *ret = mln_pack_find(e->target.resource.attrs, MLN_S("mid"), &members) &&
                       mln_heard_from_host(e, members)
                   ? MLN_VERDICT_PERMIT
                   : MLN_VERDICT_DENY;
    }
    return MLN_OK;
}

static mln_err refuse(struct mln_exec *e, struct mln_slice sub)
{
    mln_fault_set(e->fault, "sur: %.*s was not made through this group, or not for this nfu",
                  MLN_S_ARG(sub));
    MLN_FAIL(NO_PRIVILEGE);
}

/* {"m2m:sgn": ...} as it came. */
static mln_err wrap(const struct mln_change *c, const struct mln_value *sgn, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sgn"));
    mln_pack_value(&out, sgn);
    return mln_buf_finish(&out, ret);
}

static mln_err take(struct mln_exec *e, const struct mln_change *c,
                    const struct mln_resource *group, const struct mln_value *sgn)
{
    const struct mln_value *nfu = mln_value_get(sgn, MLN_S("nfu"));
    struct mln_notice notice = { 0 };
    struct mln_aggregated a;
    struct mln_slice sub;
    struct mln_slice value;
    char key[KEY_SIZE];
    mln_err err;

    MLN_TRY(mln_heard_name(e, sgn, &sub));
    MLN_TRY(put_key(key, group->id, sub));
    err = mln_record_get(c->view, MLN_SPACE_AGGREGATED, mln_slice_of(key, sizeof key), c->arena,
                         &value);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return refuse(e, sub);
    }
    MLN_TRY(err);
    MLN_TRY(read_record(value, &a));
    if (!nfu || nfu->kind != MLN_V_TEXT || !mln_slice_eq(nfu->text, a.forward_to) ||
        !mln_slice_eq(a.sub, sub)) {
        return refuse(e, sub);
    }
    MLN_TRY(wrap(c, sgn, &notice.content));
    return mln_aggregate_put(c, a.via, a.forward_to, &notice);
}

/* What a batch of the member, or a group there, has put together comes apart again. */
static mln_err take_all(struct mln_exec *e, const struct mln_change *c,
                        const struct mln_resource *group)
{
    const struct mln_value *root = e->req.pc->items.first;
    const struct mln_value *list = mln_value_get(root, MLN_S("sgn"));

    if (mln_slice_eq(root->name, MLN_S("m2m:sgn"))) {
        return take(e, c, group, root);
    }
    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        MLN_TRY(take(e, c, group, v));
    }
    return MLN_OK;
}

/* A subscription is asked about before it is made, and heard when it was. */
mln_err mln_aggregated_notified(struct mln_exec *e)
{
    return mln_heard_verification(e) ? MLN_OK : mln_heard_begin(e, take_all);
}
