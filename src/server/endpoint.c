/* The end of end-to-end security that this CSE is. */
#include "server/endpoint.h"

mln_err mln_server_endpoint(const struct mln_settings *settings, const struct mln_server_tls *tls,
                            struct mln_endpoint **ret)
{
    struct mln_endpoint_options options = {
        .env = mln_env_system(),
        .limits = &settings->limits,
        .credentials = mln_server_tls_credentials(tls),
        .slot = mln_server_tls_slot(tls),
        .is_shared = settings->is_esprim_shared,
        .random_us = (int64_t)settings->esprim_lifetime_s * 1000000,
        .skew_us = (int64_t)settings->esprim_skew_s * 1000000,
    };

    return mln_endpoint_new(&options, ret);
}

static mln_err check_partner(const struct mln_domain_setting *d, const struct mln_names *names,
                             struct mln_endpoint *endpoint, struct mln_fault *fault)
{
    struct mln_entity entity;
    const struct mln_endpoint_partner partner = { d->value, &entity, names };
    struct mln_fault why = { 0 };
    struct mln_pair_key found;
    mln_err err;

    if (!mln_entity_parse(d->domain, names, &entity)) {
        mln_fault_set(fault, "--esprim-to %.*s: no AE-ID or CSE-ID", MLN_S_ARG(d->domain));
        MLN_FAIL(CONFIG);
    }
    err = mln_endpoint_key(endpoint, &partner, mln_env_now_us(mln_env_system()), &found, &why);
    if (mln_failed(err)) {
        mln_fault_set(fault, "--esprim-to %.*s: %s", MLN_S_ARG(d->domain), why.text);
        return err;
    }
    mln_secret_free(found.key);
    mln_association_unref(found.association);
    return MLN_OK;
}

mln_err mln_server_check_partners(const struct mln_settings *settings,
                                  struct mln_endpoint *endpoint, struct mln_fault *fault)
{
    const struct mln_names names = { settings->sp_id, settings->cse_id, settings->cse_name };

    for (size_t i = 0; i < settings->esprim_to_count; i++) {
        MLN_TRY(check_partner(&settings->esprim_to[i], &names, endpoint, fault));
    }
    return MLN_OK;
}
