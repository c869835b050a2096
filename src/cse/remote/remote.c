/* Finding other CSEs. */
#include "cse/remote/remote.h"

#include "cse/access/assigned.h"
#include "cse/access/binding.h"
#include "cse/cse_int.h"
#include "cse/remote/errand.h"

bool mln_remote_is_registrar(const struct mln_cse *cse, const struct mln_entity *entity)
{
    struct mln_entity registrar;

    return cse->options.registrar.cse_id.len &&
           mln_entity_parse_cse(cse->options.registrar.cse_id, &cse->names, &registrar) &&
           mln_entity_eq(&registrar, entity);
}

bool mln_remote_host(const struct mln_cse *cse, struct mln_slice to, struct mln_entity *ret)
{
    size_t begin =
        mln_slice_starts(to, MLN_S("//")) ? 2 + mln_slice_find(mln_slice_from(to, 2), '/') : 0;
    size_t end = begin + 1;

    if (begin >= to.len || to.ptr[begin] != '/') {
        return false;
    }
    while (end < to.len && to.ptr[end] != '/' && to.ptr[end] != '#') {
        end++;
    }
    return mln_entity_parse_cse(mln_slice_head(to, end), &cse->names, ret);
}

/* ---- other service providers ---- */

static bool entity_of_peer(const struct mln_cse *cse, size_t i, struct mln_entity *ret)
{
    return mln_entity_parse_cse(cse->options.peers[i].domain, &cse->names, ret);
}

/* The place of its service provider among the peers; their count when there is none. */
static size_t find_peer(const struct mln_cse *cse, const struct mln_entity *entity)
{
    struct mln_entity gateway;
    size_t i = 0;

    while (i < cse->options.peer_count &&
           !(entity_of_peer(cse, i, &gateway) && mln_entity_same_sp(&gateway, entity))) {
        i++;
    }
    return i;
}

bool mln_remote_is_peer(const struct mln_cse *cse, const struct mln_entity *entity)
{
    return find_peer(cse, entity) < cse->options.peer_count;
}

bool mln_remote_is_gateway(const struct mln_cse *cse, const struct mln_entity *entity)
{
    size_t i = find_peer(cse, entity);
    struct mln_entity gateway;

    return i < cse->options.peer_count && entity_of_peer(cse, i, &gateway) &&
           mln_entity_eq(&gateway, entity);
}

/* ---- the <remoteCSE> ---- */

mln_err mln_remote_find(const struct mln_lookup *l, const struct mln_entity *cse,
                        struct mln_remote *ret)
{
    struct mln_remote first = { 0 }; /* of those that say that it is behind them */
    struct mln_assigned a;
    struct mln_resource r;
    mln_err err;

    MLN_TRY(mln_assigned_cses(cse, &a));
    while (!mln_failed(err = mln_assigned_next(&a, l->view, l->arena, &r))) {
        struct mln_entity owner;
        struct mln_slice csi;

        if (r.et <= l->now_us || !mln_pack_find_text(r.attrs, MLN_S("csi"), &csi) ||
            !mln_entity_parse_cse(csi, &l->cse->names, &owner)) {
            continue;
        }
        if (mln_entity_eq(&owner, cse)) {
            *ret = (struct mln_remote){ r, owner, mln_remote_is_registrar(l->cse, &owner) };
            return MLN_OK;
        }
        if (!first.cse.cse.len) {
            first = (struct mln_remote){ r, owner, mln_remote_is_registrar(l->cse, &owner) };
        }
    }
    if (first.cse.cse.len && err.code == MLN_ERR_NOT_FOUND) {
        *ret = first;
        return MLN_OK;
    }
    return err;
}

/* ---- whom a neighbour may speak for ---- */

static bool is_us(const struct mln_cse *cse, const struct mln_entity *entity)
{
    struct mln_entity ours;

    return mln_entity_parse_cse(cse->names.cse_id, &cse->names, &ours) &&
           mln_entity_eq(&ours, entity);
}

/* Who is registered here, or is the registrar; others have nobody behind them. */
static mln_err is_neighbour(const struct mln_lookup *l, const struct mln_entity *peer, bool *ret)
{
    struct mln_remote way;
    mln_err err = mln_remote_find(l, peer, &way);

    *ret = mln_remote_is_registrar(l->cse, peer);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    *ret = *ret || mln_entity_eq(&way.cse, peer);
    return MLN_OK;
}

/* spec: security.md 4.1 rows 4, 6: never for another registree. The registrar speaks for anybody
 * else, also for what lies behind a registree: a group that it hosts may ask on its behalf. */
