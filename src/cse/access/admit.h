/* Admission of an AE: does the service subscription let it register, and under which AE-ID?
 *
 * With profile enforcement a <serviceSubscribedAppRule> must admit credential, App-ID and
 * AE-ID-Stem together; without, only the credential speaks. When the AE leaves its AE-ID to us, one
 * is chosen that the rule and the credential allow. The thread of the view.
 * spec: TS-0004 7.3.2.7, TS-0001 9.6.19, 9.6.20, 9.6.29, 10.2.2.2; security.md 4.2 to 4.4 */
#pragma once

#include "cse/access/proof.h"
#include "cse/cse_int.h"

struct mln_registration {
    const struct mln_cse *cse;
    struct mln_view *view;
    struct mln_arena *arena;
    const struct mln_association *association; /* valid, or NULL */
    struct mln_slice from;                     /* an AE-ID-Stem, "C", "S" or empty */
    struct mln_slice app_id;
    const struct mln_entity *registrar; /* another CSE, which asks us for its AE; or NULL */
    struct mln_slice credential_id;     /* which it says the AE has there; empty: none */
    struct mln_fault *fault;
};

/* Does From ask for an AE-ID? */
bool mln_admit_assigns(struct mln_slice from);

/* May no AE have this AE-ID-Stem, because it is a name of the CSE itself? */
bool mln_admit_is_reserved(const struct mln_cse *cse, struct mln_slice stem);

/* Errors: NO_SUBSCRIPTION, APP_RULE (for Release 2 both are NO_PRIVILEGE), NOT_AUTHENTICATED (the
 * credential allows no AE-ID that could be assigned), STORE_*, NO_MEMORY, SYSTEM. */
mln_err mln_admit(const struct mln_registration *in, struct mln_admission *ret);

/* The error for a registration that rules or credential do not admit. */
mln_err mln_admit_refusal(const struct mln_cse *cse);

/* Remembers a new <serviceSubscribedNode> with that CSE-ID, so that rules are found without a
 * search. Errors: STORE_*, NO_MEMORY. */
mln_err mln_admit_note_node(struct mln_exec *e, const struct mln_resource *node,
                            struct mln_slice cse_id);
