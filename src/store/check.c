/* Checking a store: what the rows say of each other.
 *
 * Goes once over all resources and looks for every index row that each should have. When as many
 * rows are there as should be, there are no others, and a table need not be read; else it is, to
 * name them. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/timestamp.h"
#include "model/model.h"
#include "model/pack.h"
#include "store/admin.h"
#include "store/check_int.h"

enum { ARENA_MAX = 256 << 20 };

__attribute__((format(printf, 2, 3))) void mln_check_fault(struct mln_check *c, const char *format,
                                                           ...)
{
    struct mln_fault line = { "" };
    char text[MLN_FAULT_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mln_fault_set(&line, "%s", text); /* makes it printable */
    c->faults++;
    c->report(c->data, line.text);
}

/* A lookup whose failure is a finding. False when it is not there; other errors are returned. */
static mln_err is_there(mln_err err, bool *ret)
{
    *ret = !mln_failed(err);
    return err.code == MLN_ERR_NOT_FOUND || err.code == MLN_ERR_STORE_CORRUPT ? MLN_OK : err;
}

/* ---- a resource by itself ---- */

static bool is_whole_map(struct mln_slice attrs)
{
    struct mln_slice rest = attrs;
    struct mln_slice map;
    struct mln_walk w;

    if (attrs.len == 0) {
        return true;
    }
    if (mln_failed(mln_pack_take(&rest, &map)) || rest.len != 0) {
        return false;
    }
    for (mln_walk_begin(&w, attrs); mln_walk_next(&w);) {
    }
    return w.is_map && !w.is_damaged;
}

/* Is the record what this program would write for the resource? */
static mln_err is_canonical(struct mln_check *c, const struct mln_raw *raw, struct mln_slice row,
                            bool *ret)
{
    struct mln_resource resource;
    struct mln_raw again;
    char *bytes;
    size_t size;

    *ret = false;
    MLN_TRY(mln_raw_copy(raw, c->arena, &resource));
    if (mln_failed(mln_raw_of(&resource, &again))) {
        return MLN_OK;
    }
    size = mln_raw_size(&again);
    bytes = mln_arena_alloc(c->arena, size);
    MLN_REQUIRE(bytes, NO_MEMORY);
    mln_raw_encode(&again, bytes);
    *ret = mln_slice_eq(row, mln_slice_of(bytes, size));
    return MLN_OK;
}

static mln_err check_record(struct mln_check *c, const struct mln_raw *raw, struct mln_slice row)
{
    bool is_as_written;

    MLN_TRY(is_canonical(c, raw, row, &is_as_written));
    if (!is_as_written) {
        mln_check_fault(c, "resource %" PRIu64 ": its record is not in its normal form", raw->id);
    }
    if (!is_whole_map(raw->attrs)) {
        mln_check_fault(c, "resource %" PRIu64 ": its attributes are damaged", raw->id);
    }
    return MLN_OK;
}

/* ---- its place ---- */

/* Below a removed resource whose descendants are still to be deleted? */
static mln_err is_purged(struct mln_check *c, uint64_t id, bool *ret)
{
    struct mln_slice value;
    struct mln_key name;
    struct mln_key key;

    mln_key_id(&name, id);
    mln_key_record(&key, MLN_SPACE_PURGE, mln_key_slice(&name));
    return is_there(mln_kv_get(c->view->txn, MLN_TABLE_REC, mln_key_slice(&key), &value), ret);
}

