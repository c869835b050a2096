/* Reading the claims of a token, and judging them. */
#include "cse/access/token_claims.h"

#include "base/timestamp.h"
#include "base/wildcard.h"
#include "model/check.h"
#include "model/pack.h"

enum { FRACTION = 6, EXPONENT_MOST = 100, PERMISSIONS_MOST = 1000 };

/* Name of each member in both forms. tkvr is what TS-0003 calls the version, vr what TS-0004 does;
 * both are read in both forms. */
enum row {
    VERSION,
    ID,
    HOLDER,
    ISSUER,
    NOT_BEFORE,
    NOT_AFTER,
    NAME,
    AUDIENCE,
    PERMISSIONS,
    EXTENSION,
    ROWS
};

static const struct {
    const char *set;
    const char *jwt;
    bool is_mandatory;
} rows[ROWS] = {
    [VERSION] = { "vr", "tkvr", true },        [ID] = { "tkid", "jti", true },
    [HOLDER] = { "tkhd", "azp", true },        [ISSUER] = { "tkis", "iss", true },
    [NOT_BEFORE] = { "tknb", "nbf", true },    [NOT_AFTER] = { "tkna", "exp", true },
    [NAME] = { "tknm", "tknm", false },        [AUDIENCE] = { "tkau", "aud", false },
    [PERMISSIONS] = { "tkps", "tkps", false }, [EXTENSION] = { "tkex", "tkex", false },
};

struct reading {
    const struct mln_value *members[ROWS];
    enum mln_token_form form;
    const struct mln_limits *limits;
    struct mln_arena *arena;
    struct mln_fault *fault;
    struct mln_token_claims *claims;
};

static const char *name_of(const struct reading *r, enum row row)
{
    return r->form == MLN_TOKEN_JWT ? rows[row].jwt : rows[row].set;
}

static mln_err refuse(const struct reading *r, enum row row, const char *what)
{
    mln_fault_set(r->fault, "token: %s: %s", name_of(r, row), what);
    MLN_FAIL(TOKEN_REFUSED);
}

/* ---- times ---- */

/* Digits and the place of the point of a number as JSON writes it. */
struct decimal {
    struct mln_slice whole;
    struct mln_slice fraction;
    int64_t exponent;
    bool is_negative;
};

static bool split_decimal(struct mln_slice text, struct decimal *ret)
{
    struct mln_slice rest = text;
    struct mln_slice mantissa;
    struct mln_slice exponent;
    size_t at = 0;

    ret->is_negative = rest.len && rest.ptr[0] == '-';
    rest = mln_slice_from(rest, ret->is_negative);
    while (at < rest.len && rest.ptr[at] != 'e' && rest.ptr[at] != 'E') {
        at++;
    }
    mantissa = mln_slice_head(rest, at);
    exponent = mln_slice_from(rest, at + 1);
    ret->whole = mln_slice_cut(&mantissa, '.');
    ret->fraction = mantissa;
    ret->exponent = 0;
    for (size_t i = 0; i < exponent.len; i++) {
        char c = exponent.ptr[i];

        if (c >= '0' && c <= '9') {
            ret->exponent = ret->exponent * 10 + (c - '0');
        }
        if (ret->exponent > EXPONENT_MOST) {
            return false;
        }
    }
    if (exponent.len && exponent.ptr[0] == '-') {
        ret->exponent = -ret->exponent;
    }
    return true;
}

static unsigned digit_at(const struct decimal *d, size_t i)
{
    if (i < d->whole.len) {
        return (unsigned)(d->whole.ptr[i] - '0');
    }
    return i - d->whole.len < d->fraction.len ? (unsigned)(d->fraction.ptr[i - d->whole.len] - '0')
                                              : 0;
}

/* All digits before the place of the microseconds, and whether something stands behind it. */
static bool decimal_us(const struct decimal *d, bool rounds_up, int64_t *ret)
{
    size_t count = d->whole.len + d->fraction.len;
    int64_t end = (int64_t)d->whole.len + d->exponent + FRACTION;
    bool has_rest = false;
    bool is_zero = true;
    int64_t us = 0;

    for (size_t i = 0; i < count || (int64_t)i < end; i++) {
        unsigned digit = digit_at(d, i);

        is_zero = is_zero && digit == 0;
        if ((int64_t)i >= end) {
            has_rest = has_rest || digit != 0;
        } else if (us > (MLN_TIMESTAMP_MAX - digit) / 10) {
            return false;
        } else {
            us = us * 10 + digit;
        }
    }
    us += rounds_up && has_rest;
    *ret = us;
    return us <= MLN_TIMESTAMP_MAX && (is_zero || !d->is_negative);
}

