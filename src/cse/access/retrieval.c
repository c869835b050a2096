/* Waiting for other CSEs. */
#include "cse/access/retrieval.h"

#include <stdio.h>

#include "cse/pipeline/pipeline.h"

struct mln_retrieval {
    struct mln_exec *e;
    const struct mln_entity *holder;
    size_t open;
};

/* ---- what did not come ---- */

/* That nothing came while a request lived which wanted to live short says nothing. */
void mln_retrieval_note_absent(const struct mln_exec *e, struct mln_remote_memory *memory,
                               struct mln_absence *absence)
{
    const struct mln_limits *limits = e->cse->options.limits;
    enum mln_err_code code = absence->err.code;
    struct mln_remote_fact silence;

    if (code == MLN_ERR_TIMEOUT && e->req.rqet_us != MLN_NO_TIME) {
        return;
    }
    absence->fact.from_us = mln_env_now_us(e->cse->options.env);
    absence->fact.until_us = absence->fact.from_us + (int64_t)absence->ms * 1000;
    silence = absence->fact;
    silence.what = absence->keeper;
    mln_ignore(mln_remote_memory_miss(memory, (size_t)limits->role_cache, &absence->fact));
    if (code == MLN_ERR_NETWORK || code == MLN_ERR_TIMEOUT) {
        mln_ignore(mln_remote_memory_silence(memory, (size_t)limits->role_cache, &silence));
    }
}

/* ---- the end ---- */

static void end_one(struct mln_retrieval *r)
{
    if (--r->open == 0) {
        mln_exec_resume(r->e, MLN_OK);
    }
}

static void unlink_asked(struct mln_wanted *wanted)
{
    struct mln_wanted **at = &wanted->e->worker->asked;

    while (*at != wanted) {
        at = &(*at)->next_asked;
    }
    *at = wanted->next_asked;
}

static void answered(void *data, const struct mln_outbound_answer *answer)
{
    struct mln_wanted *w = data;

    unlink_asked(w);
    while (w) {
        struct mln_wanted *also = w->also; /* a request that goes on takes its own with it */

        w->take(w, answer);
        end_one(w->retrieval);
        w = also;
    }
}

/* ---- asking ---- */

/* All waiting of one request together: until it expires. */
static int64_t time_left(struct mln_exec *e)
{
    int64_t now_us = mln_env_now_us(e->cse->options.env);

    if (e->wait_until_us == 0) {
        e->wait_until_us = now_us + (int64_t)e->cse->options.limits->request_ms * 1000;
        if (e->req.rqet_us != MLN_NO_TIME && e->req.rqet_us < e->wait_until_us) {
            e->wait_until_us = e->req.rqet_us;
        }
    }
    return e->wait_until_us > now_us ? e->wait_until_us - now_us : 1;
}

static bool is_cse(const struct mln_entity *holder)
{
    return holder->cse.len > 0 && holder->stem.len == 0;
}

/* The same question, on its way, whose answer comes in time; NULL: none. Each request of a CSE asks
 * for itself: what is on its way may be waiting for that one. Nobody is bound to a request that
 * wants to live short. */
static struct mln_wanted *find_asked(const struct mln_wanted *wanted, const struct mln_exec *e,
                                     const struct mln_entity *holder)
{
    struct mln_wanted *a = is_cse(holder) ? NULL : e->worker->asked;

    while (a && !(a->take == wanted->take && mln_slice_eq(a->to, wanted->to) &&
                  mln_slice_eq(a->url, wanted->url) && mln_slice_eq(a->fr, wanted->fr) &&
                  mln_slice_eq(a->credential_id, wanted->credential_id) &&
                  mln_slice_eq(a->rvi, wanted->rvi) && a->e->req.rqet_us == MLN_NO_TIME &&
                  a->e->wait_until_us <= e->wait_until_us)) {
        a = a->next_asked;
    }
    return a;
}

