/* Tests of announcement, where the other CSE answers as it likes, late, or not at all.
 * TS-0004 7.3.3.10, 7.3.3.11 */
#include "cse/remote/announce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cse/look_test.h"
#include "cse/notify/outbox.h"

static const int64_t S = 1000000;

static struct mln_look look;

/* The CSE "/down": gives its copies the names x1, x2, ... */
static struct {
    int made;
    enum mln_err_code create_err; /* the CREATE was carried out, or not; its answer is lost */
    enum mln_rsc create;
    enum mln_rsc update;
    const char *et;
    const char *name;  /* what a CREATE gives, in place of x1, x2, ... */
    const char *found; /* what a discovery gives */
} host;

static struct mln_inproc_reply down(void *data, const struct mln_inproc_sent *sent)
{
    static char pc[200];
    char name[20];

    (void)data;
    switch (sent->op) {
    case MLN_OP_CREATE:
        if (host.create_err || host.create) {
            return (struct mln_inproc_reply){ .err = host.create_err, .rsc = host.create };
        }
        (void)snprintf(name, sizeof name, "x%d", ++host.made);
        (void)snprintf(pc, sizeof pc, "{\"m2m:cntA\":{\"ri\":\"%s\",\"et\":\"%s\"}}",
                       host.name ? host.name : name, host.et);
        return (struct mln_inproc_reply){ .rsc = MLN_RSC_CREATED, .pc = pc };
    case MLN_OP_UPDATE:
        return (struct mln_inproc_reply){ .rsc = host.update };
    case MLN_OP_DELETE:
        return (struct mln_inproc_reply){ .rsc = MLN_RSC_DELETED };
    case MLN_OP_RETRIEVE:
        return (struct mln_inproc_reply){ .rsc = MLN_RSC_OK, .pc = host.found };
    case MLN_OP_NOTIFY:
        break;
    }
    return (struct mln_inproc_reply){ .rsc = MLN_RSC_OPERATION_NOT_ALLOWED };
}

static int set_up(void **state)
{
    (void)state;
    host.made = 0;
    host.create_err = MLN_ERR_NONE;
    host.create = (enum mln_rsc)0;
    host.update = MLN_RSC_UPDATED;
    host.et = "20990101T000000";
    host.name = NULL;
    host.found = "{\"m2m:uril\":[]}";
    mln_look_open(&look, &(struct mln_inproc_options){ .receive = down });
    (void)mln_look_prove(&look, "//merlon.example/down", "//merlon.example/down", NULL);
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'cse-in','fr':'/down','ty':16,'pc':"
                                         "{'m2m:csr':{'cb':'/down/b','rr':true,'srv':['3'],"
                                         "'poa':['http://down']}}}")
                         ->rsc,
                     MLN_RSC_CREATED);
    mln_look_claim(&look, true);
    mln_look_register(&look, "Cae");
    mln_look_make(&look, "Cae", "Cae", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    mln_inproc_forget(look.p);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mln_inproc_check(look.p), 0);
    mln_look_close(&look);
    return 0;
}

/* Its answer, or none yet. */
static struct mln_inproc_call *begin(const char *attributes)
{
    char json[300];
    struct mln_inproc_call *call;

    (void)snprintf(json, sizeof json, "{'op':3,'to':'Cae/c','fr':'Cae','pc':{'m2m:cnt':{%s}}}",
                   attributes);
    for (char *c = json; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    mln_inproc_forget(look.p);
    call = mln_inproc_prepare(look.p, json);
    mln_inproc_start(look.p, call);
    mln_inproc_settle(look.p);
    return call;
}

static const struct mln_inproc_answer *update(const char *attributes)
{
    const struct mln_inproc_answer *a = mln_inproc_answer_of(begin(attributes));

    assert_true(a->is_there);
    return a;
}

/* The operations and targets of what was sent: "1 /down/-;1 /down/x1". */
static const char *sent(void)
{
    static char text[1000];
    size_t len = 0;

    text[0] = '\0';
    for (const struct mln_inproc_sent *s = look.p->sent; s && len < sizeof text; s = s->next) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%d %s", len ? ";" : "", s->op,
                                s->to);
    }
    return text;
}

