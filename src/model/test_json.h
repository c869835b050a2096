/* For tests of this folder only: values from a text that reads like JSON with single quotes.
 *
 * Without escapes and without checks, so that a representation fits on one line of a test; the
 * real decoder lives in codec/, above this folder. */
#pragma once

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "model/value.h"

static struct mln_value *test_json_item(const char **at, struct mln_arena *a);

static void test_json_blank(const char **at)
{
    while (**at == ' ' || **at == ',' || **at == ':') {
        (*at)++;
    }
}

static struct mln_slice test_json_string(const char **at)
{
    const char *start = *at + 1;
    const char *end = strchr(start, '\'');

    *at = end + 1;
    return mln_slice_of(start, (size_t)(end - start));
}

static struct mln_value *test_json_items(const char **at, struct mln_arena *a)
{
    bool is_object = **at == '{';
    struct mln_value *v = mln_value_new(a, is_object ? MLN_V_OBJECT : MLN_V_ARRAY);

    (*at)++;
    for (test_json_blank(at); **at != '}' && **at != ']'; test_json_blank(at)) {
        struct mln_slice name = { NULL, 0 };

        if (is_object) {
            name = test_json_string(at);
            test_json_blank(at);
        }
        if (mln_failed(mln_value_set(v, name, test_json_item(at, a)))) {
            abort();
        }
    }
    (*at)++;
    return v;
}

static struct mln_value *test_json_number(const char **at, struct mln_arena *a)
{
    struct mln_slice text = { *at, strspn(*at, "-+.0123456789eE") };
    struct mln_value *v;
    uint64_t magnitude;
    int64_t n;

    *at += text.len;
    if (mln_num_u64(text, &magnitude)) {
        return mln_value_uint(a, magnitude);
    }
    if (mln_num_i64(text, &n)) {
        return mln_value_int(a, n);
    }
    v = mln_value_new(a, MLN_V_REAL);
    v->text = text;
    return v;
}

static struct mln_value *test_json_item(const char **at, struct mln_arena *a)
{
    test_json_blank(at);
    if (**at == '{' || **at == '[') {
        return test_json_items(at, a);
    }
    if (**at == '\'') {
        return mln_value_text(a, test_json_string(at));
    }
    if (**at == 't' || **at == 'f') {
        bool b = **at == 't';

        *at += b ? 4 : 5;
        return mln_value_bool(a, b);
    }
    if (**at == 'n') {
        *at += 4;
        return mln_value_new(a, MLN_V_NULL);
    }
    return test_json_number(at, a);
}

static struct mln_value *test_json(const char *text, struct mln_arena *a)
{
    return test_json_item(&text, a);
}
