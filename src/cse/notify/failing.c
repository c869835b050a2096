/* What the log says of deliveries. */
#include "cse/notify/failing.h"

#include "cse/notify/duties_int.h"

void mln_failing_say(const struct mln_failing_entry *e, enum mln_log_level level, const char *what,
                     int status)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    struct mln_cse *cse = e->duties->cse;
    struct mln_slice name = MLN_S("a subscription");

    if (!mln_log_enabled(level)) {
        return;
    }
    if (!mln_failed(mln_view_begin(e->duties->worker->reader, &view))) {
        struct mln_lookup lookup = { cse, view, e->arena, mln_env_now_us(cse->options.env) };

        name = mln_outbox_name(&lookup, e->lane.subscription);
    }
    if (status) {
        mln_log(level, "notify", "%.*s to %.*s: %s, status %d", MLN_S_ARG(name),
                MLN_S_ARG(e->target), what, status);
    } else {
        mln_log(level, "notify", "%.*s to %.*s: %s", MLN_S_ARG(name), MLN_S_ARG(e->target), what);
    }
}

static struct mln_lane *place_of(struct mln_failing *f, struct mln_lane lane)
{
    return &f->places[(lane.subscription ^ (lane.subscription >> 12) ^ lane.number) %
                      MLN_FAILING_PLACES];
}

void mln_failing_tell(struct mln_failing *f, const struct mln_failing_entry *e,
                      const struct mln_outbound_answer *answer, bool is_over)
{
    struct mln_lane *place = place_of(f, e->lane);
    bool was_failing =
        place->subscription == e->lane.subscription && place->number == e->lane.number;
    bool was_taken = mln_attempt_succeeded(answer);

    if (was_taken && was_failing) {
        mln_failing_say(e, MLN_LOG_INFO, "delivered again", 0);
        *place = (struct mln_lane){ 0 };
    }
    if (!was_taken) {
        mln_failing_say(e, was_failing ? MLN_LOG_DEBUG : MLN_LOG_INFO,
                        mln_failed(answer->err) ? mln_err_text(answer->err)
                        : is_over               ? "refused, dropped"
                                                : "refused",
                        answer->transport_status);
        *place = e->lane;
    }
}
