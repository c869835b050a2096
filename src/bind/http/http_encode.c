/* Parameters to messages: requests and answers to send, answers that came back.
 * spec: TS-0009 6 */
#include <string.h>

#include "base/num.h"
#include "base/rsc.h"
#include "base/utf8.h"
#include "bind/http/http_int.h"

/* ---- percent-encoding ---- */

static bool is_plain(unsigned char c, bool is_query)
{
    /* spec: RFC3986 3.3, 3.4: pchar and '/'; in queries what separates is escaped */
    static const char path_marks[] = "-._~!$&'()*+,;=:@/";
    static const char query_marks[] = "-._~!$'()*,;:@/?";

    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
        return true;
    }
    return c && strchr(is_query ? query_marks : path_marks, c);
}

static void put_escaped(struct mln_buf *out, struct mln_slice s, bool is_query)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (is_plain(c, is_query)) {
            mln_buf_byte(out, (char)c);
        } else {
            char escape[3] = { '%', digits[c >> 4], digits[c & 15] };

            mln_buf_add(out, mln_slice_of(escape, 3));
        }
    }
}

/* ---- request targets ---- */

struct target {
    struct mln_buf *out;
    struct mln_fault *fault;
    bool has_query;
};

static void begin_field(struct target *t, struct mln_slice prefix, struct mln_slice name)
{
    mln_buf_byte(t->out, t->has_query ? '&' : '?');
    t->has_query = true;
    mln_buf_add(t->out, prefix);
    put_escaped(t->out, name, true);
    mln_buf_byte(t->out, '=');
}

static mln_err put_scalar(struct target *t, const struct mln_value *v)
{
    switch (v->kind) {
    case MLN_V_TEXT:
        put_escaped(t->out, v->text, true);
        return MLN_OK;
    case MLN_V_REAL:
        mln_buf_add(t->out, v->text);
        return MLN_OK;
    case MLN_V_INT:
        if (v->is_negative) {
            mln_buf_byte(t->out, '-');
        }
        mln_buf_u64(t->out, v->magnitude);
        return MLN_OK;
    case MLN_V_BOOL:
        mln_buf_add(t->out, v->boolean ? MLN_S("true") : MLN_S("false"));
        return MLN_OK;
    case MLN_V_NULL:
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        break;
    }
    mln_fault_set(t->fault, "a value in the query is neither text nor number");
    MLN_FAIL(PARAM_INVALID);
}

/* spec: TS-0009 6.2.2.2: lists as ty=2+3+4 */
static mln_err put_list(struct target *t, const struct mln_value *list)
{
    for (const struct mln_value *item = list->items.first; item; item = item->next) {
        if (item != list->items.first) {
            mln_buf_byte(t->out, '+');
        }
        if (item->kind == MLN_V_TEXT && mln_slice_find(item->text, ' ') < item->text.len) {
            mln_fault_set(t->fault, "an element of a list in the query contains a blank");
            MLN_FAIL(PARAM_INVALID);
        }
        MLN_TRY(put_scalar(t, item));
    }
    return MLN_OK;
}

static mln_err put_field(struct target *t, struct mln_slice name, const struct mln_value *v)
{
    begin_field(t, MLN_S(""), name);
    return v->kind == MLN_V_ARRAY ? put_list(t, v) : put_scalar(t, v);
}

static mln_err put_repeated(struct target *t, struct mln_slice name, const struct mln_value *list)
{
    for (const struct mln_value *item = list->items.first; item; item = item->next) {
        begin_field(t, MLN_S(""), name);
        MLN_TRY(put_scalar(t, item));
    }
    return MLN_OK;
}

static mln_err put_conditions(struct target *t, struct mln_slice prefix,
                              const struct mln_value *list)
{
    for (const struct mln_value *item = list->items.first; item; item = item->next) {
        const struct mln_value *name = mln_value_get(item, MLN_S("nm"));
        const struct mln_value *value = mln_value_get(item, MLN_S("val"));

        MLN_REQUIRE(name && name->kind == MLN_V_TEXT && value, PARAM_INVALID);
        begin_field(t, prefix, name->text);
        MLN_TRY(put_scalar(t, value));
    }
    return MLN_OK;
}

