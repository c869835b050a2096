/* The maxima of limits.def as a struct; filled from the configuration, constant afterwards. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct mln_limits {
#define MLN_L(name, initial, least, greatest, reason) uint64_t name;
#include "base/limits.def"
#undef MLN_L
};

/* One row of limits.def with the place of its value. */
struct mln_limit_row {
    const char *name;
    uint64_t initial;
    uint64_t least;
    uint64_t greatest;
    const char *reason;
    size_t offset; /* in struct mln_limits */
};

/* All rows in the order of the file; constant. */
const struct mln_limit_row *mln_limit_rows(size_t *ret_count);

void mln_limits_default(struct mln_limits *ret);
