/* Fuzz target of descriptions, questions and updates: a description, a form feed, one of the
 * others. What is taken must end within its bounds. */
#include "base/utf8.h"
#include "semantic/semantic.h"

#include "base/fuzz_test.h"

enum { STEPS = 1000, ROOM = 4096 };

static void show(const struct mln_graph *graph, const struct mln_query *query,
                 enum mln_results_form form, struct mln_arena *arena)
{
    struct mln_buf out;
    struct mln_slice text;
    uint64_t steps;
    bool is_partial;

    mln_buf_init(&out, arena, ROOM);
    if (!mln_failed(mln_graph_results(graph, query, form, &out, &is_partial, &steps))) {
        require(!mln_failed(mln_buf_finish(&out, &text)) && mln_utf8_valid(text));
    }
}

/* What an update leaves is Turtle again, and another one without changes leaves it as it is. */
static void change(const struct mln_limits *limits, struct mln_slice description,
                   struct mln_slice text, struct mln_arena *arena)
{
    struct mln_update *update;
    struct mln_slice once;
    struct mln_slice again;
    uint64_t steps;

    if (mln_failed(mln_update_read(limits, text, arena, &update, NULL)) ||
        mln_failed(mln_update_apply(limits, description, update, arena, &once, &steps))) {
        return;
    }
    require(!mln_failed(mln_update_read(limits, MLN_S("INSERT DATA {}"), arena, &update, NULL)));
    if (!mln_failed(mln_update_apply(limits, once, update, arena, &again, &steps))) {
        require(mln_slice_eq(once, again));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MLN_CLEANUP(mln_graph_freep) struct mln_graph *graph = NULL;
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(1 << 24);
    struct mln_slice rest = mln_slice_of((const char *)data, size);
    struct mln_slice description = mln_slice_cut(&rest, '\f');
    struct mln_limits limits;
    struct mln_query *query;
    uint64_t steps;
    bool holds;

    mln_limits_default(&limits);
    limits.sparql_steps = STEPS;
    require(arena && !mln_failed(mln_graph_new(&limits, &graph)));
    (void)mln_graph_add(graph, description, NULL);
    change(&limits, description, rest, arena);
    if (!rest.ptr || mln_failed(mln_query_read(&limits, rest, arena, &query, NULL))) {
        return 0;
    }
    if (!mln_failed(mln_graph_ask(graph, query, &holds, &steps))) {
        require(steps <= STEPS || holds);
    }
    show(graph, query, MLN_RESULTS_JSON, arena);
    show(graph, query, MLN_RESULTS_XML, arena);
    return 0;
}
