/* Evaluation of Filter Criteria. */
#include "model/match.h"

#include "base/num.h"
#include "base/timestamp.h"
#include "model/content_info.h"
#include "model/filter_int.h"
#include "model/ident.h"
#include "model/model.h"
#include "model/pack.h"
#include "model/special.h"

/* ---- numbers and points in time ---- */

/* The value of a numeric attribute, wherever it lives; false when the resource has none. */
static bool number_of(const struct mln_resource *r, struct mln_slice name, uint64_t *ret)
{
    const struct mln_type *type = mln_model_type(r->ty);
    const struct mln_attribute *a = type ? mln_model_attribute(type, name) : NULL;

    if (!a) {
        return false;
    }
    if (a->slot == MLN_SLOT_ATTRS) {
        return mln_pack_find_u64(r->attrs, name, ret);
    }
    *ret = a->slot == MLN_SLOT_ST ? r->st : a->slot == MLN_SLOT_BYTES ? r->bytes : r->count;
    return true;
}

static bool expires(const struct mln_resource *r)
{
    const struct mln_type *type = mln_model_type(r->ty);

    return type && type->has_et;
}

/* spec: TS-0004 7.3.3.17.1 to .4 and .7: '<' for upper bounds, '<=' for lower ones */
static bool range_holds(const struct mln_filter_condition *c, const struct mln_resource *r)
{
    uint64_t n;

    switch (c->kind) {
    case MLN_FILTER_CREATED_BEFORE:
        return r->ct < c->us;
    case MLN_FILTER_CREATED_AFTER:
        return c->us <= r->ct;
    case MLN_FILTER_MODIFIED_SINCE:
        return c->us <= r->lt;
    case MLN_FILTER_UNMODIFIED_SINCE:
        return r->lt < c->us;
    case MLN_FILTER_EXPIRE_BEFORE:
        return expires(r) && r->et < c->us;
    case MLN_FILTER_EXPIRE_AFTER:
        return expires(r) && c->us <= r->et;
    case MLN_FILTER_STATE_SMALLER:
        return number_of(r, MLN_S("st"), &n) && n < c->number;
    case MLN_FILTER_STATE_BIGGER:
        return number_of(r, MLN_S("st"), &n) && c->number <= n;
    case MLN_FILTER_SIZE_ABOVE:
        return number_of(r, MLN_S("cs"), &n) && c->number <= n;
    case MLN_FILTER_SIZE_BELOW:
        return number_of(r, MLN_S("cs"), &n) && n < c->number;
    case MLN_FILTER_TYPES:
    case MLN_FILTER_LABELS:
    case MLN_FILTER_LABELS_QUERY:
    case MLN_FILTER_CONTENT_TYPE:
    case MLN_FILTER_ATTRIBUTES:
    case MLN_FILTER_GEOGRAPHY:
    case MLN_FILTER_CONTENT:
    case MLN_FILTER_SEMANTICS:
        break;
    }
    return false;
}

/* ---- lists ---- */

static bool type_is_listed(const struct mln_filter_condition *c, uint16_t ty)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->types[i] == ty) {
            return true;
        }
    }
    return false;
}

static bool text_is_listed(const struct mln_filter_condition *c, struct mln_slice text)
{
    for (size_t i = 0; i < c->count; i++) {
        if (mln_slice_eq(c->texts[i], text)) {
            return true;
        }
    }
    return false;
}

/* The packed list, or empty. */
static struct mln_slice labels_of(const struct mln_resource *r)
{
    struct mln_slice labels;

    return mln_pack_find(r->attrs, MLN_S("lbl"), &labels) ? labels : (struct mln_slice){ 0 };
}

static bool labels_hold(const struct mln_filter_condition *c, const struct mln_resource *r)
{
    struct mln_walk w;

    for (mln_walk_begin(&w, labels_of(r)); mln_walk_next(&w);) {
        struct mln_slice label;

        if (mln_pack_text_of(w.item, &label) && text_is_listed(c, label)) {
            return true;
        }
    }
    return false;
}

