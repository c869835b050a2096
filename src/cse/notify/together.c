/* What leaves together. */
#include "cse/notify/together.h"

void mln_together_read(struct mln_view *view, const struct mln_outbox_entry *first, uint64_t most,
                       uint64_t bytes, struct mln_arena *arena, struct mln_flight **ret)
{
    struct mln_outbox_entry entry = *first;

    *ret = NULL;
    for (uint64_t n = 0; n < most; n++) {
        struct mln_flight *f = NULL;

        if (mln_slice_eq(entry.target, first->target) && !entry.notice.op &&
            entry.notice.content.len <= bytes) {
            f = mln_arena_zalloc(arena, 1, sizeof *f);
        }
        if (!f) {
            return;
        }
        f->entry = entry;
        *ret = f;
        ret = &f->next;
        bytes -= entry.notice.content.len;
        if (mln_failed(mln_outbox_next(view, entry.lane, entry.number, arena, &entry))) {
            return;
        }
    }
}