static const struct mln_inproc_sent *last_sent(void)
{
    const struct mln_inproc_sent *s = look.p->sent;

    while (s->next) {
        s = s->next;
    }
    return s;
}

/* announceTo of the container now, as JSON. */
static bool is_at(const char *wanted)
{
    const char *pc = mln_look_ask(&look, "{'op':2,'to':'Cae/c','fr':'Cae'}")->pc;

    return wanted ? strstr(pc, wanted) != NULL : strstr(pc, "\"at\"") == NULL;
}

static uint64_t records(enum mln_space space)
{
    struct mln_slice after = { 0 };
    char key[MLN_RECORD_KEY_MAX];
    uint64_t count = 0;
    size_t len;

    while (!mln_failed(mln_record_next_key(mln_look_anew(&look), space, after, false, key, &len))) {
        after = mln_slice_of(key, len);
        count++;
    }
    return count;
}

/* The <CSEBaseAnnc> first; the request is answered when the copy is there. */
static void in_order(void **state)
{
    struct mln_inproc_call *call = begin("'at':['/down'],'lbl':['l']");
    const struct mln_inproc_answer *a;

    (void)state;
    assert_false(mln_inproc_answer_of(call)->is_there); /* it waits for the <CSEBaseAnnc> */
    mln_inproc_advance(look.p, S);
    a = mln_inproc_answer_of(call);
    assert_true(a->is_there);
    assert_int_equal(a->rsc, MLN_RSC_UPDATED);
    assert_non_null(strstr(a->pc, "\"at\":[\"/down/x2\"]"));
    assert_string_equal(sent(), "1 /down/-;1 /down/x1");
    assert_string_equal(look.p->sent->fr, "/id-in");
    assert_non_null(strstr(look.p->sent->pc, "m2m:cbA"));
    assert_non_null(strstr(last_sent()->pc, "\"lbl\":[\"l\"]"));
    assert_non_null(strstr(last_sent()->pc, "\"lnk\":\"/id-in/cnt"));
    assert_int_equal(records(MLN_SPACE_OUTBOX), 0);
    assert_int_equal(records(MLN_SPACE_ANNOUNCED), 2);
}

static void announce(void)
{
    (void)begin("'at':['/down']");
    mln_inproc_advance(look.p, S);
    assert_true(is_at("\"at\":[\"/down/x2\"]"));
}

/* Another copy, /down/x3: the <CSEBaseAnnc> stays. */
static void announce_another(void)
{
    mln_look_make(&look, "Cae", "Cae", MLN_TY_CNT, "{'m2m:cnt':{'rn':'k','at':['/down']}}");
    mln_inproc_advance(look.p, S);
    mln_inproc_forget(look.p);
}

/* TS-0001 9.6.1.3.2: accessControlPolicyIDs by itself, and before what it protects */
static void policies_by_themselves(void **state)
{
    (void)state;
    mln_look_policy(&look, "p", "[{'acor':['Cae'],'acop':63}]");
    announce();
    assert_int_equal(update("'acpi':['cse-in/p']")->rsc, MLN_RSC_UPDATED);
    assert_string_equal(sent(), "3 /down/x2");
    assert_string_equal(last_sent()->pc, "{\"m2m:cntA\":{\"acpi\":[\"/id-in/cse-in/p\"]}}");
}

/* A copy that cannot be kept like the original must not stay. */
static void refused_changes(void **state)
{
    (void)state;
    announce();
    host.update = MLN_RSC_BAD_REQUEST;
    (void)update("'lbl':['m']");
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "3 /down/x2;4 /down/x2;4 /down/x1");
    assert_true(is_at(NULL));
    assert_int_equal(records(MLN_SPACE_ANNOUNCED), 0);
}

