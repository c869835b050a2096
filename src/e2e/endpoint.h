/* An end of end-to-end security, as a CSE is one: which keys it has, and what it says of itself.
 *
 * Made by the server from its settings before the threads start, and given to its CSE. Any thread
 * may call everything but new and free. spec: security.md 25, docs/decisions/0051 */
#pragma once

#include "crypto/credentials.h"
#include "e2e/escertke.h"
#include "e2e/target.h"

struct mln_endpoint;

struct mln_endpoint_options {
    const struct mln_env *env; /* borrowed, like these */
    const struct mln_limits *limits;
    struct mln_credentials *credentials;
    struct mln_tls_slot *slot; /* our certificates, for ESCertKE */
    bool is_shared;            /* e2eSecInfo has a receiver object for everybody */
    int64_t random_us;         /* life of a receiver object */
    int64_t skew_us;           /* how far the clocks of originators may be from ours */
};

/* Errors: NO_MEMORY, SYSTEM. */
mln_err mln_endpoint_new(const struct mln_endpoint_options *options, struct mln_endpoint **ret);

/* Accepts NULL. */
void mln_endpoint_free(struct mln_endpoint *endpoint);

/* Another end, which the settings name. */
struct mln_endpoint_partner {
    struct mln_slice kid; /* of the pairwise key */
    const struct mln_entity *entity;
    const struct mln_names *names; /* ours */
};

/* The pairwise key with it: a credential for ESPrim that names this very entity. The fault tells
 * what is wrong. Errors: CONFIG, NO_MEMORY. */
mln_err mln_endpoint_key(struct mln_endpoint *endpoint, const struct mln_endpoint_partner *partner,
                         int64_t now_us, struct mln_pair_key *ret, struct mln_fault *fault);

/* Is there a credential for ESPrim now, or can a key be made by certificate? They come and go while
 * the server runs. Accepts NULL. */
bool mln_endpoint_has_esprim(struct mln_endpoint *endpoint);

/* Never NULL. */
struct mln_esprim_target *mln_endpoint_target(struct mln_endpoint *endpoint);

/* Is there a certificate and a trust anchor for ESCertKE now? Accepts NULL. */
bool mln_endpoint_has_escertke(struct mln_endpoint *endpoint);

/* Its terminating end. Never NULL. */
struct mln_escertke *mln_endpoint_escertke(struct mln_endpoint *endpoint);

/* Certificates were exchanged: keys that rest on those of before end. Accepts NULL. */
void mln_endpoint_renew(struct mln_endpoint *endpoint);

/* e2eSecInfo as a pack. Errors: NOT_FOUND (nothing is supported now), NO_MEMORY, SYSTEM. */
mln_err mln_endpoint_support(struct mln_endpoint *endpoint, struct mln_arena *arena,
                             struct mln_slice *ret);
