/* Torture: the n-th allocation fails, then the n-th call of the store, for each n.
 *
 * After each failure there is an answer, with an error or not; the store's check finds nothing,
 * the counters are right, a request that was refused has changed nothing, one that was not has
 * done all it should, what must be told is told at the latest after the next change, and the same
 * request succeeds when nothing fails. Leaks are found by LeakSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../store/tempdir.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "model/definitions.h"
#include "model/special.h"
#include "store/torture.h"
#include "torture.h"

enum {
    FAILURES_MAX = 20000,
    PICTURE_ARENA = 64 << 20,
    REST_SECONDS = 300,
    POLICY_BYTES = 1 << 18,
    IDS = 1 << 10
};

/* What is made to fail. */
struct fuse {
    const char *name;
    void (*set)(unsigned long n);
    unsigned long (*count)(void);
};

static const struct fuse fuses[] = {
    { "allocations", mln_mem_fail_at, mln_mem_count },
    { "store calls", mln_store_fail_at, mln_store_count },
    { "runs of allocations", mln_mem_fail_from, mln_mem_count },
    { "runs of store calls", mln_store_fail_from, mln_store_count },
};

enum { FUSES = sizeof fuses / sizeof fuses[0] };

static const char *backend;
static char directory[TEMPDIR_SIZE];

/* A step of the scenario under a fuse. */
struct trial {
    const struct fuse *fuse;
    size_t step;
    unsigned long n;
    struct mln_inproc *p;
    struct mln_arena *arena;
    const char *wanted; /* picture after the step when nothing fails */
};

/* ---- the CSE ---- */

/* Tables as small as will do: thousands of CSEs are made. */
static const struct mln_inproc_options *options(void)
{
    static struct mln_inproc_options o;
    static struct mln_limits limits;
    static char path[TEMPDIR_SIZE + 32];
    static unsigned serial;

    if (serial) {
        tempdir_remove(path); /* of the CSE before */
    }
    (void)snprintf(path, sizeof path, "%s/%u", directory, ++serial);
    mln_limits_default(&limits);
    limits.policy_bytes = POLICY_BYTES;
    limits.pending_ids = IDS;
    limits.group_requests = IDS;
    limits.token_cache = IDS;
    o = (struct mln_inproc_options){
        .backend = backend, .path = path, .limits = &limits, .enforces_profile = true
    };
    return &o;
}

static void fail_trial(const struct trial *t, const char *what, const char *detail)
{
    fail_msg("%s, with %s failing, number %lu: %s %s", torture_scenario[t->step].name,
             t->fuse->name, t->n, what, detail);
}

static bool is_notified(const struct mln_inproc *p, const char *text)
{
    for (const struct mln_inproc_sent *s = p->sent; s; s = s->next) {
        if (strstr(s->pc, text)) {
            return true;
        }
    }
    return false;
}

/* Without a failure: the answer is that of the scenario. */
static void do_step(struct mln_inproc *p, size_t number)
{
    const struct torture_step *step = &torture_scenario[number];

    if (step->request) {
        struct mln_inproc_call *call = mln_inproc_prepare(p, step->request);
        const struct mln_inproc_answer *answer;

        mln_inproc_start(p, call);
        mln_inproc_settle(p);
        mln_inproc_advance(p, step->seconds * MLN_US_PER_S);
        answer = mln_inproc_answer_of(call);
        if (answer->rsc != (enum mln_rsc)step->rsc) {
            fail_msg("%s: %d %s", step->name, (int)answer->rsc, answer->pc);
        }
    }
    mln_inproc_advance(p, (step->request ? REST_SECONDS : step->seconds) * MLN_US_PER_S);
}

/* A new CSE on which the steps before this one are done. */
static void begin(struct trial *t)
{
    assert_false(mln_failed(mln_inproc_new(options(), &t->p)));
    for (size_t i = 0; i < t->step; i++) {
        do_step(t->p, i);
    }
    mln_inproc_forget(t->p);
}

static void end(struct trial *t)
{
    mln_inproc_free(t->p);
    t->p = NULL;
}

