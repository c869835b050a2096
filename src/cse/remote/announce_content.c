/* What copies hold: the attributes of the original that are announced, with identifiers that mean
 * the same at the other CSE. spec: TS-0004 7.3.3.10; TS-0001 9.6.26 */
#include "base/timestamp.h"
#include "cse/cse_int.h"
#include "cse/remote/announce.h"
#include "cse/represent.h"
#include "model/special.h"

enum { CONTENT_MAX = 64 << 20 };

/* An attribute of the copy as it should be. */
struct said {
    struct mln_slice name;
    struct mln_slice value; /* packed; empty: there is none, and NULL is said */
    uint64_t hash;
    bool is_news; /* the copy has another value, or none */
    bool is_new;  /* none */
    bool is_optional;
    bool is_held; /* new, but not said yet */
};

struct saying {
    const struct mln_lookup *l;
    const struct mln_resource *original;
    const struct mln_type *from; /* of the original */
    const struct mln_type *type; /* of the copy */
    const struct mln_copy *copy;
    struct mln_slice us; /* our CSE-ID as the other CSE knows it */
    struct said *list;
    size_t count;
};

static uint64_t hash_of(struct mln_slice bytes)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);

    for (size_t i = 0; i < bytes.len; i++) {
        h = (h ^ (unsigned char)bytes.ptr[i]) * UINT64_C(0x100000001B3);
    }
    return h;
}

/* ---- identifiers ---- */

mln_err mln_announce_us(const struct mln_cse *cse, struct mln_slice host, struct mln_arena *arena,
                        struct mln_slice *ret)
{
    *ret = cse->names.cse_id;
    return mln_slice_starts(host, MLN_S("//"))
               ? mln_ident_join(arena, cse->names.sp_id, mln_slice_from(*ret, 1), ret)
               : MLN_OK;
}

/* An identifier that the other CSE would read as one of its own gets ours in front; structured ones
 * stay structured. */
static mln_err convert(const struct saying *s, struct mln_slice *text)
{
    bool is_far = mln_slice_starts(s->us, MLN_S("//"));

    if (!text->len || mln_ident_is_url(*text) || mln_slice_starts(*text, MLN_S("//"))) {
        return MLN_OK;
    }
    if (text->ptr[0] == '/') {
        return is_far ? mln_ident_join(s->l->arena, s->l->cse->names.sp_id,
                                       mln_slice_from(*text, 1), text)
                      : MLN_OK;
    }
    return mln_ident_join(s->l->arena, s->us, *text, text);
}

/* The same for what may name an entity: AE-IDs that begin with 'S' are those of the service
 * provider. */
static mln_err convert_entity(const struct saying *s, struct mln_slice *text)
{
    struct mln_slice sp =
        mln_slice_starts(s->us, MLN_S("//")) ? s->l->cse->names.sp_id : (struct mln_slice){ 0 };
    bool is_of_sp = text->len && text->ptr[0] == 'S' && mln_slice_find(*text, '/') == text->len;

    return is_of_sp ? mln_ident_join(s->l->arena, sp, *text, text) : convert(s, text);
}

/* An entry of accessControlOriginators: "all" and roles mean the same everywhere. */
static mln_err convert_originator(const struct saying *s, struct mln_slice *text)
{
    bool is_role =
        mln_slice_find(*text, '@') < text->len && mln_slice_find(*text, '/') == text->len;

    return is_role || mln_slice_eq(*text, MLN_S("all")) ? MLN_OK : convert_entity(s, text);
}

typedef mln_err convert_fn(const struct saying *s, struct mln_slice *text);

/* A text, or a list of texts. */
static mln_err convert_all(const struct saying *s, struct mln_value *v, convert_fn *run)
{
    if (!v) {
        return MLN_OK;
    }
    if (v->kind == MLN_V_TEXT) {
        return run(s, &v->text);
    }
    for (struct mln_value *w = v->kind == MLN_V_ARRAY ? v->items.first : NULL; w; w = w->next) {
        if (w->kind == MLN_V_TEXT) {
            MLN_TRY(run(s, &w->text));
        }
    }
    return MLN_OK;
}

static mln_err convert_rules(const struct saying *s, struct mln_value *set)
{
    struct mln_value *rules = mln_value_get(set, MLN_S("acr"));

    for (struct mln_value *r = rules ? rules->items.first : NULL; r; r = r->next) {
        MLN_TRY(convert_all(s, mln_value_get(r, MLN_S("acor")), convert_originator));
    }
    return MLN_OK;
}

