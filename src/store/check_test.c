/* The check finds each kind of damage: rows are taken out, put in and changed behind the store's
 * back, in the backend itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/timestamp.h"
#include "model/pack.h"
#include "store/admin.h"
#include "store/store_int.h"

enum { ARENA = 1 << 20 };

/* A small tree: base, below it container c with two instances and a resource x with labels. */
struct tree {
    struct mln_store *store;
    struct mln_arena *arena;
    uint64_t base;
    uint64_t cnt;
    uint64_t cin[2];
    uint64_t x;
    uint64_t ae;
    char lines[2048]; /* what the check reported */
    uint64_t faults;
};

/* ---- making the tree ---- */

static struct mln_slice attrs_of(struct tree *t, bool has_labels)
{
    struct mln_slice packed;
    struct mln_buf buf;

    mln_buf_init(&buf, t->arena, ARENA);
    mln_pack_map(&buf, 1);
    mln_pack_text(&buf, MLN_S("lbl"));
    mln_pack_array(&buf, has_labels ? 2 : 0);
    if (has_labels) {
        mln_pack_text(&buf, MLN_S("red"));
        mln_pack_text(&buf, MLN_S("blue"));
    }
    assert_false(mln_failed(mln_buf_finish(&buf, &packed)));
    return packed;
}

static mln_err add(struct tree *t, struct mln_write *write, struct mln_resource *r,
                   uint64_t *ret_id)
{
    char *ri = mln_arena_alloc(t->arena, MLN_RI_SIZE);
    size_t len;

    r->et = r->ty == 5 ? MLN_TIMESTAMP_MAX : 1000;
    MLN_TRY(mln_store_new_id(write, MLN_S("r"), &r->id, ri, &len));
    r->ri = r->ri.len ? r->ri : mln_slice_of(ri, len);
    *ret_id = r->id;
    return mln_store_put(write, NULL, r);
}

static mln_err build(struct tree *t, struct mln_write *write)
{
    struct mln_resource base = { .ty = 5, .rn = MLN_S("cse-in"), .ri = MLN_S("id-in") };
    struct mln_resource cnt = { .ty = 3, .rn = MLN_S("c"), .count = 2, .bytes = 7 };
    struct mln_resource cin = { .ty = 4, .bytes = 3 };
    struct mln_resource x = { .ty = 9, .rn = MLN_S("x"), .attrs = attrs_of(t, true) };
    struct mln_resource ae = { .ty = 2, .ri = MLN_S("Cae"), .attrs = attrs_of(t, false) };

    MLN_TRY(add(t, write, &base, &t->base));
    cnt.parent = x.parent = ae.parent = base.id;
    cnt.pi = x.pi = ae.pi = base.ri;
    MLN_TRY(add(t, write, &cnt, &t->cnt));
    cin.parent = cnt.id;
    cin.pi = cnt.ri;
    MLN_TRY(add(t, write, &cin, &t->cin[0]));
    cin.bytes = 4;
    cin.ri.len = 0;
    MLN_TRY(add(t, write, &cin, &t->cin[1]));
    MLN_TRY(add(t, write, &x, &t->x));
    return add(t, write, &ae, &t->ae);
}

struct building {
    struct mln_job job;
    struct tree *tree;
    mln_err result;
};

static mln_err run(struct mln_job *job, struct mln_view *view)
{
    static const char token;
    struct mln_write *write;

    MLN_TRY(mln_write_begin(view, (const struct mln_grant *)(const void *)&token, &write));
    return build(((struct building *)job)->tree, write);
}

static void done(struct mln_job *job, mln_err result)
{
    ((struct building *)job)->result = result;
}

static int setup(void **state)
{
    struct tree *t = mln_calloc(1, sizeof *t);
    struct mln_store_options options = { .backend = "mem", .runs_inline = true };
    struct building b = { .job = { .run = run, .done = done }, .tree = t };

    assert_non_null(t);
    t->arena = mln_arena_new(ARENA);
    assert_non_null(t->arena);
    assert_false(mln_failed(mln_store_open(&options, mln_env_system(), NULL, &t->store)));
    assert_false(mln_failed(mln_store_submit(t->store, &b.job)));
    assert_false(mln_failed(b.result));
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct tree *t = *state;

    mln_store_close(t->store);
    mln_arena_free(t->arena);
    mln_free(t);
    return 0;
}

