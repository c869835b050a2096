/* Tests of time series where cases and requests do not reach: how times are read and ordered, what
 * stays in the store, and a time in which nobody looked. spec: TS-0001 10.2.4.29 */
#include "cse/types/series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/timestamp.h"
#include "cse/cse_int.h"
#include "cse/look_test.h"

static const int64_t S = 1000000;
static const int64_t YEAR = INT64_C(365) * 86400 * 1000000;

static struct mln_look look;

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mln_inproc_check(look.p), 0);
    mln_look_close(&look);
    return 0;
}

static void times_in_both_forms(void **state)
{
    struct mln_value text = { .kind = MLN_V_TEXT, .text = MLN_S("20300101T000000,5") };
    struct mln_value digits = { .kind = MLN_V_TEXT, .text = MLN_S("-12") };
    struct mln_value words = { .kind = MLN_V_TEXT, .text = MLN_S("now") };
    struct mln_value number = { .kind = MLN_V_INT, .is_negative = true, .magnitude = 12 };
    struct mln_value great = { .kind = MLN_V_INT, .magnitude = UINT64_MAX };
    struct mln_dgt dgt;

    (void)state;
    mln_look_open(&look, NULL);
    assert_true(mln_dgt_read(&text, &dgt));
    assert_false(dgt.is_relative);
    assert_int_equal(dgt.value, look.p->now_us + S / 2);
    assert_true(mln_dgt_read(&digits, &dgt));
    assert_true(dgt.is_relative && dgt.value == -12);
    assert_true(mln_dgt_read(&number, &dgt));
    assert_true(dgt.is_relative && dgt.value == -12);
    assert_false(mln_dgt_read(&words, &dgt));
    assert_false(mln_dgt_read(&great, &dgt));
    assert_false(mln_dgt_read(NULL, &dgt));
}

static void make(const char *pc)
{
    mln_look_make(&look, NULL, "cse-in", MLN_TY_TS, pc);
}

static void feed(const char *dgt)
{
    char pc[128];

    (void)snprintf(pc, sizeof pc, "{'m2m:tsi':{'dgt':%s,'con':'x'}}", dgt);
    mln_look_make(&look, NULL, "cse-in/t", MLN_TY_TSI, pc);
}

static bool has_between(int64_t first_us, int64_t last_us)
{
    struct mln_resource r = mln_look_at(&look, "cse-in/t");
    const struct mln_dgt first = { .value = first_us };
    const struct mln_dgt last = { .value = last_us };
    bool is_there;

    assert_int_equal(mln_series_has(look.view, r.id, first, last, &is_there).code, MLN_ERR_NONE);
    return is_there;
}

static void ranges_include_their_ends(void **state)
{
    int64_t at;

    (void)state;
    mln_look_open(&look, NULL);
    at = look.p->now_us;
    make("{'m2m:ts':{'rn':'t'}}");
    make("{'m2m:ts':{'rn':'u'}}");
    feed("'20300101T000000'");
    feed("0");
    assert_true(has_between(at, at));
    assert_true(has_between(at - 5, at));
    assert_true(has_between(at, at + 5));
    assert_true(has_between(at - 5, at + 5));
    assert_false(has_between(at - 5, at - 1));
    assert_false(has_between(at + 1, at + 5));
    assert_false(has_between(0, 0)); /* the relative time is none */
    assert_false(has_between(at + 1, INT64_MAX));
}

/* Records of a space. */
static size_t rows(enum mln_space space)
{
    char key[MLN_RECORD_KEY_MAX];
    size_t len = 0;
    size_t count = 0;

    (void)mln_look_anew(&look);
    while (mln_record_next_key(look.view, space, mln_slice_of(key, len), false, key, &len).code ==
           MLN_ERR_NONE) {
        count++;
    }
    return count;
}

static void del(const char *to)
{
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'%s','fr':'CAdmin'}", to)->rsc,
                     MLN_RSC_DELETED);
}

