/* The grammar of m2m:scheduleEntry.
 *
 * Seven fields with one blank between them. A field is '*', '*' with a step, or elements with
 * commas between them; an element is a number, a range, or a range with a step. spec:
 * TS-0004 7.4.9.1 */
#include "base/num.h"
#include "model/pattern_int.h"

struct field {
    uint64_t least;
    uint64_t most;
};

static const struct field fields[] = {
    { 0, 59 }, { 0, 59 }, { 0, 23 }, { 1, 31 }, { 1, 12 }, { 0, 6 }, { 2000, 9999 },
};

static bool is_step(struct mln_slice s)
{
    uint64_t n;

    return s.len <= 4 && mln_num_u64(s, &n) && n >= 1;
}

static bool read_number(struct mln_slice s, const struct field *field, uint64_t *ret)
{
    return s.len <= 4 && mln_num_u64(s, ret) && *ret >= field->least && *ret <= field->most;
}

static bool is_element(struct mln_slice s, const struct field *field)
{
    size_t slash = mln_slice_find(s, '/');
    struct mln_slice range = mln_slice_head(s, slash);
    size_t hyphen = mln_slice_find(range, '-');
    uint64_t first;
    uint64_t last;

    if (!read_number(mln_slice_head(range, hyphen), field, &first)) {
        return false;
    }
    if (hyphen == range.len) {
        return slash == s.len; /* only a range has a step */
    }
    return read_number(mln_slice_from(range, hyphen + 1), field, &last) && first <= last &&
           (slash == s.len || is_step(mln_slice_from(s, slash + 1)));
}

static bool is_field(struct mln_slice s, const struct field *field)
{
    if (mln_slice_eq(s, MLN_S("*"))) {
        return true;
    }
    if (mln_slice_starts(s, MLN_S("*/"))) {
        return is_step(mln_slice_from(s, 2));
    }
    while (s.ptr) {
        if (!is_element(mln_slice_cut(&s, ','), field)) {
            return false;
        }
    }
    return true;
}

bool mln_pattern_schedule(struct mln_slice text)
{
    struct mln_slice rest = text;

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct mln_slice s;

        if (!rest.ptr) {
            return false;
        }
        s = mln_slice_cut(&rest, ' ');
        if (s.len == 0 || !is_field(s, &fields[i])) {
            return false;
        }
    }
    return rest.ptr == NULL;
}
