/* Edit distance of words. */
#include "base/nearest.h"

enum { WORD_MAX = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment, three rows at a time. */
static size_t distance_of(struct mln_slice a, struct mln_slice b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *older = rows[0];
    size_t *old = rows[1];
    size_t *now = rows[2];

    for (size_t j = 0; j <= b.len; j++) {
        old[j] = j;
        older[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *spare = older;

        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = mln_lower(a.ptr[i - 1]);
            char y = mln_lower(b.ptr[j - 1]);
            bool is_swap =
                i > 1 && j > 1 && x == mln_lower(b.ptr[j - 2]) && mln_lower(a.ptr[i - 2]) == y;

            now[j] = least(least(now[j - 1], old[j]) + 1, old[j - 1] + (x != y));
            now[j] = is_swap ? least(now[j], older[j - 2] + 1) : now[j];
        }
        older = old;
        old = now;
        now = spare;
    }
    return old[b.len];
}

void mln_nearest_init(struct mln_nearest *nearest, struct mln_slice word)
{
    *nearest = (struct mln_nearest){ .word = word };
}

static bool is_known(const struct mln_nearest *nearest, struct mln_slice candidate)
{
    for (size_t i = 0; i < nearest->count; i++) {
        if (mln_slice_eq(nearest->best[i], candidate)) {
            return true;
        }
    }
    return false;
}

void mln_nearest_offer(struct mln_nearest *nearest, struct mln_slice candidate)
{
    size_t distance;
    size_t at;

    if (nearest->word.len == 0 || candidate.len == 0 || nearest->word.len > WORD_MAX ||
        candidate.len > WORD_MAX || is_known(nearest, candidate)) {
        return;
    }
    distance = distance_of(nearest->word, candidate);
    if (distance > (candidate.len + 2) / 3) {
        return;
    }
    for (at = nearest->count; at > 0 && nearest->distance[at - 1] > distance; at--) {
        if (at < MLN_NEAREST_MAX) {
            nearest->best[at] = nearest->best[at - 1];
            nearest->distance[at] = nearest->distance[at - 1];
        }
    }
    if (at < MLN_NEAREST_MAX) {
        nearest->best[at] = candidate;
        nearest->distance[at] = distance;
        nearest->count += nearest->count < MLN_NEAREST_MAX;
    }
}
