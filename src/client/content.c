/* Contents: representations that are built attribute by attribute. */
#include <stdio.h>

#include "base/nearest.h"
#include "base/num.h"
#include "client/client_int.h"
#include "codec/json.h"

enum { FLEX_CONTAINER = 28 };

/* ---- making ---- */

static mln_err content_new(struct merlon_content **ret)
{
    struct mln_arena *arena = mln_arena_new(MLN_CLIENT_ARENA);
    struct merlon_content *content = arena ? mln_arena_zalloc(arena, 1, sizeof *content) : NULL;
    struct mln_value *members = content ? mln_value_new(arena, MLN_V_OBJECT) : NULL;

    if (!members) {
        mln_arena_free(arena);
        MLN_FAIL(NO_MEMORY);
    }
    content->arena = arena;
    content->members = members;
    *ret = content;
    return MLN_OK;
}

void merlon_content_free(struct merlon_content *content)
{
    if (content) {
        mln_arena_free(content->arena);
    }
}

static mln_err refuse_type(struct mln_slice name, struct mln_fault *fault)
{
    struct mln_nearest nearest;

    mln_nearest_init(&nearest, name);
    for (int i = 0; i < MLN_TYPES; i++) {
        const struct mln_type *type = mln_model_type_at((enum mln_type_id)i);

        mln_nearest_offer(&nearest, type->short_name);
        mln_nearest_offer(&nearest, mln_slice_z(type->long_name));
    }
    if (nearest.count) {
        mln_fault_set(fault, "no resource type '%.*s', did you mean %.*s?", MLN_S_ARG(name),
                      MLN_S_ARG(nearest.best[0]));
    } else {
        mln_fault_set(fault, "no resource type '%.*s'", MLN_S_ARG(name));
    }
    MLN_FAIL(PARAM_INVALID);
}

/* prefix:name with a prefix that is not of the standard itself, as specialisations have.
 * spec: TS-0004 6.2.2 */
static bool is_foreign_root(struct mln_slice name)
{
    size_t colon = mln_slice_find(name, ':');

    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];

        if (c <= ' ' || c == '"' || c == '\\' || c == '/' || c >= 0x7f) {
            return false;
        }
    }
    return colon > 0 && colon + 1 < name.len && !mln_slice_starts(name, MLN_S("m2m:"));
}

static mln_err set_type(struct merlon_content *content, const char *name, struct mln_fault *fault)
{
    const struct merlon_type *type = merlon_type_find(name);
    struct mln_slice text = mln_slice_z(name);

    if (mln_slice_eq(text, MLN_S("sgn")) || mln_slice_eq(text, MLN_S("m2m:sgn"))) {
        content->root = MLN_S("m2m:sgn");
        return MLN_OK;
    }
    if (!type && is_foreign_root(text)) {
        content->is_foreign = true;
        content->type = mln_model_type(FLEX_CONTAINER);
        MLN_REQUIRE(mln_arena_dup(content->arena, text, &content->root), NO_MEMORY);
        return MLN_OK;
    }
    if (!type) {
        return refuse_type(text, fault);
    }
    content->type = mln_model_root(mln_slice_z(merlon_type_root(type)));
    MLN_REQUIRE(content->type, INTERNAL);
    content->root = content->type->root;
    return MLN_OK;
}

struct merlon_content *merlon_content_new(const char *type, struct merlon_error *error)
{
    struct merlon_content *content = NULL;
    struct mln_fault fault = { 0 };
    mln_err err = content_new(&content);

    if (!mln_failed(err)) {
        err = set_type(content, type, &fault);
    }
    if (mln_client_end(err, &fault, error) != MERLON_OK) {
        merlon_content_free(content);
        return NULL;
    }
    return content;
}

/* ---- members ---- */

/* The attribute by short or long name; false when the type has none of that name. */
static bool find(const struct merlon_content *content, struct mln_slice name,
                 struct mln_client_slot *ret)
{
    const struct mln_attribute *a;

    if (!content->type) {
        return mln_client_member(MLN_DT_NOTIFICATION, name, ret);
    }
    a = mln_model_attribute_any(content->type, name);
    if (a) {
        *ret = (struct mln_client_slot){ a->name, (enum mln_datatype_id)a->type, a->is_many };
    }
    return a != NULL;
}

