/* Inside the certification authority. One thread. */
#pragma once

#include <openssl/x509v3.h>

#include "crypto/ca.h"
#include "crypto/files.h"

enum {
    MLN_CA_KEY_BYTES = 65536,
    MLN_CA_INDEX_BYTES = 32 << 20,
    MLN_CA_ARENA_BYTES = 192 << 20,
    MLN_CA_SERIAL_BYTES = 16,
    MLN_CA_DAYS_MOST = 36500,
};

/* One certificate that was issued. Times are seconds since 1970. */
struct mln_ca_entry {
    struct mln_slice serial; /* lower case hexadecimal */
    int64_t issued;
    int64_t expires;
    int64_t revoked;       /* 0: it is not */
    struct mln_slice name; /* whom it names, without blanks */
};

struct mln_ca_index {
    uint64_t crl_number; /* of the newest list */
    struct mln_ca_entry *entries;
    size_t count;
    size_t cap;
};

struct mln_ca {
    char directory[MLN_PATH_MAX];
    const struct mln_env *env;
    struct mln_arena *arena;
    struct mln_ca_index index;
    struct mln_slice pem; /* of cert */
    X509 *cert;
    EVP_PKEY *key;
    int lock;
};

/* ---- ca.c ---- */

/* Puts the index into the file of the directory. Errors: SYSTEM, STORE_FULL, LIMIT, NO_MEMORY. */
mln_err mln_ca_index_save(const char *directory, const struct mln_ca_index *index,
                          struct mln_fault *fault);

/* ---- ca_index.c ---- */

/* Reads the text of an index, which the result borrows from. Errors: SYNTAX, LIMIT, NO_MEMORY. */
mln_err mln_ca_index_parse(struct mln_slice text, struct mln_arena *arena,
                           struct mln_ca_index *ret);

/* Writes it. Errors: LIMIT, NO_MEMORY. */
mln_err mln_ca_index_text(const struct mln_ca_index *index, struct mln_arena *arena,
                          struct mln_slice *ret);

/* The entry of that serial number, or NULL. */
struct mln_ca_entry *mln_ca_index_find(const struct mln_ca_index *index, struct mln_slice serial);

/* Adds an entry, which is borrowed. Errors: LIMIT, NO_MEMORY. */
mln_err mln_ca_index_add(struct mln_ca_index *index, const struct mln_ca_entry *entry,
                         struct mln_arena *arena);

/* ---- ca_key.c ---- */

/* A new key on P-256, for the caller to free. Errors: NO_MEMORY. */
mln_err mln_ca_key_make(EVP_PKEY **ret);

/* PKCS#8 in PEM; under the pass phrase when there is one. Errors: NO_MEMORY. */
mln_err mln_ca_key_write(EVP_PKEY *key, const struct mln_secret *passphrase,
                         struct mln_secret **ret);

/* Errors: CONFIG (pass phrase missing or wrong, or not a key of the profile), NO_MEMORY. */
mln_err mln_ca_key_read(const struct mln_secret *pem, const struct mln_secret *passphrase,
                        struct mln_fault *fault, EVP_PKEY **ret);

/* ---- ca_name.c ---- */

/* A name as it stands in a subjectAltName, for the caller to free. Errors: CONFIG, NO_MEMORY. */
mln_err mln_ca_name_make(const struct mln_ca_name *name, struct mln_fault *fault,
                         GENERAL_NAME **ret);

/* A subtree of names as it stands in nameConstraints. Errors: CONFIG, NO_MEMORY. */
mln_err mln_ca_subtree_make(const struct mln_ca_name *name, struct mln_fault *fault,
                            GENERAL_NAME **ret);

/* ---- ca_build.c ---- */

/* Validity of a certificate: seconds since 1970. */
struct mln_ca_period {
    int64_t from;
    int64_t to;
};

/* A certificate of version 3 with serial number, validity, key and key identifier; the caller adds
 * the rest and signs. Errors: SYSTEM, NO_MEMORY. */
mln_err mln_ca_cert_new(const struct mln_env *env, const struct mln_ca_period *period,
                        EVP_PKEY *key, X509 **ret);

/* The key usage bits (KU_…), critical. Errors: NO_MEMORY. */
mln_err mln_ca_add_usage(X509 *cert, uint32_t bits);

/* basicConstraints of an entity, or of a CA that has no CA below it; critical. Errors: NO_MEMORY.
 */
mln_err mln_ca_add_basic(X509 *cert, bool is_ca);

/* Appends a common name, cut to 64 bytes. Errors: NO_MEMORY. */
mln_err mln_ca_add_name(X509_NAME *subject, struct mln_slice text);

/* PEM of a certificate, in the arena. Errors: NO_MEMORY. */
mln_err mln_ca_cert_pem(const X509 *cert, struct mln_arena *arena, struct mln_slice *ret);
