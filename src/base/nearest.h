/* The words of a list that are nearest to one that was mistyped, for hints in messages.
 *
 * Distance counts inserted, dropped, replaced and swapped neighbouring bytes; upper and lower
 * case of ASCII letters are the same. Words are borrowed. Pure functions on the caller's storage,
 * any thread. */
#pragma once

#include "base/slice.h"

enum { MLN_NEAREST_MAX = 3 };

struct mln_nearest {
    struct mln_slice word;
    struct mln_slice best[MLN_NEAREST_MAX]; /* nearest first, in the order of the offers */
    size_t distance[MLN_NEAREST_MAX];
    size_t count;
};

void mln_nearest_init(struct mln_nearest *nearest, struct mln_slice word);

/* Considers a word of the list. It is kept when it is near enough to be meant: at most a third of
 * its bytes differ. A word offered twice counts once. */
void mln_nearest_offer(struct mln_nearest *nearest, struct mln_slice candidate);