/* NumericDate to microseconds, exactly; what does not fill a microsecond is rounded up or down.
 * False for anything that is no number, before 1970 or after the year 9999. RFC 7519 2 */
static bool read_date(const struct mln_value *v, bool rounds_up, int64_t *ret_us)
{
    struct decimal d;

    if (v->kind == MLN_V_INT) {
        if (v->is_negative || v->magnitude > (uint64_t)(MLN_TIMESTAMP_MAX / MLN_US_PER_S)) {
            return false;
        }
        *ret_us = (int64_t)v->magnitude * MLN_US_PER_S;
        return true;
    }
    return v->kind == MLN_V_REAL && split_decimal(v->text, &d) && decimal_us(&d, rounds_up, ret_us);
}

/* A token is never valid longer than its issuer said: the beginning is rounded up, the end down. */
static mln_err read_time(const struct reading *r, enum row row, int64_t *ret)
{
    const struct mln_value *v = r->members[row];
    bool is_good = r->form == MLN_TOKEN_JWT
                       ? read_date(v, row == NOT_BEFORE, ret)
                       : v->kind == MLN_V_TEXT && mln_timestamp_parse(v->text, ret);

    return is_good
               ? MLN_OK
               : refuse(r, row, r->form == MLN_TOKEN_JWT ? "not a NumericDate" : "not a timestamp");
}

/* ---- texts and lists ---- */

static mln_err check_type(const struct reading *r, enum mln_datatype_id type,
                          const struct mln_value *v, enum row row)
{
    struct mln_fault why = { 0 };
    mln_err err = mln_check_value(type, v, mln_slice_z(name_of(r, row)), &why);

    if (mln_failed(err)) {
        mln_fault_set(r->fault, "token: %s", why.text[0] ? why.text : "not of its data type");
        MLN_FAIL(TOKEN_REFUSED);
    }
    return MLN_OK;
}

static mln_err read_text(const struct reading *r, enum row row, enum mln_datatype_id type,
                         struct mln_slice *ret)
{
    MLN_TRY(check_type(r, type, r->members[row], row));
    *ret = r->members[row]->text;
    return MLN_OK;
}

/* The texts of a list whose type was checked. */
static mln_err list_texts(const struct reading *r, const struct mln_value *list,
                          const struct mln_slice **ret, size_t *ret_count)
{
    struct mln_slice *texts = mln_arena_zalloc(r->arena, list->items.count + 1, sizeof *texts);
    size_t count = 0;

    MLN_REQUIRE(texts, NO_MEMORY);
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        texts[count++] = v->text;
    }
    *ret = texts;
    *ret_count = count;
    return MLN_OK;
}

/* A list of m2m:ID, or in a JWT a single one. RFC 7519 4.1.3 */
static mln_err read_audience(const struct reading *r)
{
    const struct mln_value *v = r->members[AUDIENCE];
    struct mln_value *list;

    if (!v) {
        return MLN_OK;
    }
    if (v->kind == MLN_V_TEXT && r->form == MLN_TOKEN_JWT) {
        list = mln_value_new(r->arena, MLN_V_ARRAY);
        MLN_REQUIRE(list, NO_MEMORY);
        MLN_TRY(mln_value_append(list, mln_value_text(r->arena, v->text)));
        v = list;
    }
    if (v->kind != MLN_V_ARRAY) {
        return refuse(r, AUDIENCE, "must be a list");
    }
    for (const struct mln_value *id = v->items.first; id; id = id->next) {
        MLN_TRY(check_type(r, MLN_DT_ID, id, AUDIENCE));
    }
    return list_texts(r, v, &r->claims->audience, &r->claims->audience_count);
}

/* ---- permissions ---- */

static mln_err read_rules(const struct reading *r, const struct mln_value *v, size_t *rules_left,
                          struct mln_slice *ret)
{
    const struct mln_value *list = mln_value_get(v, MLN_S("acr"));
    size_t count = list ? list->items.count : 0;
    struct mln_buf out;

