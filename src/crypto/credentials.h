/* The credentials of a CSE or a client: which keys and certificates exist, what each may be used
 * for, and which identities it stands for.
 *
 * They are kept in one sealed file (seal.h) of a directory. Readers look at a snapshot in memory;
 * mln_credentials_reload puts a new one in its place while they run, and revokes the associations
 * of every credential that went or changed. A change (add, remove, put) reads the file afresh under
 * a lock, replaces it as a whole, and reloads. Any thread may call everything, but for open and
 * close. No secret ever leaves but as a struct mln_secret.
 * spec: security.md 13, security.md 16.2, TS-0003 8.2.1 */
#pragma once

#include "base/association.h"
#include "base/env.h"
#include "base/fault.h"
#include "base/secret.h"
#include "crypto/cred_id.h"

enum {
    MLN_CREDENTIAL_KEY_MIN = 16, /* bytes of a key: security.md 13.1 */
    MLN_CREDENTIAL_KEY_MAX = 64,
    MLN_CREDENTIAL_KEY_USUAL = 32,
    MLN_CREDENTIAL_TEXT_MAX = 255,  /* bytes of a label, identifier or pattern */
    MLN_CREDENTIAL_LIST_MAX = 1000, /* patterns of one kind */
    MLN_CREDENTIAL_ANCHOR = 64,     /* digits of a fingerprint */
    MLN_CREDENTIALS_MAX = 200000,
    MLN_RECORD_NAME_MAX = 128, /* bytes of kind and of name */
    MLN_RECORD_BYTES_MAX = 65536,
    MLN_RECORDS_MAX = 10000,
};

struct mln_credentials;

struct mln_credential_list {
    const struct mln_slice *items;
    size_t count;
};

/* One credential, without its key. */
struct mln_credential {
    struct mln_slice id;     /* Credential-ID, canonical when it comes from us */
    unsigned suid;           /* security.md 13.4 */
    struct mln_slice label;  /* for people */
    struct mln_slice anchor; /* SHA-256 of the trust anchor, 64 lower case digits; empty:
                                any that is configured */
    struct mln_slice domain; /* dNSName in a CSE's certificate; empty: as its CSE-ID says */
    struct mln_slice cse_id; /* what it stands for: a CSE, absolute; or */
    struct mln_credential_list ae_ids;   /* AEs: see struct mln_association */
    struct mln_credential_list app_ids;  /* patterns; none: any */
    struct mln_credential_list role_ids; /* none: not restricted */
    int64_t not_before_us;
    int64_t not_after_us; /* the first moment at which it is no longer valid; INT64_MAX: never */
};

/* ---- life ---- */

struct mln_credentials_options {
    const char *directory;  /* holds the file "credentials" */
    const char *master_key; /* file; NULL: "master.key" in the directory */
};

/* Reads the file, or begins without credentials when there is none. *ret is closed by the caller.
 * Errors: CONFIG (master key missing, or no good), SEAL_BROKEN, SEAL_KEY, SEAL_VERSION, LIMIT,
 * SYSTEM, NO_MEMORY; the fault names the file. */
mln_err mln_credentials_open(const struct mln_credentials_options *options,
                             const struct mln_env *env, struct mln_fault *fault,
                             struct mln_credentials **ret);

/* When no other thread uses it. Associations may live on. Accepts NULL. */
void mln_credentials_close(struct mln_credentials *credentials);

/* Reads the file again. On failure everything stays as it was. Errors: as open. */
mln_err mln_credentials_reload(struct mln_credentials *credentials, struct mln_fault *fault);

/* ---- use ---- */

struct mln_found_key {
    struct mln_secret *key;              /* never NULL on success */
    struct mln_association *association; /* a reference; NULL: the key is a dummy */
};

/* The key for a PSK identity as it came over the wire, for one use. An identity that is unknown,
 * not valid now, or meant for another use gets a dummy key that nobody knows, and does so in the
 * same time: the handshake goes on and fails as it does with a wrong key.
 * Errors: NO_MEMORY. spec: SEC-IDN-02, security.md 13.4 */
