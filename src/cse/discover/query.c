/* Semantic queries, and what a semanticFanOutPoint makes of its members' descriptions.
 * spec: TS-0004 7.3.3.19, 7.4.35 */
#include "base/set.h"
#include "cse/discover/discover.h"
#include "cse/discover/paths.h"
#include "model/filter.h"
#include "semantic/semantic.h"

enum { STEPS = 16 }; /* cost as much as one resource */

/* What the question is put to. */
struct basis {
    struct mln_exec *e;
    struct mln_graph *graph;
    struct mln_arena *arena; /* of what the graph borrows from */
    bool is_partial;         /* something had no room */
};

static mln_err begin(struct basis *b, struct mln_exec *e)
{
    const struct mln_limits *limits = e->cse->options.limits;

    *b = (struct basis){ .e = e, .arena = mln_arena_new((size_t)limits->request_arena_bytes) };
    MLN_REQUIRE(b->arena, NO_MEMORY);
    return mln_graph_new(limits, &b->graph);
}

static void end(struct basis *b)
{
    mln_graph_free(b->graph);
    mln_arena_free(b->arena);
}

/* As much as fits; more is left out. *ret_in: something of it may be in the graph. */
static mln_err add(struct basis *b, uint16_t ty, struct mln_slice attrs, bool *ret_in)
{
    enum { FULL = 16 }; /* descriptions of the greatest size */
    unsigned before = mln_graph_documents(b->graph);
    mln_err err;

    *ret_in = false;
    if (mln_arena_used(b->arena) >= FULL * b->e->cse->options.limits->descriptor_bytes) {
        b->is_partial = true;
        return MLN_OK;
    }
    mln_exec_charge_bytes(b->e, attrs.len);
    err = mln_semantics_read(b->graph, ty, attrs, b->arena, NULL);
    b->is_partial = b->is_partial || err.code == MLN_ERR_LIMIT;
    *ret_in = mln_graph_documents(b->graph) > before;
    return err.code == MLN_ERR_NO_MEMORY ? err : MLN_OK;
}

static mln_err read_query(struct basis *b, struct mln_slice text, struct mln_query **ret)
{
    return mln_query_read(b->e->cse->options.limits, text, b->arena, ret, b->e->fault);
}

/* {"m2m:qres": "..."}. spec: TS-0004 7.5.2 */
static mln_err put_results(struct basis *b, struct mln_buf *out)
{
    enum { FRAME = 32 };
    struct mln_exec *e = b->e;
    enum mln_results_form form = e->answers_xml ? MLN_RESULTS_XML : MLN_RESULTS_JSON;
    size_t count;
    struct mln_query *query;
    struct mln_buf text;
    struct mln_slice results;
    uint64_t steps;
    bool is_partial;
    mln_err err;

    MLN_REQUIRE(out->max - out->len > FRAME, LIMIT);
    mln_buf_init(&text, b->arena, out->max - out->len - FRAME);
    MLN_TRY(read_query(b, mln_filter_queries(e->req.fc, &count)[0], &query));
    err = mln_graph_results(b->graph, query, form, &text, &is_partial, &steps);
    if (err.code == MLN_ERR_LIMIT) {
        mln_fault_set(e->fault, "smf: the query takes too long");
    }
    MLN_TRY(err);
    e->effort->spent += steps / STEPS;
    MLN_TRY(mln_buf_finish(&text, &results));
    mln_pack_map(out, 1);
    mln_pack_text(out, MLN_S("m2m:qres"));
    mln_pack_text(out, results);
    if (b->is_partial || is_partial) {
        e->response->content_status = MLN_CONTENT_PARTIAL;
    }
    return MLN_OK;
}

/* ---- below a resource ---- */

static mln_err visit(void *data, const struct mln_resource *r)
{
    bool unused;

    return add(data, r->ty, r->attrs, &unused);
}

static mln_err collect(struct basis *b, const struct mln_resource *root)
{
    struct mln_access access;
    bool permits;

    if (root->ty == MLN_TY_SMD) {
        mln_exec_begin_access(b->e, b->arena, &access);
        MLN_TRY(mln_access_permits(&access, root, MLN_PRIVILEGE_RETRIEVE, &permits));
        MLN_TRY(permits ? visit(b, root) : MLN_OK);
    }
    return mln_list_visit(b->e, root, MLN_TY_SMD, visit, b);
}

mln_err mln_semantics_query(struct mln_exec *e, const struct mln_resource *root,
                            struct mln_buf *out)
{
    struct basis b;
    mln_err err = begin(&b, e);

    if (!mln_failed(err)) {
        err = collect(&b, root);
    }
    if (!mln_failed(err)) {
        err = put_results(&b, out);
    }
    end(&b);
    return err;
}

/* ---- members of a group ---- */

