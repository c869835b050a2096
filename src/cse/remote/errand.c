/* Group requests under way to neighbours. */
#include "cse/remote/errand.h"

#include <pthread.h>

#include "base/mem.h"
#include "cse/group/members.h"

struct mln_errands {
    pthread_mutex_t lock;
    struct mln_errand *first;
};

mln_err mln_errands_new(struct mln_errands **ret)
{
    struct mln_errands *t = mln_calloc(1, sizeof *t);

    MLN_REQUIRE(t, NO_MEMORY);
    if (pthread_mutex_init(&t->lock, NULL) != 0) {
        mln_free(t);
        MLN_FAIL(SYSTEM);
    }
    *ret = t;
    return MLN_OK;
}

void mln_errands_free(struct mln_errands *errands)
{
    if (errands) {
        (void)pthread_mutex_destroy(&errands->lock);
        mln_free(errands);
    }
}

static bool is_group_request(struct mln_slice to)
{
    struct mln_slice address = mln_slice_head(to, mln_slice_find(to, '#'));

    return mln_members_has_fan_out(address) || mln_slice_ends(address, MLN_S("/sfop"));
}

void mln_errand_begin(const struct mln_exec *e, const struct mln_reach *reach,
                      const struct mln_entity *neighbour, struct mln_errand *errand)
{
    struct mln_errands *t = e->cse->errands;

    *errand = (struct mln_errand){ .neighbour = *neighbour,
                                   .originator = e->originator.entity,
                                   .op = e->req.op,
                                   .ty = e->req.op == MLN_OP_CREATE ? e->req.ty : 0 };
    if (reach->is_abroad || !is_group_request(reach->to)) {
        return;
    }
    (void)pthread_mutex_lock(&t->lock);
    errand->next = t->first;
    errand->link = &t->first;
    if (t->first) {
        t->first->link = &errand->next;
    }
    t->first = errand;
    (void)pthread_mutex_unlock(&t->lock);
}

void mln_errand_end(const struct mln_cse *cse, struct mln_errand *errand)
{
    if (!errand->link) {
        return;
    }
    (void)pthread_mutex_lock(&cse->errands->lock);
    *errand->link = errand->next;
    if (errand->next) {
        errand->next->link = errand->link;
    }
    (void)pthread_mutex_unlock(&cse->errands->lock);
    errand->link = NULL;
}

bool mln_errand_is_known(const struct mln_cse *cse, const struct mln_errand *errand)
{
    const struct mln_errand *seen;

    (void)pthread_mutex_lock(&cse->errands->lock);
    seen = cse->errands->first;
    while (seen && !(seen->op == errand->op && seen->ty == errand->ty &&
                     mln_entity_eq(&seen->originator, &errand->originator) &&
                     mln_entity_eq(&seen->neighbour, &errand->neighbour))) {
        seen = seen->next;
    }
    (void)pthread_mutex_unlock(&cse->errands->lock);
    return seen != NULL;
}
