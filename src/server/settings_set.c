/* Setting one setting from text, with its check. */
#include <string.h>

#include "base/nearest.h"
#include "base/num.h"
#include "crypto/cred_id.h"
#include "model/ident.h"
#include "server/settings_int.h"
#include "server/tables.h"

mln_err mln_setting_refuse(struct mln_fault *fault, const char *name, const char *expected,
                           struct mln_slice value)
{
    mln_fault_set(fault, "%s: must be %s, not '%.*s'", name, expected, MLN_S_ARG(value));
    MLN_FAIL(CONFIG);
}

mln_err mln_setting_keep(struct mln_settings *s, struct mln_slice value, struct mln_slice *ret)
{
    MLN_REQUIRE(mln_arena_dup(s->arena, value, ret), NO_MEMORY);
    return MLN_OK;
}

static mln_err keep_text(struct mln_settings *s, struct mln_slice value, const char **ret)
{
    *ret = mln_arena_zdup(s->arena, value);
    MLN_REQUIRE(*ret, NO_MEMORY);
    return MLN_OK;
}

/* One of `words`, separated by '|', to its place. */
static bool choose(struct mln_slice value, struct mln_slice words, unsigned *ret)
{
    unsigned at = 0;

    while (words.ptr) {
        if (mln_slice_eq(mln_slice_cut(&words, '|'), value)) {
            *ret = at;
            return true;
        }
        at++;
    }
    return false;
}

mln_err mln_setting_switch(const char *name, struct mln_slice value, bool *ret,
                           struct mln_fault *fault)
{
    unsigned at;

    if (!choose(value, MLN_S("off|on"), &at)) {
        return mln_setting_refuse(fault, name, "on or off", value);
    }
    *ret = at == 1;
    return MLN_OK;
}

static mln_err set_config(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    (void)fault;
    return mln_setting_keep(s, v, &s->config);
}

static mln_err set_flex_definitions(struct mln_settings *s, struct mln_slice v,
                                    struct mln_fault *fault)
{
    s->flex_definitions = NULL;
    if (mln_slice_eq(v, MLN_S("none"))) {
        return MLN_OK;
    }
    if (v.len == 0) {
        return mln_setting_refuse(fault, "flex-definitions", "a directory, or none", v);
    }
    return keep_text(s, v, &s->flex_definitions);
}

static mln_err set_locations(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    s->locations = NULL;
    if (mln_slice_eq(v, MLN_S("none"))) {
        return MLN_OK;
    }
    if (v.len == 0) {
        return mln_setting_refuse(fault, "locations", "a file, or none", v);
    }
    return keep_text(s, v, &s->locations);
}

static mln_err set_data(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (v.len == 0) {
        return mln_setting_refuse(fault, "data", "a directory", v);
    }
    return mln_setting_keep(s, v, &s->data);
}

/* ---- listeners ---- */

/* ",trusted" or ",untrusted" behind the URL. */
static mln_err split_trust(struct mln_listen_setting *l, struct mln_slice *v,
                           struct mln_fault *fault)
{
    struct mln_slice rest = *v;
    struct mln_slice url = mln_slice_cut(&rest, ',');
    unsigned at;

    if (!rest.ptr) {
        return MLN_OK;
    }
    if (!choose(rest, MLN_S("untrusted|trusted"), &at)) {
        return mln_setting_refuse(fault, "listen", "a URL, perhaps with ',trusted' or ',untrusted'",
                                  *v);
    }
    l->says_trusted = true;
    l->is_trusted = at == 1;
    *v = url;
    return MLN_OK;
}

