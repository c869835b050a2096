/* Values of the right data type from text, as people write them.
 *
 * To what model/check.h does with plain text this adds lists with commas, JSON where text will not
 * do, and names of enumeration values. */
#include <string.h>

#include "base/nearest.h"
#include "base/num.h"
#include "client/client_int.h"
#include "codec/json.h"
#include "model/check.h"

bool mln_client_member(enum mln_datatype_id type, struct mln_slice name,
                       struct mln_client_slot *ret)
{
    size_t count;
    const struct mln_member *members = mln_model_members(mln_model_datatype(type), &count);

    for (size_t i = 0; i < count; i++) {
        const struct mln_member *m = &members[i];

        if (mln_slice_eq(m->name, name) || mln_slice_eq(mln_slice_z(m->long_name), name)) {
            *ret = (struct mln_client_slot){ m->name, (enum mln_datatype_id)m->type, m->is_many };
            return true;
        }
    }
    return false;
}

struct mln_slice mln_client_attribute(struct mln_slice name)
{
    if (mln_model_is_attribute(name)) {
        return name;
    }
    for (int i = 0; i < MLN_TYPES; i++) {
        const struct mln_attribute *a =
            mln_model_attribute_any(mln_model_type_at((enum mln_type_id)i), name);

        if (a) {
            return a->name;
        }
    }
    return mln_slice_of(NULL, 0);
}

/* ---- enumerations ---- */

static bool is_same_word(const char *a, struct mln_slice b)
{
    size_t i;

    for (i = 0; i < b.len && a[i]; i++) {
        char x = a[i] >= 'A' && a[i] <= 'Z' ? (char)(a[i] | 0x20) : a[i];
        char y = b.ptr[i] >= 'A' && b.ptr[i] <= 'Z' ? (char)(b.ptr[i] | 0x20) : b.ptr[i];

        if (x != y && !(x == '_' && y == '-')) {
            return false;
        }
    }
    return i == b.len && !a[i];
}

static bool enum_value(enum mln_datatype_id id, struct mln_slice name, int64_t *ret)
{
    size_t count;
    const int32_t *values = mln_model_enum(mln_model_datatype(id), &count);

    for (size_t i = 0; i < count; i++) {
        const char *known = mln_model_enum_name(id, values[i]);

        if (known && is_same_word(known, name)) {
            *ret = values[i];
            return true;
        }
    }
    return false;
}

/* A number for the name of an enumeration value or of a resource type; else the text itself. */
static mln_err number_for(enum mln_datatype_id id, struct mln_slice text, struct mln_arena *arena,
                          struct mln_slice *ret)
{
    bool is_type = id == MLN_DT_RESOURCE_TYPE || id == MLN_DT_MEMBER_TYPE;
    uint64_t ignored;
    int64_t number = 0;
    struct mln_buf out;

    *ret = text;
    if (mln_model_datatype(id)->form != MLN_FORM_ENUM || mln_num_u64(text, &ignored)) {
        return MLN_OK;
    }
    if (is_type) {
        const char *name = mln_arena_zdup(arena, text);
        const struct merlon_type *type = name ? merlon_type_find(name) : NULL;

        MLN_REQUIRE(name, NO_MEMORY);
        number = type ? merlon_type_number(type) : 0;
    }
    if (number == 0 && !enum_value(id, text, &number)) {
        return MLN_OK; /* the check will tell what is wrong */
    }
    mln_buf_init(&out, arena, MLN_NUM_U64_SIZE);
    mln_buf_u64(&out, (uint64_t)number);
    return mln_buf_finish(&out, ret);
}

/* ---- one value ---- */

static bool looks_like_json(struct mln_slice text)
{
    return text.len && (text.ptr[0] == '{' || text.ptr[0] == '[');
}

/* The check of the server's model; what the server has not built yet is no fault of the value. */
static mln_err check(enum mln_datatype_id id, const struct mln_value *v, struct mln_slice name,
                     struct mln_fault *fault)
{
    struct mln_fault told = { 0 };
    mln_err err = mln_check_value(id, v, name, &told);

    if (!mln_failed(err) || err.code == MLN_ERR_NOT_IMPLEMENTED) {
        return MLN_OK;
    }
    mln_fault_set(fault, "%s", told.text);
    return err;
}

/* The check tells what came instead, "…, is a string": of text that somebody has typed, the text
 * itself says more. */
