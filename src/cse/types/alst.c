/* <AEContactList>: the CSEs whose resources refer to AEs. Made and changed by this CSE only, as the
 * others tell. spec: TS-0004 7.4.53, 7.5.1.2.17; TS-0001 9.6.45, 9.6.46 */
#include "cse/types/alst.h"

#include "base/timestamp.h"
#include "cse/notify/event.h"
#include "cse/pipeline/draft.h"
#include "cse/remote/remote.h"
#include "cse/tree.h"

const struct mln_type_ops mln_alst_ops = {
    .ty = MLN_TY_ALST,
    .operations = MLN_OPS_RETRIEVE,
};

/* ---- the notification ---- */

static const struct mln_value *notification(const struct mln_exec *e)
{
    const struct mln_value *root =
        e->req.op == MLN_OP_NOTIFY && e->req.pc && e->req.pc->kind == MLN_V_OBJECT
            ? e->req.pc->items.first
            : NULL;

    return root && mln_slice_eq(root->name, MLN_S("m2m:sgn")) ? root : NULL;
}

static bool is_to_base(const struct mln_exec *e)
{
    const struct mln_names *names = &e->cse->names;
    struct mln_slice local;

    return mln_ident_place(e->req.to, names, &local) == MLN_PLACE_HERE &&
           (local.len == 0 || mln_locate_is_base(names, local) ||
            mln_slice_eq(local, mln_slice_from(names->cse_id, 1)));
}

bool mln_contacts_concerns(const struct mln_exec *e)
{
    const struct mln_value *changes = mln_value_get(notification(e), MLN_S("aerid"));

    return changes && changes->kind == MLN_V_BOOL && changes->boolean &&
           e->cse->options.type == MLN_CSE_TYPE_IN && is_to_base(e);
}

