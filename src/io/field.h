/* Header fields: names with values, as HTTP and its like have them.
 *
 * Slices are borrowed from wherever the list says. Names are compared without regard to the case
 * of ASCII letters. Pure functions, any thread.
 * spec: TS-0009 5.1 */
#pragma once

#include "base/slice.h"

struct mln_field {
    struct mln_slice name;
    struct mln_slice value;
};

/* Same name? */
bool mln_field_is(struct mln_slice name, struct mln_slice other);

/* The first field of that name, or NULL. */
const struct mln_field *mln_field_find(const struct mln_field *fields, size_t count,
                                       struct mln_slice name);

/* A name of RFC 9110 5.6.2 (one or more token characters)? */
bool mln_field_is_token(struct mln_slice s);

/* How many token characters it begins with. */
size_t mln_field_token_length(struct mln_slice s);

/* A value without control characters other than tab? */
bool mln_field_is_value(struct mln_slice s);

/* Offset of the first byte from `at` on that is not printable ASCII, or s.len. */
size_t mln_field_skip_plain(struct mln_slice s, size_t at);
