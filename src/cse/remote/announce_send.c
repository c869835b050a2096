/* What the deliverer sends for a copy, and what comes back. */
#include "base/mem.h"
#include "base/timestamp.h"
#include "cse/access/binding.h"
#include "cse/cse_int.h"
#include "cse/remote/announce.h"
#include "cse/remote/enrol.h"
#include "cse/remote/remote.h"
#include "model/special.h"

static mln_err settle(struct mln_announce_step *step, enum mln_announce_end end)
{
    step->what = MLN_ANNOUNCE_SETTLED;
    step->end = end;
    return MLN_OK;
}

/* ---- where to ---- */

/* Where no way leads, none will be found for a new copy; for one that is there it is waited. */
static mln_err find_way(const struct mln_lookup *l, const struct mln_copy *copy,
                        struct mln_slice to, struct mln_announce_step *step)
{
    struct mln_remote way;
    mln_err err = mln_remote_route(l, to, false, &way, &step->attempt.reach);

    step->what = MLN_ANNOUNCE_SEND;
    if (err.code == MLN_ERR_NOT_FOUND && copy->state == MLN_COPY_WANTED) {
        return settle(step, MLN_ANNOUNCE_REFUSED);
    }
    if (err.code == MLN_ERR_NOT_FOUND || err.code == MLN_ERR_NOT_REACHABLE) {
        step->what = MLN_ANNOUNCE_LATER;
        return MLN_OK;
    }
    MLN_TRY(err);
    if (!mln_reach_is_possible(&step->attempt.reach)) {
        step->what = MLN_ANNOUNCE_LATER;
        return MLN_OK;
    }
    step->attempt.rvi = step->attempt.reach.rvi;
    return mln_announce_us(l->cse, copy->host, l->arena, &step->attempt.fr);
}

static bool is_instance(const struct mln_lookup *l, const struct mln_resource *original)
{
    struct mln_resource parent;

    return !mln_failed(mln_locate_parent(l, original, &parent)) &&
           mln_model_type(parent.ty)->instance == original->ty;
}

/* The resource below which the copy is to stand: settled, later, or its address.
 * spec: TS-0004 7.3.3.10, TS-0001 9.6.26.1 */
static mln_err find_place(const struct mln_lookup *l, const struct mln_resource *original,
                          const struct mln_copy *copy, struct mln_announce_step *step,
                          struct mln_slice *ret)
{
    struct mln_copy above;
    mln_err err;

    *ret = copy->place;
    if (copy->place.len) {
        return MLN_OK;
    }
    if (original->id == l->cse->base_id) {
        return mln_ident_join(l->arena, copy->host, MLN_S("-"), ret);
    }
    err = mln_copy_at(l, original->parent, copy->host, &above);
    if (err.code == MLN_ERR_NOT_FOUND && !is_instance(l, original)) {
        err = mln_copy_at(l, l->cse->base_id, copy->host, &above);
    }
    if (err.code == MLN_ERR_NOT_FOUND) {
        return settle(step, MLN_ANNOUNCE_REFUSED);
    }
    MLN_TRY(err);
    *ret = above.address;
    step->above = above.lane;
    if (above.state != MLN_COPY_KEPT) {
        step->what = MLN_ANNOUNCE_LATER;
    }
    return MLN_OK;
}

/* ---- the requests ---- */

static mln_err create(const struct mln_lookup *l, const struct mln_resource *original,
                      const struct mln_copy *copy, struct mln_announce_step *step)
{
    struct mln_value *params = mln_value_new(l->arena, MLN_V_OBJECT);
    struct mln_slice place;

    MLN_REQUIRE(params, NO_MEMORY);
    step->end = MLN_ANNOUNCE_CREATED;
    MLN_TRY(find_place(l, original, copy, step, &place));
    if (step->what != MLN_ANNOUNCE_SEND) {
        return MLN_OK;
    }
    MLN_TRY(mln_value_set(params, MLN_S("ty"), mln_value_uint(l->arena, copy->ty)));
    step->attempt.op = MLN_OP_CREATE;
    step->attempt.params = params;
    MLN_TRY(mln_announce_content(l, original, copy, step));
    return find_way(l, copy, place, step);
}

