/* What eventNotificationCriteria may say. */
#include "cse/types/criteria.h"

/* spec: TS-0001 table 9.6.8-4: notificationContentTypes of each event type, as bits, and the
 * default */
static const struct {
    uint8_t allowed;
    uint8_t usual;
} contents[] = {
    [MLN_EVENT_UPDATE] = { 1 << 1 | 1 << 2 | 1 << 3, 1 },
    [MLN_EVENT_DELETE] = { 1 << 1 | 1 << 3, 1 },
    [MLN_EVENT_CHILD_CREATED] = { 1 << 1 | 1 << 3, 1 },
    [MLN_EVENT_CHILD_DELETED] = { 1 << 1 | 1 << 3, 1 },
    [MLN_EVENT_EMPTY_RETRIEVED] = { 1 << 1 | 1 << 3, 1 },
    [MLN_EVENT_BLOCKING_UPDATE] = { 1 << 2, 2 },
    [MLN_EVENT_MISSING_DATA] = { 1 << 5, 5 },
};

/* The table has no column for operationMonitor: what shows the subscribed-to resource itself.
 * docs/decisions/0032 */
enum { MONITORED = 1 << 1 | 1 << 3 };

enum { EVENTS = sizeof contents / sizeof contents[0], CONTENTS_MAX = 7 };

static const struct mln_value *first_type(const struct mln_value *enc)
{
    const struct mln_value *net = mln_value_get(enc, MLN_S("net"));

    return net ? net->items.first : NULL;
}

bool mln_criteria_has(const struct mln_value *enc, enum mln_event_type type)
{
    for (const struct mln_value *v = first_type(enc); v; v = v->next) {
        if (v->magnitude == type) {
            return true;
        }
    }
    return false;
}

uint64_t mln_criteria_content_type(const struct mln_value *enc)
{
    const struct mln_value *v = first_type(enc);

    return contents[v && v->magnitude < EVENTS ? v->magnitude : MLN_EVENT_UPDATE].usual;
}

static mln_err check_event_types(struct mln_exec *e, const struct mln_value *enc)
{
    for (const struct mln_value *v = first_type(enc); v; v = v->next) {
        uint64_t n;

        if (!mln_value_u64(v, &n) || n >= EVENTS || !contents[n].allowed) {
            mln_fault_set(e->fault, "enc: net: triggers are not implemented");
            MLN_FAIL(NOT_IMPLEMENTED);
        }
    }
    return MLN_OK;
}

