/* Patterns with a file of their own, for pattern.c. Pure functions, any thread. */
#pragma once

#include "base/slice.h"

/* m2m:scheduleEntry: seven fields. spec: TS-0004 7.4.9.1 */
bool mln_pattern_schedule(struct mln_slice text);