static mln_err update(const struct mln_lookup *l, const struct mln_resource *original,
                      const struct mln_copy *copy, struct mln_announce_step *step)
{
    step->end = MLN_ANNOUNCE_UPDATED;
    step->attempt.op = MLN_OP_UPDATE;
    MLN_TRY(mln_announce_content(l, original, copy, step));
    return step->attempt.content.len ? find_way(l, copy, copy->address, step)
                                     : settle(step, MLN_ANNOUNCE_NOTHING);
}

/* spec: TS-0001 10.2.6: by its link, which no other copy there has */
static mln_err look_for(const struct mln_lookup *l, const struct mln_copy *copy,
                        struct mln_announce_step *step)
{
    struct mln_value *params = mln_value_new(l->arena, MLN_V_OBJECT);
    struct mln_value *criteria = mln_value_new(l->arena, MLN_V_OBJECT);
    struct mln_value *types = mln_value_new(l->arena, MLN_V_ARRAY);
    struct mln_value *attributes = mln_value_new(l->arena, MLN_V_ARRAY);
    struct mln_value *attribute = mln_value_new(l->arena, MLN_V_OBJECT);
    struct mln_slice to;

    MLN_REQUIRE(params && criteria && types && attributes && attribute, NO_MEMORY);
    MLN_TRY(mln_value_append(types, mln_value_uint(l->arena, copy->ty)));
    MLN_TRY(mln_value_set(attribute, MLN_S("nm"), mln_value_text(l->arena, MLN_S("lnk"))));
    MLN_TRY(mln_value_set(attribute, MLN_S("val"), mln_value_text(l->arena, copy->link)));
    MLN_TRY(mln_value_append(attributes, attribute));
    MLN_TRY(mln_value_set(criteria, MLN_S("fu"), mln_value_uint(l->arena, 1)));
    MLN_TRY(mln_value_set(criteria, MLN_S("ty"), types));
    MLN_TRY(mln_value_set(criteria, MLN_S("atr"), attributes));
    MLN_TRY(mln_value_set(params, MLN_S("fc"), criteria));
    MLN_TRY(mln_ident_join(l->arena, copy->host, MLN_S("-"), &to));
    step->end = MLN_ANNOUNCE_FOUND;
    step->attempt.op = MLN_OP_RETRIEVE;
    step->attempt.params = params;
    return find_way(l, copy, to, step);
}

static mln_err take_away(const struct mln_lookup *l, const struct mln_copy *copy, bool may_be_there,
                         struct mln_announce_step *step)
{
    if (!copy->address.len) {
        return may_be_there ? look_for(l, copy, step) : settle(step, MLN_ANNOUNCE_NOTHING);
    }
    step->end = MLN_ANNOUNCE_DELETED;
    step->attempt.op = MLN_OP_DELETE;
    return find_way(l, copy, copy->address, step);
}

/* ---- <AEAnnc> of an AE with an AE-ID of the service provider ---- */

/* Says who the AE is and that it is registered here: makes what the IN-CSE has lost. */
static mln_err enrol(const struct mln_lookup *l, const struct mln_copy *copy, bool may_be_there,
                     struct mln_announce_step *step)
{
    bool is_there = copy->address.len > 0 || may_be_there;
    struct mln_value *params = mln_value_new(l->arena, MLN_V_OBJECT);
    struct mln_binding binding = { 0 };
    struct mln_resource ae;
    struct mln_enrol_facts facts = { .cse_id = l->cse->names.cse_id,
                                     .until_us = MLN_TIMESTAMP_MAX };
    struct mln_slice to;
    mln_err err;

