/* Answers questions about the parts of an access decision, a JSON object a line, so that Python can
 * hold them against a model of its own (test_policy_model.py).
 *
 *     {"ask":"schedule","text":"* * 8-17 * * * *","us":0}
 *     {"ask":"range","text":"10.0.0.0/8","ip":"10.1.2.3"}
 *     {"ask":"circle","text":["52.5","13.4","1000"],"at":["52.5","13.41"]}
 *     {"ask":"rules","set":{"acr":[...]},"privilege":2,"fr":"Cae", facts...}
 *
 * One answer a line: "1" or "0"; "refused" and why when the text is no schedule, range or circle;
 * for rules whether they could be stored ("stored", "refused ..."), and then 1 or 0. */
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "codec/json.h"
#include "cse/access/policy.h"
#include "model/pack.h"

enum { ARENA = 64 << 20, LINE = 1 << 20, ROLES_MAX = 16 };

static const struct mln_names names = { { "//merlon.example", 16 },
                                        { "/id-in", 6 },
                                        { "cse-in", 6 } };

static struct mln_limits limits;
static struct mln_arena *arena;

static void must(bool claim, const char *what)
{
    if (!claim) {
        (void)fprintf(stderr, "access_probe: %s\n", what);
        exit(1);
    }
}

static struct mln_slice text_of(const struct mln_value *q, const char *name)
{
    const struct mln_value *v = mln_value_get(q, mln_slice_z(name));

    return v && v->kind == MLN_V_TEXT ? v->text : (struct mln_slice){ 0 };
}

static uint64_t number_of(const struct mln_value *q, const char *name)
{
    uint64_t n;

    return mln_value_u64(mln_value_get(q, mln_slice_z(name)), &n) ? n : 0;
}

/* Up to `most` texts of a list. */
static size_t texts_of(const struct mln_value *q, const char *name, struct mln_slice *out,
                       size_t most)
{
    const struct mln_value *list = mln_value_get(q, mln_slice_z(name));
    size_t count = 0;

    for (const struct mln_value *v = list ? list->items.first : NULL; v && count < most;
         v = v->next) {
        out[count++] = v->text;
    }
    return count;
}

static void say(mln_err err, const struct mln_fault *fault, bool answer)
{
    if (mln_failed(err)) {
        (void)printf("refused %s\n", fault->text);
    } else {
        (void)printf("%d\n", answer);
    }
}

static void ask_schedule(const struct mln_value *q)
{
    struct mln_fault fault = { 0 };
    struct mln_schedule s = { 0 };
    struct mln_moment at;
    mln_err err = mln_schedule_parse(text_of(q, "text"), &s, &fault);

    mln_moment_of((int64_t)number_of(q, "us"), &at);
    say(err, &fault, !mln_failed(err) && mln_schedule_matches(&s, &at));
}

static void ask_range(const struct mln_value *q)
{
    struct mln_fault fault = { 0 };
    struct mln_iprange range = { 0 };
    struct mln_ip ip;
    mln_err err = mln_iprange_parse(text_of(q, "text"), &range, &fault);

    must(!mln_failed(mln_ip_parse(text_of(q, "ip"), &ip, NULL)), "no address");
    say(err, &fault, !mln_failed(err) && mln_iprange_contains(&range, &ip));
}

static void read_place(const struct mln_value *q, struct mln_location *ret)
{
    struct mln_slice at[2];

    if (texts_of(q, "at", at, 2) == 2) {
        must(!mln_failed(mln_latitude_parse(at[0], &ret->latitude, NULL)) &&
                 !mln_failed(mln_longitude_parse(at[1], &ret->longitude, NULL)),
             "no place");
        ret->has_position = true;
    }
    if (text_of(q, "country").len) {
        must(!mln_failed(mln_country_parse(text_of(q, "country"), &ret->country, NULL)),
             "no country");
    }
}

static void ask_circle(const struct mln_value *q)
{
    struct mln_fault fault = { 0 };
    struct mln_location at = { 0 };
    struct mln_circle circle = { 0 };
    struct mln_slice texts[3];
    mln_err err;

    must(texts_of(q, "text", texts, 3) == 3, "no circle");
    read_place(q, &at);
    err = mln_circle_parse(texts, &circle, &fault);
    say(err, &fault, !mln_failed(err) && mln_circle_contains(&circle, &at));
}

