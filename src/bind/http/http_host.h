/* The Host of a request, and what it says about who made it.
 *
 * A web page can point a name of its own at this machine and so let a browser send requests to a
 * listener that is trusted because nobody else reaches it. Such requests carry the page's name in
 * Host; those of programs meant to speak to us carry an address, localhost, or a name that we know.
 * A name without a dot is nobody's on the Internet and taken for one of this network.
 * Pure functions, any thread. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* Is the value of Host, or an empty one, an address, a name without a dot, or one of the names;
 * with any port? Names are compared without regard to case. */
bool mln_http_host_is_known(struct mln_slice host, const struct mln_slice *names, size_t count);
