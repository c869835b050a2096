/* Tests of what tests/access cannot see from Python: what rules borrow and note, what damage does,
 * what facts are asked for, and how many constraints a policy may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cse/look_test.h"
#include "model/pack.h"

static struct mln_look look;
static const struct mln_names names = { { "//merlon.example", 16 },
                                        { "/id-in", 6 },
                                        { "cse-in", 6 } };

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

/* How often facts that cost something are asked for. */
struct asked {
    unsigned location;
    unsigned membership;
};

static bool locate(void *data, const struct mln_ip *ip, struct mln_location *ret)
{
    (void)ip;
    ((struct asked *)data)->location++;
    ret->country = 'D' << 8 | 'E';
    return true;
}

static mln_err is_member(void *data, struct mln_slice address, bool *ret)
{
    (void)address;
    ((struct asked *)data)->membership++;
    *ret = true;
    return MLN_OK;
}

static mln_err fails(void *data, struct mln_slice address, bool *ret)
{
    (void)data;
    (void)address;
    (void)ret;
    MLN_FAIL(STORE_IO);
}

static bool permits(struct mln_slice set, enum mln_privilege privilege,
                    struct mln_policy_facts *facts)
{
    struct mln_rules rules;
    bool ret = true;

    assert_int_equal(mln_rules_read(set, &names, look.arena, &rules).code, MLN_ERR_NONE);
    assert_int_equal(mln_rules_permit(&rules, privilege, facts, &ret).code, MLN_ERR_NONE);
    return ret;
}

static struct mln_policy_facts facts_of(struct asked *asked, const struct mln_entity *who)
{
    return (struct mln_policy_facts){
        .names = &names,
        .originator = who,
        .locate = locate,
        .locate_data = asked,
        .is_member = is_member,
        .member_data = asked,
    };
}

static const struct mln_entity cae = { { "merlon.example", 14 }, { "id-in", 5 }, { "Cae", 3 } };

static void what_costs_is_asked_last_and_once(void **state)
{
    static const struct {
        const char *set;
        unsigned location;
        unsigned membership;
    } rows[] = {
        { "{'acr':[{'acor':['cse-in/g'],'acop':1}]}", 0, 0 },
        { "{'acr':[{'acor':['cse-in/g'],'acop':2,'acaf':true}]}", 0, 0 },
        { "{'acr':[{'acor':['cse-in/g'],'acop':2,'acco':[{'aclr':{'accc':['FR']}}]}]}", 1, 0 },
        { "{'acr':[{'acor':['Cx'],'acop':2,'acco':[{'aclr':{'accc':['FR']}},"
          "{'aclr':{'accc':['IT','GB']}},{'aclr':{'accc':['ES']}}]}]}",
          1, 0 },
        { "{'acr':[{'acor':['cse-in/g','Cae'],'acop':2,'acco':[{'aclr':{'accc':['DE']}}]}]}", 1,
          0 },
        { "{'acr':[{'acor':['cse-in/g'],'acop':2}]}", 0, 1 },
        { "{'acr':[{'acor':['Cg','//d','/id-x','C*/x','a@b'],'acop':2}]}", 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asked asked = { 0 };
        struct mln_policy_facts facts = facts_of(&asked, &cae);

        (void)permits(mln_look_pack(&look, rows[i].set), MLN_PRIVILEGE_RETRIEVE, &facts);
        assert_int_equal(asked.location, rows[i].location);
        assert_int_equal(asked.membership, rows[i].membership);
    }
}

static void a_group_that_cannot_be_read_is_an_error(void **state)
{
    struct mln_slice set = mln_look_pack(&look, "{'acr':[{'acor':['cse-in/g'],'acop':2}]}");
    struct asked asked = { 0 };
    struct mln_policy_facts facts = facts_of(&asked, &cae);
    struct mln_rules rules;
    bool ret;

    (void)state;
    facts.is_member = fails;
    assert_int_equal(mln_rules_read(set, &names, look.arena, &rules).code, MLN_ERR_NONE);
    assert_int_equal(mln_rules_permit(&rules, MLN_PRIVILEGE_RETRIEVE, &facts, &ret).code,
                     MLN_ERR_STORE_IO);
}

/* SEC-CTX-06 SEC-CTX-08: nothing known is nothing matched; all zero is nobody */
static void unknown_facts_match_nothing(void **state)
{
    static const char *const rules[] = {
        "{'acr':[{'acor':['Cae','*','/*','//*','//*/*/*','a@b','cse-in/g'],'acop':63}]}",
        "{'acr':[{'acor':['all'],'acop':63,'acaf':true}]}",
        "{'acr':[{'acor':['all'],'acop':63,'acco':[{'acip':{'ipv4':['0.0.0.0/0']}}]}]}",
        "{'acr':[{'acor':['all'],'acop':63,'acco':[{'acip':{'ipv6':['::/0']}}]}]}",
        "{'acr':[{'acor':['all'],'acop':63,'acco':[{'aclr':{'accr':[0,0,40000000]}}]}]}",
        "{'acr':[{'acor':['all'],'acop':63,'acco':[{'aclr':{'accc':['AA']}}]}]}",
        "{'acr':[{'acor':['all'],'acop':1,'acod':[{'chty':[3]}]}]}",
    };
    struct mln_policy_facts nothing = { .names = &names };

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        assert_false(permits(mln_look_pack(&look, rules[i]), MLN_PRIVILEGE_CREATE, &nothing));
    }
    assert_true(permits(mln_look_pack(&look, "{'acr':[{'acor':['all'],'acop':1}]}"),
                        MLN_PRIVILEGE_CREATE, &nothing));
}

