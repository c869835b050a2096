/* ESPrim objects: a primitive in a compact JWE under a session key.
 *
 * The header has exactly the members alg, enc, kid, cty, ori, rri, oro and rro, each once, in any
 * order; what else stands in it is an error, compression and critical extensions included. Nothing
 * here knows sessions. Pure functions, any thread.
 * spec: TS-0003 8.4.2, TS-0004 6.3.5.52, security.md 25.1; RFC 7516 */
#pragma once

#include "codec/serialisation.h"
#include "crypto/aead.h"
#include "e2e/random.h"

enum {
    MLN_ESPRIM_KEY = 32,          /* bytes of a session key */
    MLN_ESPRIM_HEADER_MAX = 4096, /* bytes of a header */
    MLN_ESPRIM_KID_MAX = 128,     /* bytes of the identifier of a pairwise key */
};

struct mln_esprim_header {
    bool is_direct;        /* alg is "dir" */
    enum mln_jose_enc enc; /* MLN_JOSE_NO_ENC: one that we do not know */
    struct mln_slice kid;
    const struct mln_serialisation *form; /* as cty says; without cty JSON */
    struct mln_slice ori;
    struct mln_slice rri;
    const struct mln_e2e_random *oro; /* NULL: absent; not always that of ori */
    const struct mln_e2e_random *rro; /* NULL: absent */
};

struct mln_esprim_object {
    struct mln_esprim_header header;
    struct mln_slice aad; /* the header as it stands in the object */
    unsigned char iv[MLN_AEAD_IV];
    struct mln_slice text; /* encrypted */
    unsigned char tag[MLN_AEAD_TAG];
};

/* Takes an object apart. What it holds is borrowed from `object` or lives in the arena.
 * Errors: SYNTAX (the fault names the part), LIMIT (longer than a body may be), NO_MEMORY. */
mln_err mln_esprim_read(struct mln_slice object, const struct mln_limits *limits, int64_t now_us,
                        struct mln_arena *arena, struct mln_esprim_object *ret,
                        struct mln_fault *fault);

/* Decrypts; its algorithm must be known. The arena is wiped when it is given back.
 * Errors: ESPRIM_MAC, ESPRIM_DECRYPTION, NO_MEMORY. */
mln_err mln_esprim_decrypt(const struct mln_esprim_object *object,
                           const unsigned char key[static MLN_ESPRIM_KEY], struct mln_arena *arena,
                           struct mln_slice *ret_text);

/* What an object is made with. */
struct mln_esprim_draft {
    struct mln_esprim_header header; /* is_direct is not asked */
    const unsigned char *key;        /* MLN_ESPRIM_KEY bytes */
    const unsigned char *iv;         /* MLN_AEAD_IV bytes, never used before under this key */
};

/* Errors: ESPRIM_ENCRYPTION (also: a text of the header cannot stand there), NO_MEMORY. */
mln_err mln_esprim_encrypt(const struct mln_esprim_draft *draft, struct mln_slice text,
                           struct mln_arena *arena, struct mln_slice *ret_object);

/* May it be the identifier of a pairwise key? Printable ASCII without quotes and backslash. */
bool mln_esprim_is_kid(struct mln_slice text);
