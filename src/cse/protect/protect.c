/* Random objects, ESPrim objects, and what the CSEBase says of both. */
#include "cse/protect/protect.h"

#include <stdio.h>

#include "cse/access/proof.h"
#include "cse/pipeline/pipeline.h"
#include "e2e/endpoint.h"
#include "e2e/inner.h"
#include "e2e/security_info.h"

/* An inner request, in the arena of the outer one. */
struct mln_inner {
    struct mln_exec *outer;
    struct mln_call call;
    struct mln_peer peer;
    struct mln_esprim_opened opened;
};

static const struct mln_value *info_of(const struct mln_exec *e)
{
    return e->req.pc->items.first;
}

bool mln_protect_concerns(const struct mln_exec *e)
{
    return e->req.op == MLN_OP_NOTIFY && e->req.pc && e->req.pc->kind == MLN_V_OBJECT &&
           e->req.pc->items.first && mln_slice_eq(info_of(e)->name, MLN_S("m2m:seci"));
}

/* ---- who may ask ---- */

static bool asks_for_support(const struct mln_exec *e)
{
    const struct mln_value *names = e->req.atrl;

    return e->req.op == MLN_OP_RETRIEVE && names && names->items.count == 1 &&
           mln_slice_eq(names->items.first->text, MLN_S("esi"));
}

static bool is_end_to_end(const struct mln_exec *e)
{
    switch (mln_protect_concerns(e) ? mln_security_info_type(info_of(e)) : 0) {
    case MLN_SECURITY_RANDOM_REQUEST:
    case MLN_SECURITY_ESPRIM:
    case MLN_SECURITY_ESCERTKE:
        return true;
    default:
        return false;
    }
}

bool mln_protect_admits(const struct mln_exec *e)
{
    const struct mln_originator *o = &e->originator;
    bool is_known = o->is_registered || (o->is_proved && o->entity.stem.len == 0);

    if (!e->cse->options.endpoint || o->is_newcomer || e->req.gid.len) {
        return false;
    }
    return (is_known || e->cse->options.takes_security_info) &&
           (is_end_to_end(e) || asks_for_support(e));
}

/* ---- answers ---- */

/* {"m2m:seci": {"sit": .., "<name>": ..}}, with the value still to be packed. */
static void begin_answer(struct mln_buf *out, enum mln_security_info sit, struct mln_slice name)
{
    mln_pack_map(out, 1);
    mln_pack_text(out, MLN_S("m2m:seci"));
    mln_pack_map(out, 2);
    mln_pack_text(out, MLN_S("sit"));
    mln_pack_uint(out, sit);
    mln_pack_text(out, name);
}

static mln_err end_answer(struct mln_exec *e, struct mln_buf *out)
{
    MLN_TRY(mln_buf_finish(out, &e->response->pc));
    e->response->rsc = MLN_RSC_OK;
    e->answered = true;
    return MLN_OK;
}

/* spec: TS-0004 7.5.1.2.11 */
static mln_err offer_random(struct mln_exec *e)
{
    struct mln_e2e_random random;
    struct mln_buf out;

    MLN_TRY(
        mln_esprim_target_offer(mln_endpoint_target(e->cse->options.endpoint), e->arena, &random));
    mln_buf_init(&out, e->arena, SIZE_MAX);
    begin_answer(&out, MLN_SECURITY_RANDOM_RESPONSE, MLN_S("ero"));
    mln_e2e_random_pack(&random, &out);
    return end_answer(e, &out);
}

/* ---- inner requests ---- */

static void drop(struct mln_inner *inner)
{
    mln_esprim_reply_free(mln_endpoint_target(inner->outer->cse->options.endpoint),
                          inner->opened.reply);
    mln_association_unref(inner->opened.association);
}

static mln_err put_object(struct mln_exec *e, struct mln_slice object)
{
    struct mln_buf out;

    mln_buf_init(&out, e->arena, SIZE_MAX);
    begin_answer(&out, MLN_SECURITY_ESPRIM, MLN_S("epo"));
    mln_pack_text(&out, object);
    return end_answer(e, &out);
}

