/* Records: resources as bytes. */
#include "store/raw.h"

#include <endian.h>

#include "base/timestamp.h"
#include "store/ids.h"
#include "store/store.h"

enum {
    VERSION = 1,
    RI_MADE = 1, /* bits of the second byte */
    PI_MADE = 2,
    RN_IS_RI = 4,
    SHAPES = RI_MADE | PI_MADE | RN_IS_RI,
    CR_MAX = 4096,
};

/* The fixed head, in the order of the bytes. */
struct head {
    uint8_t version;
    uint8_t shape;
    uint16_t ty;
    uint16_t flags;
    uint16_t ri_len;
    uint16_t pi_len;
    uint16_t rn_len;
    uint16_t cr_len;
    uint16_t zero;
    uint32_t attrs_len;
    uint32_t zero2;
    uint64_t parent;
    uint64_t ct;
    uint64_t lt;
    uint64_t et;
    uint64_t st;
    uint64_t count;
    uint64_t bytes;
};

_Static_assert(sizeof(struct head) == 80, "the head has no padding");

static bool is_time(int64_t us)
{
    return us >= 0 && us <= MLN_TIMESTAMP_MAX;
}

/* An identifier that is made from `id` is kept as its short name. */
static bool shorten(struct mln_slice *text, uint64_t id)
{
    if (id == 0 || !mln_id_is_made(*text, id)) {
        return false;
    }
    text->len -= MLN_ID_TEXT;
    return true;
}

mln_err mln_raw_of(const struct mln_resource *resource, struct mln_raw *ret)
{
    const struct mln_resource *r = resource;
    struct mln_raw raw = {
        .id = r->id,
        .parent = r->parent,
        .ty = r->ty,
        .flags = r->flags,
        .ct = r->ct,
        .lt = r->lt,
        .et = r->et,
        .st = r->st,
        .count = r->count,
        .bytes = r->bytes,
        .ri = r->ri,
        .pi = r->pi,
        .rn = r->rn,
        .cr = r->cr,
        .attrs = r->attrs,
    };

    MLN_REQUIRE(r->id != 0 && r->ri.len != 0, INTERNAL);
    MLN_REQUIRE(is_time(r->ct) && is_time(r->lt) && is_time(r->et), INTERNAL);
    MLN_REQUIRE(r->ri.len <= MLN_NAME_MAX && r->rn.len <= MLN_NAME_MAX, LIMIT);
    MLN_REQUIRE(r->pi.len <= MLN_NAME_MAX && r->cr.len <= CR_MAX, LIMIT);
    MLN_REQUIRE(r->attrs.len <= INT32_MAX, LIMIT);
    if (r->rn.len == 0 || mln_slice_eq(r->rn, r->ri)) {
        raw.is_rn_ri = true;
        raw.rn = (struct mln_slice){ 0 };
    }
    raw.is_ri_made = shorten(&raw.ri, r->id);
    raw.is_pi_made = shorten(&raw.pi, r->parent);
    *ret = raw;
    return MLN_OK;
}

static size_t texts_size(const struct mln_raw *raw)
{
    return raw->ri.len + raw->pi.len + raw->rn.len + raw->cr.len + raw->attrs.len;
}

size_t mln_raw_size(const struct mln_raw *raw)
{
    return sizeof(struct head) + texts_size(raw);
}

static char *append(char *at, struct mln_slice s)
{
    if (s.len) {
        memcpy(at, s.ptr, s.len);
    }
    return at + s.len;
}

static unsigned shape_of(const struct mln_raw *raw)
{
    return (raw->is_ri_made ? (unsigned)RI_MADE : 0) | (raw->is_pi_made ? (unsigned)PI_MADE : 0) |
           (raw->is_rn_ri ? (unsigned)RN_IS_RI : 0);
}

void mln_raw_encode(const struct mln_raw *raw, char *out)
{
    struct head h = {
        .version = VERSION,
        .shape = (uint8_t)shape_of(raw),
        .ty = htole16(raw->ty),
        .flags = htole16(raw->flags),
        .ri_len = htole16((uint16_t)raw->ri.len),
        .pi_len = htole16((uint16_t)raw->pi.len),
        .rn_len = htole16((uint16_t)raw->rn.len),
        .cr_len = htole16((uint16_t)raw->cr.len),
        .attrs_len = htole32((uint32_t)raw->attrs.len),
        .parent = htole64(raw->parent),
        .ct = htole64((uint64_t)raw->ct),
        .lt = htole64((uint64_t)raw->lt),
        .et = htole64((uint64_t)raw->et),
        .st = htole64(raw->st),
        .count = htole64(raw->count),
        .bytes = htole64(raw->bytes),
    };
    char *at = out + sizeof h;

    memcpy(out, &h, sizeof h);
    at = append(at, raw->ri);
    at = append(at, raw->pi);
    at = append(at, raw->rn);
    at = append(at, raw->cr);
    (void)append(at, raw->attrs);
}

