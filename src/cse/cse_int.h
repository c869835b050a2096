/* What the parts of the CSE share: the CSE itself, its workers, and a request on its way.
 *
 * Only files below src/cse include this. A struct mln_exec is one request (or one of the requests
 * that a group makes of it): it walks through the stages of cse/pipeline on its worker's thread,
 * and for writes on the store's executor, never on two at once. */
#pragma once

#include "base/fault.h"
#include "cse/access/access.h"
#include "cse/access/remote_cache.h"
#include "cse/address/locate.h"
#include "cse/cse.h"
#include "model/check.h"
#include "model/pack.h"

struct mln_block;
struct mln_blocks;
struct mln_buffered;
struct mln_buffers;
struct mln_change;
struct mln_errands;
struct mln_claims;
struct mln_duties;
struct mln_explanation;
struct mln_far_member;
struct mln_fresh;
struct mln_gid_table;
struct mln_inquiry;
struct mln_member_end;
struct mln_accepted;
struct mln_pending;
struct mln_observed;
struct mln_poll;
struct mln_reply;
struct mln_sighting;
struct mln_jwt_issuers;
struct mln_removal;
struct mln_kinds;
struct mln_wanted;
struct mln_enrolment;
struct mln_stats;
struct mln_tokens;
struct mln_forward;
struct mln_inner;
struct mln_open_way;
struct mln_transit;

struct mln_cse {
    struct mln_cse_options options;
    struct mln_arena *arena; /* configuration: lives as long as the CSE */
    struct mln_names names;
    struct mln_slice absolute_id;      /* "//sp.example/id-in" */
    uint64_t base_id;                  /* of the CSEBase */
    struct mln_gid_table *gids;        /* touched by the store's executor only, like the next */
    struct mln_fresh *fresh;           /* what the duties must hear of after the commit */
    struct mln_policy_cache *policies; /* the store's executor's */
    struct mln_tokens *tokens;         /* NULL: they are not supported */
    struct mln_pending *pending;       /* requests that wait: cse/pipeline/pending.h */
    struct mln_blocks *blocks;         /* resources with a blocked update: cse/notify/block.h */
    struct mln_stats *stats;           /* rules of statistics: cse/stats/stats.h */
    struct mln_buffers *buffers;       /* what waits for other CSEs: cse/remote/buffer.h */
    struct mln_errands *errands;       /* group requests to these: cse/remote/errand.h */
    struct mln_duties *_Atomic duties;
    _Atomic bool names_far_groups; /* a policy that was looked at names a group of another CSE */
    struct mln_worker
        *_Atomic long_reads;       /* takes what would hold up a network thread; NULL: none */
    _Atomic int64_t admin_told_us; /* when the log last said why the administrator is nobody */
};

/* What the service subscription and the credential allow a new AE: cse/access/admit.h. */
struct mln_admission {
    bool is_by_rule;        /* a <serviceSubscribedAppRule> admits it */
    struct mln_slice stem;  /* the AE-ID-Stem it is given; empty: it has the one in From */
    struct mln_slice roles; /* packed list of Role-IDs; empty: not restricted */
};

struct mln_worker {
    struct mln_cse *cse;
    struct mln_worker_ops ops;
    struct mln_reader *reader;
    struct mln_view *view; /* of the read in progress, else NULL */
    struct mln_policy_cache *policies;
    struct mln_remote_memory roles;        /* of other CSEs */
    struct mln_remote_memory groups;       /* membership in those of other CSEs */
    struct mln_remote_memory far_policies; /* what those of other CSEs say */
    struct mln_jwt_issuers *role_issuers;  /* a share: they were accepted by these, or NULL */
    struct mln_wanted *asked;              /* of other CSEs, on its way */
    uint64_t parked;                       /* calls that wait */
    struct mln_originating *originating;   /* to whom our notifications are protected, or NULL */
    struct mln_open_way *ways;             /* neighbours that some of them wait for */
    struct mln_exec *timed;                /* those of them that wait for a time */
    uint64_t timed_count;
    uint64_t polls;    /* that wait on polling channels */
    uint64_t accepted; /* requests that have no result yet, with those that are being accepted */
    uint64_t accepted_bytes;       /* of these */
    struct mln_accepted *unstored; /* those of them whose result is to be stored later */
    bool is_stopped;
    uint64_t request_counter; /* for the Request Identifiers of our own requests */
    uint64_t serial;          /* of calls; starts at a random number */
    char request_prefix[17];  /* random, NUL-terminated */
    _Atomic uint64_t outcomes[MLN_OUTCOMES];
};

