/* Asking the IN-CSE for an AE-ID. */
#include "cse/remote/enrol.h"

#include "base/timestamp.h"
#include "cse/access/proof.h"
#include "cse/access/stem.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/asking.h"

/* So long the IN-CSE keeps an AE-ID whose <AE> was not written in the end. */
static const int64_t UNWRITTEN_US = INT64_C(3600) * MLN_US_PER_S;

struct mln_enrolment {
    struct mln_asking askings[2]; /* whether it knows the AE; else the AE is made known */
    struct mln_ask ask;
    struct mln_enrol_facts facts;
    struct mln_slice address; /* of its <AEAnnc>; empty while it has no name */
    struct mln_slice stem;    /* that was given */
    mln_err outcome;
    bool is_unknown; /* there is no <AEAnnc> yet */
};

struct mln_slice mln_enrol_stem(const struct mln_exec *e)
{
    return e->enrolment ? e->enrolment->stem : (struct mln_slice){ 0 };
}

bool mln_enrol_concerns(const struct mln_exec *e)
{
    return !e->enrolment && e->req.op == MLN_OP_CREATE && e->req.ty == MLN_TY_AE &&
           e->cse->options.type != MLN_CSE_TYPE_IN && e->cse->options.registrar.cse_id.len &&
           (!e->req.fr.len || e->req.fr.ptr[0] == 'S');
}

/* ---- what is said ---- */

mln_err mln_enrol_content(const struct mln_enrol_facts *facts, struct mln_arena *arena,
                          struct mln_slice *ret)
{
    char until[MLN_TIMESTAMP_SIZE];
    struct mln_slice link;
    struct mln_buf label;
    struct mln_buf out;
    struct mln_slice text;

