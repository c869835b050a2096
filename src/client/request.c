/* Requests: parameters by name and type, filter criteria, content. */
#include "base/nearest.h"
#include "base/num.h"
#include "client/client_int.h"
#include "codec/json.h"

static mln_err request_new(enum merlon_operation operation, const char *to,
                           struct merlon_request **ret)
{
    struct mln_arena *arena = mln_arena_new(MLN_CLIENT_ARENA);
    struct merlon_request *r = arena ? mln_arena_zalloc(arena, 1, sizeof *r) : NULL;
    struct mln_slice target = mln_slice_z(to);
    mln_err err;

    if (!r || !mln_arena_dup(arena, target, &target)) {
        mln_arena_free(arena);
        MLN_FAIL(NO_MEMORY);
    }
    r->arena = arena;
    r->op = (enum mln_op)operation;
    r->params = mln_value_new(arena, MLN_V_OBJECT);
    err = r->params ? mln_value_set(r->params, MLN_S("op"), mln_value_int(arena, operation))
                    : MLN_ERROR(NO_MEMORY);
    if (!mln_failed(err)) {
        err = mln_value_set(r->params, MLN_S("to"), mln_value_text(arena, target));
    }
    if (mln_failed(err)) {
        mln_arena_free(arena);
        return err;
    }
    *ret = r;
    return MLN_OK;
}

struct merlon_request *merlon_request_new(enum merlon_operation operation, const char *to,
                                          struct merlon_error *error)
{
    struct merlon_request *r = NULL;
    struct mln_fault fault = { 0 };
    mln_err err;

    if (operation < MERLON_CREATE || operation > MERLON_NOTIFY || !to || !*to) {
        mln_fault_set(&fault, "%s", to && *to ? "no such operation" : "a request needs a target");
        err = MLN_ERROR(PARAM_INVALID);
    } else {
        err = request_new(operation, to, &r);
    }
    (void)mln_client_end(err, &fault, error);
    return r;
}

void merlon_request_free(struct merlon_request *request)
{
    if (request) {
        mln_arena_free(request->arena);
    }
}

/* ---- parameters ---- */

static const struct mln_parameter *find_parameter(struct mln_slice name)
{
    size_t count;
    const struct mln_parameter *rows = mln_model_parameters(&count);

    for (size_t i = 0; i < count; i++) {
        if (mln_slice_eq(rows[i].name, name) ||
            mln_slice_eq(mln_slice_z(rows[i].long_name), name)) {
            return &rows[i];
        }
    }
    return NULL;
}

static mln_err refuse_parameter(struct mln_slice name, struct mln_fault *fault)
{
    struct mln_nearest nearest;
    size_t count;
    const struct mln_parameter *rows = mln_model_parameters(&count);

    mln_nearest_init(&nearest, name);
    for (size_t i = 0; i < count; i++) {
        mln_nearest_offer(&nearest, rows[i].name);
        mln_nearest_offer(&nearest, mln_slice_z(rows[i].long_name));
    }
    mln_fault_set(fault, "no request parameter '%.*s'%s%.*s%s", MLN_S_ARG(name),
                  nearest.count ? ", did you mean " : "", MLN_S_ARG(nearest.best[0]),
                  nearest.count ? "?" : "");
    MLN_FAIL(PARAM_INVALID);
}

static mln_err replace(struct merlon_request *r, struct mln_slice name, struct mln_value *v)
{
    (void)mln_value_take(r->params, name);
    return mln_value_set(r->params, name, v);
}

/* Response Type as a number alone stands for {"rtv": number}. spec: TS-0004 6.3.5.30 */
static mln_err set_response_type(struct merlon_request *r, struct mln_slice number,
                                 struct mln_fault *fault)
{
    struct mln_value *object = mln_value_new(r->arena, MLN_V_OBJECT);
    struct mln_client_slot slot = { 0 };
    struct mln_value *v = NULL;

    MLN_REQUIRE(object, NO_MEMORY);
    MLN_REQUIRE(mln_client_member(MLN_DT_RESPONSE_TYPE_INFO, MLN_S("rtv"), &slot), INTERNAL);
    MLN_TRY(mln_client_typed(&slot, number, r->arena, &v, fault));
    MLN_TRY(mln_value_set(object, MLN_S("rtv"), v));
    return replace(r, MLN_S("rt"), object);
}

/* Names of attributes, which may be long ones. */
static mln_err set_attribute_list(struct merlon_request *r, struct mln_slice list,
                                  struct mln_fault *fault)
{
    struct mln_value *array = mln_value_new(r->arena, MLN_V_ARRAY);

    MLN_REQUIRE(array, NO_MEMORY);
    while (list.ptr) {
        struct mln_slice name = mln_slice_trim(mln_slice_cut(&list, ','));
        struct mln_slice known = mln_client_attribute(name);
        struct mln_slice kept = { 0 };

        if (name.len == 0) {
            mln_fault_set(fault, "atrl: an attribute name is empty");
            MLN_FAIL(PARAM_INVALID);
        }
        MLN_REQUIRE(mln_arena_dup(r->arena, known.len ? known : name, &kept), NO_MEMORY);
        MLN_TRY(mln_value_append(array, mln_value_text(r->arena, kept)));
    }
    return replace(r, MLN_S("atrl"), array);
}

