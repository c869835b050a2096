/* <execInstance>: one execution of a <mgmtCmd>, made by this CSE only.
 *
 * It waits for its delay. Then a management session would begin, for which there is no protocol
 * here: so it ends. spec: TS-0004 7.4.17, TS-0001 9.6.17 */
#include "cse/types/exin.h"

#include "cse/notify/alarm.h"
#include "cse/notify/fresh.h"
#include "cse/pipeline/draft.h"

/* m2m:execStatusType, m2m:execResultType. spec: TS-0004 6.3.4.2.15, 6.3.4.2.16 */
enum { INITIATED = 1, FINISHED = 3, CANCELLED = 5 };
enum { UNSUPPORTED_PROTOCOL = 9, NOT_FINISHED = 31 };

/* What it takes over. spec: TS-0004 7.4.16.2.3.2; the policies: docs/decisions/0036 */
static const char *const copied[] = { "exm", "exf", "exy", "exn", "exra", "acpi" };

static mln_err pack_attributes(struct mln_exec *e, const struct mln_resource *command,
                               struct mln_slice target, struct mln_slice *ret)
{
    struct mln_value *all;
    struct mln_value *own = mln_value_new(e->arena, MLN_V_OBJECT);
    struct mln_buf buf;

    MLN_REQUIRE(own, NO_MEMORY);
    MLN_TRY(mln_pack_to_value(command->attrs, e->arena, &all));
    MLN_TRY(mln_value_set(own, MLN_S("exs"), mln_value_uint(e->arena, INITIATED)));
    MLN_TRY(mln_value_set(own, MLN_S("exr"), mln_value_uint(e->arena, NOT_FINISHED)));
    MLN_TRY(mln_value_set(own, MLN_S("ext"), mln_value_text(e->arena, target)));
    for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++) {
        struct mln_slice name = mln_slice_z(copied[i]);
        struct mln_value *v = mln_value_take(all, name);

        if (v) {
            MLN_TRY(mln_value_set(own, name, v));
        }
    }
    mln_buf_init(&buf, e->arena, SIZE_MAX);
    mln_pack_value(&buf, own);
    return mln_buf_finish(&buf, ret);
}

mln_err mln_exin_make(struct mln_exec *e, const struct mln_resource *command,
                      struct mln_slice target, int64_t due_us)
{
    struct mln_change c = mln_exec_change(e, command->lt);
    char *ri = mln_arena_alloc(e->arena, MLN_RI_SIZE);
    struct mln_resource r = {
        .ty = MLN_TY_EXIN,
        .parent = command->id,
        .pi = command->ri,
        .ct = command->lt,
        .lt = command->lt,
        .et = command->et,
        .cr = command->cr,
    };
    struct mln_alarm alarm = { .kind = MLN_ALARM_EXECUTION, .due_us = due_us };
    struct mln_event event = { .type = MLN_EVENT_CHILD_CREATED, .subject = command, .about = &r };

    MLN_REQUIRE(ri, NO_MEMORY);
    MLN_TRY(pack_attributes(e, command, target, &r.attrs));
    MLN_TRY(mln_store_new_id(c.write, MLN_S("exin"), &r.id, ri, &r.ri.len));
    r.ri.ptr = ri;
    MLN_TRY(mln_store_put(c.write, NULL, &r));
    r.rn = r.ri;
    alarm.id = r.id;
    mln_fresh_expiry(e->cse->fresh, r.et);
    MLN_TRY(mln_alarm_set(&c, &alarm));
    return mln_event_publish(&c, &event);
}

/* ---- the end ---- */

static bool is_waiting(const struct mln_resource *r)
{
    uint64_t status = 0;

    return mln_pack_find_u64(r->attrs, MLN_S("exs"), &status) && status == INITIATED;
}

/* The delay is over. spec: TS-0004 7.4.16.2.3.2 */
static mln_err ring(const struct mln_change *c, const struct mln_resource *r,
                    const struct mln_alarm *alarm)
{
    static const struct mln_slice names[] = { { "exs", 3 }, { "exr", 3 } };
    static const struct mln_selection modified = { names, 2 };
    struct mln_resource after = *r;
    struct mln_event event = {
        .type = MLN_EVENT_UPDATE, .subject = &after, .about = &after, .modified = &modified
    };
    struct mln_value *attributes;
    struct mln_buf buf;

    (void)alarm;
    if (!is_waiting(r)) {
        return MLN_OK;
    }
    MLN_TRY(mln_pack_to_value(r->attrs, c->arena, &attributes));
    for (size_t i = 0; i < 2; i++) {
        (void)mln_value_take(attributes, names[i]);
    }
    MLN_TRY(mln_value_set(attributes, names[0], mln_value_uint(c->arena, FINISHED)));
    MLN_TRY(mln_value_set(attributes, names[1], mln_value_uint(c->arena, UNSUPPORTED_PROTOCOL)));
    mln_buf_init(&buf, c->arena, SIZE_MAX);
    mln_pack_value(&buf, attributes);
    MLN_TRY(mln_buf_finish(&buf, &after.attrs));
    after.lt = c->now_us;
    MLN_TRY(mln_store_put(c->write, r, &after));
    return mln_event_publish(c, &event);
}

/* ---- cancelling ---- */

/* spec: TS-0004 7.4.17.2.1: writing execDisable, whatever the value, cancels */
static mln_err validate_update(struct mln_exec *e)
{
    if (mln_value_get(e->attributes, MLN_S("exd")) && !is_waiting(&e->target.resource)) {
        MLN_FAIL(COMPLETE);
    }
    return MLN_OK;
}

static mln_err perform_update(struct mln_exec *e, struct mln_draft *d)
{
    return mln_value_get(e->attributes, MLN_S("exd"))
               ? mln_draft_set(d, MLN_S("exs"), mln_value_uint(e->arena, CANCELLED))
               : MLN_OK;
}

static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    return mln_value_get(e->attributes, MLN_S("exd"))
               ? mln_alarm_clear(&c, d->resource.id, MLN_ALARM_EXECUTION)
               : MLN_OK;
}

static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    return mln_alarm_clear(c, r->id, MLN_ALARM_EXECUTION);
}

const struct mln_type_ops mln_exin_ops = {
    .ty = MLN_TY_EXIN,
    .operations = MLN_OPS_CRUD & ~(1 << MLN_OP_CREATE),
    .update = { .validate = validate_update, .perform = perform_update, .finish = finish_update },
    .removed = removed,
    .alarm = ring,
};
