/* For tests of this folder only: a graph and an arena for each test. */
#pragma once

#include "semantic/semantic.h"

static struct mln_limits limits;
static struct mln_graph *graph;
static struct mln_arena *arena;

static int test_graph_new(struct mln_slice text)
{
    mln_limits_default(&limits);
    arena = mln_arena_new(1 << 22);
    return !arena || mln_failed(mln_graph_new(&limits, &graph)) ||
                   mln_failed(mln_graph_add(graph, text, NULL))
               ? -1
               : 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_graph_free(graph);
    mln_arena_free(arena);
    return 0;
}
