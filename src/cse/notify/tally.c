/* Notification statistics. */
#include "cse/notify/tally.h"

#include "cse/outbound.h"
#include "cse/pipeline/draft.h"

void mln_tally_add(struct mln_tally *t, const struct mln_outbound_answer *answer)
{
    bool is_answered = !mln_failed(answer->err);

    t->requests += is_answered || answer->was_sent;
    t->responses += is_answered;
}

/* ---- the list ---- */

static const struct mln_value *member_of(const struct mln_value *list, struct mln_slice target)
{
    const struct mln_value *v = list ? list->items.first : NULL;

    while (v && !mln_slice_eq(mln_value_get(v, MLN_S("tg"))->text, target)) {
        v = v->next;
    }
    return v;
}

static mln_err make_member(struct mln_arena *arena, struct mln_slice target, struct mln_value **ret)
{
    static const struct mln_slice figures[] = { { "rqs", 3 }, { "rsr", 3 }, { "noec", 4 } };
    struct mln_value *v = mln_value_new(arena, MLN_V_OBJECT);

    MLN_REQUIRE(v, NO_MEMORY);
    MLN_TRY(mln_value_set(v, MLN_S("tg"), mln_value_text(arena, target)));
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        MLN_TRY(mln_value_set(v, figures[i], mln_value_uint(arena, 0)));
    }
    *ret = v;
    return MLN_OK;
}

/* A member for each target, with the figures that `before` has for it. */
static mln_err make_list(struct mln_arena *arena, const struct mln_value *targets,
                         const struct mln_value *before, struct mln_value **ret)
{
    struct mln_value *list = mln_value_new(arena, MLN_V_ARRAY);

    MLN_REQUIRE(list, NO_MEMORY);
    for (const struct mln_value *v = targets ? targets->items.first : NULL; v; v = v->next) {
        const struct mln_value *known = member_of(before, v->text);
        struct mln_value *member;

        if (member_of(list, v->text)) {
            continue; /* named twice */
        }
        if (known) {
            member = mln_draft_copy(arena, known);
            MLN_REQUIRE(member, NO_MEMORY);
        } else {
            MLN_TRY(make_member(arena, v->text, &member));
        }
        MLN_TRY(mln_value_append(list, member));
    }
    *ret = list;
    return MLN_OK;
}

/* As long as the switch is there, on or off. */
static mln_err renew(struct mln_arena *arena, struct mln_value *attributes, bool is_cleared)
{
    struct mln_value *before = mln_value_take(attributes, MLN_S("nsi"));
    struct mln_value *list;

    if (!mln_value_get(attributes, MLN_S("nse"))) {
        return MLN_OK;
    }
    MLN_TRY(make_list(arena, mln_value_get(attributes, MLN_S("nu")), is_cleared ? NULL : before,
                      &list));
    return mln_value_set(attributes, MLN_S("nsi"), list);
}

mln_err mln_tally_set(const struct mln_exec *e, struct mln_draft *d)
{
    const struct mln_value *nse = mln_value_get(e->attributes, MLN_S("nse"));

    return renew(e->arena, d->attributes, nse && nse->kind == MLN_V_BOOL && nse->boolean);
}

mln_err mln_tally_follow(struct mln_arena *arena, struct mln_value *attributes)
{
    return renew(arena, attributes, false);
}

/* ---- counting ---- */

bool mln_tally_is_on(struct mln_slice attrs)
{
    bool is_on = false;

    (void)mln_pack_find_bool(attrs, MLN_S("nse"), &is_on);
    return is_on;
}

static void count(const struct mln_value *member, struct mln_slice name, uint64_t more)
{
    struct mln_value *figure = mln_value_get(member, name);

    if (figure) {
        figure->magnitude += more;
    }
}

/* The figures of a subscription, to be changed. */
struct account {
    struct mln_resource sub;
    struct mln_value *attributes;
    struct mln_value *list; /* NULL: it does not count */
};

static mln_err open_account(const struct mln_change *c, uint64_t id, struct account *ret)
{
    mln_err err = mln_store_get(c->view, id, c->arena, &ret->sub);

    *ret = (struct account){ .sub = ret->sub };
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (!mln_tally_is_on(ret->sub.attrs)) {
        return MLN_OK;
    }
    MLN_TRY(mln_pack_to_value(ret->sub.attrs, c->arena, &ret->attributes));
    ret->list = mln_value_get(ret->attributes, MLN_S("nsi"));
    return MLN_OK;
}

static mln_err store(const struct mln_change *c, const struct account *a)
{
    struct mln_resource changed = a->sub;
    struct mln_buf buf;

    mln_buf_init(&buf, c->arena, SIZE_MAX);
    mln_pack_value(&buf, a->attributes);
    MLN_TRY(mln_buf_finish(&buf, &changed.attrs));
    return mln_store_put(c->write, &a->sub, &changed);
}

mln_err mln_tally_event(const struct mln_change *c, uint64_t subscription)
{
    struct account a = { 0 };

    MLN_TRY(open_account(c, subscription, &a));
    if (!a.list) {
        return MLN_OK;
    }
    for (const struct mln_value *v = a.list->items.first; v; v = v->next) {
        count(v, MLN_S("noec"), 1);
    }
    return store(c, &a);
}

/* A lane is a place among the targets. */
static struct mln_slice target_at(const struct mln_value *attributes, uint16_t place)
{
    const struct mln_value *list = mln_value_get(attributes, MLN_S("nu"));
    const struct mln_value *v = list ? list->items.first : NULL;

    while (v && place) {
        v = v->next;
        place--;
    }
    return v ? v->text : (struct mln_slice){ 0 };
}

mln_err mln_tally_sent(const struct mln_change *c, struct mln_lane lane,
                       const struct mln_tally *tally)
{
    struct account a = { 0 };
    const struct mln_value *member;

    MLN_TRY(open_account(c, lane.subscription, &a));
    member = a.list ? member_of(a.list, target_at(a.attributes, lane.number)) : NULL;
    if (!member) {
        return MLN_OK;
    }
    count(member, MLN_S("rqs"), tally->requests);
    count(member, MLN_S("rsr"), tally->responses);
    return store(c, &a);
}
