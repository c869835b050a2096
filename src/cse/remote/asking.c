/* Asking several things. */
#include "cse/remote/asking.h"

#include "cse/remote/errand.h"
#include "cse/remote/govern.h"
#include "cse/remote/remote.h"

enum { ROUTE_MAX = 1 << 20 }; /* bytes of what is read to find one way */

/* Room for one question under way. */
struct mln_asking_slot {
    struct mln_asking *of;
    struct mln_ask *ask; /* NULL: free */
    struct mln_attempt attempt;
    struct mln_arena *arena; /* of its way; made when it is needed */
    struct mln_open_way *way;
    struct mln_entity neighbour; /* on that way, in the arena */
    struct mln_errand errand;
};

static void pump(struct mln_asking *a);

static void answered(struct mln_attempt *attempt, const struct mln_outbound_answer *answer)
{
    struct mln_asking_slot *s = attempt->data;
    struct mln_asking *a = s->of;
    struct mln_ask *ask = s->ask;

    mln_way_leave(a->e->worker, s->way);
    mln_errand_end(a->e->cse, &s->errand);
    s->ask = NULL;
    a->open--;
    a->take(a, ask, answer);
    pump(a);
}

static mln_err find_way(struct mln_asking_slot *s, struct mln_slice to)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    struct mln_worker *w = s->of->e->worker;
    struct mln_lookup l = { w->cse, NULL, s->arena, mln_env_now_us(w->cse->options.env) };
    struct mln_remote way;

    MLN_TRY(mln_view_begin(w->reader, &view));
    l.view = view;
    MLN_TRY(mln_remote_route(&l, to, false, &way, &s->attempt.reach));
    MLN_REQUIRE(mln_reach_is_possible(&s->attempt.reach), NOT_REACHABLE);
    MLN_REQUIRE(!mln_way_is_full(w, way.resource.id), NOT_REACHABLE);
    MLN_TRY(mln_govern_member(s->of->e, &l, way.resource.id, &s->attempt.ec));
    s->neighbour = way.cse;
    return mln_way_enter(w, way.resource.id, &s->way);
}

static mln_err prepare(struct mln_asking_slot *s, const struct mln_ask *ask)
{
    struct mln_asking *a = s->of;
    int64_t left_us = a->until_us - mln_env_now_us(a->e->cse->options.env);

    MLN_REQUIRE(left_us > 0, TIMEOUT);
    if (!s->arena) {
        s->arena = mln_arena_new(ROUTE_MAX);
    }
    MLN_REQUIRE(s->arena, NO_MEMORY);
    mln_arena_reset(s->arena);
    s->attempt = (struct mln_attempt){ .worker = a->e->worker,
                                       .op = ask->op ? ask->op : a->op,
                                       .fr = a->fr,
                                       .content = ask->op ? ask->content : a->content,
                                       .params = ask->op ? ask->params : a->params,
                                       .timeout_us = left_us,
                                       .done = answered,
                                       .data = s };
    MLN_TRY(find_way(s, ask->to));
    if (s->attempt.reach.is_abroad) {
        s->attempt.fr = a->fr_abroad;
    }
    s->attempt.rvi = s->attempt.reach.rvi.len ? a->e->req.rvi : (struct mln_slice){ 0 };
    return MLN_OK;
}

static void ask_one(struct mln_asking_slot *s, struct mln_ask *ask)
{
    struct mln_asking *a = s->of;
    struct mln_outbound_answer none = { .err = prepare(s, ask) };

    if (mln_failed(none.err)) {
        a->take(a, ask, &none);
        return;
    }
    s->ask = ask;
    a->open++;
    if (a->is_group_request) {
        mln_errand_begin(a->e, &s->attempt.reach, &s->neighbour, &s->errand);
    }
    mln_attempt_start(&s->attempt);
}

static struct mln_asking_slot *free_slot(struct mln_asking *a)
{
    for (size_t i = 0; i < a->slot_count; i++) {
        if (!a->slots[i].ask) {
            return &a->slots[i];
        }
    }
    return NULL;
}

/* Answers that come at once only free a slot here, however many they are. */
static void pump(struct mln_asking *a)
{
    struct mln_asking_slot *s;

    if (a->is_pumping) {
        return;
    }
    a->is_pumping = true;
    while (a->next && (s = free_slot(a))) {
        struct mln_ask *ask = a->next;

        a->next = ask->next;
        ask_one(s, ask);
    }
    a->is_pumping = false;
    if (a->open == 0) {
        for (size_t i = 0; i < a->slot_count; i++) {
            mln_arena_free(a->slots[i].arena);
        }
        a->done(a);
    }
}

mln_err mln_asking_start(struct mln_asking *a)
{
    a->slot_count = (size_t)a->e->cse->options.limits->asked_together;
    a->slots = mln_arena_zalloc(a->e->arena, a->slot_count, sizeof *a->slots);
    MLN_REQUIRE(a->slots, NO_MEMORY);
    for (size_t i = 0; i < a->slot_count; i++) {
        a->slots[i].of = a;
    }
    pump(a);
    return MLN_OK;
}
