/* Access decisions: who the originator is, what the policies say, and the grant to write.
 *
 * Only this folder makes grants, and the store takes no write without one. A decision reads
 * policies through the view, so it is as new as the view; what cannot be evaluated does not
 * grant. No state; the thread of the view.
 * spec: TS-0004 7.3.3.15, TS-0003 7.1, TS-0001 9.6.1.3.2 */
#pragma once

#include "base/fault.h"
#include "cse/access/policy_cache.h"
#include "cse/cse.h"
#include "model/ident.h"
#include "store/store.h"

struct mln_grant;
struct mln_claims;    /* claims.h */
struct mln_elsewhere; /* elsewhere.h */

/* Who asks, after the receiver's checks. Slices live in the arena of the request. */
struct mln_originator {
    struct mln_slice text;    /* the From parameter */
    struct mln_entity entity; /* canonical; all empty while it has no name yet */
    bool is_admin;            /* the administrator: on a trusted listener, or by its credential */
    bool is_registered;       /* an AE of this CSE whose requests come straight to us */
    bool is_newcomer;         /* may register, and is nobody for anything else */
    bool is_proved; /* rq_authn: by an association, or a trusted listener vouches for it */
    struct mln_slice ae_name;       /* resourceName of its <AE> when registered here */
    struct mln_slice serialisation; /* that the <AE> prefers; empty: none of ours */
};

/* The receiver's checks on From: form, registration, association; fills in *ret.
 * spec: TS-0004 7.3.2.1, TS-0003 7.2.1
 * Errors: PARAM_MISSING, PARAM_INVALID, NOT_AUTHENTICATED, NEEDS_ASSOCIATION, OPERATION (a CSE
 * registers an AE, or somebody inside an ESPrim object), ESPRIM_IMPERSONATION, STORE_*, NO_MEMORY.
 */
struct mln_identify {
    const struct mln_cse *cse;
    struct mln_view *view;
    struct mln_arena *arena;
    const struct mln_peer *peer;
    struct mln_slice from;
    enum mln_op op;           /* what is asked */
    uint16_t created_ty;      /* CREATE: resource type of the new resource, else 0 */
    bool is_registration;     /* CREATE of an <AE> */
    bool is_cse_registration; /* CREATE of a <remoteCSE> */
    struct mln_fault *fault;
};
mln_err mln_access_identify(const struct mln_identify *in, struct mln_originator *ret);

/* Who would ask in a request that is only thought of, of which `in->from` is known, and whether it
 * proves who it is; `in->peer` is not looked at. What a listener or an association would refuse
 * before is not known, so not refused. Errors: as mln_access_identify. */
mln_err mln_access_assume(const struct mln_identify *in, bool is_proved,
                          struct mln_originator *ret);

/* What the request itself tells; all zero but the time is a request of which nothing is known. */
struct mln_access_request {
    int64_t arrival_us;
    const struct mln_peer *peer;       /* who sent it here; or NULL */
    uint16_t created_ty;               /* CREATE: resource type of the new resource, else 0 */
    struct mln_specialization created; /* and its definition as given in Content */
    struct mln_policy_cache *policies; /* of this thread; or NULL */
    struct mln_claims *claims;         /* roles and tokens; or NULL */
    struct mln_elsewhere *elsewhere;   /* what is known of other CSEs; or NULL */
    struct mln_trace *trace;           /* is told of each step of a decision; or NULL */
};

/* What a decision counts in beside the name of the originator. */
enum mln_claimed {
    MLN_CLAIMED_NOTHING,
    MLN_CLAIMED_EVERYWHERE, /* roles that do not depend on the target */
    MLN_CLAIMED_HERE,       /* also those that tokens give for the target */
};

/* May the originator use that role? Not one outside of what its credential allows, nor outside of
 * allowedRole-IDs of the rule that admitted it. Whether it holds the role is another question.
 * spec: TS-0001 7.1.14. Errors: STORE_*, NO_MEMORY. */
mln_err mln_access_allows_role(const struct mln_identify *in,
                               const struct mln_originator *originator, struct mln_slice role_id,
                               bool *ret);

/* The surroundings of the decisions of one request; the memos save work when many resources share
 * policies, and many policies groups. */
