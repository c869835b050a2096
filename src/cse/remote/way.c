/* Requests under way to neighbours. */
#include "cse/remote/way.h"

#include "base/mem.h"

/* What one worker has open with one neighbour. There is one while there is something open. */
struct mln_open_way {
    struct mln_open_way *next;
    uint64_t resource; /* id of the <remoteCSE> or <AE> */
    uint64_t open;
};

static struct mln_open_way *find(const struct mln_worker *w, uint64_t resource)
{
    struct mln_open_way *way = w->ways;

    while (way && way->resource != resource) {
        way = way->next;
    }
    return way;
}

bool mln_way_is_full(const struct mln_worker *w, uint64_t resource)
{
    const struct mln_open_way *way = find(w, resource);

    return way && way->open >= w->cse->options.limits->transits;
}

mln_err mln_way_enter(struct mln_worker *w, uint64_t resource, struct mln_open_way **ret)
{
    struct mln_open_way *way = find(w, resource);

    if (!way) {
        way = mln_calloc(1, sizeof *way);
        MLN_REQUIRE(way, NO_MEMORY);
        way->resource = resource;
        way->next = w->ways;
        w->ways = way;
    }
    way->open++;
    *ret = way;
    return MLN_OK;
}

void mln_way_leave(struct mln_worker *w, struct mln_open_way *way)
{
    struct mln_open_way **at = &w->ways;

    if (--way->open > 0) {
        return;
    }
    while (*at != way) {
        at = &(*at)->next;
    }
    *at = way->next;
    mln_free(way);
}
