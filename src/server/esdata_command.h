/* `merlon esdata`: its settings, its keys, what it does. Main thread. */
#pragma once

#include "e2e/esdata.h"
#include "e2e/esdata_key.h"
#include "server/credentials_command.h"

enum { MLN_ESDATA_KEY_FILE = 65536 };

/* Options that repeat: "FILE", "NAME=FILE", or "NAME@DOMAIN" of the credentials. */
struct mln_esdata_list {
    const char *items[MLN_ESDATA_PARTIES];
    size_t count;
};

/* Lists by role: --to, --key, --sign-key, --from. */
struct mln_esdata_settings {
    const char *verb; /* protect, open, sign, verify */
    const char *file; /* "-": standard input */
    struct mln_esdata_list lists[MLN_ESDATA_ROLES];
    const char *chain;
    const char *anchor;
    const char *crl;
    const char *in_cse_id;
    const char *signer;
    const char *form;
    const char *alg;
    const char *enc;
    const char *sig;
    const char *party_u;
    const char *party_v;
    const char *out;
    const char *most;
    bool needs_signature;
    uint64_t given;                     /* a bit for each row of the options */
    struct mln_credentials_place place; /* data NULL: no credentials */
};

/* The keys of the settings, and whom they trust. */
struct mln_esdata_keys {
    struct mln_data_key *all[MLN_ESDATA_ROLES][MLN_ESDATA_PARTIES];
    struct mln_cert_verifier *verifier; /* with --anchor; else NULL */
    struct mln_cert_provider provider;
    struct mln_cert_names names;
    struct mln_data_trust trust;
    struct mln_credentials *credentials; /* with --data; else NULL */
    struct mln_arena *arena;
};

/* Reads all of them; they are done with also when it fails. Errors: CONFIG, CERTIFICATE, SYSTEM,
 * NO_MEMORY. esdata_keys.c */
mln_err mln_esdata_keys_read(const struct mln_esdata_settings *s, struct mln_fault *fault,
                             struct mln_esdata_keys *ret);
void mln_esdata_keys_done(struct mln_esdata_keys *keys);

/* protect and sign: from the input to the output, piece by piece. Errors: those of protecting and
 * of files. esdata_files.c */
mln_err mln_esdata_make(const struct mln_esdata_settings *s, const struct mln_esdata_draft *draft,
                        size_t most, struct mln_fault *fault);

/* open and verify: the input as a whole, then the payload to the output, and who to standard error.
 * Errors: those of opening and of files. esdata_files.c */
mln_err mln_esdata_take(const struct mln_esdata_settings *s, struct mln_esdata_opener *opener,
                        enum mln_esdata_form form, struct mln_fault *fault);
