/* Graphs, from descriptions in Turtle. */
#include "base/mem.h"
#include "base/utf8.h"
#include "semantic/graph_int.h"

mln_err mln_graph_new(const struct mln_limits *limits, struct mln_graph **ret)
{
    struct mln_graph *g = mln_calloc(1, sizeof *g);

    MLN_REQUIRE(g, NO_MEMORY);
    g->limits = limits;
    g->arena = mln_arena_new((size_t)limits->request_arena_bytes);
    if (!g->arena) {
        mln_free(g);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = g;
    return MLN_OK;
}

void mln_graph_free(struct mln_graph *graph)
{
    if (graph) {
        mln_arena_free(graph->arena);
        mln_free(graph);
    }
}

void mln_graph_freep(struct mln_graph **graph)
{
    mln_graph_free(*graph);
}

unsigned mln_graph_documents(const struct mln_graph *graph)
{
    return graph->documents;
}

static size_t longest(const struct mln_term *t, size_t least)
{
    size_t ret = t->text.len > least ? t->text.len : least;

    ret = t->type.len > ret ? t->type.len : ret;
    return t->language.len > ret ? t->language.len : ret;
}

static mln_err take(void *data, const struct mln_term part[3])
{
    struct mln_graph *g = data;

    MLN_REQUIRE(g->count < g->limits->descriptor_triples, LIMIT);
    if (g->count == g->cap) {
        size_t more = g->cap ? g->cap * 2 : 32;

        g->triples = mln_arena_grow(g->arena, g->triples, g->cap * sizeof *g->triples,
                                    more * sizeof *g->triples);
        g->cap = g->triples ? more : 0;
        g->count = g->triples ? g->count : 0;
        MLN_REQUIRE(g->triples, NO_MEMORY);
    }
    for (int i = 0; i < 3; i++) {
        g->triples[g->count].part[i] = part[i];
        g->longest = longest(&part[i], g->longest);
    }
    g->triples[g->count++].document = g->documents - 1;
    return MLN_OK;
}

static bool is_at(const struct mln_rdf_reader *r, const char *directive)
{
    return r->token.kind == MLN_TOKEN_AT && mln_slice_eq(r->token.text, mln_slice_z(directive));
}

static mln_err read_statement(struct mln_rdf_reader *r)
{
    bool has_end = true;

    if (is_at(r, "prefix") || mln_rdf_is_word(r, "PREFIX")) {
        has_end = r->token.kind == MLN_TOKEN_AT;
        MLN_TRY(mln_rdf_next(r));
        MLN_TRY(mln_rdf_read_prefix(r));
    } else {
        MLN_TRY(mln_rdf_read_triples(r));
    }
    return has_end ? mln_rdf_expect(r, ".") : MLN_OK;
}

static mln_err read_document(struct mln_rdf_reader *r)
{
    MLN_TRY(mln_rdf_next(r));
    while (r->token.kind != MLN_TOKEN_END) {
        MLN_TRY(read_statement(r));
    }
    return MLN_OK;
}

mln_err mln_graph_add(struct mln_graph *graph, struct mln_slice text, struct mln_fault *fault)
{
    struct mln_rdf_reader r = {
        .rest = text,
        .arena = graph->arena,
        .room = (size_t)MLN_RDF_SPREAD * graph->limits->descriptor_bytes,
        .document = ++graph->documents,
        .data = graph,
        .take = take,
    };
    mln_err err = MLN_ERROR(LIMIT);

    if (text.len <= graph->limits->descriptor_bytes) {
        err = mln_utf8_valid(text) ? read_document(&r) : MLN_ERROR(SYNTAX);
    }
    if (err.code == MLN_ERR_LIMIT) {
        mln_fault_set(fault, "dsp: the description is too large");
    }
    if (err.code == MLN_ERR_SYNTAX) {
        mln_fault_set(fault, "dsp: no Turtle, from byte %zu on", text.len - r.rest.len);
        MLN_FAIL(ATTR_INVALID);
    }
    return err;
}