static mln_err put_criterion(struct target *t, const struct mln_value *member)
{
    static const struct {
        struct mln_slice name;
        struct mln_slice prefix;
    } conditions[] = {
        { { "atr", 3 }, { "", 0 } },
        { { "catr", 4 }, { "c.", 2 } },
        { { "patr", 4 }, { "p.", 2 } },
    };

    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        if (mln_slice_eq(member->name, conditions[i].name)) {
            MLN_REQUIRE(member->kind == MLN_V_ARRAY, PARAM_INVALID);
            return put_conditions(t, conditions[i].prefix, member);
        }
    }
    if (member->kind == MLN_V_ARRAY && mln_slice_eq(member->name, MLN_S("smf"))) {
        return put_repeated(t, member->name, member);
    }
    return put_field(t, member->name, member);
}

static mln_err put_criteria(struct target *t, const struct mln_value *criteria)
{
    MLN_REQUIRE(criteria->kind == MLN_V_OBJECT, PARAM_INVALID);
    for (const struct mln_value *m = criteria->items.first; m; m = m->next) {
        MLN_TRY(put_criterion(t, m));
    }
    return MLN_OK;
}

/* spec: TS-0009 6.2.2.1. '#attribute' goes to the query. */
static void put_path(struct target *t, struct mln_slice to)
{
    struct mln_slice path = mln_slice_cut(&to, '#');

    if (mln_slice_starts(path, MLN_S("//"))) {
        mln_buf_add(t->out, MLN_S("/_"));
        path = mln_slice_from(path, 1);
    } else if (mln_slice_starts(path, MLN_S("/"))) {
        mln_buf_add(t->out, MLN_S("/~"));
    } else {
        mln_buf_byte(t->out, '/');
    }
    put_escaped(t->out, path, false);
    if (to.ptr) {
        begin_field(t, MLN_S(""), MLN_S("atrl"));
        put_escaped(t->out, to, true);
    }
}

/* Path from "to", query from the parameters that belong there.
 * Errors: PARAM_MISSING, PARAM_INVALID; failures of the buffer stick there. */
static mln_err write_target(struct mln_buf *out, const struct mln_value *params,
                            struct mln_fault *fault)
{
    struct target t = { .out = out, .fault = fault };
    const struct mln_value *to = mln_value_get(params, MLN_S("to"));

    if (!to || to->kind != MLN_V_TEXT) {
        mln_fault_set(fault, "parameter to is missing");
        MLN_FAIL(PARAM_MISSING);
    }
    put_path(&t, to->text);
    for (const struct mln_value *p = params->items.first; p; p = p->next) {
        if (mln_slice_eq(p->name, MLN_S("fc"))) {
            MLN_TRY(put_criteria(&t, p));
        } else if (mln_slice_eq(p->name, MLN_S("rt"))) {
            const struct mln_value *value = mln_value_get(p, MLN_S("rtv"));

            MLN_TRY(value ? put_field(&t, p->name, value) : MLN_OK);
        } else if (mln_slice_eq(p->name, MLN_S("atrl")) || mln_http_is_query_parameter(p->name)) {
            MLN_TRY(put_field(&t, p->name, p));
        }
    }
    return MLN_OK;
}

/* ---- requests ---- */

