/* Credentials of clients: authorities, and what does not go together. Handshakes: tests/client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/client_int.h"

static void test_urls_and_authorities(void **state)
{
    static const struct {
        const char *url;
        const char *authority;
        int closeness;
    } rows[] = {
        { "https://a.example", "a.example", 1 },
        { "HTTPS://A.example:8443/x/y", "a.EXAMPLE", 1 },
        { "https://a.example:8443/x", "a.example:8443", 2 },
        { "https://a.example", "a.example:443", 2 },
        { "http://a.example", "a.example:80", 2 },
        { "https://a.example", "a.example:80", 0 },
        { "https://a.example:8443", "a.example:443", 0 },
        { "https://a.example.org", "a.example", 0 },
        { "https://b.a.example", "a.example", 0 },
        { "https://[::1]:5/x", "[::1]", 1 },
        { "https://[::1]:5", "[::1]:5", 2 },
        { "https://[::1]", "[::1", 0 },
        { "https://[::1]", "::1", 0 },
        { "https://a.example", "", 0 },
        { "https://a.example", ":443", 0 },
        { "https://a.example", "a.example:", 0 },
        { "https://a.example", "a.example:0", 0 },
        { "https://a.example", "a.example:65979", 0 }, /* 443 + 65536 */
        { "https://a.example", "a.example:4x", 0 },
        { "https://a.example", "a.example/", 0 },
        { "https://", "a.example", 0 },
        { "ftp://a.example", "a.example", 0 },
        { "a.example", "a.example", 0 },
        { "", "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (merlon_url_is_at(rows[i].url, rows[i].authority) != rows[i].closeness) {
            fail_msg("%s at %s", rows[i].url, rows[i].authority);
        }
    }
}

static void write_key(char *path, const char *text)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

static enum merlon_status set(const char *url, const struct merlon_credential *c, size_t count)
{
    struct merlon_error error;
    struct merlon_client *client = merlon_client_new(url, &error);
    enum merlon_status status;

    assert_non_null(client);
    status = merlon_client_set_credentials(client, c, count, &error);
    if (status != MERLON_OK) {
        assert_int_equal(error.status, status);
        assert_null(strstr(error.text, "0123456789"));
    }
    merlon_client_free(client);
    return status;
}

static enum merlon_status set_key(const char *text)
{
    char path[] = "/tmp/merlon-psk-XXXXXX";
    struct merlon_credential c = { .psk_id = "a@b.example", .psk_file = path };
    enum merlon_status status;

    write_key(path, text);
    status = set("https://a.example", &c, 1);
    assert_int_equal(unlink(path), 0);
    return status;
}

#define DIGITS "0123456789abcdef"

static void test_keys_in_files(void **state)
{
    (void)state;
    assert_int_equal(set_key(DIGITS DIGITS), MERLON_OK);                      /* 16 bytes */
    assert_int_equal(set_key(DIGITS DIGITS DIGITS DIGITS "\r\n"), MERLON_OK); /* 32 */
    assert_int_equal(set_key("0123456789ABCDEF" DIGITS "\n"), MERLON_OK);
    assert_int_equal(set_key("0123456789-_wxyzABCDEQ"), MERLON_OK); /* base64url, 16 */
    assert_int_equal(set_key(DIGITS), MERLON_INVALID);              /* 8, or 12 */
    assert_int_equal(set_key(DIGITS DIGITS DIGITS DIGITS DIGITS DIGITS DIGITS DIGITS "00"),
                     MERLON_INVALID); /* 65 */
    assert_int_equal(set_key(DIGITS DIGITS "="), MERLON_INVALID);
    assert_int_equal(set_key("0123456789 0123456789 0123456789"), MERLON_INVALID);
    assert_int_equal(set_key(""), MERLON_INVALID);
    assert_int_equal(set_key("\n"), MERLON_INVALID);
}

static void test_a_list(void **state)
{
    char path[] = "/tmp/merlon-psk-XXXXXX";
    struct merlon_credential list[] = {
        { .authority = "b.example", .psk_id = "a@b.example", .psk_file = "/nowhere" },
        { .authority = "a.example", .psk_id = "a@b.example", .psk_file = "/nowhere" },
        { .authority = "a.example:8443", .psk_id = "a@b.example", .psk_file = path },
        { .psk_id = "a@b.example", .psk_file = "/nowhere" },
    };

    (void)state;
    write_key(path, DIGITS DIGITS);
    assert_int_equal(set("https://a.example:8443", list, 4), MERLON_OK); /* the closest */
    assert_int_equal(set("https://a.example", list, 4), MERLON_INVALID); /* the host's */
    assert_int_equal(set("https://c.example", list, 4), MERLON_INVALID); /* that for any */
    assert_int_equal(set("https://c.example", list, 3), MERLON_OK);      /* none */
    assert_int_equal(set("http://c.example", list, 3), MERLON_OK);
    assert_int_equal(set("http://a.example:8443", list, 3), MERLON_INVALID); /* not for http */
    assert_int_equal(set("https://c.example", NULL, 0), MERLON_OK);
    list[0].authority = "b.example:x";
    assert_int_equal(set("https://c.example", list, 3), MERLON_INVALID);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls_and_authorities),
        cmocka_unit_test(test_keys_in_files),
        cmocka_unit_test(test_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
