/* The claims of a token from a file and from options, for `merlon token issue`. */
#include <string.h>

#include "base/timestamp.h"
#include "server/token_command.h"

enum { CLAIMS_BYTES = 65536, RANDOM_BYTES = 8 };

struct drafting {
    const struct mln_token_settings *s;
    struct mln_arena *arena;
    struct mln_fault *fault;
    struct mln_value *claims;
    bool is_set; /* names of m2m:tokenClaimSet, not of JWT */
};

static mln_err refuse(const struct drafting *d, const char *option, const char *what)
{
    mln_fault_set(d->fault, "--%s: %s", option, what);
    MLN_FAIL(CONFIG);
}

/* Puts a member in the place of the one that the file has. */
static mln_err put(const struct drafting *d, const char *set, const char *jwt, struct mln_value *v)
{
    struct mln_slice name = mln_slice_z(d->is_set ? set : jwt);

    MLN_REQUIRE(v, NO_MEMORY);
    (void)mln_value_take(d->claims, name);
    return mln_value_set(d->claims, name, v);
}

static bool has(const struct drafting *d, const char *set, const char *jwt)
{
    return mln_value_get(d->claims, mln_slice_z(d->is_set ? set : jwt)) != NULL;
}

static mln_err put_text(const struct drafting *d, const char *set, const char *jwt,
                        const char *text)
{
    return text ? put(d, set, jwt, mln_value_text(d->arena, mln_slice_z(text))) : MLN_OK;
}

static mln_err put_time(const struct drafting *d, const char *set, const char *jwt, int64_t us)
{
    char *text = mln_arena_alloc(d->arena, MLN_TIMESTAMP_SIZE);

    MLN_REQUIRE(text, NO_MEMORY);
    if (d->is_set) {
        size_t len = mln_timestamp_put(text, us);

        return put(d, set, jwt, mln_value_text(d->arena, mln_slice_of(text, len)));
    }
    /* whole seconds: what is asked for on a command line has no fractions that count */
    return put(d, set, jwt, mln_value_int(d->arena, us / MLN_US_PER_S));
}

/* ---- members ---- */

static mln_err put_times(const struct drafting *d)
{
    int64_t now = 0;
    int64_t from = 0;
    int64_t until = 0;
    int64_t span = 0;
    bool says_end = d->s->not_after || d->s->valid || !has(d, "tkna", "exp");

    MLN_TRY(mln_token_time(NULL, d->fault, &now));
    MLN_TRY(mln_token_time(d->s->not_before, d->fault, &from));
    if (d->s->not_before || !has(d, "tknb", "nbf")) {
        MLN_TRY(put_time(d, "tknb", "nbf", from));
    }
    if (!says_end) {
        return MLN_OK;
    }
    if (d->s->not_after) {
        MLN_TRY(mln_token_time(d->s->not_after, d->fault, &until));
        return put_time(d, "tkna", "exp", until);
    }
    if (!mln_duration_parse(mln_slice_z(d->s->valid ? d->s->valid : "PT1H"), &span) || span <= 0) {
        return refuse(d, "valid", "must be a duration such as PT1H or P30D");
    }
    return put_time(d, "tkna", "exp", (d->s->not_before ? from : now) + span);
}

/* "@das.example" gets a random name before it. */
static mln_err put_id(const struct drafting *d)
{
    unsigned char bytes[RANDOM_BYTES];
    struct mln_slice text;
    struct mln_buf out;

    if (!d->s->id || d->s->id[0] != '@') {
        return put_text(d, "tkid", "jti", d->s->id);
    }
    MLN_TRY(mln_env_random(mln_env_system(), bytes, sizeof bytes));
    mln_buf_init(&out, d->arena, MLN_FAULT_SIZE);
    for (size_t i = 0; i < sizeof bytes; i++) {
        mln_buf_printf(&out, "%02x", bytes[i]);
    }
    mln_buf_add(&out, mln_slice_z(d->s->id));
    if (mln_failed(mln_buf_finish(&out, &text))) {
        return refuse(d, "id", "too long");
    }
    return put(d, "tkid", "jti", mln_value_text(d->arena, text));
}

static mln_err text_list(const struct drafting *d, const char *const *texts, size_t count,
                         struct mln_value **ret)
{
    *ret = mln_value_new(d->arena, MLN_V_ARRAY);
    MLN_REQUIRE(*ret, NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        MLN_TRY(mln_value_append(*ret, mln_value_text(d->arena, mln_slice_z(texts[i]))));
    }
    return MLN_OK;
}

static mln_err put_audience(const struct drafting *d)
{
    struct mln_value *list;

    if (!d->s->audience_count) {
        return MLN_OK;
    }
    MLN_TRY(text_list(d, d->s->audience, d->s->audience_count, &list));
    return put(d, "tkau", "aud", list);
}

static mln_err put_permissions(const struct drafting *d)
{
    struct mln_fault why = { 0 };
    struct mln_limits limits;
    struct mln_value *v;

    if (!d->s->permissions) {
        return MLN_OK;
    }
    mln_limits_default(&limits);
    if (mln_failed(mln_json_read(mln_slice_z(d->s->permissions), &limits, d->arena, &v, &why))) {
        return refuse(d, "permissions", why.text);
    }
    return put(d, "tkps", "tkps", v);
}

