/* Every pattern with texts that it takes and texts that it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/check.h"

struct sample {
    enum mln_pattern pattern;
    const char *good[16];
    const char *bad[24];
};

static const struct sample samples[] = {
    { MLN_PATTERN_NONE, { "", "a b", "\n\t" }, { NULL } },
    { MLN_PATTERN_NORMALIZED_STRING, { "", " a  b " }, { "a\tb", "a\nb", "\r" } },
    { MLN_PATTERN_TOKEN,
      { "", "a", "a b c", "\xC3\xA4 \xE2\x82\xAC" },
      { " ", " a", "a ", "a  b", "a\tb", "a\nb", "a\rb", "a\x01", "\x7F" } },
    { MLN_PATTERN_NC_NAME,
      { "a", "_", "mni", "a-b.c_1", "\xC3\xA4x", "x\xCC\x81", "\xF0\x90\x80\x80" },
      { "", "1a", "-a", ".a", "a:b", "a b", "a/b", "\xCC\x81x", "\xC3\x97", "a\xFF", "a\n",
        "\xF4\x8F\xBF\xBF" } },
    { MLN_PATTERN_ANY_URI,
      { "a", "http://h:1/p?q=1#f", "/cse1/x", "mqtt://b/t+1", "\xC3\xA4/\xE2\x82\xAC", "*", "all",
        "a%20b", "urn:x:y", "//*/cse1/C1", "1234abcd@role-issuer.com" },
      { "", " ", "a b", "a\nb", "a<b", "a>b", "a\"b", "a{b", "a}b", "a|b", "a\\b", "a^b", "a`b",
        "\x7F", "\x01" } },
    { MLN_PATTERN_URN,
      { "urn:dev:ops:012345-Set%2DTop", "URN:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "urn:gsma:imei:90420156-025763-0;svn=42" },
      { "", "urn", "urn:", "urn:x", "urn:x:", "urn::y", "url:x:y", "urn:x:a b", "urn:/x:y" } },
    { MLN_PATTERN_ID,
      { "a", "C190XX7T", "/cse1", "/cse1/C123", "//sp.example/cse1/C123", "//globalm2m.org",
        "-/ae1/cnt", "S*", "C123*X", "cse-in/ae1/c1", "N.some.App-1", "r01.com.acme.app", "a~b" },
      { "", "/", "//", "a/", "a//b", "///a", "a b", "a#b", "a?b", "a\tb", "a\"b", "\xC3\xA4",
        "a\x7F", "/a/", "//a//b" } },
    { MLN_PATTERN_NH_URI, { "", "a", "/cse1/c190" }, { "/", "a b", "a/" } },
    { MLN_PATTERN_RESOURCE_NAME,
      { "a", "123Sensor", "my-Light.Bulb_1", "0" },
      { "", "-a", ".a", "_a", "a b", "a/b", "a~b", "a%20", "a:b", "\xC3\xA4" } },
    { MLN_PATTERN_EXTERNAL_ID,
      { "123456789@domain.com", "a.b-c@x", "a@Domain.com" },
      { "", "a", "@b", "a@", "a b@c", "a@b@c", "a@-b", "a@b.", "a@b_c" } },
    { MLN_PATTERN_REQUEST_ID,
      { "1", "ab3f124a", "CSE1/98821", "a b", "\xC3\xA4" },
      { "", "a\nb", "a\rb", "\x01", "\x7F" } },
    { MLN_PATTERN_IPV4,
      { "10.125.0.0/16", "122.77.12.1", "0.0.0.0/0", "255.255.255.255/32" },
      { "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/01", "1.2.3.4/-1",
        "1.2.3.4 ", " 1.2.3.4", "a.b.c.d", "1.2.3.4,5.6.7.8", "::1", "1.2.3.4/1000" } },
    { MLN_PATTERN_IPV6,
      { "::/0", "fadf:ddd0::/32", "abcd:ffff:abb0:aaaa::/64", "::1", "::ffff:1.2.3.4",
        "1:2:3:4:5:6:7:8/128" },
      { "", ":", "::/129", "1:2:3:4:5:6:7:8:9", "g::", "fe80::1%eth0", "::/", "1.2.3.4",
        ":: ", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb" } },
    { MLN_PATTERN_COUNTRY_CODE, { "KR", "DE", "ZZ" }, { "", "K", "kr", "KOR", "K1", "K " } },
    { MLN_PATTERN_POINT_OF_ACCESS,
      { "http://172.25.0.10:8080/xyz", "coap://m2m.sp.com:5683", "mqtt://172.25.0.10:1883",
        "ws://10.222.254.26:80", "HTTPS://h", "http://[::1]:8080/x", "http://[2001:db8::1]",
        "http://h?x=1", "coap+tcp://h" },
      { "",
        "h",
        "http:",
        "http:/",
        "http://",
        "http:///x",
        "//h",
        "http://h:",
        "http://h:99999",
        "http://h:1x",
        "http://h /x",
        "http://h/ x",
        "1http://h",
        "http://[::1",
        "http://[::1]x",
        "http://[::1/64]",
        "http://u:p@h",
        "http://h:80:80",
        "http://[]",
        "http://h\n" } },
    { MLN_PATTERN_TIMESTAMP,
      { "20141003T112032", "20141003T112032,1", "20141003T112032,123456", "20240229T000000",
        "99991231T235959,999999" },
      { "", "20141003", "20141003T1120", "20141003T112032,", "20141003T112032,1234567",
        "20141003T112032.5", "20141003T112032Z", "20141003 112032", "20141303T112032",
        "20230229T000000", "20141003T242032", "20141003T116032", "2014-10-03T11:20:32",
        " 20141003T112032", "20141003t112032" } },
    { MLN_PATTERN_RELATIVE_TIME,
      { "0", "3600000", "-1", "9223372036854775807" },
      { "", "-", "+1", "1.5", "1e3", " 1", "9223372036854775808", "1s" } },
    { MLN_PATTERN_DURATION,
      { "PT30S", "P1Y2M3DT4H5M6.7S", "P1D", "PT0S", "P1M", "PT1M" },
      { "", "P", "PT", "P1DT", "30S", "PT30", "-PT1S", "P1H", "PT1Y", "P1D1Y", "PT1.S", "P1.5D",
        "PT1S1M" } },
    { MLN_PATTERN_MEDIA_TYPE,
      { "application/xml", "text/plain;charset=utf-8", "a/b; c=\"d; e:f\" ; g=h",
        "application/vnd.onem2m-res+json" },
      { "", "a", "a/", "/b", "a/b/c", "a b/c", "a/b;", "a/b;c", "a/b;c=", "a/b;c=\"d", "a/b c",
        "a/b:0", "a/b;=d" } },
    { MLN_PATTERN_CONTENT_INFO,
      { "application/xml:1", "application/xml:1:0", "application/xml:1:5", "text/plain:0",
        "text/plain;charset=utf-8:2", "a/b;c=\"x:1\":0", "a/b:0:3" },
      { "", "text/plain", "text/plain:", "text/plain:3", "text/plain:0:6", "text/plain:0:0:0",
        "text/plain:0:", ":0", "plain:0", "text/plain:00", "text/plain: 0", "text/plain:0 ",
        "a/b;c=\"x:1\"" } },
    { MLN_PATTERN_SCHEDULE_ENTRY,
      { "* 0-5 2,6,10 * * * *", "* * 8-20 * * * *", "* * 0-23/2 * * * *", "*/2 * * * * * *",
        "0 0 0 1 1 0 2000", "59 59 23 31 12 6 9999", "* * * * * 1-5 *",
        "0-10/3,30,40-50 * * * * * *" },
      { "",
        "*",
        "* * * * * *",
        "* * * * * * * *",
        "60 * * * * * *",
        "* 60 * * * * *",
        "* * 24 * * * *",
        "* * * 0 * * *",
        "* * * 32 * * *",
        "* * * * 13 * *",
        "* * * * * 7 *",
        "* * * * * * 1999",
        "*/0 * * * * * *",
        "0-10/0 * * * * * *",
        "5/2 * * * * * *",
        "10-5 * * * * * *",
        "1, * * * * * *",
        ",1 * * * * * *",
        "1- * * * * * *",
        "*  * * * * * *",
        " * * * * * * *",
        "* * * * * * * ",
        "a * * * * * *",
        "*,5 * * * * * *" } },
    { MLN_PATTERN_ROLE_ID,
      { "1234abcd@role-issuer.com", "A.b_c-1@x" },
      { "", "a", "@x", "a@", "a b@x", "a@X.com", "a@x..y", "a@-x", "a@x-", "a@x.", "a@b@c",
        "\xC3\xA4@x", "a@.x" } },
    { MLN_PATTERN_LABEL,
      { "printers", "domain:home", "a:b:c", "key:", "two words", "\xC3\xA4:\xC3\xB6" },
      { "", ":", ":value", " a", "a ", "a  b", "a\tb", "a\nb", "a\x01" } },
    { MLN_PATTERN_SERIALIZATION, { "xml", "json", "cbor" }, { "", "JSON", "json ", "yaml" } },
    { MLN_PATTERN_SESSION_CAPABILITY,
      { "audio:AVP", "video:RTS/AVP" },
      { "", "audio", ":AVP", "audio:", "a:b:c", "a b:c" } },
    { MLN_PATTERN_BASE64,
      { "", "QQ==", "QUI=", "QUJD", "+/+/" },
      { "Q", "QQ", "QQ=", "QQ===", "Q===", "====", "QU-D", "QU D", "QUJD\n", "QQ==QQ==" } },
    { MLN_PATTERN_BASE64URL,
      { "QQ", "QUI", "QUJD", "-_-_", "QQ==", "QUI=" },
      { "", "=", "Q", "QQ=", "QQ===", "Q=Q=", "a+b/", "QUJDR" } },
    { MLN_PATTERN_HEX_BINARY, { "", "00", "aF09" }, { "0", "0g", "0 ", "0x00" } },
    { MLN_PATTERN_COMPACT_JWS,
      { "eyJ0.eyJp.dBjf", "aa..bb" },
      { "", "aa", "aa.bb", "aa.bb.cc.dd", ".aa.bb", "aa.bb.", "aa.b b.cc", "aa.bb.cc=", "a.bb.cc",
        ".." } },
    { MLN_PATTERN_COMPACT_JWE,
      { "aa.bb.cc.dd.ee", "aa...dd.", "aa..cc.dd.ee" },
      { "", "aa.bb.cc", "aa.bb.cc..ee", ".bb.cc.dd.ee", "aa.bb.cc.dd.ee.ff", "aa.bb.cc.dd",
        "aa.b+.cc.dd.ee" } },
    { MLN_PATTERN_RELEASE_VERSION,
      { "2", "2a", "3", "4", "5" },
      { "", "1", "2A", "3 ", "22", "a" } },
    { MLN_PATTERN_ANY_RELEASE_VERSION, { "1", "2", "2a", "3", "4", "5" }, { "", "0", "6", "1a" } },
    { MLN_PATTERN_TMGI, { "F2003090156" }, { "", "a b", "a-b" } },
    { MLN_PATTERN_MSISDN,
      { "8617791450839", "12345" },
      { "", "1234", "1234567890123456", "+4917" } },
    { MLN_PATTERN_REL_KEY_ID, { "Ab.c_d-1" }, { "", "a@b", "a b" } },
    { MLN_PATTERN_CREDENTIAL_ID,
      { "10-name@x", "32-*" },
      { "", "10-", "1-a", "ab-c", "10a", "10-a b" } },
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

/* As its own block, so that the sanitizer sees a read behind the end. */
static bool matches(enum mln_pattern pattern, const char *text)
{
    size_t len = strlen(text);
    char *copy = test_malloc(len ? len : 1);
    bool result;

    memcpy(copy, text, len);
    result = mln_check_pattern(pattern, mln_slice_of(copy, len));
    test_free(copy);
    return result;
}

static void test_each_pattern_takes_the_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        for (size_t j = 0; j < 16 && samples[i].good[j]; j++) {
            if (!matches(samples[i].pattern, samples[i].good[j])) {
                fail_msg("%s refused: %s", mln_model_pattern_text(samples[i].pattern),
                         samples[i].good[j]);
            }
        }
    }
}

static void test_each_pattern_refuses_the_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        for (size_t j = 0; j < 24 && samples[i].bad[j]; j++) {
            if (matches(samples[i].pattern, samples[i].bad[j])) {
                fail_msg("%s taken: %s", mln_model_pattern_text(samples[i].pattern),
                         samples[i].bad[j]);
            }
        }
    }
}