    if (count > *rules_left) {
        return refuse(r, PERMISSIONS, "too many rules");
    }
    *rules_left -= count;
    mln_buf_init(&out, r->arena, r->limits->token_bytes * 2);
    mln_pack_value(&out, v);
    MLN_REQUIRE(!out.failed, NO_MEMORY);
    return mln_buf_finish(&out, ret);
}

static mln_err read_permission(const struct reading *r, const struct mln_value *v,
                               size_t *rules_left, struct mln_token_permission *ret)
{
    const struct mln_value *resources = mln_value_get(v, MLN_S("ris"));
    const struct mln_value *rules = mln_value_get(v, MLN_S("pv"));
    const struct mln_value *roles = mln_value_get(v, MLN_S("rids"));

    if (resources) {
        MLN_TRY(list_texts(r, resources, &ret->resources, &ret->resource_count));
    }
    if (roles) {
        MLN_TRY(list_texts(r, roles, &ret->roles, &ret->role_count));
    }
    if (!rules && !ret->role_count) {
        return refuse(r, PERMISSIONS, "a permission has pv or rids");
    }
    /* spec: TS-0003 7.3.2.5: with privileges, the resources must be said; an empty list would read
     * like none */
    if ((rules || resources) && !ret->resource_count) {
        return refuse(r, PERMISSIONS, "a permission with pv names its resources in ris");
    }
    return rules ? read_rules(r, rules, rules_left, &ret->rules) : MLN_OK;
}

static mln_err read_permissions(const struct reading *r)
{
    const struct mln_value *v = r->members[PERMISSIONS];
    const struct mln_value *list = mln_value_get(v, MLN_S("pm"));
    struct mln_token_permission *permissions;
    size_t rules_left = r->limits->acp_rules;

    if (!v) {
        return MLN_OK;
    }
    MLN_TRY(check_type(r, MLN_DT_TOKEN_PERMISSIONS, v, PERMISSIONS));
    if (!list) {
        return MLN_OK;
    }
    if (list->items.count > PERMISSIONS_MOST) {
        return refuse(r, PERMISSIONS, "too many");
    }
    permissions = mln_arena_zalloc(r->arena, list->items.count + 1, sizeof *permissions);
    MLN_REQUIRE(permissions, NO_MEMORY);
    r->claims->permissions = permissions;
    for (const struct mln_value *p = list->items.first; p; p = p->next) {
        MLN_TRY(read_permission(r, p, &rules_left, &permissions[r->claims->permission_count]));
        r->claims->permission_count++;
    }
    return MLN_OK;
}

/* ---- the whole ---- */

/* Finds the members; the version has two names. */
static mln_err find_members(struct reading *r, const struct mln_value *claims)
{
    for (unsigned row = 0; row < ROWS; row++) {
        const struct mln_value *other = NULL;

        r->members[row] = mln_value_get(claims, mln_slice_z(name_of(r, row)));
        if (row == VERSION) {
            other = mln_value_get(claims, r->form == MLN_TOKEN_JWT ? MLN_S("vr") : MLN_S("tkvr"));
        }
        if (other && r->members[row]) {
            return refuse(r, row, "said twice");
        }
        if (other) {
            r->members[row] = other;
        }
        if (!r->members[row] && rows[row].is_mandatory) {
            return refuse(r, row, "missing");
        }
    }
    return MLN_OK;
}

/* As data of oneM2M nothing else may stand there. */
static mln_err check_no_more(const struct reading *r, const struct mln_value *claims)
{
    size_t found = 0;

    for (unsigned row = 0; row < ROWS; row++) {
        found += r->members[row] != NULL;
    }
    if (r->form == MLN_TOKEN_SET && claims->items.count != found) {
        mln_fault_set(r->fault, "token: a member that m2m:tokenClaimSet does not have");
        MLN_FAIL(TOKEN_REFUSED);
    }
    return MLN_OK;
}

