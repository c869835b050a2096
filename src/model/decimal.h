/* Numbers as JSON writes them, compared by their exact value: 1.50 equals 15e-1, and no digit is
 * lost. Pure functions, any thread. */
#pragma once

#include "base/slice.h"

/* Is the whole text a number of RFC 8259? */
bool mln_decimal_is_number(struct mln_slice s);

/* Less than, equal to or greater than 0 as a is to b. Both must be numbers. */
int mln_decimal_cmp(struct mln_slice a, struct mln_slice b);
