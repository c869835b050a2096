/* Tests of retrieving roles from other CSEs, where the clock matters. SEC-ROL-10 */
#include "cse/access/repository.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypto/jwt.h"
#include "cse/cse_int.h"
#include "cse/look_test.h"

static const int64_t MS = 1000;
static const int64_t ABSENT = 2000000; /* limit role_absent_ms */

static const struct mln_domain_setting repositories[] = {
    { { "x.example", 9 }, { "http://keeper/cse", 17 }, { 0 } },
    { { "y.example", 9 }, { "http://keeper/cse?a=b", 21 }, { 0 } },
    { { "das.example", 11 }, { "http://keeper/cse", 17 }, { 0 } },
};
static const struct mln_domain_setting issuers[] = {
    { { "x.example", 9 }, { "//o.example/id-o/Ci", 19 }, { 0 } },
    { { "y.example", 9 }, { "//o.example/id-o/Ci", 19 }, { 0 } },
};

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, &(struct mln_inproc_options){ .role_repositories = repositories,
                                                       .role_repository_count = 3,
                                                       .role_issuers = issuers,
                                                       .role_issuer_count = 2 });
    mln_look_register(&look, "Cae");
    mln_look_policy(&look, "p",
                    "[{'acor':['r@x.example','r@y.example','r@das.example'],'acop':63}]");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c','acpi':['cse-in/p']}}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static struct mln_inproc_call *ask(const char *roles, const char *more)
{
    return mln_look_start(&look, "{'op':2,'to':'cse-in/c','fr':'Cae','rids':[%s]%s}", roles, more);
}

static struct mln_inproc_reply good(const char *role)
{
    static char pc[512];

    (void)snprintf(pc, sizeof pc,
                   "{\"m2m:cb\":{\"m2m:rol\":[{\"rlid\":\"%s\",\"tkis\":\"//o.example/id-o/Ci\","
                   "\"tkhd\":\"//merlon.example/id-in/Cae\",\"tknb\":\"20290101T000000\","
                   "\"tkna\":\"20300101T000100\"}]}}",
                   role);
    return (struct mln_inproc_reply){ .pc = pc };
}

static void waits_for_the_answer(void **state)
{
    struct mln_inproc_reply reply = good("r@x.example");
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    call = ask("\"r@x.example\"", "");
    assert_false(mln_inproc_answer_of(call)->is_there);
    assert_int_equal(look.p->worker->parked, 1);
    assert_int_equal(look.p->sent_count, 1);
    assert_string_equal(look.p->sent->url, "http://keeper/cse?rcn=8&ty=31&rlid=r@x.example");
    assert_string_equal(look.p->sent->fr, "/id-in");
    assert_int_equal(look.p->sent->op, MLN_OP_RETRIEVE);
    assert_true(mln_inproc_reply_to_first(look.p, &reply));
    mln_inproc_settle(look.p);
    assert_int_equal(mln_look_answer(call), MLN_RSC_OK);
    assert_int_equal(look.p->worker->parked, 0);
}

static void asks_for_all_at_once(void **state)
{
    struct mln_inproc_reply reply = good("r@y.example");
    struct mln_inproc_reply none = { .rsc = MLN_RSC_NOT_FOUND };
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    call = ask("\"r@x.example\",\"r@y.example\",\"r@z.example\"", "");
    assert_int_equal(look.p->sent_count, 2);
    assert_string_equal(look.p->sent->next->url,
                        "http://keeper/cse?a=b&rcn=8&ty=31&rlid=r@y.example");
    assert_true(mln_inproc_reply_to_first(look.p, &none));
    mln_inproc_settle(look.p);
    assert_false(mln_inproc_answer_of(call)->is_there);
    assert_true(mln_inproc_reply_to_first(look.p, &reply));
    mln_inproc_settle(look.p);
    assert_int_equal(mln_look_answer(call), MLN_RSC_OK);
}

