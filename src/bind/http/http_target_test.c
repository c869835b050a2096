/* Request targets to parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bind/http/http_int.h"
#include "codec/json.h"

static struct mln_arena *arena;
static struct mln_fault fault;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(4 << 20);
    return arena == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static mln_err read_target(struct mln_slice target, struct mln_slice *ret_json)
{
    struct mln_value *params;
    struct mln_buf out;

    mln_arena_reset(arena);
    mln_fault_clear(&fault);
    params = mln_value_new(arena, MLN_V_OBJECT);
    assert_non_null(params);
    MLN_TRY(mln_http_target_read(target, arena, params, &fault));
    mln_buf_init(&out, arena, 1 << 20);
    mln_json_write_value(&out, params, false);
    return mln_buf_finish(&out, ret_json);
}

static void expect(const char *target, const char *json)
{
    struct mln_slice got = { 0 };
    mln_err err = read_target(mln_slice_z(target), &got);

    if (mln_failed(err)) {
        fail_msg("%s: %s: %s", target, mln_err_text(err), fault.text);
    }
    if (!mln_slice_eq(got, mln_slice_z(json))) {
        fail_msg("%s:\n  %.*s in place of\n  %s", target, MLN_S_ARG(got), json);
    }
}

static void refuse(const char *target)
{
    struct mln_slice got = { 0 };
    mln_err err = read_target(mln_slice_z(target), &got);

    if (err.code != MLN_ERR_PARAM_INVALID) {
        fail_msg("%s: %s %.*s", target, mln_err_name(err), MLN_S_ARG(got));
    }
    assert_true(fault.text[0] != '\0');
}

/* spec: TS-0009 6.2.2.1 */
static void maps_paths(void **state)
{
    (void)state;
    expect("/CSEBase/ae12/cont27/contInst696", "{\"to\":\"CSEBase/ae12/cont27/contInst696\"}");
    expect("/cin00856", "{\"to\":\"cin00856\"}");
    expect("/~/CSE178/CSEBase/ae12", "{\"to\":\"/CSE178/CSEBase/ae12\"}");
    expect("/~/CSE178/cin00856", "{\"to\":\"/CSE178/cin00856\"}");
    expect("/_/mym2msp.org/CSE178/cin00856", "{\"to\":\"//mym2msp.org/CSE178/cin00856\"}");
    expect("/-/ae12", "{\"to\":\"-/ae12\"}");
    expect("/a/b/", "{\"to\":\"a/b\"}");
    expect("/", "{\"to\":\"\"}");
    expect("/~a/_b", "{\"to\":\"~a/_b\"}");
    expect("/_a", "{\"to\":\"_a\"}");
    expect("/%7E/CSE", "{\"to\":\"/CSE\"}"); /* an escaped unreserved character is that one */
}

static void decodes_once(void **state)
{
    (void)state;
    expect("/a%20b%2541", "{\"to\":\"a b%41\"}");
    expect("/a+b", "{\"to\":\"a+b\"}"); /* a plus in a path is a plus */
    expect("/%c3%A4", "{\"to\":\"\xc3\xa4\"}");
    expect("/a?rn=%2541%2B+%20%26", "{\"to\":\"a\",\"fc\":{\"atr\":[{\"nm\":\"rn\","
                                    "\"val\":\"%41+  &\"}]}}");
    expect("/a?r%6E=x", "{\"to\":\"a\",\"fc\":{\"atr\":[{\"nm\":\"rn\",\"val\":\"x\"}]}}");
}

static void refuses_bad_escapes(void **state)
{
    (void)state;
    refuse("/a%");
    refuse("/a%4");
    refuse("/a%4g");
    refuse("/a%zz");
    refuse("/a%00");
    refuse("/a%0a");
    refuse("/a%7f");
    refuse("/a%2Fb");
    refuse("/a%2fb");
    refuse("/a%23b"); /* would name an attribute */
    refuse("/%ff");
    refuse("/%c0%80");
    refuse("/%ed%a0%80");
    refuse("/a?rn=%");
    refuse("/a?rn=%00");
    refuse("/a?rn=%ff");
    refuse("/a?%=x");
}

static void refuses_empty_segments(void **state)
{
    (void)state;
    refuse("//");
    refuse("//a");
    refuse("/a//b");
    refuse("/a//");
    refuse("/~//CSE/a");
}

