/* The sending side of the binding: struct mln_outbound over fetches. Internal to bind/http.
 *
 * One per loop, on its thread. */
#pragma once

#include "base/limits.h"
#include "cse/outbound.h"
#include "io/fetch.h"

/* As in struct mln_binding_ops. */
mln_err mln_http_outbound_new(struct mln_loop *loop, const struct mln_limits *limits,
                              struct mln_tls_slot *tls, struct mln_outbound *ret);
void mln_http_outbound_free(struct mln_outbound *outbound);