static bool info_of(const struct mln_resource *r, struct mln_content_info *ret)
{
    struct mln_slice text;

    return mln_pack_find_text(r->attrs, MLN_S("cnf"), &text) && mln_content_info_read(text, ret);
}

/* spec: TS-0004 7.3.3.17.8 */
static bool content_type_holds(const struct mln_filter_condition *c, const struct mln_resource *r)
{
    struct mln_content_info info;

    return info_of(r, &info) && text_is_listed(c, info.media_type);
}

/* ---- attributes ---- */

static bool number_fits(struct mln_slice pattern, bool is_negative, uint64_t magnitude)
{
    char digits[1 + MLN_NUM_U64_SIZE] = { '-' };
    size_t len = mln_num_put_u64(digits + 1, magnitude);

    return mln_ident_match(pattern, mln_slice_of(digits + !is_negative, len + is_negative), '\0');
}

static bool item_fits(struct mln_slice pattern, const struct mln_item *item)
{
    switch (item->kind) {
    case MLN_V_TEXT:
    case MLN_V_REAL:
        return mln_ident_match(pattern, item->text, '\0');
    case MLN_V_INT:
        return number_fits(pattern, item->is_negative, item->magnitude);
    case MLN_V_BOOL:
        return mln_ident_match(pattern, item->boolean ? MLN_S("true") : MLN_S("false"), '\0');
    case MLN_V_NULL:
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        break;
    }
    return false;
}

/* A scalar, or any element of a list. */
static bool pack_fits(struct mln_slice pattern, struct mln_slice pack)
{
    struct mln_slice rest = pack;
    struct mln_item item;
    struct mln_walk w;

    if (mln_failed(mln_pack_read(&rest, &item))) {
        return false;
    }
    if (item.kind != MLN_V_ARRAY) {
        return item_fits(pattern, &item);
    }
    for (mln_walk_begin(&w, pack); mln_walk_next(&w);) {
        rest = w.item;
        if (!mln_failed(mln_pack_read(&rest, &item)) && item_fits(pattern, &item)) {
            return true;
        }
    }
    return false;
}

static bool attribute_fits(const struct mln_filter_attribute *a, const struct mln_resource *r)
{
    const struct mln_type *type = mln_model_type(r->ty);
    const struct mln_attribute *known = type ? mln_model_attribute(type, a->name) : NULL;
    struct mln_slice pack;

    if (known && known->slot != MLN_SLOT_ATTRS && !mln_special_shows(r, known)) {
        return false;
    }
    switch (known ? known->slot : MLN_SLOT_ATTRS) {
    case MLN_SLOT_ATTRS:
        return mln_pack_find(r->attrs, a->name, &pack) && pack_fits(a->value, pack);
    case MLN_SLOT_RN:
        return mln_ident_match(a->value, r->rn, '\0');
    case MLN_SLOT_RI:
        return mln_ident_match(a->value, r->ri, '\0');
    case MLN_SLOT_PI:
        return mln_ident_match(a->value, r->pi, '\0');
    case MLN_SLOT_CR:
        return mln_ident_match(a->value, r->cr, '\0');
    case MLN_SLOT_COUNT:
        return number_fits(a->value, false, r->count);
    case MLN_SLOT_BYTES:
        return number_fits(a->value, false, r->bytes);
    case MLN_SLOT_TY:
    case MLN_SLOT_CT:
    case MLN_SLOT_LT:
    case MLN_SLOT_ET:
    case MLN_SLOT_ST:
        break; /* refused by mln_filter_read */
    }
    return false;
}

static bool attributes_hold(const struct mln_filter_condition *c, const struct mln_resource *r)
{
    for (size_t i = 0; i < c->count; i++) {
        if (attribute_fits(&c->attributes[i], r)) {
            return true;
        }
    }
    return false;
}

/* ---- contents ---- */