/* "host:port", "[v6]:port", "host" */
static bool split_host(struct mln_listen_setting *l, struct mln_slice authority)
{
    struct mln_slice rest = authority;
    uint64_t port;

    if (authority.len && authority.ptr[0] == '[') {
        size_t end = mln_slice_find(authority, ']');

        l->host = mln_slice_head(authority, end + 1);
        rest = mln_slice_from(authority, end + 1);
        if (end == authority.len || (rest.len && rest.ptr[0] != ':')) {
            return false;
        }
        rest = rest.len ? mln_slice_from(rest, 1) : (struct mln_slice){ 0 };
    } else {
        l->host = mln_slice_cut(&rest, ':');
    }
    if (!rest.ptr) {
        return l->host.len > 0;
    }
    l->has_port = true;
    if (!mln_num_u64(rest, &port) || port > UINT16_MAX) {
        return false;
    }
    l->port = (uint16_t)port;
    return l->host.len > 0;
}

static bool split_url(struct mln_listen_setting *l)
{
    struct mln_slice rest = l->url;
    struct mln_slice authority;

    l->scheme = mln_slice_cut(&rest, ':');
    if (!rest.ptr || !mln_slice_starts(rest, MLN_S("//"))) {
        return false;
    }
    rest = mln_slice_from(rest, 2);
    authority = mln_slice_cut(&rest, '/');
    return (!rest.ptr || rest.len == 0) && split_host(l, authority);
}

static mln_err add_listener(struct mln_settings *s, struct mln_slice v, bool is_insecure,
                            struct mln_fault *fault)
{
    struct mln_listen_setting l = { .is_insecure = is_insecure };