/* What a finished step asks the runner to do. */
enum mln_step {
    MLN_STEP_NEXT,   /* go on */
    MLN_STEP_PARKED, /* somebody else will resume */
};

/* Requests that stem from one group request: loop guard, budget, and what is known of access. */
struct mln_fan {
    struct mln_arena *arena; /* of the group request */
    uint64_t *seen;          /* set of what was targeted under the gid: cse/group/gid.c */
    size_t seen_count;
    size_t seen_cap;
    uint64_t budget;       /* requests that may still be made */
    uint64_t members_left; /* to look at for Group Request Target Members */
    uint64_t bytes_left;   /* of policies that may still be read */
    unsigned depth;
    struct mln_member_end *ends; /* for the auditor: cse/pipeline/audit.c */
    struct mln_member_end *last_end;
    struct mln_observed *observed;  /* for statistics: cse/stats/stats.h */
    struct mln_sighting *sightings; /* for those who monitor: cse/notify/monitor.c */
    struct mln_far_member *far;     /* members at other CSEs: cse/group/far.h */
    struct mln_far_member *last_far;
    bool has_answers;         /* beside theirs */
    bool is_guarded;          /* further fanOutPoints are involved */
    bool is_over;             /* the budget did not suffice: the whole request fails */
    bool keeps_access;        /* no member can change what another is decided by */
    struct mln_access access; /* then it serves them all */
};

/* What a read has looked at so far, for a group all members together. */
struct mln_effort {
    uint64_t spent;
    uint64_t most;
    bool moves; /* at the end of it the read moves to the thread for long reads; else it is cut */
};

struct mln_exec {
    struct mln_cse *cse;
    struct mln_worker *worker;
    struct mln_call *call; /* NULL for a member's request */
    struct mln_arena *arena;
    const struct mln_peer *peer;
    struct mln_fault *fault;
    struct mln_request req;
    struct mln_response *response;
    struct mln_fan *fan;    /* when it belongs to a group request */
    uint64_t serial;        /* tells calls apart */
    int64_t arrival_us;     /* when the request came, however late it is carried out */
    bool acts;              /* nobody sent it: an <action> is carried out: cse/action/act.h */
    uint8_t depth;          /* how many <action>s led to it */
    struct mln_slice local; /* To as mln_ident_place gives it: set where the request is routed */

    /* from here on per attempt: reset when a batch is rolled back */
    struct mln_originator originator;
    struct mln_admission admission; /* CREATE of an <AE> */
    bool is_permitted;              /* the access decision was positive */
    struct mln_view *view;          /* read snapshot, or the batch */
    struct mln_write *write;        /* set by authorise for writing operations */
    struct mln_target target;
    const struct mln_type *type;        /* CREATE: of the new resource; else of the target */
    struct mln_resource result;         /* what the operation made, changed or deleted */
    const struct mln_value *attributes; /* inner object of Content */
    bool is_fan_out;                    /* the target is a fanOutPoint */
    bool answered;                      /* the response is complete already */
    bool may_write;                     /* the view is a batch of the store */
    bool has_written;                   /* something is in the batch: an error now must undo it */
    bool owns_fan;                      /* this request is the one that fans out first */
    bool answers_xml;                   /* the answer is for who reads XML */
    bool wants_copies;                  /* the answer waits for them: remote/announce.h */
    bool is_vacant;                     /* an empty container was retrieved: notify/vacant.h */
    bool is_told;                       /* who monitors the target hears of it in the batch */
    bool is_long;                       /* on the thread for long reads */
    struct mln_observed *observed;      /* for statistics; of members: in their fan */
    struct mln_effort *effort;
    struct mln_effort own_effort;
    struct mln_slice via; /* a new subscription: where the group that it came through aggregates */

