/* Validation by the tables of the model: values, and representations in CREATE and UPDATE.
 *
 * Recursion follows the data types, which the generator has proved to be free of circles, and not
 * the value: content of type xs:anyType is not descended into.
 * spec: TS-0004 7.3.3.3, 7.3.3.4, 8.4.2 */
#include "model/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "model/model_int.h"

/* Where in a representation the check stands: a chain on the stack, read when a fault is told. */
struct place {
    const struct place *up;
    struct mln_slice name; /* member; empty for an element */
    size_t index;          /* element, from 0 */
};

enum { PLACE_SIZE = 120, WANTED_SIZE = 120 };

struct text {
    char *ptr;
    size_t size;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(t->ptr + t->len, t->size - t->len, format, args);
    va_end(args);
    if (n > 0) {
        t->len += (size_t)n < t->size - t->len ? (size_t)n : t->size - t->len - 1;
    }
}

/* "pv.acr[0].acop" */
static void add_place(struct text *t, const struct place *place)
{
    if (place->up) {
        add_place(t, place->up);
    }
    if (place->name.ptr) {
        add(t, "%s%.*s", place->up ? "." : "", MLN_S_ARG(place->name));
    } else {
        add(t, "[%zu]", place->index);
    }
}

static const char *kind_text(const struct mln_value *v)
{
    switch (v->kind) {
    case MLN_V_NULL:
        return "null";
    case MLN_V_BOOL:
        return "a boolean";
    case MLN_V_INT:
        return "an integer";
    case MLN_V_REAL:
        return "a number that is no 64-bit integer";
    case MLN_V_TEXT:
        return "a string";
    case MLN_V_ARRAY:
        return "an array";
    case MLN_V_OBJECT:
        return "an object";
    }
    return "unknown";
}

static void add_integer(struct text *t, const struct mln_datatype *type)
{
    if (type->min != INT64_MIN && type->max != UINT64_MAX) {
        add(t, "an integer from %" PRId64 " to %" PRIu64, type->min, type->max);
    } else if (type->min != INT64_MIN) {
        add(t, "an integer of at least %" PRId64, type->min);
    } else {
        add(t, "an integer");
    }
}

/* What a data type wants, in words. */
static void add_wanted(struct text *t, const struct mln_datatype *type)
{
    switch (type->form) {
    case MLN_FORM_TEXT:
        add(t, "%s", mln_model_pattern_text(type->pattern));
        break;
    case MLN_FORM_BOOLEAN:
        add(t, type->min < 1 ? "true or false" : "true");
        break;
    case MLN_FORM_INTEGER:
        add_integer(t, type);
        break;
    case MLN_FORM_NUMBER:
        add(t, "a number");
        break;
    case MLN_FORM_ENUM:
        add(t, "a value of %.*s", MLN_S_ARG(type->name));
        break;
    case MLN_FORM_LIST:
        add(t, "an array");
        break;
    case MLN_FORM_UNION:
    case MLN_FORM_COMPLEX:
        add(t, "%s %.*s", type->form == MLN_FORM_COMPLEX ? "an object of type" : "of type",
            MLN_S_ARG(type->name));
        break;
    case MLN_FORM_ANY:
        add(t, "a value");
        break;
    }
}

/* The same, seen from the type that refuses it: a wrong value of the right kind is "another". */
static const char *other_text(const struct mln_datatype *type, const struct mln_value *v)
{
    if (v->kind == MLN_V_TEXT && type->form == MLN_FORM_TEXT) {
        return "another string";
    }
    if (v->kind == MLN_V_INT && (type->form == MLN_FORM_INTEGER || type->form == MLN_FORM_ENUM)) {
        return "another integer";
    }
    if (v->kind == MLN_V_BOOL && type->form == MLN_FORM_BOOLEAN) {
        return "false";
    }
    return kind_text(v);
}

/* Tells that a value is not what its data type wants. */
static mln_err refuse_value(struct mln_fault *fault, const struct place *place,
                            const struct mln_datatype *type, const struct mln_value *v)
{
    char where[PLACE_SIZE];
    char wanted[WANTED_SIZE];
    struct text w = { where, sizeof where, 0 };
    struct text t = { wanted, sizeof wanted, 0 };

    if (fault) {
        where[0] = '\0';
        wanted[0] = '\0';
        add_place(&w, place);
        add_wanted(&t, type);
        mln_fault_set(fault, "%s: must be %s, is %s", where, wanted, other_text(type, v));
    }
    MLN_FAIL(ATTR_INVALID);
}

