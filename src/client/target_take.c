/* What comes to a target: requests for a random object, and protected requests.
 * spec: TS-0004 7.5.1.2.11, 7.5.1.2.13; security.md 25.4 */
#include "base/wildcard.h"
#include "client/target_int.h"
#include "codec/json.h"
#include "e2e/inner.h"
#include "e2e/security_info.h"
#include "model/pack.h"

enum { CONTENT_BYTES = 16 << 20, LEAST_RSC = 1000, GREATEST_RSC = 9999 };

/* ---- the answer ---- */

/* {"m2m:seci":{"sit":sit,name:text}}; `text` is JSON. */
static mln_err write_info(int sit, const char *name, struct mln_slice text, struct mln_arena *arena,
                          struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, CONTENT_BYTES);
    mln_buf_printf(&out, "{\"m2m:seci\":{\"sit\":%d,\"%s\":", sit, name);
    mln_buf_add(&out, text);
    mln_buf_add(&out, MLN_S("}}"));
    return mln_buf_finish(&out, ret);
}

static mln_err offer(struct merlon_target *target, struct mln_arena *arena,
                     struct mln_slice *ret_content)
{
    struct mln_e2e_random random;
    struct mln_slice text = { 0 };
    struct mln_buf out;

    MLN_TRY(mln_esprim_target_offer(target->engine, arena, &random));
    mln_buf_init(&out, arena, CONTENT_BYTES);
    mln_e2e_random_canonical(&random, &out);
    MLN_TRY(mln_buf_finish(&out, &text));
    return write_info(MLN_SECURITY_RANDOM_RESPONSE, "ero", text, arena, ret_content);
}

/* ---- the inner request ---- */

static struct mln_slice text_of(const struct mln_value *params, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(params, name);

    return v && v->kind == MLN_V_TEXT ? v->text : MLN_S("");
}

/* Is the originator one whom the key proves? spec: SEC-EPR-07 */
static bool is_proved(const struct merlon_target *target, const struct mln_association *association,
                      struct mln_slice from)
{
    for (size_t i = 0; i < target->key_count; i++) {
        const struct mln_target_key *key = &target->keys[i];

        if (key->association == association) {
            return mln_wildcard_match(mln_slice_z(key->originator), from, '/');
        }
    }
    return mln_target_certified(target, association, from);
}

static mln_err put_content(const struct merlon_content *content, struct mln_arena *arena,
                           struct mln_response *ret)
{
    struct mln_value root = { .kind = MLN_V_OBJECT };
    struct mln_value members = *content->members;
    struct mln_buf out;

    MLN_TRY(mln_value_set(&root, content->root, &members));
    mln_buf_init(&out, arena, CONTENT_BYTES);
    mln_pack_value(&out, &root);
    return mln_buf_finish(&out, &ret->pc);
}

/* Asks the handler. */
static mln_err handle(struct merlon_target *target, const struct mln_value *params,
                      struct mln_arena *arena, struct mln_response *ret)
{
    struct merlon_incoming request = {
        .to = text_of(params, MLN_S("to")).ptr, /* they end in NUL */
        .from = text_of(params, MLN_S("fr")).ptr,
        .request_id = text_of(params, MLN_S("rqi")).ptr,
        .content = mln_client_json(mln_value_get(params, MLN_S("pc"))),
        .parameters = mln_client_json(params),
    };
    struct merlon_content *content = NULL;
    mln_err err = MLN_OK;
    uint64_t op = 0;
    int rsc;

    MLN_REQUIRE(mln_value_u64(mln_value_get(params, MLN_S("op")), &op) && op >= MLN_OP_CREATE &&
                    op <= MLN_OP_NOTIFY,
                PARAM_INVALID);
    request.operation = (enum merlon_operation)op;
    rsc = target->handle(target->data, &request, &content);
    if (rsc && (rsc < LEAST_RSC || rsc > GREATEST_RSC)) {
        rsc = MLN_RSC_INTERNAL_SERVER_ERROR;
    }
    ret->rsc = rsc ? (enum mln_rsc)rsc : MLN_RSC_OK;
    if (content) {
        err = put_content(content, arena, ret);
        merlon_content_free(content);
    }
    return err;
}

/* What is wrong with an inner request of somebody who is proved is told inside. */
static mln_err respond(struct merlon_target *target, const struct mln_esprim_opened *opened,
                       const struct mln_serialisation **form, struct mln_arena *arena,
                       struct mln_slice *ret_text, struct mln_fault *fault)
{
    struct mln_response response = { .rvi = MLN_S("3") };
    struct mln_value *params = NULL;
    mln_err err;

