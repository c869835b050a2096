/* Tests of the choice of an AE-ID-Stem. spec: TS-0001 10.2.2.2, security.md 4.3, 4.4 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "cse/access/stem.h"
#include "cse/look_test.h"

enum { MANY = 200 };

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    mln_look_register(&look, "Ctaken");
    (void)mln_look_anew(&look);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

/* The stem, or an empty slice. `allowed` is a JSON list, NULL for none. */
static struct mln_slice choose(const char *from, const char *allowed)
{
    struct mln_registration in = {
        .cse = look.p->cse,
        .view = look.view,
        .arena = look.arena,
        .association = look.p->peer.association,
        .from = mln_slice_z(from),
    };
    struct mln_slice list = allowed ? mln_look_pack(&look, allowed) : (struct mln_slice){ 0 };
    struct mln_slice stem = { 0 };
    bool is_chosen = false;

    assert_int_equal(mln_stem_choose(&in, list, &is_chosen, &stem).code, MLN_ERR_NONE);
    assert_int_equal(is_chosen, stem.len > 0);
    return stem;
}

static bool is_hex(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!memchr("0123456789abcdef", s.ptr[i], 16)) {
            return false;
        }
    }
    return true;
}

/* SEC-REG-01, SEC-REG-02: 64 random bits behind the letter that was asked for */
static void random_stems(void **state)
{
    static const char *const from[] = { "", "C", "S" };
    struct mln_slice seen[MANY];

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        seen[i] = choose(from[i % 3], NULL);
        assert_int_equal(seen[i].len, 17);
        assert_int_equal(seen[i].ptr[0], i % 3 == 2 ? 'S' : 'C');
        assert_true(is_hex(mln_slice_from(seen[i], 1)));
        for (size_t k = 0; k < i; k++) {
            assert_false(mln_slice_eq(mln_slice_from(seen[i], 1), mln_slice_from(seen[k], 1)));
        }
    }
}

/* Every bit comes from the source of random numbers. */
static void all_bits_are_used(void **state)
{
    unsigned seen[16] = { 0 };

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        struct mln_slice stem = choose("C", NULL);

        for (size_t k = 0; k < 16; k++) {
            char c = stem.ptr[k + 1];

            seen[k] |= 1u << (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
    }
    for (size_t k = 0; k < 16; k++) {
        assert_int_equal(seen[k], 0xFFFF);
    }
}

static void patterns_are_filled(void **state)
{
    static const struct {
        const char *allowed;
        const char *from;
        const char *head;
        const char *tail;
        size_t len; /* 0: nothing */
    } table[] = {
        { "['C123*X']", "", "C123", "X", 21 },
        { "['C1**X']", "C", "C1", "X", 19 },
        { "['C*1*']", "C", "C", "1", 18 },
        { "['*x']", "S", "S", "x", 18 },
        { "['*x']", "", "C", "x", 18 },
        { "['Ctaken','Cfree']", "", "Cfree", "", 5 },
        { "['Ctaken']", "", "", "", 0 },
        { "['CAdmin']", "", "", "", 0 },
        { "['S1']", "C", "", "", 0 },
        { "['Z*']", "", "", "", 0 },
        { "['C*/x']", "", "", "", 0 },
        { "['C* x']", "", "", "", 0 },
        { "['']", "", "", "", 0 },
        { "['Z*','S*']", "", "S", "", 17 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct mln_slice stem = choose(table[i].from, table[i].allowed);

        assert_int_equal(stem.len, table[i].len);
        assert_true(mln_slice_starts(stem, mln_slice_z(table[i].head)));
        assert_true(mln_slice_ends(stem, mln_slice_z(table[i].tail)));
    }
}

/* What the credential allows counts beside the list. */
static void both_must_allow(void **state)
{
    (void)state;
    (void)mln_look_prove(&look, "12-k@x.example", NULL, "//merlon.example/id-in/Ca* Sb");
    assert_true(mln_slice_starts(choose("", NULL), MLN_S("Ca")));
    assert_true(mln_slice_eq(choose("S", NULL), MLN_S("Sb")));
    assert_true(mln_slice_starts(choose("", "['C*']"), MLN_S("Ca")));
    assert_true(mln_slice_eq(choose("", "['Cab']"), MLN_S("Cab")));
    assert_int_equal(choose("", "['Cb*']").len, 0);
    assert_int_equal(choose("S", "['C*']").len, 0);
    (void)mln_look_prove(&look, "12-k@x.example", NULL, "//far.example/id-in/Ca*");
    assert_int_equal(choose("", NULL).len, 0);
}

/* A name that would be too long for a From parameter is not given. */
static void too_long(void **state)
{
    char list[400];

    (void)state;
    memset(list, 'x', sizeof list);
    memcpy(list, "['C", 3);
    memcpy(list + 3 + 238, "*']", 4);
    assert_int_equal(choose("", list).len, 255);
    memset(list + 3 + 238, 'x', 1);
    memcpy(list + 3 + 239, "*']", 4);
    assert_int_equal(choose("", list).len, 0);
}

static void names_of_the_cse_itself(void **state)
{
    (void)state;
    assert_true(mln_admit_is_reserved(look.p->cse, MLN_S("CAdmin")));
    assert_true(mln_admit_is_reserved(look.p->cse, MLN_S("id-in")));
    assert_true(mln_admit_is_reserved(look.p->cse, MLN_S("cse-in")));
    assert_false(mln_admit_is_reserved(look.p->cse, MLN_S("Cadmin")));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(random_stems),    T(all_bits_are_used), T(patterns_are_filled),
        T(both_must_allow), T(too_long),          T(names_of_the_cse_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
