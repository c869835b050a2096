/* Settings about other CSEs, by what they keep for us: registration, roles, groups. */
#include "base/buf.h"
#include "base/num.h"
#include "crypto/cred_id.h"
#include "model/check.h"
#include "model/ident.h"
#include "server/settings_int.h"

/* "domain=value"; a Role-ID with that domain would be one. */
static mln_err read_domain(struct mln_settings *s, struct mln_slice v,
                           struct mln_domain_setting *ret)
{
    struct mln_slice rest = v;
    struct mln_slice domain = mln_slice_cut(&rest, '=');
    struct mln_buf id;
    struct mln_slice text;

    mln_buf_init(&id, s->arena, SIZE_MAX);
    mln_buf_add(&id, MLN_S("r@"));
    mln_buf_add(&id, domain);
    MLN_TRY(mln_buf_finish(&id, &text));
    MLN_REQUIRE(rest.len && mln_check_pattern(MLN_PATTERN_ROLE_ID, text), CONFIG);
    MLN_TRY(mln_setting_keep(s, domain, &ret->domain));
    return mln_setting_keep(s, rest, &ret->value);
}

static mln_err set_role_issuer(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    static const struct mln_names names = { { "//x", 3 }, { "/x", 2 }, { "x", 1 } };
    struct mln_domain_setting d = { 0 };
    struct mln_entity entity;

    if (s->role_issuer_count == MLN_DOMAINS_MAX || mln_failed(read_domain(s, v, &d)) ||
        !mln_entity_parse(d.value, &names, &entity)) {
        return mln_setting_refuse(fault, "role-issuer",
                                  "a domain in lower case, '=' and an AE-ID or CSE-ID", v);
    }
    s->role_issuers[s->role_issuer_count++] = d;
    return MLN_OK;
}

/* Takes ",credential=ID" off the end of the value. False: it is no Credential-ID in its canonical
 * form, or goes with a URL that proves nothing. */
static bool cut_credential(struct mln_domain_setting *d)
{
    const struct mln_slice word = MLN_S(",credential=");
    struct mln_credential_id parsed;
    char canonical[MLN_CREDENTIAL_ID_MAX];
    size_t at = 0;

    while (at < d->value.len && !mln_slice_starts(mln_slice_from(d->value, at), word)) {
        at++;
    }
    d->credential_id = mln_slice_from(d->value, at + word.len);
    if (at == d->value.len) {
        return true;
    }
    d->value = mln_slice_head(d->value, at);
    return mln_slice_starts(d->value, MLN_S("https://")) &&
           mln_credential_id_parse(d->credential_id, &parsed) &&
           mln_slice_eq(d->credential_id,
                        mln_slice_of(canonical,
                                     mln_credential_id_put(parsed.type, parsed.value, canonical)));
}

static bool is_reached_by_http(const struct mln_domain_setting *d)
{
    return mln_slice_starts(d->value, MLN_S("http://")) ||
           mln_slice_starts(d->value, MLN_S("https://"));
}

static mln_err set_role_repository(struct mln_settings *s, struct mln_slice v,
                                   struct mln_fault *fault)
{
    struct mln_domain_setting d = { 0 };

    if (s->role_repository_count == MLN_DOMAINS_MAX || mln_failed(read_domain(s, v, &d)) ||
        !cut_credential(&d) || !is_reached_by_http(&d)) {
        return mln_setting_refuse(fault, "role-repository",
                                  "a domain in lower case, '=' and a URL, and with https perhaps "
                                  "',credential=' and a Credential-ID",
                                  v);
    }
    s->role_repositories[s->role_repository_count++] = d;
    return MLN_OK;
}

/* "/id-mn" or "//sp.example/id-mn" */
static bool is_cse_id(struct mln_slice id)
{
    struct mln_slice rest = mln_slice_from(id, 2);
    size_t sp = 2 + mln_slice_find(rest, '/');

    return mln_slice_starts(id, MLN_S("//")) ? mln_ident_is_sp_id(mln_slice_head(id, sp)) &&
                                                   mln_ident_is_cse_id(mln_slice_from(id, sp))
                                             : mln_ident_is_cse_id(id);
}