/* Parameters and the header fields that carry them. `separator` joins the elements of lists. */
static const struct {
    struct mln_slice parameter;
    struct mln_slice field;
    const char *separator;
} carriers[] = {
    { { "fr", 2 }, { "X-M2M-Origin", 12 }, NULL },
    { { "rqi", 3 }, { "X-M2M-RI", 8 }, NULL },
    { { "rvi", 3 }, { "X-M2M-RVI", 9 }, NULL },
    { { "gid", 3 }, { "X-M2M-GID", 9 }, NULL },
    { { "ot", 2 }, { "X-M2M-OT", 8 }, NULL },
    { { "rset", 4 }, { "X-M2M-RST", 9 }, NULL },
    { { "rqet", 4 }, { "X-M2M-RET", 9 }, NULL },
    { { "oet", 3 }, { "X-M2M-OET", 9 }, NULL },
    { { "ec", 2 }, { "X-M2M-EC", 8 }, NULL },
    { { "vsi", 3 }, { "X-M2M-VSI", 9 }, NULL },
    { { "aus", 3 }, { "X-M2M-AS", 8 }, "+" },
    { { "tkns", 4 }, { "Authorization", 13 }, "+" },
    { { "mln-explain", 11 }, { "Merlon-Explain", 14 }, NULL },
};

enum {
    CARRIERS = sizeof carriers / sizeof *carriers,
    FIELDS_MAX = CARRIERS + 3,
    VALUE_MAX = 4 << 20 /* tokens of a request */
};

struct writing {
    struct mln_arena *arena;
    struct mln_fault *fault;
    struct mln_field *fields;
    size_t count;
};

static mln_err add_field(struct writing *w, struct mln_slice name, struct mln_slice value)
{
    if (!mln_field_is_value(value) || !mln_utf8_valid(value)) {
        mln_fault_set(w->fault, "value of %.*s cannot stand in a header", MLN_S_ARG(name));
        MLN_FAIL(PARAM_INVALID);
    }
    MLN_REQUIRE(w->count < FIELDS_MAX, INTERNAL);
    w->fields[w->count++] = (struct mln_field){ name, value };
    return MLN_OK;
}

/* Text of a scalar, or of a list joined by the separator. */
static mln_err value_text(struct writing *w, const struct mln_value *v, const char *separator,
                          struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, w->arena, VALUE_MAX);
    if (v->kind == MLN_V_INT) {
        mln_buf_add(&out, v->is_negative ? MLN_S("-") : MLN_S(""));
        mln_buf_u64(&out, v->magnitude);
        return mln_buf_finish(&out, ret);
    }
    if (v->kind != MLN_V_ARRAY || !separator) {
        MLN_REQUIRE(v->kind == MLN_V_TEXT, PARAM_INVALID);
        *ret = v->text;
        return MLN_OK;
    }
    for (const struct mln_value *item = v->items.first; item; item = item->next) {
        MLN_REQUIRE(item->kind == MLN_V_TEXT, PARAM_INVALID);
        mln_buf_add(&out, item == v->items.first ? MLN_S("") : mln_slice_z(separator));
        mln_buf_add(&out, item->text);
    }
    return mln_buf_finish(&out, ret);
}

static bool stands_elsewhere(struct mln_slice name)
{
    static const struct mln_slice names[] = {
        { "op", 2 }, { "to", 2 }, { "pc", 2 }, { "ty", 2 }, { "fc", 2 }, { "atrl", 4 },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (mln_slice_eq(names[i], name)) {
            return true;
        }
    }
    return mln_http_is_query_parameter(name);
}

static mln_err put_parameter(struct writing *w, const struct mln_value *p)
{
    struct mln_slice text = { 0 };

    for (size_t i = 0; i < CARRIERS; i++) {
        if (mln_slice_eq(carriers[i].parameter, p->name)) {
            MLN_TRY(value_text(w, p, carriers[i].separator, &text));
            return add_field(w, carriers[i].field, text);
        }
    }
    if (mln_slice_eq(p->name, MLN_S("rt"))) {
        const struct mln_value *uris = mln_value_get(p, MLN_S("nu"));

        if (!uris) {
            return MLN_OK;
        }
        MLN_TRY(value_text(w, uris, "&", &text));
        return add_field(w, MLN_S("X-M2M-RTU"), text);
    }
    if (stands_elsewhere(p->name)) {
        return MLN_OK;
    }
    mln_fault_set(w->fault, "HTTP cannot carry parameter %.*s", MLN_S_ARG(p->name));
    MLN_FAIL(PARAM_INVALID);
}

