/* Keys made from other keys: the exporter of TLS, the derivations from an enrolment key, the
 * session keys of ESPrim, and the end-to-end keys made from a provisioned one.
 *
 * Identifiers enter a derivation as UTF-8 in Normalization Form KC: spellings that mean the same
 * give the same key. The time that a derivation takes depends on lengths only. What arises on the
 * way is wiped; the result is the caller's to wipe, or to put into a struct mln_secret. No state;
 * any thread. spec: TS-0003 10.3, security.md 21; docs/decisions/0049-key-derivation.md */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/slice.h"

enum {
    MLN_KDF_ID = 16,
    MLN_KDF_KEY = 32,
    MLN_KDF_EXPORT = MLN_KDF_ID + MLN_KDF_KEY,
    MLN_KDF_TEXT_MAX = 1024, /* characters of an identifier in its normal form */
};

/* ---- TLS exporter, without a context ---- */

enum mln_exporter {
    MLN_EXPORT_ENROLMENT,  /* Ke and RelativeKeID */
    MLN_EXPORT_CONNECTION, /* Kc and KcID */
    MLN_EXPORT_ESCERTKE,   /* pairwiseE2EKey and its ID */
};

/* The label to export MLN_KDF_EXPORT bytes under; constant. spec: TS-0003 10.3.1 */
const char *mln_exporter_label(enum mln_exporter which);

/* The first bytes are the identifier, the others the key. */
void mln_kdf_split(const unsigned char exported[static MLN_KDF_EXPORT],
                   unsigned char ret_id[static MLN_KDF_ID],
                   unsigned char ret_key[static MLN_KDF_KEY]);

/* "hex@fqdn" in lower case: KeID, or the Key Identifier of the MAF framework.
 * Errors: PARAM_INVALID (no domain name), LIMIT (longer than MLN_KEY_ID_MAX), NO_MEMORY.
 * spec: TS-0003 10.3.4, TS-0003 10.3.5 */
mln_err mln_kdf_key_identifier(const unsigned char id[static MLN_KDF_ID], struct mln_slice fqdn,
                               struct mln_arena *arena, struct mln_slice *ret);

/* ---- from an enrolment key (Ke) ----
 *
 * Errors of all: PARAM_INVALID (the identifier is empty, no UTF-8, or has characters that Unicode
 * has not assigned, whose normal form may change), LIMIT (longer than MLN_KDF_TEXT_MAX), NO_MEMORY.
 */

/* Km, the master credential for a MAF. spec: TS-0003 10.3.2 */
mln_err mln_kdf_master_credential(const struct mln_secret *enrolment, struct mln_slice maf_id,
                                  unsigned char ret[static MLN_KDF_KEY]);

/* Kpsa, the secure connection key with the CSE or AE of that absolute identifier.
 * spec: TS-0003 10.3.3 */
mln_err mln_kdf_connection_key(const struct mln_secret *enrolment, struct mln_slice enrolee_b_id,
                               unsigned char ret[static MLN_KDF_KEY]);

/* The key for one use only. `suid`: of a remotely provisioned key, 21 to 25 (else PARAM_INVALID);
 * `target`: the domain name of whom it is shared with. spec: TS-0003 10.3.7 */
mln_err mln_kdf_usage_key(const struct mln_secret *enrolment, unsigned suid,
                          struct mln_slice target, unsigned char ret[static MLN_KDF_KEY]);

/* ---- ESPrim ---- */

/* sessionESPrimKey from the canonical texts of both random objects. Errors: NO_MEMORY.
 * spec: TS-0003 10.3.8.2 */
mln_err mln_kdf_session(const struct mln_secret *pairwise, struct mln_slice receiver,
                        struct mln_slice originator, unsigned char ret[static MLN_KDF_KEY]);

/* ---- end-to-end keys from a key that is there ---- */

/* In the order of the chain: each depends on those before it. */
enum mln_kdf_end_to_end {
    MLN_KDF_MESSAGE_AUTHENTICITY,
    MLN_KDF_MESSAGE_CONFIDENTIALITY,
    MLN_KDF_ATTRIBUTE_AUTHENTICITY,
    MLN_KDF_ATTRIBUTE_CONFIDENTIALITY,
    MLN_KDF_END_TO_END_KEYS,
};

/* Ke2e_master from Kpsa, or from a random number of the source. `salt` may be empty: then it is 32
 * zeros. Errors: NO_MEMORY. spec: TS-0003 10.3.6 */
mln_err mln_kdf_end_to_end_master(struct mln_slice salt, const struct mln_secret *source,
                                  unsigned char ret[static MLN_KDF_KEY]);

/* One of the keys under Ke2e_master. Errors: NO_MEMORY. spec: TS-0003 10.3.6.2 */
mln_err mln_kdf_end_to_end_key(const struct mln_secret *master, enum mln_kdf_end_to_end which,
                               unsigned char ret[static MLN_KDF_KEY]);
