/* Tests of the checks on From. spec: TS-0004 7.3.2.1 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "cse/access/assigned.h"
#include "cse/access/proof.h"
#include "cse/look_test.h"

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    mln_look_register(&look, "Cabc");
    mln_look_register(&look, "Sabc");
    mln_look_make(&look, NULL, "cse-in", 3, "{'m2m:cnt':{'rn':'Ccontainer'}}");
    (void)mln_look_anew(&look);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static enum mln_err_code identify_peer(const struct mln_peer *peer, struct mln_slice from,
                                       bool is_registration, struct mln_originator *ret)
{
    struct mln_fault fault = { 0 };
    struct mln_identify in = {
        .cse = look.p->cse,
        .view = look.view,
        .arena = look.arena,
        .peer = peer,
        .from = from,
        .is_registration = is_registration,
        .fault = &fault,
    };
    enum mln_err_code code = mln_access_identify(&in, ret).code;

    assert_int_equal(fault.text[0] != '\0', code != MLN_ERR_NONE);
    return code;
}

static enum mln_err_code identify(const char *from, bool is_trusted, bool is_registration,
                                  struct mln_originator *ret)
{
    struct mln_peer peer = { .is_trusted = is_trusted };

    return identify_peer(&peer, mln_slice_z(from), is_registration, ret);
}

/* As the peer of the look: with the association made up last. */
static enum mln_err_code as_peer(const char *from, bool is_registration)
{
    struct mln_originator o;

    return identify_peer(&look.p->peer, mln_slice_z(from), is_registration, &o);
}

struct row {
    const char *from;
    enum mln_err_code plain;
    enum mln_err_code registering;
};

/* The same on both kinds of listeners: only the administrator differs. */
static void forms_of_from(void **state)
{
    static const struct row table[] = {
        { "", MLN_ERR_PARAM_MISSING, MLN_ERR_NONE },
        { "C", MLN_ERR_PARAM_INVALID, MLN_ERR_NONE },
        { "S", MLN_ERR_PARAM_INVALID, MLN_ERR_NONE },
        { "Cabc", MLN_ERR_NONE, MLN_ERR_NONE },
        { "Sabc", MLN_ERR_NONE, MLN_ERR_NONE },
        { "Cnew", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NONE },
        { "Snew", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NONE },
        { "Ccontainer", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NONE }, /* a name, no resourceID */
        { "CADMIN", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NONE },
        { "/id-in/Cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "//merlon.example/id-in/Cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "/Sabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "/cse1/Cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "/id-in", MLN_ERR_NEEDS_ASSOCIATION, MLN_ERR_NEEDS_ASSOCIATION },
        { "/cse1", MLN_ERR_NEEDS_ASSOCIATION, MLN_ERR_NEEDS_ASSOCIATION },
        { "//far.example/cse1", MLN_ERR_NEEDS_ASSOCIATION, MLN_ERR_NEEDS_ASSOCIATION },
        { "Zabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "id-in", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "cse-in/Cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "C abc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "C*", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "C\xd0\xb0", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "//merlon.example", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "all", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "-", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (int trusted = 0; trusted < 2; trusted++) {
            struct mln_originator o;

            assert_int_equal(identify(table[i].from, trusted, false, &o), table[i].plain);
            assert_int_equal(identify(table[i].from, trusted, true, &o), table[i].registering);
        }
    }
}

static void the_administrator_on_trusted_listeners_only(void **state)
{
    struct mln_originator o;

    (void)state;
    assert_int_equal(identify("CAdmin", true, false, &o), MLN_ERR_NONE);
    assert_true(o.is_admin);
    assert_false(o.is_registered);
    assert_int_equal(identify("CAdmin", false, false, &o), MLN_ERR_NOT_AUTHENTICATED);
    assert_int_equal(identify("CAdmin", false, true, &o), MLN_ERR_NONE);
    assert_false(o.is_admin);
    assert_int_equal(identify("/id-in/CAdmin", true, false, &o), MLN_ERR_PARAM_INVALID);
}

static void what_is_known_of_an_originator(void **state)
{
    struct mln_originator o;

    (void)state;
    assert_int_equal(identify("Cabc", true, false, &o), MLN_ERR_NONE);
    assert_true(o.is_registered && !o.is_admin);
    assert_true(mln_slice_eq(o.entity.sp, MLN_S("merlon.example")));
    assert_true(mln_slice_eq(o.entity.cse, MLN_S("id-in")));
    assert_true(mln_slice_eq(o.entity.stem, MLN_S("Cabc")));
    assert_true(mln_slice_eq(o.ae_name, MLN_S("Cabc")));
    assert_int_equal(identify("Sabc", true, false, &o), MLN_ERR_NONE);
    assert_int_equal(o.entity.cse.len, 0);
    assert_int_equal(identify("C", true, true, &o), MLN_ERR_NONE);
    assert_true(!o.is_registered && o.entity.sp.len == 0 && o.entity.cse.len == 0);
    assert_int_equal(identify("Cnew", true, true, &o), MLN_ERR_NONE);
    assert_false(o.is_registered);
}

/* A registration that is over counts no more, though it is still stored. */
static void an_expired_registration(void **state)
{
    struct mln_originator o;

    (void)state;
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/Cabc','fr':'Cabc',"
                                         "'pc':{'m2m:ae':{'et':'20300101T000010'}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    (void)mln_look_anew(&look);
    look.p->now_us += 9999999;
    assert_int_equal(identify("Cabc", true, false, &o), MLN_ERR_NONE);
    look.p->now_us += 1;
    assert_int_equal(identify("Cabc", true, false, &o), MLN_ERR_NOT_AUTHENTICATED);
}

struct proof_row {
    const char *from;
    enum mln_err_code asking;
    enum mln_err_code registering;
};

static void check_rows(const struct proof_row *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(as_peer(table[i].from, false), table[i].asking);
        assert_int_equal(as_peer(table[i].from, true), table[i].registering);
    }
}

