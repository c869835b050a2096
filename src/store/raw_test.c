/* Records: what is encoded is decoded, and damage is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "store/ids.h"
#include "store/raw.h"
#include "store/store.h"

enum { ARENA = 1 << 20, HEAD = 80 };

static const uint64_t an_id = UINT64_C(0x1234567890ABC);

static struct mln_resource sample(void)
{
    return (struct mln_resource){
        .id = an_id,
        .parent = 77,
        .ty = 10004,
        .flags = 1,
        .ct = 1,
        .lt = MLN_TIMESTAMP_MAX,
        .et = 0,
        .st = UINT64_MAX,
        .count = 3,
        .bytes = 4,
        .ri = MLN_S("CAE-1"),
        .pi = MLN_S("id-in"),
        .rn = MLN_S("name"),
        .cr = MLN_S("/other/S1"),
        .attrs = MLN_S("\xA0"),
    };
}

/* Encoded into a block of its own, so that ASan sees an overread. */
static struct mln_slice encode(const struct mln_resource *r)
{
    struct mln_raw raw;
    char *bytes;

    assert_string_equal(mln_err_name(mln_raw_of(r, &raw)), "NONE");
    bytes = malloc(mln_raw_size(&raw));
    assert_non_null(bytes);
    mln_raw_encode(&raw, bytes);
    return mln_slice_of(bytes, mln_raw_size(&raw));
}

static void drop(struct mln_slice row)
{
    union {
        const char *read;
        void *given;
    } ptr = { .read = row.ptr };

    free(ptr.given);
}

static void assert_round_trip(const struct mln_resource *r, size_t texts)
{
    struct mln_arena *arena = mln_arena_new(ARENA);
    struct mln_slice row = encode(r);
    struct mln_resource back;
    struct mln_raw raw;

    assert_int_equal(row.len, HEAD + texts);
    assert_false(mln_failed(mln_raw_decode(r->id, row, &raw)));
    assert_false(mln_failed(mln_raw_copy(&raw, arena, &back)));
    assert_true(mln_raw_is_ri(&raw, r->ri));
    assert_true(mln_raw_is_rn(&raw, r->rn.len ? r->rn : r->ri));
    assert_false(mln_raw_is_rn(&raw, MLN_S("other")));
    assert_false(mln_raw_is_ri(&raw, MLN_S("other")));
    drop(row);
    assert_int_equal(back.id, r->id);
    assert_int_equal(back.parent, r->parent);
    assert_int_equal(back.ty, r->ty);
    assert_int_equal(back.flags, r->flags);
    assert_int_equal(back.ct, r->ct);
    assert_int_equal(back.lt, r->lt);
    assert_int_equal(back.et, r->et);
    assert_int_equal(back.st, r->st);
    assert_int_equal(back.count, r->count);
    assert_int_equal(back.bytes, r->bytes);
    assert_true(mln_slice_eq(back.ri, r->ri));
    assert_true(mln_slice_eq(back.pi, r->pi));
    assert_true(mln_slice_eq(back.rn, r->rn.len ? r->rn : r->ri));
    assert_true(mln_slice_eq(back.cr, r->cr));
    assert_true(mln_slice_eq(back.attrs, r->attrs));
    mln_arena_free(arena);
}

static void all_members_survive(void **state)
{
    struct mln_resource r = sample();

    (void)state;
    assert_round_trip(&r, 5 + 5 + 4 + 9 + 1);
    r.cr = (struct mln_slice){ 0 };
    r.pi = (struct mln_slice){ 0 };
    r.attrs = (struct mln_slice){ 0 };
    assert_round_trip(&r, 5 + 4);
}

static void what_is_made_from_ids_takes_no_room(void **state)
{
    struct mln_resource r = sample();
    char ri[16];
    char pi[16];

    (void)state;
    memcpy(ri, "cin", 3);
    mln_id_format(ri + 3, r.id);
    memcpy(pi, "cnt", 3);
    mln_id_format(pi + 3, r.parent);
    r.ri = mln_slice_of(ri, sizeof ri);
    r.pi = mln_slice_of(pi, sizeof pi);
    assert_round_trip(&r, 3 + 3 + 4 + 9 + 1);
    r.rn = r.ri;
    assert_round_trip(&r, 3 + 3 + 9 + 1);
    r.rn = (struct mln_slice){ 0 };
    assert_round_trip(&r, 3 + 3 + 9 + 1);
    r.rn = r.pi; /* a name that is made from another id is a name like others */
    assert_round_trip(&r, 3 + 3 + 16 + 9 + 1);
}