    MLN_REQUIRE(params, NO_MEMORY);
    MLN_TRY(mln_store_get(l->view, copy->lane.subscription, l->arena, &ae));
    err = mln_binding_get(l->view, l->arena, ae.ri, &binding);
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    facts.stem = ae.ri;
    facts.credential_id = binding.credential_id;
    MLN_TRY(mln_ident_join(l->arena, copy->host, is_there ? ae.ri : MLN_S("-"), &to));
    if (!is_there) {
        MLN_REQUIRE(mln_pack_find_text(ae.attrs, MLN_S("api"), &facts.app_id) &&
                        mln_pack_find(ae.attrs, MLN_S("srv"), &facts.releases),
                    STORE_CORRUPT);
        MLN_TRY(mln_value_set(params, MLN_S("ty"), mln_value_uint(l->arena, copy->ty)));
    }
    step->end = is_there ? MLN_ANNOUNCE_UPDATED : MLN_ANNOUNCE_CREATED;
    step->attempt.op = is_there ? MLN_OP_UPDATE : MLN_OP_CREATE;
    step->attempt.params = params;
    MLN_TRY(mln_enrol_content(&facts, l->arena, &step->attempt.content));
    MLN_TRY(find_way(l, copy, to, step));
    return mln_ident_join(l->arena, facts.cse_id, ae.ri, &step->attempt.fr);
}

/* spec: TS-0004 7.4.5.2.4. An AE that has registered here again stays. */
static mln_err part(const struct mln_lookup *l, const struct mln_copy *copy,
                    struct mln_announce_step *step)
{
    struct mln_slice stem = mln_slice_from(copy->link, l->cse->names.cse_id.len + 1);
    struct mln_resource ae;
    struct mln_buf out;
    mln_err err = mln_store_find(l->view, stem, l->arena, &ae);

    if (!mln_failed(err) || !copy->address.len) {
        return settle(step, MLN_ANNOUNCE_NOTHING);
    }
    if (err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    mln_buf_init(&out, l->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:aeA"));
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("lnk"));
    mln_pack_text(&out, MLN_S("INACTIVE"));
    MLN_TRY(mln_buf_finish(&out, &step->attempt.content));
    step->end = MLN_ANNOUNCE_UPDATED;
    step->attempt.op = MLN_OP_UPDATE;
    return find_way(l, copy, copy->address, step);
}

mln_err mln_announce_next(const struct mln_lookup *l, struct mln_lane lane, bool may_be_there,
                          struct mln_announce_step *ret)
{
    struct mln_copy copy;
    struct mln_resource original;
    mln_err err = mln_copy_get(l->view, lane, l->arena, &copy);

    *ret = (struct mln_announce_step){ .what = MLN_ANNOUNCE_SEND };
    if (err.code == MLN_ERR_NOT_FOUND) {
        return settle(ret, MLN_ANNOUNCE_NOTHING);
    }
    MLN_TRY(err);
    ret->host = copy.host;
    if (copy.state == MLN_COPY_LEAVING) {
        return take_away(l, &copy, may_be_there, ret);
    }
    if (copy.state >= MLN_COPY_ENROLLED) {
        return copy.state == MLN_COPY_ENROLLED ? enrol(l, &copy, may_be_there, ret)
                                               : part(l, &copy, ret);
    }
    MLN_TRY(mln_store_get(l->view, lane.subscription, l->arena, &original));
    if (!mln_announce_type(mln_special_of(&original))) {
        return settle(ret, MLN_ANNOUNCE_REFUSED); /* its definition was taken away */
    }
    if (copy.state == MLN_COPY_KEPT) {
        return update(l, &original, &copy, ret);
    }
    return may_be_there ? look_for(l, &copy, ret) : create(l, &original, &copy, ret);
}

/* ---- answers ---- */

static mln_err make_outcome(enum mln_announce_end end, struct mln_slice address,
                            struct mln_slice sent, struct mln_announce_outcome **ret)
{
    struct mln_announce_outcome *o = mln_calloc(1, sizeof *o + address.len + sent.len);

