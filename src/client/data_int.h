/* A keyring from inside. Internal to client. */
#pragma once

#include "client/client_int.h"
#include "crypto/cred_id.h"
#include "e2e/esdata.h"
#include "e2e/esdata_key.h"

struct merlon_keyring {
    struct mln_data_key *keys[MLN_ESDATA_ROLES][MERLON_KEYS];
    size_t counts[MLN_ESDATA_ROLES];
    struct mln_cert_verifier *verifier; /* or NULL */
    struct mln_cert_provider provider;
    struct mln_cert_names names;
    struct mln_data_trust trust;
    char *signer;    /* "" for any */
    char *in_cse_id; /* or "" */
    bool needs_signature;
    bool needs_encryption;
};
