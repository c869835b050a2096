/* Tests of statistics: which requests become records, and when. spec: TS-0001 10.2.11 */
#include "cse/stats/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cse/look_test.h"

enum { MOST = 64, LINE = 80 };

static const int64_t S = 1000000;

static struct mln_look look;

/* What was recorded: "event operation resourceType bytes who". */
static char records[MOST][LINE];
static size_t record_count;
static bool rules_change; /* while a record is made */

static void note(void *data, const struct mln_statistics_record *r)
{
    (void)data;
    if (rules_change) {
        mln_stats_changed(look.p->cse);
        mln_stats_committed(look.p->cse);
    }
    assert_true(record_count < MOST);
    assert_true(r->end_us >= r->start_us);
    (void)snprintf(records[record_count++], LINE, "%u %d %u %llu %.*s", r->event, (int)r->op, r->ty,
                   r->has_size ? (unsigned long long)r->bytes : 0ULL, MLN_S_ARG(r->collected));
}

static void begin(void)
{
    const struct mln_inproc_options options = { .recorder = { .note = note } };

    mln_look_open(&look, &options);
    mln_look_register(&look, "C1");
    mln_look_register(&look, "C2");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_STCG, "{'m2m:stcg':{'rn':'g'}}");
    record_count = 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mln_inproc_check(look.p), 0);
    mln_look_close(&look);
    return 0;
}

/* An event with these members, and an ACTIVE rule on it with those, both with that name. */
static void collect(const char *name, const char *event, const char *rule)
{
    struct mln_resource config;
    char text[512];

    (void)snprintf(text, sizeof text, "{'m2m:evcg':{'rn':'%s',%s}}", name, event);
    mln_look_make(&look, NULL, "cse-in/g", MLN_TY_EVCG, text);
    (void)snprintf(text, sizeof text, "cse-in/g/%s", name);
    config = mln_look_at(&look, text);
    (void)snprintf(text, sizeof text,
                   "{'m2m:stcl':{'rn':'%s','cei':'/id-in','srs':1,'sm':1,'evi':'%.*s'%s}}", name,
                   MLN_S_ARG(config.ri), rule);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_STCL, text);
    record_count = 0;
}

static void ask(const char *request, int rsc)
{
    const struct mln_inproc_answer *a = mln_look_ask(&look, "%s", request);

    if (!a->is_there || (int)a->rsc != rsc) {
        fail_msg("%s: %d %s", request, (int)a->rsc, a->fault);
    }
}

static void expect(const char *first, const char *second)
{
    size_t count = (size_t)(first != NULL) + (size_t)(second != NULL);

    if (record_count != count || (first && strcmp(records[0], first) != 0) ||
        (second && strcmp(records[1], second) != 0)) {
        fail_msg("%zu records: %s, %s", record_count, record_count > 0 ? records[0] : "",
                 record_count > 1 ? records[1] : "");
    }
    record_count = 0;
}