static mln_err put_content_type(struct writing *w, const struct mln_value *params, enum mln_op op,
                                struct mln_slice type)
{
    struct mln_buf out;
    struct mln_slice text = { 0 };
    uint64_t ty = 0;

    mln_buf_init(&out, w->arena, 64);
    mln_buf_add(&out, type);
    if (op == MLN_OP_CREATE) {
        if (!mln_value_u64(mln_value_get(params, MLN_S("ty")), &ty)) {
            mln_fault_set(w->fault, "parameter ty is missing");
            MLN_FAIL(PARAM_MISSING);
        }
        mln_buf_add(&out, MLN_S(";ty="));
        mln_buf_u64(&out, ty);
    }
    MLN_TRY(mln_buf_finish(&out, &text));
    return add_field(w, MLN_S("Content-Type"), text);
}

/* spec: TS-0009 6.2.1 */
static mln_err method_of(const struct mln_value *params, enum mln_op *ret_op, struct mln_slice *ret)
{
    static const struct mln_slice methods[] = {
        [MLN_OP_CREATE] = { "POST", 4 }, [MLN_OP_RETRIEVE] = { "GET", 3 },
        [MLN_OP_UPDATE] = { "PUT", 3 },  [MLN_OP_DELETE] = { "DELETE", 6 },
        [MLN_OP_NOTIFY] = { "POST", 4 },
    };
    uint64_t op = 0;

    MLN_REQUIRE(mln_value_u64(mln_value_get(params, MLN_S("op")), &op), PARAM_MISSING);
    MLN_REQUIRE(op >= MLN_OP_CREATE && op <= MLN_OP_NOTIFY, PARAM_INVALID);
    *ret_op = (enum mln_op)op;
    *ret = methods[op];
    return MLN_OK;
}

mln_err mln_http_wire_write_request(const struct mln_value *params, bool has_content,
                                    const struct mln_serialisation *form, struct mln_arena *arena,
                                    struct mln_http_outgoing *ret, struct mln_fault *fault)
{
    struct mln_slice type = form->types[MLN_MEDIA_PLAIN];
    struct writing w = { .arena = arena, .fault = fault };
    struct mln_http_outgoing out = { 0 };
    enum mln_op op = MLN_OP_RETRIEVE;
    struct mln_buf target;

    MLN_TRY(method_of(params, &op, &out.method));
    mln_buf_init(&target, arena, VALUE_MAX);
    MLN_TRY(write_target(&target, params, fault));
    MLN_TRY(mln_buf_finish(&target, &out.target));
    w.fields = mln_arena_alloc(arena, FIELDS_MAX * sizeof *w.fields);
    MLN_REQUIRE(w.fields, NO_MEMORY);
    for (const struct mln_value *p = params->items.first; p; p = p->next) {
        MLN_TRY(put_parameter(&w, p));
    }
    if (has_content || op == MLN_OP_CREATE) {
        MLN_TRY(put_content_type(&w, params, op, type));
    }
    MLN_TRY(add_field(&w, MLN_S("Accept"), type));
    out.fields = w.fields;
    out.field_count = w.count;
    *ret = out;
    return MLN_OK;
}

/* ---- answers to send ---- */

enum { HEAD_ROOM = 512 }; /* for all names and numbers of an answer's head */

/* Writes into room that has been reserved for all of it: an answer's head is some thirty pieces,
 * and a check for each would cost more than they do. */
static char *put(char *at, struct mln_slice s)
{
    if (s.len) {
        memcpy(at, s.ptr, s.len);
    }
    return at + s.len;
}

static char *put_line(char *at, struct mln_slice name, struct mln_slice value)
{
    if (value.len == 0 || !mln_field_is_value(value)) {
        return at;
    }
    at = put(put(at, name), value);
    return put(at, MLN_S("\r\n"));
}

static char *put_number(char *at, struct mln_slice name, uint64_t value)
{
    at = put(at, name);
    at += mln_num_put_u64(at, value);
    return put(at, MLN_S("\r\n"));
}

