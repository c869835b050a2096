/* The content of the credentials file as bytes.
 *
 *   content     version (4)  generation (8)  number of items (4)  items
 *   item        kind (1)  length (4)  payload; credentials come before records
 *   credential  fields: tag (1)  length (2)  value; tags do not decrease, those of a list repeat
 *   record      length (2)  kind  length (2)  name  bytes
 *
 * Numbers are big-endian. What is not exactly so is refused: each content has one form. */
#include "base/num.h"
#include "base/set.h"
#include "crypto/credentials_int.h"

enum { VERSION = 1 };

enum item { ITEM_CREDENTIAL = 1, ITEM_RECORD = 2 };

enum tag {
    TAG_ID = 1,
    TAG_SUID,
    TAG_LABEL,
    TAG_KEY,
    TAG_ANCHOR,
    TAG_DOMAIN,
    TAG_CSE_ID,
    TAG_NOT_BEFORE,
    TAG_NOT_AFTER,
    TAG_AE_ID,
    TAG_APP_ID,
    TAG_ROLE_ID,
    TAGS
};

static bool is_list(enum tag tag)
{
    return tag >= TAG_AE_ID;
}

/* ---- reading ---- */

struct reader {
    struct mln_arena *arena;
    struct mln_fault *fault;
};

static mln_err broken(const struct reader *r, const char *what)
{
    mln_fault_set(r->fault, "%s", what);
    MLN_FAIL(SEAL_BROKEN);
}

/* A number of up to eight bytes at the start of *at. False when it is cut off. */
static bool take_number(struct mln_slice *at, size_t bytes, uint64_t *ret)
{
    uint64_t n = 0;

    if (at->len < bytes) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        n = n << 8 | (unsigned char)at->ptr[i];
    }
    *at = mln_slice_from(*at, bytes);
    *ret = n;
    return true;
}

/* As many bytes as a number of `bytes` bytes before them says. */
static bool take_text(struct mln_slice *at, size_t bytes, struct mln_slice *ret)
{
    uint64_t len;

    if (!take_number(at, bytes, &len) || len > at->len) {
        return false;
    }
    *ret = mln_slice_head(*at, (size_t)len);
    *at = mln_slice_from(*at, (size_t)len);
    return true;
}

static bool take_field(struct mln_slice *at, enum tag *ret_tag, struct mln_slice *ret_value)
{
    uint64_t tag;

    if (!take_number(at, 1, &tag) || tag == 0 || tag >= TAGS || !take_text(at, 2, ret_value)) {
        return false;
    }
    *ret_tag = (enum tag)tag;
    return ret_value->len > 0;
}

/* First pass over a credential: are its fields whole and in order, and how many of each are there?
 */
static mln_err count_fields(const struct reader *r, struct mln_slice payload, size_t counts[TAGS])
{
    enum tag last = TAG_ID;
    struct mln_slice value;
    enum tag tag;

    while (payload.len) {
        if (!take_field(&payload, &tag, &value) || tag < last) {
            return broken(r, "a field of a credential is malformed");
        }
        last = tag;
        if (++counts[tag] > (is_list(tag) ? MLN_CREDENTIAL_LIST_MAX : 1)) {
            return broken(r, "a field of a credential stands too often");
        }
    }
    if (!counts[TAG_ID] || !counts[TAG_SUID] || !counts[TAG_NOT_BEFORE] || !counts[TAG_NOT_AFTER]) {
        return broken(r, "a credential lacks a field");
    }
    return MLN_OK;
}

/* The lists of one credential, and their items while they are being filled. */
struct filling {
    struct mln_credential_list *list;
    struct mln_slice *items;
};

static mln_err make_list(const struct reader *r, size_t count, struct filling *filling)
{
    filling->items = mln_arena_alloc(r->arena, (count + 1) * sizeof(struct mln_slice));
    MLN_REQUIRE(filling->items, NO_MEMORY);
    *filling->list = (struct mln_credential_list){ filling->items, 0 };
    return MLN_OK;
}

static bool get_time(struct mln_slice value, int64_t *ret)
{
    if (value.len != 8) {
        return false;
    }
    *ret = (int64_t)mln_get_be64(value.ptr);
    return *ret >= 0;
}

/* Those that stand once. */
static bool set_field(struct mln_cred_row *row, enum tag tag, struct mln_slice value)
{
    struct mln_credential *c = &row->face;

    if (tag == TAG_SUID) {
        c->suid = (unsigned char)value.ptr[0];
        return value.len == 1;
    }
    if (tag == TAG_NOT_BEFORE) {
        return get_time(value, &c->not_before_us);
    }
    if (tag == TAG_NOT_AFTER) {
        return get_time(value, &c->not_after_us);
    }
    *(tag == TAG_ID       ? &c->id
      : tag == TAG_LABEL  ? &c->label
      : tag == TAG_KEY    ? &row->key
      : tag == TAG_ANCHOR ? &c->anchor
      : tag == TAG_DOMAIN ? &c->domain
                          : &c->cse_id) = value;
    return true;
}

