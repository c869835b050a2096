/* Fuzz target of the index: what is read and written again must be read as the same. */
#include "base/fuzz_test.h"
#include "crypto/ca_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_arena *arena = mln_arena_new(MLN_CA_ARENA_BYTES);
    struct mln_ca_index index;
    struct mln_ca_index again;
    struct mln_slice text;

    if (arena &&
        !mln_failed(mln_ca_index_parse(mln_slice_of((const char *)data, size), arena, &index))) {
        require(!mln_failed(mln_ca_index_text(&index, arena, &text)));
        require(!mln_failed(mln_ca_index_parse(text, arena, &again)));
        require(again.count == index.count && again.crl_number == index.crl_number);
        for (size_t i = 0; i < index.count; i++) {
            require(mln_slice_eq(again.entries[i].serial, index.entries[i].serial) &&
                    mln_slice_eq(again.entries[i].name, index.entries[i].name) &&
                    again.entries[i].revoked == index.entries[i].revoked);
        }
    }
    mln_arena_free(arena);
    return 0;
}
