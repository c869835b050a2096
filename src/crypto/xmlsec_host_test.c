/* A program that uses xmlsec1 itself: what it has set stays as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <xmlsec/xmlsec.h> /* before errors.h, which needs it */

#include <xmlsec/errors.h>
#include <xmlsec/openssl/crypto.h>

#include "base/test_arena.h"
#include "crypto/jwt_keys_test.h"
#include "crypto/xmlsec.h"

static unsigned told;
static unsigned told_by_xml;

/* What xmlsec1 tells goes by its own callback to this one of libxml2. */
static void count(void *data, const char *format, ...)
{
    (void)data;
    (void)format;
    told++;
}

static void count_xml(void *data, xmlErrorPtr error)
{
    (void)data;
    (void)error;
    told_by_xml++;
}

static void test_host(void **state)
{
    struct mln_jose_key *key = mln_test_key("ec256");
    struct mln_xmlsec_signer signer = { key, MLN_JOSE_ES256, { .name = MLN_S("k") } };
    struct mln_xmlsec *envelope = NULL;
    struct mln_slice text = { 0 };

    (void)state;
    xmlInitParser();
    assert_int_equal(xmlSecInit(), 0);
    assert_int_equal(xmlSecOpenSSLInit(), 0);
    xmlSecErrorsSetCallback(xmlSecErrorsDefaultCallback);
    xmlSetGenericErrorFunc(NULL, count);
    xmlSetStructuredErrorFunc(NULL, count_xml);
    assert_false(mln_failed(mln_xmlsec_sign(&signer, 0, MLN_S("x"), arena, &text)));
    assert_false(mln_failed(mln_xmlsec_read(text, arena, NULL, &envelope)));
    assert_false(mln_failed(mln_xmlsec_verify(envelope, key, arena, &text)));
    mln_xmlsec_free(envelope);
    assert_int_equal(mln_xmlsec_read(MLN_S("<a></b>"), arena, NULL, &envelope).code,
                     MLN_ERR_SYNTAX);
    assert_int_equal(told + told_by_xml, 0);
    /* both still tell whom they were told to */
    xmlSecError("", 0, "", "", "", XMLSEC_ERRORS_R_XMLSEC_FAILED, "x");
    assert_true(told > 0);
    xmlFreeDoc(xmlReadMemory("<a></b>", 7, NULL, NULL, 0));
    assert_true(told_by_xml > 0);
    mln_jose_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_host, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
