/* Fuzz target of the pack readers: arbitrary bytes through each of them; what one accepts the
 * others accept too, and what is written again is the same value. */
#include "model/pack.h"

#include "base/fuzz_test.h"

enum { ARENA_BYTES = 64 << 20, PACK_BYTES = 16 << 20 };

static void check_heads(struct mln_slice pack)
{
    while (pack.len) {
        struct mln_slice before = pack;
        struct mln_item item;

        if (mln_failed(mln_pack_read(&pack, &item))) {
            require(pack.ptr == before.ptr && pack.len == before.len);
            return;
        }
        require(pack.len < before.len);
        (void)mln_pack_more(&pack, item.count, 0);
    }
}

/* Walks over one level, and over the levels below it to a depth that a pack may have. */
static size_t walk(struct mln_slice pack, unsigned depth)
{
    struct mln_walk w;
    size_t items = 0;

    for (mln_walk_begin(&w, pack); mln_walk_next(&w); items++) {
        require(w.item.ptr >= pack.ptr && w.item.ptr + w.item.len <= pack.ptr + pack.len);
        if (depth < 8) {
            (void)walk(w.item, depth + 1);
        }
    }
    return items;
}

static void check_scalars(struct mln_slice pack, struct mln_slice name)
{
    struct mln_slice found;
    struct mln_slice text;
    uint64_t n;
    bool b;

    if (mln_pack_find(pack, name, &found)) {
        require(found.ptr >= pack.ptr && found.ptr + found.len <= pack.ptr + pack.len);
    }
    (void)mln_pack_find_text(pack, name, &text);
    (void)mln_pack_find_u64(pack, name, &n);
    (void)mln_pack_find_bool(pack, name, &b);
    (void)mln_pack_text_of(pack, &text);
    (void)mln_pack_u64_of(pack, &n);
}

static void check_tree(struct mln_slice pack, struct mln_arena *arena)
{
    struct mln_value *v;
    struct mln_value *again;
    struct mln_slice rest = pack;
    struct mln_slice taken = { 0 };
    struct mln_slice written = { 0 };
    struct mln_buf out;

    if (mln_failed(mln_pack_to_value(pack, arena, &v))) {
        return;
    }
    require(!mln_failed(mln_pack_take(&rest, &taken)));
    require(rest.len == 0 && mln_slice_eq(taken, pack));
    if (v->kind == MLN_V_OBJECT || v->kind == MLN_V_ARRAY) {
        require(walk(pack, 8) == v->items.count);
    }
    mln_buf_init(&out, arena, PACK_BYTES);
    mln_pack_value(&out, v);
    require(!mln_failed(mln_buf_finish(&out, &written)));
    require(!mln_failed(mln_pack_to_value(written, arena, &again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice pack = mln_slice_of((const char *)data, size);
    struct mln_arena *arena = mln_arena_new(ARENA_BYTES);
    struct mln_slice rest = pack;
    struct mln_slice taken;

    if (!arena) {
        return 0;
    }
    check_heads(pack);
    (void)walk(pack, 0);
    check_scalars(pack, MLN_S("a"));
    check_scalars(pack, MLN_S("con"));
    if (!mln_failed(mln_pack_take(&rest, &taken))) {
        require(taken.len + rest.len == size);
        check_tree(taken, arena);
    }
    check_tree(pack, arena);
    mln_arena_free(arena);
    return 0;
}
