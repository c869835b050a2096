/* One case: given resources, requests, expectations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "cases.h"
#include "codec/json.h"

enum { ARENA = 64 << 20 };

/* Name of an operation to m2m:operation; the same words as in the Python runner. */
static uint64_t operation_of(struct mln_slice word)
{
    static const char *const words[] = { "create", "retrieve", "update", "delete", "notify" };

    for (uint64_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (mln_slice_eq(word, mln_slice_z(words[i]))) {
            return i + 1;
        }
    }
    return 0;
}

static struct mln_slice text_or(const struct mln_value *object, struct mln_slice name,
                                struct mln_slice otherwise)
{
    const struct mln_value *v = mln_value_get(object, name);

    return v && v->kind == MLN_V_TEXT ? v->text : otherwise;
}

static bool flag(const struct mln_value *object, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(object, name);

    return v && v->kind == MLN_V_BOOL && v->boolean;
}

static const char *json_of(struct case_run *run, const struct mln_value *v)
{
    struct mln_slice text = MLN_S("nothing");
    struct mln_buf out;

    if (v) {
        mln_buf_init(&out, run->arena, SIZE_MAX);
        mln_json_write_value(&out, v, false);
        assert_false(mln_failed(mln_buf_finish(&out, &text)));
    }
    return mln_arena_zdup(run->arena, text);
}

/* ---- the CSE ---- */

static void set_limits(const struct mln_value *wanted, struct mln_limits *limits)
{
    size_t count;
    const struct mln_limit_row *rows = mln_limit_rows(&count);

    for (const struct mln_value *v = wanted ? wanted->items.first : NULL; v; v = v->next) {
        size_t i = 0;

        while (i < count && !mln_slice_eq(v->name, mln_slice_z(rows[i].name))) {
            i++;
        }
        assert_true(i < count);
        memcpy((char *)limits + rows[i].offset, &v->magnitude, sizeof v->magnitude);
    }
}

static enum mln_verify verify_of(struct mln_slice word)
{
    return mln_slice_eq(word, MLN_S("none"))        ? MLN_VERIFY_NONE
           : mln_slice_eq(word, MLN_S("resources")) ? MLN_VERIFY_RESOURCES
                                                    : MLN_VERIFY_ALL;
}

static void open_cse(struct case_run *run, const char *backend, const char *path)
{
    const struct mln_value *wanted = mln_value_get(run->given, MLN_S("options"));
    const struct mln_value *lifetime = mln_value_get(wanted, MLN_S("max_lifetime"));
    struct mln_limits limits;
    struct mln_inproc_options options = {
        .backend = backend,
        .path = path,
        .limits = &limits,
        .verify = verify_of(text_or(wanted, MLN_S("verify"), MLN_S("all"))),
        .is_release_2 = mln_slice_eq(text_or(wanted, MLN_S("profile"), MLN_S("r3")), MLN_S("r2")),
        .hides_unauthorised = flag(wanted, MLN_S("hide")),
        .max_lifetime_us = lifetime ? (int64_t)lifetime->magnitude * MLN_US_PER_S : 0,
    };

    mln_limits_default(&limits);
    set_limits(mln_value_get(wanted, MLN_S("limits")), &limits);
    assert_false(mln_failed(mln_inproc_new(&options, &run->p)));
}

/* ---- requests ---- */

/* A target that does not say otherwise is below the case's AE. */
static struct mln_slice full_target(struct case_run *run, struct mln_slice to)
{
    static const char *const elsewhere[] = { "cse-in", "/", "-", ".", "{", "id-in" };
    char text[1024];
    int len;

    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        if (mln_slice_starts(to, mln_slice_z(elsewhere[i]))) {
            return case_expand(run, to);
        }
    }
    len = snprintf(text, sizeof text, "{ae}/%.*s", MLN_S_ARG(to));
    assert_in_range(len, 0, sizeof text - 1);
    return case_expand(run, mln_slice_of(text, (size_t)len));
}

