/* Tests of a line of the audit log: what it is made of, and what no peer can do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "server/test_event.h"

static const char *line_of(const struct mln_audit_event *e)
{
    static char text[MLN_AUDIT_LINE + 1];
    size_t len = mln_audit_line(e, text);

    assert_in_range(len, 1, MLN_AUDIT_LINE);
    text[len] = '\0';
    assert_int_equal(strlen(text), len);
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
    return text;
}

/* SEC-GEN-08 */
static void a_whole_line(void **state)
{
    struct mln_audit_event e = event();

    (void)state;
    assert_string_equal(
        line_of(&e),
        "{\"time\":\"20300101T000000,123456\",\"from\":\"C1\",\"to\":\"cse-in/c1\","
        "\"operation\":\"create\",\"type\":4,\"rsc\":4103,\"error\":\"NO_PRIVILEGE\","
        "\"reason\":\"originator has no privilege\",\"request\":\"r1\","
        "\"credential\":\"12-k1@sp.example\",\"peer\":\"192.0.2.1:5000\",\"denied\":true}\n");
}

static void what_is_unknown_is_left_out(void **state)
{
    struct mln_audit_event e = {
        .time_us = 0,
        .rsc = MLN_RSC_OK,
        .peer = "",
        .error = "",
        .reason = "",
        .is_admin = true,
        .is_member = true,
        .is_end_to_end = true,
    };

    (void)state;
    assert_string_equal(line_of(&e), "{\"time\":\"19700101T000000,000000\",\"rsc\":2000,"
                                     "\"admin\":true,\"member\":true,\"end_to_end\":true}\n");
}

/* SEC-GEN-08 */
static void nothing_breaks_out_of_its_place(void **state)
{
    const struct {
        struct mln_slice said;
        const char *written;
    } table[] = {
        { MLN_S("C\"1"), "\"C\\\"1\"" },
        { MLN_S("C\\1"), "\"C\\\\1\"" },
        { MLN_S("C\n{\"rsc\":2000}"), "\"C\\u000a{\\\"rsc\\\":2000}\"" },
        { MLN_S("C\r\t\x1b[2J"), "\"C\\u000d\\u0009\\u001b[2J\"" },
        { MLN_S("C\0D"), "\"C\\u0000D\"" },
        { MLN_S("C\x7f"), "\"C\\u007f\"" },
        { MLN_S("C\xff\xfe"), "\"C\\u00ff\\u00fe\"" },
        { MLN_S("C\xc2\x85"), "\"C\\u00c2\\u0085\"" },            /* a control character, C1 */
        { MLN_S("C\xe2\x80\xa8"), "\"C\\u00e2\\u0080\\u00a8\"" }, /* line separator */
        { MLN_S("C\xc3\xa4"), "\"C\xc3\xa4\"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct mln_audit_event e = event();

        e.originator = table[i].said;
        assert_non_null(strstr(line_of(&e), table[i].written));
    }
}

static void lines_are_bounded(void **state)
{
    static char much[1 << 16];
    struct mln_audit_event e = event();
    static const char fill[] = { 'x', '"', '\x01', '\xff' };

    (void)state;
    for (size_t i = 0; i < sizeof fill; i++) {
        memset(much, fill[i], sizeof much - 1);
        e.originator = e.target = e.request_id = e.credential_id = mln_slice_z(much);
        e.peer = e.reason = e.error = much;
        assert_non_null(strstr(line_of(&e), "\xe2\x80\xa6\""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_line),
        cmocka_unit_test(what_is_unknown_is_left_out),
        cmocka_unit_test(nothing_breaks_out_of_its_place),
        cmocka_unit_test(lines_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
