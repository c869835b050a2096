/* labelsQuery: expressions over labels of the form key or key:value.
 *
 *     key | NT key | key EQ value | key:value | key NE value | key IN (v, ...) | key NI (v, ...)
 *
 * Several expressions stand behind each other, separated by blanks or commas; one that holds is
 * enough. Neither keys nor values can contain blanks, commas or parentheses, nor keys a colon.
 * Compiled into an arena, borrows from the text; afterwards constant.
 * spec: TS-0004 7.3.3.17.16; docs/decisions/0009-filter-readings.md */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"

struct mln_label_query;

/* Errors: PARAM_INVALID, NO_MEMORY. */
mln_err mln_label_query_compile(struct mln_slice text, struct mln_arena *arena,
                                struct mln_label_query **ret, struct mln_fault *fault);

/* `labels`: packed array of texts, or empty when the resource has none. */
bool mln_label_query_holds(const struct mln_label_query *query, struct mln_slice labels);
