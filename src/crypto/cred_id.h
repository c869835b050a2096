/* Identifiers of credentials: key identifiers (KpsaID, KmID, KpmID, KeID, KcID-based ones),
 * Credential-IDs, and the usage numbers (SUID) that say what a credential may be used for.
 *
 * Each identifier has one canonical spelling, and identifiers are compared in it: a domain name is
 * in lower case; so is the relative part of a KmID, and a relative part that is the hexadecimal
 * form of 16 or 32 bytes. Other relative parts keep their letter case, and it counts.
 * Pure functions on slices; results borrow from their arguments. Any thread.
 * spec: security.md 13.2, TS-0003 10.4 to 10.6 */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

enum {
    MLN_CREDENTIAL_ID_MAX = 256, /* bytes of a Credential-ID */
    MLN_KEY_ID_MAX = 128,        /* bytes of a key identifier: it is a PSK identity on the wire */
    MLN_FQDN_MAX = 253,
};

/* spec: TS-0003 12.3.2.1 */
enum mln_credential_type {
    MLN_CREDENTIAL_MEF_KEY = 10,
    MLN_CREDENTIAL_MAF_KEY = 11,
    MLN_CREDENTIAL_SAEF_KEY = 12,
    MLN_CREDENTIAL_ESPRIM_KEY = 13,
    MLN_CREDENTIAL_ESDATA_KEY = 14,
    MLN_CREDENTIAL_WRAP_KEY = 15,
    MLN_CREDENTIAL_HMAC_KEY = 16,
    MLN_CREDENTIAL_RAW_KEY = 30,
    MLN_CREDENTIAL_DEVICE = 31,
    MLN_CREDENTIAL_CSE = 32,
    MLN_CREDENTIAL_AE = 33,
    MLN_CREDENTIAL_NODE = 34,
    MLN_CREDENTIAL_ENCRYPTION = 40, /* added to 1 to 5 for raw key to node */
    MLN_CREDENTIAL_SIGNATURE = 50,
};

/* What somebody wants to do with a credential: the units digit of its SUID, but for key wrap,
 * which has that of encryption. spec: TS-0004 6.3.4.2.39 */
enum mln_use {
    MLN_USE_MEF = 0,
    MLN_USE_MAF = 1,
    MLN_USE_SAEF = 2, /* a security association between AE and CSE, or between CSEs */
    MLN_USE_ESPRIM = 3,
    MLN_USE_ESDATA = 4,
    MLN_USE_SIGNATURE = 5,
    MLN_USE_WRAP = 6,
};

struct mln_key_id {
    struct mln_slice relative; /* letters, digits, '.', '_', '-' */
    struct mln_slice fqdn;     /* of the issuer, MAF or MEF */
};

struct mln_credential_id {
    enum mln_credential_type type;
    struct mln_slice value;
};

/* A domain name of letters, digits and hyphens, without a dot at its end. */
bool mln_fqdn_is_valid(struct mln_slice text);

/* "name@domain", exactly one '@', at most MLN_KEY_ID_MAX bytes. */
bool mln_key_id_parse(struct mln_slice text, struct mln_key_id *ret);

/* "12-name@domain", "30-sha-256;…" (also "30-ni:///sha-256;…"), "31-" and "34-" with an identifier
 * of hardware or node, "32-//domain/cse", "33-//domain/cse/Cae", "33-//domain/Sae" or these without
 * the domain; and the same for types 13 to 16, 41 to 45 and 51 to 55. */
bool mln_credential_id_parse(struct mln_slice text, struct mln_credential_id *ret);

/* Writes the canonical spelling of the Credential-ID made of type and value; returns its length,
 * or 0 when the value does not have the form of its type or is too long. */
size_t mln_credential_id_put(enum mln_credential_type type, struct mln_slice value,
                             char out[static MLN_CREDENTIAL_ID_MAX]);

/* Is it a key that both sides know, so that secret bytes belong to it? */
bool mln_credential_is_key(enum mln_credential_type type);

/* The absolute CSE-ID "//domain/cse". */
bool mln_cred_is_cse_id(struct mln_slice text);

/* An AE-ID with or without '*': a stem ("C1*", "S*", "*"), or SP-relative or absolute. */
bool mln_cred_is_ae_pattern(struct mln_slice text);

/* An App-ID with or without '*': begins with 'R', 'N', 'r' or '*', no control characters. */
bool mln_cred_is_app_pattern(struct mln_slice text);

/* "name@domain" with the domain in lower case. */
bool mln_cred_is_role_id(struct mln_slice text);

/* One of the numbers of the table? spec: TS-0004 6.3.4.2.39 */
bool mln_suid_is_valid(unsigned suid);

/* Can a credential of that type have that SUID? spec: security.md 13.3, security.md 13.4 */
bool mln_suid_fits(unsigned suid, enum mln_credential_type type);

/* May a credential with that SUID be used so? The rule is checked at each use. */
bool mln_suid_permits(unsigned suid, enum mln_use use);

/* The type of a key that is used so. */
enum mln_credential_type mln_use_key_type(enum mln_use use);
