/* Recv-6.7: answers. spec: TS-0004 7.3.3.12, 7.3.3.13; TS-0001 8.1.2 */
#include "base/log.h"
#include "base/timestamp.h"
#include "cse/discover/discover.h"
#include "cse/pipeline/pipeline.h"
#include "cse/represent.h"

static enum mln_rsc success_code(enum mln_op op)
{
    switch (op) {
    case MLN_OP_CREATE:
        return MLN_RSC_CREATED;
    case MLN_OP_UPDATE:
        return MLN_RSC_UPDATED;
    case MLN_OP_DELETE:
        return MLN_RSC_DELETED;
    case MLN_OP_RETRIEVE:
    case MLN_OP_NOTIFY:
        break;
    }
    return MLN_RSC_OK;
}

/* ---- modified attributes ---- */

/* The value in the request, as it would be stored. Times are compared as times. */
static bool is_as_requested(struct mln_exec *e, const struct mln_attribute *a,
                            struct mln_slice stored)
{
    const struct mln_value *v = mln_value_get(e->attributes, a->name);
    struct mln_buf buf;
    struct mln_slice packed;
    int64_t us;

    if (!v || v->kind == MLN_V_NULL) {
        return false;
    }
    if (a->slot == MLN_SLOT_ET) {
        return mln_timestamp_parse(v->text, &us) && us == e->result.et;
    }
    mln_buf_init(&buf, e->arena, SIZE_MAX);
    mln_pack_value(&buf, v);
    return !mln_failed(mln_buf_finish(&buf, &packed)) && mln_slice_eq(packed, stored);
}

/* spec: TS-0001 8.1.2 modified-attributes: what the originator does not know already, also where
 * a value other than the wanted one is that from before */
static bool is_news(struct mln_exec *e, const struct mln_attribute *a)
{
    struct mln_slice after;
    struct mln_slice before;

    if (!mln_represent_attribute(&e->result, a, e->arena, &after) || is_as_requested(e, a, after)) {
        return false;
    }
    return e->req.op == MLN_OP_CREATE || mln_value_get(e->attributes, a->name) ||
           !mln_represent_attribute(&e->target.resource, a, e->arena, &before) ||
           !mln_slice_eq(before, after);
}

static mln_err put_modified(struct mln_exec *e, struct mln_buf *out)
{
    struct mln_slice *names = mln_arena_zalloc(e->arena, e->type->attribute_count, sizeof *names);
    struct mln_selection selection = { .names = names };

    MLN_REQUIRE(names, NO_MEMORY);
    for (size_t i = 0; i < e->type->attribute_count; i++) {
        if (is_news(e, &e->type->attributes[i])) {
            names[selection.count++] = e->type->attributes[i].name;
        }
    }
    if (selection.count) {
        mln_represent(out, &e->result, &selection);
    }
    return MLN_OK;
}

/* ---- addresses ---- */

static mln_err put_address(struct mln_exec *e, struct mln_slice path, struct mln_buf *out)
{
    if (e->req.rcn == MLN_RCN_ADDRESS) {
        mln_pack_map(out, 1);
        mln_pack_text(out, MLN_S("m2m:uri"));
        mln_pack_text(out, path);
        return MLN_OK;
    }
    /* spec: TS-0004 6.3.5.25: resourceWrapper */
    mln_pack_map(out, 1);
    mln_pack_text(out, MLN_S("m2m:rce"));
    mln_pack_map(out, 2);
    mln_pack_text(out, e->type->root);
    mln_pack_map(out, MLN_PACK_OPEN);
    mln_represent_members(out, &e->result, NULL);
    mln_pack_end(out);
    mln_pack_text(out, MLN_S("uri"));
    mln_pack_text(out, path);
    return MLN_OK;
}

/* ---- children ---- */

/* {"m2m:cnt": {…attributes…, …children…}} with what the Result Content wants of both. */
static mln_err put_with_children(struct mln_exec *e, struct mln_buf *out)
{
    mln_pack_map(out, 1);
    mln_pack_text(out, e->type->root);
    mln_pack_map(out, MLN_PACK_OPEN);
    if (e->req.rcn != MLN_RCN_CHILDREN) {
        mln_represent_members(out, &e->result, NULL);
    }
    if (e->req.rcn == MLN_RCN_ATTRIBUTES_AND_REFERENCES) {
        mln_pack_text(out, MLN_S("ch"));
        MLN_TRY(mln_list_flat(e, &e->result, MLN_LIST_REFERENCES, out));
    } else {
        MLN_TRY(mln_list_nested(e, &e->result, out));
    }
    mln_pack_end(out);
    return MLN_OK;
}

static mln_err put_references(struct mln_exec *e, struct mln_buf *out)
{
    mln_pack_map(out, 1);
    mln_pack_text(out, MLN_S("m2m:rrl"));
    mln_pack_map(out, 1);
    mln_pack_text(out, MLN_S("rrf"));
    return mln_list_flat(e, &e->result, MLN_LIST_REFERENCES, out);
}