static bool is_json(struct mln_slice media_type)
{
    struct mln_slice name = mln_slice_trim(mln_slice_cut(&media_type, ';'));

    return mln_slice_eq_nocase(name, MLN_S("application/json")) ||
           (name.len > 5 &&
            mln_slice_eq_nocase(mln_slice_from(name, name.len - 5), MLN_S("+json")));
}

/* Does contentInfo say that the content is the text of a JSON value, as it is? */
static bool says_json(const struct mln_resource *r)
{
    struct mln_content_info info;

    return info_of(r, &info) && info.encoding == MLN_CONTENT_PLAIN &&
           info.security == MLN_CONTENT_OPEN && is_json(info.media_type);
}

/* A content that cannot be read as JSON matches nothing; that is no failure of the request. */
static bool content_holds(const struct mln_filter_condition *c, const struct mln_match_env *env,
                          const struct mln_resource *r)
{
    struct mln_slice pack;
    struct mln_slice text;
    struct mln_value *content;

    if (!env->scratch || !mln_pack_find(r->attrs, MLN_S("con"), &pack)) {
        return false;
    }
    if (!mln_pack_text_of(pack, &text)) {
        return !mln_failed(mln_pack_to_value(pack, env->scratch, &content)) &&
               mln_content_query_holds(c->content, content);
    }
    return env->read_json && says_json(r) &&
           !mln_failed(env->read_json(text, env->limits, env->scratch, &content, NULL)) &&
           mln_content_query_holds(c->content, content);
}

/* ---- locations ---- */

/* A resource without a location, or one that cannot be read, matches nothing. */
static bool geography_holds(const struct mln_filter_condition *c, const struct mln_match_env *env,
                            const struct mln_resource *r)
{
    struct mln_slice location;
    struct mln_slice text;
    struct mln_geo *geo;
    uint64_t type;
    uint64_t steps = 0;
    bool ret = env->scratch && mln_pack_find(r->attrs, MLN_S("loc"), &location) &&
               mln_pack_find_u64(location, MLN_S("typ"), &type) &&
               mln_pack_find_text(location, MLN_S("crd"), &text) &&
               !mln_failed(mln_geo_read(type, text, env->scratch, &geo)) &&
               mln_geo_holds((enum mln_geo_function)c->count, geo, c->geo, &steps);

    if (env->steps) {
        *env->steps += steps;
    }
    return ret;
}

/* ---- conditions ---- */

/* Of everything but contents, locations and semantics. */
static bool condition_holds(const struct mln_filter_condition *c, const struct mln_resource *r)
{
    switch (c->kind) {
    case MLN_FILTER_TYPES:
        return type_is_listed(c, r->ty);
    case MLN_FILTER_LABELS:
        return labels_hold(c, r);
    case MLN_FILTER_LABELS_QUERY:
        return mln_label_query_holds(c->labels, labels_of(r));
    case MLN_FILTER_CONTENT_TYPE:
        return content_type_holds(c, r);
    case MLN_FILTER_ATTRIBUTES:
        return attributes_hold(c, r);
    case MLN_FILTER_CREATED_BEFORE:
    case MLN_FILTER_CREATED_AFTER:
    case MLN_FILTER_MODIFIED_SINCE:
    case MLN_FILTER_UNMODIFIED_SINCE:
    case MLN_FILTER_EXPIRE_BEFORE:
    case MLN_FILTER_EXPIRE_AFTER:
    case MLN_FILTER_STATE_SMALLER:
    case MLN_FILTER_STATE_BIGGER:
    case MLN_FILTER_SIZE_ABOVE:
    case MLN_FILTER_SIZE_BELOW:
        return range_holds(c, r);
    case MLN_FILTER_GEOGRAPHY:
    case MLN_FILTER_CONTENT:
    case MLN_FILTER_SEMANTICS:
        break;
    }
    return false;
}

/* A resource under test; its parent is read once, when it is asked for first. */
static bool own_holds(const struct mln_filter_condition *c, const struct mln_match_env *env,
                      const struct mln_resource *r)
{
    switch ((unsigned)c->kind) {
    case MLN_FILTER_CONTENT:
        return content_holds(c, env, r);
    case MLN_FILTER_GEOGRAPHY:
        return geography_holds(c, env, r);
    default:
        return condition_holds(c, r);
    }
}

