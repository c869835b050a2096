/* Where clients are: a table of address ranges, read from a file, that access rules with regions
 * are held against.
 *
 * A line is `PREFIX LATITUDE LONGITUDE COUNTRY`, with blanks between; `-` stands for what is not
 * known, `#` begins a comment. The longest prefix that holds an address counts. Whoever writes the
 * file is trusted. Any thread may look, also while the file is read again. spec: TS-0003 7.1.2
 * rq_loc */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "cse/access/region.h"

struct mln_locations;

/* `path` must live as long. Errors: SYSTEM (the file cannot be read), LIMIT (too large a file),
 * CONFIG (the fault names the line), NO_MEMORY. */
mln_err mln_locations_read(const char *path, struct mln_locations **ret, struct mln_fault *fault);

/* The file as it is now; with an error what was read before stays. Errors: as of the read. One
 * thread at a time. */
mln_err mln_locations_reload(struct mln_locations *locations, struct mln_fault *fault);

/* NULL is fine. */
void mln_locations_free(struct mln_locations *locations);

/* For the options of a CSE; lives as long as these. */
const struct mln_locator *mln_locations_locator(const struct mln_locations *locations);
