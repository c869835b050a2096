/* The common services entity: takes request primitives, gives response primitives.
 *
 * A binding decodes a message into the parameters of a call and hands it to mln_cse_call; the
 * answer comes by callback on the same worker, at once or later. The CSE sees no socket, no JSON
 * and no database file. Each worker belongs to one thread; calls do not move between workers.
 * spec: TS-0004 7.2.2.2 */
#pragma once

#include "base/arena.h"
#include "base/env.h"
#include "base/limits.h"
#include "base/peer.h"
#include "base/task.h"
#include "cse/access/region.h"
#include "cse/audit.h"
#include "cse/outbound.h"
#include "cse/statistics.h"
#include "model/ident.h"
#include "model/primitive.h"
#include "store/store.h"

struct mln_cse;
struct mln_endpoint; /* e2e/endpoint.h */
struct mln_worker;

/* What the server provides to each worker: its place in the thread's event loop. */
struct mln_worker_ops {
    void *loop;
    /* Runs the task soon on the worker's thread. Any thread may call; the task is the caller's
     * and must stay untouched until it runs. */
    void (*post)(void *loop, struct mln_task *task);
    /* Runs task->run on the worker's thread at that time (wall clock). Returns a handle for
     * cancel, or NULL when out of memory. Worker's thread only. */
    void *(*at)(void *loop, int64_t when_us, struct mln_task *task);
    /* The same after an interval, whatever happens to the wall clock. */
    void *(*after)(void *loop, int64_t delay_us, struct mln_task *task);
    void (*cancel)(void *loop, void *timer);
    /* Of this loop. */
    struct mln_outbound outbound;
};

enum mln_cse_type {
    MLN_CSE_TYPE_IN = 1,
    MLN_CSE_TYPE_MN = 2,
    MLN_CSE_TYPE_ASN = 3,
};

/* How to verify the targets of a new subscription. docs/decisions/0005 */
enum mln_verify {
    MLN_VERIFY_ALL,       /* every target that is not the originator */
    MLN_VERIFY_RESOURCES, /* only targets given as resource identifiers */
    MLN_VERIFY_NONE,
};

/* What requests may do that come without a security association, on a listener that is not
 * trusted. docs/decisions/0011 */
enum mln_unauthenticated {
    MLN_UNAUTHENTICATED_REFUSE,     /* nothing: 4107 */
    MLN_UNAUTHENTICATED_REGISTERED, /* AEs that are registered without a credential are believed */
    MLN_UNAUTHENTICATED_OPEN,       /* and any AE may register */
};

/* Something that is configured for the Role-IDs or Token-IDs of a domain (what follows '@'), or for
 * a CSE. */
struct mln_domain_setting {
    struct mln_slice domain; /* lower case; or a CSE-ID in SP-relative or absolute form */
    struct mln_slice value;
    struct mln_slice credential_id; /* that whoever is asked must prove; empty: any for its host */
};

/* Where this CSE registers. */
struct mln_registrar {
    struct mln_slice cse_id;        /* "/id-in"; empty: nowhere */
    struct mln_slice url;           /* its point of access */
    struct mln_slice credential_id; /* that it must prove with https */
    int64_t lifetime_us;            /* of the registration; it is renewed at the half */
    bool is_left;                   /* when the server stops the registration is given up */
};

struct mln_cse_options {
    struct mln_names names;
    enum mln_cse_type type;
    struct mln_slice admin;      /* has every right on trusted listeners; may be empty */
    const struct mln_slice *poa; /* pointOfAccess of the CSEBase */
    size_t poa_count;
    /* Names of the serialisations that the bindings can read and write: "json". NULL: only that */
    const struct mln_slice *serialisations;
    size_t serialisation_count;
    bool is_release_2;       /* its rules where they differ: docs/guide/profiles.md */
    bool hides_unauthorised; /* 4004 in place of 4103 */
    enum mln_verify verify;
    bool rechecks_subscribers; /* no notification of what its creator may not retrieve any more */
    enum mln_unauthenticated unauthenticated;
    bool enforces_profile; /* AEs register by rules of the service subscription only */
    struct mln_auditor auditor;
    struct mln_recorder recorder;  /* of statistics */
    struct mln_endpoint *endpoint; /* of end-to-end security: borrowed; NULL: it has none */
    bool takes_security_info;      /* also from originators that a CSE speaks for */
    /* Entities whose notifications of ours are protected: ID, identifier of the pairwise key */
    const struct mln_domain_setting *esprim_to;
    size_t esprim_to_count;
    bool refuses_tokens;                           /* 5001 for requests with tokens */
    int64_t token_skew_us;                         /* how far clocks of issuers may be from ours */
    const struct mln_domain_setting *role_issuers; /* AE-IDs and CSE-IDs: cse/access/roles.h */
    size_t role_issuer_count;
    const struct mln_domain_setting *role_repositories; /* URLs of resources on other CSEs */
    size_t role_repository_count;
    const struct mln_domain_setting *group_hosts; /* points of access, by CSE-ID */
    size_t group_host_count;
    struct mln_registrar registrar;
    /* IN-CSEs of other service providers: absolute CSE-ID, point of access or empty. Of an IN-CSE
     */
    const struct mln_domain_setting *peers;
    size_t peer_count;
    /* Another number when that credential has been removed or changed; NULL: none ever is. */
    uint64_t (*credential_state)(void *data, struct mln_slice credential_id);
    void *credential_data;
    int64_t max_lifetime_us;           /* longest distance of expirationTime from now */
    const struct mln_locator *locator; /* borrowed; NULL: nobody's location is known */
    /* mln_json_read, for contents that are JSON within a text; NULL: those never match */
    mln_err (*read_json)(struct mln_slice text, const struct mln_limits *limits,
                         struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault);
    const struct mln_limits *limits; /* borrowed */
    const struct mln_env *env;       /* borrowed */
    struct mln_store *store;         /* borrowed */
};

