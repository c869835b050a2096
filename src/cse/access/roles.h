/* Roles: which of the Role IDs of a request does its originator really have?
 *
 * A role counts when an accepted issuer of the Role-ID's domain has assigned it to the originator,
 * in a <role> of this CSE or of the repository of that domain, and it is valid now. What cannot be
 * verified is passed over. The thread of the view.
 * spec: TS-0003 7.4, TS-0001 9.6.38; security.md 5.3 */
#pragma once

#include "cse/cse.h"
#include "model/ident.h"
#include "store/store.h"

struct mln_jwt_issuers;

enum { MLN_ROLE_ISSUERS_MAX = 16 };

/* Who may assign that role, by its domain: those configured, the issuer of its tokens (`tokens` may
 * be NULL), and without any of them, for the domain of our SP, the administrator. At most
 * MLN_ROLE_ISSUERS_MAX; returns how many. They borrow from the configuration and `tokens`. */
size_t mln_role_issuers(const struct mln_cse *cse, const struct mln_jwt_issuers *tokens,
                        struct mln_slice role_id,
                        struct mln_entity ret[static MLN_ROLE_ISSUERS_MAX]);

/* The URL below which roles of its domain are kept; NULL when that is not another CSE. */
const struct mln_domain_setting *mln_role_repository(const struct mln_cse *cse,
                                                     struct mln_slice role_id);

/* Who asks, and with whose issuers. */
struct mln_role_check {
    const struct mln_cse *cse;
    struct mln_view *view;
    struct mln_arena *arena;
    const struct mln_entity *originator;
    const struct mln_jwt_issuers *tokens; /* or NULL */
    int64_t now_us;
};

/* Has the originator that role by a <role> of this CSE? Errors: STORE_*, NO_MEMORY. */
mln_err mln_role_is_local(const struct mln_role_check *check, struct mln_slice role_id, bool *ret);
