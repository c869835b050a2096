/* Tests of ESCertKE: who may make which key, and what stays when something else comes. */
#include "e2e/escertke.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/tls_pair_test.h"

#define CSE MLN_S("//sp.example/in")

enum { ARENA_BYTES = 1 << 22, SECONDS = 1000000 };

static const struct mln_names names = { { "//sp.example", 12 }, { "/in", 3 }, { "cse-in", 6 } };

static struct tls_lab *lab;
static struct mln_limits limits;
static struct mln_tls_slot *slot;
static struct mln_made_keys *keys;
static struct mln_escertke *end;
static struct mln_tls_client *device; /* with the certificate of //sp.example/Sdev */
static struct mln_tls_client *other;  /* with that of a CSE, other.sp.example */
static struct mln_arena *arena;
static struct mln_fault fault;

/* ---- setting up ---- */

static struct mln_tls_client *client_of(const struct mln_tls_identity *identity)
{
    struct mln_tls_client_options options = { .env = &lab->env,
                                              .verifier = mln_tls_lab_verifier(lab),
                                              .identity = *identity };
    struct mln_tls_client *client = NULL;

    assert_false(mln_failed(mln_tls_client_new(&options, NULL, &client)));
    mln_cert_verifier_unref(options.verifier);
    return client;
}

static void put_context(void)
{
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct mln_tls *tls = NULL;

    options.verifier = mln_tls_lab_verifier(lab);
    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    mln_tls_slot_set(slot, tls);
    mln_tls_unref(tls);
    mln_cert_verifier_unref(options.verifier);
}

static int lab_up(void **state)
{
    if (mln_tls_lab_up(state) != 0) {
        return -1;
    }
    lab = *state;
    device = client_of(&lab->ae);
    other = client_of(&lab->other);
    return 0;
}

static int lab_down(void **state)
{
    mln_tls_client_unref(device);
    mln_tls_client_unref(other);
    return mln_tls_lab_down(state);
}

static int set_up(void **state)
{
    struct mln_escertke_options options = { .env = &lab->env, .limits = &limits };

    (void)state;
    mln_limits_default(&limits);
    mln_fault_clear(&fault);
    arena = mln_arena_new(ARENA_BYTES);
    assert_false(mln_failed(mln_tls_slot_new(&slot)));
    put_context();
    assert_false(mln_failed(mln_made_keys_new(&lab->env, &limits, slot, &keys)));
    options.slot = slot;
    options.keys = keys;
    assert_false(mln_failed(mln_escertke_new(&options, &end)));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lab->later_us = 0;
    mln_escertke_free(end);
    mln_made_keys_free(keys);
    mln_tls_slot_free(slot);
    mln_arena_free(arena);
    return 0;
}

/* ---- messages ---- */

static mln_err take(const char *from, struct mln_slice text, struct mln_slice *ret)
{
    struct mln_entity entity;
    struct mln_escertke_message m = { text, &entity, &names, arena, &fault };

    assert_true(mln_entity_parse(mln_slice_z(from), &names, &entity));
    mln_fault_clear(&fault);
    return mln_escertke_take(end, &m, ret);
}

/* The text as it comes in an answer. */
static struct mln_value *info_of(unsigned sit, const char *element, struct mln_slice text)
{
    struct mln_value *info = mln_value_new(arena, MLN_V_OBJECT);

    assert_false(mln_failed(mln_value_set(info, MLN_S("sit"), mln_value_uint(arena, sit))));
    assert_false(
        mln_failed(mln_value_set(info, mln_slice_z(element), mln_value_text(arena, text))));
    return info;
}

static struct mln_slice hear(struct mln_escertke_run *run, struct mln_slice text)
{
    struct mln_slice next = { 0 };
    mln_err err =
        mln_escertke_step(run, text.len ? info_of(6, "eckm", text) : NULL, arena, &fault, &next);

    if (mln_failed(err)) {
        fail_msg("%s: %s", mln_err_name(err), fault.text);
    }
    return next;
}

static struct mln_escertke_run *begin_with(struct mln_tls_client *client)
{
    const struct mln_tls_target target = { .cse_id = CSE };
    struct mln_escertke_run *run = NULL;

    assert_false(mln_failed(mln_escertke_begin(client, &target, &fault, &run)));
    return run;
}

static void well(mln_err err)
{
    if (mln_failed(err)) {
        fail_msg("%s: %s", mln_err_name(err), fault.text);
    }
}