static void operations_of_some_on_a_type(void **state)
{
    (void)state;
    begin();
    collect("a", "'evt':1,'opt':[1,2],'erts':[3]", ",'cdi':['C1']");
    mln_look_make(&look, "C1", "cse-in/C1", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    expect("1 1 3 0 C1", NULL);
    ask("{'op':2,'to':'cse-in/C1/c','fr':'C1'}", 2000);
    expect("1 2 3 0 C1", NULL);
    ask("{'op':3,'to':'cse-in/C1/c','fr':'C1','pc':{'m2m:cnt':{'lbl':['x']}}}", 2004);
    ask("{'op':2,'to':'cse-in/C1','fr':'C1'}", 2000);
    ask("{'op':2,'to':'cse-in/C1/c','fr':'C2'}", 4103);
    ask("{'op':2,'to':'cse-in/C1/c','fr':'CAdmin'}", 2000);
    ask("{'op':2,'to':'cse-in/C1/none','fr':'C1'}", 4004);
    expect(NULL, NULL);
}

static void operations_on_one_resource(void **state)
{
    struct mln_resource c;
    char event[80];

    (void)state;
    begin();
    mln_look_make(&look, "C1", "cse-in/C1", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    c = mln_look_at(&look, "cse-in/C1/c");
    (void)snprintf(event, sizeof event, "'evt':1,'eris':['/id-in/%.*s']", MLN_S_ARG(c.ri));
    collect("a", event, "");
    mln_look_make(&look, "C1", "cse-in/C1/c", MLN_TY_CIN, "{'m2m:cin':{'con':'abc'}}");
    expect("1 1 4 3 C1", NULL);
    ask("{'op':2,'to':'cse-in/C1/c','fr':'C1'}", 2000);
    expect("1 2 3 3 C1", NULL);
    ask("{'op':4,'to':'cse-in/C1/c','fr':'C1'}", 2002);
    expect("1 4 3 3 C1", NULL);
    ask("{'op':2,'to':'cse-in/C1','fr':'C1'}", 2000);
    expect(NULL, NULL);
}

static void rules_that_stop(void **state)
{
    (void)state;
    begin();
    collect("a", "'evt':1,'opt':[2],'erts':[5]", "");
    ask("{'op':2,'to':'cse-in','fr':'CAdmin'}", 2000);
    expect("1 2 5 0 CAdmin", NULL);
    ask("{'op':3,'to':'cse-in/a','fr':'CAdmin','pc':{'m2m:stcl':{'srs':2}}}", 2004);
    ask("{'op':2,'to':'cse-in','fr':'CAdmin'}", 2000);
    expect(NULL, NULL);
    ask("{'op':3,'to':'cse-in/a','fr':'CAdmin','pc':{'m2m:stcl':{'srs':1}}}", 2004);
    ask("{'op':2,'to':'cse-in','fr':'CAdmin'}", 2000);
    expect("1 2 5 0 CAdmin", NULL);
    ask("{'op':3,'to':'cse-in/g/a','fr':'CAdmin','pc':{'m2m:evcg':{'opt':[3]}}}", 2004);
    ask("{'op':2,'to':'cse-in','fr':'CAdmin'}", 2000);
    expect(NULL, NULL);
    ask("{'op':3,'to':'cse-in/g/a','fr':'CAdmin','pc':{'m2m:evcg':{'opt':null}}}", 2004);
    ask("{'op':2,'to':'cse-in','fr':'CAdmin'}", 2000);
    expect("1 2 5 0 CAdmin", NULL);
    ask("{'op':4,'to':'cse-in/g','fr':'CAdmin'}", 2002);
    ask("{'op':2,'to':'cse-in','fr':'CAdmin'}", 2000);
    expect(NULL, NULL);
}

/* The executor changes the rules while the file of records is slow, and need not wait for it. */
static void rules_that_change_meanwhile(void **state)
{
    (void)state;
    begin();
    collect("a", "'evt':1,'opt':[2],'erts':[5]", "");
    collect("b", "'evt':1,'opt':[2],'erts':[5]", "");
    rules_change = true;
    (void)alarm(60); /* rather than for ever */
    ask("{'op':2,'to':'cse-in','fr':'CAdmin'}", 2000);
    (void)alarm(0);
    rules_change = false;
    expect("1 2 5 0 CAdmin", "1 2 5 0 CAdmin");
}

/* collectPeriod */
static void rules_within_their_periods(void **state)
{
    (void)state;
    begin();
    collect("a", "'evt':1,'opt':[2],'erts':[5]", ",'cp':{'sce':['* * 8-20 * * * *']}");
    ask("{'op':2,'to':'cse-in','fr':'CAdmin'}", 2000);
    expect(NULL, NULL);
    mln_inproc_advance(look.p, INT64_C(9) * 3600 * S);
    ask("{'op':2,'to':'cse-in','fr':'CAdmin'}", 2000);
    expect("1 2 5 0 CAdmin", NULL);
}

/* dataSize: once, when it is exceeded */
static void sizes(void **state)
{
    (void)state;
    begin();
    mln_look_make(&look, "C1", "cse-in/C1", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c','mni':2}}");
    collect("a", "'evt':2,'ds':5,'erts':[3]", "");
    mln_look_make(&look, "C1", "cse-in/C1/c", MLN_TY_CIN, "{'m2m:cin':{'con':'abcde'}}");
    expect(NULL, NULL);
    mln_look_make(&look, "C1", "cse-in/C1/c", MLN_TY_CIN, "{'m2m:cin':{'con':'f'}}");
    expect("2 1 3 6 C1", NULL);
    mln_look_make(&look, "C1", "cse-in/C1/c", MLN_TY_CIN, "{'m2m:cin':{'con':'0123456789'}}");
    expect(NULL, NULL);
    mln_look_make(&look, "C1", "cse-in/C1/c", MLN_TY_CIN, "{'m2m:cin':{'con':'1'}}");
    mln_look_make(&look, "C1", "cse-in/C1/c", MLN_TY_CIN, "{'m2m:cin':{'con':'1'}}");
    expect(NULL, NULL);
    mln_look_make(&look, "C1", "cse-in/C1/c", MLN_TY_CIN, "{'m2m:cin':{'con':'abcdef'}}");
    expect("2 1 3 7 C1", NULL);
    collect("b", "'evt':2,'ds':3,'erts':[4]", "");
    mln_look_make(&look, "C1", "cse-in/C1/c", MLN_TY_CIN, "{'m2m:cin':{'con':'abc'}}");
    expect(NULL, NULL);
    mln_look_make(&look, "C1", "cse-in/C1/c", MLN_TY_CIN, "{'m2m:cin':{'con':'abcd'}}");
    expect("2 1 4 4 C1", NULL);
}

/* Each member of a group, and not the request to the fanOutPoint. */
static void members(void **state)
{
    (void)state;
    begin();
    mln_look_make(&look, "C1", "cse-in/C1", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    mln_look_make(&look, "C1", "cse-in/C1", MLN_TY_GRP,
                  "{'m2m:grp':{'rn':'g','mnm':5,'mid':['cse-in/C1/c','cse-in/C1']}}");
    collect("a", "'evt':1,'opt':[2]", "");
    ask("{'op':2,'to':'cse-in/C1/g/fopt','fr':'C1'}", 2000);
    expect("1 2 2 0 C1", "1 2 3 0 C1");
}

static const char named[] = "'eris':['%.*s','none','C1']";

static void times(void **state)
{
    struct mln_resource c;
    char resources[80];
    char event[200];

    (void)state;
    begin();
    mln_look_make(&look, "C1", "cse-in/C1", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    mln_look_make(&look, "C1", "cse-in/C1/c", MLN_TY_CIN, "{'m2m:cin':{'con':'abc'}}");
    c = mln_look_at(&look, "cse-in/C1/c");
    (void)snprintf(resources, sizeof resources, named, MLN_S_ARG(c.ri));
    (void)snprintf(event, sizeof event,
                   "'evt':3,'evs':'20300101T010000','eve':'20300101T020000',%s", resources);
    collect("a", event, ",'cdi':['/id-in/C1']");
    collect("b", event, ",'cdi':['C2']");
    mln_inproc_advance(look.p, 7199 * S);
    expect(NULL, NULL);
    mln_inproc_advance(look.p, S);
    expect("3 0 3 3 C1", NULL);
    mln_inproc_advance(look.p, 7200 * S);
    expect(NULL, NULL);
    /* moved on, it comes again */
    ask("{'op':3,'to':'cse-in/g/a','fr':'CAdmin','pc':{'m2m:evcg':{'eve':'20300101T050000'}}}",
        2004);
    mln_inproc_advance(look.p, 3600 * S);
    expect("3 0 3 3 C1", NULL);
}

static void times_in_periods(void **state)
{
    struct mln_resource c;
    char resources[80];
    char event[200];

    (void)state;
    begin();
    mln_look_make(&look, "C1", "cse-in/C1", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    c = mln_look_at(&look, "cse-in/C1/c");
    (void)snprintf(resources, sizeof resources, named, MLN_S_ARG(c.ri));
    (void)snprintf(event, sizeof event,
                   "'evt':3,'evs':'20300301T000000','eve':'20300303T000000',%s", resources);
    collect("a", event, ",'cp':{'sce':['0 0 12 * * * *','* 30 18 1 3 * *']}");
    mln_inproc_advance(look.p, INT64_C(59) * 86400 * S); /* 2030-03-01 */
    expect(NULL, NULL);
    mln_inproc_advance(look.p, INT64_C(13) * 3600 * S);
    expect("3 0 3 0 C1", NULL);
    mln_inproc_advance(look.p, INT64_C(6) * 3600 * S); /* every second of a minute: once a minute */
    expect("3 0 3 0 C1", NULL);
    mln_inproc_advance(look.p, 86400 * S);
    expect("3 0 3 0 C1", NULL);
    mln_inproc_advance(look.p, INT64_C(10) * 86400 * S);
    expect(NULL, NULL);
}

/* Nothing is collected that nobody could read. */
static void no_file(void **state)
{
    struct mln_resource config;
    const struct mln_inproc_answer *a;

    (void)state;
    mln_look_open(&look, NULL);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_STCG, "{'m2m:stcg':{'rn':'g'}}");
    mln_look_make(&look, NULL, "cse-in/g", MLN_TY_EVCG, "{'m2m:evcg':{'rn':'e','evt':1}}");
    config = mln_look_at(&look, "cse-in/g/e");
    a = mln_look_ask(&look,
                     "{'op':1,'to':'cse-in','fr':'CAdmin','ty':21,'pc':{'m2m:stcl':{'cei':'/id-in',"
                     "'srs':1,'sm':1,'evi':'%.*s'}}}",
                     MLN_S_ARG(config.ri));
    assert_int_equal(a->rsc, MLN_RSC_NOT_IMPLEMENTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(operations_of_some_on_a_type, tear_down),
        cmocka_unit_test_teardown(operations_on_one_resource, tear_down),
        cmocka_unit_test_teardown(rules_that_stop, tear_down),
        cmocka_unit_test_teardown(rules_that_change_meanwhile, tear_down),
        cmocka_unit_test_teardown(rules_within_their_periods, tear_down),
        cmocka_unit_test_teardown(sizes, tear_down),
        cmocka_unit_test_teardown(members, tear_down),
        cmocka_unit_test_teardown(times, tear_down),
        cmocka_unit_test_teardown(times_in_periods, tear_down),
        cmocka_unit_test_teardown(no_file, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
