/* The keys and the e2eSecInfo of an end. */
#include "e2e/endpoint.h"

#include "base/mem.h"
#include "model/pack.h"

struct mln_endpoint {
    struct mln_credentials *credentials; /* borrowed */
    struct mln_esprim_target *target;
    struct mln_made_keys *keys;
    struct mln_escertke *escertke;
};

/* The SUIDs that a credential for ESPrim may have. spec: security.md 13.4 */
static const unsigned esprim_suids[] = { 13, 23, 33, 43 };

enum { SUIDS = sizeof esprim_suids / sizeof esprim_suids[0], BY_CERTIFICATE = 43 };

/* A dummy stands for a key that is not there, not valid now, or meant for another use: SEC-IDN-03.
 */
static mln_err find_key(void *data, struct mln_slice kid, int64_t now_us, struct mln_pair_key *ret)
{
    struct mln_endpoint *endpoint = data;
    struct mln_found_key found;

    MLN_TRY(mln_credentials_find_key(endpoint->credentials, kid, MLN_USE_ESPRIM, now_us, &found));
    if (!found.association) {
        mln_secret_free(found.key);
        return mln_made_keys_find(endpoint->keys, kid, now_us, ret);
    }
    *ret = (struct mln_pair_key){ .key = found.key, .association = found.association };
    return MLN_OK;
}

static mln_err make_escertke(struct mln_endpoint *endpoint,
                             const struct mln_endpoint_options *options)
{
    struct mln_escertke_options more = { .env = options->env,
                                         .limits = options->limits,
                                         .slot = options->slot };

    MLN_TRY(mln_made_keys_new(options->env, options->limits, options->slot, &endpoint->keys));
    more.keys = endpoint->keys;
    return mln_escertke_new(&more, &endpoint->escertke);
}

mln_err mln_endpoint_new(const struct mln_endpoint_options *options, struct mln_endpoint **ret)
{
    static const enum mln_jose_enc encs[] = { MLN_JOSE_A256GCM, MLN_JOSE_A192GCM,
                                              MLN_JOSE_A128GCM };
    struct mln_endpoint *endpoint = mln_calloc(1, sizeof *endpoint);
    struct mln_esprim_target_options target = {
        .env = options->env,
        .limits = options->limits,
        .keys = { endpoint, find_key },
        .is_shared = options->is_shared,
        .random_us = options->random_us,
        .skew_us = options->skew_us,
        .encs = encs,
        .enc_count = sizeof encs / sizeof encs[0],
    };
    mln_err err;

    MLN_REQUIRE(endpoint, NO_MEMORY);
    endpoint->credentials = options->credentials;
    err = make_escertke(endpoint, options);
    if (!mln_failed(err)) {
        err = mln_esprim_target_new(&target, &endpoint->target);
    }
    if (mln_failed(err)) {
        mln_endpoint_free(endpoint);
        return err;
    }
    *ret = endpoint;
    return MLN_OK;
}

void mln_endpoint_free(struct mln_endpoint *endpoint)
{
    if (endpoint) {
        mln_esprim_target_free(endpoint->target);
        mln_escertke_free(endpoint->escertke);
        mln_made_keys_free(endpoint->keys);
        mln_free(endpoint);
    }
}

static bool has_suid(uint64_t suids, unsigned suid)
{
    return suids >> suid & 1;
}

/* Those of the credentials, and what a certificate makes keys for. */
static uint64_t suids_of(const struct mln_endpoint *endpoint)
{
    uint64_t suids = mln_credentials_suids(endpoint->credentials);

    return mln_escertke_is_ready(endpoint->escertke) ? suids | 1ULL << BY_CERTIFICATE : suids;
}

bool mln_endpoint_has_esprim(struct mln_endpoint *endpoint)
{
    uint64_t suids = endpoint ? suids_of(endpoint) : 0;
    bool has = false;

    for (size_t i = 0; i < SUIDS; i++) {
        has |= has_suid(suids, esprim_suids[i]);
    }
    return has;
}

bool mln_endpoint_has_escertke(struct mln_endpoint *endpoint)
{
    return endpoint && mln_escertke_is_ready(endpoint->escertke);
}

struct mln_escertke *mln_endpoint_escertke(struct mln_endpoint *endpoint)
{
    return endpoint->escertke;
}

void mln_endpoint_renew(struct mln_endpoint *endpoint)
{
    if (endpoint) {
        mln_made_keys_renew(endpoint->keys);
    }
}

struct mln_esprim_target *mln_endpoint_target(struct mln_endpoint *endpoint)
{
    return endpoint->target;
}

/* spec: TS-0004 6.3.5.52 */
mln_err mln_endpoint_support(struct mln_endpoint *endpoint, struct mln_arena *arena,
                             struct mln_slice *ret)
{
    uint64_t suids = suids_of(endpoint);
    struct mln_e2e_random shared;
    struct mln_buf out;
    mln_err err;

    MLN_REQUIRE(mln_endpoint_has_esprim(endpoint), NOT_FOUND);
    mln_buf_init(&out, arena, SIZE_MAX);
    mln_pack_map(&out, MLN_PACK_OPEN);
    mln_pack_text(&out, MLN_S("esf"));
    mln_pack_array(&out, MLN_PACK_OPEN);
    for (size_t i = 0; i < SUIDS; i++) {
        if (has_suid(suids, esprim_suids[i])) {
            mln_pack_uint(&out, esprim_suids[i]);
        }
    }
    mln_pack_end(&out);
    err = mln_esprim_target_shared(endpoint->target, arena, &shared);
    if (!mln_failed(err)) {
        mln_pack_text(&out, MLN_S("esro"));
        mln_e2e_random_pack(&shared, &out);
    } else if (err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    mln_pack_end(&out);
    return mln_buf_finish(&out, ret);
}