    if (s->listen_count == MLN_LISTENERS_MAX) {
        mln_fault_set(fault, "listen: more than %d", (int)MLN_LISTENERS_MAX);
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(split_trust(&l, &v, fault));
    MLN_TRY(mln_setting_keep(s, v, &l.url));
    if (!split_url(&l)) {
        return mln_setting_refuse(fault, "listen", "a URL like http://127.0.0.1:8080", v);
    }
    if (!mln_binding_of(l.scheme)) {
        mln_fault_set(fault, "listen: no binding for '%.*s' is built in", MLN_S_ARG(l.scheme));
        MLN_FAIL(CONFIG);
    }
    if (is_insecure && mln_binding_is_secured(l.scheme)) {
        mln_fault_set(fault, "insecure-listen: is for plain text; say --listen");
        MLN_FAIL(CONFIG);
    }
    if (is_insecure && l.is_trusted) {
        mln_fault_set(fault, "insecure-listen: such a listener cannot be trusted");
        MLN_FAIL(CONFIG);
    }
    s->listen[s->listen_count++] = l;
    return MLN_OK;
}

static mln_err set_listen(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return add_listener(s, v, false, fault);
}

static mln_err set_insecure(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return add_listener(s, v, true, fault);
}

static mln_err set_poa(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (!mln_ident_is_url(v)) {
        return mln_setting_refuse(fault, "poa", "a URL", v);
    }
    if (s->poa_count == MLN_POA_MAX) {
        mln_fault_set(fault, "poa: more than %d", (int)MLN_POA_MAX);
        MLN_FAIL(CONFIG);
    }
    return mln_setting_keep(s, v, &s->poa[s->poa_count++]);
}

/* ---- identity ---- */

static mln_err set_cse_id(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (!mln_ident_is_cse_id(v)) {
        return mln_setting_refuse(fault, "cse-id", "'/' and letters, digits, '-', '.', '_' or '~'",
                                  v);
    }
    return mln_setting_keep(s, v, &s->cse_id);
}

static mln_err set_cse_name(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (!mln_ident_is_name(v)) {
        return mln_setting_refuse(fault, "cse-name", "a resource name", v);
    }
    return mln_setting_keep(s, v, &s->cse_name);
}

static mln_err set_sp_id(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (!mln_ident_is_sp_id(v)) {
        return mln_setting_refuse(fault, "sp-id", "'//' and a domain name", v);
    }
    return mln_setting_keep(s, v, &s->sp_id);
}

static mln_err set_cse_type(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    unsigned at;

    if (!choose(v, MLN_S("in|mn|asn"), &at)) {
        return mln_setting_refuse(fault, "cse-type", "in, mn or asn", v);
    }
    s->cse_type = (enum mln_cse_type)(at + 1);
    return MLN_OK;
}

static mln_err set_admin(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (mln_slice_eq(v, MLN_S("none"))) {
        s->admin = (struct mln_slice){ 0 };
        return MLN_OK;
    }
    if (!mln_ident_is_stem(v)) {
        return mln_setting_refuse(fault, "admin", "an AE-ID-Stem (C or S and more) or 'none'", v);
    }
    return mln_setting_keep(s, v, &s->admin);
}

/* ---- the process ---- */

static mln_err set_log(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    unsigned at;

    if (!choose(v, MLN_S("error|warning|info|debug"), &at)) {
        return mln_setting_refuse(fault, "log", "error, warning, info or debug", v);
    }
    s->log = (enum mln_log_level)at;
    return MLN_OK;
}

static mln_err set_log_format(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    unsigned at;

    if (!choose(v, MLN_S("text|json"), &at)) {
        return mln_setting_refuse(fault, "log-format", "text or json", v);
    }
    s->is_log_json = at == 1;
    return MLN_OK;
}

static mln_err set_check(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return mln_setting_switch("check-config", v, &s->only_check, fault);
}

static mln_err set_store(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    MLN_TRY(keep_text(s, v, &s->store));
    return mln_stores_has(s->store)
               ? MLN_OK
               : mln_setting_refuse(fault, "store", "a store that is built in", v);
}

static mln_err set_store_size(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    static const char units[] = "KMGT";
    struct mln_slice digits = v;
    const char *unit = v.len ? memchr(units, v.ptr[v.len - 1], 4) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    uint64_t n;

    digits.len -= unit ? 1 : 0;
    if (!mln_num_u64(digits, &n) || n > (UINT64_MAX >> shift) || (n << shift) < 1 << 20) {
        return mln_setting_refuse(fault, "store-max-size", "a number of bytes, at least 1M", v);
    }
    s->store_max_bytes = n << shift;
    return MLN_OK;
}

static mln_err set_threads(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (!mln_num_u64(v, &s->threads) || s->threads > 64) {
        return mln_setting_refuse(fault, "threads", "a number from 0 to 64", v);
    }
    return MLN_OK;
}

static mln_err set_user(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return v.len ? keep_text(s, v, &s->user) : mln_setting_refuse(fault, "user", "a user", v);
}

static mln_err set_seccomp(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return mln_setting_switch("seccomp", v, &s->has_call_filter, fault);
}

static mln_err set_stop_time(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (!mln_num_u64(v, &s->stop_ms) || s->stop_ms > 600000) {
        return mln_setting_refuse(fault, "stop-time", "milliseconds up to 600000", v);
    }
    return MLN_OK;
}

/* ---- TLS ---- */

struct files {
    const char *name;
    const char **list;
    size_t *count;
    size_t max;
};

static mln_err add_file(struct mln_settings *s, struct mln_slice v, const struct files *to,
                        struct mln_fault *fault)
{
    if (v.len == 0) {
        return mln_setting_refuse(fault, to->name, "a file", v);
    }
    if (*to->count == to->max) {
        mln_fault_set(fault, "%s: more than %zu", to->name, to->max);
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(keep_text(s, v, &to->list[*to->count]));
    (*to->count)++;
    return MLN_OK;
}

static mln_err set_master_key(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return v.len ? keep_text(s, v, &s->master_key)
                 : mln_setting_refuse(fault, "master-key", "a file", v);
}

#define FILES(function, name, list, count)                                                         \
    static mln_err function(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)   \
    {                                                                                              \
        struct files to = { name, s->list, &s->count, sizeof s->list / sizeof s->list[0] };        \
                                                                                                   \
        return add_file(s, v, &to, fault);                                                         \
    }

FILES(set_certificate, "tls-certificate", tls_certificates, tls_certificate_count)
FILES(set_key, "tls-key", tls_keys, tls_key_count)
FILES(set_anchor, "tls-anchor", tls_anchors, tls_anchor_count)
FILES(set_crl, "tls-crl", tls_crls, tls_crl_count)
FILES(set_staple, "tls-ocsp-response", tls_staples, tls_staple_count)

static mln_err set_ocsp(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    unsigned at;

    if (!choose(v, MLN_S("asked|required"), &at)) {
        return mln_setting_refuse(fault, "tls-ocsp", "asked or required", v);
    }
    s->needs_tls_staple = at == 1;
    return MLN_OK;
}

static mln_err set_crl_check(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    unsigned at;

    if (!choose(v, MLN_S("hard|soft"), &at)) {
        return mln_setting_refuse(fault, "tls-crl-check", "hard or soft", v);
    }
    s->is_crl_soft = at == 1;
    return MLN_OK;
}

static mln_err set_strict(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return mln_setting_switch("tls-strict", v, &s->is_tls_strict, fault);
}

static mln_err set_clients(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    unsigned at;

    if (!choose(v, MLN_S("none|optional|required"), &at)) {
        return mln_setting_refuse(fault, "tls-client", "none, optional or required", v);
    }
    s->says_tls_clients = true;
    s->tls_clients = (enum mln_tls_clients)at;
    return MLN_OK;
}

static mln_err set_version(const char *name, struct mln_slice v, enum mln_tls_version *ret,
                           struct mln_fault *fault)
{
    unsigned at;