/* The inner response has come: errors in it stay there. spec: TS-0004 7.6.2 L, M */
static mln_err protect(struct mln_inner *inner)
{
    struct mln_exec *e = inner->outer;
    const struct mln_serialisation *form = inner->opened.form;
    struct mln_esprim_reply *reply = inner->opened.reply;
    struct mln_slice text;
    struct mln_slice object;

    MLN_TRY(mln_inner_write_response(&form, &inner->call.response, e->arena, SIZE_MAX, &text));
    inner->opened.reply = NULL;
    MLN_TRY(mln_esprim_target_answer(mln_endpoint_target(e->cse->options.endpoint), reply, form,
                                     text, e->arena, &object));
    return put_object(e, object);
}

static void answered(struct mln_call *call)
{
    struct mln_inner *inner = call->owner;
    mln_err err = protect(inner);

    drop(inner);
    mln_exec_resume(inner->outer, mln_failed(err) ? MLN_ERROR(ESPRIM_ENCRYPTION) : MLN_OK);
}

/* Nobody waits for the inner response either. */
static void abandoned(struct mln_exec *e)
{
    mln_cse_abandon(&e->inner->call);
}

/* Whoever handed it over says nothing of who asks: neither its address nor its name.
 * spec: security.md 25.4 */
static mln_err prepare(struct mln_inner *inner)
{
    struct mln_exec *e = inner->outer;
    struct mln_esprim_opened *opened = &inner->opened;
    const struct mln_value *from;
    struct mln_entity unused;
    struct mln_value *params;

    MLN_TRY(mln_inner_read_request(opened->form, opened->text, e->cse->options.limits, e->arena,
                                   &params, e->fault));
    from = mln_value_get(params, MLN_S("fr"));
    if (!from || from->kind != MLN_V_TEXT ||
        !mln_proof_names(e->cse, opened->association, from->text, &unused)) {
        mln_fault_set(e->fault, "the originator is not whom the pairwise key proves");
        MLN_FAIL(ESPRIM_IMPERSONATION);
    }
    inner->peer = (struct mln_peer){ .is_secured = true,
                                     .is_end_to_end = true,
                                     .association = opened->association };
    (void)snprintf(inner->peer.name, sizeof inner->peer.name, "%s", e->peer ? e->peer->name : "");
    inner->call = (struct mln_call){
        .arena = e->arena,
        .peer = &inner->peer,
        .params = params,
        .serialisation = opened->form->name,
        .done = answered,
        .owner = inner,
    };
    MLN_TRY(mln_esprim_target_claim(mln_endpoint_target(e->cse->options.endpoint), opened, params,
                                    e->fault));
    return mln_exec_park(e);
}

static mln_err start(struct mln_exec *e)
{
    struct mln_endpoint *endpoint = e->cse->options.endpoint;
    struct mln_inner *inner = mln_arena_zalloc(e->arena, 1, sizeof *inner);
    mln_err err;

    MLN_REQUIRE(inner, NO_MEMORY);
    err = mln_esprim_target_open(mln_endpoint_target(endpoint),
                                 mln_value_get(info_of(e), MLN_S("epo"))->text, e->arena,
                                 &inner->opened, e->fault);
    if (mln_failed(err) && mln_err_class(err) == MLN_ERR_CLASS_RESOURCE) {
        MLN_FAIL(ESPRIM_DECRYPTION); /* only which step it was is told */
    }
    MLN_TRY(err);
    inner->outer = e;
    err = prepare(inner);
    if (mln_failed(err)) {
        drop(inner);
        return err;
    }
    e->answered = false;
    e->inner = inner;
    e->abandoned = abandoned;
    mln_cse_call(e->worker, &inner->call); /* perhaps the outer request is over after that */
    return MLN_OK;
}

/* ---- messages of ESCertKE ---- */

/* With an error, what is said is the alert of TLS. */
static mln_err answer_message(struct mln_exec *e, mln_err err, struct mln_slice said)
{
    struct mln_buf out;

    if (mln_failed(err)) {
        mln_respond_error(e, err);
    } else {
        e->response->rsc = MLN_RSC_OK;
    }
    mln_buf_init(&out, e->arena, SIZE_MAX);
    begin_answer(&out, MLN_SECURITY_ESCERTKE, MLN_S("eckm"));
    mln_pack_text(&out, said);
    MLN_TRY(mln_buf_finish(&out, &e->response->pc));
    e->answered = true;
    return MLN_OK;
}

