/* XML security: envelopes of XMLDSig and XMLEnc with the algorithms that oneM2M permits, and with
 * no other element, transform or way to a key than those listed in decision 0054.
 *
 * An envelope is read strictly before anything is computed from it; what is signed is handed out as
 * the octets that were digested, and only those are looked at further. Which key to use is for the
 * caller to say: an envelope brings none. Slices live in the arena given.
 * An object belongs to one thread at a time; otherwise any thread. The first use in the process
 * starts xmlsec1, once, unless the program has done so itself; nothing global changes afterwards.
 * spec: TS-0003 8.5.3; security.md 26.4; XMLDSig 1.1, XMLEnc 1.1, Exclusive XML Canonicalization */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "crypto/jose_key.h"

enum { MLN_XMLSEC_RECIPIENTS = 16, MLN_XMLSEC_CHAIN = 5, MLN_XMLSEC_NAME_BYTES = 255 };

/* What a KeyInfo says of a key. Members not there are empty. */
struct mln_xmlsec_key {
    struct mln_slice name;                    /* KeyName */
    struct mln_slice thumbprint;              /* X509Digest: SHA-256 of the certificate */
    struct mln_slice chain[MLN_XMLSEC_CHAIN]; /* X509Certificate: DER */
    size_t chain_count;
};

/* The public half of a fresh key, and what else goes into the wrapping key. XMLEnc 1.1 5.4.1, 5.6
 */
struct mln_xmlsec_agreement {
    enum mln_jose_crv crv;
    struct mln_slice point; /* uncompressed */
    struct mln_slice other_info;
};

struct mln_xmlsec_recipient {
    enum mln_jose_wrap wrap; /* DIR: the key itself is the content key */
    struct mln_xmlsec_key key;
    struct mln_slice wrapped;
    struct mln_xmlsec_agreement agreement; /* ECDH-ES */
};

/* An envelope as read. */
struct mln_xmlsec {
    bool is_signature;

    enum mln_jose_sig sig;
    struct mln_slice value; /* SignatureValue */
    struct mln_xmlsec_key signer;

    enum mln_jose_enc enc;
    struct mln_xmlsec_recipient recipients[MLN_XMLSEC_RECIPIENTS]; /* at least one */
    size_t recipient_count;
    struct mln_slice sealed; /* IV, text, tag */
    unsigned char *opened;   /* room for the text, however many keys are tried */

    void *doc; /* of a signature: xmlDoc */
    const char *signed_id;
};

/* Does the text begin as a signature does? Only then is decrypted text read as an envelope. */
bool mln_xmlsec_is_signature(struct mln_slice text);

/* Reads an envelope: its first element is ds:Signature or xenc:EncryptedData.
 * Errors: SYNTAX (any other, and whatever is not listed), LIMIT, NO_MEMORY. */
mln_err mln_xmlsec_read(struct mln_slice text, struct mln_arena *arena, struct mln_fault *fault,
                        struct mln_xmlsec **ret);
void mln_xmlsec_free(struct mln_xmlsec *envelope); /* accepts NULL */
void mln_xmlsec_freep(struct mln_xmlsec **envelope);

/* ---- signatures ---- */

/* Verifies by a key that may verify so; gives the octets that were signed: a canonical ds:Object.
 * Errors: TOKEN_REFUSED, SYNTAX (without a canonical form), NO_MEMORY. */
mln_err mln_xmlsec_verify(const struct mln_xmlsec *envelope, const struct mln_jose_key *key,
                          struct mln_arena *arena, struct mln_slice *ret_object);

/* The same octets of a signature whose key nobody knows: they prove nothing.
 * Errors: SYNTAX (without a canonical form), NO_MEMORY. */
mln_err mln_xmlsec_unverified(const struct mln_xmlsec *envelope, struct mln_arena *arena,
                              struct mln_slice *ret_object);

/* What such an Object holds: the payload, from base64 or as canonical XML; or another signature, as
 * text to be read. Errors: SYNTAX, NO_MEMORY. */
mln_err mln_xmlsec_content(struct mln_slice object, struct mln_arena *arena,
                           struct mln_fault *fault, bool *ret_is_signature, struct mln_slice *ret);

struct mln_xmlsec_signer {
    const struct mln_jose_key *key; /* one that may sign so */
    enum mln_jose_sig sig;
    struct mln_xmlsec_key shown;
};

/* An enveloping signature over `content`: bytes, or another signature (level > 0, counted from the
 * innermost). Errors: NOT_ACCEPTABLE (a name that XML cannot say), INTERNAL, NO_MEMORY. */
mln_err mln_xmlsec_sign(const struct mln_xmlsec_signer *signer, unsigned level,
                        struct mln_slice content, struct mln_arena *arena, struct mln_slice *ret);

/* ---- encryption ---- */

/* Opens with a key that may open so, for one of the recipients. The text lives in the envelope's
 * arena until the next one is opened; the caller wipes it.
 * Errors: TOKEN_REFUSED (whatever does not fit), NO_MEMORY, SYSTEM. */
mln_err mln_xmlsec_open(const struct mln_xmlsec *envelope,
                        const struct mln_xmlsec_recipient *recipient,
                        const struct mln_jose_key *key, struct mln_slice *ret);

struct mln_xmlsec_target {
    const struct mln_jose_key *key; /* one that may seal so */
    enum mln_jose_wrap wrap;
    struct mln_xmlsec_key shown;
};

struct mln_xmlsec_sealing {
    enum mln_jose_enc enc;
    const struct mln_xmlsec_target *targets; /* DIR: only one */
    size_t target_count;
    struct mln_slice party_u; /* PartyUInfo, PartyVInfo of ECDH-ES; or empty */
    struct mln_slice party_v;
    bool is_signature; /* the text is a signature of XML: said as Type */
};

/* Encrypts under a fresh content key and IV.
 * Errors: NOT_ACCEPTABLE (a name that XML cannot say), LIMIT, INTERNAL, NO_MEMORY, SYSTEM. */
mln_err mln_xmlsec_seal(const struct mln_xmlsec_sealing *how, struct mln_slice text,
                        struct mln_arena *arena, struct mln_slice *ret);