/* Each byte changed and each length: must end, and never grant what the whole does not. */
static void damage_never_grants(void **state)
{
    static const char text[] =
        "{'pv':{'acr':[{'acor':['all'],'acop':2,'acaf':true,'acco':[{'actw':['* * * * * * *'],"
        "'acip':{'ipv4':['10.0.0.0/8'],'ipv6':['::1']},'aclr':{'accr':[1.5,-2,30]}},"
        "{'aclr':{'accc':['DE']}}],'acod':[{'ty':3,'spty':{'mgd':1001},'chty':[4,23]}]}]},"
        "'pvs':{'acr':[{'acor':['Cx'],'acop':63}]}}";
    struct mln_slice whole = mln_look_pack(&look, text);
    struct mln_policy_facts nothing = { .names = &names };

    (void)state;
    for (size_t at = 0; at < whole.len * 2; at++) {
        for (unsigned flip = 1; flip < 256; flip += at < whole.len ? 1 : 255) {
            size_t len = at < whole.len ? whole.len : at - whole.len;
            char *copy = malloc(len + 1);
            struct mln_policy policy;
            bool ret;

            assert_non_null(copy);
            memcpy(copy, whole.ptr, len);
            copy[at < len ? at : 0] = (char)(copy[at < len ? at : 0] ^ (at < len ? (int)flip : 0));
            assert_int_equal(
                mln_policy_read(mln_slice_of(copy, len), &names, look.arena, &policy).code, 0);
            assert_int_equal(
                mln_rules_permit(&policy.self_privileges, MLN_PRIVILEGE_RETRIEVE, &nothing, &ret)
                    .code,
                0);
            assert_false(ret);
            free(copy);
        }
        mln_arena_reset(look.arena);
        whole = mln_look_pack(&look, text);
    }
}

static void points_elsewhere_are_noted(void **state)
{
    struct mln_policy policy;

    (void)state;
    assert_int_equal(
        mln_policy_read(mln_look_pack(&look, "{'pv':{},'adri':['a'],'airi':['b'],'pvs':{}}"),
                        &names, look.arena, &policy)
            .code,
        0);
    assert_true(mln_slice_eq(policy.decision_ids, MLN_S("\x81\x61"
                                                        "a")));
    assert_true(mln_slice_eq(policy.information_ids, MLN_S("\x81\x61"
                                                           "b")));
    assert_int_equal(policy.policy_ids.len, 0);
    assert_null(policy.privileges.first);
}

/* SEC-DEC-12 */
static void constraints_are_counted(void **state)
{
    enum { UNREADABLE = 99 }; /* in its second rule; the first counts three */
    struct mln_limits limits = { .acp_constraints = 9 };
    static const struct {
        const char *set;
        unsigned count;
    } rows[] = {
        { "{'acr':[{'acor':['all'],'acop':1}]}", 0 },
        { "{'acr':[{'acor':['all'],'acop':1,'acco':[{},{}]}]}", 2 },
        { "{'acr':[{'acor':['all'],'acop':1,'acco':[{'actw':['* * * * * * *','* * * * * * *']}]}]}",
          3 },
        { "{'acr':[{'acor':['all'],'acop':1,'acod':[{'chty':[3,4]},{'chty':[3]}]},"
          "{'acor':['all'],'acop':1,'acco':[{'acip':{'ipv4':['::1','1.1.1.1']}}]}]}",
          UNREADABLE },
        { "{'acr':[{'acor':['all'],'acop':1,'acco':[{'acip':{'ipv4':['1.1.1.1'],'ipv6':['::1']},"
          "'aclr':{'accc':['DE','FR']}},{'aclr':{'accr':[0,0,0]}}]}]}",
          7 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint64_t before = 0; before < 12; before++) {
            uint64_t counted = before;
            mln_err err = mln_rules_check(mln_look_pack(&look, rows[i].set), &limits, &counted,
                                          look.arena, NULL);

            if (rows[i].count == UNREADABLE) {
                assert_int_equal(err.code, before > 6 ? MLN_ERR_LIMIT : MLN_ERR_ATTR_INVALID);
            } else if (before + rows[i].count > limits.acp_constraints) {
                assert_int_equal(err.code, MLN_ERR_LIMIT);
            } else {
                assert_int_equal(err.code, MLN_ERR_NONE);
                assert_int_equal(counted, before + rows[i].count);
            }
        }
    }
}