mln_err mln_credentials_find_key(struct mln_credentials *credentials, struct mln_slice identity,
                                 enum mln_use use, int64_t now_us, struct mln_found_key *ret);

/* Which SUIDs credentials have that are there: bit 13 for SUID 13. */
uint64_t mln_credentials_suids(struct mln_credentials *credentials);

/* What a verified certificate or a raw public key has shown. Unused members are empty. */
struct mln_proof {
    enum mln_association_kind kind;
    struct mln_credential_list credential_ids; /* under which it may be configured; the first one is
                                                  that of the association */
    struct mln_slice domain;                   /* its dNSName, lower case */
    struct mln_slice anchor; /* fingerprint of the anchor that the path ended in */
    struct mln_slice cse_id; /* said by the certificate itself: absolute */
    struct mln_slice ae_id;  /* likewise */
    struct mln_slice app_id; /* likewise */
    int64_t expires_us;      /* of the certificate; INT64_MAX for a raw key */
};

/* The association of a peer that has proved this. What the certificate says goes before what is
 * configured; without either the association may only register an AE. The same proof gets the
 * same association as long as somebody holds it.
 * Errors: NOT_AUTHENTICATED (a raw key that is not configured; the credential is for another use,
 * not valid now, or bound to another anchor; certificate and configuration name two entities),
 * NO_MEMORY. spec: security.md 16.2 */
mln_err mln_credentials_associate(struct mln_credentials *credentials,
                                  const struct mln_proof *proof, enum mln_use use, int64_t now_us,
                                  struct mln_association **ret);

/* A number that is another one when the credential has been removed or changed, and 0 when it is
 * not configured: for who keeps an association beyond its connection. Says nothing of the key. */
uint64_t mln_credentials_state(struct mln_credentials *credentials, struct mln_slice credential_id);

/* ---- change ---- */

/* Of all changes: when only the last step fails, which reads the file again, the change stands in
 * the file nevertheless, and counts from the next reload on.
 *
 * Makes the directory's master key when there is none. `key` is copied; NULL for certificates and
 * raw public keys, whose private half is not here. Errors: CONFLICT (the Credential-ID is there),
 * CONFIG (something is malformed: the fault says what), STORE_FULL, and those of reload. */
mln_err mln_credentials_add(struct mln_credentials *credentials,
                            const struct mln_credential *credential, const struct mln_secret *key,
                            struct mln_fault *fault);

/* By Credential-ID in any spelling. Errors: NOT_FOUND, and those of add. */
mln_err mln_credentials_remove(struct mln_credentials *credentials, struct mln_slice credential_id,
                               struct mln_fault *fault);

/* Calls `visit` for each in the order they were added; what it gets lives during the call only.
 * An error of `visit` ends it and is returned. */
typedef mln_err mln_credential_visit(void *data, const struct mln_credential *credential);
mln_err mln_credentials_list(struct mln_credentials *credentials, mln_credential_visit *visit,
                             void *data);

/* ---- named records of other modules ---- */

/* Stores bytes under kind and name, in the place of earlier ones. Errors: as add. */
mln_err mln_credentials_put_record(struct mln_credentials *credentials, struct mln_slice kind,
                                   struct mln_slice name, struct mln_slice bytes,
                                   struct mln_fault *fault);

/* A copy. Errors: NOT_FOUND, NO_MEMORY. */
mln_err mln_credentials_get_record(struct mln_credentials *credentials, struct mln_slice kind,
                                   struct mln_slice name, struct mln_secret **ret);

/* As mln_credentials_remove. */
mln_err mln_credentials_remove_record(struct mln_credentials *credentials, struct mln_slice kind,
                                      struct mln_slice name, struct mln_fault *fault);

/* As mln_credentials_list, for the records of a kind. */
typedef mln_err mln_record_visit(void *data, struct mln_slice name, struct mln_slice bytes);
mln_err mln_credentials_list_records(struct mln_credentials *credentials, struct mln_slice kind,
                                     mln_record_visit *visit, void *data);
