/* See fake_cse_test.h. */
#include "bind/http/fake_cse_test.h"

#include <stddef.h>

#include "model/pack.h"

enum { SLOW_US = 50 * 1000, BIG_BYTES = 4 << 20 };

/* A call that is answered later; lives in the call's arena. */
struct fake_wait {
    struct mln_task task;
    struct mln_timer timer;
    struct mln_call *call;
    struct mln_worker *worker;
    struct fake_wait *next;
};

static void answer(struct mln_worker *worker, struct mln_call *call)
{
    worker->answered++;
    call->done(call);
}

static void set_text(struct mln_call *call, struct mln_slice name, struct mln_slice *ret)
{
    const struct mln_value *v = mln_value_get(call->params, name);

    if (v && v->kind == MLN_V_TEXT) {
        *ret = v->text;
    }
}

static void set_content(struct mln_call *call, const struct mln_value *content)
{
    struct mln_buf out;

    mln_buf_init(&out, call->arena, (size_t)2 * BIG_BYTES);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:cnt"));
    mln_pack_value(&out, content);
    if (mln_failed(mln_buf_finish(&out, &call->response.pc))) {
        call->response.rsc = MLN_RSC_INTERNAL_SERVER_ERROR;
    }
}

static void set_big(struct mln_call *call)
{
    char *text = mln_arena_alloc(call->arena, BIG_BYTES);
    struct mln_value *object = mln_value_new(call->arena, MLN_V_OBJECT);

    if (!text || !object) {
        call->response.rsc = MLN_RSC_INTERNAL_SERVER_ERROR;
        return;
    }
    memset(text, 'x', BIG_BYTES);
    mln_ignore(mln_value_set(object, MLN_S("con"),
                             mln_value_text(call->arena, mln_slice_of(text, BIG_BYTES))));
    set_content(call, object);
}

/* {"m2m:cin": {"con": ...}}, as a store would keep it: measurements are of the binding alone. */
static void set_fixed(struct mln_call *call)
{
    enum { BEFORE = 16, TEXT = 228 };
    static _Thread_local char pack[BEFORE + TEXT] = "\xa1\x67m2m:cin\xa1\x63"
                                                    "con\x78\xe4";

    if (pack[BEFORE] == '\0') {
        memset(pack + BEFORE, 'x', TEXT);
    }
    call->response.pc = mln_slice_of(pack, sizeof pack);
}

static void run_posted(struct mln_task *task)
{
    struct fake_wait *wait = (struct fake_wait *)task;

    answer(wait->worker, wait->call);
}

static void run_slow(struct mln_timer *timer)
{
    struct fake_wait *wait =
        (struct fake_wait *)((char *)timer - offsetof(struct fake_wait, timer));

    answer(wait->worker, wait->call);
}

static void set_special(struct mln_call *call, struct mln_slice to)
{
    if (mln_slice_ends(to, MLN_S("/fixed"))) {
        set_fixed(call);
    } else if (mln_slice_ends(to, MLN_S("/big"))) {
        set_big(call);
    } else if (mln_slice_ends(to, MLN_S("/broken"))) {
        call->response.pc = MLN_S("\xa1\x61");
    } else if (mln_slice_ends(to, MLN_S("/created"))) {
        call->response.rsc = MLN_RSC_CREATED;
        call->response.location = MLN_S("/id-in/cnt 1");
    } else if (mln_slice_ends(to, MLN_S("/partial"))) {
        call->response.content_status = 1;
        call->response.content_offset = 17;
        call->response.vsi = MLN_S("vendor");
        call->response.fr = MLN_S("/id-in");
    } else {
        call->response.rsc = MLN_RSC_NOT_FOUND;
    }
}

/* True when the call is answered later. */
static bool postpone(struct mln_worker *worker, struct mln_call *call, struct mln_slice to)
{
    bool is_posted = mln_slice_ends(to, MLN_S("/posted"));
    bool is_slow = mln_slice_ends(to, MLN_S("/slow"));
    bool is_never = mln_slice_ends(to, MLN_S("/never"));
    struct fake_wait *wait;

    if (!is_posted && !is_slow && !is_never) {
        return false;
    }
    wait = mln_arena_zalloc(call->arena, 1, sizeof *wait);
    if (!wait) {
        return false;
    }
    *wait = (struct fake_wait){ .call = call, .worker = worker };
    wait->task.run = run_posted;
    wait->timer.fire = run_slow;
    set_content(call, call->params);
    if (is_posted) {
        mln_loop_post(worker->loop, &wait->task);
    } else if (is_slow) {
        mln_loop_after(worker->loop, &wait->timer, SLOW_US);
    } else {
        wait->next = worker->waiting;
        worker->waiting = wait;
    }
    return true;
}

void mln_fake_release(struct mln_worker *worker)
{
    while (worker->waiting) {
        struct fake_wait *wait = worker->waiting;

        worker->waiting = wait->next;
        answer(worker, wait->call);
    }
}

void mln_cse_abandon(struct mln_call *call)
{
    struct mln_worker *worker = call->state;

    worker->abandoned++;
}

void mln_cse_call(struct mln_worker *worker, struct mln_call *call)
{
    struct mln_slice to = { 0 };

    worker->calls++;
    call->state = worker;
    call->response = (struct mln_response){ .rsc = MLN_RSC_OK };
    set_text(call, MLN_S("to"), &to);
    set_text(call, MLN_S("rqi"), &call->response.rqi);
    set_text(call, MLN_S("rvi"), &call->response.rvi);
    if (postpone(worker, call, to)) {
        return;
    }
    if (mln_slice_ends(to, MLN_S("/echo"))) {
        set_content(call, call->params);
    } else {
        set_special(call, to);
    }
    answer(worker, call);
}