static struct mln_slice take(struct mln_slice *rest, size_t len)
{
    struct mln_slice head = mln_slice_head(*rest, len);

    *rest = mln_slice_from(*rest, len);
    return head;
}

static bool is_head_sane(const struct head *h, size_t texts)
{
    size_t need = (size_t)le16toh(h->ri_len) + le16toh(h->pi_len) + le16toh(h->rn_len) +
                  le16toh(h->cr_len) + le32toh(h->attrs_len);

    return (h->shape & ~(unsigned)SHAPES) == 0 && h->zero == 0 && h->zero2 == 0 && need == texts &&
           h->ri_len != 0 && ((h->shape & RN_IS_RI) != 0) == (h->rn_len == 0);
}

mln_err mln_raw_decode(uint64_t id, struct mln_slice row, struct mln_raw *ret)
{
    struct mln_slice rest;
    struct mln_raw raw = { .id = id };
    struct head h;

    MLN_REQUIRE(row.len >= sizeof h, STORE_CORRUPT);
    memcpy(&h, row.ptr, sizeof h);
    rest = mln_slice_from(row, sizeof h);
    MLN_REQUIRE(h.version == VERSION && is_head_sane(&h, rest.len), STORE_CORRUPT);
    raw.parent = le64toh(h.parent);
    raw.ty = le16toh(h.ty);
    raw.flags = le16toh(h.flags);
    raw.ct = (int64_t)le64toh(h.ct);
    raw.lt = (int64_t)le64toh(h.lt);
    raw.et = (int64_t)le64toh(h.et);
    raw.st = le64toh(h.st);
    raw.count = le64toh(h.count);
    raw.bytes = le64toh(h.bytes);
    raw.is_ri_made = h.shape & RI_MADE;
    raw.is_pi_made = h.shape & PI_MADE;
    raw.is_rn_ri = h.shape & RN_IS_RI;
    MLN_REQUIRE(id != 0 && is_time(raw.ct) && is_time(raw.lt) && is_time(raw.et), STORE_CORRUPT);
    raw.ri = take(&rest, le16toh(h.ri_len));
    raw.pi = take(&rest, le16toh(h.pi_len));
    raw.rn = take(&rest, le16toh(h.rn_len));
    raw.cr = take(&rest, le16toh(h.cr_len));
    raw.attrs = rest;
    MLN_REQUIRE(!raw.is_ri_made || mln_id_is_short_name(raw.ri), STORE_CORRUPT);
    MLN_REQUIRE(!raw.is_pi_made || (raw.parent != 0 && mln_id_is_short_name(raw.pi)),
                STORE_CORRUPT);
    *ret = raw;
    return MLN_OK;
}

/* Appends an identifier, with the id behind it when it is made from one. */
static char *append_identifier(char *at, struct mln_slice text, const uint64_t *id,
                               struct mln_slice *ret)
{
    char *end = append(at, text);

    if (id) {
        mln_id_format(end, *id);
        end += MLN_ID_TEXT;
    }
    *ret = mln_slice_of(at, (size_t)(end - at));
    return end;
}

mln_err mln_raw_copy(const struct mln_raw *raw, struct mln_arena *arena, struct mln_resource *ret)
{
    struct mln_resource r = {
        .id = raw->id,
        .parent = raw->parent,
        .ty = raw->ty,
        .flags = raw->flags,
        .ct = raw->ct,
        .lt = raw->lt,
        .et = raw->et,
        .st = raw->st,
        .count = raw->count,
        .bytes = raw->bytes,
    };
    char *at = mln_arena_alloc(arena, texts_size(raw) + 2 * (size_t)MLN_ID_TEXT);

    MLN_REQUIRE(at, NO_MEMORY);
    at = append_identifier(at, raw->ri, raw->is_ri_made ? &raw->id : NULL, &r.ri);
    at = append_identifier(at, raw->pi, raw->is_pi_made ? &raw->parent : NULL, &r.pi);
    at = append_identifier(at, raw->rn, NULL, &r.rn);
    at = append_identifier(at, raw->cr, NULL, &r.cr);
    (void)append_identifier(at, raw->attrs, NULL, &r.attrs);
    if (raw->is_rn_ri) {
        r.rn = r.ri;
    }
    *ret = r;
    return MLN_OK;
}

bool mln_raw_is_ri(const struct mln_raw *raw, struct mln_slice ri)
{
    struct mln_slice text = ri;

    if (raw->is_ri_made && !shorten(&text, raw->id)) {
        return false;
    }
    return mln_slice_eq(text, raw->ri);
}

bool mln_raw_is_rn(const struct mln_raw *raw, struct mln_slice rn)
{
    return raw->is_rn_ri ? mln_raw_is_ri(raw, rn) : mln_slice_eq(rn, raw->rn);
}
