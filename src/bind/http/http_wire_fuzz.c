/* The mapping of messages: what is read as a request is written and read again as the same, and
 * answers of any kind are read without harm.
 * Input: a byte for the method, the target, then fields as name:value, in lines. */
#include "base/fuzz_test.h"
#include "bind/http/http_wire.h"
#include "model/value.h"

enum { FIELDS_MAX = 24 };

/* Targets and values as the reader of messages lets them through. */
static bool is_target(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] <= ' ' || s.ptr[i] == 0x7f) {
            return false;
        }
    }
    return s.len > 0 && s.ptr[0] == '/';
}

static size_t read_fields(struct mln_slice text, struct mln_field *fields)
{
    size_t count = 0;

    while (text.ptr && count < FIELDS_MAX) {
        struct mln_slice line = mln_slice_cut(&text, '\n');
        struct mln_field field = { .name = mln_slice_cut(&line, ':') };

        field.value = mln_slice_trim(line);
        if (mln_field_is_token(field.name) && mln_field_is_value(field.value)) {
            fields[count++] = field;
        }
    }
    return count;
}

/* A Resource Type is carried with CREATE only. */
static bool has_all_carried(const struct mln_value *params)
{
    uint64_t op = 0;

    require(mln_value_u64(mln_value_get(params, MLN_S("op")), &op));
    return op == MLN_OP_CREATE || !mln_value_get(params, MLN_S("ty"));
}

static enum mln_http_method method_of(struct mln_slice name)
{
    switch (name.ptr[0]) {
    case 'G':
        return MLN_HTTP_GET;
    case 'D':
        return MLN_HTTP_DELETE;
    default:
        return name.ptr[1] == 'U' ? MLN_HTTP_PUT : MLN_HTTP_POST;
    }
}

static void write_and_read_again(const struct mln_http_primitive *first,
                                 const struct mln_limits *limits, struct mln_arena *arena)
{
    struct mln_http_outgoing out = { 0 };
    struct mln_http_request again = { 0 };
    struct mln_http_primitive second = { 0 };
    struct mln_fault fault = { 0 };
    mln_err err;

    err = mln_http_wire_write_request(first->params, false, mln_serialisation_at(0), arena, &out,
                                      &fault);
    if (err.code == MLN_ERR_NO_MEMORY || err.code == MLN_ERR_LIMIT) {
        return;
    }
    require(!mln_failed(err));
    again.method = method_of(out.method);
    again.target = out.target;
    again.fields = out.fields;
    again.field_count = out.field_count;
    err = mln_http_wire_read_request(&again, limits, arena, &second, &fault);
    if (err.code == MLN_ERR_NO_MEMORY) {
        return;
    }
    require(!mln_failed(err));
    require(mln_value_eq(first->params, second.params));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice text = mln_slice_of((const char *)data, size);
    struct mln_field fields[FIELDS_MAX];
    struct mln_http_request message = { .fields = fields };
    struct mln_http_primitive primitive = { 0 };
    struct mln_http_answer answer;
    struct mln_fault fault = { 0 };
    struct mln_limits limits;
    struct mln_arena *arena;
    mln_err err;

    if (size < 2) {
        return 0;
    }
    mln_limits_default(&limits);
    message.method = (enum mln_http_method)(data[0] % (MLN_HTTP_OTHER + 1));
    text = mln_slice_from(text, 1);
    message.target = mln_slice_cut(&text, '\n');
    message.field_count = read_fields(text, fields);
    message.body = data[0] & 0x40 ? MLN_S("{}") : MLN_S("");
    mln_ignore(mln_http_wire_read_answer(data[0] * 4, fields, message.field_count, &answer));
    arena = mln_arena_new(1 << 20);
    if (arena && is_target(message.target)) {
        err = mln_http_wire_read_request(&message, &limits, arena, &primitive, &fault);
        require(mln_failed(err) || fault.text[0] == '\0');
        if (!mln_failed(err) && has_all_carried(primitive.params)) {
            write_and_read_again(&primitive, &limits, arena);
        }
    }
    mln_arena_free(arena);
    return 0;
}
