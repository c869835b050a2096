/* Authenticated encryption of messages: AES in Galois/Counter Mode with a nonce of 96 bits and a
 * tag of 128, as JOSE has it for A128GCM, A192GCM and A256GCM.
 *
 * Nothing is kept between two calls; any thread. spec: TS-0003 8.4.2; RFC 7518 5.3 */
#pragma once

#include "base/err.h"
#include "crypto/jose_alg.h"

enum { MLN_AEAD_IV = 12, MLN_AEAD_TAG = 16 };

struct mln_aead {
    enum mln_jose_enc enc;    /* not MLN_JOSE_NO_ENC */
    const unsigned char *key; /* as many bytes as the row of `enc` says */
    const unsigned char *iv;  /* MLN_AEAD_IV bytes, never twice under one key */
    struct mln_slice aad;     /* authenticated besides; may be empty */
};

/* Writes text.len bytes to `out`, which may be where the text stands, and the tag.
 * Errors: LIMIT (more than OpenSSL takes at once), NO_MEMORY. */
mln_err mln_aead_seal(const struct mln_aead *how, struct mln_slice text, unsigned char *out,
                      unsigned char tag[static MLN_AEAD_TAG]);

/* Writes text.len bytes to `out`; only when the tag fits they are the text, otherwise they are
 * zero. *ret_fits is said on success only. Errors: as mln_aead_seal. */
mln_err mln_aead_open(const struct mln_aead *how, struct mln_slice text,
                      const unsigned char tag[static MLN_AEAD_TAG], unsigned char *out,
                      bool *ret_fits);
