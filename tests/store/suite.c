/* Helpers of the store's tests. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "model/pack.h"
#include "tempdir.h"

const char *suite_backend;
const char *suite_directory;
int64_t suite_now_us;

enum {
    ARENA = 256 << 20,
    MAP = 256 << 20,
    ATTRS = 16 << 20,
};

static int64_t now_us(void *data)
{
    (void)data;
    return suite_now_us;
}

static mln_err no_random(void *data, void *out, size_t len)
{
    (void)data;
    memset(out, 0, len);
    return MLN_OK;
}

static const struct mln_env env = { NULL, now_us, no_random };

bool suite_is_durable(void)
{
    return strcmp(suite_backend, "mem") != 0;
}

const struct mln_grant *suite_grant(void)
{
    static const char token;

    return (const struct mln_grant *)(const void *)&token;
}

/* ---- the fixture ---- */

static void open_store(struct fixture *f)
{
    struct mln_fault fault = { "" };
    mln_err err = mln_store_open(&f->options, &env, &fault, &f->store);

    if (mln_failed(err)) {
        print_error("open: %s: %s\n", mln_err_name(err), fault.text);
    }
    assert_ok(err);
    assert_ok(mln_reader_new(f->store, &f->reader));
}

static int set_up(void **state, bool runs_inline)
{
    static unsigned serial;
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    (void)snprintf(f->path, sizeof f->path, "%s/%s-%u", suite_directory, suite_backend, serial++);
    f->options = (struct mln_store_options){
        .backend = suite_backend,
        .path = f->path,
        .max_bytes = MAP,
        .runs_inline = runs_inline,
    };
    f->arena = mln_arena_new(ARENA);
    assert_non_null(f->arena);
    suite_now_us = INT64_C(1700000000000000);
    open_store(f);
    *state = f;
    return 0;
}

int suite_setup(void **state)
{
    return set_up(state, true);
}

int suite_setup_threaded(void **state)
{
    return set_up(state, false);
}

static void close_store(struct fixture *f)
{
    mln_reader_free(f->reader);
    mln_store_close(f->store);
    f->reader = NULL;
    f->store = NULL;
}

int suite_teardown(void **state)
{
    struct fixture *f = *state;

    close_store(f);
    tempdir_remove(f->path);
    mln_arena_free(f->arena);
    free(f);
    return 0;
}

void suite_reopen(struct fixture *f)
{
    close_store(f);
    open_store(f);
}

/* ---- jobs ---- */

struct call {
    struct mln_job job;
    suite_fn *fn;
    void *data;
};

static mln_err run(struct mln_job *job, struct mln_view *view)
{
    struct call *c = (struct call *)job;
    struct mln_write *write;

    MLN_TRY(mln_write_begin(view, suite_grant(), &write));
    return c->fn(write, view, c->data);
}

mln_err suite_job(struct fixture *f, suite_fn *fn, void *data)
{
    struct call c = { .job = { .run = run }, .fn = fn, .data = data };

    return mln_store_run(f->store, &c.job);
}

/* ---- resources ---- */

static const char *short_name(uint16_t ty)
{
    switch (ty) {
    case 3:
        return "cnt";
    case 4:
        return "cin";
    default:
        return "res";
    }
}

struct mln_slice suite_attrs(struct fixture *f, const char *const *labels, const char *con)
{
    struct mln_slice packed;
    struct mln_buf buf;

    mln_buf_init(&buf, f->arena, ATTRS);
    mln_pack_map(&buf, MLN_PACK_OPEN);
    if (labels) {
        mln_pack_text(&buf, MLN_S("lbl"));
        mln_pack_array(&buf, MLN_PACK_OPEN);
        for (; *labels; labels++) {
            mln_pack_text(&buf, mln_slice_z(*labels));
        }
        mln_pack_end(&buf);
    }
    mln_pack_text(&buf, MLN_S("con"));
    mln_pack_text(&buf, mln_slice_z(con));
    mln_pack_end(&buf);
    assert_ok(mln_buf_finish(&buf, &packed));
    return packed;
}