/* Registers an AE over the association made up last. */
static void register_proved(const char *stem)
{
    (void)mln_look_ask(&look,
                       "{'op':1,'to':'cse-in','ty':2,'fr':'%s',"
                       "'pc':{'m2m:ae':{'api':'Nx','rr':false,'srv':['3']}}}",
                       stem);
    (void)mln_look_anew(&look);
}

/* SEC-IMP-01, SEC-IMP-02, SEC-IMP-06: security.md 4.1 rows 1, 2 and 3 */
static void an_ae_in_its_association(void **state)
{
    static const struct proof_row table[] = {
        { "Cabc", MLN_ERR_NONE, MLN_ERR_NONE },
        { "Cnew", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NONE }, /* its own, not registered yet */
        { "Sabc", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "Cother", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "CAdmin", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "", MLN_ERR_PARAM_MISSING, MLN_ERR_NONE },
        { "C", MLN_ERR_PARAM_INVALID, MLN_ERR_NONE },
        { "/id-in/Cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "//merlon.example/id-in/Cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "/cse1/Cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "/id-in", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "/cse1", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
    };

    (void)state;
    (void)mln_look_prove(&look, "33-//merlon.example/id-in/Cabc", NULL,
                         "//merlon.example/id-in/Cabc Cnew");
    check_rows(table, sizeof table / sizeof table[0]);
}

/* SEC-IMP-01: names that look alike are others: letter case, Unicode, patterns, blanks, lists */
static void tricks_with_names(void **state)
{
    static const char *const tricks[] = {
        "CABC",
        "cabc",
        "Cabcd",
        "Cab",
        "C\320\260bc",
        "Cabc\xcc\x81",
        "\357\274\243abc",
        "C.*",
        "C*",
        "C[a-z]+",
        "Ca?c",
        "C%61bc",
        "Cabc ",
        " Cabc",
        "Cabc\n",
        "Cabc,Cabc",
        "Cabc, Sabc",
        "Cabc;Sabc",
        "Cabc/",
        "Cabc/x",
        "./Cabc",
        "~Cabc",
        "Cabc$",
        "^Cabc$",
        "(Cabc|Sabc)",
        "C\\x61bc",
        "Cabc\x7f",
        "Cabc\xe2\x80\x8b",
        "C\342\200\256abc\342\200\254",
    };

    (void)state;
    (void)mln_look_prove(&look, "33-//merlon.example/id-in/Cabc", NULL, "Cabc");
    for (size_t i = 0; i < sizeof tricks / sizeof tricks[0]; i++) {
        enum mln_err_code code = as_peer(tricks[i], false);

        assert_true(code == MLN_ERR_NOT_AUTHENTICATED || code == MLN_ERR_PARAM_INVALID);
        code = as_peer(tricks[i], true);
        assert_true(code == MLN_ERR_NOT_AUTHENTICATED || code == MLN_ERR_PARAM_INVALID);
    }
    assert_int_equal(as_peer("Cabc", false), MLN_ERR_NONE);
}

/* SEC-IMP-01: a NUL does not end a name */
static void a_name_with_a_nul(void **state)
{
    struct mln_originator o;

    (void)state;
    (void)mln_look_prove(&look, "33-//merlon.example/id-in/Cabc", NULL, "Cabc C*");
    assert_int_equal(identify_peer(&look.p->peer, MLN_S("Cabc\0x"), false, &o),
                     MLN_ERR_PARAM_INVALID);
    assert_int_equal(identify_peer(&look.p->peer, MLN_S("Cabc\0"), true, &o),
                     MLN_ERR_PARAM_INVALID);
}

/* SEC-IMP-01, SEC-SAE-11: a pattern allows many names, yet a registered AE is the one credential's
 * that registered it */
static void a_pattern_and_who_registered(void **state)
{
    (void)state;
    (void)mln_look_prove(&look, "12-k1@sp.example", NULL, "C*");
    register_proved("Cmine");
    assert_int_equal(as_peer("Cmine", false), MLN_ERR_NONE);
    assert_int_equal(as_peer("Cabc", false), MLN_ERR_NOT_AUTHENTICATED); /* registered in plain */
    assert_int_equal(as_peer("Sabc", false), MLN_ERR_NOT_AUTHENTICATED);
    assert_int_equal(as_peer("CAdmin", false), MLN_ERR_NOT_AUTHENTICATED);
    (void)mln_look_prove(&look, "12-k2@sp.example", NULL, "C*");
    assert_int_equal(as_peer("Cmine", false), MLN_ERR_NOT_AUTHENTICATED);
    (void)mln_look_prove(&look, "12-k2@sp.example", NULL, "Cmi*");
    assert_int_equal(as_peer("Cmine", false), MLN_ERR_NOT_AUTHENTICATED);
    (void)mln_look_prove(&look, "12-k3@sp.example", NULL, "Cmine"); /* a new key for this very AE */
    assert_int_equal(as_peer("Cmine", false), MLN_ERR_NONE);
}

/* Who claims to register under the name of another is nobody but for that: neither the codes nor
 * the members of a group tell what the other may do. */
static void registering_under_another_name(void **state)
{
    static const char elsewhere[] = "{'op':1,'to':'%s','ty':2,'fr':%s,"
                                    "'pc':{'m2m:ae':{'api':'Nx','rr':false,'srv':['3']}}}";
    static const char *const names[] = { "'Cvictim'", "'Cnew'", "'C'", "null" };

    (void)state;
    mln_look_policy(&look, "all", "[{'acor':['all'],'acop':63}]");
    mln_look_make(&look, "CAdmin", "cse-in", MLN_TY_CNT,
                  "{'m2m:cnt':{'rn':'open','acpi':['cse-in/all']}}");
    (void)mln_look_prove(&look, "12-v@merlon.example", NULL, "Cvictim");
    register_proved("Cvictim");
    mln_look_make(&look, "Cvictim", "cse-in/Cvictim", MLN_TY_CNT, "{'m2m:cnt':{'rn':'own'}}");
    mln_look_make(&look, "Cvictim", "cse-in/Cvictim", MLN_TY_GRP,
                  "{'m2m:grp':{'rn':'g','mt':0,'mnm':2,'mid':['cse-in','cse-in/Cvictim/own']}}");
    assert_int_equal(mln_look_ask(&look, elsewhere, "cse-in/Cvictim/own", names[0])->rsc, 4108);
    for (size_t i = 0; i < 2 * sizeof names / sizeof names[0]; i++) {
        const char *name = names[i / 2];

        if (i % 2) {
            (void)mln_look_prove(&look, "12-x@merlon.example", NULL, "C*");
        } else {
            mln_look_claim(&look, false);
        }
        assert_int_equal(mln_look_ask(&look, elsewhere, "cse-in/Cvictim/own", name)->rsc, 4103);
        assert_int_equal(mln_look_ask(&look, elsewhere, "cse-in/Cvictim/g/fopt", name)->rsc, 4103);
        assert_int_equal(mln_look_ask(&look, elsewhere, "cse-in/open", name)->rsc, 4103);
    }
    assert_int_equal(mln_look_ask(&look, elsewhere, "cse-in", names[0])->rsc, 4117);
    mln_look_claim(&look, true);
}

/* SEC-SAE-11: a credential that was known for nothing is known by what it registered */
static void a_credential_without_a_name(void **state)
{
    static const struct proof_row table[] = {
        { "Cmine", MLN_ERR_NONE, MLN_ERR_NONE },
        { "Cabc", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NONE }, /* then 4117 */
        { "CAdmin", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "/cse1", MLN_ERR_NEEDS_ASSOCIATION, MLN_ERR_NEEDS_ASSOCIATION },
        { "/id-in/Cmine", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
    };

    (void)state;
    (void)mln_look_prove(&look, "12-k1@sp.example", NULL, NULL);
    register_proved("Cmine");
    check_rows(table, sizeof table / sizeof table[0]);
    (void)mln_look_prove(&look, "12-k2@sp.example", NULL, NULL);
    assert_int_equal(as_peer("Cmine", false), MLN_ERR_NOT_AUTHENTICATED);
}

/* SEC-IMP-03, SEC-DEC-10: without its association it is not believed, but where all are trusted */
static void an_ae_known_by_its_credential(void **state)
{
    (void)state;
    (void)mln_look_prove(&look, "12-k1@sp.example", NULL, "Cmine");
    register_proved("Cmine");
    mln_look_claim(&look, false);
    assert_int_equal(as_peer("Cmine", false), MLN_ERR_NOT_AUTHENTICATED);
    assert_int_equal(as_peer("Cabc", false), MLN_ERR_NONE);
    mln_look_claim(&look, true);
    assert_int_equal(as_peer("Cmine", false), MLN_ERR_NONE);
}

/* Stores a <remoteCSE> as it stands. */
struct put_job {
    struct mln_job job;
    struct mln_resource r;
};

static const struct mln_names names = { { "//merlon.example", 16 },
                                        { "/id-in", 6 },
                                        { "cse-in", 6 } };

static mln_err put_csr(struct mln_job *job, struct mln_view *view)
{
    struct put_job *j = (struct put_job *)(void *)job;
    struct mln_write *write;
    char ri[MLN_RI_SIZE];

    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &write));
    MLN_TRY(mln_store_new_id(write, MLN_S("csr"), &j->r.id, ri, &j->r.ri.len));
    j->r.ri.ptr = ri;
    MLN_TRY(mln_store_put(write, NULL, &j->r));
    return mln_assigned_add(write, &names, &j->r);
}

