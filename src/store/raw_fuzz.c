/* Fuzz target of the record reader: arbitrary bytes as a row; what is accepted is written again as
 * the same bytes. */
#include "base/arena.h"
#include "base/fuzz_test.h"
#include "store/index.h"
#include "store/raw.h"

enum { ARENA_BYTES = 16 << 20 };

static void check(const struct mln_raw *raw, struct mln_slice row, struct mln_arena *arena)
{
    struct mln_resource resource;
    struct mln_labels labels;
    char *bytes;

    require(mln_raw_size(raw) == row.len);
    bytes = mln_arena_alloc(arena, row.len);
    require(bytes);
    mln_raw_encode(raw, bytes);
    require(mln_slice_eq(row, mln_slice_of(bytes, row.len)));
    require(!mln_failed(mln_raw_copy(raw, arena, &resource)));
    require(mln_raw_is_ri(raw, resource.ri) && mln_raw_is_rn(raw, resource.rn));
    if (!mln_failed(mln_labels_of(resource.attrs, arena, &labels))) {
        for (size_t i = 1; i < labels.count; i++) {
            require(mln_slice_cmp(labels.items[i - 1], labels.items[i]) < 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mln_arena *arena;
    struct mln_slice row = { (const char *)data, size };
    struct mln_raw raw;

    if (!arena) {
        arena = mln_arena_new(ARENA_BYTES);
        require(arena);
    }
    if (!mln_failed(mln_raw_decode(0x123456789, row, &raw))) {
        check(&raw, row, arena);
    }
    mln_arena_reset(arena);
    return 0;
}