/* ---- the memory of policies ---- */

static bool kept(struct mln_policy_cache *cache, uint64_t id, const char *text)
{
    struct mln_policy_key key = { id, mln_look_pack(&look, text), &names };
    uint64_t before = mln_policy_cache_misses(cache);
    const struct mln_policy *policy;
    const struct mln_rule *rule;

    assert_int_equal(mln_policy_cache_get(cache, &key, look.arena, &policy).code, 0);
    rule = policy->privileges.first;
    assert_non_null(rule);
    /* whatever is kept, it is what these bytes say: the operations are the last digit */
    assert_int_equal(rule->operations, text[strlen(text) - 5] - '0');
    return mln_policy_cache_misses(cache) == before;
}

/* SEC-ACP-39: the bytes decide, not the id */
static void a_policy_is_kept_while_its_bytes_stay(void **state)
{
    struct mln_policy_cache *cache;
    static const char *const texts[] = {
        "{'pv':{'acr':[{'acor':['all'],'acop':1}]}}",
        "{'pv':{'acr':[{'acor':['all'],'acop':2}]}}",
        "{'pv':{'acr':[{'acor':['all'],'acop':4}]}}",
    };

    (void)state;
    assert_int_equal(mln_policy_cache_new(1 << 16, &cache).code, 0);
    assert_false(kept(cache, 1, texts[0]));
    assert_true(kept(cache, 1, texts[0]));
    assert_false(kept(cache, 2, texts[0]));
    assert_false(kept(cache, 1, texts[1]));
    assert_true(kept(cache, 1, texts[1]));
    assert_false(kept(cache, 1, texts[0])); /* and back, as another view may see it */
    assert_true(kept(cache, 2, texts[0]));
    for (uint64_t round = 0; round < 20000; round++) {
        (void)kept(cache, round * 977 % 700, texts[round % 3]);
        if (round % 256 == 0) {
            mln_arena_reset(look.arena);
        }
    }
    mln_policy_cache_free(cache);
    mln_policy_cache_free(NULL);
}

/* Policies asked for in turn, twice as many as there is room for: some are found again, and each is
 * what its bytes say. */
static void more_policies_than_there_is_room_for(void **state)
{
    struct mln_policy_cache *cache;
    unsigned found = 0;

    (void)state;
    assert_int_equal(mln_policy_cache_new(1 << 16, &cache).code, 0);
    for (uint64_t round = 0; round < 20000; round++) {
        found += kept(cache, round % 300, "{'pv':{'acr':[{'acor':['all'],'acop':1}]}}") ? 1 : 0;
        mln_arena_reset(look.arena);
    }
    assert_in_range(found, 2000, 19000);
    mln_policy_cache_free(cache);
}

static void a_policy_that_is_too_large_is_read_each_time(void **state)
{
    struct mln_buf out;
    struct mln_policy_key key = { 7, { 0 }, &names };
    const struct mln_policy *policy;
    struct mln_policy_cache *cache;

    (void)state;
    mln_buf_init(&out, look.arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("pv"));
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("acr"));
    mln_pack_array(&out, 1000);
    for (int i = 0; i < 1000; i++) {
        mln_pack_map(&out, 2);
        mln_pack_text(&out, MLN_S("acor"));
        mln_pack_array(&out, 1);
        mln_pack_text(&out, MLN_S("all"));
        mln_pack_text(&out, MLN_S("acop"));
        mln_pack_uint(&out, 2);
    }
    assert_int_equal(mln_buf_finish(&out, &key.attributes).code, 0);
    assert_int_equal(mln_policy_cache_new(1 << 16, &cache).code, 0);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(mln_policy_cache_get(cache, &key, look.arena, &policy).code, 0);
        assert_non_null(policy->privileges.first);
        assert_int_equal(mln_policy_cache_misses(cache), i);
    }
    assert_int_equal(mln_policy_cache_get(NULL, &key, look.arena, &policy).code, 0);
    mln_policy_cache_free(cache);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_costs_is_asked_last_and_once),
        T(a_group_that_cannot_be_read_is_an_error),
        T(unknown_facts_match_nothing),
        T(damage_never_grants),
        T(points_elsewhere_are_noted),
        T(constraints_are_counted),
        T(a_policy_is_kept_while_its_bytes_stay),
        T(more_policies_than_there_is_room_for),
        T(a_policy_that_is_too_large_is_read_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