static void register_cse(const char *attrs)
{
    struct mln_resource base = mln_look_at(&look, "cse-in");
    struct put_job j = {
        .job = { .run = put_csr },
        .r = { .ty = MLN_TY_CSR,
               .parent = base.id,
               .pi = base.ri,
               .ct = look.p->now_us,
               .lt = look.p->now_us,
               .et = MLN_TIMESTAMP_MAX,
               .attrs = mln_look_pack(&look, attrs) },
    };

    assert_int_equal(mln_store_run(look.p->store, &j.job).code, MLN_ERR_NONE);
    (void)mln_look_anew(&look);
}

/* SEC-IMP-04, SEC-REG-15: security.md 4.1 rows 4, 5 and 6 */
static void a_cse_in_its_association(void **state)
{
    static const struct proof_row table[] = {
        { "/cse1", MLN_ERR_NONE, MLN_ERR_OPERATION },
        { "//merlon.example/cse1", MLN_ERR_NONE, MLN_ERR_OPERATION },
        { "/cse1/Cx", MLN_ERR_NONE, MLN_ERR_OPERATION }, /* its own AE */
        { "/behind", MLN_ERR_NONE, MLN_ERR_OPERATION },  /* a CSE behind it */
        { "/behind/Cx", MLN_ERR_NONE, MLN_ERR_OPERATION },
        { "//far.example/cse9/Cx", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "/elsewhere", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "/elsewhere/Cx", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "/Sx", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED }, /* registered nowhere */
        { "//far.example/Sx", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "//far.example/cse2", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "/id-in/Cabc", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "/Sabc", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "//merlon.example/Sabc", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "/cse2", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "//merlon.example/cse2", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "//MERLON.example/cse2", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "/cse2/Cx", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "//merlon.example/cse2/Cx", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "/Scse3", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED }, /* a CSE-ID with S */
        { "/id-in", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "Cx", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "Cabc", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "CAdmin", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "/id-in/CAdmin", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "//merlon.example/id-in/CAdmin", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NOT_AUTHENTICATED },
        { "/cse1/CAdmin", MLN_ERR_NONE, MLN_ERR_OPERATION }, /* an AE of that name there */
        { "", MLN_ERR_PARAM_MISSING, MLN_ERR_OPERATION },
        { "C", MLN_ERR_PARAM_INVALID, MLN_ERR_OPERATION },
        { "S", MLN_ERR_PARAM_INVALID, MLN_ERR_OPERATION },
        { "/cse1/", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "/cse1/../cse2", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "/cse2//Cx", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
    };

    (void)state;
    register_cse("{'csi':'/cse1','dcse':['/behind','/cse2']}"); /* the last one is a lie */
    register_cse("{'csi':'//merlon.example/cse2'}");
    register_cse("{'csi':'/Scse3'}");
    (void)mln_look_prove(&look, "32-//merlon.example/cse1", "//merlon.example/cse1", NULL);
    check_rows(table, sizeof table / sizeof table[0]);
}

/* What a CSE forwards is not from an AE that stands before us, nor proved by it: SEC-ACP-29 */
static void what_a_cse_forwards(void **state)
{
    struct mln_originator o;

    (void)state;
    (void)mln_look_prove(&look, "32-//merlon.example/cse1", "//merlon.example/cse1", NULL);
    assert_int_equal(identify_peer(&look.p->peer, MLN_S("/id-in/Cabc"), false, &o),
                     MLN_ERR_NOT_AUTHENTICATED); /* it is not registered */
    assert_int_equal(identify_peer(&look.p->peer, MLN_S("/Sx"), false, &o),
                     MLN_ERR_NOT_AUTHENTICATED);
    register_cse("{'csi':'/cse1'}");
    assert_int_equal(identify_peer(&look.p->peer, MLN_S("/cse1/Cx"), false, &o), MLN_ERR_NONE);
    assert_false(o.is_registered || o.is_proved || o.is_admin);
    assert_int_equal(identify_peer(&look.p->peer, MLN_S("/cse1"), false, &o), MLN_ERR_NONE);
    assert_true(o.is_proved);
}

/* SEC-ACP-11 SEC-ACP-14: "all" admits who is registered elsewhere, and a CSE is not its AEs */
static void who_a_registered_cse_speaks_for(void **state)
{
    static const struct {
        const char *originator;
        const char *policy;
        int rsc;
    } rows[] = {
        { "/cse1/Cx", "all", MLN_RSC_OK },
        { "//merlon.example/cse1/Cx", "all", MLN_RSC_OK },
        { "/behind/Cx", "all", MLN_RSC_OK },
        { "/Sx", "all", MLN_RSC_OK },
        { "/Sy", "all", MLN_RSC_ORIGINATOR_NOT_AUTHENTICATED },
        { "/cse1", "all", MLN_RSC_OK },
        { "/cse1", "cse1", MLN_RSC_OK },
        { "/cse1/Cx", "cse1", MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE },
        { "/cse1/Cx", "cx", MLN_RSC_OK },
        { "/cse1/Cy", "cx", MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE },
        { "/cse2/Cx", "all", MLN_RSC_ORIGINATOR_NOT_AUTHENTICATED },
    };

    (void)state;
    mln_look_policy(&look, "all", "[{'acor':['all'],'acop':2}]");
    mln_look_policy(&look, "cse1", "[{'acor':['/cse1'],'acop':2}]");
    mln_look_policy(&look, "cx", "[{'acor':['/cse1/Cx'],'acop':2}]");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char pc[96];

        (void)snprintf(pc, sizeof pc, "{'m2m:cnt':{'rn':'c%zu','acpi':['cse-in/%s']}}", i,
                       rows[i].policy);
        mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, pc);
    }
    register_cse("{'csi':'/cse1','dcse':['/behind']}");
    register_cse("{'csi':'/cse2'}");
    (void)mln_look_prove(&look, "32-//merlon.example/cse1", "//merlon.example/cse1", NULL);
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'/id-in/-','ty':10002,'fr':'/cse1/Sx',"
                                         "'pc':{'m2m:aeA':{'lnk':'/cse1/Sx','api':'Nx',"
                                         "'srv':['3'],'et':'20991231T000000'}}}")
                         ->rsc,
                     MLN_RSC_CREATED);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            mln_look_ask(&look, "{'op':2,'to':'cse-in/c%zu','fr':'%s'}", i, rows[i].originator)
                ->rsc,
            rows[i].rsc);
    }
}

