/* Fuzz target of the validators. The input is a text: every pattern looks at it, and what becomes
 * of it under a data type must be valid under that type. The first byte chooses the data types. */
#include "model/check.h"

#include "base/fuzz_test.h"

enum { ARENA_BYTES = 1 << 20, STEP = 16 };

static void check_type(enum mln_datatype_id type, struct mln_slice text, struct mln_arena *arena)
{
    struct mln_fault fault = { "" };
    struct mln_value *v;

    if (mln_failed(mln_check_from_text(type, text, arena, &v))) {
        return;
    }
    require(!mln_failed(mln_check_value(type, v, MLN_S("x"), &fault)));
    require(fault.text[0] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice text = mln_slice_from(mln_slice_of((const char *)data, size), 1);
    struct mln_arena *arena;

    if (size == 0) {
        return 0;
    }
    arena = mln_arena_new(ARENA_BYTES);
    if (!arena) {
        return 0;
    }
    require(mln_check_pattern(MLN_PATTERN_NONE, text));
    for (unsigned p = 1; p < MLN_PATTERNS; p++) {
        (void)mln_check_pattern((enum mln_pattern)p, text);
    }
    for (unsigned t = data[0] % STEP; t < MLN_DATATYPES; t += STEP) {
        check_type((enum mln_datatype_id)t, text, arena);
        mln_arena_reset(arena);
    }
    mln_arena_free(arena);
    return 0;
}