    MLN_REQUIRE(o, NO_MEMORY);
    o->end = end;
    o->until_us = MLN_NO_TIME;
    if (address.len) {
        memcpy(o->bytes, address.ptr, address.len);
    }
    if (sent.len) {
        memcpy(o->bytes + address.len, sent.ptr, sent.len);
    }
    o->address = mln_slice_of(o->bytes, address.len);
    o->sent = mln_slice_of(o->bytes + address.len, sent.len);
    *ret = o;
    return MLN_OK;
}

mln_err mln_announce_ended(enum mln_announce_end end, struct mln_announce_outcome **ret)
{
    return make_outcome(end, (struct mln_slice){ 0 }, (struct mln_slice){ 0 }, ret);
}

/* Will the other CSE say the same again? */
static bool is_final(enum mln_rsc rsc)
{
    return (int)rsc >= 4000 && rsc != MLN_RSC_REQUEST_TIMEOUT &&
           ((int)rsc < 5000 || rsc == MLN_RSC_NOT_IMPLEMENTED);
}

static struct mln_slice text_of(const struct mln_value *v)
{
    return v && v->kind == MLN_V_TEXT ? v->text : (struct mln_slice){ 0 };
}

/* Where the copy is, by what the other CSE calls it. */
static struct mln_slice address_in(const struct mln_announce_step *step,
                                   const struct mln_outbound_answer *answer)
{
    const struct mln_value *root =
        answer->pc && answer->pc->kind == MLN_V_OBJECT ? answer->pc->items.first : NULL;
    struct mln_slice ri;

    if (step->end == MLN_ANNOUNCE_FOUND) {
        return text_of(root && root->kind == MLN_V_ARRAY ? root->items.first : NULL);
    }
    ri = text_of(mln_value_get(root, MLN_S("ri")));
    return ri.len ? ri : answer->location;
}

static int64_t expiration_in(const struct mln_outbound_answer *answer)
{
    const struct mln_value *root =
        answer->pc && answer->pc->kind == MLN_V_OBJECT ? answer->pc->items.first : NULL;
    struct mln_slice et = text_of(mln_value_get(root, MLN_S("et")));
    int64_t us;

    return et.len && mln_timestamp_parse(et, &us) ? us : MLN_NO_TIME;
}

static mln_err succeeded(const struct mln_announce_step *step,
                         const struct mln_outbound_answer *answer,
                         struct mln_announce_outcome **ret)
{
    struct mln_slice address = { 0 };
    char whole[1024]; /* identifiers are shorter */
    struct mln_slice host = step->host;

    if (step->end == MLN_ANNOUNCE_CREATED || step->end == MLN_ANNOUNCE_FOUND) {
        address = address_in(step, answer);
        if (!address.len || host.len + 1 + address.len > sizeof whole) {
            return mln_announce_ended(
                step->end == MLN_ANNOUNCE_FOUND ? MLN_ANNOUNCE_ABSENT : MLN_ANNOUNCE_REFUSED, ret);
        }
    }
    if (address.len && address.ptr[0] != '/') {
        memcpy(whole, host.ptr, host.len);
        whole[host.len] = '/';
        memcpy(whole + host.len + 1, address.ptr, address.len);
        address = mln_slice_of(whole, host.len + 1 + address.len);
    }
    MLN_TRY(make_outcome(step->end, address, step->sent, ret));
    (*ret)->until_us = expiration_in(answer);
    (*ret)->has_more = step->has_more;
    (*ret)->says_life = step->says_life;
    return MLN_OK;
}

mln_err mln_announce_answered(const struct mln_announce_step *step,
                              const struct mln_outbound_answer *answer,
                              struct mln_announce_outcome **ret)
{
    *ret = NULL;
    if (mln_attempt_succeeded(answer)) {
        return succeeded(step, answer, ret);
    }
    if (mln_failed(answer->err) || !answer->has_rsc || !is_final(answer->rsc)) {
        return MLN_OK;
    }
    if (answer->rsc == MLN_RSC_NOT_FOUND && step->end == MLN_ANNOUNCE_UPDATED) {
        return mln_announce_ended(MLN_ANNOUNCE_GONE, ret);
    }
    if (step->is_extra) {
        return mln_announce_ended(MLN_ANNOUNCE_DECLINED, ret);
    }
    if (step->end == MLN_ANNOUNCE_FOUND) { /* who may not look finds nothing */
        return mln_announce_ended(MLN_ANNOUNCE_ABSENT, ret);
    }
    MLN_TRY(mln_announce_ended(MLN_ANNOUNCE_REFUSED, ret));
    if (answer->rsc == MLN_RSC_NOT_FOUND) {
        (*ret)->above = step->above;
    }
    return MLN_OK;
}