/* A node's credential may stand for its CSE and its AEs. */
static void a_credential_of_cse_and_aes(void **state)
{
    (void)state;
    (void)mln_look_prove(&look, "34-node1", "//merlon.example/cse1", "Cabc");
    assert_int_equal(as_peer("Cabc", false), MLN_ERR_NONE);
    assert_int_equal(as_peer("/cse1", false), MLN_ERR_NONE);
    assert_int_equal(as_peer("/cse1/Cx", false), MLN_ERR_NONE);
    assert_int_equal(as_peer("Sabc", false), MLN_ERR_NOT_AUTHENTICATED);
    assert_int_equal(as_peer("", true), MLN_ERR_NONE);
    assert_int_equal(as_peer("/cse1", true), MLN_ERR_OPERATION);
}

/* SEC-DEC-10: one that is revoked or over counts as none, and does not make the listener's trust
 * count again */
static void an_association_that_is_over(void **state)
{
    struct mln_association draft = { .credential_id = MLN_S("12-k@x.example"),
                                     .ae_ids = (struct mln_slice[]){ MLN_S("Cabc") },
                                     .ae_id_count = 1 };
    struct mln_association *a;

    (void)state;
    draft.expires_us = look.p->now_us + 1;
    (void)mln_look_associate(&look, &draft);
    look.p->peer.is_trusted = true;
    assert_int_equal(as_peer("Cabc", false), MLN_ERR_NONE);
    assert_int_equal(as_peer("CAdmin", false), MLN_ERR_NOT_AUTHENTICATED);
    look.p->now_us++;
    assert_null(mln_proof_of(look.p->cse, &look.p->peer));
    assert_int_equal(as_peer("CAdmin", false), MLN_ERR_NOT_AUTHENTICATED);
    assert_int_equal(as_peer("/cse1", false), MLN_ERR_NEEDS_ASSOCIATION);
    draft.expires_us = INT64_MAX;
    draft.ae_ids = NULL;
    draft.ae_id_count = 0;
    draft.cse_id = MLN_S("//merlon.example/cse1");
    a = mln_look_associate(&look, &draft);
    assert_int_equal(as_peer("/cse1", false), MLN_ERR_NONE);
    mln_association_revoke(a);
    assert_int_equal(as_peer("/cse1", false), MLN_ERR_NEEDS_ASSOCIATION);
    assert_int_equal(as_peer("/cse1/Cx", false), MLN_ERR_PARAM_INVALID);
}