struct subject {
    const struct mln_match_env *env;
    const struct mln_resource *resource;
    struct mln_resource parent;
    bool is_parent_read;
    bool has_parent;
};

static mln_err read_parent(struct subject *s)
{
    mln_err err;

    if (s->is_parent_read || !s->env->parent) {
        return MLN_OK;
    }
    err = s->env->parent(s->env->data, s->resource, &s->parent);
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    s->is_parent_read = true;
    s->has_parent = !mln_failed(err);
    return MLN_OK;
}

static mln_err test(struct subject *s, const struct mln_filter_condition *c, bool *ret)
{
    const struct mln_match_env *env = s->env;

    *ret = false;
    switch (c->whose) {
    case MLN_FILTER_OWN:
        *ret = own_holds(c, env, s->resource);
        return MLN_OK;
    case MLN_FILTER_OF_PARENT:
        MLN_TRY(read_parent(s));
        *ret = s->has_parent && condition_holds(c, &s->parent);
        return MLN_OK;
    case MLN_FILTER_OF_A_CHILD:
        if (c->kind == MLN_FILTER_SEMANTICS) {
            return env->semantics ? env->semantics(env->data, s->resource, ret) : MLN_OK;
        }
        return env->any_child ? env->any_child(env->data, s->resource, c->kind == MLN_FILTER_TYPES,
                                               condition_holds, c, ret)
                              : MLN_OK;
    }
    return MLN_OK;
}

/* spec: TS-0004 7.3.3.17.0: entries of one condition are alternatives, conditions are joined by
 * filterOperation */
mln_err mln_filter_matches(const struct mln_filter *filter, const struct mln_match_env *env,
                           const struct mln_resource *resource, bool *ret)
{
    struct subject s = { .env = env, .resource = resource };
    bool is_odd = false;

    for (size_t i = 0; i < filter->condition_count; i++) {
        bool holds;

        MLN_TRY(test(&s, &filter->conditions[i], &holds));
        if (filter->operation != MLN_FILTER_XOR && holds == (filter->operation == MLN_FILTER_OR)) {
            *ret = holds; /* decided */
            return MLN_OK;
        }
        is_odd ^= holds;
    }
    *ret = filter->condition_count == 0 || filter->operation == MLN_FILTER_AND ||
           (filter->operation == MLN_FILTER_XOR && is_odd);
    return MLN_OK;
}

/* ---- events ---- */

/* False also for a bound of the wrong kind, which the check of the subscription lets not pass. */
static bool bound_holds(enum mln_filter_kind kind, struct mln_slice bound,
                        const struct mln_resource *r)
{
    struct mln_filter_condition c = { .kind = kind };
    struct mln_slice text;

    if (kind >= MLN_FILTER_STATE_SMALLER) {
        return mln_pack_u64_of(bound, &c.number) && range_holds(&c, r);
    }
    return mln_pack_text_of(bound, &text) && mln_timestamp_parse(text, &c.us) && range_holds(&c, r);
}

bool mln_event_conditions_match(struct mln_slice criteria, const struct mln_resource *resource)
{
    uint64_t operation = MLN_FILTER_AND;
    size_t conditions = 0;
    size_t holding = 0;
    struct mln_walk w;

    for (mln_walk_begin(&w, criteria); mln_walk_next(&w);) {
        enum mln_filter_kind kind;

        if (mln_filter_range(w.name, &kind)) {
            conditions++;
            holding += bound_holds(kind, w.item, resource);
        } else if (mln_slice_eq(w.name, MLN_S("fo"))) {
            (void)mln_pack_u64_of(w.item, &operation);
        }
    }
    if (conditions == 0 || operation == MLN_FILTER_AND) {
        return holding == conditions;
    }
    return operation == MLN_FILTER_XOR ? holding % 2 == 1 : holding > 0;
}