static mln_err read_credential(const struct reader *r, struct mln_slice payload,
                               struct mln_cred_row *ret)
{
    struct mln_cred_row row = { 0 };
    struct filling lists[TAGS - TAG_AE_ID] = { { .list = &row.face.ae_ids },
                                               { .list = &row.face.app_ids },
                                               { .list = &row.face.role_ids } };
    size_t counts[TAGS] = { 0 };
    struct mln_slice value;
    enum tag tag;

    MLN_TRY(count_fields(r, payload, counts));
    for (size_t i = 0; i < TAGS - TAG_AE_ID; i++) {
        MLN_TRY(make_list(r, counts[TAG_AE_ID + i], &lists[i]));
    }
    while (take_field(&payload, &tag, &value)) { /* to the end: all have been counted */
        if (is_list(tag)) {
            struct filling *filling = &lists[tag - TAG_AE_ID];

            filling->items[filling->list->count++] = value;
        } else if (!set_field(&row, tag, value)) {
            return broken(r, "a field of a credential has a wrong length or value");
        }
    }
    if (mln_failed(mln_cred_check(&row, r->fault))) {
        return broken(r, "a credential is malformed");
    }
    *ret = row;
    return MLN_OK;
}

static mln_err read_record(const struct reader *r, struct mln_slice payload, struct mln_set *seen,
                           struct mln_cred_record *ret)
{
    struct mln_slice whole = payload;
    struct mln_slice kind;
    struct mln_slice name;
    bool is_new;

    if (!take_text(&payload, 2, &kind) || !take_text(&payload, 2, &name) ||
        !mln_cred_is_record_name(kind) || !mln_cred_is_record_name(name) || payload.len == 0 ||
        payload.len > MLN_RECORD_BYTES_MAX) {
        return broken(r, "a record is malformed");
    }
    MLN_TRY(mln_set_add(seen, mln_slice_head(whole, whole.len - payload.len), &is_new));
    if (!is_new) {
        return broken(r, "a record stands twice");
    }
    *ret = (struct mln_cred_record){ kind, name, payload };
    return MLN_OK;
}

/* First pass over all items. */
static mln_err count_items(const struct reader *r, struct mln_slice items, uint64_t wanted,
                           size_t *ret_rows, size_t *ret_records)
{
    uint64_t last = ITEM_CREDENTIAL;
    size_t rows = 0;
    size_t records = 0;

    while (items.len) {
        struct mln_slice payload;
        uint64_t kind;

        if (!take_number(&items, 1, &kind) || !take_text(&items, 4, &payload) || kind < last ||
            kind > ITEM_RECORD) {
            return broken(r, "an item is malformed");
        }
        last = kind;
        rows += kind == ITEM_CREDENTIAL;
        records += kind == ITEM_RECORD;
    }
    if (rows + records != wanted || rows > MLN_CREDENTIALS_MAX || records > MLN_RECORDS_MAX) {
        return broken(r, "the number of items is wrong");
    }
    *ret_rows = rows;
    *ret_records = records;
    return MLN_OK;
}

static mln_err read_items(const struct reader *r, struct mln_slice items,
                          struct mln_cred_image *image)
{
    struct mln_set seen;

    mln_set_init(&seen, r->arena);
    while (items.len) {
        struct mln_slice payload = { 0 };
        uint64_t kind = 0;

        (void)take_number(&items, 1, &kind);
        (void)take_text(&items, 4, &payload);
        if (kind == ITEM_CREDENTIAL) {
            MLN_TRY(read_credential(r, payload, &image->rows[image->row_count]));
            image->row_count++;
        } else {
            MLN_TRY(read_record(r, payload, &seen, &image->records[image->record_count]));
            image->record_count++;
        }
    }
    return MLN_OK;
}

mln_err mln_cred_decode(struct mln_slice text, struct mln_arena *arena, struct mln_fault *fault,
                        struct mln_cred_image *ret)
{
    const struct reader r = { arena, fault };
    struct mln_cred_image image = { 0 };
    uint64_t version;
    uint64_t items;
    size_t rows = 0;
    size_t records = 0;