/* ---- one failure ---- */

/* A change elsewhere, which also wakes what has lost its timer. */
static void nudge(struct trial *t)
{
    static unsigned long serial;
    char request[300];
    const struct mln_inproc_answer *answer;

    (void)snprintf(request, sizeof request,
                   "{\"op\":1,\"to\":\"cse-in\",\"fr\":\"CAdmin\",\"ty\":3,"
                   "\"pc\":{\"m2m:cnt\":{\"rn\":\"nudge%lu\"}}}",
                   ++serial);
    answer = mln_inproc_send(t->p, request);
    if (answer->rsc != MLN_RSC_CREATED) {
        fail_trial(t, "the CSE does not work any more:", answer->fault);
    }
    (void)snprintf(request, sizeof request,
                   "{\"op\":4,\"to\":\"cse-in/nudge%lu\",\"fr\":\"CAdmin\"}", serial);
    answer = mln_inproc_send(t->p, request);
    if (answer->rsc != MLN_RSC_DELETED) {
        fail_trial(t, "the CSE does not work any more:", answer->fault);
    }
    mln_inproc_advance(t->p, REST_SECONDS * MLN_US_PER_S);
}

static void check_state(const struct trial *t)
{
    if (mln_inproc_check(t->p) != 0) {
        fail_trial(t, "the check of the store finds faults", "");
    }
    if (!torture_counters_right(t->p)) {
        fail_trial(t, "counters are wrong", "");
    }
    if (torture_records(t->p, MLN_SPACE_OUTBOX) != 0) {
        fail_trial(t, "notifications are stuck", "");
    }
    if (torture_records(t->p, MLN_SPACE_PURGE) != 0) {
        fail_trial(t, "something is left to purge", "");
    }
    if (torture_records(t->p, MLN_SPACE_ACCEPTED) != 0) {
        fail_trial(t, "a request has no result", "");
    }
}

static void check_refused(const struct trial *t, const char *before)
{
    const char *after = torture_picture(t->p, t->arena, true);

    if (strcmp(before, after) != 0) {
        print_error("before:\n%safter:\n%s", before, after);
        fail_trial(t, "refused, and yet something has changed", "");
    }
}

static void check_done(const struct trial *t)
{
    const struct torture_step *step = &torture_scenario[t->step];
    const char *after = torture_picture(t->p, t->arena, false);

    if (strcmp(t->wanted, after) != 0) {
        print_error("wanted:\n%shave:\n%s", t->wanted, after);
        fail_trial(t, "done by half", "");
    }
    for (size_t i = 0; i < 4 && step->notified[i]; i++) {
        if (!is_notified(t->p, step->notified[i])) {
            fail_trial(t, "was not notified:", step->notified[i]);
        }
    }
}

/* Does the step with the fuse set. True: it was done. *ret_burnt: the failure came. */
static bool try_once(struct trial *t, bool *ret_burnt)
{
    const struct torture_step *step = &torture_scenario[t->step];
    struct mln_inproc_call *call = step->request ? mln_inproc_prepare(t->p, step->request) : NULL;
    const struct mln_inproc_answer *answer;

    t->fuse->set(t->n);
    if (call) {
        mln_inproc_start(t->p, call);
        mln_inproc_settle(t->p);
    }
    mln_inproc_advance(t->p, step->seconds * MLN_US_PER_S);
    *ret_burnt = t->fuse->count() >= t->n;
    t->fuse->set(0);
    mln_inproc_advance(t->p, REST_SECONDS * MLN_US_PER_S);
    nudge(t);
    if (!call) {
        return true;
    }
    answer = mln_inproc_answer_of(call);
    if (!answer->is_there) {
        fail_trial(t, "there is no answer", "");
    }
    if (answer->rsc == (enum mln_rsc)step->rsc) {
        return true;
    }
    if (!*ret_burnt || answer->rsc < 4000) {
        fail_trial(t, "unexpected answer", answer->pc);
    }
    return false;
}

