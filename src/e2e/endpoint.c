/* The keys and the e2eSecInfo of an end. */
#include "e2e/endpoint.h"

#include "base/mem.h"
#include "crypto/base64.h"
#include "model/cover.h"
#include "model/pack.h"

struct mln_endpoint {
    struct mln_credentials *credentials; /* borrowed, like the next */
    struct mln_tls_slot *slot;
    struct mln_esprim_target *target;
    struct mln_made_keys *keys;
    struct mln_escertke *escertke;
};

/* SUIDs as bits: of keys for ESPrim, and what a certificate makes such keys for.
 * spec: security.md 13.4 */
#define BIT(suid)      (UINT64_C(1) << (suid))
#define ESPRIM_KEYS    (BIT(13) | BIT(23) | BIT(33))
#define BY_CERTIFICATE BIT(43)

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

mln_err mln_endpoint_key(struct mln_endpoint *endpoint, const struct mln_endpoint_partner *partner,
                         int64_t now_us, struct mln_pair_key *ret, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *key = NULL;
    MLN_CLEANUP(mln_association_unrefp) struct mln_association *association = NULL;
    struct mln_found_key found;

    MLN_TRY(mln_credentials_find_key(endpoint->credentials, partner->kid, MLN_USE_ESPRIM, now_us,
                                     &found));
    key = found.key;
    association = found.association;
    if (!association) {
        mln_fault_set(fault, "there is no credential '%.*s' for ESPrim that is valid now",
                      MLN_S_ARG(partner->kid));
        MLN_FAIL(CONFIG);
    }
    if (!mln_cover_names(association, partner->entity, partner->names)) {
        mln_fault_set(fault, "the credential '%.*s' does not name exactly this entity",
                      MLN_S_ARG(partner->kid));
        MLN_FAIL(CONFIG);
    }
    *ret = (struct mln_pair_key){ .key = key, .association = association };
    key = NULL;
    association = NULL;
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
    endpoint->slot = options->slot;
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

/* Those that something can be done with now. */
static uint64_t suids_of(const struct mln_endpoint *endpoint)
{
    uint64_t suids = mln_credentials_suids(endpoint->credentials) & ESPRIM_KEYS;

    return mln_escertke_is_ready(endpoint->escertke) ? suids | BY_CERTIFICATE : suids;
}

bool mln_endpoint_has_esprim(struct mln_endpoint *endpoint)
{
    return endpoint && suids_of(endpoint);
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
static void put_suids(struct mln_buf *out, uint64_t suids)
{
    mln_pack_text(out, MLN_S("esf"));
    mln_pack_array(out, MLN_PACK_OPEN);
    for (unsigned suid = 0; suids >> suid; suid++) {
        if (suids & BIT(suid)) {
            mln_pack_uint(out, suid);
        }
    }
    mln_pack_end(out);
}

/* Of use to who makes keys with us by certificate; nobody has to believe them. */
static mln_err put_certificates(const struct mln_endpoint *endpoint, struct mln_arena *arena,
                                struct mln_buf *out)
{
    MLN_CLEANUP(mln_tls_unrefp) struct mln_tls *tls = mln_tls_slot_get(endpoint->slot);
    struct mln_slice chain[MLN_TLS_CHAIN];
    size_t count = 0;

    if (tls) {
        MLN_TRY(mln_tls_chain(tls, arena, chain, &count));
    }
    mln_pack_text(out, MLN_S("escert"));
    mln_pack_array(out, count);
    for (size_t i = 0; i < count; i++) {
        struct mln_slice text;
        struct mln_buf room;

        mln_buf_init(&room, arena, SIZE_MAX);
        mln_base64_add(&room, chain[i]);
        MLN_TRY(mln_buf_finish(&room, &text));
        mln_pack_text(out, text);
    }
    return MLN_OK;
}

static mln_err put_shared(const struct mln_endpoint *endpoint, struct mln_arena *arena,
                          struct mln_buf *out)
{
    struct mln_e2e_random shared;
    mln_err err = mln_esprim_target_shared(endpoint->target, arena, &shared);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    mln_pack_text(out, MLN_S("esro"));
    mln_e2e_random_pack(&shared, out);
    return MLN_OK;
}

mln_err mln_endpoint_support(struct mln_endpoint *endpoint, struct mln_arena *arena,
                             struct mln_slice *ret)
{
    uint64_t suids = suids_of(endpoint);
    struct mln_buf out;

    MLN_REQUIRE(suids, NOT_FOUND);
    mln_buf_init(&out, arena, SIZE_MAX);
    mln_pack_map(&out, MLN_PACK_OPEN);
    put_suids(&out, suids);
    if (suids & BY_CERTIFICATE) {
        MLN_TRY(put_certificates(endpoint, arena, &out));
    }
    MLN_TRY(put_shared(endpoint, arena, &out));
    mln_pack_end(&out);
    return mln_buf_finish(&out, ret);
}
