/* Variables in the texts of a case. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/timestamp.h"
#include "cases.h"

struct case_variable {
    struct case_variable *next;
    struct mln_slice name;
    struct mln_slice value;
};

void case_set(struct case_run *run, const char *name, struct mln_slice value)
{
    struct case_variable *v = mln_arena_zalloc(run->arena, 1, sizeof *v);

    assert_non_null(v);
    assert_true(mln_arena_dup(run->arena, mln_slice_z(name), &v->name));
    assert_true(mln_arena_dup(run->arena, value, &v->value));
    v->next = run->variables;
    run->variables = v;
}

/* Is it {word} at the start of the text? Letters, digits, '.', '+', '-'; a small letter first. */
static bool is_variable(struct mln_slice text, struct mln_slice *ret)
{
    size_t end = mln_slice_find(text, '}');

    if (text.len < 3 || text.ptr[0] != '{' || end == text.len ||
        !islower((unsigned char)text.ptr[1])) {
        return false;
    }
    for (size_t i = 1; i < end; i++) {
        if (!isalnum((unsigned char)text.ptr[i]) && !strchr(".+-_", text.ptr[i])) {
            return false;
        }
    }
    *ret = mln_slice_of(text.ptr + 1, end - 1);
    return true;
}

/* "now", "now+60", "now-1" */
static bool time_of(struct case_run *run, struct mln_slice name, struct mln_buf *out)
{
    struct mln_slice rest = mln_slice_from(name, 3);
    char text[MLN_TIMESTAMP_SIZE];
    int64_t seconds = 0;

    if (!mln_slice_starts(name, MLN_S("now"))) {
        return false;
    }
    if (rest.len && rest.ptr[0] == '+') {
        rest = mln_slice_from(rest, 1);
    }
    if (rest.len && !mln_num_i64(rest, &seconds)) {
        return false;
    }
    mln_buf_add(
        out, mln_slice_of(text, mln_timestamp_put(text, run->p->now_us + seconds * MLN_US_PER_S)));
    return true;
}

static void put_variable(struct case_run *run, struct mln_slice name, struct mln_buf *out)
{
    const struct case_variable *v = run->variables;

    while (v && !mln_slice_eq(v->name, name)) {
        v = v->next;
    }
    if (v) {
        mln_buf_add(out, v->value);
    } else if (!time_of(run, name, out)) {
        fail_msg("%s: there is no variable {%.*s}", run->where, MLN_S_ARG(name));
    }
}

struct mln_slice case_expand(struct case_run *run, struct mln_slice text)
{
    struct mln_slice name;
    struct mln_slice done = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, run->arena, SIZE_MAX);
    while (text.len) {
        if (is_variable(text, &name)) {
            put_variable(run, name, &out);
            text = mln_slice_from(text, name.len + 2);
        } else {
            mln_buf_byte(&out, text.ptr[0]);
            text = mln_slice_from(text, 1);
        }
    }
    mln_buf_byte(&out, '\0');
    assert_false(mln_failed(mln_buf_finish(&out, &done)));
    return mln_slice_head(done, done.len - 1);
}

struct mln_value *case_expand_value(struct case_run *run, const struct mln_value *v)
{
    struct mln_value *copy = mln_value_new(run->arena, v->kind);

    assert_non_null(copy);
    *copy = *v;
    copy->next = NULL;
    if (v->kind == MLN_V_TEXT) {
        copy->text = case_expand(run, v->text);
    } else if (v->kind == MLN_V_ARRAY || v->kind == MLN_V_OBJECT) {
        copy->items.first = copy->items.last = NULL;
        copy->items.count = 0;
        for (const struct mln_value *item = v->items.first; item; item = item->next) {
            struct mln_value *expanded = case_expand_value(run, item);

            assert_false(mln_failed(v->kind == MLN_V_ARRAY
                                        ? mln_value_append(copy, expanded)
                                        : mln_value_set(copy, item->name, expanded)));
        }
    }
    return copy;
}
