/* Tests of targets whose keys are made by certificate: the other end is that of e2e/escertke.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/client_int.h"
#include "codec/json.h"
#include "crypto/tls_pair_test.h"
#include "e2e/escertke.h"
#include "e2e/inner.h"
#include "e2e/session.h"

enum { ARENA = 4 << 20, FILES = 3, INFO = 16384 };

static char files[FILES][32]; /* anchor, certificate, key of the target */
static const struct merlon_target_certificate certificate = {
    .anchor_file = files[0],
    .certificate_file = files[1],
    .private_key_file = files[2],
    .cse_id = "//sp.example/in",
};
static struct mln_tls_client *initiator; /* the CSE //sp.example/in */
static struct mln_limits limits;
static struct mln_arena *arena;
static struct mln_fault fault;
static struct merlon_client *client;
static struct merlon_target *target;
static int asked;

static int handle(void *data, const struct merlon_incoming *request,
                  struct merlon_content **ret_content)
{
    (void)data;
    (void)ret_content;
    assert_string_equal(request->from, "/in");
    asked++;
    return 0;
}

/* ---- set up ---- */

static void write_file(char *path, struct mln_slice text)
{
    int fd;

    (void)snprintf(path, sizeof files[0], "/tmp/merlon-cert-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
    assert_int_equal(close(fd), 0);
}

static int lab_up(void **state)
{
    struct mln_tls_client_options options = { .env = mln_env_system() };
    struct tls_lab *lab;

    assert_int_equal(mln_tls_lab_up(state), 0);
    lab = *state;
    write_file(files[0], lab->anchor);
    write_file(files[1], lab->ae.certificate);
    write_file(files[2], lab->ae.key);
    options.verifier = mln_tls_lab_verifier(lab);
    options.identity = lab->cse;
    assert_false(mln_failed(mln_tls_client_new(&options, NULL, &initiator)));
    mln_cert_verifier_unref(options.verifier);
    mln_client_limits(&limits);
    return 0;
}

static int lab_down(void **state)
{
    mln_tls_client_unref(initiator);
    for (size_t i = 0; i < FILES; i++) {
        assert_int_equal(unlink(files[i]), 0);
    }
    return mln_tls_lab_down(state);
}

static void certify(const struct merlon_target_certificate *how)
{
    struct merlon_error error = { .text = "" };

    if (merlon_target_certify(target, how, &error) != MERLON_OK) {
        fail_msg("%s", error.text);
    }
}

static int set_up(void **state)
{
    (void)state;
    asked = 0;
    arena = mln_arena_new(ARENA);
    client = merlon_client_new("http://127.0.0.1:9", NULL);
    target = merlon_target_new(client, "cse-in/ae1", handle, NULL, NULL);
    assert_non_null(target);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    merlon_target_free(target);
    merlon_client_free(client);
    mln_arena_free(arena);
    return 0;
}

/* ---- messages ---- */

static const struct mln_value *json(struct mln_slice text)
{
    struct mln_value *v = NULL;

    assert_false(mln_failed(mln_json_read(text, &limits, arena, &v, &fault)));
    return v;
}

static mln_err take(const char *from, const char *info, const struct mln_value **ret)
{
    struct mln_notified what = { json(mln_slice_z(info)), mln_slice_z(from) };
    struct mln_slice content = { 0 };
    mln_err err;

    mln_fault_clear(&fault);
    err = mln_target_take(target, &what, arena, &content, &fault);
    *ret = content.len ? mln_value_get(json(content), MLN_S("m2m:seci")) : NULL;
    return err;
}

static mln_err say(struct mln_escertke_run *run, const char *from, const struct mln_value **info)
{
    struct mln_slice text = { 0 };
    char *message = mln_arena_zalloc(arena, 1, INFO);

    assert_false(mln_failed(mln_escertke_step(run, *info, arena, &fault, &text)));
    (void)snprintf(message, INFO, "{\"sit\":6,\"eckm\":\"%.*s\"}", MLN_S_ARG(text));
    return take(from, message, info);
}

static struct mln_escertke_run *begin(void)
{
    const struct mln_tls_target there = { .ae_id = MLN_S("//sp.example/Sdev") };
    struct mln_escertke_run *run = NULL;

    assert_false(mln_failed(mln_escertke_begin(initiator, &there, &fault, &run)));
    return run;
}

/* A session under a key that was made so. */
static struct mln_esprim_session *open_session(void)
{
    static const enum mln_jose_enc enc = MLN_JOSE_A256GCM;
    struct mln_escertke_run *run = begin();
    const struct mln_value *info = NULL;
    struct mln_slice text = { 0 };
    struct mln_esprim_session *session = NULL;
    struct mln_pair_key key = { 0 };
    char kid[MLN_MADE_KID];
    struct mln_esprim_session_options options = {
        .env = mln_env_system(), .limits = &limits, .encs = &enc, .enc_count = 1
    };

    assert_false(mln_failed(say(run, "/in", &info)));
    assert_false(mln_failed(say(run, "//sp.example/in", &info)));
    assert_false(mln_failed(mln_escertke_step(run, info, arena, &fault, &text)));
    assert_int_equal(text.len, 0);
    assert_false(mln_failed(mln_escertke_finish(run, INT64_MAX, &fault, &key, kid)));
    mln_escertke_run_free(run);
    assert_true(mln_slice_eq(key.association->ae_ids[0], MLN_S("//sp.example/Sdev")));
    options.kid = mln_slice_of(kid, sizeof kid);
    options.key = key.key;
    assert_false(mln_failed(mln_esprim_session_new(&options, &session)));
    mln_secret_free(key.key);
    mln_association_unref(key.association);
    return session;
}

static mln_err ask(struct mln_esprim_session *session, const char *request)
{
    const struct mln_serialisation *form = mln_serialisation_named(MLN_S("json"));
    const struct mln_value *info = NULL;
    struct mln_e2e_random random;
    struct mln_esprim_sent sent;
    struct mln_slice text = { 0 };
    char *object = mln_arena_zalloc(arena, 1, INFO);

    assert_false(mln_failed(take("/in", "{\"sit\":3}", &info)));
    assert_false(
        mln_failed(mln_e2e_random_read(mln_value_get(info, MLN_S("ero")), false,
                                       mln_env_now_us(mln_env_system()), &random, &fault)));
    assert_false(mln_failed(mln_esprim_session_receive(session, &random)));
    assert_false(mln_failed(
        mln_inner_write_request(&form, json(mln_slice_z(request)), arena, INFO / 2, &text)));
    assert_false(mln_failed(mln_esprim_session_seal(session, form, text, arena, &sent)));
    (void)snprintf(object, INFO, "{\"sit\":5,\"epo\":\"%.*s\"}", MLN_S_ARG(sent.object));
    return take("/in", object, &info);
}

#define ASK(from)                                                                                  \
    "{\"op\":2,\"to\":\"cse-in/ae1/x\",\"fr\":\"" from "\",\"rqi\":\"r1\",\"rvi\":\"3\"}"

/* ---- tests ---- */

/* SEC-CKE-01, SEC-CKE-05: an AE terminates, too; its key stands for whom the certificate names */
static void a_key_and_what_it_is_for(void **state)
{
    struct mln_esprim_session *session;

    (void)state;
    certify(&certificate);
    session = open_session();
    assert_int_equal(ask(session, ASK("/in")).code, MLN_ERR_NONE);
    assert_int_equal(asked, 1);
    assert_int_equal(ask(session, ASK("/mn")).code, MLN_ERR_ESPRIM_IMPERSONATION);
    assert_int_equal(ask(session, ASK("/in/Cae")).code, MLN_ERR_ESPRIM_IMPERSONATION);
    assert_int_equal(ask(session, ASK("")).code, MLN_ERR_ESPRIM_IMPERSONATION);
    assert_int_equal(asked, 1);
    mln_esprim_session_free(session);
}

/* SEC-CKE-02, SEC-CKE-03 */
static void who_gets_no_key(void **state)
{
    static const char *const froms[] = { "/mn", "Sdev", "no name" };
    static const enum mln_err_code codes[] = { MLN_ERR_ESCERTKE, MLN_ERR_ESCERTKE,
                                               MLN_ERR_PARAM_INVALID };

    (void)state;
    certify(&certificate);
    for (size_t i = 0; i < 3; i++) {
        struct mln_escertke_run *run = begin();
        const struct mln_value *info = NULL;
        mln_err err = say(run, froms[i], &info);

        if (!mln_failed(err)) {
            err = say(run, froms[i], &info);
            assert_non_null(mln_value_get(info, MLN_S("eckm"))); /* the alert */
        }
        assert_int_equal(err.code, codes[i]);
        mln_escertke_run_free(run);
    }
}

static void only_some_originators(void **state)
{
    struct merlon_target_certificate how = certificate;
    struct mln_esprim_session *session;

    (void)state;
    how.originator = "/mn*";
    certify(&how);
    session = open_session();
    assert_int_equal(ask(session, ASK("/in")).code, MLN_ERR_ESPRIM_IMPERSONATION);
    assert_int_equal(asked, 0);
    mln_esprim_session_free(session);
}

static void without_certificates(void **state)
{
    struct mln_escertke_run *run = begin();
    const struct mln_value *info = NULL;
    struct merlon_error error = { .text = "" };

    (void)state;
    assert_int_equal(say(run, "/in", &info).code, MLN_ERR_NOT_IMPLEMENTED);
    mln_escertke_run_free(run);
    assert_int_equal(merlon_target_publish(target, &error), MERLON_INVALID);
    assert_string_equal(error.text, "a target needs a key, or certificates");
}

static void assert_bad(const struct merlon_target_certificate *how, const char *why)
{
    struct merlon_error error = { .text = "" };

    assert_int_equal(merlon_target_certify(target, how, &error), MERLON_INVALID);
    if (!strstr(error.text, why)) {
        fail_msg("'%s' does not contain '%s'", error.text, why);
    }
}

static void bad_settings_are_refused(void **state)
{
    struct merlon_target_certificate bad = certificate;

    (void)state;
    bad.anchor_file = NULL;
    assert_bad(&bad, "a trust anchor");
    bad = certificate;
    bad.cse_id = "in";
    assert_bad(&bad, "absolute CSE-ID");
    bad = certificate;
    bad.private_key_file = "/nowhere/key";
    assert_bad(&bad, "/nowhere/key");
    certify(&certificate);
    assert_bad(&certificate, "already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_key_and_what_it_is_for), TEST(who_gets_no_key),          TEST(only_some_originators),
        TEST(without_certificates),     TEST(bad_settings_are_refused),
    };

    return cmocka_run_group_tests_name("target_certify", tests, lab_up, lab_down);
}
