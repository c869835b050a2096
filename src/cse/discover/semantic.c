/* Discovery by the meaning of resources. spec: TS-0004 7.3.3.18 */
#include "semantic/semantic.h"
#include "crypto/base64.h"
#include "cse/discover/discover.h"
#include "model/content_info.h"
#include "model/filter.h"

/* m2m:semanticFormat. spec: TS-0004 6.3.4.2.48 */
enum { IRI = 1, TURTLE = 5 };

mln_err mln_semantics_check(const struct mln_exec *e)
{
    size_t count = 0;
    const struct mln_slice *queries = e->req.fc ? mln_filter_queries(e->req.fc, &count) : NULL;
    bool is_group = e->target.virtual_child == MLN_VIRTUAL_SEMANTIC_FAN_OUT;

    if (is_group) {
        MLN_TRY(mln_semantics_check_group(e));
    } else if (count && !e->req.sqi &&
               (e->req.op != MLN_OP_RETRIEVE || e->req.fc->usage != MLN_FILTER_USAGE_DISCOVERY)) {
        mln_fault_set(e->fault, "semanticsFilter is implemented for discovery");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    for (size_t i = 0; i < count; i++) {
        struct mln_query *query;

        MLN_TRY(mln_query_read(e->cse->options.limits, queries[i], e->arena, &query, e->fault));
        if (!e->req.sqi && mln_query_has_offset(query)) {
            mln_fault_set(e->fault, "semanticsFilter: OFFSET is implemented for queries");
            MLN_FAIL(NOT_IMPLEMENTED);
        }
    }
    return MLN_OK;
}

static mln_err check_syntax(struct mln_slice attrs, struct mln_fault *fault)
{
    uint64_t format = 0;

    (void)mln_pack_find_u64(attrs, MLN_S("dcrp"), &format);
    if (format == IRI) { /* spec: TS-0004 7.4.34.2.1 */
        mln_fault_set(fault, "dcrp: a descriptor cannot be an IRI");
        MLN_FAIL(BAD_REQUEST);
    }
    if (format != TURTLE) {
        mln_fault_set(fault, "dcrp: of the syntaxes only Turtle is implemented");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

static mln_err decode(struct mln_slice encoded, struct mln_arena *arena, struct mln_slice *ret,
                      struct mln_fault *fault)
{
    mln_err err = mln_base64_read(encoded, arena, ret);

    if (err.code == MLN_ERR_SYNTAX) {
        mln_fault_set(fault, "dsp: no base64");
        MLN_FAIL(ATTR_INVALID);
    }
    return err;
}

/* Content is semantic where contentInfo says so. spec: TS-0001 9.6.14a, TS-0004 6.3.3 */
static mln_err read_content(struct mln_slice attrs, struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_content_info info;
    struct mln_slice text;
    struct mln_slice media;
    struct mln_slice content;

    MLN_REQUIRE(mln_pack_find_text(attrs, MLN_S("cnf"), &text) &&
                    mln_content_info_read(text, &info) &&
                    mln_pack_find_text(attrs, MLN_S("con"), &content),
                NOT_IMPLEMENTED);
    media = mln_slice_trim(mln_slice_cut(&info.media_type, ';'));
    MLN_REQUIRE(mln_slice_eq_nocase(media, MLN_S("text/turtle")) &&
                    info.security == MLN_CONTENT_OPEN,
                NOT_IMPLEMENTED);
    if (info.encoding == MLN_CONTENT_BASE64_TEXT) {
        return decode(content, arena, ret, NULL);
    }
    MLN_REQUIRE(info.encoding == MLN_CONTENT_PLAIN, NOT_IMPLEMENTED);
    MLN_REQUIRE(mln_arena_dup(arena, content, ret), NO_MEMORY);
    return MLN_OK;
}

mln_err mln_semantics_text(struct mln_slice attrs, struct mln_arena *arena, struct mln_slice *ret,
                           struct mln_fault *fault)
{
    struct mln_slice encoded;

    MLN_TRY(check_syntax(attrs, fault));
    MLN_REQUIRE(mln_pack_find_text(attrs, MLN_S("dsp"), &encoded), ATTR_INVALID);
    return decode(encoded, arena, ret, fault);
}

mln_err mln_semantics_read(struct mln_graph *graph, uint16_t ty, struct mln_slice attrs,
                           struct mln_arena *arena, struct mln_fault *fault)
{
    struct mln_slice text;

    if (ty == MLN_TY_CIN) {
        MLN_TRY(read_content(attrs, arena, &text));
    } else {
        MLN_TRY(mln_semantics_text(attrs, arena, &text, fault));
    }
    return mln_graph_add(graph, text, fault);
}

/* ---- the graph of a resource ---- */

struct search {
    struct mln_exec *e;
    struct mln_access *access;
    struct mln_graph *graph; /* NULL until something is described */
    struct mln_arena *arena; /* of what the graph borrows from, and the questions */
    int64_t now_us;
};

/* No more descriptions than a graph can use, however much else than triples they hold. */
static bool has_room(const struct search *s)
{
    enum { FULL = 16 }; /* descriptors of the greatest size */

    return mln_arena_used(s->arena) < FULL * s->e->cse->options.limits->descriptor_bytes;
}

/* A description that cannot be read, or is one too many, is left out: it must not hinder the search
 * for others. */
static mln_err add(struct search *s, const struct mln_resource *r)
{
    mln_err err;

    if (!s->graph) {
        MLN_TRY(mln_graph_new(s->e->cse->options.limits, &s->graph));
    }
    mln_exec_charge_bytes(s->e, r->attrs.len);
    err = mln_semantics_read(s->graph, r->ty, r->attrs, s->arena, NULL);
    return err.code == MLN_ERR_NO_MEMORY ? err : MLN_OK;
}

static mln_err add_addresses(struct search *s, struct mln_slice list, bool follows_groups);

static bool is_real(const struct mln_target *t)
{
    return t->virtual_child == MLN_VIRTUAL_NONE || mln_locate_is_instance(t->virtual_child);
}

/* spec: TS-0001 9.6.30: descriptors, instances with semantic content, or a group of such */
static mln_err add_address(struct search *s, struct mln_slice address, bool follows_groups)
{
    struct mln_lookup l = { s->e->cse, s->e->view, s->arena, s->now_us };
    struct mln_slice local;
    struct mln_slice members;
    struct mln_target t;
    bool counts;
    mln_err err;

    if (mln_ident_place(address, &s->e->cse->names, &local) != MLN_PLACE_HERE) {
        return MLN_OK;
    }
    err = mln_locate_resolve(&l, local, false, &t);
    if (err.code == MLN_ERR_NOT_FOUND || (!mln_failed(err) && !is_real(&t))) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(mln_filter_counts(s->access, s->arena, s->now_us, &t.resource, &counts));
    if (counts && (t.resource.ty == MLN_TY_SMD || t.resource.ty == MLN_TY_CIN)) {
        return add(s, &t.resource);
    }
    if (counts && follows_groups && t.resource.ty == MLN_TY_GRP &&
        mln_pack_find(t.resource.attrs, MLN_S("mid"), &members)) {
        return add_addresses(s, members, false);
    }
    return MLN_OK;
}

static mln_err add_addresses(struct search *s, struct mln_slice list, bool follows_groups)
{
    struct mln_slice address;
    struct mln_walk w;
    bool may = true;

    for (mln_walk_begin(&w, list); may && has_room(s) && mln_walk_next(&w);) {
        MLN_TRY(mln_exec_look(s->e, &may));
        if (may && mln_pack_text_of(w.item, &address)) {
            MLN_TRY(add_address(s, address, follows_groups));
        }
    }
    return MLN_OK;
}

/* spec: TS-0004 7.3.3.18.2: relatedSemantics */
static mln_err add_related(struct search *s, const struct mln_resource *r)
{
    struct mln_slice list;

    return mln_pack_find(r->attrs, MLN_S("rels"), &list) ? add_addresses(s, list, true) : MLN_OK;
}

static mln_err add_child(struct search *s, uint64_t id)
{
    struct mln_resource child;
    bool counts;

    MLN_TRY(mln_store_get(s->e->view, id, s->arena, &child));
    MLN_TRY(mln_filter_counts(s->access, s->arena, s->now_us, &child, &counts));
    if (!counts) {
        return MLN_OK;
    }
    MLN_TRY(add(s, &child));
    return add_related(s, &child);
}

static mln_err collect(struct search *s, uint64_t parent)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = parent, .ty = MLN_TY_SMD };
    bool may = true;
    uint64_t id;
    mln_err err = MLN_OK;

    MLN_TRY(mln_scan_open(s->e->view, &spec, &scan));
    while (may && has_room(s) && !mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(mln_exec_look(s->e, &may));
        if (may) {
            MLN_TRY(add_child(s, id));
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* ---- the question ---- */

/* The filter was checked before: what fails now took too many steps. */
static mln_err ask(struct search *s, struct mln_slice text, bool *ret)
{
    enum { STEPS = 16 }; /* cost as much as one resource */
    struct mln_query *query;
    uint64_t steps;
    mln_err err;

    MLN_TRY(mln_query_read(s->e->cse->options.limits, text, s->arena, &query, NULL));
    err = mln_graph_ask(s->graph, query, ret, &steps);
    s->e->effort->spent += 1 + steps / STEPS;
    *ret = *ret && !mln_failed(err);
    return MLN_OK;
}

/* spec: TS-0004 7.3.3.17: one of several queries will do */
static mln_err ask_all(struct search *s, bool *ret)
{
    size_t count;
    const struct mln_slice *queries = mln_filter_queries(s->e->req.fc, &count);
    bool may = true;

    for (size_t i = 0; i < count && may && !*ret; i++) {
        MLN_TRY(mln_exec_look(s->e, &may)); /* the one before may have cost much */
        if (may) {
            MLN_TRY(ask(s, queries[i], ret));
        }
    }
    return MLN_OK;
}

mln_err mln_semantics_hold(struct mln_exec *e, struct mln_access *access,
                           const struct mln_resource *r, bool *ret)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = NULL;
    struct search s = { .e = e, .access = access, .now_us = mln_env_now_us(e->cse->options.env) };
    mln_err err;

    *ret = false;
    if (!mln_model_may_contain(mln_model_type(r->ty), MLN_TY_SMD)) {
        return MLN_OK;
    }
    arena = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(arena, NO_MEMORY);
    s.arena = arena;
    err = collect(&s, r->id);
    if (!mln_failed(err) && s.graph) {
        err = ask_all(&s, ret);
    }
    mln_graph_free(s.graph);
    return err;
}