/* Where the new resource is, as a path. spec: TS-0009 6.4.4 */
static char *put_location(char *at, struct mln_slice path)
{
    return path.len ? put_line(at, MLN_S("Content-Location: "), path) : at;
}

static size_t local_tokens_room(const struct mln_response *r)
{
    size_t room = 0;

    for (size_t i = 0; i < r->ati_count; i++) {
        room += r->ati[i].id.len + r->ati[i].token_id.len + 2;
    }
    return room;
}

/* "lti:tkid+lti:tkid". spec: TS-0009 6.4.18 */
static char *put_local_tokens(char *at, const struct mln_response *r)
{
    if (r->ati_count == 0) {
        return at;
    }
    at = put(at, MLN_S("X-M2M-ATI: "));
    for (size_t i = 0; i < r->ati_count; i++) {
        at = put(at, i ? MLN_S("+") : MLN_S(""));
        at = put(put(at, r->ati[i].id), MLN_S(":"));
        at = put(at, r->ati[i].token_id);
    }
    return put(at, MLN_S("\r\n"));
}

static char *put_head(char *at, const struct mln_http_reply *reply, struct mln_slice path)
{
    const struct mln_response *r = reply->response;
    int status = reply->status ? reply->status : mln_rsc_http(r->rsc);

    /* spec: TS-0009 6.3.3: no reason phrase. The blank before it stays: RFC9112 4. */
    at = put(at, MLN_S("HTTP/1.1 "));
    at += mln_num_put_u64(at, (uint64_t)status);
    at = put(at, MLN_S(" \r\n"));
    at = put_number(at, MLN_S("X-M2M-RSC: "), (uint64_t)r->rsc);
    at = put_line(at, MLN_S("X-M2M-RI: "), r->rqi);
    at = put_line(at, MLN_S("X-M2M-RVI: "), r->rvi);
    at = put_line(at, MLN_S("X-M2M-Origin: "), r->fr);
    at = put_line(at, MLN_S("X-M2M-VSI: "), r->vsi);
    if (r->content_status) {
        at = put_number(at, MLN_S("X-M2M-CTS: "), (uint64_t)r->content_status);
    }
    if (r->content_offset) {
        at = put_number(at, MLN_S("X-M2M-CTO: "), r->content_offset);
    }
    at = put_local_tokens(at, r);
    at = put_location(at, path);
    if (reply->length) {
        at = put_line(at, MLN_S("Content-Type: "), reply->type);
    }
    at = put_number(at, MLN_S("Content-Length: "), reply->length);
    at = put_line(at, MLN_S("Date: "), reply->date);
    if (reply->has_allow) {
        at = put(at, MLN_S("Allow: GET, POST, PUT, DELETE\r\n"));
    }
    if (reply->is_last) {
        at = put(at, MLN_S("Connection: close\r\n"));
    }
    return put(at, MLN_S("\r\n"));
}

/* Empty when it cannot be written. */
static struct mln_slice path_of(struct mln_buf *scratch, struct mln_slice location)
{
    struct target t = { .out = scratch };
    struct mln_slice path = { 0 };

    put_path(&t, location);
    mln_ignore(mln_buf_finish(scratch, &path)); /* then the field is left out */
    return path;
}

void mln_http_wire_write_answer(struct mln_buf *out, const struct mln_http_reply *reply)
{
    const struct mln_response *r = reply->response;
    struct mln_slice path = { 0 };
    struct mln_buf scratch;
    size_t room;
    char *at;

    if (r->location.len) {
        mln_buf_init(&scratch, out->arena, VALUE_MAX);
        path = path_of(&scratch, r->location);
    }
    room = HEAD_ROOM + r->rqi.len + r->rvi.len + r->fr.len + r->vsi.len + path.len +
           reply->type.len + reply->date.len + local_tokens_room(r);
    at = mln_buf_reserve(out, room);
    if (at) {
        out->len -= room - (size_t)(put_head(at, reply, path) - at);
    }
}