static void waits_no_longer_than_the_request_lives(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    call = ask("\"r@x.example\"", "");
    assert_int_equal(look.p->sent->timeout_us, 30000 * MS);
    mln_inproc_advance(look.p, 30001 * MS);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_look_answer(call), MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    mln_inproc_advance(look.p, ABSENT);
    for (unsigned i = 0; i < 2; i++) { /* its own haste is not the repository's silence */
        mln_inproc_forget(look.p);
        call = ask("\"r@x.example\"", ",\"rqet\":\"700\"");
        assert_int_equal(look.p->sent->timeout_us, 700 * MS);
        mln_inproc_advance(look.p, 701 * MS);
        mln_inproc_settle(look.p);
        assert_int_equal(mln_look_answer(call), MLN_RSC_REQUEST_TIMEOUT);
        assert_int_equal(look.p->worker->parked, 0);
    }
}

static void remembers_as_long_as_the_role_is_valid(void **state)
{
    (void)state;
    look.p->reply = good("r@x.example");
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")), MLN_RSC_OK);
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")), MLN_RSC_OK);
    assert_int_equal(look.p->sent_count, 1);
    mln_inproc_advance(look.p, 59000 * MS);
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")), MLN_RSC_OK);
    mln_inproc_advance(look.p, 1000 * MS);
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")),
                     MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    assert_int_equal(look.p->sent_count, 2);
}

/* An issuer of tokens assigns roles of its domain, too. */
#define KEY                                                                                        \
    "{\"kty\":\"oct\",\"kid\":\"k\",\"alg\":\"HS256\","                                            \
    "\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"

static struct mln_jwt_issuers *known_issuers(void)
{
    struct mln_slice record = MLN_S("{\"id\":\"//o.example/id-o/Ci\",\"fqdn\":\"das.example\","
                                    "\"allow\":[{\"sig\":\"HS256\"}],\"keys\":[" KEY "]}");
    struct mln_jwt_issuers *known = NULL;
    struct mln_fault fault = { 0 };

    assert_false(mln_failed(mln_jwt_issuers_new(&record, 1, NULL, &fault, &known)));
    return known;
}