static mln_err set(struct merlon_request *r, struct mln_slice name, struct mln_slice value,
                   struct mln_fault *fault)
{
    const struct mln_parameter *p = find_parameter(name);
    struct mln_client_slot slot;
    struct mln_value *v = NULL;

    if (!p) {
        return refuse_parameter(name, fault);
    }
    if (mln_slice_eq(p->name, MLN_S("op")) || mln_slice_eq(p->name, MLN_S("to")) ||
        mln_slice_eq(p->name, MLN_S("pc"))) {
        mln_fault_set(fault, "parameter %.*s is not set this way", MLN_S_ARG(p->name));
        MLN_FAIL(PARAM_INVALID);
    }
    if (mln_slice_eq(p->name, MLN_S("atrl"))) {
        return set_attribute_list(r, value, fault);
    }
    if (mln_slice_eq(p->name, MLN_S("rt")) && value.len && value.ptr[0] != '{') {
        return set_response_type(r, value, fault);
    }
    slot = (struct mln_client_slot){ p->name, (enum mln_datatype_id)p->type, false };
    MLN_TRY(mln_client_typed(&slot, value, r->arena, &v, fault));
    return replace(r, p->name, v);
}

enum merlon_status merlon_request_set(struct merlon_request *request, const char *name,
                                      const char *value, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(set(request, mln_slice_z(name), mln_slice_z(value), &fault), &fault,
                          error);
}

/* Moves the elements of an array behind those of another. */
static mln_err append_all(struct mln_value *array, struct mln_value *more)
{
    struct mln_value *next;

    for (struct mln_value *v = more->items.first; v; v = next) {
        next = v->next;
        MLN_TRY(mln_value_append(array, v));
    }
    return MLN_OK;
}

static mln_err add(struct merlon_request *r, struct mln_slice name, struct mln_slice value,
                   struct mln_fault *fault)
{
    const struct mln_parameter *p = find_parameter(name);
    struct mln_client_slot slot;
    struct mln_value *more = NULL;
    struct mln_value *list;

    if (!p) {
        return refuse_parameter(name, fault);
    }
    if (mln_model_datatype((enum mln_datatype_id)p->type)->form != MLN_FORM_LIST) {
        mln_fault_set(fault, "parameter %.*s is no list", MLN_S_ARG(p->name));
        MLN_FAIL(PARAM_INVALID);
    }
    slot = (struct mln_client_slot){ p->name, (enum mln_datatype_id)p->type, false };
    MLN_TRY(mln_client_typed(&slot, value, r->arena, &more, fault));
    list = mln_value_get(r->params, p->name);
    return list ? append_all(list, more) : mln_value_set(r->params, p->name, more);
}

enum merlon_status merlon_request_add(struct merlon_request *request, const char *name,
                                      const char *value, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(add(request, mln_slice_z(name), mln_slice_z(value), &fault), &fault,
                          error);
}

enum merlon_status merlon_request_explain(struct merlon_request *request, const char *question,
                                          struct merlon_error *error)
{
    struct mln_fault fault = { 0 };
    struct mln_slice text = { 0 };
    mln_err err = mln_arena_dup(request->arena, mln_slice_z(question), &text)
                      ? replace(request, MLN_S("mln-explain"), mln_value_text(request->arena, text))
                      : MLN_ERROR(NO_MEMORY);

    return mln_client_end(err, &fault, error);
}

/* ---- filter criteria ---- */

static mln_err criteria_of(struct merlon_request *r, struct mln_value **ret)
{
    struct mln_value *fc = mln_value_get(r->params, MLN_S("fc"));

    if (!fc) {
        fc = mln_value_new(r->arena, MLN_V_OBJECT);
        MLN_TRY(mln_value_set(r->params, MLN_S("fc"), fc));
    }
    *ret = fc;
    return MLN_OK;
}

static mln_err refuse_criterion(struct mln_slice name, struct mln_fault *fault)
{
    struct mln_nearest nearest;
    size_t count;
    const struct mln_member *rows =
        mln_model_members(mln_model_datatype(MLN_DT_FILTER_CRITERIA), &count);

    mln_nearest_init(&nearest, name);
    for (size_t i = 0; i < count; i++) {
        mln_nearest_offer(&nearest, rows[i].name);
        mln_nearest_offer(&nearest, mln_slice_z(rows[i].long_name));
    }
    mln_fault_set(fault, "no filter criterion '%.*s'%s%.*s%s", MLN_S_ARG(name),
                  nearest.count ? ", did you mean " : "", MLN_S_ARG(nearest.best[0]),
                  nearest.count ? "?" : "");
    MLN_FAIL(PARAM_INVALID);
}