/* Deleted, pushed out, expired, or gone with its series in steps: no row and no alarm stays. */
static void nothing_stays_behind(void **state)
{
    struct mln_limits limits;
    char dgt[32];

    (void)state;
    mln_limits_default(&limits);
    limits.delete_inline = 3;
    mln_look_open(&look,
                  &(struct mln_inproc_options){ .limits = &limits, .verify = MLN_VERIFY_NONE });
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    make("{'m2m:ts':{'rn':'t','mni':10,'mia':60,'pei':10000,'mdd':true,'mdt':6000}}");
    for (int i = 0; i < 20; i++) {
        (void)snprintf(dgt, sizeof dgt, "'20300101T0000%02d'", i);
        feed(dgt);
    }
    assert_int_equal(rows(MLN_SPACE_SERIES), 10);
    assert_int_equal(rows(MLN_SPACE_ALARM), 2);
    del("cse-in/t/la");
    assert_int_equal(rows(MLN_SPACE_SERIES), 9);
    mln_inproc_advance(look.p, 61 * S);
    assert_int_equal(rows(MLN_SPACE_SERIES), 0);
    assert_int_equal(rows(MLN_SPACE_ALARM), 2);
    for (int i = 0; i < 9; i++) {
        (void)snprintf(dgt, sizeof dgt, "'20300101T0001%02d'", i);
        feed(dgt);
    }
    mln_look_make(&look, NULL, "cse-in/t", MLN_TY_SUB,
                  "{'m2m:sub':{'nu':['http://h'],'enc':{'net':[8],"
                  "'md':{'num':9,'dur':'PT1H'}}}}");
    mln_inproc_advance(look.p, 30 * S);
    assert_int_equal(rows(MLN_SPACE_ALARM), 4);
    del("cse-in/t");
    mln_inproc_settle(look.p);
    assert_int_equal(rows(MLN_SPACE_SERIES), 0);
    assert_int_equal(rows(MLN_SPACE_ALARM), 0);
}

static struct mln_value *attributes(void)
{
    struct mln_resource r = mln_look_at(&look, "cse-in/t");
    struct mln_value *v;

    assert_int_equal(mln_pack_to_value(r.attrs, look.arena, &v).code, MLN_ERR_NONE);
    return v;
}

/* After a year without a server only what the list can hold is looked at. */
static void a_long_time_without_a_look(void **state)
{
    struct mln_value *v;
    char newest[MLN_TIMESTAMP_SIZE];
    struct mln_slice first;
    size_t len;

    (void)state;
    mln_look_open(&look, &(struct mln_inproc_options){ .has_no_duties = true });
    make("{'m2m:ts':{'rn':'t','pei':1000,'mdd':true,'mdt':900,'mdn':50}}");
    feed("'20300101T000000'");
    mln_inproc_advance(look.p, YEAR);
    assert_int_equal(mln_duties_new(look.p->worker, &look.p->duties).code, MLN_ERR_NONE);
    mln_inproc_settle(look.p);
    v = attributes();
    assert_int_equal(mln_value_get(v, MLN_S("mdc"))->magnitude, 50);
    assert_int_equal(mln_value_get(v, MLN_S("mdlt"))->items.count, 50);
    first = mln_value_get(v, MLN_S("mdlt"))->items.first->text;
    len = mln_timestamp_put(newest, look.p->now_us - S);
    assert_true(mln_slice_eq(first, mln_slice_of(newest, len)));
}

/* Many points and many targets of one subscription: the memory of each message is used again. */
static void many_messages_of_one_look(void **state)
{
    struct mln_limits limits;
    char pc[1024];
    size_t len;

    (void)state;
    mln_limits_default(&limits);
    limits.request_arena_bytes = 1 << 20;
    mln_look_open(&look, &(struct mln_inproc_options){
                             .limits = &limits, .verify = MLN_VERIFY_NONE, .has_no_duties = true });
    make("{'m2m:ts':{'rn':'t','pei':1000,'mdd':true,'mdt':900}}");
    len = (size_t)snprintf(pc, sizeof pc, "{'m2m:sub':{'nu':['http://h'");
    for (int i = 1; i < 32; i++) {
        len += (size_t)snprintf(pc + len, sizeof pc - len, ",'http://h/%d'", i);
    }
    (void)snprintf(pc + len, sizeof pc - len, "],'enc':{'net':[8],'md':{'num':1,'dur':'PT1H'}}}}");
    mln_look_make(&look, NULL, "cse-in/t", MLN_TY_SUB, pc);
    feed("'20300101T000000'");
    mln_inproc_advance(look.p, YEAR);
    assert_int_equal(mln_duties_new(look.p->worker, &look.p->duties).code, MLN_ERR_NONE);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_value_get(attributes(), MLN_S("mdc"))->magnitude, 1000);
}