static mln_err read_all(const struct reading *r)
{
    struct mln_token_claims *c = r->claims;

    MLN_TRY(read_text(r, VERSION, MLN_DT_STRING, &c->version));
    if (!mln_slice_starts(c->version, MLN_S("1."))) {
        return refuse(r, VERSION, "only 1.x is understood");
    }
    MLN_TRY(read_text(r, ID, MLN_DT_TOKEN_ID, &c->id));
    MLN_TRY(read_text(r, HOLDER, MLN_DT_ID, &c->holder));
    MLN_TRY(read_text(r, ISSUER, MLN_DT_ID, &c->issuer));
    MLN_TRY(read_time(r, NOT_BEFORE, &c->not_before_us));
    MLN_TRY(read_time(r, NOT_AFTER, &c->not_after_us));
    if (c->not_after_us <= c->not_before_us) {
        return refuse(r, NOT_AFTER, "is not after the beginning");
    }
    c->has_name = r->members[NAME] != NULL;
    MLN_TRY(c->has_name ? read_text(r, NAME, MLN_DT_STRING, &c->name) : MLN_OK);
    c->has_extension = r->members[EXTENSION] != NULL;
    MLN_TRY(c->has_extension ? read_text(r, EXTENSION, MLN_DT_STRING, &c->extension) : MLN_OK);
    MLN_TRY(read_audience(r));
    return read_permissions(r);
}

mln_err mln_token_claims_read(const struct mln_value *claims, enum mln_token_form form,
                              const struct mln_limits *limits, struct mln_arena *arena,
                              struct mln_fault *fault, struct mln_token_claims *ret)
{
    struct mln_token_claims found = { 0 };
    struct reading r = {
        .form = form, .limits = limits, .arena = arena, .fault = fault, .claims = &found
    };

    if (claims->kind != MLN_V_OBJECT) {
        mln_fault_set(fault, "token: claims must be an object");
        MLN_FAIL(TOKEN_REFUSED);
    }
    MLN_TRY(find_members(&r, claims));
    MLN_TRY(check_no_more(&r, claims));
    MLN_TRY(read_all(&r));
    *ret = found;
    return MLN_OK;
}

/* ---- judging ---- */

static mln_err deny(struct mln_fault *fault, const char *why)
{
    mln_fault_set(fault, "token: %s", why);
    MLN_FAIL(TOKEN_REFUSED);
}

/* An entity in its absolute form. */
static bool parse_absolute(struct mln_slice id, const struct mln_names *names,
                           struct mln_entity *ret)
{
    return mln_slice_starts(id, MLN_S("//")) && mln_entity_parse(id, names, ret);
}

mln_err mln_token_claims_check_use(const struct mln_token_claims *claims,
                                   const struct mln_token_use *use, struct mln_fault *fault)
{
    struct mln_entity holder;

    if (!parse_absolute(claims->holder, use->names, &holder) ||
        !mln_entity_eq(&holder, use->originator)) {
        return deny(fault, "held by another entity");
    }
    if (use->now_us < claims->not_before_us - use->skew_us) {
        return deny(fault, "not valid yet");
    }
    return use->now_us < claims->not_after_us + use->skew_us ? MLN_OK : deny(fault, "expired");
}

/* Our absolute CSE-ID against one entry. The wildcard does not reach over a slash. */
static bool is_meant(struct mln_slice entry, const struct mln_names *names)
{
    struct mln_slice sp = names->sp_id;
    struct mln_entity us = { .sp = mln_slice_from(sp, 2), .cse = mln_slice_from(names->cse_id, 1) };
    struct mln_entity other;
    struct mln_slice rest = mln_slice_from(entry, 2);
    struct mln_slice domain;

    if (mln_slice_find(entry, '*') == entry.len) {
        return parse_absolute(entry, names, &other) && mln_entity_eq(&other, &us);
    }
    if (!mln_slice_starts(entry, MLN_S("//"))) {
        return false;
    }
    domain = mln_slice_cut(&rest, '/');
    return rest.ptr && mln_wildcard_match(domain, us.sp, '/') &&
           mln_wildcard_match(rest, us.cse, '/');
}

static bool has_audience(const struct mln_token_claims *claims, const struct mln_names *names)
{
    for (size_t i = 0; i < claims->audience_count; i++) {
        if (is_meant(claims->audience[i], names)) {
            return true;
        }
    }
    return claims->audience_count == 0;
}

mln_err mln_token_claims_check(const struct mln_token_claims *claims,
                               const struct mln_token_use *use, struct mln_slice issuer_fqdn,
                               struct mln_fault *fault)
{
    struct mln_slice domain = mln_slice_from(claims->id, mln_slice_find(claims->id, '@') + 1);

    if (!mln_slice_eq(domain, issuer_fqdn)) {
        return deny(fault, "its Token-ID is not of its issuer");
    }
    if (!has_audience(claims, use->names)) {
        return deny(fault, "not meant for this CSE");
    }
    return mln_token_claims_check_use(claims, use, fault);
}
