/* The one matcher of patterns with wildcards. */
#include "base/wildcard.h"

/* Takes from *text all up to the end of the first place where the part occurs. */
static bool take_part(struct mln_slice *text, struct mln_slice part)
{
    const char *hit;

    if (part.len == 0) {
        return true;
    }
    hit = text->len >= part.len ? memmem(text->ptr, text->len, part.ptr, part.len) : NULL;
    if (!hit) {
        return false;
    }
    *text = mln_slice_from(*text, (size_t)(hit - text->ptr) + part.len);
    return true;
}

/* '*' stands for anything. The parts of the pattern are looked for from left to right; taking the
 * first place for each is right, because the next '*' makes up for any distance. */
static bool match_any(struct mln_slice pattern, struct mln_slice text)
{
    struct mln_slice part = mln_slice_cut(&pattern, '*');

    if (!pattern.ptr) {
        return mln_slice_eq(part, text);
    }
    if (!mln_slice_starts(text, part)) {
        return false;
    }
    text = mln_slice_of(text.ptr + part.len, text.len - part.len);
    for (part = mln_slice_cut(&pattern, '*'); pattern.ptr; part = mln_slice_cut(&pattern, '*')) {
        if (!take_part(&text, part)) {
            return false;
        }
    }
    return mln_slice_ends(text, part);
}

bool mln_wildcard_match(struct mln_slice pattern, struct mln_slice text, char stop)
{
    if (!text.ptr) {
        text = MLN_S("");
    }
    if (stop == '\0') {
        return match_any(pattern, text);
    }
    /* no '*' reaches across a stop: what stands between the stops is matched piece by piece */
    do {
        if (!match_any(mln_slice_cut(&pattern, stop), mln_slice_cut(&text, stop))) {
            return false;
        }
    } while (pattern.ptr && text.ptr);
    return !pattern.ptr && !text.ptr;
}
