/* Tests of the table of locations: the longest prefix counts, and each fault names its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cse/access/iprange.h"
#include "server/locations.h"

static const char table[] = "# where our gateways are\n"
                            "10.0.0.0/8      52.5200  13.4050 DE\n"
                            "10.1.0.0/16\t48.8566\t2.3522\tFR   # Paris\r\n"
                            "\n"
                            "  10.1.2.3      -        -       IT\n"
                            "0.0.0.0/0       -        -       ZZ\n"
                            "2001:db8::/32   -33.86   151.2   AU\n"
                            "2001:db8:1::/48 1        2       -\n"
                            "::1             0        -180    GB";

/* From a file of the test's own. */
static mln_err read_text(const char *text, struct mln_locations **ret, struct mln_fault *fault)
{
    char path[] = "/tmp/merlon-locations-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    mln_err err;

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    err = mln_locations_read(path, ret, fault);
    assert_int_equal(unlink(path), 0);
    return err;
}

static struct mln_location at(const struct mln_locations *l, const char *ip, bool *ret_known)
{
    const struct mln_locator *locator = mln_locations_locator(l);
    struct mln_location place = { 0 };
    struct mln_ip address;

    assert_int_equal(mln_ip_parse(mln_slice_z(ip), &address, NULL).code, MLN_ERR_NONE);
    *ret_known = locator->locate(locator->data, &address, &place);
    return place;
}

static void the_longest_prefix_counts(void **state)
{
    static const struct {
        const char *ip;
        const char *country;
        double latitude; /* 99: unknown */
    } rows[] = {
        { "10.9.9.9", "DE", 52.52 },        { "10.1.9.9", "FR", 48.8566 },
        { "10.1.2.3", "IT", 99 },           { "10.1.2.4", "FR", 48.8566 },
        { "11.0.0.0", "ZZ", 99 },           { "255.255.255.255", "ZZ", 99 },
        { "::ffff:10.9.9.9", "DE", 52.52 }, { "2001:db8:2::1", "AU", -33.86 },
        { "2001:db8:1:ffff::1", "", 1 },    { "::1", "GB", 0 },
    };
    struct mln_locations *l;

    (void)state;
    assert_int_equal(read_text(table, &l, NULL).code, MLN_ERR_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is_known;
        struct mln_location place = at(l, rows[i].ip, &is_known);
        uint16_t country = 0;

        (void)mln_country_parse(mln_slice_z(rows[i].country), &country, NULL);
        assert_true(is_known);
        assert_int_equal(place.country, country);
        assert_int_equal(place.has_position, rows[i].latitude < 99);
        if (place.has_position) {
            assert_true(place.latitude == rows[i].latitude);
        }
    }
    mln_locations_free(l);
}

static void who_is_not_in_the_table_is_nowhere(void **state)
{
    struct mln_locations *l;
    bool is_known;

    (void)state;
    assert_int_equal(read_text("10.0.0.0/8 - - DE", &l, NULL).code, 0);
    (void)at(l, "11.0.0.1", &is_known);
    assert_false(is_known);
    (void)at(l, "::1", &is_known);
    assert_false(is_known);
    mln_locations_free(l);
    assert_int_equal(read_text("", &l, NULL).code, 0);
    (void)at(l, "10.0.0.1", &is_known);
    assert_false(is_known);
    mln_locations_free(l);
}