/* What it does not want to have besides is not announced there; the rest follows. */
static void declined_attributes(void **state)
{
    (void)state;
    announce();
    host.update = MLN_RSC_BAD_REQUEST;
    (void)update("'aa':['mni'],'mni':7");
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "3 /down/x2");
    assert_string_equal(last_sent()->pc, "{\"m2m:cntA\":{\"mni\":7}}");
    assert_true(is_at("\"at\":[\"/down/x2\"]"));
    host.update = MLN_RSC_UPDATED;
    (void)update("'lbl':['a']");
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "3 /down/x2;3 /down/x2"); /* the second time it is asked, too */
    assert_string_equal(look.p->sent->pc, "{\"m2m:cntA\":{\"lbl\":[\"a\"]}}");
    assert_string_equal(last_sent()->pc, "{\"m2m:cntA\":{\"mni\":7}}");
    host.update = MLN_RSC_BAD_REQUEST;
    (void)update("'mni':8");
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "3 /down/x2;4 /down/x2;4 /down/x1"); /* what it has is wrong now */
    assert_int_equal(records(MLN_SPACE_OUTBOX), 0);
}

/* The other CSE refuses the copy: announceTo has only what succeeded. */
static void refused_copies(void **state)
{
    const struct mln_inproc_answer *a;
    struct mln_inproc_call *call;

    (void)state;
    host.create = MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE;
    call = begin("'at':['/down']");
    mln_inproc_advance(look.p, S);
    a = mln_inproc_answer_of(call);
    assert_true(a->is_there && a->rsc == MLN_RSC_UPDATED && is_at(NULL));
    assert_string_equal(sent(), "1 /down/-");
    assert_int_equal(records(MLN_SPACE_ANNOUNCED), 0);
}

/* The answer was lost: it is looked for before it would be made twice. */
static void lost_answers(void **state)
{
    (void)state;
    announce();
    announce_another();
    (void)update("'at':null");
    host.create_err = MLN_ERR_TIMEOUT;
    (void)update("'at':['/down']");
    assert_true(is_at(NULL));
    assert_string_equal(sent(), "1 /down/x1");
    host.found = "{\"m2m:uril\":[\"b/x1/y\"]}";
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "1 /down/x1;2 /down/-;3 /down/b/x1/y");
    assert_true(is_at("\"at\":[\"/down/b/x1/y\"]"));
}

/* One that is found gets all anew, but not what no UPDATE can change: that would be refused. */
static void found_specialisations(void **state)
{
    (void)state;
    announce();
    mln_look_make(&look, NULL, "cse-in", MLN_TY_NOD, "{'m2m:nod':{'rn':'n','ni':'urn:x:y'}}");
    host.create_err = MLN_ERR_TIMEOUT;
    mln_inproc_forget(look.p);
    mln_look_make(&look, NULL, "cse-in/n", MLN_TY_MGMTOBJ,
                  "{'m2m:bat':{'mgd':1006,'btl':5,'bts':1,'at':['/down'],'aa':['btl']}}");
    host.found = "{\"m2m:uril\":[\"b/x1/y\"]}";
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "1 /down/x1;2 /down/-;3 /down/b/x1/y;3 /down/b/x1/y");
    assert_non_null(strstr(look.p->sent->pc, "\"mgd\":1006"));
    assert_non_null(strstr(last_sent()->pc, "\"btl\":5"));
    assert_null(strstr(last_sent()->pc, "mgd"));
    assert_null(strstr(look.p->sent->next->next->pc, "mgd"));
}

static void lost_requests(void **state)
{
    (void)state;
    announce();
    announce_another();
    (void)update("'at':null");
    host.create_err = MLN_ERR_TIMEOUT;
    (void)update("'at':['/down']");
    host.create_err = MLN_ERR_NONE;
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "1 /down/x1;2 /down/-;1 /down/x1");
    assert_true(is_at("\"at\":[\"/down/x4\"]"));
}

