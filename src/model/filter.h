/* Filter Criteria: decoded once, then matched against any number of resources.
 *
 * The matching conditions are compiled here and evaluated by model/match.h; the handling
 * conditions (usage, limit, level, offset, relative path) are plain fields that the CSE applies.
 * Lives in the request's arena and borrows from the criteria. One thread.
 * spec: TS-0004 6.3.5.8, 7.3.3.17 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "model/value.h"

/* Entries of one list in the criteria, and parts of one query: more are refused. */
enum { MLN_FILTER_ENTRIES = 100 };

enum mln_filter_operation {
    MLN_FILTER_AND = 1,
    MLN_FILTER_OR = 2,
    MLN_FILTER_XOR = 3, /* of Release 4: an odd number of the conditions holds */
};

enum mln_filter_usage {
    MLN_FILTER_USAGE_NONE = 0,
    MLN_FILTER_USAGE_DISCOVERY = 1,
    MLN_FILTER_USAGE_CONDITIONAL = 2,
    MLN_FILTER_USAGE_IPE = 3,
};

struct mln_filter_condition; /* model/filter_int.h */

struct mln_filter {
    enum mln_filter_operation operation;
    enum mln_filter_usage usage;
    const struct mln_filter_condition *conditions; /* the cheapest first */
    size_t condition_count;
    bool has_conditions;            /* any matching condition at all */
    struct mln_slice relative_path; /* applyRelativePath, or empty */
    uint64_t limit;                 /* UINT64_MAX when absent */
    uint64_t level;                 /* UINT64_MAX when absent */
    uint64_t offset;                /* 1 when absent: the first */
};

/* Checks the criteria and compiles them. The names of members are those of m2m:filterCriteria;
 * "atr", "catr" and "patr" are arrays of {"nm", "val"}.
 * Errors: PARAM_INVALID, NO_MEMORY. */
mln_err mln_filter_read(const struct mln_value *criteria, struct mln_arena *arena,
                        struct mln_filter **ret, struct mln_fault *fault);

/* The SPARQL queries of semanticsFilter, of which any may hold; *ret_count is 0 without. */
const struct mln_slice *mln_filter_queries(const struct mln_filter *filter, size_t *ret_count);

/* Must every match have this label? Then an index of labels finds all candidates. */
bool mln_filter_needs_label(const struct mln_filter *filter, struct mln_slice *ret);

/* Must every match be of this resource type? */
bool mln_filter_needs_type(const struct mln_filter *filter, uint16_t *ret);
