/* Tests of flexContainers where requests do not reach: those of a store that an earlier build
 * wrote, with contentSize where the size of instances is now. spec: TS-0004 7.4.37; decision 0043
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "cse/cse_int.h"
#include "cse/look_test.h"
#include "model/definitions.h"
#include "model/special.h"

static struct mln_look look;
static struct mln_definitions *definitions;

static int set_up(void **state)
{
    struct mln_limits limits;
    size_t line;

    (void)state;
    mln_limits_default(&limits);
    assert_false(mln_failed(mln_definitions_new(&limits, &definitions)));
    assert_false(mln_failed(mln_definitions_read(
        definitions, MLN_S("flexContainer x:flex flex org.x\nattribute v value xs:integer\n"),
        &line, NULL)));
    mln_special_install(definitions);
    mln_look_open(&look, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    mln_special_install(NULL);
    mln_definitions_free(definitions);
    return 0;
}

struct put_job {
    struct mln_job job;
    struct mln_resource r;
};

static mln_err put(struct mln_job *job, struct mln_view *view)
{
    struct put_job *j = (struct put_job *)(void *)job;
    struct mln_write *write;
    char ri[MLN_RI_SIZE];

    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &write));
    MLN_TRY(mln_store_new_id(write, MLN_S("fcnt"), &j->r.id, ri, &j->r.ri.len));
    j->r.ri.ptr = ri;
    return mln_store_put(write, NULL, &j->r);
}

/* cse-in/f, as it was written before: 17 bytes, and no contentSize among the attributes. */
static void put_earlier(void)
{
    struct mln_resource base = mln_look_at(&look, "cse-in");
    struct put_job j = {
        .job = { .run = put },
        .r = { .ty = MLN_TY_FLEXCONTAINER,
               .parent = base.id,
               .pi = base.ri,
               .rn = MLN_S("f"),
               .cr = MLN_S("CAdmin"),
               .ct = look.p->now_us,
               .lt = look.p->now_us,
               .et = MLN_TIMESTAMP_MAX,
               .bytes = 17,
               .attrs = mln_look_pack(&look, "{'cnd':'org.x','v':12345678901234567}") },
    };

    assert_int_equal(mln_store_run(look.p->store, &j.job).code, MLN_ERR_NONE);
    assert_int_equal(mln_inproc_check(look.p), 1);
}

static struct mln_resource change(const char *attributes)
{
    const struct mln_inproc_answer *a = mln_look_ask(
        &look, "{'op':3,'to':'cse-in/f','fr':'CAdmin','pc':{'x:flex':%s}}", attributes);

    assert_int_equal(a->rsc, MLN_RSC_UPDATED);
    assert_int_equal(mln_inproc_check(look.p), 0);
    return mln_look_at(&look, "cse-in/f");
}

static void the_next_update_mends_those_of_earlier_stores(void **state)
{
    struct mln_resource r;
    uint64_t size;

    (void)state;
    put_earlier();
    r = change("{'lbl':['a']}");
    assert_int_equal(r.bytes, 0);
    assert_true(mln_pack_find_u64(r.attrs, MLN_S("cs"), &size));
    assert_int_equal(size, 17);
}

/* And its old size is none of an instance. */
static void it_may_ask_for_instances(void **state)
{
    struct mln_resource r;

    (void)state;
    put_earlier();
    r = change("{'mni':2,'v':1}");
    assert_int_equal(r.count, 1);
    assert_int_equal(r.bytes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_next_update_mends_those_of_earlier_stores, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(it_may_ask_for_instances, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
