/* The HTTP binding of TS-0009 as the server sees it.
 *
 * One record; what it does is told in bind/bind.h, how in docs/internals/http.md. */
#pragma once

#include "bind/bind.h"

extern const struct mln_binding_ops mln_http_binding;
