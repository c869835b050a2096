/* Explaining a decision: the stages of a request that is only thought of, up to the decision, with
 * a trace of what they find.
 *
 * The administrator sends a RETRIEVE of the target with the parameter mln-explain. The request is
 * turned into the one that is asked about: operation, originator and what is known of its peer.
 * Recv-6.1 to 6.3 then run as they do for any other, in a snapshot; nothing is written, and nothing
 * of the target is shown but what protects it. docs/decisions/0016 */
#include "base/log.h"
#include "cse/access/question.h"
#include "cse/access/trace.h"
#include "cse/pipeline/pipeline.h"

struct mln_explanation {
    struct mln_question question;
    /* of the administrator's own request */
    struct mln_request asked;
    const struct mln_peer *asked_peer;
    int64_t asked_us;
    struct mln_originator asker;
    /* of the one that is thought of */
    struct mln_request thought;
    struct mln_peer peer;
    struct mln_trace trace;
    bool is_registration;
};

/* ---- the question ---- */

/* Names of attributes as Content, with nothing behind them. */
static mln_err name_attributes(struct mln_exec *e, struct mln_slice names, struct mln_value **ret)
{
    struct mln_value *content = mln_value_new(e->arena, MLN_V_OBJECT);
    struct mln_value *members = mln_value_new(e->arena, MLN_V_OBJECT);

    MLN_REQUIRE(content && members, NO_MEMORY);
    MLN_TRY(mln_value_set(content, MLN_S("m2m:any"), members));
    while (names.ptr) {
        MLN_TRY(mln_value_set(members, mln_slice_cut(&names, ','),
                              mln_value_new(e->arena, MLN_V_NULL)));
    }
    *ret = content;
    return MLN_OK;
}

static void set_address(struct mln_peer *peer, const struct mln_ip *ip)
{
    peer->address_len = ip->family == 4 ? 4 : 16;
    for (unsigned i = 0; i < peer->address_len; i++) {
        unsigned from_end = peer->address_len - 1U - i;
        uint64_t half = from_end < 8 ? ip->low : ip->high;

        peer->address[i] = (unsigned char)(half >> (from_end % 8 * 8));
    }
}

/* The request that is thought of. */
static mln_err think(struct mln_exec *e, struct mln_explanation *x)
{
    const struct mln_question *q = &x->question;
    struct mln_filter *fc = NULL;

    x->thought = x->asked;
    x->thought.op = q->op;
    x->thought.ty = q->ty;
    x->thought.fr = q->originator;
    if (q->is_discovery) {
        fc = mln_arena_zalloc(e->arena, 1, sizeof *fc);
        MLN_REQUIRE(fc, NO_MEMORY);
        fc->usage = MLN_FILTER_USAGE_DISCOVERY;
    }
    x->thought.fc = fc;
    if (q->attributes.len) {
        MLN_TRY(name_attributes(e, q->attributes, &x->thought.pc));
    }
    x->peer = (struct mln_peer){ .name = "-" };
    if (q->has_address) {
        set_address(&x->peer, &q->address);
    }
    x->is_registration = q->op == MLN_OP_CREATE && q->ty == MLN_TY_AE;
    return MLN_OK;
}

mln_err mln_explain_begin(struct mln_exec *e, const struct mln_value *question)
{
    const struct mln_request *req = &e->req;
    struct mln_explanation *x = mln_arena_zalloc(e->arena, 1, sizeof *x);

    MLN_REQUIRE(x, NO_MEMORY);
    if (req->op != MLN_OP_RETRIEVE || req->fc || req->atrl || req->gid.len || req->has_rcn ||
        question->kind != MLN_V_TEXT) {
        mln_fault_set(e->fault, "explain: belongs to a plain RETRIEVE");
        MLN_FAIL(PARAM_INVALID);
    }
    MLN_TRY(mln_question_read(question->text, e->arrival_us, &x->question, e->fault));
    x->asked = *req;
    x->asked_peer = e->peer;
    x->asked_us = e->arrival_us;
    MLN_TRY(think(e, x));
    e->explanation = x;
    return MLN_OK;
}

/* ---- turning the request into the other, and back ---- */

void mln_explain_restore(struct mln_exec *e)
{
    struct mln_explanation *x = e->explanation;

    if (x) {
        e->req = x->asked;
        e->peer = x->asked_peer;
        e->arrival_us = x->asked_us;
        e->originator = x->asker;
        e->trace = NULL;
    }
}