/* The parameters of a request of the case, as the harness takes them. */
static const char *request_text(struct case_run *run, const struct mln_value *given)
{
    struct mln_value *request = case_expand_value(run, given);
    struct mln_value *op = mln_value_get(request, MLN_S("op"));
    struct mln_value *to = mln_value_get(request, MLN_S("to"));
    const struct mln_value *raw_to = mln_value_get(given, MLN_S("to"));
    uint64_t number = op && op->kind == MLN_V_TEXT ? operation_of(op->text) : 0;

    if (number) {
        op->kind = MLN_V_INT;
        op->is_negative = false;
        op->magnitude = number;
    }
    if (to && to->kind == MLN_V_TEXT) {
        to->text = full_target(run, raw_to->text);
    }
    if (!mln_value_get(request, MLN_S("fr"))) {
        struct mln_slice stem = case_expand(run, MLN_S("{stem}"));

        assert_false(
            mln_failed(mln_value_set(request, MLN_S("fr"), mln_value_text(run->arena, stem))));
    }
    return json_of(run, request);
}

static const struct mln_inproc_answer *send(struct case_run *run, const struct mln_value *request)
{
    run->last = mln_inproc_prepare(run->p, request_text(run, request));
    mln_inproc_start(run->p, run->last);
    mln_inproc_settle(run->p);
    return mln_inproc_answer_of(run->last);
}

/* ---- what is given ---- */

__attribute__((format(printf, 2, 3))) static struct mln_value *json(struct case_run *run,
                                                                    const char *format, ...)
{
    struct mln_value *value = NULL;
    struct mln_limits limits;
    char text[1024];
    struct mln_slice kept;
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert_in_range(len, 0, sizeof text - 1);
    mln_limits_default(&limits);
    assert_true(mln_arena_dup(run->arena, mln_slice_of(text, (size_t)len), &kept));
    assert_false(mln_failed(mln_json_read(kept, &limits, run->arena, &value, NULL)));
    return value;
}

/* Overrides members of an object. */
static void lay_over(struct mln_value *object, const struct mln_value *over,
                     struct mln_arena *arena)
{
    for (const struct mln_value *v = over ? over->items.first : NULL; v; v = v->next) {
        struct mln_value *copy = mln_value_new(arena, v->kind);

        assert_non_null(copy);
        (void)mln_value_take(object, v->name);
        *copy = *v;
        copy->next = NULL;
        if (v->kind != MLN_V_NULL) {
            assert_false(mln_failed(mln_value_set(object, v->name, copy)));
        }
    }
}

static void register_ae(struct case_run *run, const char *stem, const char *name,
                        const struct mln_value *over)
{
    struct mln_value *request = json(run,
                                     "{\"op\":\"create\",\"to\":\"cse-in\",\"fr\":\"%s\",\"ty\":2,"
                                     "\"pc\":{\"m2m:ae\":{\"rn\":\"%s\",\"api\":\"Ncase\","
                                     "\"rr\":true,\"srv\":[\"3\"],\"poa\":[\"http://%s\"]}}}",
                                     stem, name, name);
    struct mln_value *pc = mln_value_get(request, MLN_S("pc"));
    const struct mln_inproc_answer *answer;

    lay_over(mln_value_get(pc, MLN_S("m2m:ae")), over, run->arena);
    answer = send(run, request);
    if (answer->rsc != MLN_RSC_CREATED) {
        fail_msg("%s: the AE of the case: %d %s", run->where, (int)answer->rsc, answer->pc);
    }
}

static const struct mln_type *type_of(struct mln_slice short_name)
{
    for (unsigned id = 0; id < MLN_TYPES; id++) {
        const struct mln_type *type = mln_model_type_at((enum mln_type_id)id);

        if (mln_slice_eq(type->short_name, short_name)) {
            return type;
        }
    }
    return NULL;
}

/* {"cnt": {...}, "in": "c1", "fr": "{other}"}: one resource, by default of the AE and below it. */
static void create_given(struct case_run *run, const struct mln_value *row)
{
    struct mln_slice in = text_or(row, MLN_S("in"), MLN_S("{ae}"));
    struct mln_slice fr = text_or(row, MLN_S("fr"), MLN_S("{stem}"));
    const struct mln_value *resource = row->items.first;
    const struct mln_type *type = type_of(resource->name);
    struct mln_value *request;
    struct mln_value *content;
    const struct mln_inproc_answer *answer;
    struct mln_slice rn = text_or(resource, MLN_S("rn"), (struct mln_slice){ 0 });
    char name[200];

    assert_non_null(type);
    request = json(run, "{\"op\":\"create\",\"to\":\"%.*s\",\"fr\":\"%.*s\",\"ty\":%u,\"pc\":{}}",
                   MLN_S_ARG(in), MLN_S_ARG(fr), (unsigned)type->ty);
    content = mln_value_new(run->arena, MLN_V_OBJECT);
    assert_non_null(content);
    lay_over(content, resource, run->arena);
    assert_false(
        mln_failed(mln_value_set(mln_value_get(request, MLN_S("pc")), type->root, content)));
    answer = send(run, request);
    if (answer->rsc != MLN_RSC_CREATED) {
        fail_msg("%s: given: %d %s", run->where, (int)answer->rsc, answer->pc);
    }
    if (rn.len) {
        (void)snprintf(name, sizeof name, "%.*s.ri", MLN_S_ARG(rn));
        case_set(run, name,
                 text_or(answer->value->items.first, MLN_S("ri"), (struct mln_slice){ 0 }));
    }
}

