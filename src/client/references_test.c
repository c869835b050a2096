/* Tests of references in the forms that CSEs use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/client_int.h"

/* All references as "address name type;". */
static void assert_references(const char *body, const char *want)
{
    struct mln_field fields[] = { { MLN_S("X-M2M-RSC"), MLN_S("2000") },
                                  { MLN_S("Content-Type"), MLN_S("application/json") } };
    struct mln_fetch_answer answer = {
        .why = "", .status = 200, .fields = fields, .field_count = 2, .body = mln_slice_z(body)
    };
    struct merlon_response *r = NULL;
    struct mln_fault fault = { 0 };
    const struct merlon_reference *reference;
    char found[1024] = "";

    assert_int_equal(mln_client_read_answer(&answer, MLN_S("x"), &r, &fault).code, MLN_ERR_NONE);
    for (size_t i = 0; (reference = merlon_response_reference(r, i)); i++) {
        size_t len = strlen(found);

        (void)snprintf(found + len, sizeof found - len, "%s %s %d;", reference->address,
                       reference->name, reference->type);
    }
    assert_string_equal(found, want);
    merlon_response_free(r);
}

static void reads_lists_of_addresses(void **state)
{
    (void)state;
    assert_references("{\"m2m:uril\":[\"a/b\",\"c\"]}", "a/b  0;c  0;");
    assert_references("{\"m2m:uril\":\"a/b c  d\"}", "a/b  0;c  0;d  0;");
    assert_references("{\"m2m:uril\":[]}", "");
    assert_references("{\"m2m:uril\":\"\"}", "");
    assert_references("{\"m2m:uri\":\"a/b\"}", "a/b  0;");
}

static void reads_child_references(void **state)
{
    (void)state;
    assert_references("{\"m2m:rrl\":{\"rrf\":[{\"nm\":\"b\",\"typ\":3,\"val\":\"a/b\"},"
                      "{\"nm\":\"c\",\"typ\":4,\"val\":\"a/c\"}]}}",
                      "a/b b 3;a/c c 4;");
    assert_references("{\"m2m:rrl\":[{\"nm\":\"b\",\"typ\":3,\"val\":\"a/b\"}]}", "a/b b 3;");
    assert_references(
        "{\"m2m:cnt\":{\"rn\":\"a\",\"ch\":[{\"nm\":\"b\",\"typ\":3,\"val\":\"a/b\"}]}}",
        "a/b b 3;");
    assert_references("{\"m2m:cnt\":{\"rn\":\"a\",\"ch\":{\"rrf\":[{\"val\":\"a/b\"}]}}}",
                      "a/b  0;");
}

static void passes_over_what_is_no_reference(void **state)
{
    (void)state;
    assert_references("{\"m2m:rrl\":{\"rrf\":[{\"nm\":\"b\"},5,null,{\"val\":\"\"},{\"val\":1},"
                      "{\"nm\":1,\"typ\":-1,\"val\":\"x\"},{\"typ\":99999999,\"val\":\"y\"}]}}",
                      "x  0;y  0;");
    assert_references("{\"m2m:uril\":[1,\"\",\"a\"]}", "a  0;");
    assert_references("{\"m2m:uril\":5}", "");
    assert_references("{\"m2m:rrl\":{}}", "");
    assert_references("{\"m2m:cnt\":{\"ch\":5}}", "");
    assert_references("{\"m2m:cnt\":{\"mni\":5}}", "");
    assert_references("{\"m2m:cnt\":5}", "");
    assert_references("[]", "");
    assert_references("{}", "");
}

static void reads_long_lists(void **state)
{
    char body[8192] = "{\"m2m:uril\":[\"a0\"";
    struct mln_field fields[] = { { MLN_S("X-M2M-RSC"), MLN_S("2000") } };
    struct mln_fetch_answer answer = {
        .why = "", .status = 200, .fields = fields, .field_count = 1
    };
    struct merlon_response *r = NULL;
    struct mln_fault fault = { 0 };

    (void)state;
    for (int i = 1; i < 500; i++) {
        size_t len = strlen(body);

        (void)snprintf(body + len, sizeof body - len, ",\"a%d\"", i);
    }
    (void)snprintf(body + strlen(body), 3, "]}");
    answer.body = mln_slice_z(body);
    assert_int_equal(mln_client_read_answer(&answer, MLN_S("x"), &r, &fault).code, MLN_ERR_NONE);
    assert_string_equal(merlon_response_reference(r, 0)->address, "a0");
    assert_string_equal(merlon_response_reference(r, 499)->address, "a499");
    assert_null(merlon_response_reference(r, 500));
    merlon_response_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lists_of_addresses),
        cmocka_unit_test(reads_child_references),
        cmocka_unit_test(passes_over_what_is_no_reference),
        cmocka_unit_test(reads_long_lists),
    };

    return cmocka_run_group_tests_name("references", tests, NULL, NULL);
}
