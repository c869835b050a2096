/* Tests of what is remembered of registrations. spec: security.md 4.2, 16.2 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cse/access/binding.h"
#include "cse/look_test.h"

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

/* CREATE by the peer of now. */
static int register_ae(const char *stem)
{
    return (int)mln_look_ask(&look,
                             "{'op':1,'to':'cse-in','ty':2,'fr':'%s',"
                             "'pc':{'m2m:ae':{'api':'Nx','rr':false,'srv':['3']}}}",
                             stem)
        ->rsc;
}

static int deregister(const char *stem)
{
    return (int)mln_look_ask(&look, "{'op':4,'to':'%s','fr':'%s'}", stem, stem)->rsc;
}

static void show(const char *credential, const char *ae_ids)
{
    (void)mln_look_prove(&look, credential, NULL, ae_ids);
}

/* The credential of the binding; "-" for none. */
static const char *bound_to(const char *stem)
{
    struct mln_binding b = { 0 };
    mln_err err = mln_binding_get(mln_look_anew(&look), look.arena, mln_slice_z(stem), &b);
    const char *text = mln_arena_zdup(look.arena, b.credential_id);

    assert_non_null(text);
    assert_true(err.code == MLN_ERR_NONE || err.code == MLN_ERR_NOT_FOUND);
    return mln_failed(err) ? "-" : text;
}

static void kept_with_the_registration(void **state)
{
    (void)state;
    assert_int_equal(register_ae("Cplain"), 2001);
    show("12-k1@x.example", "Cone");
    assert_int_equal(register_ae("Cone"), 2001);
    assert_string_equal(bound_to("Cone"), "12-k1@x.example");
    assert_string_equal(bound_to("Cplain"), "-");
    assert_string_equal(bound_to("Con"), "-");
    assert_string_equal(bound_to("Cone1"), "-");
}

/* A registration that is refused binds nothing. */
static void not_with_a_refusal(void **state)
{
    (void)state;
    show("12-k1@x.example", "Cone");
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'cse-in','ty':2,'fr':'Cone',"
                                         "'pc':{'m2m:ae':{'api':'x','rr':false,'srv':['3']}}}")
                         ->rsc,
                     4000);
    assert_string_equal(bound_to("Cone"), "-");
}

/* SEC-REG-09: without profile enforcement too, the credential speaks of App-ID and AE-ID */
static void what_the_credential_is_for(void **state)
{
    struct mln_association draft = {
        .credential_id = MLN_S("33-//merlon.example/id-in/Cone"),
        .ae_ids = (struct mln_slice[]){ MLN_S("Cone") },
        .ae_id_count = 1,
        .app_ids = (struct mln_slice[]){ MLN_S("N1"), MLN_S("R01.com.acme.*") },
        .app_id_count = 2,
        .expires_us = INT64_MAX,
    };

    (void)state;
    (void)mln_look_associate(&look, &draft);
    assert_int_equal(register_ae("Cone"), 4126); /* its App-ID is Nx */
    assert_int_equal(register_ae("Ctwo"), 4106);
    draft.app_id_count = 0;
    draft.app_id = MLN_S("Ny");
    (void)mln_look_associate(&look, &draft);
    assert_int_equal(register_ae("Cone"), 4126);
    draft.app_id = MLN_S("Nx");
    (void)mln_look_associate(&look, &draft);
    assert_int_equal(register_ae("Cone"), 2001);
}

/* SEC-REG-15 */
static void a_cse_registers_nobody(void **state)
{
    (void)state;
    (void)mln_look_prove(&look, "32-//merlon.example/cse1", "//merlon.example/cse1", NULL);
    assert_int_equal(register_ae("/cse1"), 4005);
    assert_int_equal(register_ae("/cse1/Cx"), 4005);
    assert_int_equal(register_ae("Sx"), 4106); /* it is not registered: it speaks for nobody else */
    assert_int_equal(register_ae("Cx"), 4106);
    assert_int_equal(register_ae("S"), 4005);
    mln_look_claim(&look, true);
    assert_int_equal(register_ae("/cse1"), 4107);
}

