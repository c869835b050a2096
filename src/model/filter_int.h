/* Compiled conditions, shared by their reader (filter.c) and their evaluation (match.c). */
#pragma once

#include "model/content_query.h"
#include "model/filter.h"
#include "model/geo.h"
#include "model/label_query.h"

/* What is tested; in the order of what it costs. */
enum mln_filter_kind {
    MLN_FILTER_TYPES,
    MLN_FILTER_CREATED_BEFORE,
    MLN_FILTER_CREATED_AFTER,
    MLN_FILTER_MODIFIED_SINCE,
    MLN_FILTER_UNMODIFIED_SINCE,
    MLN_FILTER_EXPIRE_BEFORE,
    MLN_FILTER_EXPIRE_AFTER,
    MLN_FILTER_STATE_SMALLER,
    MLN_FILTER_STATE_BIGGER,
    MLN_FILTER_SIZE_ABOVE,
    MLN_FILTER_SIZE_BELOW,
    MLN_FILTER_LABELS,
    MLN_FILTER_LABELS_QUERY,
    MLN_FILTER_CONTENT_TYPE,
    MLN_FILTER_ATTRIBUTES,
    MLN_FILTER_GEOGRAPHY,
    MLN_FILTER_CONTENT,
    MLN_FILTER_SEMANTICS,
};

enum mln_filter_whose {
    MLN_FILTER_OWN,
    MLN_FILTER_OF_PARENT,
    MLN_FILTER_OF_A_CHILD,
};

/* Short name of an attribute and a pattern in which '*' stands for any characters. */
struct mln_filter_attribute {
    struct mln_slice name;
    struct mln_slice value;
};

struct mln_filter_condition {
    enum mln_filter_kind kind;
    enum mln_filter_whose whose;
    size_t count; /* of the entries of a list; GEOGRAPHY: enum mln_geo_function */
    union {
        int64_t us;
        uint64_t number;
        const uint16_t *types;
        const struct mln_slice *texts;
        const struct mln_filter_attribute *attributes;
        const struct mln_label_query *labels;
        const struct mln_content_query *content;
        const struct mln_geo *geo;
    };
};

/* Of the conditions that filterCriteria and eventNotificationCriteria share: crb cra ms us exb exa
 * (points in time), sts stb sza szb (numbers). False for any other name. */
bool mln_filter_range(struct mln_slice name, enum mln_filter_kind *ret);
