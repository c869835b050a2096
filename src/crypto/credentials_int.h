/* Inside of credentials.h: the content of the file, its form as bytes, the index, the registry of
 * associations. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "crypto/credentials.h"
#include "crypto/files.h"
#include "crypto/seal.h"
#include "crypto/siphash.h"

/* ---- content ---- */

struct mln_cred_row {
    struct mln_credential face;
    struct mln_slice key;                /* empty for certificates and raw public keys */
    struct mln_association *association; /* of a key, in a snapshot */
};

struct mln_cred_record {
    struct mln_slice kind;
    struct mln_slice name;
    struct mln_slice bytes;
};

/* The file's content. Rows and lists live in an arena, what they point at in the text that was
 * read. */
struct mln_cred_image {
    uint64_t generation; /* grows with every change */
    struct mln_cred_row *rows;
    size_t row_count;
    struct mln_cred_record *records;
    size_t record_count;
};

/* credentials_form.c */

/* Slices of *ret point into `text`. Errors: SEAL_BROKEN (fault: what is wrong), SEAL_VERSION,
 * NO_MEMORY. */
mln_err mln_cred_decode(struct mln_slice text, struct mln_arena *arena, struct mln_fault *fault,
                        struct mln_cred_image *ret);

/* Errors: LIMIT, NO_MEMORY. */
mln_err mln_cred_encode(const struct mln_cred_image *image, struct mln_secret **ret);

/* Is every member of a row as it must be? Its SUID must be one, but need not fit its type: that is
 * checked when it is added, and again at each use. Errors: CONFIG, with the reason in the fault.
 * credentials_check.c */
mln_err mln_cred_check(const struct mln_cred_row *row, struct mln_fault *fault);

/* May it be the kind or the name of a record? credentials_check.c */
bool mln_cred_is_record_name(struct mln_slice name);

/* Same credential in all parts? credentials_check.c */
bool mln_cred_same(const struct mln_cred_row *a, const struct mln_cred_row *b);

/* ---- index: Credential-IDs and domains to rows, in the same time for every text ---- */

enum { MLN_CRED_DIGEST = MLN_SIPHASH_SIZE, MLN_CRED_SLOTS = 8 };

struct mln_cred_slot {
    unsigned char digest[MLN_CRED_DIGEST];
    uint32_t row; /* in the snapshot, from 1 on; 0: free, and "not found" */
};

struct mln_cred_bucket {
    struct mln_cred_slot slots[MLN_CRED_SLOTS];
};

struct mln_cred_index {
    unsigned char seed[MLN_SIPHASH_KEY]; /* nobody can choose texts that meet in one bucket */
    struct mln_cred_bucket *buckets;     /* heap */
    size_t bucket_count;                 /* a power of two */
};

/* Errors: SEAL_BROKEN (a Credential-ID or domain stands twice), SYSTEM, NO_MEMORY.
 * credentials_index.c */
mln_err mln_cred_index_make(struct mln_cred_index *index, const struct mln_env *env,
                            const struct mln_cred_image *image, struct mln_fault *fault);
void mln_cred_index_done(struct mln_cred_index *index);

/* Which names: a Credential-ID in canonical spelling, or a domain in lower case. */
enum mln_cred_name { MLN_CRED_BY_ID, MLN_CRED_BY_DOMAIN };

/* Row number from 1 on, or 0. */
uint32_t mln_cred_index_find(const struct mln_cred_index *index, enum mln_cred_name by,
                             struct mln_slice text);

/* ---- snapshot ---- */

struct mln_cred_snapshot {
    atomic_size_t references;
    uint64_t serial; /* later ones have greater numbers */
    struct mln_arena *arena;
    struct mln_secret *text; /* NULL without a file */
    struct mln_cred_image image;
    uint64_t suids;            /* bits: there is a credential with that SUID */
    struct mln_cred_row dummy; /* a key that nobody knows */
    unsigned char dummy_key[MLN_CREDENTIAL_KEY_USUAL];
    struct mln_cred_index index;
};

/* ---- registry: associations of certificates and raw keys that somebody may hold ---- */

enum { MLN_CRED_CHAINS = 1024 };

struct mln_cred_held {
    struct mln_cred_held *next;
    struct mln_association *association; /* a reference of ours */
    uint64_t serial;                     /* of the snapshot that it was made from */
    struct mln_proof names; /* only Credential-IDs and domain: they tell whose row it rests on */
};

struct mln_credentials {
    const struct mln_env *env;
    char file[MLN_PATH_MAX];
    char lock_file[MLN_PATH_MAX];
    char key_file[MLN_PATH_MAX];
    pthread_mutex_t reloading; /* one at a time, so that no older file follows a newer one */
    pthread_mutex_t mutex;     /* guards current and chains: held for moments */
    struct mln_cred_snapshot *current;
    struct mln_cred_held *chains[MLN_CRED_CHAINS];
};

/* A reference to the snapshot of now. credentials.c */
struct mln_cred_snapshot *mln_cred_hold(struct mln_credentials *credentials);
void mln_cred_dropp(struct mln_cred_snapshot **snapshot);

/* The row for a Credential-ID in any spelling, or NULL. credentials.c */
const struct mln_cred_row *mln_cred_row_of(const struct mln_cred_snapshot *snapshot,
                                           struct mln_slice credential_id);

/* Revokes what rests on rows that the two snapshots do not share; `after` has taken the place of
 * `before` already. Without the mutex. credentials_proof.c */
void mln_cred_revoke_changed(struct mln_credentials *credentials,
                             const struct mln_cred_snapshot *before,
                             const struct mln_cred_snapshot *after);

/* At the end; associations live on with those who hold them. credentials_proof.c */
void mln_cred_forget_all(struct mln_credentials *credentials);

/* Reads and unseals the file; *ret_text is NULL when there is none, or nothing in it.
 * credentials_file.c */
mln_err mln_cred_file_read(const struct mln_credentials *credentials, struct mln_fault *fault,
                           struct mln_secret **ret_text);

/* Seals and replaces the file, with a new master key if there is none. With the lock file.
 * credentials_file.c */
mln_err mln_cred_file_write(const struct mln_credentials *credentials, struct mln_slice text,
                            struct mln_fault *fault);