static mln_err leads_to(const struct mln_lookup *l, const struct mln_entity *peer,
                        const struct mln_entity *home, bool *ret)
{
    bool is_from_above = mln_remote_is_registrar(l->cse, peer);
    struct mln_remote way;
    mln_err err = mln_remote_find(l, home, &way);

    if (err.code == MLN_ERR_NOT_FOUND) {
        *ret = is_from_above;
        return MLN_OK;
    }
    MLN_TRY(err);
    *ret = mln_entity_eq(&way.cse, peer) || (is_from_above && !mln_entity_eq(&way.cse, home));
    return MLN_OK;
}

bool mln_remote_is_ae(const struct mln_cse *cse, const struct mln_resource *annc)
{
    return annc->ty == MLN_TY_AEA && annc->parent == cse->base_id;
}

mln_err mln_remote_find_ae(const struct mln_lookup *l, struct mln_slice stem,
                           struct mln_remote *ret)
{
    struct mln_resource annc;
    struct mln_entity host;
    struct mln_slice link;

    MLN_TRY(mln_store_find(l->view, stem, l->arena, &annc));
    MLN_REQUIRE(mln_remote_is_ae(l->cse, &annc) && annc.et > l->now_us &&
                    mln_pack_find_text(annc.attrs, MLN_S("lnk"), &link) &&
                    mln_remote_host(l->cse, link, &host),
                NOT_FOUND);
    return mln_remote_find(l, &host, ret);
}

mln_err mln_remote_find_namesake(const struct mln_lookup *l, struct mln_slice stem,
                                 struct mln_remote *ret)
{
    struct mln_entity cse = { .sp = mln_slice_from(l->cse->names.sp_id, 2), .cse = stem };
    struct mln_binding binding;
    struct mln_remote way;
    mln_err err;

    MLN_TRY(mln_remote_find(l, &cse, &way));
    if (!mln_entity_eq(&way.cse, &cse)) {
        err = mln_binding_get(l->view, l->arena, stem, &binding);
        MLN_REQUIRE(mln_failed(err), NOT_FOUND);
        if (err.code != MLN_ERR_NOT_FOUND) {
            return err;
        }
    }
    *ret = way;
    return MLN_OK;
}

