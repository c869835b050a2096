/* Points in time: microseconds since 1970-01-01T00:00:00 UTC in an int64_t, and the text form
 * m2m:timestamp. Pure functions, any thread.
 * spec: TS-0004 6.3.3 */
#pragma once

#include "base/slice.h"

enum { MLN_TIMESTAMP_SIZE = 22 }; /* YYYYMMDDThhmmss,ffffff */

#define MLN_US_PER_S INT64_C(1000000)

/* The latest time the text form can hold: 99991231T235959,999999. Also stands for "never". */
#define MLN_TIMESTAMP_MAX INT64_C(253402300799999999)

/* Exactly YYYYMMDDThhmmss with an optional comma and one to six digits; a real calendar date
 * between years 1970 and 9999. */
bool mln_timestamp_parse(struct mln_slice text, int64_t *ret_us);

/* Writes MLN_TIMESTAMP_SIZE bytes without NUL. us must lie in 0..MLN_TIMESTAMP_MAX. */
void mln_timestamp_format(char out[static MLN_TIMESTAMP_SIZE], int64_t us);

/* The same as attributes have it: a full second without the fraction, as nearly all who choose a
 * time write it, so that it comes back as it was given. Returns the length. */
size_t mln_timestamp_put(char out[static MLN_TIMESTAMP_SIZE], int64_t us);

/* xs:duration (P1Y2M3DT4H5M6.7S, no sign); a year counts 365 days, a month 30. */
bool mln_duration_parse(struct mln_slice text, int64_t *ret_us);