/* It costs more than most requests, and needs nothing of the store. spec: TS-0004 7.5.1.2.12 */
static mln_err take_message(struct mln_exec *e)
{
    const struct mln_escertke_message message = {
        .text = mln_value_get(info_of(e), MLN_S("eckm"))->text,
        .from = &e->originator.entity,
        .names = &e->cse->names,
        .arena = e->arena,
        .fault = e->fault,
    };
    struct mln_slice said;
    mln_err err;

    MLN_TRY(mln_exec_park(e));
    err = mln_escertke_take(mln_endpoint_escertke(e->cse->options.endpoint), &message, &said);
    if (!mln_failed(err) || said.len) {
        err = answer_message(e, err, said);
    }
    mln_exec_resume(e, err);
    return MLN_OK;
}

/* ---- what the CSEBase is told ---- */

static mln_err refuse_unbuilt(struct mln_exec *e)
{
    mln_fault_set(e->fault, "this security information is not implemented for the CSEBase");
    MLN_FAIL(NOT_IMPLEMENTED);
}

/* spec: security.md 25.4, 25.6; what is inside of an ESPrim object could contain another, and so on
 */
static mln_err check_place(struct mln_exec *e)
{
    if (mln_peer_is_end_to_end(e->peer) || !e->call) {
        mln_fault_set(e->fault, "such security information comes by itself: not inside an ESPrim "
                                "object, nor for members of a group");
        MLN_FAIL(OPERATION);
    }
    return MLN_OK;
}

static bool is_built(const struct mln_exec *e, enum mln_security_info sit)
{
    struct mln_endpoint *endpoint = e->cse->options.endpoint;

    if (sit == MLN_SECURITY_ESCERTKE) {
        return mln_endpoint_has_escertke(endpoint);
    }
    return (sit == MLN_SECURITY_RANDOM_REQUEST || sit == MLN_SECURITY_ESPRIM) &&
           mln_endpoint_has_esprim(endpoint);
}

mln_err mln_protect_perform(struct mln_exec *e)
{
    enum mln_security_info sit = mln_security_info_type(info_of(e));

    if (sit == MLN_SECURITY_RANDOM_RESPONSE) {
        mln_fault_set(e->fault, "nobody has asked for this");
        MLN_FAIL(BAD_REQUEST);
    }
    if (!is_built(e, sit)) {
        return refuse_unbuilt(e);
    }
    MLN_TRY(check_place(e));
    if (sit == MLN_SECURITY_RANDOM_REQUEST) {
        return offer_random(e);
    }
    e->begin_wait = sit == MLN_SECURITY_ESPRIM ? start : take_message;
    e->leaves = true;
    return MLN_OK;
}

/* ---- what the CSEBase says ---- */

static bool shows_support(const struct mln_exec *e)
{
    const struct mln_value *v = e->req.atrl ? e->req.atrl->items.first : NULL;

    while (v && !mln_slice_eq(v->text, MLN_S("esi"))) {
        v = v->next;
    }
    return v || !e->req.atrl;
}

mln_err mln_protect_show(struct mln_exec *e)
{
    struct mln_slice rest = e->result.attrs;
    struct mln_slice support;
    struct mln_item head;
    struct mln_buf out;
    mln_err err;

    if (!e->cse->options.endpoint || !shows_support(e)) {
        return MLN_OK;
    }
    err = mln_endpoint_support(e->cse->options.endpoint, e->arena, &support);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(mln_pack_read(&rest, &head));
    mln_buf_init(&out, e->arena, SIZE_MAX);
    mln_pack_map(&out, head.count + 1);
    mln_pack_raw(&out, rest);
    mln_pack_text(&out, MLN_S("esi"));
    mln_pack_raw(&out, support);
    return mln_buf_finish(&out, &e->result.attrs);
}
