/* Request messages to parameters: method, header fields, media types. */
#include "bind/http/http_wire.h"

#include "base/num.h"
#include "base/utf8.h"
#include "bind/http/http_int.h"
#include "model/check.h"

/* ---- media types ---- */

static struct mln_slice unquote(struct mln_slice s)
{
    if (s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"') {
        return mln_slice_of(s.ptr + 1, s.len - 2);
    }
    return s;
}

/* The next "name=value" of a list of parameters; false when there is none. */
static bool next_parameter(struct mln_slice *rest, struct mln_slice *ret_name,
                           struct mln_slice *ret_value)
{
    while (rest->ptr) {
        struct mln_slice part = mln_slice_trim(mln_slice_cut(rest, ';'));

        if (part.len) {
            *ret_name = mln_slice_trim(mln_slice_cut(&part, '='));
            *ret_value = unquote(mln_slice_trim(part));
            return true;
        }
    }
    return false;
}

struct content_type {
    struct mln_slice media;
    bool has_ty;
    uint64_t ty;
};

/* spec: TS-0009 6.4.3 */
static mln_err read_content_type(struct mln_slice value, struct content_type *ret,
                                 struct mln_fault *fault)
{
    struct content_type type = { 0 };
    struct mln_slice name;
    struct mln_slice text;

    type.media = mln_slice_trim(mln_slice_cut(&value, ';'));
    while (next_parameter(&value, &name, &text)) {
        if (mln_field_is(name, MLN_S("charset")) && !mln_field_is(text, MLN_S("utf-8"))) {
            mln_fault_set(fault, "charset '%.*s' is not supported, use utf-8", MLN_S_ARG(text));
            MLN_FAIL(MEDIA_TYPE);
        }
        if (!mln_field_is(name, MLN_S("ty"))) {
            continue;
        }
        if (type.has_ty || !mln_num_u64(text, &type.ty)) {
            mln_fault_set(fault, "ty in Content-Type is no number, or given twice");
            MLN_FAIL(PARAM_INVALID);
        }
        type.has_ty = true;
    }
    *ret = type;
    return MLN_OK;
}

/* Weight in thousandths; -1 for what is none. spec: RFC9110 12.4.2 */
static int weight_of(struct mln_slice text)
{
    int weight;
    int scale = 100;

    if (text.len == 0 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1') ||
        (text.len > 1 && text.ptr[1] != '.')) {
        return -1;
    }
    weight = (text.ptr[0] - '0') * 1000;
    for (size_t i = 2; i < text.len; i++, scale /= 10) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return -1;
        }
        weight += (text.ptr[i] - '0') * scale;
    }
    return weight <= 1000 ? weight : -1;
}

/* What Accept says about one media type: the most specific range that covers it decides. */
struct preference {
    const struct mln_serialisation *form;
    enum mln_media media;
    int specificity; /* 0: not named at all */
    int weight;
};

enum { WISHES = 8 }; /* two media types of each serialisation */

static int specificity_of(struct mln_slice range, struct mln_slice type)
{
    if (mln_field_is(range, type)) {
        return 3;
    }
    if (mln_field_is(range, MLN_S("application/*"))) {
        return 2;
    }
    return mln_slice_eq(range, MLN_S("*/*")) ? 1 : 0;
}

static void read_range(struct mln_slice element, struct preference *wishes, size_t count)
{
    struct mln_slice range = mln_slice_trim(mln_slice_cut(&element, ';'));
    struct mln_slice name;
    struct mln_slice text;
    int weight = 1000;

    while (next_parameter(&element, &name, &text)) {
        if (mln_field_is(name, MLN_S("q"))) {
            weight = weight_of(text);
        }
    }
    if (weight < 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        int specificity = specificity_of(range, wishes[i].form->types[wishes[i].media]);

        if (specificity > wishes[i].specificity) {
            wishes[i].specificity = specificity;
            wishes[i].weight = weight;
        }
    }
}

/* Every media type that an answer may have, those of `first` in front. */
static size_t list_wishes(const struct mln_serialisation *first, struct preference *ret)
{
    const struct mln_serialisation *form = first;
    size_t count = 0;

    for (size_t i = 0; form && count < WISHES; form = mln_serialisation_at(i++)) {
        if (form == first && count) {
            continue;
        }
        ret[count++] = (struct preference){ .form = form, .media = MLN_MEDIA_PLAIN };
        ret[count++] = (struct preference){ .form = form, .media = MLN_MEDIA_RESOURCE };
    }
    return count;
}

static bool read_accept(const struct mln_http_request *message, struct preference *wishes,
                        size_t count)
{
    bool has_accept = false;

    for (size_t i = 0; i < message->field_count; i++) {
        struct mln_slice list = message->fields[i].value;

        if (message->fields[i].name.len != 6 ||
            !mln_field_is(message->fields[i].name, MLN_S("Accept"))) {
            continue;
        }
        has_accept = true;
        while (list.ptr) {
            read_range(mln_slice_cut(&list, ','), wishes, count);
        }
    }
    return has_accept;
}

