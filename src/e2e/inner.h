/* Inner primitives: requests and responses as texts, as they stand inside ESPrim objects.
 *
 * In JSON and CBOR the parameters are members of the outermost object; readers take them under
 * m2m:rqp and m2m:rsp as well. In XML those are the root elements. Pure functions, any thread.
 * spec: TS-0004 8, security.md 25.1 */
#pragma once

#include "codec/serialisation.h"
#include "model/primitive.h"

/* The parameters of a request under their short names, for mln_request_read. What an inner request
 * does not have is taken out: rt, ec, da. Texts may be borrowed from `text`.
 * Errors: SYNTAX, LIMIT, NO_MEMORY. spec: TS-0001 11.4.2 */
mln_err mln_inner_read_request(const struct mln_serialisation *form, struct mln_slice text,
                               const struct mln_limits *limits, struct mln_arena *arena,
                               struct mln_value **ret_params, struct mln_fault *fault);

/* Says when the request was made, if it does not say so itself: a target knows one that is sent
 * again by that. Errors: NO_MEMORY. docs/decisions/0050 */
mln_err mln_inner_stamp(struct mln_value *params, int64_t now_us, struct mln_arena *arena);

/* The parameters of a response: rsc and rqi are there and of their kinds. Errors: as above. */
mln_err mln_inner_read_response(const struct mln_serialisation *form, struct mln_slice text,
                                const struct mln_limits *limits, struct mln_arena *arena,
                                struct mln_value **ret_params, struct mln_fault *fault);

/* A primitive as text of at most `max` bytes. What that form cannot say is written as JSON, and
 * *form tells so. Errors: LIMIT, STORE_CORRUPT, NO_MEMORY. */
mln_err mln_inner_write_request(const struct mln_serialisation **form,
                                const struct mln_value *params, struct mln_arena *arena, size_t max,
                                struct mln_slice *ret);
mln_err mln_inner_write_response(const struct mln_serialisation **form,
                                 const struct mln_response *response, struct mln_arena *arena,
                                 size_t max, struct mln_slice *ret);