/* Message 3 of a run whose first two messages went well. */
static struct mln_slice third(struct mln_escertke_run *run, const char *from)
{
    struct mln_slice second;

    well(take(from, hear(run, MLN_S("")), &second));
    return hear(run, second);
}

static struct mln_slice bytes_of(struct mln_slice text)
{
    struct mln_slice bytes;

    well(mln_base64_read(text, arena, &bytes));
    return bytes;
}

static mln_err refused(const char *from, struct mln_slice text, const char *alert)
{
    struct mln_slice said = MLN_S("x");
    mln_err err = take(from, text, &said);

    if (alert) {
        assert_string_equal(mln_tls_alert_text(bytes_of(said)), alert);
    } else {
        assert_int_equal(said.len, 0);
    }
    return err;
}

static void pair_key_done(struct mln_pair_key *key)
{
    mln_secret_free(key->key);
    mln_association_unref(key->association);
}

/* Both ends have the key of the run. */
static void expect_key(struct mln_escertke_run *run, const char *ae_id)
{
    struct mln_pair_key ours = { 0 };
    struct mln_pair_key theirs = { 0 };
    char kid[MLN_MADE_KID];

    well(mln_escertke_finish(run, INT64_MAX, &fault, &theirs, kid));
    well(mln_made_keys_find(keys, mln_slice_of(kid, sizeof kid), mln_env_now_us(&lab->env), &ours));
    assert_int_equal(mln_secret_len(ours.key), MLN_KDF_KEY);
    assert_memory_equal(mln_secret_bytes(ours.key), mln_secret_bytes(theirs.key), MLN_KDF_KEY);
    assert_true(mln_slice_eq(theirs.association->cse_id, CSE));
    if (ae_id) {
        assert_true(mln_slice_eq(ours.association->ae_ids[0], mln_slice_z(ae_id)));
    }
    pair_key_done(&ours);
    pair_key_done(&theirs);
}

static void complete(struct mln_escertke_run *run, const char *from, struct mln_slice message)
{
    struct mln_slice fourth;

    well(take(from, message, &fourth));
    assert_int_equal(hear(run, fourth).len, 0);
    expect_key(run, NULL);
}

/* ---- what goes well ---- */

/* SEC-CKE-01 */
static void a_run(void **state)
{
    struct mln_escertke_run *run = begin_with(device);
    struct mln_slice fourth;

    (void)state;
    well(take("Sdev", third(run, "Sdev"), &fourth));
    assert_int_equal(hear(run, fourth).len, 0);
    expect_key(run, "//sp.example/Sdev");
    mln_escertke_run_free(run);
}

/* A name in all its spellings is the same originator. */
static void spellings(void **state)
{
    struct mln_escertke_run *run = begin_with(device);

    (void)state;
    complete(run, "//SP.Example/Sdev", third(run, "/Sdev"));
    mln_escertke_run_free(run);
}

static void a_cse_initiates(void **state)
{
    struct mln_credential credential = { .id = MLN_S("32-//sp.example/mn"),
                                         .suid = 43,
                                         .label = MLN_S("x"),
                                         .domain = MLN_S("other.sp.example"),
                                         .cse_id = MLN_S("//sp.example/mn"),
                                         .not_after_us = INT64_MAX };
    struct mln_escertke_run *run = begin_with(other);

    (void)state;
    well(mln_credentials_add(lab->dir->credentials, &credential, NULL, &fault));
    complete(run, "/mn", third(run, "/mn"));
    mln_escertke_run_free(run);
    /* it speaks for itself, not for the AEs behind it */
    run = begin_with(other);
    assert_int_equal(refused("/mn/C1", third(run, "/mn/C1"), "access denied").code,
                     MLN_ERR_ESCERTKE);
    mln_escertke_run_free(run);
    well(mln_credentials_remove(lab->dir->credentials, credential.id, NULL));
}

/* ---- SEC-CKE-02: nobody gets a key in another's name ---- */

static void another_name_than_the_certificate(void **state)
{
    static const char *const froms[] = { "Sother", "Cdev", "/mn", "//far.example/Sdev", "Sdevil" };

    (void)state;
    for (size_t i = 0; i < sizeof froms / sizeof froms[0]; i++) {
        struct mln_escertke_run *run = begin_with(device);
        struct mln_pair_key key;
        char kid[MLN_MADE_KID];

        assert_int_equal(refused(froms[i], third(run, froms[i]), "access denied").code,
                         MLN_ERR_ESCERTKE);
        assert_int_equal(mln_escertke_finish(run, INT64_MAX, NULL, &key, kid).code,
                         MLN_ERR_ESCERTKE);
        mln_escertke_run_free(run);
    }
}