static mln_err turn(struct mln_exec *e, struct mln_explanation *x)
{
    struct mln_identify in = {
        .cse = e->cse,
        .view = e->view,
        .arena = e->arena,
        .from = x->thought.fr,
        .is_registration = x->is_registration,
        .fault = e->fault,
    };

    e->req = x->thought;
    e->peer = &x->peer;
    e->arrival_us = x->question.has_time ? x->question.time_us : MLN_TIME_UNKNOWN;
    e->trace = &x->trace;
    mln_trace_begin(&x->trace, e->arena, mln_exec_answer_limit(e));
    return mln_access_assume(&in, x->question.is_authenticated, &e->originator);
}

static mln_err decide(struct mln_exec *e, struct mln_explanation *x)
{
    enum mln_step step = MLN_STEP_NEXT;

    MLN_TRY(turn(e, x));
    MLN_TRY(mln_stage_route(e, &step));
    MLN_TRY(mln_stage_resolve(e, &step));
    return mln_stage_authorise(e, &step);
}

/* ---- the answer ---- */

static void put_text(struct mln_buf *out, const char *name, struct mln_slice text)
{
    mln_pack_text(out, mln_slice_z(name));
    mln_pack_text(out, text);
}

static void put_number(struct mln_buf *out, const char *name, uint64_t number)
{
    mln_pack_text(out, mln_slice_z(name));
    mln_pack_uint(out, number);
}

/* Facts that were not given and that a rule asked for. */
static void put_unknown(struct mln_buf *out, const struct mln_explanation *x)
{
    const struct mln_question *q = &x->question;
    unsigned failing = x->trace.failing;

    mln_pack_text(out, MLN_S("unknown"));
    mln_pack_array(out, MLN_PACK_OPEN);
    if (!q->has_time && (failing & MLN_PART_WINDOW)) {
        mln_pack_text(out, MLN_S("time"));
    }
    if (!q->has_address && (failing & (MLN_PART_ADDRESS | MLN_PART_REGION))) {
        mln_pack_text(out, MLN_S("address"));
    }
    if (!q->is_authenticated && (failing & MLN_PART_AUTHENTICATION)) {
        mln_pack_text(out, MLN_S("authenticated"));
    }
    mln_pack_end(out);
}

static void put_result(struct mln_exec *e, const struct mln_explanation *x, mln_err err,
                       struct mln_buf *out)
{
    bool hides = err.code == MLN_ERR_NO_PRIVILEGE && e->cse->options.hides_unauthorised;

    mln_pack_text(out, MLN_S("permits"));
    mln_pack_bool(out, !mln_failed(err));
    if (!mln_failed(err)) {
        return;
    }
    put_number(out, "rsc", (uint64_t)(hides ? MLN_RSC_NOT_FOUND : mln_err_rsc(err)));
    put_text(out, "why", mln_slice_z(e->fault->text[0] ? e->fault->text : mln_err_text(err)));
    put_unknown(out, x);
}

static mln_err answer(struct mln_exec *e, const struct mln_explanation *x, mln_err err)
{
    struct mln_slice steps = { 0 };
    struct mln_buf out;

    MLN_TRY(mln_buf_finish(&x->trace.steps, &steps));
    mln_buf_init(&out, e->arena, mln_exec_answer_limit(e));
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("mln:explanation"));
    mln_pack_map(&out, MLN_PACK_OPEN);
    put_text(&out, "originator", x->question.originator);
    put_text(&out, "operation", mln_question_operation(&x->question));
    put_text(&out, "to", x->asked.to);
    if (x->question.ty) {
        put_number(&out, "type", x->question.ty);
    }
    put_result(e, x, err, &out);
    mln_pack_text(&out, MLN_S("steps"));
    mln_pack_array(&out, MLN_PACK_OPEN);
    mln_pack_raw(&out, steps);
    mln_pack_end(&out);
    mln_pack_end(&out);
    MLN_TRY(mln_buf_finish(&out, &e->response->pc));
    e->response->rsc = MLN_RSC_OK;
    mln_fault_clear(e->fault);
    return MLN_OK;
}

/* Failures of ours are those of the explanation too; what a request can be refused with is its
 * result. */
static bool is_result(mln_err err)
{
    enum mln_err_class class = mln_err_class(err);

    return class != MLN_ERR_CLASS_RESOURCE && class != MLN_ERR_CLASS_INTERNAL;
}

mln_err mln_explain(struct mln_exec *e, bool is_gathering)
{
    struct mln_explanation *x = e->explanation;
    enum mln_step step = MLN_STEP_NEXT;
    mln_err err;

    MLN_TRY(mln_stage_identify(e, &step));
    x->asker = e->originator;
    MLN_REQUIRE(e->originator.is_admin, NO_PRIVILEGE);
    err = decide(e, x);
    if (is_gathering) {
        return err;
    }
    if (mln_failed(err) && !is_result(err)) {
        return err;
    }
    err = answer(e, x, err);
    mln_explain_restore(e);
    e->is_permitted = !mln_failed(err);
    return err;
}
