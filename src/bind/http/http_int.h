/* What the files of the HTTP binding share. */
#pragma once

#include "bind/http/http_message.h"
#include "bind/http/http_wire.h"

/* ---- http_message.c and http_body.c ---- */

/* Sets the refusal; always REFUSED. */
enum mln_http_step mln_http_refuse(struct mln_http_reader *reader,
                                   const struct mln_http_refusal *refusal);

/* The head announces a body: MORE, or refused when it is too large. */
enum mln_http_step mln_http_begin_body(struct mln_http_reader *reader, uint64_t length);
enum mln_http_step mln_http_begin_chunked(struct mln_http_reader *reader);

extern const struct mln_http_refusal mln_http_too_large;

/* ---- http_target.c ---- */

/* Is it a parameter that stands in the query under its own name? */
bool mln_http_is_query_parameter(struct mln_slice name);

/* A request target to parameters: "to" from the path, the others from the query.
 * Errors: PARAM_INVALID, NO_MEMORY. spec: TS-0009 6.2.2 */
mln_err mln_http_target_read(struct mln_slice target, struct mln_arena *arena,
                             struct mln_value *params, struct mln_fault *fault);
