/* Ids as numbers and as text. */
#include "store/ids.h"

enum {
    CLOCK_SHIFT = 12,
    CHAR_BITS = 5,
};

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

uint64_t mln_id_next(uint64_t last, int64_t now_us)
{
    const uint64_t latest = UINT64_MAX >> CLOCK_SHIFT;
    uint64_t now = now_us > 0 ? (uint64_t)now_us : 0;
    uint64_t by_clock = (now < latest ? now : latest) << CLOCK_SHIFT;

    if (last == UINT64_MAX) {
        return 0;
    }
    return by_clock > last ? by_clock : last + 1;
}

void mln_id_format(char out[static MLN_ID_TEXT], uint64_t id)
{
    for (int i = MLN_ID_TEXT - 1; i >= 0; i--) {
        out[i] = alphabet[id & 0x1F];
        id >>= CHAR_BITS;
    }
}

/* Value of a base32 character, or -1. */
static int value_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c < 'a' || c > 'z' || c == 'i' || c == 'l' || c == 'o' || c == 'u') {
        return -1;
    }
    return c - 'a' + 10 - (c > 'i') - (c > 'l') - (c > 'o') - (c > 'u');
}

static bool parse(struct mln_slice text, uint64_t *ret)
{
    uint64_t id = 0;

    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(text.ptr[i]);

        if (value < 0 || id > UINT64_MAX >> CHAR_BITS) {
            return false;
        }
        id = id << CHAR_BITS | (uint64_t)value;
    }
    *ret = id;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool mln_id_is_short_name(struct mln_slice name)
{
    if (name.len == 0 || !is_letter(name.ptr[0])) {
        return false;
    }
    for (size_t i = 1; i < name.len; i++) {
        if (!is_letter(name.ptr[i]) && !(name.ptr[i] >= '0' && name.ptr[i] <= '9')) {
            return false;
        }
    }
    return true;
}

bool mln_id_split(struct mln_slice ri, struct mln_slice *ret_short_name, uint64_t *ret_id)
{
    struct mln_slice name;

    if (ri.len <= MLN_ID_TEXT) {
        return false;
    }
    name = mln_slice_head(ri, ri.len - MLN_ID_TEXT);
    if (!mln_id_is_short_name(name) || !parse(mln_slice_from(ri, name.len), ret_id)) {
        return false;
    }
    *ret_short_name = name;
    return true;
}

bool mln_id_is_made(struct mln_slice ri, uint64_t id)
{
    char text[MLN_ID_TEXT];

    mln_id_format(text, id);
    return mln_slice_ends(ri, mln_slice_of(text, sizeof text)) &&
           mln_id_is_short_name(mln_slice_head(ri, ri.len - MLN_ID_TEXT));
}
