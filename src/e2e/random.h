/* ESPrim random objects: what originator and receiver each give to the key of a session.
 *
 * A receiver's object says which algorithms its owner supports, an originator's which of these it
 * uses. Both ends make the text for the derivation from what the object says, so that it does not
 * matter in which serialisation it came. Pure functions, any thread.
 * spec: TS-0003 8.4.2, TS-0004 6.3.5.50, TS-0004 6.3.5.51, security.md 25.1 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "crypto/jose_alg.h"
#include "model/value.h"

enum {
    MLN_E2E_RANDOM_TEXT = 128, /* bytes of an identifier, or of a value, at most */
    MLN_E2E_RANDOM_ALGS = 16,  /* algorithms of one kind at most */
};

/* m2m:esprimKeyGenAlgID */
enum { MLN_ESPRIM_HMAC_SHA256 = 1 };

struct mln_e2e_random {
    bool is_originators;
    struct mln_slice id;
    struct mln_slice value;
    struct mln_slice expiry; /* as it was sent; empty when it was a number: */
    uint64_t expiry_ms;
    int64_t expires_us;
    uint16_t keygens[MLN_E2E_RANDOM_ALGS]; /* of an originator's: exactly one */
    size_t keygen_count;
    uint16_t algs[MLN_E2E_RANDOM_ALGS]; /* esprimProtocolAndAlgIDs, in the order sent */
    size_t alg_count;
};

/* An object from its members under their short names; texts are borrowed. Members that it should
 * not have are errors. The expiry of a receiver's object may be relative: then it counts from
 * `now_us`; that of an originator's must be absolute, or the object could be used again later.
 * Errors: SYNTAX; the fault names the member. */
mln_err mln_e2e_random_read(const struct mln_value *v, bool is_originators, int64_t now_us,
                            struct mln_e2e_random *ret, struct mln_fault *fault);

/* Appends the text for the derivation: JSON without white space, members in the order of the
 * schema. It is the form of the object in headers, too. spec: security.md 21 */
void mln_e2e_random_canonical(const struct mln_e2e_random *r, struct mln_buf *out);

/* Appends a packed map, as content: ero, esro. */
void mln_e2e_random_pack(const struct mln_e2e_random *r, struct mln_buf *out);

/* Does the object have the algorithm? */
bool mln_e2e_random_has_enc(const struct mln_e2e_random *r, enum mln_jose_enc enc);
bool mln_e2e_random_has_keygen(const struct mln_e2e_random *r, unsigned keygen);

/* The identifier of an algorithm in esprimProtocolAndAlgIDs. spec: security.md 0.3 */
uint16_t mln_esprim_alg(enum mln_jose_enc enc);

/* The algorithm of an identifier; MLN_JOSE_NO_ENC: none of ours. */
enum mln_jose_enc mln_esprim_enc(uint16_t alg);

/* Is it an xs:NCName of at most MLN_E2E_RANDOM_TEXT bytes? */
bool mln_e2e_random_is_text(struct mln_slice text);
