/* Protected data (ESData): a payload in an envelope that only its targets can read, that only its
 * source can have made, or both. CSEs on the way store the envelope and understand nothing of it.
 *
 * One face for all forms: JOSE in compact form, as JSON, as JSON in base64; XML (esdata_xml.h)
 * behind it. Signers only: a signature; recipients only: encryption; both: signed, then encrypted.
 * Names in an envelope choose among the keys that the caller has; certificates in it count as far
 * as the caller's anchors reach; nothing else in it brings a key. Pure functions, any thread.
 * spec: TS-0003 8.5, TS-0004 6.3.4.2.38; security.md 26; RFC 7515, RFC 7516; decision 0053 */
#pragma once

#include "base/limits.h"
#include "crypto/data_key.h"

/* contentSecurity. */
enum mln_esdata_form {
    MLN_ESDATA_ANY = 0, /* opening only: what it looks like */
    MLN_ESDATA_COMPACT = 1,
    MLN_ESDATA_JSON = 2,
    MLN_ESDATA_JSON_BASE64 = 3,
    MLN_ESDATA_XML = 4,
    MLN_ESDATA_XML_BASE64 = 5,
};

enum { MLN_ESDATA_PARTIES = 16 }; /* signatures, and recipients, of one envelope */

/* ---- protecting ---- */

struct mln_esdata_signer {
    const struct mln_data_key *key;
    enum mln_jose_sig sig; /* MLN_JOSE_NO_SIG: what the key is for */
};

struct mln_esdata_recipient {
    const struct mln_data_key *key;
    enum mln_jose_wrap wrap; /* MLN_JOSE_NO_WRAP: what the key is for, never dir */
};

struct mln_esdata_draft {
    enum mln_esdata_form form; /* COMPACT: one signer, one recipient at most */
    const struct mln_esdata_signer *signers;
    size_t signer_count;
    const struct mln_esdata_recipient *recipients;
    size_t recipient_count;
    enum mln_jose_enc enc;    /* NO_ENC: A256GCM, with dir as the key is long */
    struct mln_slice party_u; /* apu, apv of ECDH-ES; or empty */
    struct mln_slice party_v;
    struct mln_slice associated; /* authenticated beside the payload, readable by all: JSON only */
    int64_t now_us;              /* no key is used from its expiry on */
};

/* The envelope, in the arena. Errors: CONFIG (a key that is not for this; dir with several
 * recipients; more than the form can say), LIMIT, NO_MEMORY, SYSTEM. */
mln_err mln_esdata_protect(const struct mln_esdata_draft *draft, struct mln_slice payload,
                           struct mln_arena *arena, struct mln_fault *fault, struct mln_slice *ret);

/* The same in pieces, for what is larger than memory should hold: JOSE only. The envelope goes to
 * the sink as it comes about. A stream that fails has written what must be thrown away. */
struct mln_esdata_stream;
typedef mln_err mln_esdata_sink(void *data, struct mln_slice piece);

/* Errors: NOT_IMPLEMENTED (XML), and those of protect and of the sink. The draft's keys stay until
 * the stream is freed. */
mln_err mln_esdata_stream_new(const struct mln_esdata_draft *draft, mln_esdata_sink *sink,
                              void *data, struct mln_fault *fault, struct mln_esdata_stream **ret);
mln_err mln_esdata_stream_add(struct mln_esdata_stream *stream, struct mln_slice piece);
mln_err mln_esdata_stream_end(struct mln_esdata_stream *stream);
void mln_esdata_stream_freep(struct mln_esdata_stream **stream); /* wipes; accepts NULL in it */

/* ---- opening ---- */

struct mln_esdata_opener {
    const struct mln_data_key *const *keys; /* to decrypt, and to verify */
    size_t key_count;
    const struct mln_data_trust *trust; /* for certificates that come along; NULL: none counts */
    bool needs_signature;               /* security.md 26.7 SEC-ESD-06: unsigned is refused */
    bool needs_encryption;              /* what anybody can read is refused */
    struct mln_slice signer;            /* one who signed must be this entity; empty: any */
    int64_t now_us;
    size_t envelope_most; /* bytes; LIMIT beyond */
    struct mln_arena *arena;
    struct mln_fault *fault; /* tells no key, no plaintext, and not which key failed */
};

/* Somebody whom the envelope names. */
struct mln_esdata_party {
    struct mln_slice name;   /* borrows from arena or envelope: kid, or the Credential-ID of the
                                certificate; or empty */
    struct mln_slice entity; /* whom the key proves: signers only; or empty */
    enum mln_jose_sig sig;   /* signer: verified with this */
    enum mln_jose_wrap wrap; /* recipient: the content key is there in this way */
    bool is_ours;            /* recipient: the one that we opened it with */
};

struct mln_esdata {
    enum mln_esdata_form form;                           /* as found */
    struct mln_slice payload;                            /* in the arena */
    struct mln_slice associated;                         /* was authenticated with it; or empty */
    enum mln_jose_enc enc;                               /* NO_ENC: signed only */
    struct mln_esdata_party signers[MLN_ESDATA_PARTIES]; /* only those that were verified */
    size_t signer_count;
    struct mln_esdata_party recipients[MLN_ESDATA_PARTIES]; /* who can read it, as it says */
    size_t recipient_count;
};

/* Decrypts, verifies, or both. At least one signature must be of a known or trusted key, and none
 * of such a key may be wrong; those of strangers do not count. security.md 26.5
 * Errors: SYNTAX (no envelope of that form), ESDATA (all else that is wrong with it), LIMIT,
 * NO_MEMORY, SYSTEM, NOT_IMPLEMENTED (XML that was not built in). */
mln_err mln_esdata_open(const struct mln_esdata_opener *opener, enum mln_esdata_form form,
                        struct mln_slice envelope, struct mln_esdata *ret);