    if (!choose(v, MLN_S("1.2|1.3"), &at)) {
        return mln_setting_refuse(fault, name, "1.2 or 1.3", v);
    }
    *ret = (enum mln_tls_version)at;
    return MLN_OK;
}

static mln_err set_least(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return set_version("tls-min", v, &s->tls_least, fault);
}

static mln_err set_greatest(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return set_version("tls-max", v, &s->tls_greatest, fault);
}

static mln_err set_authority(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (!mln_fqdn_is_valid(v) && !mln_cert_is_domain(v)) {
        return mln_setting_refuse(fault, "authority", "a domain name", v);
    }
    if (s->authority_count == MLN_TLS_AUTHORITIES) {
        mln_fault_set(fault, "authority: more than %d", (int)MLN_TLS_AUTHORITIES);
        MLN_FAIL(CONFIG);
    }
    return mln_setting_keep(s, v, &s->authorities[s->authority_count++]);
}

/* ---- rules ---- */

static mln_err set_lifetime(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (!mln_num_u64(v, &s->max_lifetime_s) || s->max_lifetime_s == 0 ||
        s->max_lifetime_s > UINT64_C(100000000000)) {
        return mln_setting_refuse(fault, "max-lifetime", "a number of seconds", v);
    }
    return MLN_OK;
}

static mln_err set_profile(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    unsigned at;

    if (!choose(v, MLN_S("r3|r2"), &at)) {
        return mln_setting_refuse(fault, "profile", "r3 or r2", v);
    }
    s->is_release_2 = at == 1;
    return MLN_OK;
}

static mln_err set_hide(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return mln_setting_switch("hide-unauthorised", v, &s->hides_unauthorised, fault);
}

static mln_err set_verify(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    unsigned at;

    if (!choose(v, MLN_S("all|resources|none"), &at)) {
        return mln_setting_refuse(fault, "verify-subscriptions", "all, resources or none", v);
    }
    s->verify = (enum mln_verify)at;
    return MLN_OK;
}

static mln_err set_unauthenticated(struct mln_settings *s, struct mln_slice v,
                                   struct mln_fault *fault)
{
    unsigned at;