    MLN_TRY(mln_ident_join(arena, facts->cse_id, facts->stem, &link));
    mln_buf_init(&label, arena, SIZE_MAX);
    mln_buf_add(&label, MLN_S("Credential-ID:"));
    mln_buf_add(&label, facts->credential_id);
    MLN_TRY(mln_buf_finish(&label, &text));
    mln_buf_init(&out, arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:aeA"));
    mln_pack_map(&out, facts->app_id.len ? 5 : 3);
    mln_pack_text(&out, MLN_S("lnk"));
    mln_pack_text(&out, link);
    mln_pack_text(&out, MLN_S("lbl"));
    mln_pack_array(&out, 1);
    mln_pack_text(&out, text);
    mln_pack_text(&out, MLN_S("et"));
    mln_pack_text(&out, mln_slice_of(until, mln_timestamp_put(until, facts->until_us)));
    if (facts->app_id.len) {
        mln_pack_text(&out, MLN_S("api"));
        mln_pack_text(&out, facts->app_id);
        mln_pack_text(&out, MLN_S("srv"));
        mln_pack_raw(&out, facts->releases);
    }
    return mln_buf_finish(&out, ret);
}

/* As types/ae.c does it for the <AE>. */
static mln_err pack_releases(struct mln_exec *e, struct mln_slice *ret)
{
    const struct mln_value *srv = mln_value_get(e->attributes, MLN_S("srv"));
    struct mln_buf out;

    mln_buf_init(&out, e->arena, SIZE_MAX);
    if (srv) {
        mln_pack_value(&out, srv);
    } else {
        mln_pack_array(&out, 1);
        mln_pack_text(&out, e->req.rvi);
    }
    return mln_buf_finish(&out, ret);
}

/* ---- before ---- */

/* What can be known here is known before anything is made there. */
static mln_err check_names(struct mln_exec *e, struct mln_slice stem)
{
    const struct mln_value *rn = mln_value_get(e->attributes, MLN_S("rn"));
    struct mln_resource other;
    mln_err err = mln_store_find(e->view, stem, e->arena, &other);

    if (!mln_failed(err)) {
        mln_fault_set(e->fault, "this AE-ID is registered already");
        MLN_FAIL(REGISTERED);
    }
    if (err.code == MLN_ERR_NOT_FOUND && rn) {
        err = mln_store_child(e->view, e->target.resource.id, rn->text, e->arena, &other);
    }
    if (!mln_failed(err)) {
        mln_fault_set(e->fault, "a resource of that name exists here");
        MLN_FAIL(CONFLICT);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* A name that rule or credential have chosen is asked for; else the IN-CSE chooses. */
static struct mln_slice wish_of(const struct mln_exec *e, struct mln_slice stem)
{
    const struct mln_association *a = mln_proof_of(e->cse, e->peer);
    bool is_bound = e->admission.is_by_rule || (a && a->ae_id_count > 0);

    return mln_admit_assigns(e->req.fr) && !is_bound ? MLN_S("S") : stem;
}

mln_err mln_enrol_prepare(struct mln_exec *e)
{
    const struct mln_association *a = mln_proof_of(e->cse, e->peer);
    struct mln_slice stem = e->admission.stem.len ? e->admission.stem : e->req.fr;
    struct mln_slice in_cse = e->cse->options.registrar.cse_id;
    struct mln_enrolment *n = mln_arena_zalloc(e->arena, 1, sizeof *n);

    MLN_REQUIRE(n, NO_MEMORY);
    e->enrolment = n;
    if (!mln_slice_starts(stem, MLN_S("S"))) {
        return MLN_OK;
    }
    MLN_TRY(check_names(e, stem));
    n->facts = (struct mln_enrol_facts){
        .cse_id = e->cse->names.cse_id,
        .stem = wish_of(e, stem),
        .credential_id = a ? a->credential_id : (struct mln_slice){ 0 },
    };
    n->is_unknown = mln_admit_assigns(n->facts.stem);
    return n->is_unknown ? MLN_OK : mln_ident_join(e->arena, in_cse, stem, &n->address);
}

/* ---- answers ---- */

/* What it says of the AE, and not of us, the AE is told. */
static mln_err refusal(struct mln_exec *e, enum mln_rsc rsc)
{
    static const enum mln_err_code told[] = { MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_REGISTERED,
                                              MLN_ERR_APP_RULE, MLN_ERR_NO_SUBSCRIPTION,
                                              MLN_ERR_NOT_IMPLEMENTED };

    mln_fault_set(e->fault, "the IN-CSE does not register this AE (%d)", (int)rsc);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        mln_err err = { told[i] };

        if (mln_err_rsc(err) == rsc) {
            return err;
        }
    }
    MLN_FAIL(REMOTE_DENIED);
}

/* It may choose what was left to it, and nothing else. */
static mln_err take_stem(struct mln_exec *e, const struct mln_outbound_answer *answer)
{
    struct mln_enrolment *n = e->enrolment;
    const struct mln_value *root =
        answer->pc && answer->pc->kind == MLN_V_OBJECT ? answer->pc->items.first : NULL;
    const struct mln_value *ri = mln_value_get(root, MLN_S("ri"));
    struct mln_slice stem = n->facts.stem;

    if (mln_admit_assigns(stem)) {
        stem = ri && ri->kind == MLN_V_TEXT ? ri->text : (struct mln_slice){ 0 };
    }
    if (!mln_ident_is_stem(stem) || !mln_slice_starts(stem, MLN_S("S")) ||
        stem.len > e->cse->options.limits->identifier_bytes ||
        mln_admit_is_reserved(e->cse, stem)) {
        mln_fault_set(e->fault, "the IN-CSE gave no AE-ID");
        MLN_FAIL(REMOTE_DENIED);
    }
    MLN_REQUIRE(mln_arena_dup(e->arena, stem, &n->stem), NO_MEMORY);
    return MLN_OK;
}

static void take(struct mln_asking *a, struct mln_ask *ask,
                 const struct mln_outbound_answer *answer)
{
    struct mln_exec *e = a->e;
    struct mln_enrolment *n = e->enrolment;
    bool is_done = answer->rsc == MLN_RSC_CREATED || answer->rsc == MLN_RSC_UPDATED;

    (void)ask;
    if (mln_failed(answer->err) || !answer->has_rsc || !mln_rsc_is_final(answer->rsc)) {
        mln_fault_set(e->fault, "the IN-CSE does not answer");
        n->outcome = MLN_ERROR(NOT_REACHABLE);
    } else if (a->op == MLN_OP_UPDATE && (answer->rsc == MLN_RSC_NOT_FOUND ||
                                          answer->rsc == MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE)) {
        n->is_unknown = true; /* what is something else tells the other question */
    } else {
        n->outcome = is_done ? take_stem(e, answer) : refusal(e, answer->rsc);
    }
}

/* ---- asking ---- */

static mln_err ask(struct mln_exec *e);

static void done(struct mln_asking *a)
{
    struct mln_exec *e = a->e;
    struct mln_enrolment *n = e->enrolment;
    mln_err err = n->outcome;

    if (!mln_failed(err) && a->op == MLN_OP_UPDATE && n->is_unknown) {
        err = ask(e);
        if (!mln_failed(err)) {
            return;
        }
    }
    mln_exec_resume(e, err);
}

/* An <AEAnnc> that is there is changed, else one is made. */
static mln_err ask(struct mln_exec *e)
{
    struct mln_enrolment *n = e->enrolment;
    struct mln_asking *a = &n->askings[n->is_unknown];
    const struct mln_value *api = mln_value_get(e->attributes, MLN_S("api"));
    struct mln_value *params = mln_value_new(e->arena, MLN_V_OBJECT);

    MLN_REQUIRE(params, NO_MEMORY);
    n->ask = (struct mln_ask){ .to = n->address };
    if (n->is_unknown) {
        n->facts.app_id = api->text;
        MLN_TRY(pack_releases(e, &n->facts.releases));
        MLN_TRY(mln_ident_join(e->arena, e->cse->options.registrar.cse_id, MLN_S("-"), &n->ask.to));
        MLN_TRY(mln_value_set(params, MLN_S("ty"), mln_value_uint(e->arena, MLN_TY_AEA)));
    }
    *a = (struct mln_asking){ .e = e,
                              .next = &n->ask,
                              .op = n->is_unknown ? MLN_OP_CREATE : MLN_OP_UPDATE,
                              .params = params,
                              .until_us = mln_env_now_us(e->cse->options.env) +
                                          mln_attempt_time(e, e->cse->options.limits->request_ms),
                              .take = take,
                              .done = done };
    n->facts.until_us = a->until_us + UNWRITTEN_US;
    MLN_TRY(mln_ident_join(e->arena, n->facts.cse_id, n->facts.stem, &a->fr));
    a->fr_abroad = a->fr; /* the IN-CSE is of our service provider */
    MLN_TRY(mln_enrol_content(&n->facts, e->arena, &a->content));
    return mln_asking_start(a);
}

mln_err mln_enrol_start(struct mln_exec *e, enum mln_step *ret)
{
    mln_err err;

    *ret = e->enrolment->facts.stem.len ? MLN_STEP_PARKED : MLN_STEP_NEXT;
    if (*ret == MLN_STEP_NEXT) {
        return MLN_OK;
    }
    MLN_TRY(mln_exec_park(e));
    err = ask(e);
    if (mln_failed(err)) {
        mln_exec_resume(e, err);
    }
    return MLN_OK;
}
