/* Trees of values. */
#include "model/value.h"

struct mln_value *mln_value_new(struct mln_arena *arena, enum mln_kind kind)
{
    struct mln_value *v = mln_arena_zalloc(arena, 1, sizeof *v);

    if (v) {
        v->kind = kind;
    }
    return v;
}

struct mln_value *mln_value_text(struct mln_arena *arena, struct mln_slice text)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_TEXT);

    if (v) {
        v->text = text;
    }
    return v;
}

struct mln_value *mln_value_uint(struct mln_arena *arena, uint64_t n)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_INT);

    if (v) {
        v->magnitude = n;
    }
    return v;
}

struct mln_value *mln_value_int(struct mln_arena *arena, int64_t n)
{
    struct mln_value *v = mln_value_uint(arena, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);

    if (v) {
        v->is_negative = n < 0;
    }
    return v;
}

struct mln_value *mln_value_bool(struct mln_arena *arena, bool b)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_BOOL);

    if (v) {
        v->boolean = b;
    }
    return v;
}

mln_err mln_value_append(struct mln_value *array, struct mln_value *item)
{
    MLN_REQUIRE(item, NO_MEMORY);
    item->next = NULL;
    if (array->items.last) {
        array->items.last->next = item;
    } else {
        array->items.first = item;
    }
    array->items.last = item;
    array->items.count++;
    return MLN_OK;
}

mln_err mln_value_set(struct mln_value *object, struct mln_slice name, struct mln_value *item)
{
    MLN_REQUIRE(item, NO_MEMORY);
    item->name = name;
    return mln_value_append(object, item);
}

struct mln_value *mln_value_get(const struct mln_value *object, struct mln_slice name)
{
    if (!object || object->kind != MLN_V_OBJECT) {
        return NULL;
    }
    for (struct mln_value *v = object->items.first; v; v = v->next) {
        if (mln_slice_eq(v->name, name)) {
            return v;
        }
    }
    return NULL;
}

struct mln_value *mln_value_take(struct mln_value *object, struct mln_slice name)
{
    struct mln_value *before = NULL;
    struct mln_value *v = object->items.first;

    while (v && !mln_slice_eq(v->name, name)) {
        before = v;
        v = v->next;
    }
    if (!v) {
        return NULL;
    }
    if (before) {
        before->next = v->next;
    } else {
        object->items.first = v->next;
    }
    if (object->items.last == v) {
        object->items.last = before;
    }
    object->items.count--;
    v->next = NULL;
    return v;
}

bool mln_value_u64(const struct mln_value *v, uint64_t *ret)
{
    if (!v || v->kind != MLN_V_INT || v->is_negative) {
        return false;
    }
    *ret = v->magnitude;
    return true;
}

bool mln_value_i64(const struct mln_value *v, int64_t *ret)
{
    if (!v || v->kind != MLN_V_INT || v->magnitude > (uint64_t)INT64_MAX + v->is_negative) {
        return false;
    }
    *ret = v->is_negative ? (int64_t)(0 - v->magnitude) : (int64_t)v->magnitude;
    return true;
}

static bool members_eq(const struct mln_value *a, const struct mln_value *b)
{
    for (const struct mln_value *m = a->items.first; m; m = m->next) {
        const struct mln_value *other = mln_value_get(b, m->name);

        if (!other || !mln_value_eq(m, other)) {
            return false;
        }
    }
    return true;
}

static bool elements_eq(const struct mln_value *a, const struct mln_value *b)
{
    const struct mln_value *y = b->items.first;

    for (const struct mln_value *x = a->items.first; x; x = x->next, y = y->next) {
        if (!mln_value_eq(x, y)) {
            return false;
        }
    }
    return true;
}

bool mln_value_eq(const struct mln_value *a, const struct mln_value *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case MLN_V_NULL:
        return true;
    case MLN_V_BOOL:
        return a->boolean == b->boolean;
    case MLN_V_INT:
        return a->magnitude == b->magnitude && a->is_negative == b->is_negative;
    case MLN_V_REAL:
    case MLN_V_TEXT:
        return mln_slice_eq(a->text, b->text);
    case MLN_V_ARRAY:
        return a->items.count == b->items.count && elements_eq(a, b);
    case MLN_V_OBJECT:
        return a->items.count == b->items.count && members_eq(a, b);
    }
    return false;
}
