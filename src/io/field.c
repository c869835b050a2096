/* Header fields: comparison and the characters that may stand in them. */
#include "io/field.h"

bool mln_field_is(struct mln_slice name, struct mln_slice other)
{
    if (name.len != other.len) {
        return false;
    }
    /* Most peers spell as the standard does, and names of one length differ at their end. */
    if (name.len == 0 || memcmp(name.ptr, other.ptr, name.len) == 0) {
        return true;
    }
    for (size_t i = name.len; i > 0; i--) {
        if (mln_lower(name.ptr[i - 1]) != mln_lower(other.ptr[i - 1])) {
            return false;
        }
    }
    return true;
}

const struct mln_field *mln_field_find(const struct mln_field *fields, size_t count,
                                       struct mln_slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (mln_field_is(fields[i].name, name)) {
            return &fields[i];
        }
    }
    return NULL;
}

/* spec: RFC9110 5.6.2 */
static const bool is_token_char[256] = {
    ['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true,
    ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true,
    ['`'] = true, ['|'] = true, ['~'] = true, ['0'] = true, ['1'] = true, ['2'] = true,
    ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true,
    ['9'] = true, ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true,
    ['F'] = true, ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true,
    ['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true, ['Q'] = true,
    ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true,
    ['X'] = true, ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true,
    ['d'] = true, ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true,
    ['j'] = true, ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true,
    ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true,
    ['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,
};

size_t mln_field_token_length(struct mln_slice s)
{
    size_t len = 0;

    while (len < s.len && is_token_char[(unsigned char)s.ptr[len]]) {
        len++;
    }
    return len;
}

bool mln_field_is_token(struct mln_slice s)
{
    return s.len > 0 && mln_field_token_length(s) == s.len;
}

size_t mln_field_skip_plain(struct mln_slice s, size_t at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t highs = ones * 0x80;

    /* Eight bytes at a time. The high bit of a byte tells: it stands in the byte itself beyond
     * ASCII, in the sum for DEL, in the difference below the blank. Carries only reach bytes above
     * the first that is not plain, and that one is asked for. */
    while (at + sizeof(uint64_t) <= s.len) {
        uint64_t word;
        uint64_t special;

        memcpy(&word, s.ptr + at, sizeof word);
        special = (word | (word + ones) | (word - ones * ' ')) & highs;
        if (special) {
            return at + (size_t)__builtin_ctzll(special) / 8;
        }
        at += sizeof(uint64_t);
    }
    while (at < s.len && s.ptr[at] >= ' ' && s.ptr[at] < 0x7f) {
        at++;
    }
    return at;
}

bool mln_field_is_value(struct mln_slice s)
{
    for (size_t at = mln_field_skip_plain(s, 0); at < s.len; at = mln_field_skip_plain(s, at + 1)) {
        unsigned char c = (unsigned char)s.ptr[at];

        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}