/* spec: TS-0009 6.2.2.2 */
static void reads_parameters(void **state)
{
    (void)state;
    expect("/a?rt=1&rp=20270101T000000", "{\"to\":\"a\",\"rt\":{\"rtv\":1},"
                                         "\"rp\":\"20270101T000000\"}");
    expect("/a?rcn=4&da=true&drt=2", "{\"to\":\"a\",\"rcn\":4,\"da\":true,\"drt\":2}");
    expect("/a?tqi=1&asi=0&auri=false&sqi=true", "{\"to\":\"a\",\"tqi\":true,\"asi\":false,"
                                                 "\"auri\":false,\"sqi\":true}");
    expect("/a?atrl=ri+lbl+rr", "{\"to\":\"a\",\"atrl\":[\"ri\",\"lbl\",\"rr\"]}");
    expect("/a?atrl=ri%2Blbl%2Brr", "{\"to\":\"a\",\"atrl\":[\"ri\",\"lbl\",\"rr\"]}");
    expect("/a?atrl=ri", "{\"to\":\"a\",\"atrl\":[\"ri\"]}");
    expect("/a#ri", "{\"to\":\"a\",\"atrl\":[\"ri\"]}");
    expect("/a?rcn=1#ri+lbl", "{\"to\":\"a\",\"rcn\":1,\"atrl\":[\"ri\",\"lbl\"]}");
    expect("/a?ltids=x+y&ltids=z", "{\"to\":\"a\",\"ltids\":[\"x\",\"y\",\"z\"]}");
    expect("/a?", "{\"to\":\"a\"}");
    expect("/a?&rcn=1&&", "{\"to\":\"a\",\"rcn\":1}");
}

static void reads_criteria(void **state)
{
    (void)state;
    expect("/a?ty=3&cr=Sam&fu=1", "{\"to\":\"a\",\"fc\":{\"ty\":[3],\"atr\":[{\"nm\":\"cr\","
                                  "\"val\":\"Sam\"}],\"fu\":1}}");
    expect("/a?ty=2+3+4&ty=5", "{\"to\":\"a\",\"fc\":{\"ty\":[2,3,4,5]}}");
    expect("/a?ty=2%203", "{\"to\":\"a\",\"fc\":{\"ty\":[2,3]}}");
    expect("/a?lbl=k:v+x&lbl=C%2B%2B", "{\"to\":\"a\",\"fc\":{\"lbl\":[\"k:v\",\"x\",\"C++\"]}}");
    expect("/a?crb=20260101T000000&cra=20250101T000000",
           "{\"to\":\"a\",\"fc\":{\"crb\":\"20260101T000000\",\"cra\":\"20250101T000000\"}}");
    expect("/a?sts=5&stb=0&sza=1&szb=9&lim=10&lvl=2&ofst=3&fo=2",
           "{\"to\":\"a\",\"fc\":{\"sts\":5,\"stb\":0,\"sza\":1,\"szb\":9,\"lim\":10,\"lvl\":2,"
           "\"ofst\":3,\"fo\":2}}");
    expect("/a?cty=text/plain&cty=application/json",
           "{\"to\":\"a\",\"fc\":{\"cty\":[\"text/plain\",\"application/json\"]}}");
    expect("/a?clbl=x&palb=y&lbq=a+b&chty=3&pty=2&arp=la",
           "{\"to\":\"a\",\"fc\":{\"clbl\":[\"x\"],\"palb\":[\"y\"],\"lbq\":\"a b\",\"chty\":[3],"
           "\"pty\":[2],\"arp\":\"la\"}}");
    expect("/a?smf=PREFIX%20x%0A+y&smf=z",
           "{\"to\":\"a\",\"fc\":{\"smf\":[\"PREFIX x\\n y\",\"z\"]}}");
    expect("/a?rn=x*&rn=y&c.mni=4&p.api=N*",
           "{\"to\":\"a\",\"fc\":{\"atr\":[{\"nm\":\"rn\",\"val\":\"x*\"},{\"nm\":\"rn\","
           "\"val\":\"y\"}],\"catr\":[{\"nm\":\"mni\",\"val\":\"4\"}],\"patr\":[{\"nm\":\"api\","
           "\"val\":\"N*\"}]}}");
}

static void refuses_bad_queries(void **state)
{
    (void)state;
    refuse("/a?nonsense=1");
    refuse("/a?c.nonsense=1");
    refuse("/a?c.=1");
    refuse("/a?=1");
    refuse("/a?rcn");
    refuse("/a?rcn=");
    refuse("/a?rcn=x");
    refuse("/a?rcn=99");
    refuse("/a?rcn=1&rcn=1");
    refuse("/a?rt=1&rt=1");
    refuse("/a?atrl=");
    refuse("/a?atrl=ri&atrl=rn");
    refuse("/a?atrl=ri#rn");
    refuse("/a?ty=");
    refuse("/a?ty=x");
    refuse("/a?ty=3+x");
    refuse("/a?crb=yesterday");
    refuse("/a?crb=20260101T000000&crb=20260101T000000");
    refuse("/a?lim=-1");
    refuse("/a?lim=1&lim=2");
    refuse("/a?sts=0");
    refuse("/a?da=maybe");
    /* parameters that have other places, and lists of conditions as a whole */
    refuse("/a?rqi=1");
    refuse("/a?fc=1");
    refuse("/a?atr=1");
    refuse("/a?catr=1");
    refuse("/a?patr=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_paths),          cmocka_unit_test(decodes_once),
        cmocka_unit_test(refuses_bad_escapes), cmocka_unit_test(refuses_empty_segments),
        cmocka_unit_test(reads_parameters),    cmocka_unit_test(reads_criteria),
        cmocka_unit_test(refuses_bad_queries),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