/* Tells something else about a place. */
__attribute__((format(printf, 3, 4))) static void
tell(struct mln_fault *fault, const struct place *place, const char *format, ...)
{
    char where[PLACE_SIZE];
    char what[WANTED_SIZE];
    struct text w = { where, sizeof where, 0 };
    va_list args;

    if (!fault) {
        return;
    }
    where[0] = '\0';
    add_place(&w, place);
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    mln_fault_set(fault, "%s: %s", where, what);
}

/* ---- values ---- */

static mln_err check(const struct mln_datatype *type, const struct mln_value *v,
                     const struct place *place, struct mln_fault *fault);

static bool in_range(const struct mln_datatype *type, const struct mln_value *v)
{
    uint64_t least; /* how far below zero the least value lies */

    if (v->kind != MLN_V_INT) {
        return false;
    }
    if (v->is_negative && v->magnitude > 0) {
        least = type->min < 0 ? 0 - (uint64_t)type->min : 0;
        return v->magnitude <= least;
    }
    return v->magnitude <= type->max && (type->min <= 0 || v->magnitude >= (uint64_t)type->min);
}

static bool in_enum(const struct mln_datatype *type, const struct mln_value *v)
{
    size_t low = 0;
    size_t high;
    const int32_t *values = mln_model_enum(type, &high);
    int64_t n;

    if (!mln_value_i64(v, &n)) {
        return false;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (values[middle] == n) {
            return true;
        }
        if (values[middle] < n) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

/* An array with the right number of elements, each of the type. */
static mln_err check_elements(const struct mln_datatype *item, const struct mln_value *v,
                              uint32_t least, uint32_t most, const struct place *place,
                              struct mln_fault *fault)
{
    struct place inner = { place, { NULL, 0 }, 0 };

    if (v->kind != MLN_V_ARRAY) {
        tell(fault, place, "must be an array, is %s", kind_text(v));
        MLN_FAIL(ATTR_INVALID);
    }
    if (v->items.count < least || (most && v->items.count > most)) {
        tell(fault, place, "must have %s %" PRIu32 " elements, has %zu",
             v->items.count < least ? "at least" : "at most", v->items.count < least ? least : most,
             v->items.count);
        MLN_FAIL(ATTR_INVALID);
    }
    for (const struct mln_value *e = v->items.first; e; e = e->next) {
        MLN_TRY(check(item, e, &inner, fault));
        inner.index++;
    }
    return MLN_OK;
}

static mln_err check_union(const struct mln_datatype *type, const struct mln_value *v,
                           const struct place *place, struct mln_fault *fault)
{
    size_t count;
    const uint16_t *types = mln_model_union(type, &count);

    for (size_t i = 0; i < count; i++) {
        if (!mln_failed(check(&mln_model_gen_datatypes[types[i]], v, place, NULL))) {
            return MLN_OK;
        }
    }
    return refuse_value(fault, place, type, v);
}

/* No two elements have the same value in the member `name`. */
static mln_err check_unique(const struct mln_value *v, struct mln_slice name,
                            const struct place *place, struct mln_fault *fault)
{
    for (const struct mln_value *a = v->items.first; a; a = a->next) {
        const struct mln_value *value = mln_value_get(a, name);

        for (const struct mln_value *b = a->next; value && b; b = b->next) {
            const struct mln_value *other = mln_value_get(b, name);

            if (other && mln_value_eq(value, other)) {
                tell(fault, place, "two elements have the same %.*s", MLN_S_ARG(name));
                MLN_FAIL(ATTR_INVALID);
            }
        }
    }
    return MLN_OK;
}

static mln_err check_member(const struct mln_member *member, const struct mln_value *v,
                            const struct place *up, struct mln_fault *fault)
{
    const struct mln_datatype *type = &mln_model_gen_datatypes[member->type];
    struct place place = { up, member->name, 0 };

    if (member->is_unbuilt) {
        tell(fault, &place, "is not supported yet");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    if (!member->is_many) {
        return check(type, v, &place, fault);
    }
    MLN_TRY(check_elements(type, v, member->least, member->most, &place, fault));
    if (member->unique.len) {
        return check_unique(v, member->unique, &place, fault);
    }
    return MLN_OK;
}

static const struct mln_member *find_member(const struct mln_member *members, size_t count,
                                            struct mln_slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (mln_slice_eq(members[i].name, name)) {
            return &members[i];
        }
    }
    return NULL;
}

static mln_err check_complex(const struct mln_datatype *type, const struct mln_value *v,
                             const struct place *place, struct mln_fault *fault)
{
    size_t count;
    const struct mln_member *members = mln_model_members(type, &count);
    uint64_t seen = 0;

    if (v->kind != MLN_V_OBJECT) {
        return refuse_value(fault, place, type, v);
    }
    for (const struct mln_value *m = v->items.first; m; m = m->next) {
        const struct mln_member *member = find_member(members, count, m->name);

        if (!member) {
            tell(fault, place, "%.*s is no member of %.*s", MLN_S_ARG(mln_slice_head(m->name, 32)),
                 MLN_S_ARG(type->name));
            MLN_FAIL(ATTR_INVALID);
        }
        MLN_TRY(check_member(member, m, place, fault));
        seen |= UINT64_C(1) << (member - members);
    }
    for (size_t i = 0; i < count; i++) {
        if (members[i].least && !(seen >> i & 1)) {
            tell(fault, place, "%.*s is missing", MLN_S_ARG(members[i].name));
            MLN_FAIL(ATTR_INVALID);
        }
    }
    if (type->is_choice && v->items.count != 1) {
        tell(fault, place, "must have exactly one member, has %zu", v->items.count);
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

static mln_err check(const struct mln_datatype *type, const struct mln_value *v,
                     const struct place *place, struct mln_fault *fault)
{
    bool is_fine = false;

    switch (type->form) {
    case MLN_FORM_TEXT:
        is_fine = v->kind == MLN_V_TEXT && mln_check_pattern(type->pattern, v->text);
        break;
    case MLN_FORM_BOOLEAN:
        is_fine = v->kind == MLN_V_BOOL && (v->boolean || type->min < 1);
        break;
    case MLN_FORM_INTEGER:
        is_fine = in_range(type, v);
        break;
    case MLN_FORM_NUMBER:
        is_fine = v->kind == MLN_V_INT || v->kind == MLN_V_REAL;
        break;
    case MLN_FORM_ENUM:
        is_fine = in_enum(type, v);
        break;
    case MLN_FORM_LIST:
        return check_elements(&mln_model_gen_datatypes[type->item], v, type->least, type->most,
                              place, fault);
    case MLN_FORM_UNION:
        return check_union(type, v, place, fault);
    case MLN_FORM_COMPLEX:
        return check_complex(type, v, place, fault);
    case MLN_FORM_ANY:
        is_fine = v->kind != MLN_V_NULL;
        break;
    }
    return is_fine ? MLN_OK : refuse_value(fault, place, type, v);
}

mln_err mln_check_value(enum mln_datatype_id type, const struct mln_value *v, struct mln_slice name,
                        struct mln_fault *fault)
{
    struct place place = { NULL, name.ptr ? name : MLN_S("value"), 0 };

    return check(mln_model_datatype(type), v, &place, fault);
}

/* ---- representations ---- */

/* The attribute that a member stands for. Errors: ATTR_UNKNOWN. */
static mln_err find_attribute(const struct mln_type *type, const struct mln_value *v,
                              const struct mln_attribute **ret, struct mln_fault *fault)
{
    const struct mln_attribute *a = mln_model_attribute(type, v->name);

    if (!a) {
        mln_fault_set(fault, "%.*s is no attribute of %s", MLN_S_ARG(mln_slice_head(v->name, 64)),
                      type->long_name);
        MLN_FAIL(ATTR_UNKNOWN);
    }
    *ret = a;
    return MLN_OK;
}

static mln_err check_presence(const struct mln_attribute *a, enum mln_presence presence,
                              const char *operation, struct mln_fault *fault)
{
    if (presence == MLN_PRESENCE_FORBIDDEN) {
        mln_fault_set(fault, "%.*s: %s is not allowed in %s", MLN_S_ARG(a->name), a->long_name,
                      operation);
        MLN_FAIL(ATTR_FORBIDDEN);
    }
    if (a->is_unbuilt) {
        mln_fault_set(fault, "%.*s: %s is not supported yet", MLN_S_ARG(a->name), a->long_name);
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

static mln_err check_attribute(const struct mln_attribute *a, const struct mln_value *v,
                               struct mln_fault *fault)
{
    const struct mln_datatype *type = &mln_model_gen_datatypes[a->type];
    struct place place = { NULL, a->name, 0 };

    return a->is_many ? check_elements(type, v, a->least, 0, &place, fault)
                      : check(type, v, &place, fault);
}

static mln_err check_representation(const struct mln_value *attributes, struct mln_fault *fault)
{
    if (!attributes || attributes->kind != MLN_V_OBJECT) {
        mln_fault_set(fault, "a representation must be an object, is %s",
                      attributes ? kind_text(attributes) : "absent");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* spec: TS-0004 7.3.3.3: creator is asked for with NULL and set by the CSE */
static mln_err check_creator(const struct mln_value *v, struct mln_fault *fault)
{
    if (v->kind != MLN_V_NULL) {
        mln_fault_set(fault, "cr: must be null, the CSE sets the creator");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

static mln_err check_for_create(const struct mln_attribute *a, const struct mln_value *v,
                                struct mln_fault *fault)
{
    MLN_TRY(check_presence(a, a->create, "CREATE", fault));
    if (a->slot == MLN_SLOT_CR) {
        return check_creator(v, fault);
    }
    if (v->kind == MLN_V_NULL) {
        mln_fault_set(fault, "%.*s: null is no value in CREATE", MLN_S_ARG(a->name));
        MLN_FAIL(ATTR_INVALID);
    }
    return check_attribute(a, v, fault);
}

mln_err mln_check_create(const struct mln_type *type, const struct mln_value *attributes,
                         struct mln_slice optional, struct mln_fault *fault)
{
    uint64_t missing = mln_model_mandatory(type);

    MLN_TRY(check_representation(attributes, fault));
    for (const struct mln_value *v = attributes->items.first; v; v = v->next) {
        const struct mln_attribute *a;

        MLN_TRY(find_attribute(type, v, &a, fault));
        MLN_TRY(check_for_create(a, v, fault));
        missing &= ~(UINT64_C(1) << (a - type->attributes));
    }
    while (missing) {
        const struct mln_attribute *a = &type->attributes[__builtin_ctzll(missing)];

        if (!mln_slice_eq(a->name, optional)) {
            mln_fault_set(fault, "%.*s: %s is mandatory in CREATE", MLN_S_ARG(a->name),
                          a->long_name);
            MLN_FAIL(ATTR_MISSING);
        }
        missing &= missing - 1;
    }
    return MLN_OK;
}

static bool is_true(const struct mln_value *attributes, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(attributes, name);

    return v && v->kind == MLN_V_BOOL && v->boolean;
}

/* spec: TS-0004 D.3.2.2, D.9.2.3, D.10.2.2, D.11.2.2 */
static mln_err check_exclusive(const struct mln_type *type, const struct mln_value *attributes,
                               struct mln_fault *fault)
{
    for (size_t i = 0; i < type->exclusive.count; i++) {
        const struct mln_slice *pair = type->exclusive.names[i];

        if (is_true(attributes, pair[0]) && is_true(attributes, pair[1])) {
            mln_fault_set(fault, "%.*s and %.*s cannot both be true", MLN_S_ARG(pair[0]),
                          MLN_S_ARG(pair[1]));
            MLN_FAIL(BAD_REQUEST);
        }
    }
    return MLN_OK;
}

mln_err mln_check_update(const struct mln_type *type, const struct mln_value *attributes,
                         struct mln_fault *fault)
{
    MLN_TRY(check_representation(attributes, fault));
    for (const struct mln_value *v = attributes->items.first; v; v = v->next) {
        const struct mln_attribute *a;

        MLN_TRY(find_attribute(type, v, &a, fault));
        MLN_TRY(check_presence(a, a->update, "UPDATE", fault));
        if (v->kind != MLN_V_NULL) {
            MLN_TRY(check_attribute(a, v, fault));
        } else if (a->least > 0 && a->slot != MLN_SLOT_ET) {
            /* spec: TS-0004 7.3.3.7; without an expirationTime the CSE decides on a new one:
             * TS-0001 9.6.1.3.2 */
            mln_fault_set(fault, "%.*s: %s cannot be deleted", MLN_S_ARG(a->name), a->long_name);
            MLN_FAIL(ATTR_INVALID);
        }
    }
    return check_exclusive(type, attributes, fault);
}