mln_err mln_contacts_may(const struct mln_exec *e, bool *ret)
{
    const struct mln_entity *o = &e->originator.entity;
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_remote remote;
    mln_err err;

    *ret = false;
    if (!mln_contacts_concerns(e) || o->cse.len == 0 || o->stem.len > 0) {
        return MLN_OK;
    }
    err = mln_remote_find(&l, o, &remote);
    *ret = !mln_failed(err);
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* trackingID1 or trackingID2: an AE at its registrar; empty when it is not there, or NULL. */
static mln_err tracked(const struct mln_exec *e, struct mln_slice name, struct mln_slice *ret)
{
    const struct mln_value *v = mln_value_get(notification(e), name);
    struct mln_entity entity;

    *ret = v && v->kind == MLN_V_TEXT ? v->text : (struct mln_slice){ 0 };
    if (ret->len > e->cse->options.limits->identifier_bytes) {
        mln_fault_set(e->fault, "%.*s: too long", MLN_S_ARG(name));
        MLN_FAIL(LIMIT);
    }
    if (ret->len && (ret->ptr[0] != '/' || mln_slice_starts(*ret, MLN_S("//")) ||
                     !mln_entity_parse(*ret, &e->cse->names, &entity) || entity.stem.len == 0)) {
        mln_fault_set(e->fault, "%.*s: no SP-relative-Resource-ID of an AE", MLN_S_ARG(name));
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* ---- the lists ---- */

static mln_err pack(const struct mln_change *c, const struct mln_value *v, struct mln_slice *ret)
{
    struct mln_buf buf;

    mln_buf_init(&buf, c->arena, SIZE_MAX);
    mln_pack_value(&buf, v);
    return mln_buf_finish(&buf, ret);
}

/* A resource of ours below the parent. */
static mln_err make(const struct mln_change *c, const struct mln_resource *parent,
                    struct mln_resource *r)
{
    struct mln_event event = { .type = MLN_EVENT_CHILD_CREATED, .subject = parent, .about = r };
    char *ri = mln_arena_alloc(c->arena, MLN_RI_SIZE);

    MLN_REQUIRE(ri, NO_MEMORY);
    MLN_TRY(mln_store_new_id(c->write, mln_model_type(r->ty)->short_name, &r->id, ri, &r->ri.len));
    r->ri.ptr = ri;
    r->parent = parent->id;
    r->pi = parent->ri;
    r->ct = c->now_us;
    r->lt = c->now_us;
    r->et = MLN_TIMESTAMP_MAX;
    r->cr = c->cse->names.cse_id;
    MLN_TRY(mln_store_put(c->write, NULL, r));
    r->rn = r->rn.len ? r->rn : r->ri;
    return mln_event_publish(c, &event);
}

static mln_err change(const struct mln_change *c, struct mln_resource *r, struct mln_slice name,
                      struct mln_value *value)
{
    struct mln_resource old = *r;
    const struct mln_selection modified = { &name, 1 };
    struct mln_event event = {
        .type = MLN_EVENT_UPDATE, .subject = r, .about = r, .modified = &modified
    };
    struct mln_value *attributes;

    MLN_TRY(mln_pack_to_value(old.attrs, c->arena, &attributes));
    (void)mln_value_take(attributes, name);
    MLN_TRY(mln_value_set(attributes, name, value));
    MLN_TRY(pack(c, attributes, &r->attrs));
    r->lt = c->now_us;
    MLN_TRY(mln_store_put(c->write, &old, r));
    return mln_event_publish(c, &event);
}

/* The list; NOT_FOUND: there is none yet. */
static mln_err find_list(const struct mln_change *c, struct mln_resource *ret)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = c->cse->base_id,
                                  .ty = MLN_TY_ALST };
    uint64_t id;

    MLN_TRY(mln_scan_open(c->view, &spec, &scan));
    MLN_TRY(mln_scan_next(scan, &id, NULL));
    return mln_store_get(c->view, id, c->arena, ret);
}

/* The list of all; empty when it is new. */
static mln_err make_list(const struct mln_change *c, struct mln_resource *ret)
{
    struct mln_value *v = mln_value_new(c->arena, MLN_V_OBJECT);
    struct mln_resource base;

    MLN_REQUIRE(v, NO_MEMORY);
    *ret = (struct mln_resource){ .ty = MLN_TY_ALST };
    MLN_TRY(mln_store_get(c->view, c->cse->base_id, c->arena, &base));
    MLN_TRY(mln_value_set(v, MLN_S("nic"), mln_value_uint(c->arena, 0)));
    MLN_TRY(pack(c, v, &ret->attrs));
    return make(c, &base, ret);
}

static uint64_t count_of(const struct mln_resource *list)
{
    uint64_t count = 0;

    (void)mln_pack_find_u64(list->attrs, MLN_S("nic"), &count);
    return count;
}

static mln_err set_count(const struct mln_change *c, struct mln_resource *list, uint64_t count)
{
    return change(c, list, MLN_S("nic"), mln_value_uint(c->arena, count));
}

/* AE-IDList without the one and with the other. */
static mln_err new_list(const struct mln_change *c, struct mln_slice old, struct mln_slice gone,
                        struct mln_slice come, struct mln_value **ret)
{
    struct mln_value *v = mln_value_new(c->arena, MLN_V_ARRAY);
    struct mln_slice id;
    struct mln_walk w;

    MLN_REQUIRE(v, NO_MEMORY);
    for (mln_walk_begin(&w, old); mln_walk_next(&w);) {
        MLN_REQUIRE(mln_pack_text_of(w.item, &id), STORE_CORRUPT);
        if (!mln_slice_eq(id, gone) && !mln_slice_eq(id, come)) {
            MLN_TRY(mln_value_append(v, mln_value_text(c->arena, id)));
        }
    }
    if (come.len) {
        MLN_TRY(mln_value_append(v, mln_value_text(c->arena, come)));
    }
    MLN_REQUIRE(v->items.count <= c->cse->options.limits->contacts, LIMIT);
    *ret = v;
    return MLN_OK;
}

/* What is known, before anything is written: ids are 0 of what is not there. */
struct contacts {
    struct mln_resource all;
    struct mln_resource own; /* of the CSE */
    struct mln_value *aes;   /* that it refers to from now on */
};

static mln_err find_contacts(const struct mln_change *c, struct mln_slice cse,
                             struct mln_slice *aes, struct contacts *ret)
{
    mln_err err = find_list(c, &ret->all);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    err = mln_store_child(c->view, ret->all.id, cse, c->arena, &ret->own);
    if (!mln_failed(err)) {
        (void)mln_pack_find(ret->own.attrs, MLN_S("ail"), aes);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err add_cse(struct mln_exec *e, const struct mln_change *c, struct contacts *k)
{
    struct mln_value *v = mln_value_new(c->arena, MLN_V_OBJECT);
    struct mln_slice cse_id;

    MLN_REQUIRE(v, NO_MEMORY);
    MLN_TRY(mln_entity_cse_id(&e->originator.entity, &e->cse->names, e->arena, &cse_id));
    k->own = (struct mln_resource){ .ty = MLN_TY_ALPC, .rn = e->originator.entity.cse };
    MLN_TRY(mln_value_set(v, MLN_S("csi"), mln_value_text(c->arena, cse_id)));
    MLN_TRY(mln_value_set(v, MLN_S("ail"), k->aes));
    MLN_TRY(pack(c, v, &k->own.attrs));
    if (!k->all.id) {
        MLN_TRY(make_list(c, &k->all));
    }
    MLN_TRY(make(c, &k->all, &k->own));
    return set_count(c, &k->all, count_of(&k->all) + 1);
}

static mln_err write_down(struct mln_exec *e, struct mln_change *c, struct contacts *k)
{
    if (!k->own.id && !k->aes->items.count) {
        return MLN_OK;
    }
    MLN_REQUIRE(k->own.id || count_of(&k->all) < e->cse->options.limits->contacts, LIMIT);
    MLN_TRY(mln_write_begin(e->view, mln_access_internal_grant(), &c->write));
    e->has_written = true;
    if (!k->own.id) {
        return add_cse(e, c, k);
    }
    if (k->aes->items.count) {
        return change(c, &k->own, MLN_S("ail"), k->aes);
    }
    MLN_TRY(mln_tree_remove(c, &k->own));
    return set_count(c, &k->all, count_of(&k->all) - 1);
}

mln_err mln_contacts_change(struct mln_exec *e)
{
    struct mln_change c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));
    struct mln_slice aes = MLN_S("\x80"); /* a packed list */
    struct contacts contacts = { 0 };
    struct mln_slice gone;
    struct mln_slice come;
    bool may;

    MLN_TRY(mln_contacts_may(e, &may));
    MLN_REQUIRE(may, NO_PRIVILEGE); /* whatever policies say: only a CSE can speak of its own */
    if (!mln_ident_is_name(e->originator.entity.cse) ||
        !mln_slice_eq(e->originator.entity.sp, mln_slice_from(e->cse->names.sp_id, 2))) {
        mln_fault_set(e->fault, "contacts are kept for CSEs of this service provider only");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    MLN_TRY(tracked(e, MLN_S("tid1"), &gone));
    MLN_TRY(tracked(e, MLN_S("tid2"), &come));
    if (!gone.len && !come.len) {
        mln_fault_set(e->fault, "trackingID1 or trackingID2 is missing");
        MLN_FAIL(ATTR_INVALID);
    }
    MLN_TRY(find_contacts(&c, e->originator.entity.cse, &aes, &contacts));
    MLN_TRY(new_list(&c, aes, gone, come, &contacts.aes));
    return write_down(e, &c, &contacts);
}