static mln_err send(struct mln_wanted *wanted)
{
    struct mln_exec *e = wanted->e;
    struct mln_worker *w = e->worker;
    char rqi[48];
    int len = snprintf(rqi, sizeof rqi, "%s-%llu", w->request_prefix,
                       (unsigned long long)++w->request_counter);
    struct mln_outbound_request request = {
        .url = wanted->url,
        .to = wanted->to,
        .fr = wanted->fr,
        .rqi = mln_slice_of(rqi, (size_t)len),
        .rvi = wanted->rvi,
        .op = MLN_OP_RETRIEVE,
        .serialisation = MLN_S("json"),
        .timeout_us = time_left(e),
        .peer_credential_id = wanted->credential_id,
    };

    return w->ops.outbound.send(w->ops.outbound.impl, &request, answered, wanted);
}

static mln_err ask(struct mln_wanted *wanted)
{
    struct mln_worker *w = wanted->e->worker;
    struct mln_wanted *same = find_asked(wanted, wanted->e, wanted->retrieval->holder);
    mln_err err;

    if (same) {
        wanted->also = same->also;
        same->also = wanted;
        return MLN_OK;
    }
    wanted->next_asked = w->asked; /* before: the answer may come at once */
    w->asked = wanted;
    err = send(wanted);
    if (mln_failed(err)) {
        unlink_asked(wanted);
    }
    return err;
}

/* How many questions about a holder are on their way; enough is enough. */
static size_t open_questions(const struct mln_worker *w, const struct mln_entity *holder,
                             size_t enough)
{
    size_t count = 0;

    for (const struct mln_wanted *a = w->asked; a && count < enough; a = a->next_asked) {
        count += mln_entity_eq(a->retrieval->holder, holder);
    }
    return count;
}

enum { SHARE_OF_CSE = 4 };

/* Of those for a CSE less: two that wait for each other stop there, before they have taken all
 * connections between them. */
static size_t most_for(const struct mln_exec *e, const struct mln_entity *holder)
{
    size_t most = (size_t)e->cse->options.limits->role_inquiries;

    return is_cse(holder) ? (most + SHARE_OF_CSE - 1) / SHARE_OF_CSE : most;
}

static mln_err check_open(const struct mln_exec *e, const struct mln_entity *holder, size_t count)
{
    size_t most = most_for(e, holder);
    size_t open = open_questions(e->worker, holder, most);

    if (open > 0 && open + count > most) {
        mln_fault_clear(e->fault); /* it tells of the denial without them */
        mln_fault_set(e->fault,
                      "too many roles, groups or policies for this originator are being retrieved");
        MLN_FAIL(OVERLOAD);
    }
    return MLN_OK;
}

static mln_err begin(struct mln_exec *e, const struct mln_entity *holder,
                     const struct mln_wanted *first, struct mln_retrieval **ret)
{
    struct mln_retrieval *r = mln_arena_zalloc(e->arena, 1, sizeof *r);
    size_t count = 0;

    MLN_REQUIRE(r, NO_MEMORY);
    (void)time_left(e); /* from now on */
    for (const struct mln_wanted *w = first; w; w = w->next) {
        count += !find_asked(w, e, holder);
    }
    MLN_TRY(check_open(e, holder, count));
    MLN_TRY(mln_exec_park(e));
    *r = (struct mln_retrieval){ .e = e, .holder = holder };
    *ret = r;
    return MLN_OK;
}

mln_err mln_retrieval_start(struct mln_exec *e, const struct mln_entity *holder,
                            struct mln_wanted *first)
{
    struct mln_retrieval *r;

    MLN_TRY(begin(e, holder, first, &r));
    r->open = 1; /* held until all are sent: answers may come at once */
    for (struct mln_wanted *w = first; w; w = w->next) {
        w->retrieval = r;
        w->e = e;
        r->open++;
        if (mln_failed(ask(w))) {
            r->open--;
        }
    }
    end_one(r);
    return MLN_OK;
}