/* It cannot have us change or delete, in our name, what is elsewhere. */
static void addresses_elsewhere(void **state)
{
    static const char *const elsewhere[] = { "/side/x", "//other.example/down/x", "/id-in/Cae",
                                             "/downx/y", "//" };

    (void)state;
    announce();
    announce_another();
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        (void)update("'at':null");
        host.name = elsewhere[i];
        (void)update("'at':['/down'],'lbl':['a']");
        (void)update("'lbl':['b']");
        assert_true(is_at(NULL));
        assert_string_equal(sent(), "");
        assert_int_equal(records(MLN_SPACE_ANNOUNCED), 2);
    }
    host.name = "//merlon.example/down/x9"; /* in full */
    (void)update("'at':['/down']");
    assert_true(is_at("\"at\":[\"//merlon.example/down/x9\"]"));
}

static void found_elsewhere(void **state)
{
    (void)state;
    announce();
    announce_another();
    (void)update("'at':null");
    host.create_err = MLN_ERR_TIMEOUT;
    (void)update("'at':['/down']");
    host.found = "{\"m2m:uril\":[\"/side/x\"]}";
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "1 /down/x1;2 /down/-");
    assert_true(is_at(NULL));
    assert_int_equal(records(MLN_SPACE_ANNOUNCED), 2);
}

/* However often the original changes meanwhile, two entries wait; in the end the last state counts.
 */
static void nobody_there(void **state)
{
    (void)state;
    announce();
    look.p->receive = NULL;
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    for (int i = 0; i < 20; i++) {
        assert_int_equal(update("'lbl':['a']")->rsc, MLN_RSC_UPDATED);
    }
    (void)update("'lbl':['z']");
    assert_int_equal(records(MLN_SPACE_OUTBOX), 2);
    look.p->receive = down;
    mln_inproc_advance(look.p, 120 * S);
    assert_non_null(strstr(last_sent()->pc, "\"lbl\":[\"z\"]"));
    assert_int_equal(records(MLN_SPACE_OUTBOX), 0);
}

/* ---- entries that were read before a change, and are erased after it ---- */

struct erasure {
    struct mln_job job;
    mln_err result;
};

static mln_err erase_all(struct mln_job *job, struct mln_view *view)
{
    struct mln_change c = {
        .cse = look.p->cse, .view = view, .arena = look.arena, .now_us = look.p->now_us
    };
    struct mln_announce_outcome *outcome = NULL;
    struct mln_outbox_entry entry = { 0 };
    struct mln_lane lane;
    mln_err err;

    (void)job;
    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    MLN_TRY(mln_outbox_next_lane(view, NULL, &lane));
    MLN_TRY(mln_announce_ended(MLN_ANNOUNCE_NOTHING, &outcome));
    for (int i = 0; i < 2; i++) {
        err = mln_outbox_next(view, lane, 0, look.arena, &entry);
        err = mln_failed(err) ? err : mln_outbox_erase(c.write, lane, entry.number);
        err = mln_failed(err) ? err : mln_announce_conclude(&c, lane, outcome);
        if (mln_failed(err)) {
            break;
        }
    }
    mln_free(outcome);
    return err;
}

static void erased(struct mln_job *job, mln_err result)
{
    ((struct erasure *)(void *)job)->result = result;
}

/* They do not hide the change. */
static void read_before(void **state)
{
    struct erasure work = { .job = { .run = erase_all, .done = erased },
                            .result = MLN_ERROR(INTERNAL) };

    (void)state;
    announce();
    look.p->receive = NULL;
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    (void)update("'lbl':['a']");
    (void)update("'lbl':['b']");
    (void)update("'lbl':['z']");
    assert_int_equal(records(MLN_SPACE_OUTBOX), 2);
    assert_int_equal(mln_store_submit(look.p->store, &work.job).code, MLN_ERR_NONE);
    assert_int_equal(work.result.code, MLN_ERR_NONE);
    assert_int_equal(records(MLN_SPACE_OUTBOX), 1);
    mln_inproc_forget(look.p);
    look.p->receive = down;
    mln_inproc_advance(look.p, 120 * S);
    assert_non_null(strstr(last_sent()->pc, "\"lbl\":[\"z\"]"));
    assert_int_equal(records(MLN_SPACE_OUTBOX), 0);
}