/* spec: TS-0009 6.4.2, 6.4.3, RFC9110 12.5.1. Accept may stand several times: the lists add up.
 * What is welcome alike, and a request without the field, gets the serialisation of its own
 * content; without content, JSON. */
static mln_err choose_answer(const struct mln_http_request *message, struct mln_http_primitive *ret,
                             struct mln_fault *fault)
{
    struct preference wishes[WISHES] = { { 0 } };
    const struct preference *best = &wishes[0];
    size_t count = list_wishes(ret->content ? ret->content : ret->answer, wishes);
    bool is_open = !ret->content;

    if (read_accept(message, wishes, count)) {
        for (size_t i = 1; i < count; i++) {
            is_open = is_open && wishes[i].weight == best->weight;
            best = wishes[i].weight > best->weight ? &wishes[i] : best;
        }
        if (best->weight <= 0) {
            mln_fault_set(fault, "none of the media types in Accept can be served, use %.*s",
                          MLN_S_ARG(wishes[0].form->types[MLN_MEDIA_PLAIN]));
            MLN_FAIL(NOT_ACCEPTABLE);
        }
    }
    ret->answer = best->form;
    ret->answer_type = best->media;
    ret->is_answer_open = is_open;
    return MLN_OK;
}

/* ---- header fields ---- */

struct reading {
    const struct mln_http_request *message;
    const struct mln_limits *limits;
    struct mln_arena *arena;
    struct mln_fault *fault;
    struct mln_http_primitive *to;
    struct content_type content_type;
    bool has_content_type;
    uint32_t seen; /* bit per row of header_rows */
};

static mln_err set_text(struct reading *r, struct mln_slice name, struct mln_slice text)
{
    return mln_value_set(r->to->params, name, mln_value_text(r->arena, text));
}

static mln_err take_text(struct reading *r, struct mln_slice name, struct mln_slice value)
{
    return set_text(r, name, value);
}

/* An AE without an identity registers with an empty From, which is the same as none.
 * spec: TS-0004 7.4.2.2.1 */
static mln_err take_from(struct reading *r, struct mln_slice name, struct mln_slice value)
{
    return value.len ? set_text(r, name, value) : MLN_OK;
}

static mln_err take_rqi(struct reading *r, struct mln_slice name, struct mln_slice value)
{
    r->to->rqi = value;
    return set_text(r, name, value);
}

static mln_err take_rvi(struct reading *r, struct mln_slice name, struct mln_slice value)
{
    r->to->rvi = value;
    return set_text(r, name, value);
}

/* Times and the event category: by their data types. */
static mln_err take_typed(struct reading *r, struct mln_slice name, struct mln_slice value)
{
    const struct mln_parameter *p = mln_model_parameter(name);
    struct mln_value *typed = NULL;

    MLN_REQUIRE(p, PARAM_INVALID);
    MLN_TRY(mln_check_from_text((enum mln_datatype_id)p->type, value, r->arena, &typed));
    return mln_value_set(r->to->params, name, typed);
}

static mln_err append_parts(struct reading *r, struct mln_slice list, char separator,
                            struct mln_value *array)
{
    while (list.ptr) {
        struct mln_slice part = mln_slice_trim(mln_slice_cut(&list, separator));

        if (part.len) {
            MLN_TRY(mln_value_append(array, mln_value_text(r->arena, part)));
        }
    }
    MLN_REQUIRE(array->items.count > 0, PARAM_INVALID);
    return MLN_OK;
}

/* spec: TS-0009 6.4.24 */
static mln_err take_list(struct reading *r, struct mln_slice name, struct mln_slice value)
{
    struct mln_value *array = mln_value_new(r->arena, MLN_V_ARRAY);

    MLN_TRY(mln_value_set(r->to->params, name, array));
    return append_parts(r, value, '+', array);
}

/* spec: TS-0009 6.4.11: notificationURI of Response Type, whose value stands in the query */
static mln_err take_rtu(struct reading *r, struct mln_slice name, struct mln_slice value)
{
    struct mln_value *rt = mln_value_get(r->to->params, name);
    struct mln_value *uris = mln_value_new(r->arena, MLN_V_ARRAY);

    if (!rt) {
        rt = mln_value_new(r->arena, MLN_V_OBJECT);
        MLN_TRY(mln_value_set(r->to->params, name, rt));
    }
    MLN_TRY(mln_value_set(rt, MLN_S("nu"), uris));
    return append_parts(r, value, '&', uris);
}

static bool is_compact_token(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.')) {
            return false;
        }
    }
    return s.len > 0;
}