/* ---- planting damage ---- */

static struct mln_kv_txn *begin(struct tree *t)
{
    struct mln_kv_txn *txn;

    assert_false(mln_failed(mln_kv_begin(t->store->kv, &txn)));
    return txn;
}

static void plant(struct tree *t, enum mln_table table, const struct mln_key *key,
                  struct mln_slice value)
{
    struct mln_kv_row row = { mln_key_slice(key), value };
    struct mln_kv_txn *txn = begin(t);

    assert_false(mln_failed(mln_kv_put(txn, table, &row, 0)));
    assert_false(mln_failed(mln_kv_commit(txn)));
}

static void take_out(struct tree *t, enum mln_table table, const struct mln_key *key)
{
    struct mln_kv_txn *txn = begin(t);

    assert_false(mln_failed(mln_kv_del(txn, table, mln_key_slice(key))));
    assert_false(mln_failed(mln_kv_commit(txn)));
}

/* Changes a record in place; index rows stay as they are. */
static void change(struct tree *t, uint64_t id, void (*fn)(struct mln_raw *raw))
{
    struct mln_kv_txn *txn = begin(t);
    struct mln_slice row;
    struct mln_raw raw;
    struct mln_key key;
    char *bytes;

    mln_key_id(&key, id);
    assert_false(mln_failed(mln_kv_get(txn, MLN_TABLE_RES, mln_key_slice(&key), &row)));
    assert_true(mln_arena_dup(t->arena, row, &row));
    assert_false(mln_failed(mln_raw_decode(id, row, &raw)));
    fn(&raw);
    bytes = mln_arena_alloc(t->arena, mln_raw_size(&raw));
    mln_raw_encode(&raw, bytes);
    t->store->kv->ops->abort(txn);
    plant(t, MLN_TABLE_RES, &key, mln_slice_of(bytes, mln_raw_size(&raw)));
}

static void report(void *data, const char *text)
{
    struct tree *t = data;
    size_t len = strlen(t->lines);

    (void)snprintf(t->lines + len, sizeof t->lines - len, "%s\n", text);
}

static void check(struct tree *t)
{
    t->lines[0] = '\0';
    assert_false(mln_failed(mln_store_check(t->store, report, t, &t->faults)));
}

static void assert_found(struct tree *t, const char *text)
{
    check(t);
    if (t->faults == 0 || !strstr(t->lines, text)) {
        print_error("wanted \"%s\", got %s\n", text, t->lines);
    }
    assert_true(t->faults > 0);
    assert_non_null(strstr(t->lines, text));
}

/* ---- tests ---- */

static void nothing_is_found_in_order(void **state)
{
    struct tree *t = *state;

    check(t);
    assert_string_equal(t->lines, "");
    assert_int_equal(t->faults, 0);
}

static void child_key(struct mln_key *key, uint64_t parent, uint16_t ty, uint64_t id)
{
    mln_key_id(key, parent);
    mln_key_add_u16(key, ty);
    mln_key_add_u64(key, id);
}

static void missing_index_rows_are_found(void **state)
{
    struct tree *t = *state;
    struct mln_key key;

    child_key(&key, t->base, 9, t->x);
    take_out(t, MLN_TABLE_CHILD, &key);
    assert_found(t, "missing in the index of children");
    plant(t, MLN_TABLE_CHILD, &key, (struct mln_slice){ 0 });
    mln_key_type(&key, 9);
    mln_key_add_u64(&key, t->x);
    take_out(t, MLN_TABLE_TYPE, &key);
    assert_found(t, "missing in the index of types");
    plant(t, MLN_TABLE_TYPE, &key, (struct mln_slice){ 0 });
    mln_key_label(&key, MLN_S("red"));
    mln_key_add_u64(&key, t->x);
    take_out(t, MLN_TABLE_LABEL, &key);
    assert_found(t, "missing in the index of labels");
    plant(t, MLN_TABLE_LABEL, &key, (struct mln_slice){ 0 });
    mln_key_expiry(&key, 1000);
    mln_key_add_u64(&key, t->x);
    take_out(t, MLN_TABLE_EXPIRY, &key);
    assert_found(t, "missing in the index of expiry");
    plant(t, MLN_TABLE_EXPIRY, &key, MLN_S("x"));
    assert_found(t, "has content");
    plant(t, MLN_TABLE_EXPIRY, &key, (struct mln_slice){ 0 });
    check(t);
    assert_int_equal(t->faults, 0);
}

