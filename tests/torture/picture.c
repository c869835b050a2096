/* Pictures of a store: every resource as a line of text, in the order of types and names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json.h"
#include "model/model.h"
#include "torture.h"

enum { LINES_MAX = 1000 };

struct album {
    struct mln_arena *arena;
    bool exact;
    const char *lines[LINES_MAX];
    size_t count;
};

static void ok(mln_err err)
{
    assert_string_equal(mln_err_name(err), "NONE");
}

static struct mln_slice attributes_of(struct album *a, const struct mln_resource *r)
{
    struct mln_slice text;
    struct mln_buf out;

    mln_buf_init(&out, a->arena, SIZE_MAX);
    ok(mln_json_write(&out, r->attrs));
    ok(mln_buf_finish(&out, &text));
    return text;
}

/* Name of the parent rather than its identifier, which differs from run to run. */
static struct mln_slice parent_name(struct mln_view *view, struct album *a,
                                    const struct mln_resource *r)
{
    struct mln_resource parent;

    if (mln_failed(mln_store_get(view, r->parent, a->arena, &parent))) {
        return MLN_S("-");
    }
    return parent.rn;
}

/* Does an identifier of a type begin here whose resources have no other name, or are referred to?
 */
static bool is_identifier(const char *text)
{
    static const char *const types[] = { "sub", "crs", "exi", "als", "fci", "aeA" };
    bool is_one = false;

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        is_one = is_one || strncmp(text, types[i], 3) == 0;
    }
    return is_one;
}

/* Identifiers that attributes and names quote differ from run to run, too. */
static void hide_identifiers(char *line)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzA";
    enum { SHORT = 3, LEAST = 15 };

    for (size_t len; *line; line += len ? len : 1) {
        len = strspn(line, digits);
        if (len >= LEAST && is_identifier(line)) {
            memset(line + SHORT, '-', len - SHORT);
        }
    }
}

/* So does the time at which a response was made. */
static void hide_times(char *line)
{
    static const char begin[] = "\"ot\":\"";

    for (char *at = strstr(line, begin); at; at = strstr(at, begin)) {
        at += sizeof begin - 1;
        memset(at, '-', strcspn(at, "\""));
    }
}

static void draw(struct mln_view *view, struct album *a, const struct mln_resource *r)
{
    struct mln_slice line;
    struct mln_buf out;
    /* they keep times and ids in slots */
    bool has_all =
        a->exact || (r->ty != MLN_TY_CRS && r->ty != MLN_TY_ACTR && r->ty != MLN_TY_DEPR);

    mln_buf_init(&out, a->arena, SIZE_MAX);
    mln_buf_printf(&out, "%u %.*s below %.*s: st %llu count %llu bytes %llu cr %.*s flags %u ",
                   r->ty, MLN_S_ARG(r->rn), MLN_S_ARG(parent_name(view, a, r)),
                   (unsigned long long)(has_all ? r->st : 0), (unsigned long long)r->count,
                   (unsigned long long)(has_all ? r->bytes : 0), MLN_S_ARG(r->cr), r->flags);
    mln_buf_add(&out, attributes_of(a, r)); /* of any length */
    if (a->exact) {
        mln_buf_printf(&out, " %.*s in %.*s ct %lld lt %lld et %lld", MLN_S_ARG(r->ri),
                       MLN_S_ARG(r->pi), (long long)r->ct, (long long)r->lt, (long long)r->et);
    }
    mln_buf_add(&out, mln_slice_of("\n", 2));
    ok(mln_buf_finish(&out, &line));
    assert_true(a->count < LINES_MAX);
    if (!a->exact) {
        hide_identifiers(out.ptr);
        hide_times(out.ptr);
    }
    a->lines[a->count++] = line.ptr;
}