/* spec: TS-0009 6.4.19, 7.1: tokens without a scheme word. "Bearer ..." and the like speak to
 * somebody else and grant nothing here (SEC-BND-08); so does one word: a token has points. */
static mln_err take_tokens(struct reading *r, struct mln_slice name, struct mln_slice value)
{
    struct mln_slice list = value;

    if (mln_slice_find(value, '.') == value.len) {
        return MLN_OK;
    }
    while (list.ptr) {
        if (!is_compact_token(mln_slice_trim(mln_slice_cut(&list, '+')))) {
            return MLN_OK;
        }
    }
    return take_list(r, name, value);
}

static mln_err take_content_type(struct reading *r, struct mln_slice name, struct mln_slice value)
{
    (void)name;
    r->has_content_type = true;
    return read_content_type(value, &r->content_type, r->fault);
}

/* spec: TS-0009 6.4. Sorted by length: row_of() counts on it. */
struct header_row {
    struct mln_slice name;
    struct mln_slice parameter;
    bool is_bounded; /* an identifier or the like: limits.def identifier_bytes */
    mln_err (*take)(struct reading *r, struct mln_slice name, struct mln_slice value);
};

static const struct header_row header_rows[] = {
    { { "X-M2M-RI", 8 }, { "rqi", 3 }, true, take_rqi },
    { { "X-M2M-OT", 8 }, { "ot", 2 }, true, take_typed },
    { { "X-M2M-EC", 8 }, { "ec", 2 }, true, take_typed },
    { { "X-M2M-AS", 8 }, { "aus", 3 }, false, take_list },
    { { "X-M2M-RVI", 9 }, { "rvi", 3 }, true, take_rvi },
    { { "X-M2M-GID", 9 }, { "gid", 3 }, true, take_text },
    { { "X-M2M-RTU", 9 }, { "rt", 2 }, false, take_rtu },
    { { "X-M2M-RST", 9 }, { "rset", 4 }, true, take_typed },
    { { "X-M2M-RET", 9 }, { "rqet", 4 }, true, take_typed },
    { { "X-M2M-OET", 9 }, { "oet", 3 }, true, take_typed },
    { { "X-M2M-VSI", 9 }, { "vsi", 3 }, true, take_text },
    { { "X-M2M-Origin", 12 }, { "fr", 2 }, true, take_from },
    { { "Content-Type", 12 }, { "", 0 }, false, take_content_type },
    { { "Authorization", 13 }, { "tkns", 4 }, false, take_tokens },
    /* ours: docs/decisions/0016 */
    { { "Merlon-Explain", 14 }, { "mln-explain", 11 }, false, take_text },
};

enum { HEADER_ROWS = sizeof header_rows / sizeof *header_rows };

static int row_of(struct mln_slice name)
{
    /* first row by length of the name; rows of one length stand together */
    static const signed char first[] = { -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, -1, -1, 11, 13, 14 };
    int at = name.len < sizeof first ? first[name.len] : -1;

    for (; at >= 0 && at < HEADER_ROWS && header_rows[at].name.len == name.len; at++) {
        if (mln_field_is(header_rows[at].name, name)) {
            return at;
        }
    }
    return -1;
}

static mln_err check_value(const struct reading *r, const struct header_row *row,
                           struct mln_slice value)
{
    if (row->is_bounded && value.len > r->limits->identifier_bytes) {
        mln_fault_set(r->fault, "%.*s longer than %llu bytes", MLN_S_ARG(row->name),
                      (unsigned long long)r->limits->identifier_bytes);
        MLN_FAIL(LIMIT);
    }
    if (!mln_utf8_valid(value)) {
        mln_fault_set(r->fault, "%.*s is not UTF-8", MLN_S_ARG(row->name));
        MLN_FAIL(PARAM_INVALID);
    }
    return MLN_OK;
}

static mln_err take_field(struct reading *r, const struct mln_field *field)
{
    int at = row_of(field->name);
    const struct header_row *row;
    mln_err err;

    if (at < 0) {
        return MLN_OK; /* spec: TS-0009 6.4.0: others are ignored */
    }
    row = &header_rows[at];
    if (r->seen & (1U << at)) {
        mln_fault_set(r->fault, "%.*s given twice", MLN_S_ARG(row->name));
        MLN_FAIL(PARAM_INVALID);
    }
    r->seen |= 1U << at;
    MLN_TRY(check_value(r, row, field->value));
    err = row->take(r, row->parameter, field->value);
    if (err.code == MLN_ERR_ATTR_INVALID || err.code == MLN_ERR_PARAM_INVALID) {
        mln_fault_set(r->fault, "%.*s invalid", MLN_S_ARG(row->name));
        return MLN_ERROR(PARAM_INVALID);
    }
    return err;
}

