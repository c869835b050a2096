/* Tests of what the auditor is told, and of the counters. SEC-GEN-08 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cse/audit.h"
#include "cse/look_test.h"

enum { MOST = 64 };

/* Events as they came, in the arena of the look where they hold texts. */
struct heard {
    struct mln_audit_event events[MOST];
    char reasons[MOST][300];
    size_t count;
};

static struct mln_look look;
static struct heard heard;

static void listen(void *data, const struct mln_audit_event *event)
{
    struct heard *h = data;
    struct mln_audit_event *e = &h->events[h->count];

    assert_true(h->count < MOST);
    *e = *event;
    if (!mln_arena_dup(look.arena, event->originator, &e->originator) ||
        !mln_arena_dup(look.arena, event->target, &e->target) ||
        !mln_arena_dup(look.arena, event->credential_id, &e->credential_id)) {
        fail();
    }
    (void)snprintf(h->reasons[h->count], sizeof h->reasons[0], "%s", event->reason);
    h->count++;
}

static void open_with(struct mln_inproc_options options, bool wants_all)
{
    memset(&heard, 0, sizeof heard);
    options.auditor = (struct mln_auditor){ listen, &heard, wants_all };
    mln_look_open(&look, &options);
    mln_look_register(&look, "C1");
    mln_look_register(&look, "C2");
    heard.count = 0;
}

static int set_up(void **state)
{
    (void)state;
    open_with((struct mln_inproc_options){ 0 }, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static const struct mln_audit_event *only_event(void)
{
    assert_int_equal(heard.count, 1);
    heard.count = 0;
    return &heard.events[0];
}

static uint64_t counted(enum mln_outcome outcome)
{
    uint64_t sums[MLN_OUTCOMES] = { 0 };

    mln_worker_outcomes(look.p->worker, sums);
    return sums[outcome];
}

/* SEC-GEN-08 */
static void a_denial(void **state)
{
    const struct mln_audit_event *e;

    (void)state;
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'cse-in/C1','ty':3,'fr':'C2','rqi':'r9',"
                                         "'pc':{'m2m:cnt':{'lbl':['planted secret']}}}")
                         ->rsc,
                     4103);
    e = only_event();
    assert_true(mln_slice_eq(e->originator, MLN_S("C2")));
    assert_true(mln_slice_eq(e->target, MLN_S("cse-in/C1")));
    assert_int_equal(e->op, MLN_OP_CREATE);
    assert_int_equal(e->ty, 3);
    assert_int_equal(e->rsc, 4103);
    assert_string_equal(e->error, "NO_PRIVILEGE");
    assert_null(strstr(heard.reasons[0], "planted"));
    assert_true(heard.reasons[0][0] != '\0');
    assert_string_equal(e->peer, "127.0.0.1:50000");
    assert_true(e->is_denied && !e->is_admin && !e->is_member);
    assert_int_equal(e->time_us, look.p->now_us);
    assert_int_equal(e->credential_id.len, 0);
}

/* SEC-GEN-08: with the credential, also of one that is revoked */
static void a_denial_in_an_association(void **state)
{
    struct mln_association *a = mln_look_prove(&look, "12-k1@x.example", NULL, "C1");

    (void)state;
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'C2'}")->rsc, 4106);
    assert_true(mln_slice_eq(only_event()->credential_id, MLN_S("12-k1@x.example")));
    mln_association_revoke(a);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'/cse1'}")->rsc, 4107);
    assert_true(mln_slice_eq(only_event()->credential_id, MLN_S("12-k1@x.example")));
}

static void what_is_told(void **state)
{
    const struct mln_audit_event *e;

    (void)state;
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'C1','fr':'C1'}")->rsc, 2000);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'none','fr':'C1'}")->rsc, 4004);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'C1'}")->rsc, 4000);
    assert_int_equal(heard.count, 0);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'C1','fr':'CAdmin'}")->rsc, 2000);
    e = only_event();
    assert_true(e->is_admin && !e->is_denied);
    assert_string_equal(e->error, "");
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'none','fr':'CAdmin'}")->rsc, 4004);
    e = only_event();
    assert_true(e->is_admin && !e->is_denied && e->rsc == 4004);
    assert_string_equal(heard.reasons[0], ""); /* it could quote content */
}