static mln_err check_parent(struct mln_check *c, const struct mln_raw *raw)
{
    struct mln_resource resource;
    struct mln_raw parent;
    bool is_known;

    if (raw->parent == 0) {
        return MLN_OK;
    }
    if (raw->parent >= raw->id) {
        mln_check_fault(c, "resource %" PRIu64 ": older than its parent %" PRIu64, raw->id,
                        raw->parent);
    }
    MLN_TRY(is_there(mln_view_raw(c->view, raw->parent, &parent), &is_known));
    if (!is_known) {
        MLN_TRY(is_purged(c, raw->parent, &is_known));
        if (!is_known) {
            mln_check_fault(c, "resource %" PRIu64 ": its parent %" PRIu64 " does not exist",
                            raw->id, raw->parent);
        }
        return MLN_OK;
    }
    MLN_TRY(mln_raw_copy(raw, c->arena, &resource));
    if (!mln_raw_is_ri(&parent, resource.pi)) {
        mln_check_fault(c, "resource %" PRIu64 ": its parentID is not its parent's", raw->id);
    }
    return MLN_OK;
}

static mln_err check_names(struct mln_check *c, const struct mln_raw *raw)
{
    struct mln_resource resource;
    struct mln_raw found;
    bool is_known;

    MLN_TRY(mln_raw_copy(raw, c->arena, &resource));
    MLN_TRY(is_there(mln_view_raw_by_ri(c->view, resource.ri, &found), &is_known));
    if (!is_known || found.id != raw->id) {
        mln_check_fault(c, "resource %" PRIu64 ": not found under its resourceID", raw->id);
    }
    MLN_TRY(is_there(mln_view_raw_by_name(c->view, raw->parent, resource.rn, &found), &is_known));
    if (!is_known || found.id != raw->id) {
        mln_check_fault(c, "resource %" PRIu64 ": not found under its resourceName", raw->id);
    }
    c->expected[MLN_TABLE_RI] += !raw->is_ri_made;
    c->expected[MLN_TABLE_NAME] += !mln_raw_is_name_made(raw);
    return MLN_OK;
}

/* ---- its index rows ---- */

static mln_err expect_row(struct mln_check *c, enum mln_table table, const struct mln_key *key,
                          uint64_t id)
{
    struct mln_slice value;
    bool is_known;

    c->expected[table]++;
    MLN_TRY(is_there(mln_kv_get(c->view->txn, table, mln_key_slice(key), &value), &is_known));
    if (!is_known) {
        mln_check_fault(c, "resource %" PRIu64 ": missing in the index %s", id,
                        mln_check_table_name(table));
    } else if (value.len != 0) {
        mln_check_fault(c, "resource %" PRIu64 ": its row in the index %s has content", id,
                        mln_check_table_name(table));
    }
    return MLN_OK;
}

static mln_err check_rows(struct mln_check *c, const struct mln_raw *raw)
{
    struct mln_labels labels;
    struct mln_key key;

    mln_key_id(&key, raw->parent);
    mln_key_add_u16(&key, raw->ty);
    mln_key_add_u64(&key, raw->id);
    MLN_TRY(expect_row(c, MLN_TABLE_CHILD, &key, raw->id));
    mln_key_type(&key, raw->ty);
    mln_key_add_u64(&key, raw->id);
    MLN_TRY(expect_row(c, MLN_TABLE_TYPE, &key, raw->id));
    if (raw->et != MLN_TIMESTAMP_MAX) {
        mln_key_expiry(&key, raw->et);
        mln_key_add_u64(&key, raw->id);
        MLN_TRY(expect_row(c, MLN_TABLE_EXPIRY, &key, raw->id));
    }
    MLN_TRY(mln_labels_of(raw->attrs, c->arena, &labels));
    for (size_t i = 0; i < labels.count; i++) {
        mln_key_label(&key, labels.items[i]);
        mln_key_add_u64(&key, raw->id);
        MLN_TRY(expect_row(c, MLN_TABLE_LABEL, &key, raw->id));
    }
    return MLN_OK;
}

/* ---- counters ---- */