/* SEC-REG-04, SEC-SAE-11: who had the AE-ID has it again; nobody else takes it meanwhile */
static void an_ae_id_waits_for_its_owner(void **state)
{
    (void)state;
    show("12-k1@x.example", "C*");
    assert_int_equal(register_ae("Cone"), 2001);
    assert_int_equal(register_ae("Cone"), 4117);
    assert_int_equal(deregister("Cone"), 2002);
    assert_string_equal(bound_to("Cone"), "12-k1@x.example");
    show("12-k2@x.example", "C*");
    assert_int_equal(register_ae("Cone"), 4106);
    show("12-k2@x.example", NULL);
    assert_int_equal(register_ae("Cone"), 4106);
    mln_look_claim(&look, false);
    assert_int_equal(register_ae("Cone"), 4106);
    show("12-k1@x.example", "C*");
    assert_int_equal(register_ae("Cone"), 2001);
    assert_int_equal(deregister("Cone"), 2002);
    show("12-k3@x.example", "Cone"); /* a credential that is for this very AE */
    assert_int_equal(register_ae("Cone"), 2001);
    assert_string_equal(bound_to("Cone"), "12-k3@x.example");
    show("12-k1@x.example", "C*");
    assert_int_equal(deregister("Cone"), 4106);
}

/* Where everybody is trusted the AE-ID is free again, and so is what it was bound to. */
static void taken_over_on_a_trusted_listener(void **state)
{
    (void)state;
    show("12-k1@x.example", "C*");
    assert_int_equal(register_ae("Cone"), 2001);
    mln_look_claim(&look, true);
    assert_int_equal(deregister("Cone"), 2002);
    assert_int_equal(register_ae("Cone"), 2001);
    assert_string_equal(bound_to("Cone"), "-");
    show("12-k1@x.example", "C*");
    assert_int_equal(deregister("Cone"), 4106);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* SEC-SAE-11 */
static void survives_a_restart(void **state)
{
    char folder[] = "/tmp/merlon-binding-XXXXXX";
    struct mln_inproc_options options = { .backend = "lmdb", .path = folder };

    (void)tear_down(state);
    assert_non_null(mkdtemp(folder));
    mln_look_open(&look, &options);
    show("12-k1@x.example", "C*");
    assert_int_equal(register_ae("Cone"), 2001);
    assert_int_equal(register_ae("Ctwo"), 2001);
    assert_int_equal(deregister("Ctwo"), 2002);
    mln_view_endp(&look.view);
    mln_reader_free(look.reader);
    assert_int_equal(mln_inproc_restart(&look.p).code, MLN_ERR_NONE);
    assert_int_equal(mln_reader_new(look.p->store, &look.reader).code, MLN_ERR_NONE);
    look.view = NULL;
    show("12-k2@x.example", "C*");
    assert_int_equal(deregister("Cone"), 4106);
    assert_int_equal(register_ae("Ctwo"), 4106);
    show("12-k1@x.example", "C*");
    assert_int_equal(deregister("Cone"), 2002);
    assert_int_equal(register_ae("Ctwo"), 2001);
    assert_int_equal(mln_inproc_check(look.p), 0);
    assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Names that do not fit into a key. */
static void long_names(void **state)
{
    char one[201];
    char two[201];

    (void)state;
    memset(one, 'x', 200);
    one[0] = 'C';
    one[200] = '\0';
    memcpy(two, one, sizeof two);
    two[199] = 'y';
    show("12-k1@x.example", "C*");
    assert_int_equal(register_ae(one), 2001);
    show("12-k2@x.example", "C*");
    assert_int_equal(register_ae(two), 2001);
    assert_string_equal(bound_to(one), "12-k1@x.example");
    assert_string_equal(bound_to(two), "12-k2@x.example");
    for (size_t len = 60; len < 68; len++) { /* around the size of a key */
        one[len] = '\0';
        assert_string_equal(bound_to(one), "-");
        assert_int_equal(register_ae(one), 2001);
        assert_string_equal(bound_to(one), "12-k2@x.example");
        one[len] = 'x';
    }
}

static size_t bindings(void)
{
    char key[MLN_RECORD_KEY_MAX];
    size_t len = 0;
    size_t count = 0;
    struct mln_view *view = mln_look_anew(&look);

    while (!mln_failed(mln_record_next_key(view, MLN_SPACE_REGISTRATION, mln_slice_of(key, len),
                                           false, key, &len))) {
        count += key[0] == 'b';
    }
    return count;
}

/* Above the limit the ones of AEs that have gone are forgotten, never those of living ones. */
static void their_number_is_bounded(void **state)
{
    struct mln_limits limits;
    struct mln_inproc_options options = { .limits = &limits };
    char stem[16];

    (void)tear_down(state);
    mln_limits_default(&limits);
    limits.bindings = 16;
    mln_look_open(&look, &options);
    show("12-k1@x.example", "C*");
    for (unsigned i = 0; i < 12; i++) {
        (void)snprintf(stem, sizeof stem, "Clive%u", i);
        assert_int_equal(register_ae(stem), 2001);
    }
    for (unsigned i = 0; i < 50; i++) {
        (void)snprintf(stem, sizeof stem, "C%ugone", i);
        assert_int_equal(register_ae(stem), 2001);
        assert_int_equal(deregister(stem), 2002);
        assert_true(bindings() <= 17);
    }
    for (unsigned i = 0; i < 12; i++) {
        (void)snprintf(stem, sizeof stem, "Clive%u", i);
        assert_string_equal(bound_to(stem), "12-k1@x.example");
    }
    for (unsigned i = 12; i < 30; i++) { /* living ones may be more */
        (void)snprintf(stem, sizeof stem, "Clive%u", i);
        assert_int_equal(register_ae(stem), 2001);
        assert_string_equal(bound_to(stem), "12-k1@x.example");
    }
    assert_int_equal(mln_inproc_check(look.p), 0);
}

/* The credential that is expected at the points of access; "-" for that of the registration. */
static const char *reached_by(const char *stem)
{
    struct mln_binding b = { 0 };
    mln_err err = mln_binding_get(mln_look_anew(&look), look.arena, mln_slice_z(stem), &b);
    const char *text = mln_arena_zdup(look.arena, b.receiver_id);

    assert_non_null(text);
    assert_true(err.code == MLN_ERR_NONE || err.code == MLN_ERR_NOT_FOUND);
    return b.receiver_id.len ? text : "-";
}

static int update(const char *stem, const char *from, const char *attributes)
{
    return (int)mln_look_ask(&look, "{'op':3,'to':'%s','fr':'%s','pc':{'m2m:ae':{%s}}}", stem, from,
                             attributes)
        ->rsc;
}

/* SEC-MCA-06: keys are changed while the AE stays. */
static void an_ae_goes_over_to_another_credential(void **state)
{
    const char *poa = "'poa':['https://h']";

    (void)state;
    show("12-k1@x.example", "Cone");
    assert_int_equal(register_ae("Cone"), 2001);
    assert_string_equal(reached_by("Cone"), "-");
    show("12-k2@x.example", "Cone");
    assert_int_equal(update("Cone", "Cone", "'apn':'x'"), 2004);
    assert_string_equal(reached_by("Cone"), "-");
    assert_int_equal(update("Cone", "Cone", poa), 2004);
    assert_string_equal(reached_by("Cone"), "12-k2@x.example");
    assert_string_equal(bound_to("Cone"), "12-k1@x.example");
    mln_look_claim(&look, true); /* somebody else, or without proof: whom to expect stays */
    assert_int_equal(update("Cone", "CAdmin", poa), 2004);
    assert_int_equal(update("Cone", "Cone", poa), 2004);
    assert_string_equal(reached_by("Cone"), "12-k2@x.example");
    assert_int_equal(deregister("Cone"), 2002);
    show("12-k1@x.example", "Cone");
    assert_int_equal(register_ae("Cone"), 2001);
    assert_string_equal(reached_by("Cone"), "-");
}

static void a_credential_comes_after_a_registration_without(void **state)
{
    (void)state;
    assert_int_equal(register_ae("Cplain"), 2001);
    show("12-k1@x.example", "Cplain");
    assert_int_equal(update("Cplain", "Cplain", "'poa':['https://h']"), 2004);
    assert_string_equal(reached_by("Cplain"), "12-k1@x.example");
    assert_string_equal(bound_to("Cplain"), "");
    assert_int_equal(bindings(), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(kept_with_the_registration),
        T(not_with_a_refusal),
        T(what_the_credential_is_for),
        T(a_cse_registers_nobody),
        T(an_ae_id_waits_for_its_owner),
        T(taken_over_on_a_trusted_listener),
        T(survives_a_restart),
        T(long_names),
        T(their_number_is_bounded),
        T(an_ae_goes_over_to_another_credential),
        T(a_credential_comes_after_a_registration_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