struct mln_resource suite_make(struct fixture *f, struct mln_write *write,
                               const struct mln_resource *parent, uint16_t ty, const char *rn)
{
    struct mln_resource r = {
        .parent = parent ? parent->id : 0,
        .ty = ty,
        .ct = suite_now_us,
        .lt = suite_now_us,
        .et = suite_now_us + MLN_US_PER_S,
        .pi = parent ? parent->ri : MLN_S(""),
        .rn = mln_slice_z(rn),
        .cr = MLN_S("CAdmin"),
    };
    char ri[MLN_RI_SIZE];
    size_t len;

    assert_ok(mln_store_new_id(write, mln_slice_z(short_name(ty)), &r.id, ri, &len));
    assert_true(mln_arena_dup(f->arena, mln_slice_of(ri, len), &r.ri));
    r.attrs = suite_attrs(f, NULL, "content");
    return r;
}

struct creation {
    struct fixture *f;
    const struct mln_resource *parent;
    uint16_t ty;
    const char *rn;
    struct mln_resource made;
};

static mln_err create(struct mln_write *write, struct mln_view *view, void *data)
{
    struct creation *c = data;

    (void)view;
    c->made = suite_make(c->f, write, c->parent, c->ty, c->rn);
    return mln_store_put(write, NULL, &c->made);
}

struct mln_resource suite_create(struct fixture *f, const struct mln_resource *parent, uint16_t ty,
                                 const char *rn)
{
    struct creation c = { f, parent, ty, rn, { 0 } };
    struct mln_resource stored;

    assert_ok(suite_job(f, create, &c));
    assert_ok(suite_get(f, c.made.id, &stored));
    return stored;
}

mln_err suite_get(struct fixture *f, uint64_t id, struct mln_resource *ret)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;

    MLN_TRY(mln_view_begin(f->reader, &view));
    return mln_store_get(view, id, f->arena, ret);
}

struct change {
    const struct mln_resource *old;
    const struct mln_resource *resource;
};

static mln_err put(struct mln_write *write, struct mln_view *view, void *data)
{
    struct change *c = data;

    (void)view;
    return mln_store_put(write, c->old, c->resource);
}

mln_err suite_put(struct fixture *f, const struct mln_resource *old,
                  const struct mln_resource *resource)
{
    struct change c = { old, resource };

    return suite_job(f, put, &c);
}

static mln_err erase(struct mln_write *write, struct mln_view *view, void *data)
{
    (void)view;
    return mln_store_erase(write, data);
}

mln_err suite_erase(struct fixture *f, const struct mln_resource *resource)
{
    struct mln_resource copy = *resource;

    return suite_job(f, erase, &copy);
}

size_t suite_scan(struct fixture *f, const struct mln_scan_spec *spec, uint64_t *out, size_t max)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    size_t count = 0;
    uint64_t id;
    mln_err err;

    assert_ok(mln_view_begin(f->reader, &view));
    assert_ok(mln_scan_open(view, spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        assert_true(count < max);
        out[count++] = id;
    }
    assert_err(err, NOT_FOUND);
    assert_err(mln_scan_next(scan, &id, NULL), NOT_FOUND);
    return count;
}

static void report(void *data, const char *text)
{
    (void)data;
    print_error("check: %s\n", text);
}

void suite_check(struct fixture *f)
{
    uint64_t faults = 1;

    assert_ok(mln_store_check(f->store, report, NULL, &faults));
    assert_int_equal(faults, 0);
}

void suite_assert_same(const struct mln_resource *a, const struct mln_resource *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->parent, b->parent);
    assert_int_equal(a->ty, b->ty);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->ct, b->ct);
    assert_int_equal(a->lt, b->lt);
    assert_int_equal(a->et, b->et);
    assert_int_equal(a->st, b->st);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->bytes, b->bytes);
    assert_true(mln_slice_eq(a->ri, b->ri));
    assert_true(mln_slice_eq(a->pi, b->pi));
    assert_true(mln_slice_eq(a->rn.len ? a->rn : a->ri, b->rn.len ? b->rn : b->ri));
    assert_true(mln_slice_eq(a->cr, b->cr));
    assert_true(mln_slice_eq(a->attrs, b->attrs));
}