static void missing_names_are_found(void **state)
{
    struct tree *t = *state;
    struct mln_key key;
    struct mln_key id;

    mln_key_name(&key, t->base, MLN_S("x"));
    take_out(t, MLN_TABLE_NAME, &key);
    assert_found(t, "not found under its resourceName");
    assert_non_null(strstr(t->lines, "index of names: has 3 rows, should have 4"));
    mln_key_id(&id, t->cnt);
    plant(t, MLN_TABLE_NAME, &key, mln_key_slice(&id));
    assert_found(t, "not found under its resourceName");
    mln_key_id(&id, t->x);
    plant(t, MLN_TABLE_NAME, &key, mln_key_slice(&id));
    mln_key_text(&key, MLN_S("Cae"));
    take_out(t, MLN_TABLE_RI, &key);
    assert_found(t, "not found under its resourceID");
    plant(t, MLN_TABLE_RI, &key, MLN_S("short"));
    assert_found(t, "not found under its resourceID");
}

static void rows_too_many_are_found(void **state)
{
    static const enum mln_table tables[] = { MLN_TABLE_CHILD, MLN_TABLE_TYPE, MLN_TABLE_LABEL,
                                             MLN_TABLE_EXPIRY };
    struct tree *t = *state;
    struct mln_key key;
    struct mln_key id;

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        child_key(&key, t->base, 11, t->x); /* in none of them as it should be */
        plant(t, tables[i], &key, (struct mln_slice){ 0 });
        assert_found(t, "that should not be there");
        take_out(t, tables[i], &key);
    }
    mln_key_id(&id, t->x);
    mln_key_name(&key, t->base, MLN_S("y"));
    plant(t, MLN_TABLE_NAME, &key, mln_key_slice(&id));
    assert_found(t, "index of names: a row for");
    take_out(t, MLN_TABLE_NAME, &key);
    mln_key_text(&key, MLN_S("Cother"));
    plant(t, MLN_TABLE_RI, &key, mln_key_slice(&id));
    assert_found(t, "index of resourceIDs: a row for");
    plant(t, MLN_TABLE_RI, &key, MLN_S("?"));
    assert_found(t, "index of resourceIDs: a row for 0");
    take_out(t, MLN_TABLE_RI, &key);
    mln_key_type(&key, 9);
    mln_key_add_u64(&key, 12345); /* of a resource that does not exist */
    plant(t, MLN_TABLE_TYPE, &key, (struct mln_slice){ 0 });
    assert_found(t, "index of types: a row for 12345");
}

static void clear_count(struct mln_raw *raw)
{
    raw->count = 0;
}

static void add_bytes(struct mln_raw *raw)
{
    raw->bytes++;
}

static void wrong_counters_are_found(void **state)
{
    struct tree *t = *state;

    change(t, t->cin[0], add_bytes);
    assert_found(t, "counts 2 instances of 7 bytes, has 2 of 8");
    change(t, t->cnt, add_bytes);
    check(t);
    assert_int_equal(t->faults, 0);
    change(t, t->cnt, clear_count);
    assert_found(t, "counts 0 instances of 8 bytes, has 2 of 8");
}

static void no_parent(struct mln_raw *raw)
{
    raw->parent = 99;
}

static void young_parent(struct mln_raw *raw)
{
    raw->parent = UINT64_MAX;
}

static void other_pi(struct mln_raw *raw)
{
    raw->pi = MLN_S("other");
}

static void wrong_parents_are_found(void **state)
{
    struct tree *t = *state;

    change(t, t->x, no_parent);
    assert_found(t, "its parent 99 does not exist");
    change(t, t->cin[0], young_parent);
    assert_found(t, "older than its parent");
    change(t, t->ae, other_pi);
    assert_found(t, "its parentID is not its parent's");
}

