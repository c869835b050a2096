/* Writing the claims of a token. */
#include "base/num.h"
#include "base/timestamp.h"
#include "cse/access/token_claims.h"
#include "model/pack.h"

struct writing {
    struct mln_arena *arena;
    bool is_jwt;
    struct mln_value *object;
};

static mln_err put_text(const struct writing *w, const char *set, const char *jwt,
                        struct mln_slice text)
{
    return mln_value_set(w->object, mln_slice_z(w->is_jwt ? jwt : set),
                         mln_value_text(w->arena, text));
}

/* Seconds, with as many digits behind the point as it takes. */
static struct mln_value *date_of(struct mln_arena *arena, int64_t us)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_REAL);
    uint64_t fraction = (uint64_t)(us % MLN_US_PER_S);
    unsigned digits = 6;
    struct mln_buf out;

    if (!v || !fraction) {
        return v ? mln_value_int(arena, us / MLN_US_PER_S) : NULL;
    }
    for (; fraction % 10 == 0; fraction /= 10) {
        digits--;
    }
    mln_buf_init(&out, arena, 64);
    mln_buf_u64(&out, (uint64_t)(us / MLN_US_PER_S));
    mln_buf_byte(&out, '.');
    for (uint64_t n = fraction, left = digits; left > 0; left--) {
        uint64_t power = 1;

        for (uint64_t i = 1; i < left; i++) {
            power *= 10;
        }
        mln_buf_byte(&out, (char)('0' + n / power % 10));
    }
    return mln_failed(mln_buf_finish(&out, &v->text)) ? NULL : v;
}

static struct mln_value *timestamp_of(struct mln_arena *arena, int64_t us)
{
    char *text = mln_arena_alloc(arena, MLN_TIMESTAMP_SIZE);

    return text ? mln_value_text(arena, mln_slice_of(text, mln_timestamp_put(text, us))) : NULL;
}

static mln_err put_time(const struct writing *w, const char *set, const char *jwt, int64_t us)
{
    return mln_value_set(w->object, mln_slice_z(w->is_jwt ? jwt : set),
                         w->is_jwt ? date_of(w->arena, us) : timestamp_of(w->arena, us));
}

static mln_err put_list(const struct writing *w, struct mln_value *object, const char *name,
                        const struct mln_slice *texts, size_t count)
{
    struct mln_value *list = mln_value_new(w->arena, MLN_V_ARRAY);

    MLN_REQUIRE(list, NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        MLN_TRY(mln_value_append(list, mln_value_text(w->arena, texts[i])));
    }
    return mln_value_set(object, mln_slice_z(name), list);
}

static mln_err put_permission(const struct writing *w, struct mln_value *list,
                              const struct mln_token_permission *p)
{
    struct mln_value *object = mln_value_new(w->arena, MLN_V_OBJECT);

    MLN_TRY(mln_value_append(list, object));
    if (p->resource_count) {
        MLN_TRY(put_list(w, object, "ris", p->resources, p->resource_count));
    }
    if (p->rules.len) {
        struct mln_value *rules;

        MLN_TRY(mln_pack_to_value(p->rules, w->arena, &rules));
        MLN_TRY(mln_value_set(object, MLN_S("pv"), rules));
    }
    return p->role_count ? put_list(w, object, "rids", p->roles, p->role_count) : MLN_OK;
}

static mln_err put_permissions(const struct writing *w, const struct mln_token_claims *c)
{
    struct mln_value *permissions = mln_value_new(w->arena, MLN_V_OBJECT);
    struct mln_value *list = mln_value_new(w->arena, MLN_V_ARRAY);

    MLN_REQUIRE(permissions && list, NO_MEMORY);
    for (size_t i = 0; i < c->permission_count; i++) {
        MLN_TRY(put_permission(w, list, &c->permissions[i]));
    }
    MLN_TRY(mln_value_set(permissions, MLN_S("pm"), list));
    return mln_value_set(w->object, MLN_S("tkps"), permissions);
}

mln_err mln_token_claims_write(const struct mln_token_claims *claims, enum mln_token_form form,
                               struct mln_arena *arena, struct mln_value **ret)
{
    struct writing w = { arena, form == MLN_TOKEN_JWT, mln_value_new(arena, MLN_V_OBJECT) };

    MLN_REQUIRE(w.object, NO_MEMORY);
    MLN_TRY(put_text(&w, "vr", "tkvr", claims->version));
    MLN_TRY(put_text(&w, "tkid", "jti", claims->id));
    MLN_TRY(put_text(&w, "tkhd", "azp", claims->holder));
    MLN_TRY(put_text(&w, "tkis", "iss", claims->issuer));
    MLN_TRY(put_time(&w, "tknb", "nbf", claims->not_before_us));
    MLN_TRY(put_time(&w, "tkna", "exp", claims->not_after_us));
    if (claims->has_name) {
        MLN_TRY(put_text(&w, "tknm", "tknm", claims->name));
    }
    if (claims->audience_count) {
        MLN_TRY(put_list(&w, w.object, w.is_jwt ? "aud" : "tkau", claims->audience,
                         claims->audience_count));
    }
    if (claims->permission_count) {
        MLN_TRY(put_permissions(&w, claims));
    }
    if (claims->has_extension) {
        MLN_TRY(put_text(&w, "tkex", "tkex", claims->extension));
    }
    *ret = w.object;
    return MLN_OK;
}