static mln_err set_group_host(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    struct mln_domain_setting d = { 0 };
    struct mln_slice rest = v;
    struct mln_slice id = mln_slice_cut(&rest, '=');

    MLN_TRY(mln_setting_keep(s, id, &d.domain));
    MLN_TRY(mln_setting_keep(s, rest, &d.value));
    if (s->group_host_count == MLN_DOMAINS_MAX || !is_cse_id(id) || !cut_credential(&d) ||
        !is_reached_by_http(&d)) {
        return mln_setting_refuse(
            fault, "group-host",
            "a CSE-ID, '=' and a URL, and with https perhaps ',credential=' and a "
            "Credential-ID",
            v);
    }
    s->group_hosts[s->group_host_count++] = d;
    return MLN_OK;
}

/* Who it is that is named is checked when our own names are known. */
static mln_err set_esprim_to(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    struct mln_domain_setting d = { 0 };
    struct mln_slice rest = v;
    struct mln_slice id = mln_slice_cut(&rest, '=');
    struct mln_key_id key;

    MLN_TRY(mln_setting_keep(s, id, &d.domain));
    MLN_TRY(mln_setting_keep(s, rest, &d.value));
    if (s->esprim_to_count == MLN_DOMAINS_MAX || !mln_slice_starts(id, MLN_S("/")) ||
        !mln_key_id_parse(rest, &key)) {
        return mln_setting_refuse(fault, "esprim-to",
                                  "an AE-ID or CSE-ID, SP-relative or absolute, '=' and the "
                                  "identifier of a key",
                                  v);
    }
    s->esprim_to[s->esprim_to_count++] = d;
    return MLN_OK;
}

static mln_err set_peer(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    struct mln_domain_setting d = { 0 };
    struct mln_slice rest = v;
    struct mln_slice id = mln_slice_cut(&rest, '=');

    MLN_TRY(mln_setting_keep(s, id, &d.domain));
    MLN_TRY(mln_setting_keep(s, rest, &d.value));
    if (s->peer_count == MLN_DOMAINS_MAX || !mln_slice_starts(id, MLN_S("//")) || !is_cse_id(id) ||
        !rest.ptr || !cut_credential(&d) || (d.value.len && !is_reached_by_http(&d))) {
        return mln_setting_refuse(fault, "peer",
                                  "an absolute CSE-ID, '=' and perhaps a URL, and with https "
                                  "perhaps ',credential=' and a "
                                  "Credential-ID",
                                  v);
    }
    s->peers[s->peer_count++] = d;
    return MLN_OK;
}

static mln_err set_registrar(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    struct mln_domain_setting d = { 0 };

    MLN_TRY(mln_setting_keep(s, v, &d.value));
    if (!cut_credential(&d) || !is_reached_by_http(&d)) {
        return mln_setting_refuse(
            fault, "registrar", "a URL, and with https perhaps ',credential=' and a Credential-ID",
            v);
    }
    s->registrar = d.value;
    s->registrar_credential = d.credential_id;
    return MLN_OK;
}

static mln_err set_in_cse_id(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (!mln_ident_is_cse_id(v)) {
        return mln_setting_refuse(fault, "in-cse-id",
                                  "'/' and letters, digits, '-', '.', '_' or '~'", v);
    }
    return mln_setting_keep(s, v, &s->in_cse_id);
}

static mln_err set_registrar_id(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    if (!mln_ident_is_cse_id(v)) {
        return mln_setting_refuse(fault, "registrar-id",
                                  "'/' and letters, digits, '-', '.', '_' or '~'", v);
    }
    return mln_setting_keep(s, v, &s->registrar_id);
}

static mln_err set_registration_lifetime(struct mln_settings *s, struct mln_slice v,
                                         struct mln_fault *fault)
{
    if (!mln_num_u64(v, &s->registration_s) || s->registration_s < 2 ||
        s->registration_s > UINT64_C(100000000000)) {
        return mln_setting_refuse(fault, "registration-lifetime", "a number of seconds, at least 2",
                                  v);
    }
    return MLN_OK;
}

static mln_err set_deregister(struct mln_settings *s, struct mln_slice v, struct mln_fault *fault)
{
    return mln_setting_switch("deregister", v, &s->deregisters, fault);
}

const struct mln_setter *mln_settings_of_cses(size_t *ret_count)
{
    static const struct mln_setter setters[] = {
        { "in-cse-id", set_in_cse_id },
        { "registrar", set_registrar },
        { "registrar-id", set_registrar_id },
        { "registration-lifetime", set_registration_lifetime },
        { "deregister", set_deregister },
        { "role-issuer", set_role_issuer },
        { "role-repository", set_role_repository },
        { "group-host", set_group_host },
        { "peer", set_peer },
        { "esprim-to", set_esprim_to },
    };

    *ret_count = sizeof setters / sizeof setters[0];
    return setters;
}
