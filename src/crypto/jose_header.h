/* Headers of JWS and JWE, read strictly: what is not expected is refused before any key is looked
 * at. Pure functions, any thread.
 * spec: RFC 7515 4, 7.2; RFC 7516 4, 7.2 */
#pragma once

#include "crypto/jose.h"

enum { MLN_JOSE_HEADER_BYTES = 24576, MLN_JOSE_HEADER_PLACES = 3 };

/* A header and where it stands: in the protected part, and in JSON form also in others. */
struct mln_jose_header_place {
    const struct mln_value *object; /* NULL: there is none */
    struct mln_slice source;        /* the JSON text that it was read from */
};

struct mln_jose_header {
    enum mln_jose_sig sig; /* of a JWS */
    enum mln_jose_wrap wrap;
    enum mln_jose_enc enc;          /* of a JWE */
    struct mln_jose_key *ephemeral; /* ECDH-ES: owned, see mln_jose_header_done */
    struct mln_slice party_u;       /* apu, apv, decoded */
    struct mln_slice party_v;
    struct mln_slice type;                  /* typ; or empty, as all that follow */
    struct mln_slice content_type;          /* cty */
    struct mln_slice id;                    /* kid */
    struct mln_slice issuer;                /* iss, replicated from the claims */
    struct mln_slice chain[MLN_JOSE_CHAIN]; /* x5c of a JWS, decoded */
    size_t chain_count;
    struct mln_slice thumbprint; /* x5t#S256, decoded; that of the chain when there is one */
};

/* What a reader needs. */
struct mln_jose_reading {
    const char *what; /* "token": begins the fault */
    struct mln_arena *arena;
    struct mln_fault *fault;
};

/* One protected header, from base64url. Errors: SYNTAX (not base64url), TOKEN_REFUSED, NO_MEMORY.
 */
mln_err mln_jose_header_decode(const struct mln_jose_reading *r, struct mln_slice encoded,
                               struct mln_jose_header_place *ret);

/* Reads and checks what the places say together: no member twice, nothing that is critical, names
 * or brings keys, or compresses. *ret is zeroed before, and done with after, also when it fails.
 * Errors: TOKEN_REFUSED, NO_MEMORY. */
mln_err mln_jose_header_read(const struct mln_jose_reading *r,
                             const struct mln_jose_header_place *places, size_t count, bool is_jwe,
                             struct mln_jose_header *ret);

void mln_jose_header_done(struct mln_jose_header *header);

/* Sets the detail and returns TOKEN_REFUSED. */
static inline mln_err mln_jose_refuse(const struct mln_jose_reading *r, const char *why)
{
    mln_fault_set(r->fault, "%s: %s", r->what, why);
    MLN_FAIL(TOKEN_REFUSED);
}