static void create_all_given(struct case_run *run)
{
    const struct mln_value *given = mln_value_get(run->given, MLN_S("given"));

    register_ae(run, "Cae1", "ae1", mln_value_get(run->given, MLN_S("ae")));
    register_ae(run, "Cae2", "ae2", mln_value_get(run->given, MLN_S("other")));
    if (given && given->kind == MLN_V_OBJECT) {
        create_given(run, given);
    } else {
        for (const struct mln_value *v = given ? given->items.first : NULL; v; v = v->next) {
            create_given(run, v);
        }
    }
    mln_inproc_forget(run->p);
}

/* ---- expectations ---- */

static void check_content(struct case_run *run, const struct mln_value *expected,
                          const struct mln_value *have, const char *what)
{
    const struct mln_value *wanted = case_expand_value(run, expected);
    char where[200];

    if (expected->kind == MLN_V_NULL) {
        if (have) {
            fail_msg("%s: %s is there: %s", run->where, what, json_of(run, have));
        }
        return;
    }
    if (!case_matches(wanted, have, where, sizeof where)) {
        fail_msg("%s: %s differs at '%s'\n  expected %s\n  have     %s", run->where, what, where,
                 json_of(run, wanted), json_of(run, have));
    }
}

static const struct mln_inproc_sent *next_sent(const struct case_run *run)
{
    return run->seen_up_to ? run->seen_up_to->next : run->p->sent;
}

static void check_notified(struct case_run *run, const struct mln_value *expected)
{
    const struct mln_inproc_sent *s = next_sent(run);
    struct mln_limits limits;
    struct mln_value *content;

    mln_limits_default(&limits);
    for (const struct mln_value *v = expected->items.first; v; v = v->next) {
        if (!s) {
            fail_msg("%s: a notification is missing: %s", run->where, json_of(run, v));
            return;
        }
        assert_false(
            mln_failed(mln_json_read(mln_slice_z(s->pc), &limits, run->arena, &content, NULL)));
        check_content(run, v, content, "a notification");
        run->seen_up_to = s;
        s = s->next;
    }
    if (s) {
        fail_msg("%s: a notification too many: %s", run->where, s->pc);
    }
}

static void check_code(struct case_run *run, const struct mln_value *expected,
                       const struct mln_inproc_answer *have)
{
    const struct mln_value *rsc = mln_value_get(expected, MLN_S("rsc"));
    bool is_parked = flag(expected, MLN_S("parked"));

    if (have->is_there == is_parked) {
        fail_msg("%s: the answer %s", run->where, is_parked ? "should wait" : "is missing");
    }
    if (rsc && rsc->magnitude != have->rsc) {
        fail_msg("%s: rsc %d, expected %d: %s", run->where, (int)have->rsc, (int)rsc->magnitude,
                 have->pc);
    }
}

static void check(struct case_run *run, const struct mln_value *expected,
                  const struct mln_inproc_answer *have)
{
    const struct mln_value *pc = mln_value_get(expected, MLN_S("pc"));
    const struct mln_value *location = mln_value_get(expected, MLN_S("location"));
    const struct mln_value *notified = mln_value_get(expected, MLN_S("notified"));
    const struct mln_value *partial = mln_value_get(expected, MLN_S("partial"));

    check_code(run, expected, have);
    if (pc) {
        check_content(run, pc, have->value, "the content");
    }
    if (location) {
        check_content(run, location, mln_value_text(run->arena, mln_slice_z(have->location)),
                      "the location");
    }
    if (partial && (have->content_status == MLN_CONTENT_PARTIAL) != partial->boolean) {
        fail_msg("%s: content status %d", run->where, (int)have->content_status);
    }
    if (notified) {
        check_notified(run, notified);
    }
}

