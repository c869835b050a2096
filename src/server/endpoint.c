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

/* Of two keys for one entity only one would count. */
static mln_err check_once(const struct mln_settings *settings, const struct mln_names *names,
                          struct mln_fault *fault)
{
    struct mln_entity a;
    struct mln_entity b;

    for (size_t i = 0; i < settings->esprim_to_count; i++) {
        for (size_t k = 0; k < i; k++) {
            struct mln_slice id = settings->esprim_to[i].domain;

            if (mln_entity_parse(settings->esprim_to[k].domain, names, &a) &&
                mln_entity_parse(id, names, &b) && mln_entity_eq(&a, &b)) {
                mln_fault_set(fault, "--esprim-to %.*s: named twice", MLN_S_ARG(id));
                MLN_FAIL(CONFIG);
            }
        }
    }
    return MLN_OK;
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
    return check_once(settings, &names, fault);
}