static void test_every_pattern_has_samples_and_a_text(void **state)
{
    bool seen[MLN_PATTERNS] = { false };

    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        seen[samples[i].pattern] = true;
        assert_non_null(samples[i].good[0]);
    }
    for (unsigned p = 0; p < MLN_PATTERNS; p++) {
        assert_true(seen[p]);
        assert_non_null(mln_model_pattern_text((enum mln_pattern)p));
    }
}

static void test_nul_bytes_are_no_end(void **state)
{
    static const char text[] = "a\0b";

    (void)state;
    for (unsigned p = 1; p < MLN_PATTERNS; p++) {
        bool is_taken = mln_check_pattern((enum mln_pattern)p, mln_slice_of(text, 3));

        assert_int_equal(is_taken, p == MLN_PATTERN_NORMALIZED_STRING);
    }
    assert_false(mln_check_pattern(MLN_PATTERN_IPV4, mln_slice_of("1.2.3.4\0", 8)));
    assert_false(mln_check_pattern((enum mln_pattern)MLN_PATTERNS, MLN_S("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_pattern_takes_the_good),
        cmocka_unit_test(test_each_pattern_refuses_the_bad),
        cmocka_unit_test(test_every_pattern_has_samples_and_a_text),
        cmocka_unit_test(test_nul_bytes_are_no_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