/* SEC-TOK-23: what an issuer that is gone has said is forgotten at once. */
static void forgets_roles_with_their_issuer(void **state)
{
    struct mln_inproc_reply reply = good("r@das.example");
    struct mln_jwt_issuers *known = known_issuers();
    struct mln_inproc_call *call;

    (void)state;
    mln_cse_set_issuers(look.p->cse, known);
    look.p->reply = reply;
    assert_int_equal(mln_look_answer(ask("\"r@das.example\"", "")), MLN_RSC_OK);
    assert_int_equal(mln_look_answer(ask("\"r@das.example\"", "")), MLN_RSC_OK);
    assert_int_equal(look.p->sent_count, 1);
    mln_cse_set_issuers(look.p->cse, NULL);
    assert_int_equal(mln_look_answer(ask("\"r@das.example\"", "")),
                     MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    mln_cse_set_issuers(look.p->cse, known);
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    call = ask("\"r@das.example\"", "");
    mln_cse_set_issuers(look.p->cse, NULL);
    (void)ask("\"r@das.example\"", "");
    assert_true(mln_inproc_reply_to_first(look.p, &reply));
    mln_inproc_settle(look.p);
    assert_true(mln_inproc_answer_of(call)->is_there);
    assert_null(look.p->worker->roles.known);
    mln_jwt_issuers_unref(known);
}

/* A token that gives Cae the role, until 20 seconds from the start of the clock. */
static void make_token(struct mln_slice *ret)
{
    static const char claims[] =
        "{\"tkvr\":\"1.0.0\",\"jti\":\"t@das.example\",\"azp\":\"//merlon.example/id-in/Cae\","
        "\"iss\":\"//o.example/id-o/Ci\",\"nbf\":1800000000,\"exp\":1893456020,"
        "\"tkps\":{\"pm\":[{\"rids\":[\"r@x.example\"]}]}}";
    struct mln_jwt_draft draft = { .claims = mln_slice_z(claims),
                                   .rule = { .sig = MLN_JOSE_HS256 } };
    struct mln_jose_key *key = NULL;
    struct mln_fault fault = { 0 };

    assert_false(mln_failed(mln_jose_key_parse(MLN_S(KEY), &fault, &key)));
    draft.signer = key;
    assert_false(mln_failed(mln_jwt_make(&draft, look.arena, &fault, ret)));
    mln_jose_key_free(key);
}

/* SEC-TOK-06: what was good when it was verified counts only as long as it is. */
static void a_token_expires_while_the_request_waits(void **state)
{
    struct mln_inproc_reply none = { .rsc = MLN_RSC_NOT_FOUND };
    struct mln_jwt_issuers *known = known_issuers();
    struct mln_inproc_call *calls[2];
    struct mln_slice token = { 0 };
    char more[1024];

    (void)state;
    make_token(&token);
    (void)snprintf(more, sizeof more, ",\"tkns\":[\"%.*s\"]", MLN_S_ARG(token));
    mln_cse_set_issuers(look.p->cse, known);
    mln_jwt_issuers_unref(known);
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    calls[0] = ask("\"r@y.example\"", more);
    (void)snprintf(more, sizeof more, ",\"rqet\":\"29000\",\"tkns\":[\"%.*s\"]", MLN_S_ARG(token));
    calls[1] = ask("\"r@y.example\"", more); /* cannot wait for what the other one has asked */
    mln_inproc_advance(look.p, 19999 * MS);
    assert_true(mln_inproc_reply_to_first(look.p, &none));
    mln_inproc_settle(look.p);
    assert_int_equal(mln_look_answer(calls[0]), MLN_RSC_OK);
    mln_inproc_advance(look.p, 1 * MS);
    assert_true(mln_inproc_reply_to_first(look.p, &none));
    mln_inproc_settle(look.p);
    assert_int_equal(mln_look_answer(calls[1]), MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    assert_non_null(strstr(mln_inproc_answer_of(calls[1])->fault, "expired"));
}

/* Who would ask is the holder, not the administrator who wants to know why. */
static void explains_whose_role_it_is(void **state)
{
    static const char question[] =
        "{'op':2,'to':'cse-in/c','fr':'CAdmin','rids':['r@x.example'],"
        "'mln-explain':'originator=%s;operation=retrieve;time=now;authenticated=true'}";
    const struct mln_inproc_answer *answer;

    (void)state;
    mln_look_register(&look, "Cother");
    look.p->reply = good("r@x.example");
    answer = mln_look_ask(&look, question, "Cae");
    assert_non_null(strstr(answer->pc, "\"permits\":true,\"steps\""));
    assert_int_equal(look.p->sent_count, 1);
    answer = mln_look_ask(&look, question, "Cother");
    assert_non_null(strstr(answer->pc, "\"permits\":false"));
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")), MLN_RSC_OK);
    assert_int_equal(look.p->sent_count, 2);
}

static void what_cannot_be_sent_is_no_role(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")),
                     MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    mln_inproc_advance(look.p, ABSENT);
    look.p->worker->parked = look.p->limits.parked;
    call = ask("\"r@x.example\"", "");
    assert_int_equal(mln_look_answer(call), MLN_RSC_INTERNAL_SERVER_ERROR);
    assert_string_equal(mln_inproc_answer_of(call)->fault, "too many requests waiting");
    look.p->worker->parked = 0;
}

/* A role that is not there is not asked for again at once, by the one who asked. */
static void what_is_not_there(void **state)
{
    (void)state;
    look.p->reply = good("other@x.example");
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")),
                         MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    }
    assert_int_equal(look.p->sent_count, 1);
    assert_int_equal(mln_look_answer(ask("\"s@x.example\"", "")),
                     MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    assert_int_equal(look.p->sent_count, 2);
    look.p->reply = good("r@x.example");
    mln_inproc_advance(look.p, ABSENT - 1);
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")),
                     MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    mln_inproc_advance(look.p, 1);
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")), MLN_RSC_OK);
    assert_int_equal(look.p->sent_count, 3);
}

/* Another originator is asked for: the role may be that one's. */
static void what_is_not_there_for_one(void **state)
{
    (void)state;
    mln_look_register(&look, "Cother");
    look.p->reply = good("r@x.example");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/c','fr':'Cother',"
                                             "'rids':['r@x.example']}")
                             ->rsc,
                         MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    }
    assert_int_equal(look.p->sent_count, 1);
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")), MLN_RSC_OK);
}