static void a_parent_of_none_is_not_made(void **state)
{
    struct mln_resource r = sample();

    (void)state;
    r.parent = 0;
    r.pi = MLN_S("cnt0000000000000");
    assert_round_trip(&r, 5 + 16 + 4 + 9 + 1);
}

static void the_impossible_is_refused(void **state)
{
    static char text[5000];
    struct mln_resource r = sample();
    struct mln_raw raw;

    (void)state;
    memset(text, 'x', sizeof text);
    r.id = 0;
    assert_int_equal(mln_raw_of(&r, &raw).code, MLN_ERR_INTERNAL);
    r = sample();
    r.ri.len = 0;
    assert_int_equal(mln_raw_of(&r, &raw).code, MLN_ERR_INTERNAL);
    r = sample();
    r.lt = MLN_TIMESTAMP_MAX + 1;
    assert_int_equal(mln_raw_of(&r, &raw).code, MLN_ERR_INTERNAL);
    r = sample();
    r.cr = mln_slice_of(text, sizeof text);
    assert_int_equal(mln_raw_of(&r, &raw).code, MLN_ERR_LIMIT);
    r = sample();
    r.attrs.len = (size_t)INT32_MAX + 1;
    assert_int_equal(mln_raw_of(&r, &raw).code, MLN_ERR_LIMIT);
}

static void a_record_of_another_length_is_damage(void **state)
{
    struct mln_resource r = sample();
    struct mln_slice row = encode(&r);
    struct mln_raw raw;
    char *longer = malloc(row.len + 1);

    (void)state;
    assert_non_null(longer);
    for (size_t len = 0; len < row.len; len++) {
        char *cut = malloc(len ? len : 1);

        assert_non_null(cut);
        memcpy(cut, row.ptr, len);
        assert_int_equal(mln_raw_decode(r.id, mln_slice_of(cut, len), &raw).code,
                         MLN_ERR_STORE_CORRUPT);
        free(cut);
    }
    memcpy(longer, row.ptr, row.len);
    longer[row.len] = 'x';
    assert_int_equal(mln_raw_decode(r.id, mln_slice_of(longer, row.len + 1), &raw).code,
                     MLN_ERR_STORE_CORRUPT);
    assert_int_equal(mln_raw_decode(0, row, &raw).code, MLN_ERR_STORE_CORRUPT);
    free(longer);
    drop(row);
}

/* Offsets of the head, one bit of each: what must not be anything else is checked. */
static void damage_of_the_head_is_told(void **state)
{
    static const struct {
        size_t at;
        unsigned char bit;
    } damage[] = {
        { 0, 1 },               /* version */
        { 1, 8 },               /* an unknown shape */
        { 1, 4 },               /* no name, but it has one */
        { 6, 1 },               /* length of ri */
        { 8, 1 },               /* of pi */
        { 10, 1 },              /* of rn */
        { 12, 1 },              /* of cr */
        { 14, 1 },              /* always zero */
        { 16, 1 },              /* length of the attributes */
        { 19, 128 }, { 20, 1 }, /* always zero */
        { 39, 128 },            /* ct negative */
        { 47, 16 },             /* lt beyond the year 9999 */
        { 55, 128 },            /* et negative */
    };
    struct mln_resource r = sample();
    struct mln_slice row = encode(&r);
    char bytes[256];
    struct mln_raw raw;

    (void)state;
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        memcpy(bytes, row.ptr, row.len);
        bytes[damage[i].at] = (char)(bytes[damage[i].at] ^ damage[i].bit);
        assert_int_equal(mln_raw_decode(r.id, mln_slice_of(bytes, row.len), &raw).code,
                         MLN_ERR_STORE_CORRUPT);
    }
    drop(row);
}

static void a_full_arena_is_no_memory(void **state)
{
    struct mln_arena *arena = mln_arena_new(8);
    struct mln_resource r = sample();
    struct mln_slice row = encode(&r);
    struct mln_resource back;
    struct mln_raw raw;

    (void)state;
    assert_false(mln_failed(mln_raw_decode(r.id, row, &raw)));
    assert_int_equal(mln_raw_copy(&raw, arena, &back).code, MLN_ERR_NO_MEMORY);
    mln_arena_free(arena);
    drop(row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_members_survive),
        cmocka_unit_test(what_is_made_from_ids_takes_no_room),
        cmocka_unit_test(a_parent_of_none_is_not_made),
        cmocka_unit_test(the_impossible_is_refused),
        cmocka_unit_test(a_record_of_another_length_is_damage),
        cmocka_unit_test(damage_of_the_head_is_told),
        cmocka_unit_test(a_full_arena_is_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
