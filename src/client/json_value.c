/* JSON values as users of the library see them. */
#include "base/mem.h"
#include "base/num.h"
#include "client/client_int.h"
#include "codec/json.h"

/* ---- reading ---- */

static mln_err end_in_nul(struct mln_slice *text, struct mln_arena *arena)
{
    char *copy = mln_arena_zdup(arena, *text);

    MLN_REQUIRE(copy, NO_MEMORY);
    text->ptr = copy;
    return MLN_OK;
}

mln_err mln_client_own_texts(struct mln_value *v, struct mln_arena *arena)
{
    MLN_TRY(end_in_nul(&v->name, arena));
    if (v->kind == MLN_V_TEXT || v->kind == MLN_V_REAL) {
        return end_in_nul(&v->text, arena);
    }
    if (v->kind == MLN_V_ARRAY || v->kind == MLN_V_OBJECT) {
        for (struct mln_value *item = v->items.first; item; item = item->next) {
            MLN_TRY(mln_client_own_texts(item, arena));
        }
    }
    return MLN_OK;
}

mln_err mln_client_read(const struct mln_serialisation *form, struct mln_slice content,
                        struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault)
{
    struct mln_value *v = NULL;
    struct mln_limits limits;

    mln_client_limits(&limits);
    MLN_TRY(form->read(content, &limits, arena, &v, fault));
    MLN_TRY(mln_client_own_texts(v, arena));
    *ret = v;
    return MLN_OK;
}

mln_err mln_client_read_json(struct mln_slice text, struct mln_arena *arena, struct mln_value **ret,
                             struct mln_fault *fault)
{
    return mln_client_read(mln_serialisation_at(0), text, arena, ret, fault);
}

/* ---- the face ---- */

static const struct mln_value *value_of(const struct merlon_json *json)
{
    return json ? &json->value : NULL;
}

static bool has_items(const struct merlon_json *json)
{
    return json && (json->value.kind == MLN_V_ARRAY || json->value.kind == MLN_V_OBJECT);
}

static bool has_text(const struct merlon_json *json)
{
    return json && (json->value.kind == MLN_V_TEXT || json->value.kind == MLN_V_REAL);
}

enum merlon_json_kind merlon_json_kind(const struct merlon_json *value)
{
    static const enum merlon_json_kind kinds[] = {
        [MLN_V_NULL] = MERLON_JSON_NULL,     [MLN_V_BOOL] = MERLON_JSON_BOOLEAN,
        [MLN_V_INT] = MERLON_JSON_INTEGER,   [MLN_V_REAL] = MERLON_JSON_NUMBER,
        [MLN_V_TEXT] = MERLON_JSON_TEXT,     [MLN_V_ARRAY] = MERLON_JSON_ARRAY,
        [MLN_V_OBJECT] = MERLON_JSON_OBJECT,
    };

    return value ? kinds[value->value.kind] : MERLON_JSON_ABSENT;
}

const struct merlon_json *merlon_json_member(const struct merlon_json *value, const char *name)
{
    return mln_client_json(mln_value_get(value_of(value), mln_slice_z(name)));
}

const struct merlon_json *merlon_json_first(const struct merlon_json *value)
{
    return has_items(value) ? mln_client_json(value->value.items.first) : NULL;
}

const struct merlon_json *merlon_json_next(const struct merlon_json *value)
{
    return value ? mln_client_json(value->value.next) : NULL;
}

size_t merlon_json_count(const struct merlon_json *value)
{
    return has_items(value) ? value->value.items.count : 0;
}

const char *merlon_json_name(const struct merlon_json *value)
{
    return value && value->value.name.ptr ? value->value.name.ptr : "";
}

const char *merlon_json_text(const struct merlon_json *value)
{
    return has_text(value) ? value->value.text.ptr : NULL;
}

size_t merlon_json_text_size(const struct merlon_json *value)
{
    return has_text(value) ? value->value.text.len : 0;
}

bool merlon_json_int64(const struct merlon_json *value, int64_t *ret)
{
    return value && mln_value_i64(&value->value, ret);
}

bool merlon_json_uint64(const struct merlon_json *value, uint64_t *ret)
{
    return value && mln_value_u64(&value->value, ret);
}

bool merlon_json_is_true(const struct merlon_json *value)
{
    return value && value->value.kind == MLN_V_BOOL && value->value.boolean;
}

char *merlon_json_write(const struct merlon_json *value, bool is_pretty)
{
    struct mln_arena *arena = value ? mln_arena_new(SIZE_MAX) : NULL;
    struct mln_slice text = { 0 };
    struct mln_buf out;
    char *copy = NULL;

    if (!arena) {
        return NULL;
    }
    mln_buf_init(&out, arena, SIZE_MAX / 2);
    mln_json_write_value(&out, &value->value, is_pretty);
    if (!mln_failed(mln_buf_finish(&out, &text))) {
        copy = mln_malloc(text.len + 1);
    }
    if (copy) {
        memcpy(copy, text.ptr, text.len);
        copy[text.len] = '\0';
    }
    mln_arena_free(arena);
    return copy;
}