static mln_err put(struct merlon_content *content, struct mln_slice name, struct mln_value *v)
{
    MLN_REQUIRE(mln_arena_dup(content->arena, name, &name), NO_MEMORY);
    (void)mln_value_take(content->members, name);
    return mln_value_set(content->members, name, v);
}

static void offer_attributes(const struct merlon_content *content, struct mln_nearest *nearest)
{
    if (!content->type) {
        size_t count;
        const struct mln_member *members =
            mln_model_members(mln_model_datatype(MLN_DT_NOTIFICATION), &count);

        for (size_t i = 0; i < count; i++) {
            mln_nearest_offer(nearest, members[i].name);
            mln_nearest_offer(nearest, mln_slice_z(members[i].long_name));
        }
        return;
    }
    for (size_t i = 0; i < content->type->attribute_count; i++) {
        mln_nearest_offer(nearest, content->type->attributes[i].name);
        mln_nearest_offer(nearest, mln_slice_z(content->type->attributes[i].long_name));
    }
}

/* "mni (maxNrOfInstances), mbs (maxByteSize)": an attribute may be near by both of its names. */
static void list_nearest(const struct merlon_content *content, const struct mln_nearest *nearest,
                         char *out, size_t size)
{
    struct mln_slice listed = { 0 };
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < nearest->count && len < size; i++) {
        struct mln_client_slot slot = { 0 };
        const struct mln_attribute *a;
        int n;

        if (!find(content, nearest->best[i], &slot) || mln_slice_eq(slot.name, listed)) {
            continue;
        }
        listed = slot.name;
        a = content->type ? mln_model_attribute(content->type, slot.name) : NULL;
        n = snprintf(out + len, size - len, "%s%.*s%s%s%s", i ? ", " : "", MLN_S_ARG(slot.name),
                     a ? " (" : "", a ? a->long_name : "", a ? ")" : "");
        len += n > 0 ? (size_t)n : 0;
    }
}

static mln_err refuse_name(const struct merlon_content *content, struct mln_slice name,
                           struct mln_fault *fault)
{
    struct mln_nearest nearest;
    char names[160];

    mln_nearest_init(&nearest, name);
    offer_attributes(content, &nearest);
    list_nearest(content, &nearest, names, sizeof names);
    mln_fault_set(fault, "%s has no attribute '%.*s'%s%s",
                  content->type ? content->type->long_name : "a notification",
                  (int)(name.len < 64 ? name.len : 64), name.ptr ? name.ptr : "",
                  nearest.count ? "; nearest: " : "", names);
    MLN_FAIL(ATTR_UNKNOWN);
}

/* A member that is not in the model: numbers and booleans as JSON writes them, else text. */
static mln_err guess(struct merlon_content *content, struct mln_slice text, struct mln_value **ret)
{
    struct mln_fault ignored = { 0 };
    struct mln_value *v = NULL;
    mln_err err;

    MLN_REQUIRE(mln_arena_dup(content->arena, text, &text), NO_MEMORY);
    err = mln_client_read_json(text, content->arena, &v, &ignored);
    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    if (mln_failed(err) || v->kind == MLN_V_TEXT) {
        v = mln_value_text(content->arena, text);
    }
    MLN_REQUIRE(v, NO_MEMORY);
    *ret = v;
    return MLN_OK;
}

static mln_err set(struct merlon_content *content, struct mln_slice name, struct mln_slice text,
                   struct mln_fault *fault)
{
    struct mln_client_slot slot = { .name = name };
    bool is_known = find(content, name, &slot);
    struct mln_value *v = NULL;

    if (!is_known && !content->is_foreign) {
        return refuse_name(content, name, fault);
    }
    if (mln_slice_eq(text, MLN_S("null"))) {
        return put(content, slot.name, mln_value_new(content->arena, MLN_V_NULL));
    }
    if (is_known) {
        MLN_TRY(mln_client_typed(&slot, text, content->arena, &v, fault));
    } else {
        MLN_REQUIRE(name.len > 0, ATTR_UNKNOWN);
        MLN_TRY(guess(content, text, &v));
    }
    return put(content, slot.name, v);
}

enum merlon_status merlon_content_set(struct merlon_content *content, const char *name,
                                      const char *value, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(set(content, mln_slice_z(name), mln_slice_z(value), &fault), &fault,
                          error);
}

static mln_err set_json(struct merlon_content *content, struct mln_slice name,
                        struct mln_slice json, struct mln_fault *fault)
{
    struct mln_client_slot slot = { .name = name };
    struct mln_fault told = { 0 };
    struct mln_value *v = NULL;
    mln_err err;

