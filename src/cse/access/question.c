/* Reading the question of `merlon access explain`. */
#include "cse/access/question.h"

#include "base/num.h"
#include "base/timestamp.h"
#include "model/special.h"

enum { DISCOVER = MLN_OP_NOTIFY + 1 };

static const struct mln_slice operations[] = {
    [MLN_OP_CREATE] = { "create", 6 }, [MLN_OP_RETRIEVE] = { "retrieve", 8 },
    [MLN_OP_UPDATE] = { "update", 6 }, [MLN_OP_DELETE] = { "delete", 6 },
    [MLN_OP_NOTIFY] = { "notify", 6 }, [DISCOVER] = { "discover", 8 },
};

struct mln_slice mln_question_operation(const struct mln_question *question)
{
    return operations[question->is_discovery ? DISCOVER : (int)question->op];
}

static bool take_originator(struct mln_question *q, struct mln_slice value, int64_t now_us)
{
    (void)now_us;
    q->originator = value;
    return value.len > 0;
}

static bool take_operation(struct mln_question *q, struct mln_slice value, int64_t now_us)
{
    (void)now_us;
    for (int op = MLN_OP_CREATE; op <= DISCOVER; op++) {
        if (mln_slice_eq(operations[op], value)) {
            q->is_discovery = op == DISCOVER;
            q->op = q->is_discovery ? MLN_OP_RETRIEVE : (enum mln_op)op;
            return true;
        }
    }
    return false;
}

static bool take_type(struct mln_question *q, struct mln_slice value, int64_t now_us)
{
    uint64_t ty;

    (void)now_us;
    if (!mln_num_u64(value, &ty) || !mln_model_type(ty)) {
        return false;
    }
    q->ty = (uint16_t)ty;
    return true;
}

static bool take_attributes(struct mln_question *q, struct mln_slice value, int64_t now_us)
{
    struct mln_slice rest = value;
    bool is_good = true;

    (void)now_us;
    while (rest.ptr && is_good) {
        is_good = mln_special_is_attribute(mln_slice_cut(&rest, ','));
    }
    q->attributes = value;
    return is_good;
}

static bool take_address(struct mln_question *q, struct mln_slice value, int64_t now_us)
{
    struct mln_fault unused = { 0 };

    (void)now_us;
    q->has_address = true;
    return !mln_failed(mln_ip_parse(value, &q->address, &unused));
}

static bool take_time(struct mln_question *q, struct mln_slice value, int64_t now_us)
{
    q->has_time = true;
    q->time_us = now_us;
    return mln_slice_eq(value, MLN_S("now")) || mln_timestamp_parse(value, &q->time_us);
}

static bool take_authenticated(struct mln_question *q, struct mln_slice value, int64_t now_us)
{
    (void)now_us;
    q->is_authenticated = true;
    return mln_slice_eq(value, MLN_S("true"));
}

static const struct {
    struct mln_slice name;
    bool (*take)(struct mln_question *q, struct mln_slice value, int64_t now_us);
} parts[] = {
    { { "originator", 10 }, take_originator },
    { { "operation", 9 }, take_operation },
    { { "type", 4 }, take_type },
    { { "attributes", 10 }, take_attributes },
    { { "address", 7 }, take_address },
    { { "time", 4 }, take_time },
    { { "authenticated", 13 }, take_authenticated },
};

enum { PARTS = sizeof parts / sizeof *parts };

static mln_err refuse(struct mln_fault *fault, const char *what, struct mln_slice part)
{
    mln_fault_set(fault, "explain: %.*s %s", MLN_S_ARG(mln_slice_head(part, 64)), what);
    MLN_FAIL(PARAM_INVALID);
}

static mln_err take_part(struct mln_question *q, struct mln_slice part, int64_t now_us,
                         unsigned *seen, struct mln_fault *fault)
{
    struct mln_slice value = part;
    struct mln_slice name = mln_slice_trim(mln_slice_cut(&value, '='));

    for (unsigned i = 0; i < PARTS; i++) {
        if (!mln_slice_eq(parts[i].name, name)) {
            continue;
        }
        if (*seen & 1U << i) {
            return refuse(fault, "given twice", name);
        }
        *seen |= 1U << i;
        return value.ptr && parts[i].take(q, mln_slice_trim(value), now_us)
                   ? MLN_OK
                   : refuse(fault, "invalid", name);
    }
    return refuse(fault, "not known", name);
}

/* Parts that only some operations have. */
static mln_err check(const struct mln_question *q, struct mln_fault *fault)
{
    if (!q->originator.len || !q->op) {
        mln_fault_set(fault, "explain: %s missing", q->op ? "originator" : "operation");
        MLN_FAIL(PARAM_MISSING);
    }
    if (q->op == MLN_OP_CREATE && !q->ty) {
        mln_fault_set(fault, "explain: type missing");
        MLN_FAIL(PARAM_MISSING);
    }
    if (q->op != MLN_OP_CREATE && q->ty) {
        return refuse(fault, "belongs to create", MLN_S("type"));
    }
    if (q->op != MLN_OP_UPDATE && q->attributes.len) {
        return refuse(fault, "belong to update", MLN_S("attributes"));
    }
    return MLN_OK;
}

mln_err mln_question_read(struct mln_slice text, int64_t now_us, struct mln_question *ret,
                          struct mln_fault *fault)
{
    struct mln_question q = { 0 };
    unsigned seen = 0;

    while (text.ptr) {
        struct mln_slice part = mln_slice_trim(mln_slice_cut(&text, ';'));

        if (part.len) {
            MLN_TRY(take_part(&q, part, now_us, &seen, fault));
        }
    }
    MLN_TRY(check(&q, fault));
    *ret = q;
    return MLN_OK;
}
