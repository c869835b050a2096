/* Sets of texts. */
#include "base/set.h"

enum { FIRST_CAP = 32 };

void mln_set_init(struct mln_set *set, struct mln_arena *arena)
{
    *set = (struct mln_set){ .arena = arena };
}

/* FNV-1a, begun from where the slots happen to lie: so a peer cannot prepare texts that collide. */
static uint64_t hash(const struct mln_set *set, struct mln_slice s)
{
    uint64_t h = UINT64_C(14695981039346656037) ^
                 (uint64_t)(uintptr_t)set->slots * UINT64_C(0x9E3779B97F4A7C15);

    for (size_t i = 0; i < s.len; i++) {
        h = (h ^ (unsigned char)s.ptr[i]) * UINT64_C(1099511628211);
    }
    return h ^ (h >> 32);
}

static struct mln_slice *slot_of(const struct mln_set *set, struct mln_slice text)
{
    size_t at = (size_t)hash(set, text) & (set->cap - 1);

    while (set->slots[at].ptr && !mln_slice_eq(set->slots[at], text)) {
        at = (at + 1) & (set->cap - 1);
    }
    return &set->slots[at];
}

static mln_err grow(struct mln_set *set)
{
    struct mln_set bigger = *set;

    bigger.cap = set->cap ? set->cap * 2 : FIRST_CAP;
    bigger.slots = mln_arena_zalloc(set->arena, bigger.cap, sizeof *bigger.slots);
    MLN_REQUIRE(bigger.slots, NO_MEMORY);
    for (size_t i = 0; i < set->cap; i++) {
        if (set->slots[i].ptr) {
            *slot_of(&bigger, set->slots[i]) = set->slots[i];
        }
    }
    *set = bigger;
    return MLN_OK;
}

mln_err mln_set_add(struct mln_set *set, struct mln_slice text, bool *ret_new)
{
    struct mln_slice kept = text.ptr ? text : MLN_S("");
    struct mln_slice *slot;

    if (set->count * 2 >= set->cap) {
        MLN_TRY(grow(set));
    }
    slot = slot_of(set, kept);
    *ret_new = !slot->ptr;
    if (*ret_new) {
        *slot = kept;
        set->count++;
    }
    return MLN_OK;
}

bool mln_set_has(const struct mln_set *set, struct mln_slice text)
{
    return set->cap && slot_of(set, text.ptr ? text : MLN_S(""))->ptr;
}
