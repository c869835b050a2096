/* One resource of another CSE, as a request knows it; for what reads groups and policies. */
#pragma once

#include "cse/access/elsewhere.h"
#include "cse/access/retrieval.h"

enum mln_far_state {
    MLN_FAR_NOTED, /* not asked for yet */
    MLN_FAR_GOOD,  /* a group with the originator in it, a policy */
    MLN_FAR_NOT_LISTED,
    MLN_FAR_OTHER, /* it is something else */
    MLN_FAR_REFUSED,
    MLN_FAR_NO_ANSWER,
    MLN_FAR_ASKED_BEFORE,
};

struct mln_far;

/* What kind of resource it should be. */
struct mln_far_kind {
    const char *names[MLN_FAR_ASKED_BEFORE + 1]; /* of the states, for an explanation */
    bool is_for_all; /* what is remembered holds for all, not for the originator only */
    struct mln_remote_memory *(*memory)(struct mln_worker *worker);
    size_t (*most)(const struct mln_limits *limits); /* that is kept in it */
    /* GOOD, NOT_LISTED or OTHER by the Content that came, or NULL. Sets fact->value, and
     * fact->until_us when that ends. */
    enum mln_far_state (*read)(const struct mln_far *far, const struct mln_value *content,
                               struct mln_remote_fact *fact);
};

struct mln_far {
    struct mln_wanted wanted;
    struct mln_elsewhere *of;
    const struct mln_far_kind *kind;
    struct mln_slice address;
    const struct mln_domain_setting *host;
    struct mln_slice release; /* that it understands */
    enum mln_far_state state;
    struct mln_slice content; /* of a policy that is GOOD, and until when it may be used */
    int64_t until_us;
};

struct mln_elsewhere {
    const struct mln_cse *cse;
    struct mln_arena *arena;
    struct mln_worker *worker;
    bool sees_memory;
    bool has_originator;
    struct mln_originator originator; /* of all decisions; a copy */
    struct mln_far *items;            /* as many as the limit remote_groups; or NULL as yet */
    size_t count;
    size_t doubts;
};

/* What is known of it, noting it if nothing is. *ret NULL: it cannot count, and `ret_state` says
 * why; else that is the name of its state. Errors: STORE_*, NO_MEMORY. */
mln_err mln_far_find(struct mln_access *a, const struct mln_far_kind *kind,
                     struct mln_slice address, struct mln_far **ret, const char **ret_state);

/* The SP-ID and the CSE-ID in front of an address or a CSE-ID that begins with a slash. */
void mln_far_names(struct mln_slice id, const struct mln_names *ours, struct mln_names *ret);

bool mln_far_same_cse(const struct mln_names *a, const struct mln_names *b);

/* The one representation with this root in Content that has not expired; *until_us becomes earlier
 * when it expires before. NULL: it is something else. */
const struct mln_value *mln_far_content(const struct mln_value *content, struct mln_slice root,
                                        int64_t now_us, int64_t *until_us);
