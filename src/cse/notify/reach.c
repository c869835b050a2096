/* Points of access of notification targets. */
#include "cse/notify/reach.h"

#include <string.h>

#include "base/buf.h"
#include "base/timestamp.h"
#include "cse/access/binding.h"
#include "cse/notify/window.h"
#include "cse/protect/originate.h"
#include "cse/remote/remote.h"
#include "model/pack.h"

static bool is_indicator(struct mln_slice field)
{
    return mln_slice_starts(field, MLN_S("ct="));
}

/* spec: TS-0004 7.4.8.1 notificationURI: "?ct=json", or "&ct=json" behind other fields */
mln_err mln_reach_strip(struct mln_arena *arena, struct mln_slice target, struct mln_slice *ret,
                        struct mln_slice *ret_ct)
{
    size_t at = mln_slice_find(target, '?');
    struct mln_slice query = mln_slice_from(target, at + 1);
    struct mln_buf buf;
    char separator = '?';

    *ret_ct = (struct mln_slice){ 0 };
    if (at == target.len) {
        *ret = target;
        return MLN_OK;
    }
    mln_buf_init(&buf, arena, SIZE_MAX);
    mln_buf_add(&buf, mln_slice_head(target, at));
    while (query.ptr && query.len) {
        struct mln_slice field = mln_slice_cut(&query, '&');

        if (is_indicator(field)) {
            *ret_ct = mln_slice_from(field, 3);
            continue;
        }
        mln_buf_byte(&buf, separator);
        mln_buf_add(&buf, field);
        separator = '&';
    }
    return mln_buf_finish(&buf, ret);
}

/* spec: security.md 16.3: SA2 rests on the credential of SA1 */
static mln_err find_credential(const struct mln_lookup *l, const struct mln_resource *entity,
                               struct mln_slice *ret)
{
    struct mln_binding binding;
    mln_err err = mln_binding_get(l->view, l->arena, entity->ri, &binding);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    *ret = binding.receiver_id.len ? binding.receiver_id : binding.credential_id;
    return MLN_OK;
}

size_t mln_reach_user(struct mln_slice url)
{
    size_t begin = mln_ident_is_url(url) ? mln_slice_find(url, ':') + 3 : url.len;
    size_t ret = 0;

    for (size_t i = begin; i < url.len && !strchr("/?#", url.ptr[i]); i++) {
        if (url.ptr[i] == '@') {
            ret = i + 1;
        }
    }
    return ret;
}

struct mln_slice mln_reach_shown(struct mln_slice target)
{
    struct mln_slice shown = mln_slice_from(target, mln_reach_user(target));

    return mln_slice_head(shown, mln_slice_find(shown, '?'));
}

static const struct mln_reach nobody = { .serialisation = { "json", 4 }, .rvi = { "3", 1 } };

static bool list_has(struct mln_slice list, struct mln_slice text)
{
    struct mln_slice element;
    struct mln_walk w;

    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &element) && mln_slice_eq(element, text)) {
            return true;
        }
    }
    return false;
}

/* The newest release that the entity and we understand. Release 1 knows no indicator.
 * spec: TS-0001 9.6.5 supportedReleaseVersions, TS-0004 7.3.2.6 */
static struct mln_slice release_of(const struct mln_resource *entity)
{
    struct mln_slice found = { 0 };
    struct mln_slice list;

    if (!mln_pack_find(entity->attrs, MLN_S("srv"), &list)) {
        return nobody.rvi;
    }
#define X(release)                                                                                 \
    if (list_has(list, MLN_S(release))) {                                                          \
        found = MLN_S(release);                                                                    \
    }
    MLN_RELEASE_ROWS(X) /* the newest is the last */
#undef X
    return found.len || list_has(list, MLN_S("1")) ? found : nobody.rvi;
}

/* The live <pollingChannel> below an <AE> or a <remoteCSE>. Errors: NOT_FOUND, STORE_*, NO_MEMORY.
 */
static mln_err get_channel(const struct mln_lookup *l, const struct mln_resource *entity,
                           struct mln_resource *ret)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = entity->id,
                                  .ty = MLN_TY_PCH };
    uint64_t id;
    uint16_t ty;

    MLN_TRY(mln_scan_open(l->view, &spec, &scan));
    do {
        MLN_TRY(mln_scan_next(scan, &id, &ty));
        MLN_TRY(mln_store_get(l->view, id, l->arena, ret));
    } while (ret->et != MLN_TIMESTAMP_MAX && ret->et <= l->now_us);
    return MLN_OK;
}

/* spec: TS-0001 10.2.5.17 */
static mln_err find_channel(const struct mln_lookup *l, const struct mln_resource *entity,
                            struct mln_reach *ret)
{
    struct mln_resource channel;
    mln_err err = get_channel(l, entity, &channel);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    ret->channel = channel.id;
    return MLN_OK;
}