/* Takes all fields, so that the answer to a message with a bad one still carries the identifiers
 * of the request; the first failure is returned. */
static mln_err take_fields(struct reading *r)
{
    mln_err first = MLN_OK;

    for (size_t i = 0; i < r->message->field_count; i++) {
        mln_err err = take_field(r, &r->message->fields[i]);

        if (mln_failed(err) && !mln_failed(first)) {
            first = err;
        }
    }
    return first;
}

/* ---- method and content ---- */

static mln_err operation_of(const struct reading *r, enum mln_op *ret)
{
    switch (r->message->method) {
    case MLN_HTTP_GET:
        *ret = MLN_OP_RETRIEVE;
        return MLN_OK;
    case MLN_HTTP_POST: /* spec: TS-0009 6.2.1 */
        *ret = r->content_type.has_ty ? MLN_OP_CREATE : MLN_OP_NOTIFY;
        return MLN_OK;
    case MLN_HTTP_PUT:
        *ret = MLN_OP_UPDATE;
        return MLN_OK;
    case MLN_HTTP_DELETE:
        *ret = MLN_OP_DELETE;
        return MLN_OK;
    case MLN_HTTP_HEAD:
    case MLN_HTTP_OPTIONS:
    case MLN_HTTP_PATCH:
    case MLN_HTTP_TRACE:
    case MLN_HTTP_CONNECT:
        mln_fault_set(r->fault, "method not used by oneM2M, which has GET, POST, PUT, DELETE");
        MLN_FAIL(OPERATION);
    case MLN_HTTP_OTHER:
        break;
    }
    mln_fault_set(r->fault, "method not known, use GET, POST, PUT or DELETE");
    MLN_FAIL(NOT_IMPLEMENTED);
}

/* spec: TS-0009 6.4.3: a message with a body shall say its type; TS-0004 7.3.2.1: one that is not
 * supported is UNSUPPORTED_MEDIA_TYPE. One that is not said is a malformed request. */
static mln_err check_content_type(const struct reading *r)
{
    if (!r->has_content_type) {
        if (r->message->body.len == 0) {
            return MLN_OK;
        }
        mln_fault_set(r->fault, "Content-Type missing");
        MLN_FAIL(PARAM_INVALID);
    }
    if (r->message->body.len && !r->to->content) {
        mln_fault_set(r->fault, "media type '%.*s' is not supported, use %.*s",
                      MLN_S_ARG(r->content_type.media),
                      MLN_S_ARG(mln_serialisation_at(0)->types[MLN_MEDIA_PLAIN]));
        MLN_FAIL(MEDIA_TYPE);
    }
    return MLN_OK;
}

/* Resource Type counts where there is content: some clients send the field with every request. */
static mln_err put_operation(struct reading *r)
{
    enum mln_op op = MLN_OP_RETRIEVE;

    MLN_TRY(operation_of(r, &op));
    MLN_TRY(mln_value_set(r->to->params, MLN_S("op"), mln_value_int(r->arena, (int64_t)op)));
    if (r->content_type.has_ty && (op == MLN_OP_CREATE || r->message->body.len)) {
        MLN_TRY(mln_value_set(r->to->params, MLN_S("ty"),
                              mln_value_uint(r->arena, r->content_type.ty)));
    }
    return MLN_OK;
}

/* What a release that is not served may have defined in the query is not for us to judge. */
static mln_err judge_target(struct reading *r, mln_err target)
{
    if (!mln_failed(target) || r->to->rvi.len == 0 || mln_release_supported(r->to->rvi)) {
        return target;
    }
    mln_fault_clear(r->fault);
    mln_fault_set(r->fault, "X-M2M-RVI: release version not supported");
    MLN_FAIL(RELEASE);
}

mln_err mln_http_wire_read_request(const struct mln_http_request *message,
                                   const struct mln_limits *limits, struct mln_arena *arena,
                                   struct mln_http_primitive *ret, struct mln_fault *fault)
{
    struct reading r = { .message = message, .limits = limits, .arena = arena, .fault = fault };
    mln_err target;
    mln_err fields;
    mln_err answer;

    *ret = (struct mln_http_primitive){ .answer = mln_serialisation_at(0) };
    ret->params = mln_value_new(arena, MLN_V_OBJECT);
    MLN_REQUIRE(ret->params, NO_MEMORY);
    r.to = ret;
    target = mln_http_target_read(message->target, arena, ret->params, fault);
    fields = take_fields(&r);
    ret->content = message->body.len ? mln_serialisation_of(r.content_type.media) : NULL;
    answer = choose_answer(message, ret, mln_failed(fields) || mln_failed(target) ? NULL : fault);
    MLN_TRY(fields);
    MLN_TRY(judge_target(&r, target));
    MLN_TRY(answer);
    MLN_TRY(put_operation(&r));
    return check_content_type(&r);
}
