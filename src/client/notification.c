/* Notifications: what they contain, and the verification requests among them.
 * spec: TS-0004 7.5.1 */
#include "base/rsc.h"
#include "client/client_int.h"

const struct merlon_json *merlon_notification_json(const struct merlon_notification *notification)
{
    return mln_client_json(notification->sgn);
}

static const struct mln_value *event_of(const struct merlon_notification *n)
{
    return mln_value_get(n->sgn, MLN_S("nev"));
}

const struct merlon_json *
merlon_notification_representation(const struct merlon_notification *notification)
{
    return mln_client_json(mln_value_get(event_of(notification), MLN_S("rep")));
}

int merlon_notification_event(const struct merlon_notification *notification)
{
    uint64_t event = 0;

    return mln_value_u64(mln_value_get(event_of(notification), MLN_S("net")), &event) &&
                   event <= INT16_MAX
               ? (int)event
               : 0;
}

static bool is_true(const struct mln_value *sgn, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(sgn, name);

    return v && v->kind == MLN_V_BOOL && v->boolean;
}

bool merlon_notification_is_deletion(const struct merlon_notification *notification)
{
    return is_true(notification->sgn, MLN_S("sud"));
}

const char *merlon_notification_subscription(const struct merlon_notification *notification)
{
    const struct mln_value *sur = mln_value_get(notification->sgn, MLN_S("sur"));

    return sur && sur->kind == MLN_V_TEXT ? sur->text.ptr : "";
}

const char *merlon_notification_originator(const struct merlon_notification *notification)
{
    return notification->originator;
}

/* ---- taking ---- */

/* One m2m:sgn. spec: TS-0004 7.5.1.2.3: a verification request is confirmed and nothing else */
static int take_one(const struct mln_value *sgn, const char *originator, merlon_notified *notified,
                    void *data)
{
    struct merlon_notification notification = { sgn, originator };
    int rsc;

    if (sgn->kind != MLN_V_OBJECT) {
        return MLN_RSC_BAD_REQUEST;
    }
    if (is_true(sgn, MLN_S("vrq"))) {
        return MLN_RSC_OK;
    }
    rsc = notified(data, &notification);
    return rsc ? rsc : MLN_RSC_OK;
}

/* The notifications of one message; the first that is refused decides. */
static int take_all(const struct mln_value *list, const char *originator, merlon_notified *notified,
                    void *data)
{
    int first = MLN_RSC_OK;

    for (const struct mln_value *sgn = list->items.first; sgn; sgn = sgn->next) {
        int rsc = take_one(sgn, originator, notified, data);

        if (merlon_rsc_is_success(first)) {
            first = rsc;
        }
    }
    return first;
}

/* With and without the prefix: some CSEs leave it out inside. */
static const struct mln_value *member(const struct mln_value *object, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(object, name);

    return v ? v : mln_value_get(object, mln_slice_from(name, 4));
}

int mln_client_take_notification(const struct mln_value *content, const char *originator,
                                 merlon_notified *notified, void *data)
{
    const struct mln_value *aggregate = member(content, MLN_S("m2m:agn"));
    const struct mln_value *sgn = member(aggregate ? aggregate : content, MLN_S("m2m:sgn"));

    if (!sgn) {
        return MLN_RSC_BAD_REQUEST;
    }
    if (sgn->kind == MLN_V_ARRAY) {
        return take_all(sgn, originator, notified, data);
    }
    return take_one(sgn, originator, notified, data);
}
