/* Thousands of random operations against a simple model that keeps everything in an array.
 *
 * Jobs create, change and erase resources with labels, names and expiry of all sorts; some fail at
 * their end and must leave no trace; the store is reopened now and then. MERLON_SEED and
 * MERLON_ROUNDS choose another run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "suite.h"

enum {
    SLOTS = 400,
    LABELS = 8,
    TYPES = 4,
    JOBS = 1500, /* in one run */
    VERIFY = 50, /* jobs between two looks at everything */
    TY_CNT = 3,
    TY_CIN = 4,
};

static const uint16_t types[TYPES] = { TY_CNT, TY_CIN, 9, 23 };
static const char *const label_pool[LABELS] = {
    "red", "green",  "",          "a longer label with blanks", "\xE6\xB8\xA9\xE5\xBA\xA6",
    "re",  "redder", "key:value",
};

struct slot {
    bool is_alive;
    unsigned labels; /* bit set of the pool */
    struct mln_resource r;
};

struct model {
    struct fixture *f;
    uint64_t dice;
    bool must_fail;
    unsigned steps;
    struct slot slots[SLOTS];
};

static unsigned roll(struct model *m, unsigned below)
{
    m->dice ^= m->dice << 13;
    m->dice ^= m->dice >> 7;
    m->dice ^= m->dice << 17;
    return (unsigned)(m->dice >> 33) % below;
}

/* ---- the model ---- */

static struct slot *slot_of(struct model *m, uint64_t id)
{
    for (int i = 0; id && i < SLOTS; i++) {
        if (m->slots[i].is_alive && m->slots[i].r.id == id) {
            return &m->slots[i];
        }
    }
    return NULL;
}

static struct slot *any_slot(struct model *m, bool is_alive)
{
    unsigned from = roll(m, SLOTS);

    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot *s = &m->slots[(from + i) % SLOTS];

        if (s->is_alive == is_alive) {
            return s;
        }
    }
    return NULL;
}

static bool has_children(struct model *m, uint64_t id)
{
    for (int i = 0; i < SLOTS; i++) {
        if (m->slots[i].is_alive && m->slots[i].r.parent == id) {
            return true;
        }
    }
    return false;
}

static bool is_name_used(struct model *m, uint64_t parent, struct mln_slice rn)
{
    for (int i = 0; i < SLOTS; i++) {
        const struct slot *s = &m->slots[i];

        if (s->is_alive && s->r.parent == parent && mln_slice_eq(s->r.rn, rn)) {
            return true;
        }
    }
    return false;
}

/* ---- random content ---- */

static struct mln_slice attrs_of(struct model *m, unsigned labels)
{
    const char *list[LABELS + 1];
    size_t count = 0;

    for (unsigned i = 0; i < LABELS; i++) {
        if (labels & 1U << i) {
            list[count++] = label_pool[i];
        }
    }
    list[count] = NULL;
    return suite_attrs(m->f, count || roll(m, 2) ? list : NULL, "content");
}

static int64_t any_expiry(struct model *m)
{
    return roll(m, 4) == 0 ? MLN_TIMESTAMP_MAX : (int64_t)roll(m, 50);
}

static struct mln_slice any_name(struct model *m)
{
    struct mln_slice copy;
    struct slot *other;
    char name[16];

    switch (roll(m, 4)) {
    case 0:
        return (struct mln_slice){ 0 };
    case 1:
        other = any_slot(m, true); /* somebody else's, perhaps a made one */
        return other ? other->r.rn : MLN_S("first");
    default:
        break;
    }
    (void)snprintf(name, sizeof name, "n%u", roll(m, 30));
    assert_true(mln_arena_dup(m->f->arena, mln_slice_z(name), &copy));
    return copy;
}

/* ---- operations, on store and model alike ---- */

/* A container counts its instances, as the CSE does. */
static mln_err count_instance(struct model *m, struct mln_write *write,
                              const struct mln_resource *r, bool is_add)
{
    struct slot *parent = slot_of(m, r->parent);
    struct mln_resource old;

    if (r->ty != TY_CIN || !parent || parent->r.ty != TY_CNT) {
        return MLN_OK;
    }
    old = parent->r;
    parent->r.count += is_add ? 1U : UINT64_MAX;
    parent->r.bytes += is_add ? r->bytes : -r->bytes;
    parent->r.st++;
    return mln_store_put(write, &old, &parent->r);
}