/* What was never reached is given up; a copy that is there, only when its original has gone. */
static void given_up(void **state)
{
    (void)state;
    announce();
    look.p->receive = NULL;
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    mln_look_make(&look, "Cae", "Cae", MLN_TY_CNT, "{'m2m:cnt':{'rn':'d','at':['/down']}}");
    (void)update("'lbl':['a']");
    mln_inproc_advance(look.p, INT64_C(2) * 3600 * S);
    assert_int_equal(records(MLN_SPACE_ANNOUNCED), 2);
    assert_true(is_at("\"at\":[\"/down/x2\"]"));
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'Cae/c','fr':'Cae'}")->rsc, MLN_RSC_DELETED);
    mln_inproc_advance(look.p, INT64_C(2) * 3600 * S);
    assert_int_equal(records(MLN_SPACE_ANNOUNCED), 0);
    assert_int_equal(records(MLN_SPACE_OUTBOX), 0);
}

/* The <CSEBaseAnnc> goes with the last copy at its CSE, and comes again. */
static void base_goes_with_the_last(void **state)
{
    (void)state;
    look.p->limits.announced_cses = 1;
    announce();
    announce_another();
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'Cae/k','fr':'Cae'}")->rsc, MLN_RSC_DELETED);
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "4 /down/x3");
    (void)update("'at':null");
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "4 /down/x2;4 /down/x1");
    assert_int_equal(records(MLN_SPACE_ANNOUNCED), 0);
    assert_int_equal(records(MLN_SPACE_OUTBOX), 0);
    (void)begin("'at':['/down']");
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "1 /down/-;1 /down/x4");
    assert_true(is_at("\"at\":[\"/down/x5\"]"));
}

/* What stands below it because somebody wanted it there, would go with it: so it counts, too. */
static void base_stays_for_others(void **state)
{
    (void)state;
    announce();
    mln_look_make(&look, "Cae", "Cae", MLN_TY_CNT, "{'m2m:cnt':{'rn':'k','at':['/down/x1']}}");
    mln_inproc_advance(look.p, S);
    (void)update("'at':null");
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "4 /down/x2");
    mln_inproc_forget(look.p);
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'Cae/k','fr':'Cae'}")->rsc, MLN_RSC_DELETED);
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "4 /down/x3;4 /down/x1");
}

/* A CSE that has lost everything gets it again, and is left as it was. */
static void base_after_a_loss(void **state)
{
    (void)state;
    announce();
    announce_another();
    mln_inproc_advance(look.p, 61 * S);
    host.update = MLN_RSC_NOT_FOUND;
    (void)update("'lbl':['a']");
    host.update = MLN_RSC_UPDATED;
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "3 /down/x2;1 /down/x1");
    (void)update("'at':null");
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'Cae/k','fr':'Cae'}")->rsc, MLN_RSC_DELETED);
    mln_inproc_advance(look.p, S);
    assert_string_equal(sent(), "4 /down/x4;4 /down/x3;4 /down/x1");
    assert_int_equal(records(MLN_SPACE_ANNOUNCED), 0);
}

/* The other CSE gives less time than was asked for: half of it later the copy is renewed. */
static void short_lives(void **state)
{
    (void)state;
    host.et = "20300101T000100";
    announce();
    mln_inproc_forget(look.p);
    mln_inproc_advance(look.p, 40 * S);
    assert_non_null(strstr(sent(), "3 /down/x1"));
    assert_non_null(strstr(sent(), "3 /down/x2"));
    assert_non_null(strstr(last_sent()->pc, "\"et\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(policies_by_themselves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(declined_attributes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_copies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(found_specialisations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(addresses_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(found_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(read_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(given_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(base_goes_with_the_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(base_stays_for_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(base_after_a_loss, set_up, tear_down),
        cmocka_unit_test_setup_teardown(short_lives, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
