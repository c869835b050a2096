/* Where clients are: a table of address ranges, read from a file once, that access rules with
 * regions are held against.
 *
 * A line is `PREFIX LATITUDE LONGITUDE COUNTRY`, with blanks between; `-` stands for what is not
 * known, `#` begins a comment. The longest prefix that holds an address counts. Whoever writes the
 * file is trusted. The table is constant; any thread. spec: TS-0003 7.1.2 rq_loc */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "cse/access/region.h"

struct mln_locations;

/* Errors: SYSTEM (the file cannot be read), CONFIG (the fault names the line), NO_MEMORY. */
mln_err mln_locations_read(const char *path, struct mln_locations **ret, struct mln_fault *fault);

/* NULL is fine. */
void mln_locations_free(struct mln_locations *locations);

/* For the options of a CSE; lives as long as the table. */
const struct mln_locator *mln_locations_locator(const struct mln_locations *locations);
