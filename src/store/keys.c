/* Keys of the tables. */
#include "store/keys.h"

#include "base/num.h"

static void add(struct mln_key *key, struct mln_slice s)
{
    size_t len = s.len < sizeof key->bytes - key->len ? s.len : sizeof key->bytes - key->len;

    if (len) {
        memcpy(key->bytes + key->len, s.ptr, len);
    }
    key->len += len;
}

void mln_key_add_u16(struct mln_key *key, uint16_t n)
{
    char bytes[] = { (char)(n >> 8), (char)(n & 0xFF) };

    add(key, mln_slice_of(bytes, sizeof bytes));
}

void mln_key_add_u64(struct mln_key *key, uint64_t n)
{
    char bytes[8];

    mln_put_be64(bytes, n);
    add(key, mln_slice_of(bytes, sizeof bytes));
}

void mln_key_id(struct mln_key *key, uint64_t id)
{
    key->len = 0;
    mln_key_add_u64(key, id);
}

void mln_key_text(struct mln_key *key, struct mln_slice text)
{
    key->len = 0;
    add(key, text);
}

void mln_key_name(struct mln_key *key, uint64_t parent, struct mln_slice rn)
{
    mln_key_id(key, parent);
    add(key, rn);
}

void mln_key_type(struct mln_key *key, uint16_t ty)
{
    key->len = 0;
    mln_key_add_u16(key, ty);
}

void mln_key_label(struct mln_key *key, struct mln_slice label)
{
    struct mln_slice head = mln_slice_head(label, MLN_LABEL_MAX);

    key->len = 0;
    mln_key_add_u16(key, (uint16_t)head.len);
    add(key, head);
}

void mln_key_expiry(struct mln_key *key, int64_t et)
{
    mln_key_id(key, (uint64_t)et);
}

void mln_key_record(struct mln_key *key, unsigned space, struct mln_slice name)
{
    char first = (char)space;

    key->len = 0;
    add(key, mln_slice_of(&first, 1));
    add(key, name);
}

uint16_t mln_key_u16_at(struct mln_slice s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.ptr + at;

    return (uint16_t)(p[0] << 8 | p[1]);
}

uint64_t mln_key_u64_at(struct mln_slice s, size_t at)
{
    return mln_get_be64(s.ptr + at);
}
