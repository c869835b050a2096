/* Asking others before a write. */
#include "cse/pipeline/consult.h"

#include "cse/group/kinds.h"
#include "cse/notify/verify.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/enrol.h"

struct consultation {
    bool (*concerns)(const struct mln_exec *e); /* not any more when they have been asked */
    mln_err (*prepare)(struct mln_exec *e);     /* in a view */
    mln_err (*start)(struct mln_exec *e, enum mln_step *ret);
};

static const struct consultation consultations[] = {
    { mln_verify_concerns, mln_verify_prepare, mln_verify_start },
    { mln_kinds_concerns, mln_kinds_prepare, mln_kinds_start },
    { mln_enrol_concerns, mln_enrol_prepare, mln_enrol_start },
};

static mln_err prepare(struct mln_exec *e, const struct consultation *c)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    mln_err err;

    MLN_TRY(mln_view_begin(e->worker->reader, &view));
    e->view = view;
    err = mln_exec_walk(e, mln_stage_validate);
    if (!mln_failed(err)) {
        err = c->prepare(e);
    }
    e->view = NULL;
    return err;
}

mln_err mln_consult(struct mln_exec *e, enum mln_step *ret)
{
    *ret = MLN_STEP_NEXT;
    for (size_t i = 0; i < sizeof consultations / sizeof *consultations; i++) {
        const struct consultation *c = &consultations[i];

        if (c->concerns(e)) {
            MLN_TRY(prepare(e, c));
            MLN_TRY(c->start(e, ret));
        }
        if (*ret == MLN_STEP_PARKED) {
            return MLN_OK;
        }
    }
    return MLN_OK;
}