static void below_a_purged_resource_orphans_are_legal(void **state)
{
    struct tree *t = *state;
    struct mln_kv_txn *txn;
    struct mln_index index = { .scratch = t->arena };
    struct mln_slice row;
    struct mln_raw raw;
    struct mln_key key;
    struct mln_key id;

    txn = begin(t);
    mln_key_id(&id, t->cnt);
    assert_false(mln_failed(mln_kv_get(txn, MLN_TABLE_RES, mln_key_slice(&id), &row)));
    assert_true(mln_arena_dup(t->arena, row, &row));
    assert_false(mln_failed(mln_raw_decode(t->cnt, row, &raw)));
    index.txn = txn;
    assert_false(mln_failed(mln_index_remove(&index, &raw)));
    assert_false(mln_failed(mln_kv_del(txn, MLN_TABLE_RES, mln_key_slice(&id))));
    assert_false(mln_failed(mln_kv_commit(txn)));
    assert_found(t, "does not exist");
    mln_key_record(&key, MLN_SPACE_PURGE, mln_key_slice(&id));
    plant(t, MLN_TABLE_REC, &key, (struct mln_slice){ 0 });
    check(t);
    assert_string_equal(t->lines, "");
}

static void other_type(struct mln_raw *raw)
{
    raw->ty = 10;
}

static void other_expiry(struct mln_raw *raw)
{
    raw->et++;
}

static void other_labels(struct mln_raw *raw)
{
    raw->attrs = MLN_S("\xA1\x63lbl\x81\x65green");
}

static void damaged_attrs(struct mln_raw *raw)
{
    raw->attrs.len--;
}

static void attrs_that_are_no_map(struct mln_raw *raw)
{
    raw->attrs = MLN_S("\x01");
}

static void ri_written_out(struct mln_raw *raw)
{
    raw->is_ri_made = false;
}

static void changed_records_are_found(void **state)
{
    static const struct {
        void (*fn)(struct mln_raw *raw);
        const char *text;
    } changes[] = {
        { other_type, "missing in the index of types" },
        { other_expiry, "missing in the index of expiry" },
        { other_labels, "missing in the index of labels" },
        { damaged_attrs, "its attributes are damaged" },
        { attrs_that_are_no_map, "its attributes are damaged" },
        { ri_written_out, "not found under its resourceID" },
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct tree *t;

        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
        t = *state;
        change(t, t->x, changes[i].fn);
        assert_found(t, changes[i].text);
    }
}

static void damaged_records_are_found(void **state)
{
    struct tree *t = *state;
    struct mln_key key;

    mln_key_id(&key, t->x);
    plant(t, MLN_TABLE_RES, &key, MLN_S("rubbish"));
    assert_found(t, "its record is damaged");
    mln_key_type(&key, 1);
    plant(t, MLN_TABLE_RES, &key, MLN_S("rubbish"));
    assert_found(t, "a resource has a key of 2 bytes");
}

static void wrong_named_records_are_found(void **state)
{
    struct tree *t = *state;
    struct mln_key key;
    char text[64];

    mln_key_record(&key, MLN_SPACE_PURGE, MLN_S("short"));
    plant(t, MLN_TABLE_REC, &key, (struct mln_slice){ 0 });
    assert_found(t, "to be purged has a key of 5 bytes");
    take_out(t, MLN_TABLE_REC, &key);
    mln_key_record(&key, MLN_SPACES, MLN_S("k"));
    plant(t, MLN_TABLE_REC, &key, (struct mln_slice){ 0 });
    (void)snprintf(text, sizeof text, "a record of space %d", MLN_SPACES);
    assert_found(t, text);
    take_out(t, MLN_TABLE_REC, &key);
    mln_key_record(&key, MLN_SPACE_OWN, MLN_S("format"));
    plant(t, MLN_TABLE_REC, &key, MLN_S("\0\0\0\0\0\0\0\2"));
    assert_found(t, "it has format 2");
    plant(t, MLN_TABLE_REC, &key, MLN_S("x"));
    assert_found(t, "a fact of the store has 1 bytes");
    take_out(t, MLN_TABLE_REC, &key);
    assert_found(t, "it has format 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(nothing_is_found_in_order),
        T(missing_index_rows_are_found),
        T(missing_names_are_found),
        T(rows_too_many_are_found),
        T(wrong_counters_are_found),
        T(wrong_parents_are_found),
        T(below_a_purged_resource_orphans_are_legal),
        T(changed_records_are_found),
        T(damaged_records_are_found),
        T(wrong_named_records_are_found),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