static void everything_when_wanted(void **state)
{
    (void)state;
    tear_down(NULL);
    open_with((struct mln_inproc_options){ 0 }, true);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'C1','fr':'C1'}")->rsc, 2000);
    assert_false(only_event()->is_denied);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'C1'}")->rsc, 4000);
    assert_int_equal(only_event()->rsc, 4000);
}

/* What the originator is not told, the audit log is. */
static void what_is_hidden(void **state)
{
    const struct mln_audit_event *e;

    (void)state;
    tear_down(NULL);
    open_with((struct mln_inproc_options){ .hides_unauthorised = true }, false);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'C1','fr':'C2'}")->rsc, 4004);
    e = only_event();
    assert_int_equal(e->rsc, 4004);
    assert_string_equal(e->error, "NO_PRIVILEGE");
    assert_true(e->is_denied);
}

/* Each member's denial, and not the success of the whole. */
static void members_of_a_group(void **state)
{
    (void)state;
    mln_look_policy(&look, "all", "[{'acor':['all'],'acop':63}]");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_GRP,
                  "{'m2m:grp':{'rn':'g','mid':['cse-in/C1','cse-in/C2'],'mnm':5,"
                  "'macp':['cse-in/all']}}");
    heard.count = 0;
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/g/fopt','fr':'C2'}")->rsc, 2000);
    assert_true(only_event()->is_member);
    assert_true(mln_slice_ends(heard.events[0].target, MLN_S("C1")));
}

static void counters(void **state)
{
    uint64_t before = counted(MLN_OUTCOME_PERMITTED);

    (void)state;
    (void)mln_look_ask(&look, "{'op':2,'to':'C1','fr':'C1'}");
    (void)mln_look_ask(&look, "{'op':2,'to':'none','fr':'C1'}"); /* nothing was decided */
    assert_int_equal(counted(MLN_OUTCOME_PERMITTED), before + 1);
    (void)mln_look_ask(&look, "{'op':2,'to':'C1','fr':'C2'}");
    (void)mln_look_ask(&look, "{'op':2,'to':'C1','fr':'C3'}");
    (void)mln_look_ask(&look, "{'op':2,'to':'C1','fr':'/cse1'}");
    (void)mln_look_ask(&look, "{'op':4,'to':'C1','fr':'/cse1'}");
    assert_int_equal(counted(MLN_OUTCOME_NO_PRIVILEGE), 1);
    assert_int_equal(counted(MLN_OUTCOME_NOT_AUTHENTICATED), 1);
    assert_int_equal(counted(MLN_OUTCOME_NEEDS_ASSOCIATION), 2);
    assert_int_equal(counted(MLN_OUTCOME_PERMITTED), before + 1);
}

static void counters_of_registration(void **state)
{
    (void)state;
    tear_down(NULL);
    memset(&heard, 0, sizeof heard);
    mln_look_open(&look, &(struct mln_inproc_options){
                             .enforces_profile = true,
                             .auditor = { listen, &heard, false },
                         });
    (void)mln_look_ask(&look, "{'op':1,'to':'cse-in','ty':2,'fr':'C1',"
                              "'pc':{'m2m:ae':{'api':'N','rr':false,'srv':['3']}}}");
    assert_int_equal(counted(MLN_OUTCOME_NO_SUBSCRIPTION), 1);
    assert_string_equal(only_event()->error, "NO_SUBSCRIPTION");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_MSSP, "{'m2m:mssp':{'rn':'p'}}");
    mln_look_make(&look, NULL, "cse-in/p", MLN_TY_SVSN,
                  "{'m2m:svsn':{'ni':'urn:n:1','csi':'/id-in'}}");
    heard.count = 0;
    (void)mln_look_ask(&look, "{'op':1,'to':'cse-in','ty':2,'fr':'C1',"
                              "'pc':{'m2m:ae':{'api':'N','rr':false,'srv':['3']}}}");
    assert_int_equal(counted(MLN_OUTCOME_APP_RULE), 1);
    assert_string_equal(only_event()->error, "APP_RULE");
}

static void every_outcome_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MLN_OUTCOMES; i++) {
        assert_true(strlen(mln_outcome_name((enum mln_outcome)i)) > 3);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_denial),
        T(a_denial_in_an_association),
        T(what_is_told),
        T(everything_when_wanted),
        T(what_is_hidden),
        T(members_of_a_group),
        T(counters),
        T(counters_of_registration),
        T(every_outcome_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