/* spec: TS-0001 9.6.6: currentNrOfInstances and currentByteSize */
static mln_err check_container(struct mln_check *c, const struct mln_raw *raw, uint16_t instance)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = {
        .kind = MLN_SCAN_CHILDREN,
        .parent = raw->id,
        .ty = instance,
    };
    uint64_t count = 0;
    uint64_t bytes = 0;
    uint64_t id;
    mln_err err;

    MLN_TRY(mln_scan_open(c->view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        struct mln_raw child;
        bool is_known;

        MLN_TRY(is_there(mln_view_raw(c->view, id, &child), &is_known));
        count++;
        bytes += is_known ? child.bytes : 0;
    }
    if (err.code != MLN_ERR_NOT_FOUND && err.code != MLN_ERR_STORE_CORRUPT) {
        return err;
    }
    if (count != raw->count || bytes != raw->bytes) {
        mln_check_fault(c,
                        "container %" PRIu64 ": counts %" PRIu64 " instances of %" PRIu64
                        " bytes, has %" PRIu64 " of %" PRIu64,
                        raw->id, raw->count, raw->bytes, count, bytes);
    }
    return MLN_OK;
}

/* ---- all of it ---- */

static mln_err check_resource(struct mln_check *c, const struct mln_kv_row *row)
{
    const struct mln_type *type;
    struct mln_raw raw;
    uint64_t id;

    mln_arena_reset(c->arena);
    if (row->key.len != 8) {
        mln_check_fault(c, "a resource has a key of %zu bytes", row->key.len);
        return MLN_OK;
    }
    id = mln_key_u64_at(row->key, 0);
    if (mln_failed(mln_raw_decode(id, row->value, &raw))) {
        mln_check_fault(c, "resource %" PRIu64 ": its record is damaged", id);
        return MLN_OK;
    }
    MLN_TRY(check_record(c, &raw, row->value));
    MLN_TRY(check_parent(c, &raw));
    MLN_TRY(check_names(c, &raw));
    MLN_TRY(check_rows(c, &raw));
    type = mln_model_type(raw.ty);
    return type && type->instance ? check_container(c, &raw, type->instance) : MLN_OK;
}

static mln_err check_resources(struct mln_check *c)
{
    MLN_CLEANUP(mln_kv_cursor_freep) struct mln_kv_cursor *cursor = NULL;
    struct mln_kv_row row;
    mln_err err;

    MLN_TRY(mln_kv_cursor(c->view->txn, MLN_TABLE_RES, &cursor));
    err = mln_kv_seek(cursor, MLN_S("\0"), false, &row);
    while (!mln_failed(err)) {
        c->expected[MLN_TABLE_RES]++;
        MLN_TRY(check_resource(c, &row));
        err = mln_kv_step(cursor, false, &row);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err check_view(struct mln_check *c)
{
    struct mln_kv_size size;

    MLN_TRY(check_resources(c));
    MLN_TRY(mln_check_records(c));
    MLN_TRY(c->view->txn->kv->ops->size(c->view->txn, &size));
    for (enum mln_table i = 0; i < MLN_TABLES; i++) {
        if (i != MLN_TABLE_REC && size.rows[i] != c->expected[i]) {
            mln_check_fault(c, "index %s: has %" PRIu64 " rows, should have %" PRIu64,
                            mln_check_table_name(i), size.rows[i], c->expected[i]);
            MLN_TRY(mln_check_table(c, i));
        }
    }
    return MLN_OK;
}

mln_err mln_store_check(struct mln_store *store, mln_store_report *report, void *data,
                        uint64_t *ret_faults)
{
    struct mln_check c = { .report = report, .data = data };
    struct mln_reader *reader;
    mln_err err;

    MLN_TRY(mln_reader_new(store, &reader));
    c.arena = mln_arena_new(ARENA_MAX);
    err = c.arena ? mln_view_begin(reader, &c.view) : MLN_ERROR(NO_MEMORY);
    if (!mln_failed(err)) {
        err = check_view(&c);
        mln_view_end(c.view);
    }
    mln_arena_free(c.arena);
    mln_reader_free(reader);
    MLN_TRY(err);
    *ret_faults = c.faults;
    return MLN_OK;
}