/* ---- rules ---- */

static bool locate(void *data, const struct mln_ip *ip, struct mln_location *ret)
{
    const struct mln_value *q = data;

    (void)ip;
    read_place(q, ret);
    return ret->has_position || ret->country;
}

static mln_err is_member(void *data, struct mln_slice address, bool *ret)
{
    const struct mln_value *q = data;
    const struct mln_value *list = mln_value_get(q, MLN_S("groups"));

    *ret = false;
    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        *ret = *ret || mln_slice_eq(v->text, address);
    }
    return MLN_OK;
}

static struct mln_slice pack_of(const struct mln_value *v)
{
    struct mln_buf out;
    struct mln_slice pack;

    mln_buf_init(&out, arena, ARENA);
    mln_pack_value(&out, v);
    must(!mln_failed(mln_buf_finish(&out, &pack)), "no pack");
    return pack;
}

static bool is_true(const struct mln_value *q, const char *name)
{
    const struct mln_value *v = mln_value_get(q, mln_slice_z(name));

    return v && v->kind == MLN_V_BOOL && v->boolean;
}

static void ask_rules(struct mln_value *q)
{
    struct mln_slice set = pack_of(mln_value_get(q, MLN_S("set")));
    struct mln_slice roles[ROLES_MAX];
    struct mln_fault fault = { 0 };
    struct mln_entity entity = { 0 };
    struct mln_policy_facts facts = {
        .names = &names,
        .originator = &entity,
        .is_authenticated = is_true(q, "authenticated"),
        .time_us = (int64_t)number_of(q, "us"),
        .roles = roles,
        .role_count = texts_of(q, "roles", roles, ROLES_MAX),
        .target_ty = (uint16_t)number_of(q, "target"),
        .created_ty = (uint16_t)number_of(q, "created"),
        .target = { number_of(q, "target_mgd"), text_of(q, "target_cnd") },
        .created = { number_of(q, "created_mgd"), text_of(q, "created_cnd") },
        .locate = locate,
        .locate_data = q,
        .is_member = is_member,
        .member_data = q,
    };
    struct mln_rules rules;
    uint64_t counted = 0;
    bool permits;
    mln_err err = mln_rules_check(set, &limits, &counted, arena, &fault);

    if (text_of(q, "fr").len) {
        must(mln_entity_parse(text_of(q, "fr"), &names, &entity), "no originator");
    }
    if (text_of(q, "ip").len) {
        must(!mln_failed(mln_ip_parse(text_of(q, "ip"), &facts.ip, NULL)), "no address");
    }
    must(!mln_failed(mln_rules_read(set, &names, arena, &rules)), "no memory");
    must(!mln_failed(mln_rules_permit(&rules, (enum mln_privilege)number_of(q, "privilege"), &facts,
                                      &permits)),
         "no answer");
    (void)printf("%s %s %d\n", mln_failed(err) ? "refused" : "stored", fault.text, permits);
}

static void answer(struct mln_slice line)
{
    struct mln_value *q;
    struct mln_slice ask;

    must(!mln_failed(mln_json_read(line, &limits, arena, &q, NULL)), "no JSON");
    ask = text_of(q, "ask");
    if (mln_slice_eq(ask, MLN_S("schedule"))) {
        ask_schedule(q);
    } else if (mln_slice_eq(ask, MLN_S("range"))) {
        ask_range(q);
    } else if (mln_slice_eq(ask, MLN_S("circle"))) {
        ask_circle(q);
    } else {
        must(mln_slice_eq(ask, MLN_S("rules")), "no question");
        ask_rules(q);
    }
    (void)fflush(stdout);
    mln_arena_reset(arena);
}

int main(void)
{
    char *line = malloc(LINE);

    mln_limits_default(&limits);
    arena = mln_arena_new(ARENA);
    must(arena && line, "no memory");
    while (fgets(line, LINE, stdin)) {
        answer(mln_slice_of(line, strlen(line) - 1));
    }
    mln_arena_free(arena);
    free(line);
    return 0;
}
