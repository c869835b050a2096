/* Access control policies as they are evaluated: read once from the stored attributes, then asked
 * without looking at a text again.
 *
 * A rule that cannot be read as a whole is not there: what cannot be evaluated never grants. A
 * policy borrows from the bytes it was read from and lives in the arena it was given; it is
 * constant afterwards. The facts of a request belong to one thread.
 * spec: TS-0003 7.1.3, 7.1.5; TS-0004 6.3.5.26 to 6.3.5.28 */
#pragma once

#include "base/arena.h"
#include "base/limits.h"
#include "cse/access/iprange.h"
#include "cse/access/region.h"
#include "cse/access/schedule.h"
#include "cse/access/trace.h"
#include "model/ident.h"

/* Bits of accessControlOperations. spec: TS-0004 6.3.4.2.29 */
enum mln_privilege {
    MLN_PRIVILEGE_CREATE = 1,
    MLN_PRIVILEGE_RETRIEVE = 2,
    MLN_PRIVILEGE_UPDATE = 4,
    MLN_PRIVILEGE_DELETE = 8,
    MLN_PRIVILEGE_NOTIFY = 16,
    MLN_PRIVILEGE_DISCOVER = 32,
};

/* ---- the compiled form ---- */

enum mln_who_kind {
    MLN_WHO_NOBODY, /* no form that could match */
    MLN_WHO_ALL,
    MLN_WHO_ROLE,     /* "admin@sp.example" */
    MLN_WHO_DOMAIN,   /* "//sp.example" */
    MLN_WHO_ABSOLUTE, /* "//sp.example/id-in/Cae", "//sp.example/Sae" */
    MLN_WHO_RELATIVE, /* "/id-in/Cae", "/id-in", "/Sae" */
    MLN_WHO_STEM,     /* "Cae", and whatever has no slash in front */
};

/* The segments of an entry that begins with a slash. */
struct mln_who_path {
    struct mln_slice domain; /* lower case; of DOMAIN and ABSOLUTE */
    struct mln_slice first;  /* of ABSOLUTE and RELATIVE, like the next */
    struct mln_slice second; /* all that follows; ptr NULL when there is none */
};

/* An entry of accessControlOriginators. */
struct mln_who {
    struct mln_who *next;
    uint8_t kind;
    bool has_wildcard;
    bool may_be_group;               /* the address of a <group> */
    struct mln_slice text;           /* the entry */
    const struct mln_who_path *path; /* of DOMAIN, ABSOLUTE and RELATIVE */
};

struct mln_window {
    struct mln_window *next;
    struct mln_schedule schedule;
};

struct mln_address_item {
    struct mln_address_item *next;
    struct mln_iprange range;
};

struct mln_country_item {
    struct mln_country_item *next;
    uint16_t country;
};

/* accessControlContexts: each part that is there must hold. */
struct mln_context {
    struct mln_context *next;
    bool has_windows;
    bool has_addresses;
    bool has_region;
    bool is_circle; /* else countries */
    struct mln_window *windows;
    struct mln_address_item *addresses;
    struct mln_country_item *countries;
    struct mln_circle circle;
};

/* What a mgmtObj or flexContainer is. Neither set: no specialization. */
struct mln_specialization {
    uint64_t management;        /* mgmtDefinition, or 0 */
    struct mln_slice container; /* containerDefinition, or empty */
};

/* accessControlObjectDetails */
struct mln_detail {
    struct mln_detail *next;
    uint16_t ty; /* 0: any */
    bool has_specialization;
    uint16_t child_count;
    uint16_t *children; /* childResourceType */
    struct mln_specialization specialization;
};

struct mln_rule {
    struct mln_rule *next;
    uint32_t number; /* in its list, counted from 1; rules that cannot be read count too */
    uint8_t operations;
    bool needs_authentication;
    bool has_contexts;
    bool has_details;
    struct mln_who *who;
    struct mln_context *contexts;
    struct mln_detail *details;
};

struct mln_rules {
    struct mln_rule *first;
};

struct mln_policy {
    struct mln_rules privileges;
    struct mln_rules self_privileges;
    struct mln_slice decision_ids; /* adri, apri, airi as packed lists, empty when absent */
    struct mln_slice policy_ids;
    struct mln_slice information_ids;
};

/* A packed m2m:setOfAcrs; rules that cannot be read are left out. Errors: NO_MEMORY. */
mln_err mln_rules_read(struct mln_slice set, const struct mln_names *names, struct mln_arena *arena,
                       struct mln_rules *ret);

/* The packed attributes of an <accessControlPolicy>. Errors: NO_MEMORY. */
mln_err mln_policy_read(struct mln_slice attributes, const struct mln_names *names,
                        struct mln_arena *arena, struct mln_policy *ret);

/* Can each rule of the set be read and evaluated? `counted` is what the policy holds of windows,
 * addresses, regions and object details so far, and grows.
 * Errors: ATTR_INVALID, LIMIT (acp_constraints), NO_MEMORY; the fault tells what is wrong. */
mln_err mln_rules_check(struct mln_slice set, const struct mln_limits *limits, uint64_t *counted,
                        struct mln_arena *arena, struct mln_fault *fault);

/* ---- evaluation ---- */

enum { MLN_DOMAIN_MAX = 256 }; /* bytes of a domain name and one */

/* rq_time of a request that is only thought of: no window holds it. */
#define MLN_TIME_UNKNOWN INT64_MIN

/* The facts of a request, as far as they are known; all zero is nobody, from nowhere. */
struct mln_policy_facts {
    const struct mln_names *names; /* ours */
    const struct mln_entity *originator;
    bool is_authenticated; /* rq_authn */
    int64_t time_us;       /* rq_time: when the request arrived */
    struct mln_ip ip;      /* rq_ip */
    const struct mln_slice *roles;
    size_t role_count; /* Role-IDs that are valid for this originator and target */
    uint16_t target_ty;
    uint16_t created_ty; /* of a CREATE */
    struct mln_specialization target;
    struct mln_specialization created;
    /* rq_loc, asked for at most once; NULL or false: unknown */
    bool (*locate)(void *data, const struct mln_ip *ip, struct mln_location *ret);
    void *locate_data;
    /* is the originator a member of the group at the address? NULL: of none */
    mln_err (*is_member)(void *data, struct mln_slice address, bool *ret);
    void *member_data;

    struct mln_trace *trace; /* is told of each rule that is asked; or NULL */

    uint64_t compared; /* grows with each originator and each part of a context looked at */

    /* worked out when it is needed; begins with zeros */
    char domain[MLN_DOMAIN_MAX]; /* of the originator, lower case */
    size_t domain_len;
    bool has_moment;
    struct mln_moment moment;
    bool has_location;
    struct mln_location location;
};

/* Does some rule permit the operation? res_acrs of TS-0003 7.1.5.
 * Errors: those of is_member. */
mln_err mln_rules_permit(const struct mln_rules *rules, enum mln_privilege privilege,
                         struct mln_policy_facts *facts, bool *ret);
