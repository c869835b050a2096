/* Primitives: requests and responses as the CSE handles them, whatever the binding.
 *
 * A binding decodes a message to an object of parameters under their short names ("op", "to",
 * "pc", ...); mln_request_read checks it by table and makes a struct mln_request. Slices live in
 * the request's arena or in the decoded message. One thread at a time.
 * spec: TS-0004 6.4, 7.2.1, 7.3.2.1; TS-0001 8.1.2 */
#pragma once

#include "base/fault.h"
#include "base/limits.h"
#include "model/filter.h"
#include "model/model.h"
#include "model/value.h"

enum mln_op {
    MLN_OP_CREATE = 1,
    MLN_OP_RETRIEVE = 2,
    MLN_OP_UPDATE = 3,
    MLN_OP_DELETE = 4,
    MLN_OP_NOTIFY = 5,
};

/* m2m:responseType. spec: TS-0004 6.3.4.2.6 */
enum mln_rt {
    MLN_RT_NON_BLOCKING_SYNCH = 1,
    MLN_RT_NON_BLOCKING_ASYNCH = 2,
    MLN_RT_BLOCKING = 3,
    MLN_RT_FLEX_BLOCKING = 4,
    MLN_RT_NO_RESPONSE = 5,
};

/* Value of a time parameter that is absent. */
#define MLN_NO_TIME INT64_MIN

struct mln_request {
    enum mln_op op;
    uint16_t ty;         /* CREATE: resource type */
    struct mln_slice to; /* as received, '#attribute' removed */
    struct mln_slice fr; /* empty when absent */
    struct mln_slice rqi;
    struct mln_slice rvi;
    struct mln_slice vsi;
    struct mln_slice gid;   /* Group Request Identifier, empty when absent */
    struct mln_value *pc;   /* Content, or NULL */
    struct mln_value *grtm; /* Group Request Target Members, or NULL */
    struct mln_value *atrl; /* partial retrieve: list of attribute short names, or NULL */
    struct mln_filter *fc;  /* Filter Criteria, or NULL */
    /* lists of texts, or NULL; checked against their data types, not verified */
    const struct mln_value *rids;  /* Role IDs */
    const struct mln_value *tkns;  /* Tokens: secrets, never to be logged */
    const struct mln_value *tids;  /* Token IDs */
    const struct mln_value *ltids; /* Local Token IDs */
    bool tqi;                      /* Token Request Indicator */
    bool sqi;                      /* Semantic Query Indicator: with one query in fc */
    int rcn;                       /* Result Content, resolved to the default of the operation */
    bool has_rcn;
    bool wants_unstructured; /* Desired Identifier Result Type is 2 */
    int ec;                  /* Event Category, 0 when absent */
    int64_t arrival_us;
    int64_t ot_us; /* MLN_NO_TIME when absent, like the next */
    int64_t rqet_us;
    int64_t rset_us;
    int64_t oet_us;
    int64_t rp_us;              /* end of the Result Persistence */
    enum mln_rt rt;             /* blocking or non-blocking: what is flexible is blocking */
    const struct mln_value *nu; /* notificationURI of the Response Type, or NULL */
};

/* When nobody wants the answer any more: the earlier of Request and Result Expiration Timestamp, or
 * MLN_TIMESTAMP_MAX. */
int64_t mln_request_end_us(const struct mln_request *req);

/* enum of Result Content, spec: TS-0004 6.3.4.2.7; 11 is of Release 4 */
enum mln_rcn {
    MLN_RCN_NOTHING = 0,
    MLN_RCN_ATTRIBUTES = 1,
    MLN_RCN_ADDRESS = 2,
    MLN_RCN_ADDRESS_AND_ATTRIBUTES = 3,
    MLN_RCN_ATTRIBUTES_AND_CHILDREN = 4,
    MLN_RCN_ATTRIBUTES_AND_REFERENCES = 5,
    MLN_RCN_REFERENCES = 6,
    MLN_RCN_ORIGINAL = 7,
    MLN_RCN_CHILDREN = 8,
    MLN_RCN_MODIFIED = 9,
    MLN_RCN_SEMANTIC = 10,
    MLN_RCN_DISCOVERY = 11,
};

/* m2m:stdEventCats. spec: TS-0004 6.3.4.2.4 */
enum {
    MLN_EC_IMMEDIATE = 2,
    MLN_EC_BEST_EFFORT = 3,
    MLN_EC_LATEST = 4,
};

/* m2m:contentStatus. spec: TS-0004 6.3.4.2.44 */
enum mln_content_status {
    MLN_CONTENT_UNSAID = 0,
    MLN_CONTENT_PARTIAL = 1,
    MLN_CONTENT_FULL = 2,
};

/* A short name that the CSE has given to a token. spec: TS-0004 6.3.5.43 */
struct mln_local_token {
    struct mln_slice id;       /* localTokenID */
    struct mln_slice token_id; /* tokenID */
};

struct mln_response {
    enum mln_rsc rsc;
    struct mln_slice rqi;
    struct mln_slice rvi;
    struct mln_slice vsi;
    struct mln_slice fr;
    struct mln_slice to;
    struct mln_slice pc;       /* packed Content: a map of one member; empty when absent */
    struct mln_slice location; /* CREATE: identifier of the new resource as To would carry it */
    enum mln_content_status content_status;
    uint64_t content_offset;           /* 0 absent */
    struct mln_slice serialisation;    /* that the originator prefers: "xml"; empty: none known */
    const struct mln_local_token *ati; /* Assigned Token Identifiers */
    size_t ati_count;
};

/* Release versions that are understood. */
bool mln_release_supported(struct mln_slice rvi);

/* The request from its parameters, an object under their short names. `now_us` is the time of
 * arrival: relative times count from it. *ret is filled as far as it goes also on failure, so that
 * an error answer can carry op, rqi, rvi, to and fr as far as they are well-formed.
 *
 * Order of the checks: operation, target, request identifier and originator; then the release, so
 * that a request of a release that is not served gets RELEASE and no complaint about what that
 * release may have defined; then the rest.
 * Errors: PARAM_MISSING, PARAM_INVALID, RELEASE, NOT_IMPLEMENTED, TIMEOUT, NO_MEMORY. */
mln_err mln_request_read(struct mln_value *params, int64_t now_us, const struct mln_limits *limits,
                         struct mln_arena *arena, struct mln_request *ret, struct mln_fault *fault);

/* The same for a request that goes on to another CSE, which judges the rest: operation, resource
 * type, target, originator, identifiers, times, Response Type and what annex H names. Errors: as
 * mln_request_read, but RELEASE. spec: TS-0004 7.3.2.1 */
mln_err mln_request_read_envelope(struct mln_value *params, int64_t now_us,
                                  const struct mln_limits *limits, struct mln_arena *arena,
                                  struct mln_request *ret, struct mln_fault *fault);
