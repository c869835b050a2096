/* Expected content against what came. */
#include <stdio.h>

#include "cases.h"

struct place {
    char *text;
    size_t size;
};

static bool matches(const struct mln_value *expected, const struct mln_value *have,
                    const struct place *at);

/* The innermost place is told. */
static bool differ(const struct place *at, struct mln_slice name)
{
    if (!at->text[0]) {
        (void)snprintf(at->text, at->size, "%.*s", MLN_S_ARG(name));
    }
    return false;
}

static bool is_there(const struct mln_value *element, const struct mln_value *list, bool *used)
{
    char unused[100] = { 0 };
    struct place nowhere = { unused, sizeof unused };
    size_t i = 0;

    for (const struct mln_value *v = list->items.first; v; v = v->next, i++) {
        unused[0] = '\0';
        if (!used[i] && matches(element, v, &nowhere)) {
            used[i] = true;
            return true;
        }
    }
    return false;
}

/* Each expected element is there, each time another one. */
static bool contains(const struct mln_value *elements, const struct mln_value *have)
{
    bool used[256] = { false };

    if (!have || have->kind != MLN_V_ARRAY || have->items.count > 256) {
        return false;
    }
    for (const struct mln_value *v = elements->items.first; v; v = v->next) {
        if (!is_there(v, have, used)) {
            return false;
        }
    }
    return true;
}

/* *ret_is: the value is such a form at all. */
static bool special_matches(const struct mln_value *expected, const struct mln_value *have,
                            bool *ret_is)
{
    const struct mln_value *form = expected->items.first;
    uint64_t a;
    uint64_t b;

    *ret_is = form && mln_slice_starts(form->name, MLN_S("$"));
    if (!*ret_is || !have) {
        return false;
    }
    if (mln_slice_eq(form->name, MLN_S("$any"))) {
        return true;
    }
    if (mln_slice_eq(form->name, MLN_S("$starts"))) {
        return have->kind == MLN_V_TEXT && mln_slice_starts(have->text, form->text) &&
               have->text.len > form->text.len;
    }
    if (mln_slice_eq(form->name, MLN_S("$above"))) {
        return mln_value_u64(form, &a) && mln_value_u64(have, &b) && b > a;
    }
    if (mln_slice_eq(form->name, MLN_S("$set"))) {
        return contains(form, have) && have->items.count == form->items.count;
    }
    return mln_slice_eq(form->name, MLN_S("$has")) && contains(form, have);
}

static bool members_match(const struct mln_value *expected, const struct mln_value *have,
                          const struct place *at)
{
    for (const struct mln_value *v = expected->items.first; v; v = v->next) {
        const struct mln_value *other = mln_value_get(have, v->name);
        bool is_absent = v->kind == MLN_V_NULL;

        if (is_absent ? other != NULL : !matches(v, other, at)) {
            return differ(at, v->name);
        }
    }
    return true;
}

static bool elements_match(const struct mln_value *expected, const struct mln_value *have,
                           const struct place *at)
{
    const struct mln_value *other = have->items.first;

    if (expected->items.count != have->items.count) {
        return false;
    }
    for (const struct mln_value *v = expected->items.first; v; v = v->next, other = other->next) {
        if (!matches(v, other, at)) {
            return false;
        }
    }
    return true;
}

static bool matches(const struct mln_value *expected, const struct mln_value *have,
                    const struct place *at)
{
    bool is_special = false;

    if (expected->kind == MLN_V_OBJECT && special_matches(expected, have, &is_special)) {
        return true;
    }
    if (is_special || !have || expected->kind != have->kind) {
        return false;
    }
    if (expected->kind == MLN_V_OBJECT) {
        return members_match(expected, have, at);
    }
    return expected->kind == MLN_V_ARRAY ? elements_match(expected, have, at)
                                         : mln_value_eq(expected, have);
}

bool case_matches(const struct mln_value *expected, const struct mln_value *have, char *where,
                  size_t where_size)
{
    struct place at = { where, where_size };

    where[0] = '\0';
    return matches(expected, have, &at);
}