    if (!take_number(&text, 4, &version)) {
        return broken(&r, "the content is cut off");
    }
    MLN_REQUIRE(version <= VERSION, SEAL_VERSION);
    if (version != VERSION || !take_number(&text, 8, &image.generation) ||
        !take_number(&text, 4, &items)) {
        return broken(&r, "the content has no head");
    }
    MLN_TRY(count_items(&r, text, items, &rows, &records));
    image.rows = mln_arena_zalloc(arena, rows + 1, sizeof *image.rows);
    image.records = mln_arena_zalloc(arena, records + 1, sizeof *image.records);
    MLN_REQUIRE(image.rows && image.records, NO_MEMORY);
    MLN_TRY(read_items(&r, text, &image));
    *ret = image;
    return MLN_OK;
}

/* ---- writing: first only measured, then written ---- */

struct writer {
    unsigned char *at; /* NULL: measure */
    size_t len;
};

static void put_bytes(struct writer *w, struct mln_slice s)
{
    if (w->at && s.len) {
        memcpy(w->at + w->len, s.ptr, s.len);
    }
    w->len += s.len;
}

static void put_number(struct writer *w, uint64_t n, size_t bytes)
{
    for (size_t i = bytes; w->at && i > 0; i--, n >>= 8) {
        w->at[w->len + i - 1] = (unsigned char)n;
    }
    w->len += bytes;
}

static void put_field(struct writer *w, enum tag tag, struct mln_slice value)
{
    if (value.len) {
        put_number(w, tag, 1);
        put_number(w, value.len, 2);
        put_bytes(w, value);
    }
}

static void put_fields(struct writer *w, enum tag tag, const struct mln_credential_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        put_field(w, tag, list->items[i]);
    }
}

static void put_time(struct writer *w, enum tag tag, int64_t us)
{
    char bytes[8];

    mln_put_be64(bytes, (uint64_t)us);
    put_field(w, tag, mln_slice_of(bytes, sizeof bytes));
}

static void put_credential(struct writer *w, const struct mln_cred_row *row)
{
    const struct mln_credential *c = &row->face;
    char suid = (char)c->suid;

    put_field(w, TAG_ID, c->id);
    put_field(w, TAG_SUID, mln_slice_of(&suid, 1));
    put_field(w, TAG_LABEL, c->label);
    put_field(w, TAG_KEY, row->key);
    put_field(w, TAG_ANCHOR, c->anchor);
    put_field(w, TAG_DOMAIN, c->domain);
    put_field(w, TAG_CSE_ID, c->cse_id);
    put_time(w, TAG_NOT_BEFORE, c->not_before_us);
    put_time(w, TAG_NOT_AFTER, c->not_after_us);
    put_fields(w, TAG_AE_ID, &c->ae_ids);
    put_fields(w, TAG_APP_ID, &c->app_ids);
    put_fields(w, TAG_ROLE_ID, &c->role_ids);
}

static void put_record(struct writer *w, const struct mln_cred_record *record)
{
    put_number(w, record->kind.len, 2);
    put_bytes(w, record->kind);
    put_number(w, record->name.len, 2);
    put_bytes(w, record->name);
    put_bytes(w, record->bytes);
}

/* Head of an item whose length is not known yet; returns where its length stands. */
static size_t begin_item(struct writer *w, enum item kind)
{
    put_number(w, kind, 1);
    put_number(w, 0, 4);
    return w->len - 4;
}

static void end_item(struct writer *w, size_t at)
{
    struct writer back = { w->at, at };

    put_number(&back, w->len - at - 4, 4);
}

static void put_image(struct writer *w, const struct mln_cred_image *image)
{
    put_number(w, VERSION, 4);
    put_number(w, image->generation, 8);
    put_number(w, image->row_count + image->record_count, 4);
    for (size_t i = 0; i < image->row_count; i++) {
        size_t at = begin_item(w, ITEM_CREDENTIAL);

        put_credential(w, &image->rows[i]);
        end_item(w, at);
    }
    for (size_t i = 0; i < image->record_count; i++) {
        size_t at = begin_item(w, ITEM_RECORD);

        put_record(w, &image->records[i]);
        end_item(w, at);
    }
}

mln_err mln_cred_encode(const struct mln_cred_image *image, struct mln_secret **ret)
{
    struct writer w = { 0 };
    struct mln_secret *text;

    MLN_REQUIRE(image->row_count <= MLN_CREDENTIALS_MAX && image->record_count <= MLN_RECORDS_MAX,
                LIMIT);
    put_image(&w, image);
    MLN_REQUIRE(w.len <= MLN_SEAL_MAX, LIMIT);
    text = mln_secret_new(w.len);
    MLN_REQUIRE(text, NO_MEMORY);
    w = (struct writer){ .at = mln_secret_room(text) };
    put_image(&w, image);
    *ret = text;
    return MLN_OK;
}
