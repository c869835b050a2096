/* <delivery>: requests that a neighbour hands over, to be carried out here or handed on.
 *
 * What is to be done yet has a record in MLN_SPACE_DELIVERY, so that a new run of the server finds
 * it: which request is next, and under which credential they came. Who does it is
 * cse/remote/courier.h. A delivery that is done stays until its lifespan is over, without its
 * requests: so one that is created twice is done once. The thread of the view.
 * spec: TS-0001 9.6.11, 10.2.5.7; docs/decisions/0040 */
#pragma once

#include "cse/notify/event.h"

enum { MLN_DLV_TARGETS = 32 }; /* of the result of one request, at most */

/* What is to be done yet. The slice lives in the arena. */
struct mln_dlv_state {
    uint64_t id;    /* of the <delivery> */
    uint64_t next;  /* the request that comes next, from 0 on */
    int64_t due_us; /* it takes more requests, and waits for them until then; 0: none */
    struct mln_slice credential_id; /* of who created it; empty: there was none */
    uint64_t credential_state;      /* of that, then: struct mln_cse_options */
    struct mln_slice queue; /* the CSE whose deliveries it waits behind: its creator, or of those
                               that are ours the target */
};

/* The id of the first that is not done, behind `after`; 0: of all. Errors: NOT_FOUND, STORE_*. */
mln_err mln_dlv_pending(struct mln_view *view, uint64_t after, uint64_t *ret);

/* Errors: NOT_FOUND (it is done, or gone), STORE_*, NO_MEMORY. */
mln_err mln_dlv_state(struct mln_view *view, uint64_t id, struct mln_arena *arena,
                      struct mln_dlv_state *ret);

/* Stores it, for the courier to find. Errors: STORE_*, NO_MEMORY. */
mln_err mln_dlv_put_state(const struct mln_change *c, const struct mln_dlv_state *state);

/* Is there a place for one more delivery of that creator? It has no more than its share, and when
 * that is taken, the oldest that is done gives way. Errors: OVERLOAD (no), STORE_*, NO_MEMORY. */
mln_err mln_dlv_check_room(const struct mln_change *c, struct mln_slice creator);

/* It is stored, and takes that place; mln_dlv_removed gives it back. Errors: STORE_*, NO_MEMORY. */
mln_err mln_dlv_take_room(const struct mln_change *c, struct mln_slice creator);

/* The same for the requests of an AE in deliveries of ours, until they have left. `from` as in the
 * delivery. Errors: OVERLOAD, STORE_*, NO_MEMORY. */
mln_err mln_dlv_check_share(const struct mln_change *c, struct mln_slice from);
mln_err mln_dlv_count_request(const struct mln_change *c, struct mln_slice from);

/* Has it been carried out, handed on, or failed? Errors: STORE_*, NO_MEMORY. */
mln_err mln_dlv_is_done(const struct mln_exec *e, uint64_t id, bool *ret);

/* The key of the record that leads to the delivery which still takes requests for that CSE. When
 * the name is too long it is MLN_DLV_NO_NAME bytes, and each request goes by itself. */
enum { MLN_DLV_NO_NAME = 9 };
struct mln_slice mln_dlv_open_key(char key[static MLN_RECORD_KEY_MAX], uint64_t ec,
                                  struct mln_slice target);

/* The hook of the type. Errors: STORE_*, LIMIT, NO_MEMORY. */
mln_err mln_dlv_removed(const struct mln_change *c, const struct mln_resource *r);

/* A request of the delivery, packed; false: it has no more. */
bool mln_dlv_request(const struct mln_resource *delivery, uint64_t index, struct mln_slice *ret);

/* The request `index` has been carried out, or has failed: its result leaves if somebody wants it.
 * Nothing when it was concluded before, or its delivery is gone.
 * Errors: STORE_*, LIMIT, NO_MEMORY. */
mln_err mln_dlv_conclude(const struct mln_change *c, uint64_t id, uint64_t index,
                         const struct mln_response *response);

/* It takes no more requests: it is about to leave. Errors: STORE_*, NO_MEMORY. */
mln_err mln_dlv_close(const struct mln_change *c, uint64_t id);

/* The next CSE has taken it over. Errors: STORE_*, NO_MEMORY. */
mln_err mln_dlv_handed_on(const struct mln_change *c, uint64_t id, struct mln_slice cse_id);

/* May the non-blocking request at hand go to its CSE in a <delivery> of ours? `params` are its
 * parameters, with absolute times; its <request> will live until `et_us`. Errors: NOT_IMPLEMENTED
 * (a parameter that no delivery has a place for; another service provider), OVERLOAD, NOT_FOUND,
 * STORE_*, NO_MEMORY. */
mln_err mln_dlv_check_collect(struct mln_exec *e, const struct mln_change *c,
                              const struct mln_value *params, int64_t et_us);

/* Then it goes with others for that CSE and of that Event Category: in one that waits for more,
 * else in a new one. Its result will come to `request`. Errors: LIMIT, STORE_*, NO_MEMORY. */
mln_err mln_dlv_collect(struct mln_exec *e, const struct mln_change *c,
                        const struct mln_value *params, const struct mln_resource *request);

/* What is left of it has failed with that Response Status Code. Errors: STORE_*, NO_MEMORY. */
mln_err mln_dlv_fail(const struct mln_change *c, uint64_t id, enum mln_rsc rsc);

/* Adds the CSE to tracingInfo in attributes of a delivery. Errors: STORE_CORRUPT, NO_MEMORY. */
mln_err mln_dlv_trace(struct mln_value *attributes, struct mln_slice cse_id,
                      struct mln_arena *arena);

/* What a request of a delivery has for who it came from: the CSE that created the delivery, as
 * though it had just forwarded the request. `cse_id` and `credential_id` are borrowed. */
#define MLN_DLV_ASSOCIATION(cse, credential)                                                       \
    {                                                                                              \
        .kind = MLN_ASSOCIATION_KEY, .credential_id = (credential), .cse_id = (cse),               \
        .expires_us = INT64_MAX,                                                                   \
    }