/* The administrator by credential: only one that names it, wherever the request came in. */
static void the_administrator_by_its_credential(void **state)
{
    static const struct {
        const char *ae_ids;
        bool is_admin;
    } table[] = {
        { "CAdmin", true },
        { "Cx //merlon.example/id-in/CAdmin", true },
        { "C*", false },
        { "*", false },
        { "CAdmi*", false },
        { "CAdmin*", false },
        { "C* CAdmin", true },
        { "/other/CAdmin", false },
        { "//far.example/id-in/CAdmin", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct mln_originator o = { 0 };

        (void)mln_look_prove(&look, "12-admin@sp.example", NULL, table[i].ae_ids);
        assert_int_equal(identify_peer(&look.p->peer, MLN_S("CAdmin"), false, &o),
                         table[i].is_admin ? MLN_ERR_NONE : MLN_ERR_NOT_AUTHENTICATED);
        assert_int_equal(o.is_admin, table[i].is_admin);
    }
}

/* SEC-SAE-10: docs/decisions/0011 */
static void what_comes_in_unproved(void **state)
{
    static const struct {
        enum mln_unauthenticated policy;
        enum mln_err_code registered;
        enum mln_err_code registering;
        enum mln_err_code nobody;
    } table[] = {
        { MLN_UNAUTHENTICATED_REFUSE, MLN_ERR_NEEDS_ASSOCIATION, MLN_ERR_NEEDS_ASSOCIATION,
          MLN_ERR_NEEDS_ASSOCIATION },
        { MLN_UNAUTHENTICATED_REGISTERED, MLN_ERR_NONE, MLN_ERR_NEEDS_ASSOCIATION,
          MLN_ERR_NOT_AUTHENTICATED },
        { MLN_UNAUTHENTICATED_OPEN, MLN_ERR_NONE, MLN_ERR_NONE, MLN_ERR_NOT_AUTHENTICATED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct mln_inproc_options options = { .unauthenticated = table[i].policy,
                                              .says_unauthenticated = true };

        (void)tear_down(NULL);
        mln_look_open(&look, &options);
        mln_look_register(&look, "Cabc");
        (void)mln_look_anew(&look);
        mln_look_claim(&look, false);
        assert_int_equal(as_peer("Cabc", false), table[i].registered);
        assert_int_equal(as_peer("Cnew", true), table[i].registering);
        assert_int_equal(as_peer("", true), table[i].registering);
        assert_int_equal(as_peer("Cnew", false), table[i].nobody);
        assert_int_equal(as_peer("CAdmin", false), table[i].nobody);
        (void)mln_look_prove(&look, "12-k1@sp.example", NULL, "Cabc Cnew");
        assert_int_equal(as_peer("Cabc", false), MLN_ERR_NONE);
        assert_int_equal(as_peer("Cnew", true), MLN_ERR_NONE);
    }
}

/* rq_authn of security.md 3.2 */
static void who_is_authenticated(void **state)
{
    struct mln_originator o;

    (void)state;
    assert_int_equal(identify("Cabc", true, false, &o), MLN_ERR_NONE);
    assert_true(o.is_proved);
    assert_int_equal(identify("Cabc", false, false, &o), MLN_ERR_NONE);
    assert_false(o.is_proved);
    (void)mln_look_prove(&look, "12-k1@sp.example", NULL, "Cabc");
    assert_int_equal(identify_peer(&look.p->peer, MLN_S("Cabc"), false, &o), MLN_ERR_NONE);
    assert_true(o.is_proved);
    look.p->peer.association = NULL; /* TLS without a credential proves nothing */
    assert_int_equal(identify_peer(&look.p->peer, MLN_S("Cabc"), false, &o), MLN_ERR_NONE);
    assert_false(o.is_proved);
}

static bool allows_role(const char *from, const char *role)
{
    struct mln_originator o;
    struct mln_identify in = { .cse = look.p->cse,
                               .view = look.view,
                               .arena = look.arena,
                               .peer = &look.p->peer,
                               .from = mln_slice_z(from) };
    bool allowed = false;

    assert_int_equal(identify_peer(&look.p->peer, in.from, false, &o), MLN_ERR_NONE);
    assert_int_equal(mln_access_allows_role(&in, &o, mln_slice_z(role), &allowed).code,
                     MLN_ERR_NONE);
    return allowed;
}

/* The roles that a credential may use; those of rules are in admit_test.c. */
static void roles_of_a_credential(void **state)
{
    struct mln_association draft = {
        .credential_id = MLN_S("12-k@x.example"),
        .ae_ids = (struct mln_slice[]){ MLN_S("Cabc") },
        .ae_id_count = 1,
        .role_ids = (struct mln_slice[]){ MLN_S("a@x.example"), MLN_S("b@x.example") },
        .role_id_count = 2,
        .expires_us = INT64_MAX,
    };

    (void)state;
    assert_true(allows_role("Cabc", "any@x.example"));
    (void)mln_look_associate(&look, &draft);
    assert_true(allows_role("Cabc", "a@x.example"));
    assert_true(allows_role("Cabc", "b@x.example"));
    assert_false(allows_role("Cabc", "any@x.example"));
    assert_false(allows_role("Cabc", "a@x.example.com"));
    assert_false(allows_role("Cabc", "A@x.example"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(forms_of_from),
        T(the_administrator_on_trusted_listeners_only),
        T(what_is_known_of_an_originator),
        T(an_expired_registration),
        T(an_ae_in_its_association),
        T(tricks_with_names),
        T(a_name_with_a_nul),
        T(a_pattern_and_who_registered),
        T(registering_under_another_name),
        T(a_credential_without_a_name),
        T(an_ae_known_by_its_credential),
        T(a_cse_in_its_association),
        T(what_a_cse_forwards),
        T(who_a_registered_cse_speaks_for),
        T(a_credential_of_cse_and_aes),
        T(an_association_that_is_over),
        T(the_administrator_by_its_credential),
        T(what_comes_in_unproved),
        T(who_is_authenticated),
        T(roles_of_a_credential),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