/* A device speaks for the one AE that it is configured for; a pattern names nobody. */
static void by_configured_credential(void **state)
{
    struct mln_slice patterns[] = { MLN_S("S*") };
    struct mln_credential credential = { .id = MLN_S("32-//sp.example/mn"),
                                         .suid = 43,
                                         .label = MLN_S("x"),
                                         .domain = MLN_S("other.sp.example"),
                                         .ae_ids = { patterns, 1 },
                                         .not_after_us = INT64_MAX };
    struct mln_escertke_run *run = begin_with(other);

    (void)state;
    credential.id = MLN_S("34-urn:dev:x");
    well(mln_credentials_add(lab->dir->credentials, &credential, NULL, &fault));
    assert_int_equal(refused("Smeter", third(run, "Smeter"), "access denied").code,
                     MLN_ERR_ESCERTKE);
    mln_escertke_run_free(run);
    well(mln_credentials_remove(lab->dir->credentials, credential.id, NULL));
    patterns[0] = MLN_S("Smeter");
    well(mln_credentials_add(lab->dir->credentials, &credential, NULL, &fault));
    run = begin_with(other);
    complete(run, "Smeter", third(run, "Smeter"));
    mln_escertke_run_free(run);
    well(mln_credentials_remove(lab->dir->credentials, credential.id, NULL));
}

/* ---- SEC-CKE-03 ---- */

static void out_of_turn(void **state)
{
    struct mln_escertke_run *run = begin_with(device);
    struct mln_slice first = hear(run, MLN_S(""));
    struct mln_slice second;
    struct mln_slice message;
    struct mln_slice fourth;

    (void)state;
    well(take("Sdev", first, &second));
    message = hear(run, second);
    assert_int_equal(refused("Sother", message, NULL).code, MLN_ERR_ESCERTKE); /* foreign */
    assert_int_equal(refused("Sdev", second, NULL).code, MLN_ERR_ESCERTKE);
    assert_int_equal(refused("Sdev", MLN_S("AAAA"), NULL).code, MLN_ERR_ESCERTKE);
    assert_int_equal(refused("Sdev", MLN_S(""), NULL).code, MLN_ERR_ESCERTKE);
    assert_int_equal(refused("Sdev", MLN_S("*"), NULL).code, MLN_ERR_ESCERTKE);
    well(take("Sdev", message, &fourth)); /* nothing was harmed */
    assert_int_equal(refused("Sdev", message, NULL).code, MLN_ERR_ESCERTKE); /* again */
    assert_int_equal(refused("Sdev", fourth, NULL).code, MLN_ERR_ESCERTKE);
    assert_int_equal(hear(run, fourth).len, 0);
    expect_key(run, NULL);
    mln_escertke_run_free(run);
}

static void a_message_3_without_1(void **state)
{
    struct mln_escertke_options options = {
        .env = &lab->env, .limits = &limits, .slot = slot, .keys = keys
    };
    struct mln_escertke_run *run = begin_with(device);
    struct mln_slice message = third(run, "Sdev");

    (void)state;
    mln_escertke_free(end); /* the CSE began anew */
    well(mln_escertke_new(&options, &end));
    assert_int_equal(refused("Sdev", message, NULL).code, MLN_ERR_ESCERTKE);
    mln_escertke_run_free(run);
}

static void a_newer_message_1(void **state)
{
    struct mln_escertke_run *old = begin_with(device);
    struct mln_escertke_run *new = begin_with(device);
    struct mln_slice of_old = third(old, "Sdev");
    struct mln_slice of_new = third(new, "Sdev");

    (void)state;
    complete(new, "Sdev", of_new);
    assert_int_equal(refused("Sdev", of_old, NULL).code, MLN_ERR_ESCERTKE);
    mln_escertke_run_free(old);
    mln_escertke_run_free(new);
}

