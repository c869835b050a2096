/* Carrying out <action>s: a request in the name of the action's creator.
 *
 * What an event triggers waits in an alarm of the action that is due now, so that the event is not
 * held up and a restart loses nothing. When it rings, the creator's privileges and the dependencies
 * are looked at as they are then; the request, its result, and the end of the waiting are one
 * transaction: it is carried out once, whenever the server ends. Periodic evaluation is another
 * alarm.
 *
 * Each waiting trigger knows how many actions led to it; beyond the limit 'action_chain' none
 * follows, so loops end. The thread of the view.
 * spec: TS-0001 9.6.61, 10.2.21, Release 4; docs/decisions/0044, docs/internals/actions.md */
#pragma once

#include "cse/notify/alarm.h"
#include "model/primitive.h"

/* m2m:evalMode */
enum mln_eval_mode {
    MLN_EVAL_OFF = 0,
    MLN_EVAL_ONCE = 1,
    MLN_EVAL_PERIODIC = 2,
    MLN_EVAL_CONTINUOUS = 3,
};

/* How often an action in continuous mode is carried out when evalControlParam does not say. */
#define MLN_ACT_FOREVER UINT64_MAX

/* Internal id of the <AE> of that name; 0: none is registered here. It is kept in `st` of an
 * action: who registers under the name of its creator later is somebody else. Errors: STORE_*,
 * NO_MEMORY. */
mln_err mln_act_registration(struct mln_view *view, struct mln_slice name, struct mln_arena *arena,
                             uint64_t *ret);

/* Its criteria hold after a change of the subject. `rank` orders the actions that one event
 * triggers. Errors: STORE_*, NO_MEMORY. */
mln_err mln_act_trigger(const struct mln_change *c, uint64_t subject, uint64_t action,
                        int64_t rank);

/* Begins the evaluation in periods of so many milliseconds. Errors: STORE_*, NO_MEMORY. */
mln_err mln_act_begin_periods(const struct mln_change *c, uint64_t subject, uint64_t action,
                              uint64_t period_ms);

/* What waits is dropped. Errors: STORE_*. */
mln_err mln_act_clear(const struct mln_change *c, uint64_t action);

/* The hook `alarm` of the type. Errors: STORE_*, NO_MEMORY. */
mln_err mln_act_alarm(const struct mln_change *c, const struct mln_resource *action,
                      const struct mln_alarm *alarm);

/* Period of packed attributes, in milliseconds. */
uint64_t mln_act_period_ms(struct mln_slice attrs);

/* The request of an actionPrimitive, which goes to `object`. Errors: as mln_request_read. */
mln_err mln_act_read(const struct mln_lookup *l, struct mln_value *primitive,
                     struct mln_slice object, struct mln_request *ret, struct mln_fault *fault);

/* Can a CSE carry it out by itself, without waiting for anybody? Errors: NOT_IMPLEMENTED, STORE_*,
 * NO_MEMORY. */
mln_err mln_act_check(const struct mln_lookup *l, const struct mln_request *req,
                      struct mln_fault *fault);
