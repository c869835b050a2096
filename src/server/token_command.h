/* What the parts of `merlon token` share. Main thread. */
#pragma once

#include "crypto/jwt.h"
#include "cse/access/token_claims.h"
#include "server/credentials_command.h"

enum { MLN_TOKEN_LIST = 32, MLN_TOKEN_ARENA = 64 << 20 };

struct mln_token_settings {
    struct mln_credentials_place place; /* data NULL: issuers come from files */
    const char *key_file;
    const char *recipient_key;
    const char *chain;
    const char *protect;
    const char *claims;
    const char *id;
    const char *issuer;
    const char *holder;
    const char *not_before;
    const char *not_after;
    const char *valid;
    const char *name;
    const char *extension;
    const char *permissions;
    const char *audience[MLN_TOKEN_LIST];
    size_t audience_count;
    const char *roles[MLN_TOKEN_LIST];
    size_t role_count;
    const char *issuer_files[MLN_TOKEN_LIST];
    size_t issuer_file_count;
    const char *cse_id;
    const char *at;
    const char *crl;
    const char *in_cse_id;
    bool is_jwt;
};

/* The claims that the settings ask for, as JWT, checked. token_claims.c of this folder.
 * Errors: CONFIG, TOKEN_REFUSED, those of reading files, NO_MEMORY. */
mln_err mln_token_draft_claims(const struct mln_token_settings *s, struct mln_arena *arena,
                               struct mln_fault *fault, struct mln_slice *ret);

/* `merlon token issue`. token_issue.c */
mln_err mln_token_issue(const struct mln_token_settings *s, struct mln_arena *arena,
                        struct mln_fault *fault);

/* A point in time from an option; "now" of the system when text is NULL. Errors: CONFIG. */
mln_err mln_token_time(const char *text, struct mln_fault *fault, int64_t *ret_us);
