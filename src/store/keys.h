/* Keys of the store's tables. Numbers are big-endian, so that byte order is number order.
 *
 * A key is a value of a few hundred bytes on the caller's stack. Pure functions, any thread. */
#pragma once

#include "base/slice.h"
#include "store/kv.h"

/* Of a label only so many bytes are indexed; whoever scans looks at the resource. */
enum { MLN_LABEL_MAX = 400 };

/* The space of the table REC in which the store keeps facts about itself. */
enum { MLN_SPACE_OWN = 255 };

struct mln_key {
    size_t len;
    char bytes[MLN_KV_KEY_MAX];
};

static inline struct mln_slice mln_key_slice(const struct mln_key *key)
{
    return mln_slice_of(key->bytes, key->len);
}

/* Each starts the key anew. Texts must fit: names MLN_NAME_MAX, record keys MLN_RECORD_KEY_MAX. */
void mln_key_id(struct mln_key *key, uint64_t id);
void mln_key_text(struct mln_key *key, struct mln_slice text);
void mln_key_name(struct mln_key *key, uint64_t parent, struct mln_slice rn);
void mln_key_type(struct mln_key *key, uint16_t ty);
void mln_key_label(struct mln_key *key, struct mln_slice label);
void mln_key_expiry(struct mln_key *key, int64_t et);
void mln_key_record(struct mln_key *key, unsigned space, struct mln_slice name);

/* These append. */
void mln_key_add_u16(struct mln_key *key, uint16_t n);
void mln_key_add_u64(struct mln_key *key, uint64_t n);

/* Numbers at an offset of a key or value, which must be long enough. */
uint16_t mln_key_u16_at(struct mln_slice s, size_t at);
uint64_t mln_key_u64_at(struct mln_slice s, size_t at);