    (void)find(content, name, &slot);
    if (slot.name.len == 0) {
        mln_fault_set(fault, "a member needs a name");
        MLN_FAIL(ATTR_UNKNOWN);
    }
    MLN_REQUIRE(mln_arena_dup(content->arena, json, &json), NO_MEMORY);
    err = mln_client_read_json(json, content->arena, &v, &told);
    if (mln_failed(err)) {
        mln_fault_set(fault, "%.*s: no JSON: %s", MLN_S_ARG(slot.name), told.text);
        return err;
    }
    return put(content, slot.name, v);
}

enum merlon_status merlon_content_set_json(struct merlon_content *content, const char *name,
                                           const char *json, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(set_json(content, mln_slice_z(name), mln_slice_z(json), &fault), &fault,
                          error);
}

/* ---- whole texts ---- */

static mln_err read_object(struct mln_slice json, struct mln_arena *arena, struct mln_value **ret,
                           struct mln_fault *fault)
{
    struct mln_value *v = NULL;

    MLN_REQUIRE(mln_arena_dup(arena, json, &json), NO_MEMORY);
    MLN_TRY(mln_client_read_json(json, arena, &v, fault));
    if (v->kind != MLN_V_OBJECT) {
        mln_fault_set(fault, "content must be a JSON object");
        MLN_FAIL(SYNTAX);
    }
    *ret = v;
    return MLN_OK;
}

/* The root of {"m2m:cnt": {…}}; NULL when the object is none. */
static struct mln_value *root_of(const struct mln_value *object)
{
    struct mln_value *first = object->items.first;
    bool is_root = object->items.count == 1 && first->kind == MLN_V_OBJECT &&
                   mln_slice_find(first->name, ':') < first->name.len;

    return is_root ? first : NULL;
}

static mln_err take_members(struct merlon_content *content, struct mln_value *object)
{
    struct mln_value *next;

    for (struct mln_value *v = object->items.first; v; v = next) {
        struct mln_client_slot slot = { .name = v->name };

        next = v->next;
        (void)find(content, v->name, &slot);
        MLN_TRY(put(content, slot.name, v));
    }
    return MLN_OK;
}

static mln_err read_whole(struct merlon_content *content, struct mln_slice json,
                          struct mln_fault *fault)
{
    struct mln_value *object = NULL;
    struct mln_value *root;

    MLN_TRY(read_object(json, content->arena, &object, fault));
    root = root_of(object);
    if (root && !mln_slice_eq(root->name, content->root)) {
        mln_fault_set(fault, "content is %.*s, must be %.*s", MLN_S_ARG(root->name),
                      MLN_S_ARG(content->root));
        MLN_FAIL(PARAM_INVALID);
    }
    return take_members(content, root ? root : object);
}

enum merlon_status merlon_content_read(struct merlon_content *content, const char *json,
                                       size_t size, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(read_whole(content, mln_slice_of(json, size), &fault), &fault, error);
}

static mln_err make_from_json(struct merlon_content *content, struct mln_slice json,
                              struct mln_fault *fault)
{
    struct mln_value *object = NULL;
    struct mln_value *root;

    MLN_TRY(read_object(json, content->arena, &object, fault));
    root = root_of(object);
    if (!root) {
        mln_fault_set(fault, "content has no root such as {\"m2m:cnt\": {…}}");
        MLN_FAIL(PARAM_INVALID);
    }
    MLN_TRY(set_type(content, root->name.ptr, fault));
    return take_members(content, root);
}

struct merlon_content *merlon_content_new_json(const char *json, size_t size,
                                               struct merlon_error *error)
{
    struct merlon_content *content = NULL;
    struct mln_fault fault = { 0 };
    mln_err err = content_new(&content);

    if (!mln_failed(err)) {
        err = make_from_json(content, mln_slice_of(json, size), &fault);
    }
    if (mln_client_end(err, &fault, error) != MERLON_OK) {
        merlon_content_free(content);
        return NULL;
    }
    return content;
}

char *merlon_content_write(const struct merlon_content *content)
{
    struct mln_value root = { .kind = MLN_V_OBJECT };
    struct mln_value members = *content->members;

    mln_ignore(mln_value_set(&root, content->root, &members)); /* the item is there */
    return merlon_json_write(mln_client_json(&root), false);
}