/* ---- answers that came back ---- */

/* For a peer that sends no X-M2M-RSC: the code of the status, or of its class. */
static enum mln_rsc rsc_of_status(int status)
{
    static const struct {
        int status;
        enum mln_rsc rsc;
    } rows[] = {
        { 201, MLN_RSC_CREATED },
        { 202, MLN_RSC_ACCEPTED },
        { 403, MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE },
        { 404, MLN_RSC_NOT_FOUND },
        { 405, MLN_RSC_OPERATION_NOT_ALLOWED },
        { 406, MLN_RSC_NOT_ACCEPTABLE },
        { 408, MLN_RSC_REQUEST_TIMEOUT },
        { 409, MLN_RSC_CONFLICT },
        { 415, MLN_RSC_UNSUPPORTED_MEDIA_TYPE },
        { 501, MLN_RSC_NOT_IMPLEMENTED },
        { 504, MLN_RSC_REQUEST_TIMEOUT },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].status == status) {
            return rows[i].rsc;
        }
    }
    if (status >= 200 && status < 300) {
        return MLN_RSC_OK;
    }
    return status >= 500 ? MLN_RSC_INTERNAL_SERVER_ERROR : MLN_RSC_BAD_REQUEST;
}

static struct mln_slice value_of(const struct mln_field *fields, size_t count,
                                 struct mln_slice name)
{
    const struct mln_field *field = mln_field_find(fields, count, name);

    return field ? field->value : (struct mln_slice){ 0 };
}

static mln_err number_of(struct mln_slice text, uint64_t most, uint64_t *ret)
{
    uint64_t n = 0;

    MLN_REQUIRE(text.len == 0 || (mln_num_u64(text, &n) && n <= most), PROTOCOL);
    *ret = n;
    return MLN_OK;
}

mln_err mln_http_wire_read_answer(int status, const struct mln_field *fields, size_t field_count,
                                  struct mln_http_answer *ret)
{
    struct mln_http_answer answer = { 0 };
    struct mln_slice type = value_of(fields, field_count, MLN_S("Content-Type"));
    uint64_t rsc = 0;
    uint64_t content_status = 0;

    MLN_TRY(number_of(value_of(fields, field_count, MLN_S("X-M2M-RSC")), 9999, &rsc));
    MLN_TRY(number_of(value_of(fields, field_count, MLN_S("X-M2M-CTS")), 9, &content_status));
    MLN_TRY(number_of(value_of(fields, field_count, MLN_S("X-M2M-CTO")), UINT64_MAX,
                      &answer.content_offset));
    answer.has_rsc = rsc != 0;
    answer.rsc = rsc ? (enum mln_rsc)rsc : rsc_of_status(status);
    answer.content_status = (int)content_status;
    answer.content = mln_serialisation_of(mln_slice_trim(mln_slice_cut(&type, ';')));
    answer.rqi = value_of(fields, field_count, MLN_S("X-M2M-RI"));
    answer.rvi = value_of(fields, field_count, MLN_S("X-M2M-RVI"));
    answer.vsi = value_of(fields, field_count, MLN_S("X-M2M-VSI"));
    answer.fr = value_of(fields, field_count, MLN_S("X-M2M-Origin"));
    answer.ot = value_of(fields, field_count, MLN_S("X-M2M-OT"));
    answer.ati = value_of(fields, field_count, MLN_S("X-M2M-ATI"));
    answer.location = value_of(fields, field_count, MLN_S("Content-Location"));
    *ret = answer;
    return MLN_OK;
}

bool mln_http_wire_next_local(struct mln_slice *rest, struct mln_local_token *ret)
{
    struct mln_slice pair;

    if (!rest->ptr) {
        return false;
    }
    pair = mln_slice_cut(rest, '+');
    ret->id = mln_slice_trim(mln_slice_cut(&pair, ':'));
    ret->token_id = mln_slice_trim(pair);
    return ret->id.len > 0 && ret->token_id.len > 0;
}
