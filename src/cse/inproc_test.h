/* A CSE in the process of a test: one thread, a clock and random numbers that the test owns,
 * tasks and timers that run when the test says so, and an outbound that keeps what is sent and
 * answers as the test wants.
 *
 * Requests and answers are JSON texts: a request is the object of its parameters under their short
 * names, {"op":1,"to":"cse-in","fr":"CAdmin",...}; rqi and rvi are added when they are missing, and
 * a parameter that is null is left out.
 * What is returned lives until mln_inproc_forget or mln_inproc_free. Mistakes of the test end the
 * program with a message. Used by the tests beside the code, by tests/cases and tests/torture. */
#pragma once

#include "cse/cse.h"

struct mln_inproc_reply;
struct mln_inproc_sent;

struct mln_inproc_options {
    const char *backend; /* "mem" unless said otherwise */
    const char *path;    /* directory of the store, for durable backends */
    enum mln_verify verify;
    bool is_release_2;
    bool hides_unauthorised;
    enum mln_unauthenticated unauthenticated; /* unless says_unauthenticated: OPEN */
    bool says_unauthenticated;
    bool enforces_profile;
    bool rechecks_subscribers;
    enum mln_cse_type type; /* 0: IN */
    struct mln_auditor auditor;
    struct mln_recorder recorder;
    bool has_no_duties; /* the outbox is not emptied, nothing expires */
    const struct mln_domain_setting *role_repositories; /* as in struct mln_cse_options */
    size_t role_repository_count;
    const struct mln_domain_setting *role_issuers;
    size_t role_issuer_count;
    const struct mln_domain_setting *group_hosts;
    size_t group_host_count;
    struct mln_registrar registrar;
    const struct mln_domain_setting *peers;
    size_t peer_count;
    /* what mln_inproc.receive is from the start on */
    struct mln_inproc_reply (*receive)(void *data, const struct mln_inproc_sent *sent);
    int64_t max_lifetime_us;         /* five years unless said otherwise */
    const struct mln_limits *limits; /* copied; the defaults unless said otherwise */
};

/* What a receiver says. All zero: the transport answered 200 with Response Status Code 2000. */
struct mln_inproc_reply {
    enum mln_err_code err; /* there was no answer: NETWORK, TIMEOUT, ... */
    bool is_silent;        /* none yet; TIMEOUT follows when the clock has come so far */
    bool has_no_rsc;
    enum mln_rsc rsc; /* 0: 2000 */
    int status;       /* 0: the one of rsc, or 200 */
    const char *pc;   /* Content as JSON, or NULL */
};

/* One request that the CSE has sent. Texts are NUL-terminated, "" when absent. */
struct mln_inproc_sent {
    struct mln_inproc_sent *next;
    const char *url;
    const char *to;
    const char *fr;
    const char *rqi;
    const char *rvi;
    const char *pc; /* JSON */
    enum mln_op op;
    int ec;
    int64_t timeout_us;
};

struct mln_inproc_answer {
    bool is_there; /* false: the call is parked */
    enum mln_rsc rsc;
    const char *pc;                /* Content as JSON, "" when there is none */
    const struct mln_value *value; /* Content, or NULL */
    const char *location;          /* "" when absent, like the next */
    const char *fault;
    const char *rqi;
    const char *rvi;
    enum mln_content_status content_status;
    uint64_t content_offset;
};

struct mln_inproc_call;
struct mln_inproc_timer;
struct mln_inproc_flight;

struct mln_inproc {
    struct mln_inproc_options options;
    struct mln_limits limits;
    struct mln_env env;
    int64_t now_us;  /* starts at 20300101T000000 */
    uint64_t random; /* state of the generator; the same in each run */
    struct mln_store *store;
    struct mln_cse *cse;
    struct mln_worker *worker;
    struct mln_duties *duties;
    struct mln_peer peer; /* of the next calls: trusted, 127.0.0.1 */

    struct mln_task *first_task;
    struct mln_task **last_task;
    struct mln_inproc_timer *timers; /* by time */
    struct mln_inproc_call *calls;
    unsigned long requests; /* made so far */

    /* how receivers answer: `receive` when there is one, else `reply` */
    struct mln_inproc_reply reply;
    struct mln_inproc_reply (*receive)(void *data, const struct mln_inproc_sent *sent);
    void *receive_data;
    struct mln_inproc_sent *sent; /* in the order of sending */
    struct mln_inproc_sent **last_sent;
    size_t sent_count;
    struct mln_inproc_flight *flights; /* not answered yet */
    struct mln_arena *arena;           /* of what was sent */
    struct mln_arena *answers;         /* decoded Content of a reply, for the callback */
};

/* A new CSE on a new or existing store; admin originator is CAdmin, names are "/id-in", "cse-in",
 * "//merlon.example". Errors: those of the store and of the CSE. */
mln_err mln_inproc_new(const struct mln_inproc_options *options, struct mln_inproc **ret);

/* Stops in the order of the server: worker, duties, store. NULL is fine. */
void mln_inproc_free(struct mln_inproc *p);

/* free and new on the same store, which must be durable; clock and random numbers go on. */
mln_err mln_inproc_restart(struct mln_inproc **p);

/* ---- requests ---- */

/* Makes the request, runs what follows from it, and gives the answer. */
const struct mln_inproc_answer *mln_inproc_send(struct mln_inproc *p, const char *json);

/* The same in steps: decode, call, run, look. */
struct mln_inproc_call *mln_inproc_prepare(struct mln_inproc *p, const char *json);
void mln_inproc_start(struct mln_inproc *p, struct mln_inproc_call *call);
const struct mln_inproc_answer *mln_inproc_answer_of(struct mln_inproc_call *call);

/* The client of a call in progress has gone. What follows runs with mln_inproc_settle. */
void mln_inproc_abandon(struct mln_inproc_call *call);

/* Runs posted tasks until there are none. */
void mln_inproc_settle(struct mln_inproc *p);

/* Somebody sets the clock: no time passes. */
void mln_inproc_set_clock(struct mln_inproc *p, int64_t step_us);

/* Moves the clock; timers fire in their order, each at its time. */
void mln_inproc_advance(struct mln_inproc *p, int64_t us);

/* ---- what was sent ---- */

/* Answers the oldest request that was met with silence. False: there is none. */
bool mln_inproc_reply_to_first(struct mln_inproc *p, const struct mln_inproc_reply *reply);

/* Empties the list of what was sent and the list of answered calls. */
void mln_inproc_forget(struct mln_inproc *p);

/* ---- the state ---- */

/* Faults that the check of the store finds; it prints them. */
uint64_t mln_inproc_check(struct mln_inproc *p);
