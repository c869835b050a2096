/* What the forms of protected data share. */
#pragma once

#include "e2e/esdata.h"

/* Keys that are tried on one envelope: each costs as much as the payload is long. */
enum { MLN_ESDATA_OPENINGS = 64 };

/* Sets the detail and returns ESDATA. */
static inline mln_err mln_esdata_refuse(const struct mln_esdata_opener *opener, const char *why)
{
    mln_fault_set(opener->fault, "protected data: %s", why);
    MLN_FAIL(ESDATA);
}

/* What an envelope says of a key. Unused members are empty. */
struct mln_esdata_hint {
    struct mln_slice name;                  /* kid, KeyName */
    struct mln_slice thumbprint;            /* x5t#S256, 32 bytes */
    struct mln_slice chain[MLN_DATA_CHAIN]; /* x5c, X509Data: DER */
    size_t chain_count;
};

/* Does the envelope mean this very key? When it does and the signature is wrong, all is refused. */
bool mln_esdata_is_named(const struct mln_data_key *key, const struct mln_esdata_hint *hint);

/* The keys of the opener that fit the hint, the algorithm and the time, one after the other:
 * *at is 0 first. A key with a name or certificate fits only a hint with the same one, or without.
 * NULL at the end. */
const struct mln_data_key *mln_esdata_next_verifier(const struct mln_esdata_opener *opener,
                                                    const struct mln_esdata_hint *hint,
                                                    enum mln_jose_sig sig, size_t *at);
const struct mln_data_key *mln_esdata_next_opener(const struct mln_esdata_opener *opener,
                                                  const struct mln_esdata_hint *hint,
                                                  enum mln_jose_wrap wrap, enum mln_jose_enc enc,
                                                  size_t *at);

/* The key of the certificate that came along, if the opener's anchors and expectations admit it.
 * Errors: CERTIFICATE (a stranger: the signature does not count), NO_MEMORY. */
mln_err mln_esdata_stranger(const struct mln_esdata_opener *opener,
                            const struct mln_esdata_hint *hint, enum mln_jose_sig sig,
                            struct mln_data_key **ret);

/* Notes a verified signature. */
mln_err mln_esdata_signed_by(const struct mln_esdata_opener *opener, const struct mln_data_key *key,
                             enum mln_jose_sig sig, struct mln_esdata *ret);

/* A draft that was checked: nothing is left to a default. */
struct mln_esdata_plan {
    struct mln_esdata_draft draft; /* points at: */
    struct mln_esdata_signer signers[MLN_ESDATA_PARTIES];
    struct mln_esdata_recipient recipients[MLN_ESDATA_PARTIES];
};

/* SUIDs, algorithms, expiry, what the form can say. Errors: CONFIG. */
mln_err mln_esdata_plan(const struct mln_esdata_draft *draft, struct mln_fault *fault,
                        struct mln_esdata_plan *ret);

/* An envelope in JOSE at once, appended to `out`. Errors: as mln_esdata_protect. esdata_stream.c */
mln_err mln_esdata_stream_whole(const struct mln_esdata_draft *draft, struct mln_slice payload,
                                struct mln_fault *fault, struct mln_buf *out);

/* JOSE behind the face: esdata_jose.c. `envelope` is compact or JSON text.
 * Errors: SYNTAX, ESDATA, LIMIT, NO_MEMORY, SYSTEM. */
mln_err mln_esdata_jose_open(const struct mln_esdata_opener *opener, struct mln_slice envelope,
                             struct mln_esdata *ret);

/* XML behind the face: e2e/esdata_xml.c. `envelope` is XML text (base64 is undone already), and so
 * is what protect returns. The draft was checked, and leaves nothing to a default. */
mln_err mln_esdata_xml_protect(const struct mln_esdata_draft *draft, struct mln_slice payload,
                               struct mln_arena *arena, struct mln_fault *fault,
                               struct mln_slice *ret);
mln_err mln_esdata_xml_open(const struct mln_esdata_opener *opener, struct mln_slice envelope,
                            struct mln_esdata *ret);
