/* Keys for protected data from what stands in a file: a JWK, PEM, or a secret. What the key is
 * given for decides its use, and so its SUID. Pure functions, any thread.
 * spec: security.md 13.4, 26.5 */
#pragma once

#include "crypto/data_key.h"

/* What a key is given for. */
enum mln_esdata_role {
    MLN_ESDATA_TO,   /* to encrypt for whoever has it */
    MLN_ESDATA_KEY,  /* to decrypt */
    MLN_ESDATA_SIGN, /* to sign */
    MLN_ESDATA_FROM, /* to verify */
    MLN_ESDATA_ROLES
};

/* Is it the text of a JWK or PEM, so that it is no secret itself? */
bool mln_esdata_is_key_text(struct mln_slice text);

struct mln_esdata_key_source {
    enum mln_esdata_role role;
    struct mln_slice name; /* or empty; of somebody else's certificate the entity that it names */
    struct mln_slice text;
    struct mln_slice certificates;      /* PEM, of a private key; empty: those in the text */
    const struct mln_data_trust *trust; /* for somebody else's certificate; verifier NULL: none */
    struct mln_arena *arena;
};

/* A JWK, a private key with or without certificates, a public key, a certificate.
 * Errors: CONFIG, CERTIFICATE, NO_MEMORY. */
mln_err mln_esdata_key_of_text(const struct mln_esdata_key_source *source, struct mln_fault *fault,
                               struct mln_data_key **ret);

/* Somebody else's certificate in DER, its own first, from wherever it came; the text of the source
 * is not looked at. Errors: CERTIFICATE, CONFIG, NO_MEMORY. */
mln_err mln_esdata_key_of_chain(const struct mln_esdata_key_source *source,
                                const struct mln_slice *chain, size_t count,
                                struct mln_fault *fault, struct mln_data_key **ret);

/* A secret that both ends have. Errors: CONFIG (length), NO_MEMORY. */
mln_err mln_esdata_key_of_secret(enum mln_esdata_role role, struct mln_slice name,
                                 const struct mln_secret *secret, struct mln_fault *fault,
                                 struct mln_data_key **ret);
