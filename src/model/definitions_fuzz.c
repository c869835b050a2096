/* Fuzz target of definitions: whatever is read, each type can be looked up in every way. */
#include "model/definitions.h"

#include "base/fuzz_test.h"

static void look(const struct mln_definitions *set, const struct mln_type *type)
{
    require(mln_definitions_root(set, type->root) == type);
    for (size_t i = 0; i < type->attribute_count; i++) {
        require(mln_model_attribute(type, type->attributes[i].name) == &type->attributes[i]);
    }
    (void)mln_definitions_may_hold(type, type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice text = mln_slice_of((const char *)data, size);
    struct mln_definitions *set;
    struct mln_fault fault = { "" };
    struct mln_limits limits;
    size_t line = 0;
    mln_err err;

    mln_limits_default(&limits);
    limits.definitions = 8;
    if (mln_failed(mln_definitions_new(&limits, &set))) {
        return 0;
    }
    err = mln_definitions_read(set, text, &line, &fault);
    require(err.code != MLN_ERR_CONFIG || (line && fault.text[0]));
    while (text.len) {
        struct mln_slice row = mln_slice_cut(&text, '\n');
        const struct mln_type *type;

        (void)mln_slice_cut(&row, ' ');
        type = mln_definitions_root(set, mln_slice_cut(&row, ' '));
        if (type) {
            look(set, type);
            look(set, mln_definitions_announced(type));
        }
    }
    mln_definitions_free(set);
    return 0;
}