/* spec: TS-0001 9.6.8: event types that stand alone, and those that exist below one type only */
static mln_err check_combination(struct mln_exec *e, const struct mln_value *enc,
                                 const struct mln_type *subject)
{
    const struct mln_value *net = mln_value_get(enc, MLN_S("net"));

    if (net && net->items.count > 1 &&
        (mln_criteria_has(enc, MLN_EVENT_BLOCKING_UPDATE) ||
         mln_criteria_has(enc, MLN_EVENT_MISSING_DATA))) {
        mln_fault_set(e->fault, "enc: net: types 7 and 8 go with no other type");
        MLN_FAIL(ATTR_INVALID);
    }
    if (subject && subject->ty != MLN_TY_CNT && mln_criteria_has(enc, MLN_EVENT_EMPTY_RETRIEVED)) {
        mln_fault_set(e->fault, "enc: net: type 5 exists below a container only");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* spec: TS-0004 6.3.5.57: at least one of both is present */
static mln_err check_monitor(struct mln_exec *e, const struct mln_value *monitor)
{
    const struct mln_value *id = mln_value_get(monitor, MLN_S("or"));
    struct mln_entity unused;

    if (!id && !mln_value_get(monitor, MLN_S("ops"))) {
        mln_fault_set(e->fault, "enc: om: neither ops nor or");
        MLN_FAIL(ATTR_INVALID);
    }
    if (id && !mln_entity_parse(id->text, &e->cse->names, &unused)) {
        mln_fault_set(e->fault, "enc: om: or: neither AE-ID nor CSE-ID");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.8.2.1, 7.4.8.2.3 */
static mln_err check_monitors(struct mln_exec *e, const struct mln_value *enc)
{
    const struct mln_value *om = mln_value_get(enc, MLN_S("om"));

    if (!om) {
        return MLN_OK;
    }
    if (mln_value_get(enc, MLN_S("net"))) {
        mln_fault_set(e->fault, "enc: net and om exclude each other");
        MLN_FAIL(ATTR_INVALID);
    }
    if (om->items.count == 0) {
        mln_fault_set(e->fault, "enc: om: monitors nothing");
        MLN_FAIL(ATTR_INVALID);
    }
    if (om->items.count > e->cse->options.limits->monitors) {
        mln_fault_set(e->fault, "enc: om: more than the limit 'monitors'");
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = om->items.first; v; v = v->next) {
        MLN_TRY(check_monitor(e, v));
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.8.2.1: only types that can be children here, when it is known where */
static mln_err check_child_types(struct mln_exec *e, const struct mln_value *chty,
                                 const struct mln_type *subject)
{
    for (const struct mln_value *v = chty && subject ? chty->items.first : NULL; v; v = v->next) {
        uint64_t ty;

        if (!mln_value_u64(v, &ty) || !mln_model_may_contain(subject, (uint16_t)ty)) {
            mln_fault_set(e->fault, "enc: chty: not a child type of %s", subject->long_name);
            MLN_FAIL(ATTR_INVALID);
        }
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.8.2.1, TS-0001 9.6.8: event type 8 needs missingData, which exists below a
 * <timeSeries> only */
static mln_err check_missing_data(struct mln_exec *e, const struct mln_value *enc,
                                  const struct mln_type *subject)
{
    const struct mln_value *md = mln_value_get(enc, MLN_S("md"));
    bool reports = mln_criteria_has(enc, MLN_EVENT_MISSING_DATA);
    uint64_t number;

    if (reports && !md) {
        mln_fault_set(e->fault, "enc: net: event type 8 goes with md");
        MLN_FAIL(ATTR_INVALID);
    }
    if ((reports || md) && subject && subject->ty != MLN_TY_TS) {
        mln_fault_set(e->fault, "enc: missing data exist below a timeSeries only");
        MLN_FAIL(ATTR_INVALID);
    }
    if (md && (!mln_value_u64(mln_value_get(md, MLN_S("num")), &number) ||
               number > e->cse->options.limits->missing_data)) {
        mln_fault_set(e->fault, "enc: md: num: greater than the limit 'missing_data'");
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.8.2.1: of the conditions only the attributes */
static mln_err check_blocking(struct mln_exec *e, const struct mln_value *enc)
{
    if (!mln_criteria_has(enc, MLN_EVENT_BLOCKING_UPDATE)) {
        return MLN_OK;
    }
    for (const struct mln_value *v = enc->items.first; v; v = v->next) {
        if (!mln_slice_eq(v->name, MLN_S("net")) && !mln_slice_eq(v->name, MLN_S("atr"))) {
            mln_fault_set(e->fault, "enc: %.*s: not with event type 7", MLN_S_ARG(v->name));
            MLN_FAIL(ATTR_INVALID);
        }
    }
    return MLN_OK;
}

/* spec: TS-0001 table 9.6.8-4; without an event type it is an update */
static mln_err check_content_type(struct mln_exec *e, const struct mln_value *nct,
                                  const struct mln_value *enc)
{
    const struct mln_value *v = first_type(enc);
    uint8_t allowed = v ? UINT8_MAX : contents[MLN_EVENT_UPDATE].allowed;

    allowed = mln_value_get(enc, MLN_S("om")) ? MONITORED : allowed;
    if (!nct || nct->kind != MLN_V_INT) {
        return MLN_OK;
    }
    for (; v; v = v->next) {
        allowed &= contents[v->magnitude].allowed;
    }
    if (nct->magnitude > CONTENTS_MAX || !(allowed >> nct->magnitude & 1)) {
        mln_fault_set(e->fault, "nct: not valid for these event types");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

mln_err mln_criteria_check(struct mln_exec *e, const struct mln_value *enc,
                           const struct mln_value *nct, const struct mln_type *subject)
{
    MLN_TRY(check_event_types(e, enc));
    MLN_TRY(check_combination(e, enc, subject));
    MLN_TRY(check_monitors(e, enc));
    MLN_TRY(check_child_types(e, mln_value_get(enc, MLN_S("chty")), subject));
    MLN_TRY(check_missing_data(e, enc, subject));
    MLN_TRY(check_blocking(e, enc));
    return check_content_type(e, nct, enc);
}