/* By its CSE-ID, or of the SP and registered here; or our CSE-ID where that begins with 'S'. */
static mln_err is_our_ae(const struct mln_lookup *l, const struct mln_entity *entity, bool *ret)
{
    struct mln_entity home = { .sp = entity->sp, .cse = entity->cse };
    struct mln_resource ae;
    mln_err err;

    if (!home.cse.len) {
        home.cse = entity->stem;
    }
    *ret = is_us(l->cse, &home);
    if (*ret || entity->cse.len) {
        return MLN_OK;
    }
    err = mln_store_find(l->view, entity->stem, l->arena, &ae);
    *ret = !mln_failed(err) && ae.ty == MLN_TY_AE && ae.et > l->now_us;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* An AE-ID of an SP does not say where the AE is; and it may be a CSE-ID that begins with 'S'. The
 * IN-CSE knows each, so that nobody else leads there, but for a group that it asked. */
static mln_err is_known_of_sp(const struct mln_lookup *l, const struct mln_errand *ask, bool *ret)
{
    struct mln_slice stem = ask->originator.stem;
    struct mln_remote way;
    mln_err err = mln_remote_find_namesake(l, stem, &way);

    if (!mln_failed(err)) {
        *ret = mln_entity_eq(&way.cse, &ask->neighbour);
        return MLN_OK;
    }
    if (err.code == MLN_ERR_NOT_FOUND) {
        err = mln_remote_find_ae(l, stem, &way);
    }
    *ret = !mln_failed(err) &&
           (mln_entity_eq(&way.cse, &ask->neighbour) || mln_errand_is_known(l->cse, ask));
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* Other CSEs know none: they believe their registrar, where that is checked. */
static mln_err may_be_of_sp(const struct mln_lookup *l, const struct mln_errand *ask, bool *ret)
{
    struct mln_entity cse = { .sp = ask->originator.sp, .cse = ask->originator.stem };

    if (l->cse->options.type == MLN_CSE_TYPE_IN) {
        return is_known_of_sp(l, ask, ret);
    }
    if (mln_remote_is_registrar(l->cse, &ask->neighbour)) {
        return leads_to(l, &ask->neighbour, &cse, ret);
    }
    *ret = mln_errand_is_known(l->cse, ask);
    return MLN_OK;
}

mln_err mln_remote_speaks_for(const struct mln_lookup *l, const struct mln_errand *ask, bool *ret)
{
    const struct mln_entity *peer = &ask->neighbour;
    const struct mln_entity *entity = &ask->originator;
    struct mln_entity home = { .sp = entity->sp, .cse = entity->cse };
    bool is_ours;

    if (mln_entity_eq(&home, peer)) {
        *ret = true;
        return MLN_OK;
    }
    if (!mln_entity_is_at_home(peer, &l->cse->names)) {
        *ret = mln_remote_is_gateway(l->cse, peer) && mln_entity_same_sp(entity, peer);
        return MLN_OK;
    }
    MLN_TRY(is_neighbour(l, peer, ret));
    if (!*ret) {
        return MLN_OK;
    }
    if (!mln_entity_is_at_home(entity, &l->cse->names)) {
        *ret = mln_remote_is_registrar(l->cse, peer); /* they come in by our IN-CSE, from above */
        return MLN_OK;
    }
    MLN_TRY(is_our_ae(l, entity, &is_ours));
    if (is_ours) {
        *ret = entity->stem.len > 0 && mln_errand_is_known(l->cse, ask);
        return MLN_OK;
    }
    return home.cse.len ? leads_to(l, peer, &home, ret) : may_be_of_sp(l, ask, ret);
}

/* ---- the way to another CSE ---- */

static mln_err find_registrar(const struct mln_lookup *l, struct mln_remote *ret)
{
    struct mln_entity registrar;
    mln_err err;

    MLN_REQUIRE(
        l->cse->options.registrar.cse_id.len &&
            mln_entity_parse_cse(l->cse->options.registrar.cse_id, &l->cse->names, &registrar),
        NOT_FOUND);
    err = mln_remote_find(l, &registrar, ret);
    MLN_REQUIRE(err.code != MLN_ERR_NOT_FOUND, NOT_REACHABLE);
    return err;
}

/* To the IN-CSE of that service provider: by the settings, or without a point of access there by
 * its <remoteCSE>. Only our IN-CSE leads out. spec: TS-0001 6.5.1.0, 6.5.2.2 */
static mln_err route_abroad(const struct mln_lookup *l, const struct mln_entity *host,
                            struct mln_slice to, struct mln_remote *ret,
                            struct mln_reach *ret_reach)
{
    const struct mln_cse_options *o = &l->cse->options;
    size_t i = find_peer(l->cse, host);
    struct mln_entity gateway;
    mln_err err;

    MLN_REQUIRE(i < o->peer_count && entity_of_peer(l->cse, i, &gateway), NOT_FOUND);
    if (!o->peers[i].value.len) {
        err = mln_remote_find(l, &gateway, ret);
        MLN_REQUIRE(err.code != MLN_ERR_NOT_FOUND, NOT_REACHABLE);
        MLN_TRY(err);
        MLN_TRY(mln_reach_cse(l, &ret->resource, to, ret_reach));
        ret_reach->is_abroad = true;
        return MLN_OK;
    }
    *ret = (struct mln_remote){ .resource = { .id = UINT64_MAX - i }, .cse = gateway };
    *ret_reach = (struct mln_reach){ .urls = { o->peers[i].value },
                                     .count = 1,
                                     .to = to,
                                     .is_through_cse = true,
                                     .is_abroad = true,
                                     .serialisation = MLN_S("json"),
                                     .rvi = MLN_S("3"),
                                     .credential_id = o->peers[i].credential_id };
    return MLN_OK;
}

mln_err mln_remote_route(const struct mln_lookup *l, struct mln_slice to, bool is_from_above,
                         struct mln_remote *ret, struct mln_reach *ret_reach)
{
    struct mln_entity host;
    struct mln_remote way = { 0 };
    bool is_abroad;
    mln_err err;

    MLN_REQUIRE(mln_remote_host(l->cse, to, &host), NOT_FOUND);
    is_abroad = !mln_entity_is_at_home(&host, &l->cse->names);
    if (is_abroad && l->cse->options.type == MLN_CSE_TYPE_IN) {
        MLN_REQUIRE(!is_from_above, NOT_FOUND);
        return route_abroad(l, &host, to, ret, ret_reach);
    }
    err = mln_remote_find(l, &host, &way);
    if (err.code == MLN_ERR_NOT_FOUND && !is_from_above) {
        err = find_registrar(l, &way);
    }
    MLN_TRY(err);
    MLN_REQUIRE(!(way.is_registrar && is_from_above), NOT_FOUND);
    MLN_TRY(mln_reach_cse(l, &way.resource, to, ret_reach));
    if (way.is_registrar) {
        ret_reach->credential_id = l->cse->options.registrar.credential_id;
    }
    *ret = way;
    return MLN_OK;
}