/* A policy that is announced there itself is named by its copy: that one can be evaluated. */
static mln_err convert_policy(const struct saying *s, struct mln_slice *text)
{
    struct mln_resource policy;
    struct mln_copy copy = { 0 };
    mln_err err = mln_locate_lookup(s->l, *text, &policy);

    if (!mln_failed(err)) {
        err = mln_copy_at(s->l, policy.id, s->copy->host, &copy);
    }
    if (!mln_failed(err) && copy.state == MLN_COPY_KEPT) {
        *text = copy.address;
        return MLN_OK;
    }
    return mln_failed(err) && err.code != MLN_ERR_NOT_FOUND ? err : convert(s, text);
}

static mln_err convert_value(const struct saying *s, const struct mln_attribute *a,
                             struct mln_value *v)
{
    if (a->type == MLN_DT_SET_OF_ACRS) {
        return convert_rules(s, v);
    }
    if (mln_slice_eq(a->name, MLN_S("acpi"))) {
        return convert_all(s, v, convert_policy);
    }
    if (!a->is_identifier) {
        return MLN_OK;
    }
    return convert_all(s, v, a->type == MLN_DT_ID ? convert_entity : convert);
}

/* ---- attributes ---- */

static void add(struct saying *s, struct mln_slice name, struct mln_slice value)
{
    struct said *said = &s->list[s->count++];
    uint64_t before;

    *said = (struct said){ .name = name, .value = value, .hash = hash_of(value) };
    said->is_new = !mln_pack_find_u64(s->copy->sent, name, &before);
    said->is_news = said->is_new || before != said->hash;
}

static mln_err pack(const struct saying *s, const struct mln_value *v, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, s->l->arena, CONTENT_MAX);
    mln_pack_value(&out, v);
    return mln_buf_finish(&out, ret);
}

static bool is_wished(const struct saying *s, struct mln_slice name)
{
    struct mln_slice list;
    struct mln_slice text;
    struct mln_walk w;

    if (!mln_pack_find(s->original->attrs, MLN_S("aa"), &list)) {
        return false;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &text) && mln_slice_eq(text, name)) {
            return true;
        }
    }
    return false;
}

static mln_err add_attribute(struct saying *s, const struct mln_attribute *copied)
{
    const struct mln_attribute *a = mln_model_attribute(s->from, copied->name);
    bool is_announced = a && (a->announced == MLN_ANNOUNCED_MANDATORY ||
                              (a->announced == MLN_ANNOUNCED_OPTIONAL && is_wished(s, a->name)));
    struct mln_slice value;
    struct mln_value *v;

    if (!is_announced || copied->is_unbuilt || a->slot == MLN_SLOT_ET ||
        !mln_represent_attribute(s->original, a, s->l->arena, &value)) {
        return MLN_OK;
    }
    MLN_TRY(mln_pack_to_value(value, s->l->arena, &v));
    MLN_TRY(convert_value(s, a, v));
    MLN_TRY(pack(s, v, &value));
    add(s, a->name, value);
    s->list[s->count - 1].is_optional = a->announced == MLN_ANNOUNCED_OPTIONAL;
    if (s->copy->state == MLN_COPY_KEPT && copied->update == MLN_PRESENCE_FORBIDDEN) {
        s->list[s->count - 1].is_news = false; /* it has it since its CREATE */
    }
    return MLN_OK;
}

/* That of the original; what lives for ever is announced for as long as others may live here.
 * spec: TS-0001 9.6.26.2, 10.2.13.5 */
static mln_err add_expiration(struct saying *s)
{
    bool is_endless = s->original->et == MLN_TIMESTAMP_MAX;
    int64_t us = is_endless ? s->l->now_us + s->l->cse->options.max_lifetime_us : s->original->et;
    struct mln_slice value;
    struct mln_buf out;
    uint64_t before;

    mln_buf_init(&out, s->l->arena, CONTENT_MAX);
    mln_pack_timestamp(&out, us);
    MLN_TRY(mln_buf_finish(&out, &value));
    add(s, MLN_S("et"), value);
    if (s->copy->is_due) {
        s->list[s->count - 1].is_news = true;
    } else if (is_endless && mln_pack_find_u64(s->copy->sent, MLN_S("et"), &before)) {
        s->list[s->count - 1].is_news = false;
        s->list[s->count - 1].hash = before;
    }
    return MLN_OK;
}

static mln_err add_link(struct saying *s)
{
    struct mln_slice value;
    struct mln_buf out;

    mln_buf_init(&out, s->l->arena, CONTENT_MAX);
    mln_pack_text(&out, s->copy->link);
    MLN_TRY(mln_buf_finish(&out, &value));
    add(s, MLN_S("lnk"), value);
    return MLN_OK;
}