    /* waiting */
    bool has_gathered;               /* what the originator proves has been looked at */
    struct mln_claims *claims;       /* or there was no need */
    struct mln_elsewhere *elsewhere; /* what is known of other CSEs; or NULL */
    bool is_rehearsal;               /* decisions are made, nothing else */
    bool is_rehearsed;               /* and nothing of other CSEs is missing */
    int64_t wait_until_us;           /* for other CSEs; 0: it has not been asked yet */
    bool is_verified;                /* targets of the new subscription have agreed */
    struct mln_slice refusal;        /* or why they do not, for the members of a group */
    struct mln_slice assigned_name;  /* and know it by this name; empty when the request has one */
    _Atomic uint64_t *pending;       /* in the table of requests that wait, or NULL */
    struct mln_job job;
    struct mln_task task;
    void *timer;
    struct mln_exec *next_timed;  /* in the worker's list */
    struct mln_exec **link_timed; /* what points here */
    mln_err outcome;
    struct mln_inquiry *inquiry; /* targets asked for their consent */
    struct mln_kinds *kinds; /* what members of a group at other CSEs are; NULL: not asked yet */
    struct mln_enrolment *enrolment;     /* an AE-ID of the service provider; NULL: not asked yet */
    struct mln_explanation *explanation; /* the decision is to be explained: pipeline/explain.c */
    struct mln_trace *trace;             /* and reports here */
    bool is_transit;                     /* the target is at another CSE */
    struct mln_transit *transit;         /* and there it goes */
    struct mln_buffered *buffered;       /* but not yet */
    struct mln_forward *forward;         /* a NOTIFY to be passed on to an AE */
    struct mln_inner *inner;             /* what was in it: cse/protect/ */
    struct mln_poll *poll;               /* of a polling channel, or */
    struct mln_reply *reply;             /* what came back to it */
    /* Set by the operation when somebody else must do the rest; called without a view. It parks the
     * request, or fails. NULL: nothing is left to do. */
    mln_err (*begin_wait)(struct mln_exec *e);
    bool leaves; /* what that begins cannot be taken back, nor done twice */
    mln_err (*take)(struct mln_exec *e, const struct mln_change *c,
                    const struct mln_resource *target); /* of a NOTIFY: cse/notify/heard.h */
    void (*abandoned)(struct mln_exec *e); /* while it waits: nobody does any more; or NULL */
    struct mln_removal *removal;           /* a notification target wants to leave */
    struct mln_slice crossing;      /* resourceID of the <crossResourceSubscription> that is being
                                       created, and this is a part of that; or empty */
    struct mln_block *block;        /* somebody must agree to it, or to one before it */
    struct mln_accepted *accepting; /* a non-blocking request: what will carry it out */
};

/* Bytes an answer may still take. */
static inline size_t mln_exec_answer_limit(const struct mln_exec *e)
{
    return (size_t)e->cse->options.limits->response_bytes;
}

/* Counts one more resource that is looked at, or one more member that is asked. `ret_may` false:
 * that was the last one allowed. Errors: LONG_READ (start again on the thread for long reads). */
static inline mln_err mln_exec_look(struct mln_exec *e, bool *ret_may)
{
    *ret_may = e->effort->spent < e->effort->most;
    MLN_REQUIRE(*ret_may || !e->effort->moves, LONG_READ);
    e->effort->spent++;
    return MLN_OK;
}

/* Large contents count as so many resources more. */
static inline void mln_exec_charge_bytes(struct mln_exec *e, size_t bytes)
{
    enum { BYTES = 4096 }; /* to be searched cost as much as several resources */

    e->effort->spent += bytes / BYTES;
}

/* Deciding who may see a resource is effort, too. */
static inline void mln_exec_charge(struct mln_exec *e, struct mln_access *access)
{
    enum { COMPARISONS = 64 }; /* cost as much as a few resources */

    e->effort->spent += access->facts.compared / COMPARISONS;
    access->facts.compared %= COMPARISONS;
}

/* Is it a serialisation that can be sent? Returns its name, which lives as long as the CSE, or an
 * empty text. */
struct mln_slice mln_cse_serialisation(const struct mln_cse *cse, struct mln_slice name);

/* The first of contentSerialization in packed attributes of an <AE> that can be sent; or an empty
 * text. Lives as long as the CSE. spec: TS-0001 9.6.5 */
struct mln_slice mln_cse_preferred(const struct mln_cse *cse, struct mln_slice attrs);

/* Where this request looks up addresses. */
static inline struct mln_lookup mln_exec_lookup(const struct mln_exec *e)
{
    return (struct mln_lookup){ e->cse, e->view, e->arena, mln_env_now_us(e->cse->options.env) };
}

/* The surroundings of access decisions, with all that is known of this request. `arena` is that of
 * what decisions read. */
void mln_exec_begin_access(const struct mln_exec *e, struct mln_arena *arena,
                           struct mln_access *ret);

/* May the originator learn that the resource is there? Where nothing is hidden everybody may; else
 * who may retrieve or discover it. `arena` as above. Errors: STORE_*, NO_MEMORY. */
mln_err mln_exec_shows(const struct mln_exec *e, struct mln_arena *arena,
                       const struct mln_resource *resource, bool *ret);
