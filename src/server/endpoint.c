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