    MLN_TRY(
        mln_inner_read_request(opened->form, opened->text, &target->limits, arena, &params, fault));
    MLN_TRY(mln_client_own_texts(params, arena));
    if (!is_proved(target, opened->association, text_of(params, MLN_S("fr")))) {
        mln_fault_set(fault, "the key does not prove the originator");
        MLN_FAIL(ESPRIM_IMPERSONATION);
    }
    MLN_TRY(mln_esprim_target_claim(target->engine, opened, params, fault));
    response.rqi = text_of(params, MLN_S("rqi"));
    err = handle(target, params, arena, &response);
    if (mln_failed(err)) {
        response.rsc = mln_err_rsc(err);
    }
    return mln_inner_write_response(form, &response, arena, CONTENT_BYTES, ret_text);
}

static mln_err answer(struct merlon_target *target, struct mln_esprim_opened *opened,
                      struct mln_arena *arena, struct mln_slice *ret_object,
                      struct mln_fault *fault)
{
    const struct mln_serialisation *form = opened->form;
    struct mln_slice text = { 0 };
    mln_err err = respond(target, opened, &form, arena, &text, fault);

    if (mln_failed(err)) {
        mln_esprim_reply_free(target->engine, opened->reply);
        return err;
    }
    return mln_esprim_target_answer(target->engine, opened->reply, form, text, arena, ret_object);
}

static mln_err open_object(struct merlon_target *target, const struct mln_value *object,
                           struct mln_arena *arena, struct mln_slice *ret_content,
                           struct mln_fault *fault)
{
    struct mln_esprim_opened opened = { 0 };
    struct mln_slice sealed = { 0 };
    struct mln_slice text = { 0 };
    struct mln_value *v;
    struct mln_buf out;
    mln_err err;

    MLN_REQUIRE(object->kind == MLN_V_TEXT, ATTR_INVALID);
    MLN_TRY(mln_esprim_target_open(target->engine, object->text, arena, &opened, fault));
    err = answer(target, &opened, arena, &sealed, fault);
    mln_association_unref(opened.association);
    MLN_TRY(err);
    v = mln_value_text(arena, sealed);
    MLN_REQUIRE(v, NO_MEMORY);
    mln_buf_init(&out, arena, CONTENT_BYTES);
    mln_json_write_value(&out, v, false);
    MLN_TRY(mln_buf_finish(&out, &text));
    return write_info(MLN_SECURITY_ESPRIM, "epo", text, arena, ret_content);
}

/* With an error, there may be an alert of TLS to tell. */
static mln_err take_message(struct merlon_target *target, const struct mln_notified *what,
                            struct mln_arena *arena, struct mln_slice *ret_content,
                            struct mln_fault *fault)
{
    const struct mln_value *message = mln_value_get(what->info, MLN_S("eckm"));
    struct mln_slice said = { 0 };
    struct mln_slice text = { 0 };
    struct mln_buf out;
    mln_err err;

    MLN_REQUIRE(message->kind == MLN_V_TEXT, ATTR_INVALID);
    err = mln_target_message(target, message->text, what->from, arena, fault, &said);
    if (!said.len) {
        return err;
    }
    mln_buf_init(&out, arena, CONTENT_BYTES);
    mln_buf_byte(&out, '"');
    mln_buf_add(&out, said); /* base64 */
    mln_buf_byte(&out, '"');
    MLN_TRY(mln_buf_finish(&out, &text));
    MLN_TRY(write_info(MLN_SECURITY_ESCERTKE, "eckm", text, arena, ret_content));
    return err;
}

mln_err mln_target_take(struct merlon_target *target, const struct mln_notified *what,
                        struct mln_arena *arena, struct mln_slice *ret_content,
                        struct mln_fault *fault)
{
    const struct mln_value *info = what->info;
    int sit = (int)mln_security_info_type(info);

    if (info->kind != MLN_V_OBJECT || !sit) {
        mln_fault_set(fault, "m2m:seci has no securityInfoType");
        MLN_FAIL(ATTR_INVALID);
    }
    MLN_TRY(mln_security_info_check(info, fault));
    switch (sit) {
    case MLN_SECURITY_RANDOM_REQUEST:
        return offer(target, arena, ret_content);
    case MLN_SECURITY_ESPRIM:
        return open_object(target, mln_value_get(info, MLN_S("epo")), arena, ret_content, fault);
    case MLN_SECURITY_ESCERTKE:
        return take_message(target, what, arena, ret_content, fault);
    default:
        MLN_FAIL(NOT_IMPLEMENTED);
    }
}