    if (!choose(v, MLN_S("refuse|registered|open"), &at)) {
        return mln_setting_refuse(fault, "unauthenticated", "refuse, registered or open", v);
    }
    s->unauthenticated = (enum mln_unauthenticated)at;
    return MLN_OK;
}

static mln_err set_recheck(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return mln_setting_switch("recheck-subscribers", v, &s->rechecks_subscribers, fault);
}

static mln_err set_enforcement(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return mln_setting_switch("profile-enforcement", v, &s->enforces_profile, fault);
}

static mln_err set_file(struct mln_settings *s, const char *name, struct mln_slice v,
                        struct mln_fault *fault, struct mln_slice *ret)
{
    if (mln_slice_eq(v, MLN_S("none"))) {
        v.len = 0;
    } else if (!v.len) {
        return mln_setting_refuse(fault, name, "a file or none", v);
    }
    return mln_setting_keep(s, v, ret);
}

static mln_err set_audit(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return set_file(s, "audit", v, fault, &s->audit);
}

static mln_err set_statistics(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return set_file(s, "statistics", v, fault, &s->statistics);
}

static mln_err set_audit_all(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return mln_setting_switch("audit-all", v, &s->audits_all, fault);
}

/* ---- roles and tokens ---- */

static mln_err set_tokens(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return mln_setting_switch("tokens", v, &s->has_tokens, fault);
}

static mln_err set_token_skew(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    enum { MOST = 60 }; /* spec: security.md 6.4 step 8 */

    if (!mln_num_u64(v, &s->token_skew_s) || s->token_skew_s > MOST) {
        return mln_setting_refuse(fault, "token-skew", "seconds up to 60", v);
    }
    return MLN_OK;
}

/* ---- end-to-end security ---- */

static mln_err set_security_info(struct mln_settings *s, struct mln_slice v,
                                 struct mln_fault *fault)
{
    s->takes_security_info = mln_slice_eq(v, MLN_S("open"));
    if (!s->takes_security_info && !mln_slice_eq(v, MLN_S("registered"))) {
        return mln_setting_refuse(fault, "security-info", "registered or open", v);
    }
    return MLN_OK;
}

static mln_err set_esprim_shared(struct mln_settings *s, struct mln_slice v,
                                 struct mln_fault *fault)
{
    return mln_setting_switch("esprim-shared", v, &s->is_esprim_shared, fault);
}

static mln_err set_esprim_lifetime(struct mln_settings *s, struct mln_slice v,
                                   struct mln_fault *fault)
{
    enum { MOST = 86400 };

