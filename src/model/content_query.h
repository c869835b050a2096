/* contentFilterQuery in the 'jsonpath' syntax: comparisons of places in a JSON content.
 *
 *     $.room."air temperature"[0] GT 21.5 AND $.state EQ on OR $.note MATCH "leak"
 *
 * EQ NE GT LT GE LE MATCH compare, AND binds closer than OR, [0] is the first element. Compiled
 * into an arena, borrows from the text; afterwards constant.
 * spec: TS-0001 J.2, TS-0004 7.3.3.17.13; docs/decisions/0009-filter-readings.md */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "model/value.h"

struct mln_content_query;

/* Errors: PARAM_INVALID, NO_MEMORY. */
mln_err mln_content_query_compile(struct mln_slice text, struct mln_arena *arena,
                                  struct mln_content_query **ret, struct mln_fault *fault);

bool mln_content_query_holds(const struct mln_content_query *query,
                             const struct mln_value *content);