static mln_err do_create(struct model *m, struct mln_write *write)
{
    struct slot *s = any_slot(m, false);
    struct slot *parent = roll(m, 10) == 0 ? NULL : any_slot(m, true);
    struct mln_resource r;
    unsigned labels = roll(m, 3) ? roll(m, 1U << LABELS) : 0;
    mln_err err;

    if (!s) {
        return MLN_OK;
    }
    r = suite_make(m->f, write, parent ? &parent->r : NULL, types[roll(m, TYPES)], "");
    r.rn = any_name(m);
    r.et = any_expiry(m);
    r.bytes = r.ty == TY_CIN ? roll(m, 1000) : 0;
    r.attrs = attrs_of(m, labels);
    if (roll(m, 8) == 0) {
        r.ri.ptr++; /* an ri of its own */
        r.ri.len--;
    }
    err = mln_store_put(write, NULL, &r);
    r.rn = r.rn.len ? r.rn : r.ri;
    if (is_name_used(m, r.parent, r.rn)) {
        assert_err(err, CONFLICT);
        return MLN_OK;
    }
    assert_ok(err);
    *s = (struct slot){ true, labels, r };
    return count_instance(m, write, &r, true);
}

static mln_err do_change(struct model *m, struct mln_write *write)
{
    struct slot *s = any_slot(m, true);
    struct mln_resource old;

    if (!s) {
        return MLN_OK;
    }
    old = s->r;
    s->r.lt++;
    s->r.st++;
    if (roll(m, 2)) {
        s->labels = roll(m, 1U << LABELS);
        s->r.attrs = attrs_of(m, s->labels);
    }
    if (roll(m, 2)) {
        s->r.et = any_expiry(m);
    }
    return mln_store_put(write, &old, &s->r);
}

static mln_err do_erase(struct model *m, struct mln_write *write)
{
    struct slot *s = any_slot(m, true);
    char key[8];

    if (!s) {
        return MLN_OK;
    }
    if (has_children(m, s->r.id)) {
        mln_put_be64(key, s->r.id);
        MLN_TRY(mln_record_put(write, MLN_SPACE_PURGE, mln_slice_of(key, sizeof key), MLN_S("")));
    }
    MLN_TRY(mln_store_erase(write, &s->r));
    s->is_alive = false;
    return count_instance(m, write, &s->r, false);
}

static mln_err do_some(struct mln_write *write, struct mln_view *view, void *data)
{
    struct model *m = data;

    (void)view;
    for (unsigned i = 0; i < m->steps; i++) {
        unsigned what = roll(m, 10);

        MLN_TRY(what < 5   ? do_create(m, write)
                : what < 8 ? do_change(m, write)
                           : do_erase(m, write));
    }
    return m->must_fail ? MLN_ERROR(NO_PRIVILEGE) : MLN_OK;
}

static void one_job(struct model *m)
{
    static struct slot before[SLOTS];
    mln_err err;

    memcpy(before, m->slots, sizeof before);
    m->steps = 1 + roll(m, 5);
    m->must_fail = roll(m, 10) == 0;
    suite_now_us += (int64_t)roll(m, 3) - 1;
    err = suite_job(m->f, do_some, m);
    if (m->must_fail) {
        assert_err(err, NO_PRIVILEGE);
        memcpy(m->slots, before, sizeof before);
    } else {
        assert_ok(err);
    }
}

/* ---- verification ---- */

static int by_id(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The scan must give the ids for which `is_wanted`, by growing id where `is_sorted`. */
static void verify_scan(struct model *m, struct mln_scan_spec *spec, uint64_t *wanted, size_t count)
{
    uint64_t up[SLOTS];
    uint64_t down[SLOTS];

    assert_int_equal(suite_scan(m->f, spec, up, SLOTS), count);
    spec->is_descending = true;
    assert_int_equal(suite_scan(m->f, spec, down, SLOTS), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(up[i], down[count - 1 - i]);
    }
    if (spec->kind == MLN_SCAN_EXPIRED || (spec->kind == MLN_SCAN_CHILDREN && spec->ty == 0)) {
        qsort(up, count, sizeof *up, by_id);
    }
    qsort(wanted, count, sizeof *wanted, by_id);
    assert_memory_equal(up, wanted, count * sizeof *up);
}

static void verify_children(struct model *m, uint64_t parent, uint16_t ty)
{
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = parent, .ty = ty };
    uint64_t wanted[SLOTS];
    size_t count = 0;

    for (int i = 0; i < SLOTS; i++) {
        const struct slot *s = &m->slots[i];

        if (s->is_alive && s->r.parent == parent && (ty == 0 || s->r.ty == ty)) {
            wanted[count++] = s->r.id;
        }
    }
    verify_scan(m, &spec, wanted, count);
}

