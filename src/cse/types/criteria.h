/* eventNotificationCriteria in requests: what may stand together, and below which resources. The
 * thread of the view. spec: TS-0001 9.6.8, TS-0004 7.4.8.2.1 */
#pragma once

#include "cse/notify/event.h"

/* Criteria (or NULL) that go with this notificationContentType (or NULL), checked by table already.
 * `subject` is the type of the subscribed-to resource, NULL: not known yet.
 * Errors: ATTR_INVALID, LIMIT, NOT_IMPLEMENTED. */
mln_err mln_criteria_check(struct mln_exec *e, const struct mln_value *enc,
                           const struct mln_value *nct, const struct mln_type *subject);

/* Do the criteria (or NULL) name this event type? */
bool mln_criteria_has(const struct mln_value *enc, enum mln_event_type type);

/* The default of notificationContentType. */
uint64_t mln_criteria_content_type(const struct mln_value *enc);