enum { MLN_ACCESS_MEMO = 8, MLN_ACCESS_MEMO_BYTES = 128, MLN_ACCESS_GROUPS = 4 };
enum { MLN_ACCESS_GROUP_COST = 16 }; /* looking one up, in members looked at */
struct mln_access {
    const struct mln_cse *cse;
    struct mln_view *view;
    struct mln_arena *arena;
    const struct mln_originator *originator;
    const struct mln_peer *peer; /* or NULL */
    struct mln_policy_facts facts;
    struct mln_policy_cache *policies;
    struct mln_claims *claims;
    struct mln_elsewhere *elsewhere;
    const struct mln_names *policy_host; /* of the policy that is asked now; NULL: we are */
    uint8_t claimed; /* enum mln_claimed: what the decision under way counts in */
    struct {
        char acpi[MLN_ACCESS_MEMO_BYTES]; /* packed list; empty and then: */
        uint8_t acpi_len;
        bool permits;
        uint8_t privilege;
        uint8_t claimed;
        uint16_t subject;  /* CREATE: resource type of the target, else 0 */
        uint64_t resource; /* id of the resource that was decided on */
    } memo[MLN_ACCESS_MEMO];
    unsigned memo_count;
    unsigned memo_next;
    struct {
        char address[MLN_ACCESS_MEMO_BYTES];
        uint8_t address_len; /* 0: free */
        bool contains;
    } groups[MLN_ACCESS_GROUPS];
    unsigned group_next;
    uint64_t members_left; /* limit membership */
    uint64_t groups_left;  /* that may still be looked up: some of that limit */
    uint64_t bytes_left;   /* of policies, for the decision under way: limit decision_bytes */
    uint64_t bytes_read;   /* of policies, in all decisions so far; less for known ones */
};

/* All arguments are borrowed. One struct mln_access is for one request, and for the members' ones
 * that a group makes of it: type and definition of what is created are the same in all of them. */
void mln_access_begin(struct mln_access *a, const struct mln_cse *cse, struct mln_view *view,
                      struct mln_arena *arena, const struct mln_originator *originator,
                      const struct mln_access_request *request);

/* Another originator or arena for the next decisions. */
void mln_access_turn_to(struct mln_access *a, struct mln_arena *arena,
                        const struct mln_originator *originator);

/* Does some policy permit the operation on the resource? *ret is false for a denial; an error
 * only when the store fails. spec: TS-0001 9.6.1.3.2; docs/internals/access.md */
mln_err mln_access_permits(struct mln_access *a, const struct mln_resource *target,
                           enum mln_privilege privilege, bool *ret);

/* Would a policy permit it to the entity `in->from`, did it ask now? There is no request of it:
 * where it is and whether it proves who it is, is not known. Who is registered here no more may do
 * nothing. `in` as for mln_access_assume, without a fault; `policies` of this thread, or NULL.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_access_would_permit(const struct mln_identify *in, struct mln_policy_cache *policies,
                                const struct mln_resource *target, enum mln_privilege privilege,
                                bool *ret);

/* May the originator retrieve or at least discover it? Errors: as mln_access_permits. */
mln_err mln_access_sees(struct mln_access *a, const struct mln_resource *target, bool *ret);

/* The same for a change of accessControlPolicyIDs: UPDATE in the selfPrivileges of a policy that
 * the resource refers to now. spec: TS-0001 9.6.1.3.2 */
mln_err mln_access_permits_acpi(struct mln_access *a, const struct mln_resource *target, bool *ret);

/* The same for the fanOutPoint of a group: membersAccessControlPolicyIDs, else the group's own.
 * spec: TS-0004 7.4.14.3 */
mln_err mln_access_permits_members(struct mln_access *a, const struct mln_resource *group,
                                   enum mln_privilege privilege, bool *ret);

/* A grant for what was permitted. Lives in the arena. Errors: NO_PRIVILEGE, NO_MEMORY. */
mln_err mln_access_grant(struct mln_access *a, bool permitted, enum mln_privilege privilege,
                         const struct mln_resource *target, const struct mln_grant **ret);

/* The grant for operations that the CSE does by itself: expiry, counters, the outbox. */
const struct mln_grant *mln_access_internal_grant(void);

/* Does the rule set (packed m2m:setOfAcrs), which no policy holds, permit it on the target (or
 * NULL)? Errors: as mln_access_permits. */
mln_err mln_access_rules_permit(struct mln_access *a, struct mln_slice rules,
                                const struct mln_resource *target, enum mln_privilege privilege,
                                bool *ret);