static bool is_said(const struct saying *s, struct mln_slice name)
{
    for (size_t i = 0; i < s->count; i++) {
        if (mln_slice_eq(s->list[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* What the copy has and should not have any more. */
static void add_gone(struct saying *s)
{
    struct mln_walk w;

    for (mln_walk_begin(&w, s->copy->sent);
         mln_walk_next(&w) && s->count < s->type->attribute_count;) {
        if (!is_said(s, w.name)) {
            s->list[s->count++] = (struct said){ .name = w.name, .is_news = true };
        }
    }
}

/* ---- all of it ---- */

static size_t count_news(const struct saying *s)
{
    size_t count = 0;

    for (size_t i = 0; i < s->count; i++) {
        count += s->list[i].is_news;
    }
    return count;
}

/* What is said by itself. */
enum part {
    POLICIES, /* spec: TS-0001 9.6.1.3.2 */
    REST,
    EXTRAS, /* spec: TS-0001 10.2.13.9: attributes that may be declined: the copy stays without */
    PARTS,
};

static enum part part_of(const struct said *said)
{
    if (mln_slice_eq(said->name, MLN_S("acpi"))) {
        return POLICIES;
    }
    return said->is_new && said->is_optional ? EXTRAS : REST;
}

/* Not yet: it stays what it was. */
static void hold_back(const struct saying *s, struct said *said)
{
    said->is_news = false;
    said->is_held = said->is_new;
    (void)mln_pack_find_u64(s->copy->sent, said->name, &said->hash);
}

/* Says the first part that has news, and the others later. */
static void divide(struct saying *s, struct mln_announce_step *step)
{
    enum part first = PARTS;

    for (size_t i = 0; i < s->count; i++) {
        if (s->list[i].is_news && part_of(&s->list[i]) < first) {
            first = part_of(&s->list[i]);
        }
    }
    for (size_t i = 0; i < s->count; i++) {
        if (s->list[i].is_news && part_of(&s->list[i]) != first) {
            step->has_more = true;
            hold_back(s, &s->list[i]);
        }
    }
    step->is_extra = first == EXTRAS;
}

static mln_err finish(const struct saying *s, struct mln_announce_step *step)
{
    struct mln_buf out;
    struct mln_buf sent;

    mln_buf_init(&out, s->l->arena, CONTENT_MAX);
    mln_buf_init(&sent, s->l->arena, CONTENT_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, s->type->root);
    mln_pack_map(&out, MLN_PACK_OPEN);
    mln_pack_map(&sent, MLN_PACK_OPEN);
    for (size_t i = 0; i < s->count; i++) {
        const struct said *said = &s->list[i];

        if (said->is_news) {
            step->says_life |= mln_slice_eq(said->name, MLN_S("et"));
            mln_pack_text(&out, said->name);
            mln_pack_raw(&out, said->value.len ? said->value : mln_slice_of("\xF6", 1));
        }
        if ((said->value.len || !said->is_news) && !said->is_held) {
            mln_pack_text(&sent, said->name);
            mln_pack_uint(&sent, said->hash);
        }
    }
    mln_pack_end(&out);
    mln_pack_end(&sent);
    MLN_TRY(mln_buf_finish(&sent, &step->sent));
    return count_news(s) ? mln_buf_finish(&out, &step->attempt.content) : MLN_OK;
}

mln_err mln_announce_content(const struct mln_lookup *l, const struct mln_resource *original,
                             const struct mln_copy *copy, struct mln_announce_step *step)
{
    struct saying s = { .l = l, .original = original, .copy = copy };

    s.from = mln_special_of(original);
    s.type = mln_announce_type(s.from);
    MLN_REQUIRE(s.type, INTERNAL);
    s.list = mln_arena_zalloc(l->arena, s.type->attribute_count, sizeof *s.list);
    MLN_REQUIRE(s.list, NO_MEMORY);
    MLN_TRY(mln_announce_us(l->cse, copy->host, l->arena, &s.us));
    MLN_TRY(add_expiration(&s));
    MLN_TRY(add_link(&s));
    for (size_t i = 0; i < s.type->attribute_count; i++) {
        MLN_TRY(add_attribute(&s, &s.type->attributes[i]));
    }
    add_gone(&s);
    if (copy->state == MLN_COPY_KEPT) {
        divide(&s, step);
    }
    return finish(&s, step);
}