/* ---- steps ---- */

static struct mln_inproc_reply reply_of(struct case_run *run, const struct mln_value *said)
{
    uint64_t rsc = 0;
    uint64_t status = 0;

    (void)mln_value_u64(mln_value_get(said, MLN_S("rsc")), &rsc);
    (void)mln_value_u64(mln_value_get(said, MLN_S("status")), &status);
    return (struct mln_inproc_reply){
        .is_silent = flag(said, MLN_S("silent")),
        .err = flag(said, MLN_S("gone")) ? MLN_ERR_NETWORK : MLN_ERR_NONE,
        .has_no_rsc = status != 0 && rsc == 0,
        .rsc = (enum mln_rsc)rsc,
        .status = (int)status,
        .pc = mln_value_get(said, MLN_S("pc")) ? json_of(run, mln_value_get(said, MLN_S("pc")))
                                               : NULL,
    };
}

/* "save": {"first": "ri"}: an attribute of the answer's resource, for later steps. */
static void save(struct case_run *run, const struct mln_value *wanted,
                 const struct mln_inproc_answer *answer)
{
    for (const struct mln_value *v = wanted ? wanted->items.first : NULL; v; v = v->next) {
        const struct mln_value *resource = answer->value ? answer->value->items.first : NULL;
        const struct mln_value *found = mln_value_get(resource, v->text);

        if (!found || found->kind != MLN_V_TEXT) {
            fail_msg("%s: nothing to save as %.*s", run->where, MLN_S_ARG(v->name));
            return;
        }
        case_set(run, mln_arena_zdup(run->arena, v->name), found->text);
    }
}

static void do_step(struct case_run *run, const struct mln_value *step)
{
    const struct mln_value *clock = mln_value_get(step, MLN_S("clock"));
    const struct mln_value *receiver = mln_value_get(step, MLN_S("receiver"));
    const struct mln_value *request = mln_value_get(step, MLN_S("request"));
    const struct mln_value *expected = mln_value_get(step, MLN_S("expect"));
    const struct mln_inproc_answer *answer = NULL;

    if (receiver) {
        run->p->reply = reply_of(run, receiver);
    }
    run->p->peer.is_trusted = !flag(step, MLN_S("untrusted"));
    if (clock) {
        mln_inproc_advance(run->p, (int64_t)clock->magnitude * MLN_US_PER_S);
    }
    while (flag(step, MLN_S("forget")) && next_sent(run)) {
        run->seen_up_to = next_sent(run);
    }
    if (request) {
        answer = send(run, request);
    } else if (run->last) {
        answer = mln_inproc_answer_of(run->last);
    }
    if (expected && !answer) {
        fail_msg("%s: there is no request to expect something of", run->where);
    } else if (expected) {
        check(run, expected, answer);
        save(run, mln_value_get(step, MLN_S("save")), answer);
    }
}

static void run_steps(struct case_run *run)
{
    const struct mln_value *then = mln_value_get(run->given, MLN_S("then"));
    struct mln_slice name = text_or(run->given, MLN_S("name"), MLN_S("?"));
    unsigned number = 1;

    (void)snprintf(run->where, sizeof run->where, "%.150s", mln_arena_zdup(run->arena, name));
    create_all_given(run);
    do_step(run, run->given);
    for (const struct mln_value *v = then ? then->items.first : NULL; v; v = v->next) {
        (void)snprintf(run->where, sizeof run->where, "%.150s, step %u",
                       mln_arena_zdup(run->arena, name), ++number);
        do_step(run, v);
    }
}

void case_execute(const struct mln_value *given, const char *backend, const char *path)
{
    struct case_run run = { .given = given, .arena = mln_arena_new(ARENA) };

    assert_non_null(run.arena);
    open_cse(&run, backend, path);
    case_set(&run, "ae", MLN_S("cse-in/ae1"));
    case_set(&run, "name", MLN_S("ae1"));
    case_set(&run, "stem", MLN_S("Cae1"));
    case_set(&run, "other", MLN_S("Cae2"));
    case_set(&run, "otherae", MLN_S("cse-in/ae2"));
    case_set(&run, "receiver", MLN_S("http://receiver"));
    run_steps(&run);
    assert_int_equal(mln_inproc_check(run.p), 0);
    mln_inproc_free(run.p);
    mln_arena_free(run.arena);
}