static void who_gives_up(void **state)
{
    static const char alert[] = { 21, 3, 3, 0, 2, 2, 90 };
    struct mln_escertke_run *run = begin_with(device);
    struct mln_slice message = third(run, "Sdev");
    struct mln_slice text;
    struct mln_buf out;

    (void)state;
    mln_buf_init(&out, arena, 100);
    mln_base64_add(&out, mln_slice_of(alert, sizeof alert));
    well(mln_buf_finish(&out, &text));
    assert_int_equal(refused("Sother", text, NULL).code, MLN_ERR_ESCERTKE);
    assert_int_equal(refused("Sdev", text, NULL).code, MLN_ERR_ESCERTKE);
    assert_string_equal(fault.text, "ESCertKE: the originator refuses: user canceled");
    assert_int_equal(refused("Sdev", message, NULL).code, MLN_ERR_ESCERTKE);
    mln_escertke_run_free(run);
}

/* ---- SEC-CKE-04 ---- */

static void several_at_once(void **state)
{
    struct mln_credential credential = {
        .id = MLN_S("34-urn:dev:x"),
        .suid = 43,
        .label = MLN_S("x"),
        .domain = MLN_S("other.sp.example"),
        .ae_ids = { (struct mln_slice[]){ MLN_S("Sa"), MLN_S("Sb"), MLN_S("Sc") }, 3 },
        .not_after_us = INT64_MAX
    };
    static const char *const froms[] = { "Sa", "Sb", "Sc", "Sdev" };
    struct mln_escertke_run *runs[4];
    struct mln_slice messages[4];

    (void)state;
    well(mln_credentials_add(lab->dir->credentials, &credential, NULL, &fault));
    for (size_t i = 0; i < 4; i++) {
        runs[i] = begin_with(i == 3 ? device : other);
        messages[i] = third(runs[i], froms[i]);
    }
    assert_int_equal(refused(froms[0], messages[1], "decrypt error").code, MLN_ERR_ESCERTKE);
    for (size_t i = 3; i > 0; i--) {
        complete(runs[i], froms[i], messages[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        mln_escertke_run_free(runs[i]);
    }
    well(mln_credentials_remove(lab->dir->credentials, credential.id, NULL));
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 12 };

/* Message 1 to 4, in an arena of the thread. */
static mln_err exchange(struct mln_escertke_run *run, struct mln_arena *own)
{
    struct mln_entity from = { MLN_S("sp.example"), { 0 }, MLN_S("Sdev") };
    struct mln_escertke_message m = { .from = &from, .names = &names, .arena = own };

    MLN_TRY(mln_escertke_step(run, NULL, own, NULL, &m.text));
    for (int i = 0; i < 2; i++) {
        struct mln_slice said = { 0 };
        struct mln_value *info = mln_value_new(own, MLN_V_OBJECT);

        MLN_TRY(mln_escertke_take(end, &m, &said));
        MLN_TRY(mln_value_set(info, MLN_S("sit"), mln_value_uint(own, 6)));
        MLN_TRY(mln_value_set(info, MLN_S("eckm"), mln_value_text(own, said)));
        MLN_TRY(mln_escertke_step(run, info, own, NULL, &m.text));
    }
    return MLN_OK;
}

/* Runs of one originator, who begins anew before others of it are over. How many made a key. */
static void *busy(void *data)
{
    struct mln_arena *own = mln_arena_new(ARENA_BYTES);
    const struct mln_tls_target target = { .cse_id = CSE };
    size_t *made = data;

    for (int i = 0; i < ROUNDS; i++) {
        struct mln_escertke_run *run = NULL;

        mln_arena_reset(own);
        if (!mln_failed(mln_escertke_begin(device, &target, NULL, &run)) &&
            !mln_failed(exchange(run, own))) {
            ++*made;
        }
        mln_escertke_run_free(run);
    }
    mln_arena_free(own);
    return NULL;
}

static void several_threads(void **state)
{
    pthread_t threads[THREADS];
    size_t made[THREADS] = { 0 };
    struct mln_escertke_run *run;
    size_t sum = 0;

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, busy, &made[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        mln_made_keys_renew(keys);
        (void)mln_escertke_is_ready(end);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        sum += made[i];
    }
    assert_true(sum > 0); /* the last one is not disturbed */
    run = begin_with(device);
    complete(run, "Sdev", third(run, "Sdev"));
    mln_escertke_run_free(run);
}

/* ---- SEC-CKE-06 ---- */

static void another_answer(void **state)
{
    static const struct {
        unsigned sit;
        const char *element;
    } rows[] = { { 5, "epo" }, { 4, "ero" }, { 5, "eckm" }, { 6, "epo" }, { 3, "eckm" } };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mln_escertke_run *run = begin_with(device);
        struct mln_slice second;
        struct mln_slice next = MLN_S("x");

        well(take("Sdev", hear(run, MLN_S("")), &second));
        assert_int_equal(mln_escertke_step(run, info_of(rows[i].sit, rows[i].element, second),
                                           arena, &fault, &next)
                             .code,
                         MLN_ERR_ESCERTKE);
        assert_int_equal(next.len, 0);
        mln_escertke_run_free(run);
    }
}

/* ---- SEC-CKE-08 ---- */

static void no_more_than_the_limit(void **state)
{
    struct mln_escertke_run *run = begin_with(device);
    struct mln_slice first = hear(run, MLN_S(""));
    struct mln_slice second;
    char from[16];

    (void)state;
    for (unsigned i = 0; i < limits.escertke_pending; i++) {
        (void)snprintf(from, sizeof from, "S%u", i);
        well(take(from, first, &second));
        mln_arena_reset(arena);
        mln_escertke_run_free(run);
        run = begin_with(device);
        first = hear(run, MLN_S(""));
    }
    assert_int_equal(refused("Sdev", first, NULL).code, MLN_ERR_LIMIT);
    well(take("S0", first, &second)); /* in the place of its own */
    lab->later_us = (int64_t)limits.escertke_ms * 1000;
    mln_escertke_run_free(run);
    run = begin_with(device);
    complete(run, "Sdev", third(run, "Sdev"));
    mln_escertke_run_free(run);
}

static void a_handshake_that_takes_too_long(void **state)
{
    const int64_t late[] = { (int64_t)limits.escertke_ms * 1000 - SECONDS,
                             (int64_t)limits.escertke_ms * 1000, -60 * (int64_t)SECONDS };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct mln_escertke_run *run = begin_with(device);
        struct mln_slice message = third(run, "Sdev");

        lab->later_us = late[i]; /* the clock may be set back, too */
        if (i == 0) {
            complete(run, "Sdev", message);
        } else {
            assert_int_equal(refused("Sdev", message, NULL).code, MLN_ERR_ESCERTKE);
        }
        lab->later_us = 0;
        mln_escertke_run_free(run);
    }
}