/* One permission more, with the roles. */
static mln_err put_roles(const struct drafting *d)
{
    struct mln_value *permissions = mln_value_get(d->claims, MLN_S("tkps"));
    struct mln_value *permission = mln_value_new(d->arena, MLN_V_OBJECT);
    struct mln_value *list;
    struct mln_value *roles;

    if (!d->s->role_count) {
        return MLN_OK;
    }
    MLN_REQUIRE(permission, NO_MEMORY);
    MLN_TRY(text_list(d, d->s->roles, d->s->role_count, &roles));
    MLN_TRY(mln_value_set(permission, MLN_S("rids"), roles));
    if (!permissions) {
        permissions = mln_value_new(d->arena, MLN_V_OBJECT);
        MLN_TRY(put(d, "tkps", "tkps", permissions));
    }
    list = mln_value_get(permissions, MLN_S("pm"));
    if (!list) {
        list = mln_value_new(d->arena, MLN_V_ARRAY);
        MLN_TRY(permissions->kind == MLN_V_OBJECT ? mln_value_set(permissions, MLN_S("pm"), list)
                                                  : refuse(d, "permissions", "must be an object"));
    }
    return list->kind == MLN_V_ARRAY ? mln_value_append(list, permission)
                                     : refuse(d, "permissions", "pm must be a list");
}

/* ---- the whole ---- */

static mln_err read_file(struct drafting *d)
{
    struct mln_secret *file MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_slice text = { 0 };
    struct mln_limits limits;

    if (!d->s->claims) {
        d->claims = mln_value_new(d->arena, MLN_V_OBJECT);
        return d->claims ? MLN_OK : MLN_ERROR(NO_MEMORY);
    }
    MLN_TRY(mln_secret_read(d->s->claims, CLAIMS_BYTES, d->fault, &file));
    MLN_REQUIRE(
        mln_arena_dup(d->arena,
                      mln_slice_of((const char *)mln_secret_bytes(file), mln_secret_len(file)),
                      &text),
        NO_MEMORY);
    mln_limits_default(&limits);
    if (mln_failed(mln_json_read(text, &limits, d->arena, &d->claims, NULL)) ||
        d->claims->kind != MLN_V_OBJECT) {
        return refuse(d, "claims", "must be a JSON object");
    }
    d->is_set = mln_value_get(d->claims, MLN_S("tkid")) ||
                mln_value_get(d->claims, MLN_S("tkhd")) || mln_value_get(d->claims, MLN_S("tkis"));
    return MLN_OK;
}

/* The CSE would refuse the token, without saying why. spec: SEC-TOK-07, security.md 6.1 */
static mln_err check_absolute(const struct drafting *d)
{
    if (d->s->holder && !mln_slice_starts(mln_slice_z(d->s->holder), MLN_S("//"))) {
        return refuse(d, "holder", "must be absolute, such as //sp.example/id-in/Cpanel");
    }
    for (size_t i = 0; i < d->s->audience_count; i++) {
        if (!mln_slice_starts(mln_slice_z(d->s->audience[i]), MLN_S("//"))) {
            return refuse(d, "audience", "must be absolute, such as //sp.example/id-in");
        }
    }
    return MLN_OK;
}

static mln_err put_all(const struct drafting *d)
{
    MLN_TRY(check_absolute(d));
    if (!mln_value_get(d->claims, MLN_S("vr")) && !mln_value_get(d->claims, MLN_S("tkvr"))) {
        MLN_TRY(put_text(d, "vr", "tkvr", "1.0.0"));
    }
    MLN_TRY(put_id(d));
    MLN_TRY(put_text(d, "tkhd", "azp", d->s->holder));
    MLN_TRY(put_text(d, "tkis", "iss", d->s->issuer));
    MLN_TRY(put_times(d));
    MLN_TRY(put_text(d, "tknm", "tknm", d->s->name));
    MLN_TRY(put_text(d, "tkex", "tkex", d->s->extension));
    MLN_TRY(put_audience(d));
    MLN_TRY(put_permissions(d));
    return put_roles(d);
}

mln_err mln_token_draft_claims(const struct mln_token_settings *s, struct mln_arena *arena,
                               struct mln_fault *fault, struct mln_slice *ret)
{
    struct drafting d = { .s = s, .arena = arena, .fault = fault };
    struct mln_token_claims claims;
    struct mln_limits limits;
    struct mln_value *jwt;
    struct mln_buf out;

    MLN_TRY(read_file(&d));
    MLN_TRY(put_all(&d));
    mln_limits_default(&limits);
    MLN_TRY(mln_token_claims_read(d.claims, d.is_set ? MLN_TOKEN_SET : MLN_TOKEN_JWT, &limits,
                                  arena, fault, &claims));
    MLN_TRY(mln_token_claims_write(&claims, MLN_TOKEN_JWT, arena, &jwt));
    mln_buf_init(&out, arena, CLAIMS_BYTES);
    mln_json_write_value(&out, jwt, false);
    return mln_buf_finish(&out, ret);
}