static mln_err put_discovered(struct mln_exec *e, struct mln_buf *out)
{
    mln_pack_map(out, 1);
    mln_pack_text(out, MLN_S("m2m:uril"));
    return mln_list_flat(e, &e->result, MLN_LIST_URIS, out);
}

/* ---- partial retrieve ---- */

/* spec: TS-0004 7.3.3.6: the attributes named; a name that the type does not know is an error */
static mln_err put_selected(struct mln_exec *e, struct mln_buf *out)
{
    size_t count = e->req.atrl->items.count;
    struct mln_slice *names = mln_arena_zalloc(e->arena, count, sizeof *names);
    struct mln_selection selection = { names, count };
    size_t i = 0;

    MLN_REQUIRE(names, NO_MEMORY);
    for (const struct mln_value *v = e->req.atrl->items.first; v; v = v->next) {
        if (!mln_model_attribute(e->type, v->text)) {
            mln_fault_set(e->fault, "atrl: %s has no attribute %.*s", e->type->long_name,
                          MLN_S_ARG(v->text));
            MLN_FAIL(BAD_REQUEST);
        }
        names[i++] = v->text;
    }
    mln_represent(out, &e->result, &selection);
    return MLN_OK;
}

/* ---- all of it ---- */

static mln_err put_content(struct mln_exec *e, struct mln_slice path, struct mln_buf *out)
{
    switch ((enum mln_rcn)e->req.rcn) {
    case MLN_RCN_NOTHING:
        return MLN_OK;
    case MLN_RCN_ATTRIBUTES:
        mln_represent(out, &e->result, NULL);
        return MLN_OK;
    case MLN_RCN_ADDRESS:
    case MLN_RCN_ADDRESS_AND_ATTRIBUTES:
        return put_address(e, path, out);
    case MLN_RCN_ATTRIBUTES_AND_CHILDREN:
    case MLN_RCN_ATTRIBUTES_AND_REFERENCES:
    case MLN_RCN_CHILDREN:
        return put_with_children(e, out);
    case MLN_RCN_REFERENCES:
        return put_references(e, out);
    case MLN_RCN_MODIFIED:
        return put_modified(e, out);
    case MLN_RCN_DISCOVERY:
        return put_discovered(e, out);
    case MLN_RCN_ORIGINAL:
        mln_fault_set(e->fault, "rcn: the target is no announced resource");
        MLN_FAIL(PARAM_INVALID);
    case MLN_RCN_SEMANTIC:
        return mln_semantics_query(e, &e->result, out);
    }
    MLN_FAIL(NOT_IMPLEMENTED);
}

mln_err mln_respond_success(struct mln_exec *e)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_response *r = e->response;
    struct mln_slice path = { 0 };
    struct mln_buf out;

    if (e->req.op == MLN_OP_CREATE) {
        MLN_TRY(mln_locate_path(&l, &e->result, &path));
    }
    mln_buf_init(&out, e->arena, mln_exec_answer_limit(e));
    if (e->req.atrl) {
        MLN_TRY(put_selected(e, &out));
    } else if (e->req.op != MLN_OP_NOTIFY) {
        MLN_TRY(put_content(e, path, &out));
    }
    MLN_TRY(mln_buf_finish(&out, &r->pc));
    r->location = path;
    r->rsc = success_code(e->req.op);
    return MLN_OK;
}

void mln_respond_error(struct mln_exec *e, mln_err err)
{
    struct mln_response *r = e->response;
    struct mln_buf out;
    enum mln_log_level level = MLN_LOG_DEBUG;

    if (err.code == MLN_ERR_NO_PRIVILEGE && e->cse->options.hides_unauthorised) {
        err = MLN_ERROR(NOT_FOUND);
        mln_fault_clear(e->fault);
        mln_fault_set(e->fault, "no such resource");
    }
    mln_fault_set(e->fault, "%s", mln_err_text(err));
    if (mln_err_class(err) == MLN_ERR_CLASS_INTERNAL) {
        level = MLN_LOG_ERROR;
    } else if (mln_err_class(err) == MLN_ERR_CLASS_RESOURCE) {
        level = MLN_LOG_WARNING;
    }
    mln_log(level, "cse", "%s from %s: %s", mln_err_name(err), e->peer ? e->peer->name : "-",
            mln_peer_is_end_to_end(e->peer) ? mln_err_text(err) : e->fault->text);
    r->rsc = mln_err_rsc(err);
    r->pc = (struct mln_slice){ 0 };
    r->location = (struct mln_slice){ 0 };
    r->content_status = MLN_CONTENT_UNSAID;
    mln_buf_init(&out, e->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:dbg"));
    mln_pack_text(&out, mln_slice_z(e->fault->text));
    mln_ignore(mln_buf_finish(&out, &r->pc)); /* without memory the code must do */
}