static void a_message_that_is_too_long(void **state)
{
    static char text[100000];

    (void)state;
    memset(text, 'A', sizeof text);
    assert_int_equal(refused("Sdev", mln_slice_of(text, sizeof text), NULL).code, MLN_ERR_LIMIT);
    assert_int_equal(refused("Sdev", mln_slice_of(text, limits.escertke_bytes / 3 * 4), NULL).code,
                     MLN_ERR_ESCERTKE);
}

/* ---- certificates of this end ---- */

static void without_a_certificate(void **state)
{
    struct mln_escertke_run *run = begin_with(device);
    struct mln_slice first = hear(run, MLN_S(""));
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct mln_tls *tls = NULL;

    (void)state;
    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    mln_tls_slot_set(slot, tls); /* no anchor for those of others */
    mln_tls_unref(tls);
    assert_int_equal(refused("Sdev", first, NULL).code, MLN_ERR_NOT_IMPLEMENTED);
    mln_tls_slot_set(slot, NULL);
    assert_int_equal(refused("Sdev", first, NULL).code, MLN_ERR_NOT_IMPLEMENTED);
    mln_escertke_run_free(run);
}

/* What was proved to certificates of before is proved to nobody. */
static void certificates_are_exchanged(void **state)
{
    struct mln_escertke_run *run = begin_with(device);
    struct mln_slice message = third(run, "Sdev");

    (void)state;
    put_context();
    mln_made_keys_renew(keys);
    assert_int_equal(refused("Sdev", message, "access denied").code, MLN_ERR_ESCERTKE);
    mln_escertke_run_free(run);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_run),
        T(spellings),
        T(a_cse_initiates),
        T(another_name_than_the_certificate),
        T(by_configured_credential),
        T(out_of_turn),
        T(a_message_3_without_1),
        T(a_newer_message_1),
        T(who_gives_up),
        T(several_at_once),
        T(several_threads),
        T(another_answer),
        T(no_more_than_the_limit),
        T(a_handshake_that_takes_too_long),
        T(a_message_that_is_too_long),
        T(without_a_certificate),
        T(certificates_are_exchanged),
    };

    return cmocka_run_group_tests(tests, lab_up, lab_down);
}
