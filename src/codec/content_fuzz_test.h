/* Fuzz targets of readers of content: each failure is told, each success is checked. */
#pragma once

#include "base/fuzz_test.h"
#include "model/value.h"

/* Called with each value that is read. */
typedef void mln_content_check(struct mln_arena *arena, const struct mln_limits *limits,
                               const struct mln_value *v);

typedef mln_err mln_content_reader(struct mln_slice content, const struct mln_limits *limits,
                                   struct mln_arena *arena, struct mln_value **ret,
                                   struct mln_fault *fault);

static inline int mln_fuzz_content(struct mln_slice content, mln_content_reader *read,
                                   mln_content_check *check)
{
    struct mln_arena *arena = mln_arena_new(256 << 20);
    struct mln_fault fault = { 0 };
    struct mln_limits limits;
    struct mln_value *v = NULL;

    if (!arena) {
        return 0;
    }
    mln_limits_default(&limits);
    limits.value_items = 2000; /* comparing objects takes the square of their members */
    if (mln_failed(read(content, &limits, arena, &v, &fault))) {
        require(fault.text[0] != '\0');
    } else {
        require(fault.text[0] == '\0');
        check(arena, &limits, v);
    }
    mln_arena_free(arena);
    return 0;
}