/* Opens the CSE on its store and creates the CSEBase when it is new.
 * Errors: CONFIG (the store belongs to another CSE-ID), STORE_*, NO_MEMORY. */
mln_err mln_cse_new(const struct mln_cse_options *options, struct mln_fault *fault,
                    struct mln_cse **ret);

/* From now on the tokens of these issuers count, and no others; NULL: none. Takes a share of its
 * own. Any thread. */
struct mln_jwt_issuers;
void mln_cse_set_issuers(struct mln_cse *cse, struct mln_jwt_issuers *issuers);

/* All workers must be gone. NULL is fine. */
void mln_cse_free(struct mln_cse *cse);

/* Errors: NO_MEMORY, STORE_IO. */
mln_err mln_worker_new(struct mln_cse *cse, const struct mln_worker_ops *ops,
                       struct mln_worker **ret);

/* Reads that look at more than the limit quick_scan run on this worker from now on, whose thread
 * serves no network: so they hold nobody up but each other. Before the threads start. */
void mln_worker_take_long_reads(struct mln_worker *worker);

/* The server stops: calls that wait for their execution time, or for their turn behind a blocked
 * update, are answered with an error now, and no further ones will wait. Worker's thread. */
void mln_worker_stop(struct mln_worker *worker);

/* No call may be in progress. NULL is fine. */
void mln_worker_free(struct mln_worker *worker);

/* Adds what was decided on the worker's requests so far. Any thread. */
void mln_worker_outcomes(const struct mln_worker *worker, uint64_t sums[static MLN_OUTCOMES]);

/* One request in progress. The binding fills in the first part and keeps it until `done`. */
struct mln_call {
    struct mln_arena *arena; /* of this request; the answer lives in it */
    const struct mln_peer *peer;
    struct mln_value *params;       /* request parameters under their short names */
    struct mln_slice serialisation; /* of the answer: "json"; empty: what the originator prefers */
    void (*done)(struct mln_call *call);
    void *owner; /* the binding's */

    struct mln_response response; /* valid in done */
    struct mln_fault fault;       /* detail of an error, as sent */
    void *state;                  /* the CSE's */
};

/* Always answers by exactly one call of `done`, perhaps before returning. */
void mln_cse_call(struct mln_worker *worker, struct mln_call *call);

/* Nobody waits for the answer of a call in progress any more. What would only serve who asked ends
 * soon, such as waiting for notifications; all else is carried out, and `done` comes in any case.
 * Worker's thread. */
void mln_cse_abandon(struct mln_call *call);

/* To be called after each commit of the store, on its executor's thread (batch_done of the store's
 * options): passes on to the duties what they must know. */
void mln_cse_committed(void *cse);

/* Duties that need one thread only: delivers the outbox, deletes what has expired, purges. Bound
 * to a worker whose loop and outbound they use. Errors: NO_MEMORY, STORE_IO. */
struct mln_duties;
mln_err mln_duties_new(struct mln_worker *worker, struct mln_duties **ret);

/* No more work is begun; deliveries under way are repeated after the next start. Worker's thread,
 * or any when its loop has ended. */
void mln_duties_stop(struct mln_duties *duties);

/* The same, and gives up what others would wait for: the registration at the registrar, if the
 * settings say so. `left` is posted when that is done, or after `within_us`. Worker's thread. */
void mln_duties_leave(struct mln_duties *duties, int64_t within_us, struct mln_task *left);

/* After mln_duties_stop, when the store is closed and the loop has run its last task. NULL is
 * fine. */
void mln_duties_free(struct mln_duties *duties);

/* What the duties have done so far. */
struct mln_duties_stats {
    uint64_t delivered; /* notifications taken by their targets */
    uint64_t retried;   /* attempts that failed and are repeated */
    uint64_t dropped;   /* notifications given up: too old, or refused for good */
    uint64_t expired;   /* resources deleted because their time came */
};
void mln_duties_stats(const struct mln_duties *duties, struct mln_duties_stats *ret);