static void tell_text(struct mln_slice told, struct mln_slice text, struct mln_fault *fault)
{
    static const char *const kinds[] = { ", is a string", ", is another string" };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (mln_slice_ends(told, mln_slice_z(kinds[i]))) {
            told.len -= strlen(kinds[i]);
            mln_fault_set(fault, "%.*s, not '%.*s'", MLN_S_ARG(told), MLN_S_ARG(text));
            return;
        }
    }
    mln_fault_set(fault, "%.*s", MLN_S_ARG(told));
}

static mln_err refuse_plain(const struct mln_client_slot *slot, struct mln_slice text,
                            struct mln_arena *arena, struct mln_fault *fault)
{
    const struct mln_datatype *type = mln_model_datatype(slot->type);
    const struct mln_value *as_text = mln_value_text(arena, text);
    struct mln_fault told = { 0 };
    mln_err err;

    MLN_REQUIRE(as_text, NO_MEMORY);
    if (type->form == MLN_FORM_COMPLEX) {
        mln_fault_set(fault, "%.*s: must be an object %.*s, written as JSON: {\"name\": value}",
                      MLN_S_ARG(slot->name), MLN_S_ARG(type->name));
        MLN_FAIL(ATTR_INVALID);
    }
    err = check(slot->type, as_text, slot->name, &told);
    if (mln_failed(err)) {
        tell_text(mln_slice_z(told.text), text, fault);
        return err;
    }
    mln_fault_set(fault, "%.*s: '%.*s' is not of type %.*s", MLN_S_ARG(slot->name), MLN_S_ARG(text),
                  MLN_S_ARG(type->name));
    MLN_FAIL(ATTR_INVALID);
}

static mln_err plain(const struct mln_client_slot *slot, struct mln_slice text,
                     struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault)
{
    struct mln_slice number = { 0 };
    mln_err err;

    MLN_TRY(number_for(slot->type, text, arena, &number));
    err = mln_check_from_text(slot->type, number, arena, ret);
    return err.code == MLN_ERR_ATTR_INVALID ? refuse_plain(slot, text, arena, fault) : err;
}

static mln_err from_json(const struct mln_client_slot *slot, struct mln_slice text,
                         struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault)
{
    struct mln_fault told = { 0 };
    struct mln_value *v = NULL;
    mln_err err = mln_client_read_json(text, arena, &v, &told);

    if (mln_failed(err)) {
        mln_fault_set(fault, "%.*s: no JSON: %s", MLN_S_ARG(slot->name), told.text);
        return err;
    }
    if (!slot->is_many) {
        MLN_TRY(check(slot->type, v, slot->name, fault));
    } else if (v->kind != MLN_V_ARRAY) {
        mln_fault_set(fault, "%.*s: must be an array", MLN_S_ARG(slot->name));
        MLN_FAIL(ATTR_INVALID);
    } else {
        for (const struct mln_value *item = v->items.first; item; item = item->next) {
            MLN_TRY(check(slot->type, item, slot->name, fault));
        }
    }
    *ret = v;
    return MLN_OK;
}

/* ---- lists ---- */

static mln_err split(const struct mln_client_slot *item, struct mln_slice text,
                     struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault)
{
    struct mln_value *array = mln_value_new(arena, MLN_V_ARRAY);

    MLN_REQUIRE(array, NO_MEMORY);
    while (text.ptr && text.len) {
        struct mln_slice part = mln_slice_trim(mln_slice_cut(&text, ','));
        struct mln_value *v = NULL;

        MLN_TRY(plain(item, part, arena, &v, fault));
        MLN_TRY(mln_value_append(array, v));
    }
    *ret = array;
    return MLN_OK;
}

mln_err mln_client_typed(const struct mln_client_slot *slot, struct mln_slice text,
                         struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault)
{
    const struct mln_datatype *type = mln_model_datatype(slot->type);
    bool takes_json = slot->is_many || type->form == MLN_FORM_LIST ||
                      type->form == MLN_FORM_COMPLEX || type->form == MLN_FORM_UNION;
    struct mln_client_slot item = { slot->name, slot->type, false };

    MLN_REQUIRE(mln_arena_dup(arena, text, &text), NO_MEMORY);
    if (takes_json && looks_like_json(text)) {
        return from_json(slot, text, arena, ret, fault);
    }
    if (slot->is_many) {
        return split(&item, text, arena, ret, fault);
    }
    if (type->form == MLN_FORM_LIST) {
        struct mln_value *v = NULL;

        item.type = (enum mln_datatype_id)type->item;
        MLN_TRY(split(&item, text, arena, &v, fault));
        MLN_TRY(check(slot->type, v, slot->name, fault));
        *ret = v;
        return MLN_OK;
    }
    return plain(slot, text, arena, ret, fault);
}
