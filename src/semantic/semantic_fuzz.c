/* Fuzz target of descriptions and questions: a description, a form feed, a question. What is taken
 * must end within its bounds. */
#include "semantic/semantic.h"

#include "base/fuzz_test.h"

enum { STEPS = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MLN_CLEANUP(mln_graph_freep) struct mln_graph *graph = NULL;
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(1 << 24);
    struct mln_slice rest = mln_slice_of((const char *)data, size);
    struct mln_limits limits;
    struct mln_query *query;
    uint64_t steps;
    bool holds;

    mln_limits_default(&limits);
    limits.sparql_steps = STEPS;
    require(arena && !mln_failed(mln_graph_new(&limits, &graph)));
    (void)mln_graph_add(graph, mln_slice_cut(&rest, '\f'), NULL);
    if (!rest.ptr || mln_failed(mln_query_read(&limits, rest, arena, &query, NULL))) {
        return 0;
    }
    if (!mln_failed(mln_graph_ask(graph, query, &holds, &steps))) {
        require(steps <= STEPS || holds);
    }
    return 0;
}