static void verify_type(struct model *m, uint16_t ty)
{
    struct mln_scan_spec spec = { .kind = MLN_SCAN_TYPE, .ty = ty };
    uint64_t wanted[SLOTS];
    size_t count = 0;

    for (int i = 0; i < SLOTS; i++) {
        if (m->slots[i].is_alive && m->slots[i].r.ty == ty) {
            wanted[count++] = m->slots[i].r.id;
        }
    }
    verify_scan(m, &spec, wanted, count);
}

static void verify_label(struct model *m, unsigned label)
{
    struct mln_scan_spec spec = { .kind = MLN_SCAN_LABEL, .label = mln_slice_z(label_pool[label]) };
    uint64_t wanted[SLOTS];
    size_t count = 0;

    for (int i = 0; i < SLOTS; i++) {
        if (m->slots[i].is_alive && m->slots[i].labels & 1U << label) {
            wanted[count++] = m->slots[i].r.id;
        }
    }
    verify_scan(m, &spec, wanted, count);
}

static void verify_expired(struct model *m, int64_t until)
{
    struct mln_scan_spec spec = { .kind = MLN_SCAN_EXPIRED, .until_us = until };
    uint64_t wanted[SLOTS];
    size_t count = 0;

    for (int i = 0; i < SLOTS; i++) {
        const struct slot *s = &m->slots[i];

        if (s->is_alive && s->r.et <= until && s->r.et != MLN_TIMESTAMP_MAX) {
            wanted[count++] = s->r.id;
        }
    }
    verify_scan(m, &spec, wanted, count);
}

static void verify_one(struct model *m, struct mln_view *view, const struct slot *s)
{
    struct mln_resource found;
    mln_err err = mln_store_get(view, s->r.id, m->f->arena, &found);

    if (!s->is_alive) {
        assert_true(s->r.id == 0 || err.code == MLN_ERR_NOT_FOUND);
        return;
    }
    assert_ok(err);
    suite_assert_same(&s->r, &found);
    assert_ok(mln_store_find(view, s->r.ri, m->f->arena, &found));
    assert_int_equal(found.id, s->r.id);
    assert_ok(mln_store_child(view, s->r.parent, s->r.rn, m->f->arena, &found));
    assert_int_equal(found.id, s->r.id);
}

static void verify(struct model *m)
{
    struct mln_view *view;

    assert_ok(mln_view_begin(m->f->reader, &view));
    for (int i = 0; i < SLOTS; i++) {
        verify_one(m, view, &m->slots[i]);
    }
    mln_view_end(view);
    for (int i = 0; i < 20; i++) {
        struct slot *s = any_slot(m, true);

        verify_children(m, s ? s->r.id : 0, 0);
        verify_children(m, s ? s->r.parent : 0, types[roll(m, TYPES)]);
    }
    for (unsigned i = 0; i < TYPES; i++) {
        verify_type(m, types[i]);
    }
    for (unsigned i = 0; i < LABELS; i++) {
        verify_label(m, i);
    }
    verify_expired(m, roll(m, 50));
    verify_expired(m, MLN_TIMESTAMP_MAX);
    suite_check(m->f);
}

/* ---- the run ---- */

/* The model's texts live in the arena, which fills up: move them to a new one. */
static void renew_arena(struct model *m)
{
    struct mln_arena *old = m->f->arena;

    m->f->arena = mln_arena_new(256 << 20);
    assert_non_null(m->f->arena);
    for (int i = 0; i < SLOTS; i++) {
        struct mln_resource *r = &m->slots[i].r;
        struct mln_slice *texts[] = { &r->ri, &r->pi, &r->rn, &r->attrs };

        for (size_t t = 0; m->slots[i].is_alive && t < 4; t++) {
            assert_true(mln_arena_dup(m->f->arena, *texts[t], texts[t]));
        }
        m->slots[i].r.cr = MLN_S("CAdmin");
    }
    mln_arena_free(old);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    uint64_t n;

    return mln_num_u64(mln_slice_z(getenv(variable)), &n) && n ? n : otherwise;
}

static void the_store_does_what_the_model_does(void **state)
{
    static struct model m;
    uint64_t jobs = number_from("MERLON_ROUNDS", 1) * JOBS;

    m = (struct model){ .f = *state, .dice = number_from("MERLON_SEED", 20240229) };
    for (uint64_t i = 1; i <= jobs; i++) {
        one_job(&m);
        if (i % VERIFY != 0) {
            continue;
        }
        if (suite_is_durable() && roll(&m, 3) == 0) {
            suite_reopen(m.f);
        }
        verify(&m);
        renew_arena(&m);
    }
}

int run_property(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_store_does_what_the_model_does, suite_setup,
                                        suite_teardown),
    };

    return cmocka_run_group_tests_name("property", tests, NULL, NULL);
}