static void a_fault_names_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *fault;
    } rows[] = {
        { "10.0.0.0/8 - -", ":1: a line is" },
        { "10.0.0.0/8 - - DE x", ":1: a line is" },
        { "# a\n10.0.0.0/33 - - DE", ":2: '/33'" },
        { "x - - DE", ":1: 'x' is no" },
        { "::1 1 - DE", ":1: latitude and longitude" },
        { "::1 91 1 DE", ":1: latitude" },
        { "::1 1 181 DE", ":1: longitude" },
        { "::1 1 1 de", ":1: 'de'" },
        { "10.0.0.1/8 - - DE\n\n10.2.3.4/8 - - FR", ":3: this prefix" },
        { "::ffff:10.0.0.0/104 - - DE\n10.2.3.4/8 - - FR", ":2: this prefix" },
        { "DE", ":1: a line is" },
        { "\xef\xbb\xbf# a\n10.0.0.0/8 - - DE", ":1: " }, /* a byte order mark */
        { "10.0.0.0/8,-,-,DE", ":1: a line is" },
        { "10.0.0.0/8 1,5 2,5 DE", ":1: latitude" },
        { "10.0.0.0/8 - - DE\n\v", ":2: a line is" },
        { "10.0.0.0/ - - DE", ":1: '/'" },
        { "10.0.0.0/-1 - - DE", ":1: " },
        { "10.0.0.0/8/8 - - DE", ":1: " },
        { "10.0.0.256 - - DE", ":1: '10.0.0.256' is no" },
        { "10.0.0 - - DE", ":1: '10.0.0' is no" },
        { "::g - - DE", ":1: '::g' is no" },
        { "::1 nan nan DE", ":1: latitude" },
        { "::1 1 inf DE", ":1: longitude" },
        { "::1 1 1e999 DE", ":1: longitude" },
        { "::1 0x1 1 DE", ":1: latitude" },
        { "::1 - - D", ":1: 'D'" },
        { "::1 - - DEU", ":1: 'DEU'" },
        { "::1 - - \xc3\x84\xc3\x96", ":1: " },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mln_locations *l = NULL;
        struct mln_fault fault = { 0 };

        assert_int_equal(read_text(rows[i].text, &l, &fault).code, MLN_ERR_CONFIG);
        assert_null(l);
        if (!strstr(fault.text, rows[i].fault)) {
            fail_msg("%s: %s", rows[i].text, fault.text);
        }
    }
    assert_int_equal(
        mln_locations_read("/nonexistent", &(struct mln_locations *){ NULL }, NULL).code,
        MLN_ERR_SYSTEM);
}

/* Whatever one byte becomes, the table is read, or refused with a line: never anything else. */
static void one_wrong_byte(void **state)
{
    static const char bytes[] = "\t\n\r #-/.:0197eEDZ*%\x01\x7f\x80\xff";
    unsigned refused = 0;
    unsigned count = 0;

    (void)state;
    for (size_t at = 0; at < sizeof table - 1; at++) {
        for (const char *byte = bytes; *byte; byte++) {
            char text[sizeof table];
            struct mln_locations *l = NULL;
            struct mln_fault fault = { 0 };
            mln_err err;

            memcpy(text, table, sizeof table);
            text[at] = *byte;
            err = read_text(text, &l, &fault);
            count++;
            refused += mln_failed(err);
            assert_true(err.code == (l ? MLN_ERR_NONE : MLN_ERR_CONFIG));
            assert_true(l || strchr(fault.text, ':'));
            mln_locations_free(l);
        }
    }
    assert_in_range(refused, count / 4, count - count / 4);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static const char *country_at(const struct mln_locations *l, const char *ip)
{
    static char text[3];
    bool is_known;
    struct mln_location place = at(l, ip, &is_known);

    text[0] = (char)(place.country >> 8);
    text[1] = (char)(place.country & 0xff);
    return is_known ? text : "";
}

static void reading_again(void **state)
{
    char path[] = "/tmp/merlon-locations-XXXXXX";
    int fd = mkstemp(path);
    struct mln_locations *l;
    struct mln_fault fault = { 0 };

    (void)state;
    assert_true(fd >= 0 && close(fd) == 0);
    write_text(path, "10.0.0.0/8 - - DE");
    assert_int_equal(mln_locations_read(path, &l, NULL).code, MLN_ERR_NONE);
    assert_string_equal(country_at(l, "10.0.0.1"), "DE");
    write_text(path, "10.0.0.0/8 - - FR\n::1 - - GB");
    assert_string_equal(country_at(l, "10.0.0.1"), "DE");
    assert_int_equal(mln_locations_reload(l, &fault).code, MLN_ERR_NONE);
    assert_string_equal(country_at(l, "10.0.0.1"), "FR");
    assert_string_equal(country_at(l, "::1"), "GB");
    write_text(path, "10.0.0.0/8 - - IT\n10.0.0.0/8 - -");
    assert_int_equal(mln_locations_reload(l, &fault).code, MLN_ERR_CONFIG);
    assert_non_null(strstr(fault.text, ":2: "));
    assert_string_equal(country_at(l, "10.0.0.1"), "FR");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mln_locations_reload(l, &fault).code, MLN_ERR_SYSTEM);
    assert_string_equal(country_at(l, "::1"), "GB");
    mln_locations_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_prefix_counts),
        cmocka_unit_test(who_is_not_in_the_table_is_nowhere),
        cmocka_unit_test(a_fault_names_its_line),
        cmocka_unit_test(one_wrong_byte),
        cmocka_unit_test(reading_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