/* All failures of one step: each n until the step is done without one. */
static void run_trials(struct trial *t)
{
    bool is_burnt = true;

    begin(t);
    for (t->n = 1; is_burnt; t->n++) {
        const char *before = torture_picture(t->p, t->arena, true);
        bool is_done = try_once(t, &is_burnt);

        assert_true(t->n < FAILURES_MAX);
        check_state(t);
        if (is_done) {
            check_done(t);
            end(t);
            if (is_burnt) {
                begin(t);
            }
        } else {
            check_refused(t, before);
            mln_inproc_forget(t->p);
        }
        mln_arena_reset(t->arena);
    }
}

/* ---- the tests ---- */

/* The picture outlives the reset of the trials' arena. */
static char *picture_after(size_t step)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(PICTURE_ARENA);
    struct trial t = { .step = step + 1 };
    char *copy;

    assert_non_null(arena);
    begin(&t);
    copy = strdup(torture_picture(t.p, arena, false));
    assert_non_null(copy);
    end(&t);
    return copy;
}

static void torture_step_with(size_t step, const struct fuse *fuse)
{
    struct trial t = { .fuse = fuse, .step = step, .arena = mln_arena_new(PICTURE_ARENA) };
    char *wanted = picture_after(step);

    assert_non_null(t.arena);
    t.wanted = wanted;
    run_trials(&t);
    free(wanted);
    mln_arena_free(t.arena);
    print_message("%s: %lu failures of %s\n", torture_scenario[step].name, t.n - 2, fuse->name);
}

static void run_step(void **state)
{
    size_t step = (size_t)((const struct torture_step *)*state - torture_scenario);

    for (size_t i = 0; i < FUSES; i++) {
        torture_step_with(step, &fuses[i]);
    }
}

/* Opening store, CSE, worker and duties on an empty store. */
static void run_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < FUSES; i++) {
        unsigned long n = 1;
        bool is_burnt = true;

        for (; is_burnt; n++) {
            struct mln_inproc *p = NULL;
            mln_err err;

            fuses[i].set(n);
            err = mln_inproc_new(options(), &p);
            is_burnt = fuses[i].count() >= n;
            fuses[i].set(0);
            assert_true(is_burnt || !mln_failed(err));
            assert_true(n < FAILURES_MAX);
            mln_inproc_free(p);
        }
        print_message("start: %lu failures of %s\n", n - 2, fuses[i].name);
    }
}

/* The flexContainers of the scenario. */
static struct mln_definitions *define(void)
{
    struct mln_definitions *set;
    struct mln_limits limits;
    size_t line;

    mln_limits_default(&limits);
    assert_false(mln_failed(mln_definitions_new(&limits, &set)));
    assert_false(mln_failed(mln_definitions_read(
        set, MLN_S("flexContainer x:flex flex org.x\nattribute v value xs:integer\n"), &line,
        NULL)));
    mln_special_install(set);
    return set;
}

int main(int argc, char **argv)
{
    struct mln_definitions *definitions;
    struct CMUnitTest *tests;
    int failed;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s BACKEND\n", argv[0]);
        return 2;
    }
    tests = calloc(torture_steps + 1, sizeof *tests);
    assert_non_null(tests);
    definitions = define();
    mln_log_setup(MLN_LOG_ERROR, false);
    backend = argv[1];
    if (access("/dev/shm", W_OK) == 0) {
        (void)setenv("TMPDIR", "/dev/shm", 0); /* thousands of commits: none needs a disk */
    }
    tempdir_make(directory);
    for (size_t i = 0; i < torture_steps; i++) {
        tests[i] = (struct CMUnitTest){
            .name = torture_scenario[i].name,
            .test_func = run_step,
            .initial_state = (void *)(uintptr_t)&torture_scenario[i],
        };
    }
    tests[torture_steps] = (struct CMUnitTest){ .name = "start", .test_func = run_start };
    failed = _cmocka_run_group_tests("torture", tests, torture_steps + 1, NULL, NULL);
    free(tests);
    mln_special_install(NULL);
    mln_definitions_free(definitions);
    tempdir_remove(directory);
    return failed != 0;
}