static void draw_type(struct mln_view *view, struct album *a, uint16_t ty)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_TYPE, .ty = ty };
    struct mln_resource r;
    uint64_t id;
    mln_err err;

    ok(mln_scan_open(view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        ok(mln_store_get(view, id, a->arena, &r));
        draw(view, a, &r);
    }
    assert_string_equal(mln_err_name(err), "NOT_FOUND");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *joined(struct album *a)
{
    struct mln_slice text;
    struct mln_buf out;

    qsort(a->lines, a->count, sizeof a->lines[0], by_text);
    mln_buf_init(&out, a->arena, SIZE_MAX);
    for (size_t i = 0; i < a->count; i++) {
        mln_buf_add(&out, mln_slice_z(a->lines[i]));
    }
    mln_buf_byte(&out, '\0');
    ok(mln_buf_finish(&out, &text));
    return text.ptr;
}

const char *torture_picture(struct mln_inproc *p, struct mln_arena *arena, bool exact)
{
    struct album *a = mln_arena_zalloc(arena, 1, sizeof *a);
    struct mln_reader *reader;
    struct mln_view *view;

    assert_non_null(a);
    a->arena = arena;
    a->exact = exact;
    ok(mln_reader_new(p->store, &reader));
    ok(mln_view_begin(reader, &view));
    for (unsigned id = 0; id < MLN_TYPES; id++) {
        const struct mln_type *type = mln_model_type_at((enum mln_type_id)id);

        if (type->ty && !type->is_virtual && mln_model_type(type->ty) == type) {
            draw_type(view, a, type->ty);
        }
    }
    mln_view_end(view);
    mln_reader_free(reader);
    return joined(a);
}

uint64_t torture_records(struct mln_inproc *p, enum mln_space space)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(16 << 20);
    struct mln_record record = { 0 };
    struct mln_reader *reader;
    struct mln_view *view;
    uint64_t count = 0;

    assert_non_null(arena);
    ok(mln_reader_new(p->store, &reader));
    ok(mln_view_begin(reader, &view));
    while (!mln_failed(mln_record_next(view, space, record.key, false, arena, &record))) {
        count++;
    }
    mln_view_end(view);
    mln_reader_free(reader);
    return count;
}

/* ---- counters ---- */

static void count_instances(struct mln_view *view, struct mln_arena *arena,
                            const struct mln_resource *container, uint64_t *ret_count,
                            uint64_t *ret_bytes)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = container->id,
                                  .ty = MLN_TY_CIN };
    struct mln_resource r;
    uint64_t id;

    *ret_count = *ret_bytes = 0;
    ok(mln_scan_open(view, &spec, &scan));
    while (!mln_failed(mln_scan_next(scan, &id, NULL))) {
        ok(mln_store_get(view, id, arena, &r));
        *ret_count += 1;
        *ret_bytes += r.bytes;
    }
}

static bool container_right(struct mln_view *view, struct mln_arena *arena, uint64_t id)
{
    struct mln_resource r;
    uint64_t count;
    uint64_t bytes;

    ok(mln_store_get(view, id, arena, &r));
    count_instances(view, arena, &r, &count, &bytes);
    if (count == r.count && bytes == r.bytes) {
        return true;
    }
    print_error("container %.*s says %llu instances of %llu bytes, there are %llu of %llu\n",
                MLN_S_ARG(r.rn), (unsigned long long)r.count, (unsigned long long)r.bytes,
                (unsigned long long)count, (unsigned long long)bytes);
    return false;
}

bool torture_counters_right(struct mln_inproc *p)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(64 << 20);
    struct mln_scan_spec spec = { .kind = MLN_SCAN_TYPE, .ty = MLN_TY_CNT };
    struct mln_reader *reader;
    struct mln_view *view;
    struct mln_scan *scan;
    bool is_right = true;
    uint64_t id;

    assert_non_null(arena);
    ok(mln_reader_new(p->store, &reader));
    ok(mln_view_begin(reader, &view));
    ok(mln_scan_open(view, &spec, &scan));
    while (!mln_failed(mln_scan_next(scan, &id, NULL))) {
        is_right = container_right(view, arena, id) && is_right;
    }
    mln_scan_close(scan);
    mln_view_end(view);
    mln_reader_free(reader);
    return is_right;
}