/* A CSE that does not answer is left alone for a while, another is not; what is known stays. */
static void a_repository_that_is_down(void **state)
{
    (void)state;
    look.p->reply = good("r@x.example");
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")), MLN_RSC_OK);
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    mln_inproc_forget(look.p);
    for (unsigned i = 0; i < 5; i++) {
        char role[64];

        (void)snprintf(role, sizeof role, "\"r%u@x.example\"", i);
        assert_int_equal(mln_look_answer(ask(role, "")), MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    }
    assert_int_equal(look.p->sent_count, 1);
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")), MLN_RSC_OK);
    look.p->reply = good("r@y.example");
    assert_int_equal(mln_look_answer(ask("\"r@y.example\"", "")), MLN_RSC_OK);
    assert_int_equal(look.p->sent_count, 2);
    look.p->reply = (struct mln_inproc_reply){ .rsc = MLN_RSC_NOT_FOUND }; /* an answer after all */
    mln_inproc_advance(look.p, ABSENT);
    assert_int_equal(mln_look_answer(ask("\"r1@x.example\"", "")),
                     MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    assert_int_equal(mln_look_answer(ask("\"r2@x.example\"", "")),
                     MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    assert_int_equal(look.p->sent_count, 4);
}

/* One originator with many Role-IDs has so many questions asked; others are not held up. */
static void a_flood_of_one_originator(void **state)
{
    struct mln_inproc_call *calls[64];
    unsigned refused = 0;
    unsigned open = 0;

    (void)state;
    mln_look_register(&look, "Cother");
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    for (unsigned i = 0; i < 64; i++) {
        char roles[96];

        (void)snprintf(roles, sizeof roles, "\"a%u@x.example\",\"b%u@y.example\"", i, i);
        calls[i] = ask(roles, "");
        if (mln_inproc_answer_of(calls[i])->is_there) {
            assert_int_equal(mln_look_answer(calls[i]), MLN_RSC_INTERNAL_SERVER_ERROR);
            refused++;
        } else {
            open++;
        }
    }
    assert_int_equal(open, 32);
    assert_int_equal(refused, 32);
    assert_int_equal(look.p->sent_count, 64);
    assert_int_equal(look.p->worker->parked, 32);
    look.p->reply = good("r@x.example");
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/c','fr':'Cother',"
                                         "'rids':['r@x.example']}")
                         ->rsc,
                     MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    assert_int_equal(look.p->sent_count, 65);
    mln_inproc_advance(look.p, 30001 * MS);
    mln_inproc_settle(look.p);
    for (unsigned i = 0; i < 32; i++) {
        assert_int_equal(mln_look_answer(calls[i]), MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    }
    assert_int_equal(look.p->worker->parked, 0);
    mln_inproc_advance(look.p, ABSENT);
    assert_int_equal(mln_look_answer(ask("\"r@x.example\"", "")), MLN_RSC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(waits_for_the_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(asks_for_all_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_no_longer_than_the_request_lives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(remembers_as_long_as_the_role_is_valid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forgets_roles_with_their_issuer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_token_expires_while_the_request_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(explains_whose_role_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_sent_is_no_role, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_there_for_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_repository_that_is_down, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_of_one_originator, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