static mln_err add_points_of_access(const struct mln_lookup *l, const struct mln_resource *entity,
                                    struct mln_reach *ret)
{
    struct mln_slice poa;
    struct mln_walk w;
    bool is_reachable = true;
    bool is_open;

    /* spec: TS-0001 9.6.5 requestReachability: no point in trying when it says no */
    if ((mln_pack_find_bool(entity->attrs, MLN_S("rr"), &is_reachable) && !is_reachable) ||
        !mln_pack_find(entity->attrs, MLN_S("poa"), &poa)) {
        return MLN_OK;
    }
    MLN_TRY(mln_window_of_ae(l, entity, &is_open));
    if (!is_open) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, poa); ret->count < MLN_REACH_MAX && mln_walk_next(&w);) {
        struct mln_slice url;

        if (mln_pack_text_of(w.item, &url) && mln_ident_is_url(url)) {
            ret->urls[ret->count++] = url;
        }
    }
    return MLN_OK;
}

static mln_err reach_entity(const struct mln_lookup *l, const struct mln_resource *entity,
                            struct mln_reach *ret)
{
    struct mln_slice preferred = mln_cse_preferred(l->cse, entity->attrs);

    *ret = nobody;
    ret->rvi = release_of(entity);
    ret->serialisation = preferred.len ? preferred : ret->serialisation;
    MLN_TRY(add_points_of_access(l, entity, ret));
    return ret->count == 0 ? find_channel(l, entity, ret)
                           : find_credential(l, entity, &ret->credential_id);
}

mln_err mln_reach_ae(const struct mln_lookup *l, const struct mln_resource *ae,
                     struct mln_reach *ret)
{
    MLN_TRY(reach_entity(l, ae, ret));
    return mln_reach_is_possible(ret) ? mln_locate_path(l, ae, &ret->to) : MLN_OK;
}

mln_err mln_reach_cse(const struct mln_lookup *l, const struct mln_resource *csr,
                      struct mln_slice to, struct mln_reach *ret)
{
    MLN_TRY(reach_entity(l, csr, ret));
    ret->to = to;
    ret->is_through_cse = true;
    ret->neighbour = csr->id;
    return MLN_OK;
}

static mln_err reach_resource(const struct mln_lookup *l, struct mln_slice id,
                              struct mln_reach *ret)
{
    struct mln_resource r;
    mln_err err = mln_locate_lookup(l, id, &r);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (r.ty != MLN_TY_AE) {
        return MLN_OK;
    }
    MLN_TRY(mln_reach_ae(l, &r, ret));
    ret->partner = mln_originate_ae(l->cse, r.ri);
    if (ret->partner) {
        (void)mln_pack_find(r.attrs, MLN_S("esi"), &ret->esi);
    }
    return MLN_OK;
}

/* By the next CSE on the way. Where there is none now, there may be one later. */
static mln_err reach_elsewhere(const struct mln_lookup *l, struct mln_slice target,
                               struct mln_reach *ret)
{
    struct mln_remote way;
    mln_err err = mln_remote_route(l, target, false, &way, ret);
    bool is_no_way = err.code == MLN_ERR_NOT_FOUND || err.code == MLN_ERR_NOT_REACHABLE;

    ret->partner = mln_originate_elsewhere(l->cse, target);
    return is_no_way ? MLN_OK : err;
}

mln_err mln_reach_find(const struct mln_lookup *l, struct mln_slice target, struct mln_reach *ret)
{
    struct mln_slice local;
    struct mln_slice plain;
    struct mln_slice ct;

    *ret = nobody;
    MLN_TRY(mln_reach_strip(l->arena, target, &plain, &ct));
    if (mln_ident_is_url(plain)) {
        ret->urls[ret->count++] = plain;
    } else if (mln_ident_place(plain, &l->cse->names, &local) != MLN_PLACE_HERE) {
        MLN_TRY(reach_elsewhere(l, plain, ret));
    } else {
        MLN_TRY(reach_resource(l, plain, ret));
    }
    ct = mln_cse_serialisation(l->cse, ct);
    if (ct.len) {
        ret->serialisation = ct;
    }
    return MLN_OK;
}

mln_err mln_reach_is_originator(const struct mln_exec *e, struct mln_slice target, bool *ret)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_slice plain;
    struct mln_slice ct;
    struct mln_resource r;
    mln_err err;

    *ret = false;
    MLN_TRY(mln_reach_strip(l.arena, target, &plain, &ct));
    if (!e->originator.is_registered || mln_ident_is_url(plain)) {
        return MLN_OK;
    }
    err = mln_locate_lookup(&l, plain, &r);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    *ret = r.ty == MLN_TY_AE && mln_slice_eq(r.ri, e->originator.text);
    return MLN_OK;
}
