/* Large objects: their names are sorted, so that equal ones stand together. */
#include "codec/names.h"

#include "codec/json_int.h"

struct mln_names_entry {
    uint64_t head; /* first eight bytes, zeroes behind a shorter name */
    const struct mln_value *member;
};

static int compare(const struct mln_names_entry *a, const struct mln_names_entry *b)
{
    if (a->head != b->head) {
        return a->head < b->head ? -1 : 1;
    }
    return mln_slice_cmp(a->member->name, b->member->name);
}

static uint64_t head_of(struct mln_slice name)
{
    uint64_t head = 0;

    memcpy(&head, name.ptr, name.len < sizeof head ? name.len : sizeof head);
    return mln_json_be64(head);
}

static void merge(const struct mln_names_entry *from, size_t middle, size_t end,
                  struct mln_names_entry *to)
{
    size_t a = 0;
    size_t b = middle;

    for (size_t i = 0; i < end; i++) {
        if (a < middle && (b == end || compare(&from[a], &from[b]) <= 0)) {
            to[i] = from[a++];
        } else {
            to[i] = from[b++];
        }
    }
}

/* Merge sort from runs of one upwards; the result is in *entries or in *spare, which swap. */
static void sort(struct mln_names_entry **entries, struct mln_names_entry **spare, size_t count)
{
    for (size_t run = 1; run < count; run *= 2) {
        struct mln_names_entry *swap = *entries;

        for (size_t i = 0; i < count; i += 2 * run) {
            size_t left = count - i;

            merge(*entries + i, left < run ? left : run, left < 2 * run ? left : 2 * run,
                  *spare + i);
        }
        *entries = *spare;
        *spare = swap;
    }
}

static mln_err reserve(struct mln_names *names, size_t count)
{
    size_t room = names->room ? names->room : (size_t)MLN_NAMES_SMALL * 2;

    if (names->sorted && count <= names->room) {
        return MLN_OK;
    }
    while (room < count) {
        room *= 2;
    }
    names->sorted = mln_arena_alloc(names->arena, 2 * room * sizeof *names->sorted);
    MLN_REQUIRE(names->sorted, NO_MEMORY);
    names->room = room;
    return MLN_OK;
}

mln_err mln_names_check(struct mln_names *names, const struct mln_value *object,
                        const struct mln_value **ret_twice)
{
    size_t count = object->items.count;
    struct mln_names_entry *entries;
    struct mln_names_entry *spare;
    size_t i = 0;

    *ret_twice = NULL;
    MLN_TRY(reserve(names, count));
    entries = names->sorted;
    spare = names->sorted + names->room;
    for (const struct mln_value *v = object->items.first; v; v = v->next) {
        entries[i++] = (struct mln_names_entry){ head_of(v->name), v };
    }
    sort(&entries, &spare, count);
    for (i = 1; i < count; i++) {
        if (compare(&entries[i - 1], &entries[i]) == 0) {
            *ret_twice = entries[i].member;
            return MLN_OK;
        }
    }
    return MLN_OK;
}