    if (!mln_num_u64(v, &s->esprim_lifetime_s) || s->esprim_lifetime_s < 1 ||
        s->esprim_lifetime_s > MOST) {
        return mln_setting_refuse(fault, "esprim-lifetime", "seconds from 1 to 86400", v);
    }
    return MLN_OK;
}

static mln_err set_esprim_skew(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    enum { MOST = 30 }; /* spec: security.md 25.5 */

    if (!mln_num_u64(v, &s->esprim_skew_s) || s->esprim_skew_s > MOST) {
        return mln_setting_refuse(fault, "esprim-skew", "seconds up to 30", v);
    }
    return MLN_OK;
}

/* ---- limits ---- */

static bool same_name(struct mln_slice given, const char *name)
{
    size_t i = 0;

    for (; i < given.len && name[i]; i++) {
        char c = given.ptr[i] == '-' ? '_' : given.ptr[i];

        if (c != name[i]) {
            return false;
        }
    }
    return i == given.len && !name[i];
}

static mln_err refuse_limit(struct mln_slice name, struct mln_fault *fault)
{
    struct mln_nearest nearest;
    size_t count;
    const struct mln_limit_row *rows = mln_limit_rows(&count);

    mln_nearest_init(&nearest, name);
    for (size_t i = 0; i < count; i++) {
        mln_nearest_offer(&nearest, mln_slice_z(rows[i].name));
    }
    mln_fault_set(fault, "there is no limit '%.*s'%s%.*s%s", MLN_S_ARG(name),
                  nearest.count ? ", did you mean " : "", MLN_S_ARG(nearest.best[0]),
                  nearest.count ? "?" : "");
    MLN_FAIL(CONFIG);
}

static mln_err set_limit(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    struct mln_slice number = v;
    struct mln_slice name = mln_slice_trim(mln_slice_cut(&number, '='));
    size_t count;
    const struct mln_limit_row *rows = mln_limit_rows(&count);
    uint64_t n;

    for (size_t i = 0; i < count; i++) {
        if (!same_name(name, rows[i].name)) {
            continue;
        }
        if (!mln_num_u64(mln_slice_trim(number), &n) || n < rows[i].least || n > rows[i].greatest) {
            mln_fault_set(fault, "limit %s: must be %llu to %llu", rows[i].name,
                          (unsigned long long)rows[i].least, (unsigned long long)rows[i].greatest);
            MLN_FAIL(CONFIG);
        }
        memcpy((char *)&s->limits + rows[i].offset, &n, sizeof n);
        return MLN_OK;
    }
    return number.ptr && name.len
               ? refuse_limit(name, fault)
               : mln_setting_refuse(fault, "limit", "NAME=NUMBER with the name of a limit", v);
}

static const struct mln_setter setters[] = {
    { "config", set_config },
    { "data", set_data },
    { "listen", set_listen },
    { "insecure-listen", set_insecure },
    { "poa", set_poa },
    { "cse-id", set_cse_id },
    { "cse-name", set_cse_name },
    { "sp-id", set_sp_id },
    { "cse-type", set_cse_type },
    { "admin", set_admin },
    { "log", set_log },
    { "log-format", set_log_format },
    { "check-config", set_check },
    { "store", set_store },
    { "store-max-size", set_store_size },
    { "threads", set_threads },
    { "user", set_user },
    { "seccomp", set_seccomp },
    { "max-lifetime", set_lifetime },
    { "profile", set_profile },
    { "hide-unauthorised", set_hide },
    { "locations", set_locations },
    { "flex-definitions", set_flex_definitions },
    { "verify-subscriptions", set_verify },
    { "recheck-subscribers", set_recheck },
    { "unauthenticated", set_unauthenticated },
    { "profile-enforcement", set_enforcement },
    { "audit", set_audit },
    { "audit-all", set_audit_all },
    { "statistics", set_statistics },
    { "tokens", set_tokens },
    { "token-skew", set_token_skew },
    { "security-info", set_security_info },
    { "esprim-shared", set_esprim_shared },
    { "esprim-lifetime", set_esprim_lifetime },
    { "esprim-skew", set_esprim_skew },
    { "stop-time", set_stop_time },
    { "limit", set_limit },
    { "master-key", set_master_key },
    { "tls-certificate", set_certificate },
    { "tls-key", set_key },
    { "tls-anchor", set_anchor },
    { "tls-crl", set_crl },
    { "tls-crl-check", set_crl_check },
    { "tls-ocsp-response", set_staple },
    { "tls-ocsp", set_ocsp },
    { "tls-strict", set_strict },
    { "tls-client", set_clients },
    { "tls-min", set_least },
    { "tls-max", set_greatest },
    { "authority", set_authority },
};

static const struct mln_setter *find(const struct mln_setter *list, size_t count,
                                     struct mln_slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (mln_slice_eq(mln_slice_z(list[i].name), name)) {
            return &list[i];
        }
    }
    return NULL;
}

mln_err mln_setting_set(struct mln_settings *s, struct mln_slice name, struct mln_slice value,
                        struct mln_fault *fault)
{
    const struct mln_setter *setter = find(setters, sizeof setters / sizeof setters[0], name);
    const struct mln_setter *more;
    size_t count;

    if (!setter) {
        more = mln_settings_of_cses(&count);
        setter = find(more, count, name);
    }
    MLN_REQUIRE(setter, INTERNAL);
    return setter->set(s, value, fault);
}