mln_err mln_semantics_check_group(const struct mln_exec *e)
{
    const struct mln_request *req = &e->req;
    size_t count = 0;

    if (req->fc) {
        (void)mln_filter_queries(req->fc, &count);
    }
    if (count == 0) {
        mln_fault_set(e->fault, "a semanticFanOutPoint is asked by semanticsFilter");
        MLN_FAIL(PARAM_INVALID);
    }
    if (req->sqi) {
        return MLN_OK;
    }
    if (req->atrl || (req->has_rcn && req->rcn != MLN_RCN_DISCOVERY)) {
        mln_fault_set(e->fault, "a semanticFanOutPoint answers with addresses");
        MLN_FAIL(PARAM_INVALID);
    }
    if (req->fc->condition_count > 1 || req->fc->relative_path.len) {
        mln_fault_set(e->fault, "only semanticsFilter is implemented for a semanticFanOutPoint");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

void mln_semantics_ask_member(struct mln_request *req)
{
    req->fc = NULL;
    req->sqi = false;
    req->rcn = MLN_RCN_ATTRIBUTES;
    req->has_rcn = false;
    req->atrl = NULL;
}

bool mln_semantics_is_own(struct mln_slice name)
{
    return mln_slice_eq(name, MLN_S("fc")) || mln_slice_eq(name, MLN_S("sqi")) ||
           mln_slice_eq(name, MLN_S("rcn"));
}

/* A description that is in the graph. */
struct source {
    struct source *next;
    struct mln_slice cse; /* where it is: "/id-mn"; empty: here */
    struct mln_slice attrs;
    uint16_t ty;
};

struct gathering {
    struct basis basis;
    struct source *first;
    struct source **last;
    unsigned count;
    struct mln_access access;
    struct mln_set seen; /* addresses that are in the answer */
    struct mln_buf out;
    uint64_t skip;
    uint64_t left;
    uint64_t emitted;
};

static mln_err add_source(struct gathering *g, uint16_t ty, struct mln_slice attrs,
                          struct mln_slice cse)
{
    struct source *s;
    bool is_in;

    MLN_TRY(add(&g->basis, ty, attrs, &is_in));
    if (!is_in) {
        return MLN_OK;
    }
    s = mln_arena_zalloc(g->basis.arena, 1, sizeof *s);
    MLN_REQUIRE(s, NO_MEMORY);
    *s = (struct source){ .cse = cse, .attrs = attrs, .ty = ty };
    *g->last = s;
    g->last = &s->next;
    g->count++;
    return MLN_OK;
}

/* The CSE that a member is at. What a group at `cse` says without a CSE-ID is there. */
static struct mln_slice cse_of(const struct gathering *g, struct mln_slice member,
                               struct mln_slice cse)
{
    struct mln_slice rest = member;
    struct mln_slice local;

    if (!mln_slice_starts(member, MLN_S("/"))) {
        return cse;
    }
    if (mln_ident_place(member, &g->basis.e->cse->names, &local) == MLN_PLACE_HERE) {
        return (struct mln_slice){ 0 };
    }
    (void)mln_slice_cut(&rest, '/');
    if (mln_slice_starts(member, MLN_S("//"))) {
        (void)mln_slice_cut(&rest, '/');
        (void)mln_slice_cut(&rest, '/');
    }
    (void)mln_slice_cut(&rest, '/');
    return rest.ptr ? mln_slice_head(member, (size_t)(rest.ptr - member.ptr) - 1) : member;
}

static mln_err read_answers(struct gathering *g, struct mln_slice pc, struct mln_slice cse,
                            unsigned depth);

static mln_err read_answer(struct gathering *g, struct mln_slice answer, struct mln_slice cse,
                           unsigned depth)
{
    struct mln_slice member;
    struct mln_slice pc;
    struct mln_slice attrs;
    uint64_t rsc;

    if (!mln_pack_find_u64(answer, MLN_S("rsc"), &rsc) || rsc != MLN_RSC_OK ||
        !mln_pack_find_text(answer, MLN_S("fr"), &member) ||
        !mln_pack_find(answer, MLN_S("pc"), &pc)) {
        return MLN_OK;
    }
    cse = cse_of(g, member, cse);
    if (mln_pack_find(pc, MLN_S("m2m:smd"), &attrs)) {
        return add_source(g, MLN_TY_SMD, attrs, cse);
    }
    if (mln_pack_find(pc, MLN_S("m2m:cin"), &attrs)) {
        return add_source(g, MLN_TY_CIN, attrs, cse);
    }
    return depth ? read_answers(g, pc, cse, depth - 1) : MLN_OK;
}

/* Those of sub-groups are within those of their groups. */
static mln_err read_answers(struct gathering *g, struct mln_slice pc, struct mln_slice cse,
                            unsigned depth)
{
    struct mln_slice aggregated;
    struct mln_slice list;
    struct mln_walk w;

    if (!mln_pack_find(pc, MLN_S("m2m:agr"), &aggregated) ||
        !mln_pack_find(aggregated, MLN_S("m2m:rsp"), &list)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        MLN_TRY(read_answer(g, w.item, cse, depth));
    }
    return MLN_OK;
}

static mln_err put_address(struct gathering *g, struct mln_slice address)
{
    struct mln_exec *e = g->basis.e;
    bool is_new;

    MLN_TRY(mln_set_add(&g->seen, address, &is_new));
    if (!is_new) {
        return MLN_OK;
    }
    if (g->skip) {
        g->skip--;
        return MLN_OK;
    }
    if (g->left == 0) {
        e->response->content_status = MLN_CONTENT_PARTIAL;
        e->response->content_offset = e->req.fc->offset + g->emitted;
        return MLN_OK;
    }
    g->left--;
    g->emitted++;
    mln_pack_text(&g->out, address);
    return MLN_OK;
}

/* Who may read the descriptor need not be meant to learn where its parent stands. */
static mln_err put_here(struct gathering *g, struct mln_slice id)
{
    struct mln_exec *e = g->basis.e;
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource subject;
    struct mln_slice address;
    bool permits;
    mln_err err = mln_locate_lookup(&l, id, &subject);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(mln_access_permits(&g->access, &subject, MLN_PRIVILEGE_DISCOVER, &permits));
    if (!permits) {
        return MLN_OK;
    }
    address = subject.ri;
    if (!e->req.wants_unstructured) {
        MLN_TRY(mln_locate_path(&l, &subject, &address));
    }
    return put_address(g, address);
}

/* Elsewhere only the identifier is known, which the originator was given with the descriptor. */
static mln_err put_far(struct gathering *g, struct mln_slice cse, struct mln_slice id)
{
    struct mln_slice address;

    if (!mln_ident_is_unreserved(id)) {
        return MLN_OK;
    }
    MLN_TRY(mln_paths_join(g->basis.arena, cse, id, &address));
    return put_address(g, address);
}

/* What a description is about: the parent of a descriptor, or the instance. */
static mln_err put_source(struct gathering *g, const struct source *s)
{
    struct mln_slice name = s->ty == MLN_TY_SMD ? MLN_S("pi") : MLN_S("ri");
    struct mln_slice id;

    if (!mln_pack_find_text(s->attrs, name, &id)) {
        return MLN_OK;
    }
    return s->cse.len ? put_far(g, s->cse, id) : put_here(g, id);
}

/* The sources that solutions come from, by any of the queries. */
static mln_err find_sources(struct gathering *g, bool *documents)
{
    struct mln_exec *e = g->basis.e;
    size_t count;
    const struct mln_slice *queries = mln_filter_queries(e->req.fc, &count);
    bool may = true;

    for (size_t i = 0; i < count && may; i++) {
        struct mln_query *query;
        uint64_t steps;

        MLN_TRY(mln_exec_look(e, &may));
        MLN_TRY(read_query(&g->basis, queries[i], &query));
        if (!may || !mln_graph_origins(g->basis.graph, query, documents, &steps)) {
            g->basis.is_partial = true;
        }
        e->effort->spent += may ? steps / STEPS : 0;
    }
    return MLN_OK;
}

static mln_err discover(struct gathering *g)
{
    struct mln_exec *e = g->basis.e;
    const struct mln_limits *limits = e->cse->options.limits;
    bool *documents = mln_arena_zalloc(g->basis.arena, g->count + 1, sizeof *documents);
    size_t i = 0;

    MLN_REQUIRE(documents, NO_MEMORY);
    MLN_TRY(find_sources(g, documents));
    g->skip = e->req.fc->offset - 1;
    g->left = e->req.fc->limit < limits->results ? e->req.fc->limit : limits->results;
    mln_set_init(&g->seen, g->basis.arena);
    mln_exec_begin_access(e, g->basis.arena, &g->access);
    mln_pack_map(&g->out, 1);
    mln_pack_text(&g->out, MLN_S("m2m:uril"));
    mln_pack_array(&g->out, MLN_PACK_OPEN);
    for (const struct source *s = g->first; s; s = s->next) {
        MLN_TRY(documents[i++] ? put_source(g, s) : MLN_OK);
    }
    mln_pack_end(&g->out);
    if (g->basis.is_partial) {
        e->response->content_status = MLN_CONTENT_PARTIAL;
    }
    return MLN_OK;
}

static mln_err make_answer(struct gathering *g)
{
    struct mln_exec *e = g->basis.e;

    g->last = &g->first;
    MLN_TRY(read_answers(g, e->response->pc, (struct mln_slice){ 0 },
                         (unsigned)e->cse->options.limits->group_depth));
    mln_buf_init(&g->out, e->arena, mln_exec_answer_limit(e));
    MLN_TRY(e->req.sqi ? put_results(&g->basis, &g->out) : discover(g));
    return mln_buf_finish(&g->out, &e->response->pc);
}

mln_err mln_semantics_of_members(struct mln_exec *e)
{
    struct gathering *g = mln_arena_zalloc(e->arena, 1, sizeof *g);
    mln_err err;

    MLN_REQUIRE(g, NO_MEMORY);
    err = begin(&g->basis, e);
    if (!mln_failed(err)) {
        err = make_answer(g);
    }
    end(&g->basis);
    return err;
}
