/* What an originator proves beside its name in one request: roles and tokens.
 *
 * Gathered on the worker before the view (gather.h), where tokens are verified and other CSEs are
 * asked; looked at in the view by decisions that the policies alone do not permit. One token that
 * is no good makes all of them worthless. Memory of the call; the thread that works on it.
 * spec: TS-0003 7.3.2.5, 7.4; security.md 3.3, 5, 6 */
#pragma once

#include "cse/access/access.h"
#include "cse/access/tokens.h"

struct mln_permission;

struct mln_claims {
    const struct mln_cse *cse;
    struct mln_arena *arena;
    struct mln_entity holder;         /* who has to be the holder of roles and tokens */
    const struct mln_value *role_ids; /* the parameter Role IDs, or NULL */
    struct mln_jwt_issuers *issuers;  /* a share, or NULL */
    const struct mln_token **tokens;  /* shares, all verified */
    size_t token_count;
    bool is_void;             /* a token was refused: none counts */
    struct mln_fault why;     /* it was refused; may be told to the originator */
    struct mln_slice *remote; /* roles that another CSE keeps for this originator */
    size_t remote_count;
    struct mln_slice *wanted; /* roles that other CSEs are to be asked for */
    size_t wanted_count;

    /* found in the view, anew for each */
    bool is_read;
    bool is_used; /* a decision was permitted with tokens */
    struct mln_slice *roles;
    size_t role_count;             /* those that hold everywhere */
    struct mln_slice *token_roles; /* of permissions, one behind the other */
    size_t token_role_count;
    struct mln_permission *permissions;
    size_t permission_count;
    struct mln_slice *here; /* room for all roles that hold at one target */
};

/* For another view: what was found in the last one does not count. NULL is fine. */
void mln_claims_reset(struct mln_claims *claims);

/* Gives the shares back. NULL is fine. */
void mln_claims_done(struct mln_claims *claims);

/* What holds for decisions about one target. */
struct mln_claims_here {
    uint64_t resource;
    bool is_fan_out; /* the fanOutPoint of that group is meant */
    const struct mln_slice *roles;
    size_t role_count;
    bool is_special; /* more than everywhere: it does not hold for others */
    bool has_rules;  /* some token has rules for this target */
};

/* Reads what has not been read in this view. Errors: STORE_*, NO_MEMORY. */
mln_err mln_claims_at(struct mln_claims *claims, struct mln_access *a,
                      const struct mln_resource *target, bool is_fan_out,
                      struct mln_claims_here *ret);

/* Does some rule of the tokens permit it? `here` is that of mln_claims_at.
 * Errors: as mln_access_permits. */
mln_err mln_claims_rules_permit(struct mln_claims *claims, struct mln_access *a,
                                const struct mln_claims_here *here,
                                const struct mln_resource *target, enum mln_privilege privilege,
                                bool *ret);

/* The local identifiers of the tokens, for the answer: none unless a decision rested on them.
 * Errors: NO_MEMORY. */
mln_err mln_claims_assignments(const struct mln_claims *claims, struct mln_arena *arena,
                               const struct mln_local_token **ret, size_t *ret_count);