/* Points closer together than a look are looked at together: one write for many. */
static void fast_series_are_paced(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    make("{'m2m:ts':{'rn':'t','pei':1,'peid':0,'mdd':true,'mdt':1}}");
    feed("'20300101T000000'");
    mln_inproc_advance(look.p, S / 20);
    assert_int_equal(mln_value_get(attributes(), MLN_S("mdc"))->magnitude, 0);
    mln_inproc_advance(look.p, S / 20);
    assert_int_equal(mln_value_get(attributes(), MLN_S("mdc"))->magnitude, 99);
}

static void the_pace_is_a_limit(void **state)
{
    struct mln_limits limits;

    (void)state;
    mln_limits_default(&limits);
    limits.missing_look_ms = 2000;
    mln_look_open(&look, &(struct mln_inproc_options){ .limits = &limits });
    make("{'m2m:ts':{'rn':'t','pei':500,'mdd':true,'mdt':400}}");
    feed("'20300101T000000'");
    mln_inproc_advance(look.p, 2 * S - 1);
    assert_int_equal(mln_value_get(attributes(), MLN_S("mdc"))->magnitude, 0);
    mln_inproc_advance(look.p, 1);
    assert_int_equal(mln_value_get(attributes(), MLN_S("mdc"))->magnitude, 3);
}

/* Of a window: count and times not told, in 8 bytes each. */
static size_t window_of(const char *rn, uint64_t *ret_count)
{
    struct mln_resource r = mln_look_at(&look, rn);
    struct mln_alarm a;

    assert_int_equal(mln_alarm_get(look.view, r.id, MLN_ALARM_WINDOW, look.arena, &a).code,
                     MLN_ERR_NONE);
    *ret_count = mln_get_be64(a.state.ptr);
    return a.state.len / 8 - 1;
}

static void points_of_one_look_count_one_by_one(void **state)
{
    uint64_t count;

    (void)state;
    mln_look_open(&look, &(struct mln_inproc_options){ .verify = MLN_VERIFY_NONE });
    make("{'m2m:ts':{'rn':'t','pei':1,'peid':0,'mdd':true,'mdt':1}}");
    mln_look_make(&look, NULL, "cse-in/t", MLN_TY_SUB,
                  "{'m2m:sub':{'rn':'few','nu':['http://h'],'enc':{'net':[8],"
                  "'md':{'num':98,'dur':'PT1H'}}}}");
    mln_look_make(&look, NULL, "cse-in/t", MLN_TY_SUB,
                  "{'m2m:sub':{'rn':'many','nu':['http://h'],'enc':{'net':[8],"
                  "'md':{'num':200,'dur':'PT1H'}}}}");
    feed("'20300101T000000'");
    mln_inproc_advance(look.p, S / 10);
    assert_int_equal(window_of("cse-in/t/few", &count), 0);
    assert_int_equal(count, 99);
    assert_int_equal(window_of("cse-in/t/many", &count), 99);
    assert_int_equal(count, 99);
    mln_inproc_advance(look.p, S / 10);
    assert_int_equal(window_of("cse-in/t/many", &count), 199);
    assert_int_equal(count, 199);
}

/* Times that no clock reaches neither overflow nor arm anything. */
static void far_away_is_never(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    make("{'m2m:ts':{'rn':'t','pei':18446744073709551615,'peid':9,'mdd':true,"
         "'mdt':18446744073709551615}}");
    feed("'99991231T235959'");
    assert_int_equal(rows(MLN_SPACE_ALARM), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(times_in_both_forms, tear_down),
        cmocka_unit_test_teardown(ranges_include_their_ends, tear_down),
        cmocka_unit_test_teardown(nothing_stays_behind, tear_down),
        cmocka_unit_test_teardown(a_long_time_without_a_look, tear_down),
        cmocka_unit_test_teardown(many_messages_of_one_look, tear_down),
        cmocka_unit_test_teardown(fast_series_are_paced, tear_down),
        cmocka_unit_test_teardown(the_pace_is_a_limit, tear_down),
        cmocka_unit_test_teardown(points_of_one_look_count_one_by_one, tear_down),
        cmocka_unit_test_teardown(far_away_is_never, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