static mln_err filter(struct merlon_request *r, struct mln_slice name, struct mln_slice value,
                      struct mln_fault *fault)
{
    struct mln_client_slot slot = { 0 };
    struct mln_value *fc = NULL;
    struct mln_value *v = NULL;
    struct mln_value *old;

    if (!mln_client_member(MLN_DT_FILTER_CRITERIA, name, &slot)) {
        return refuse_criterion(name, fault);
    }
    MLN_TRY(mln_client_typed(&slot, value, r->arena, &v, fault));
    MLN_TRY(criteria_of(r, &fc));
    old = mln_value_get(fc, slot.name);
    if (old && old->kind == MLN_V_ARRAY && v->kind == MLN_V_ARRAY) {
        return append_all(old, v);
    }
    (void)mln_value_take(fc, slot.name);
    return mln_value_set(fc, slot.name, v);
}

enum merlon_status merlon_request_filter(struct merlon_request *request, const char *name,
                                         const char *value, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(filter(request, mln_slice_z(name), mln_slice_z(value), &fault), &fault,
                          error);
}

/* spec: TS-0004 6.3.5.8: attribute is a list of {nm, val} */
static mln_err filter_attribute(struct merlon_request *r, struct mln_slice name,
                                struct mln_slice value, struct mln_fault *fault)
{
    struct mln_slice known = mln_client_attribute(name);
    struct mln_value *pair = mln_value_new(r->arena, MLN_V_OBJECT);
    struct mln_value *fc = NULL;
    struct mln_value *list;

    if (known.len == 0) {
        mln_fault_set(fault, "no resource type has an attribute '%.*s'", MLN_S_ARG(name));
        MLN_FAIL(ATTR_UNKNOWN);
    }
    MLN_REQUIRE(pair && mln_arena_dup(r->arena, value, &value), NO_MEMORY);
    MLN_TRY(mln_value_set(pair, MLN_S("nm"), mln_value_text(r->arena, known)));
    MLN_TRY(mln_value_set(pair, MLN_S("val"), mln_value_text(r->arena, value)));
    MLN_TRY(criteria_of(r, &fc));
    list = mln_value_get(fc, MLN_S("atr"));
    if (!list) {
        list = mln_value_new(r->arena, MLN_V_ARRAY);
        MLN_TRY(mln_value_set(fc, MLN_S("atr"), list));
    }
    return mln_value_append(list, pair);
}

enum merlon_status merlon_request_filter_attribute(struct merlon_request *request, const char *name,
                                                   const char *value, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(filter_attribute(request, mln_slice_z(name), mln_slice_z(value), &fault),
                          &fault, error);
}

enum merlon_status merlon_request_discover(struct merlon_request *request,
                                           struct merlon_error *error)
{
    return merlon_request_filter(request, "fu", "1", error);
}

/* ---- content ---- */

/* spec: TS-0004 D: mgmtDefinition says which specialisation it is */
static mln_err add_definition(const struct merlon_content *content, struct mln_value *members,
                              struct mln_arena *arena)
{
    if (!content->type || !content->type->definition || mln_value_get(members, MLN_S("mgd"))) {
        return MLN_OK;
    }
    return mln_value_set(members, MLN_S("mgd"), mln_value_uint(arena, content->type->definition));
}

/* The members again, in nodes of their own: what they hold is shared. */
static mln_err copy_members(const struct mln_value *object, struct mln_arena *arena,
                            struct mln_value **ret)
{
    struct mln_value *copy = mln_value_new(arena, MLN_V_OBJECT);

    MLN_REQUIRE(copy, NO_MEMORY);
    for (const struct mln_value *v = object->items.first; v; v = v->next) {
        struct mln_value *member = mln_value_new(arena, v->kind);

        MLN_REQUIRE(member, NO_MEMORY);
        *member = *v;
        MLN_TRY(mln_value_append(copy, member));
    }
    *ret = copy;
    return MLN_OK;
}

static mln_err set_content(struct merlon_request *r, const struct merlon_content *content)
{
    struct mln_value root = { .kind = MLN_V_OBJECT };
    struct mln_value *members = NULL;
    struct mln_slice body = { 0 };
    struct mln_buf out;

    MLN_TRY(copy_members(content->members, r->arena, &members));
    if (r->op == MLN_OP_CREATE) {
        MLN_TRY(add_definition(content, members, r->arena));
    }
    MLN_TRY(mln_value_set(&root, content->root, members));
    mln_buf_init(&out, r->arena, MLN_CLIENT_BODY);
    mln_json_write_value(&out, &root, false);
    MLN_TRY(mln_buf_finish(&out, &body));
    if (r->op == MLN_OP_CREATE && content->type) {
        MLN_TRY(replace(r, MLN_S("ty"), mln_value_uint(r->arena, content->type->ty)));
    }
    r->body = body;
    r->has_body = true;
    return MLN_OK;
}

enum merlon_status merlon_request_set_content(struct merlon_request *request,
                                              const struct merlon_content *content,
                                              struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(set_content(request, content), &fault, error);
}
