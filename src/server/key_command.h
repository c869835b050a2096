/* `merlon key`: its settings, and `key add`. Main thread. */
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
    const char *key_file;           /* or NULL: a random key, */
    const char *key_out;            /* which goes to this file, */
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
};

/* The Credential-ID that --id, or an operand, means. *out has room for it. Errors: CONFIG.
 * key_add.c */
mln_err mln_key_credential_id(struct mln_slice key_id, unsigned suid,
                              char out[static MLN_CREDENTIAL_ID_MAX], struct mln_slice *ret,
                              struct mln_fault *fault);

/* Errors: as mln_credentials_add. key_add.c */
mln_err mln_key_add(const struct mln_key_settings *settings, struct mln_fault *fault);
