/* `merlon key`: its settings, `key add` and `key derive`. Main thread. */
#pragma once

#include "server/credentials_command.h"

enum { MLN_KEY_OPERANDS = 1000 };

/* A list of texts from an option that repeats. */
struct mln_key_list {
    struct mln_slice items[MLN_CREDENTIAL_LIST_MAX];
    size_t count;
};

struct mln_key_settings {
    struct mln_credentials_place place;
    struct mln_slice id;            /* name@domain */
    struct mln_slice credential_id; /* or the whole */
    const char *key_file;           /* or NULL: a random key */
    const char *key_out;            /* a key that is made goes to this file, */
    bool shows;                     /* or is printed */
    bool is_raw;                    /* the key file holds bytes, not digits */
    unsigned suid;                  /* 0: the usual one */
    struct mln_slice label;
    struct mln_slice anchor;
    struct mln_slice domain;
    struct mln_slice cse_id;
    struct mln_key_list ae_ids;
    struct mln_key_list app_ids;
    struct mln_key_list role_ids;
    int64_t not_before_us;
    int64_t not_after_us;
    bool is_json;
    struct mln_slice peer; /* of derive */
    const char *salt_file; /* likewise; or NULL */
    const char *receiver;  /* files of random objects; or NULL */
    const char *originator;
};

/* The Credential-ID that --id, or an operand, means. *out has room for it. Errors: CONFIG.
 * key_add.c */
mln_err mln_key_credential_id(struct mln_slice key_id, unsigned suid,
                              char out[static MLN_CREDENTIAL_ID_MAX], struct mln_slice *ret,
                              struct mln_fault *fault);

/* Errors: as mln_credentials_add. key_add.c */
mln_err mln_key_add(const struct mln_key_settings *settings, struct mln_fault *fault);

/* Errors: CONFIG (a kind or setting that makes no sense; the key has the wrong length), and those
 * of mln_key_read and mln_key_tell. key_derive.c */
mln_err mln_key_derive(const struct mln_key_settings *settings, const char *kind,
                       struct mln_fault *fault);

/* A key as digits, or as bytes with `is_raw`; "-" is standard input. Errors: CONFIG, SYSTEM,
 * NO_MEMORY; the fault shows nothing that stands in it. key_secret.c */
mln_err mln_key_read(const char *path, bool is_raw, struct mln_fault *fault,
                     struct mln_secret **ret);

/* The key that stands in a text that was read from `path`: two digits a byte. The fault never shows
 * what stands there. Errors: CONFIG, NO_MEMORY. key_secret.c */
mln_err mln_key_of_digits(const struct mln_secret *text, const char *path, struct mln_fault *fault,
                          struct mln_secret **ret);

/* Writes the digits of a new key where the settings want them. Errors: CONFLICT (the file is
 * there), SYSTEM, NO_MEMORY. key_secret.c */
mln_err mln_key_tell(const struct mln_key_settings *settings, const struct mln_secret *key,
                     struct mln_fault *fault);
