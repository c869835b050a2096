/* Response status codes: names, and the values that bindings send for them.
 *
 * All from spec/rsc.json by way of the generated rsc_gen.h. Pure functions, any thread.
 * spec: TS-0004 6.6.3, TS-0009 6.3.2 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rsc_gen.h"

/* "NOT_FOUND"; "UNKNOWN" for a code that is not defined. Constant, never NULL. */
const char *mln_rsc_name(enum mln_rsc rsc);

/* Is it a defined code that ends a request, not one that says "accepted"? */
bool mln_rsc_is_final(enum mln_rsc rsc);

/* HTTP status; 500 for a code that is not defined. */
int mln_rsc_http(enum mln_rsc rsc);
