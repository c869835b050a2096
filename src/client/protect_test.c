/* Tests of protected clients against a target with the real engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/client_int.h"
#include "client/esprim_stub_test.h"
#include "client/protect_int.h"
#include "crypto/tls_pair_test.h"

static struct mln_esprim_stub stub;
static struct mln_tls_slot *slot; /* of the stub, in the tests with certificates */
static struct merlon_client *carrier;
static struct merlon_client *client;
static char key_file[] = "/tmp/merlon-protect-XXXXXX";
static struct merlon_protection how = { .key_id = MLN_ESPRIM_STUB_KEY_ID, .key_file = key_file };

static void write_file(int fd, struct mln_slice text)
{
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
    assert_int_equal(close(fd), 0);
}

static int make_key(void **state)
{
    (void)state;
    write_file(mkstemp(key_file), MLN_S(MLN_ESPRIM_STUB_KEY "\n"));
    return 0;
}

static int remove_key(void **state)
{
    (void)state;
    return unlink(key_file);
}

static int set_up(void **state)
{
    struct merlon_error error = { .text = "" };

    (void)state;
    mln_esprim_stub_start(&stub, slot);
    atomic_store(&stub.is_shared, true);
    carrier = merlon_client_new(stub.stub.url, NULL);
    assert_non_null(carrier);
    assert_int_equal(merlon_client_set_originator(carrier, "Cme", NULL), MERLON_OK);
    client = merlon_client_new_protected(carrier, "cse-in", &how, &error);
    assert_string_equal(error.text, "");
    assert_non_null(client);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    merlon_client_free(client);
    merlon_client_free(carrier);
    mln_esprim_stub_stop(&stub);
    return 0;
}

static void assert_retrieved(void)
{
    struct merlon_response *response = NULL;
    struct merlon_error error = { .text = "" };
    int64_t n = 0;

    if (merlon_retrieve(client, "cse-in/c1", &response, &error) != MERLON_OK) {
        fail_msg("%d %d %s", (int)error.status, error.rsc, error.text);
    }
    assert_true(merlon_json_int64(merlon_response_attribute(response, "mni"), &n) && n == 3);
    assert_string_equal(merlon_response_address(response), "c1");
    merlon_response_free(response);
}

static void assert_refused(int rsc, const char *why)
{
    struct merlon_response *response = NULL;
    struct merlon_error error = { .text = "" };

    assert_int_equal(merlon_retrieve(client, "cse-in/c1", &response, &error), MERLON_SECURITY);
    assert_null(response);
    assert_int_equal(error.status, MERLON_SECURITY);
    assert_int_equal(error.rsc, rsc);
    if (!strstr(error.text, why)) {
        fail_msg("'%s' does not contain '%s'", error.text, why);
    }
}

/* ---- what goes through ---- */

static void all_operations_in_all_forms(void **state)
{
    static const char *const forms[] = { NULL, "json", "xml", "cbor" };
    struct merlon_content *content = merlon_content_new("cnt", NULL);
    struct merlon_error error;

    assert_int_equal(merlon_content_set(content, "lbl", "hidden", &error), MERLON_OK);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        how.serialisation = forms[i];
        assert_int_equal(set_up(state), 0);
        how.serialisation = NULL;
        assert_retrieved();
        assert_int_equal(merlon_create(client, "cse-in", content, NULL, &error), MERLON_OK);
        assert_int_equal(merlon_update(client, "cse-in/c1", content, NULL, &error), MERLON_OK);
        assert_int_equal(merlon_delete(client, "cse-in/c1", NULL, &error), MERLON_OK);
        assert_int_equal(merlon_notify(client, "cse-in/c1", content, NULL, &error), MERLON_OK);
        assert_int_equal(atomic_load(&stub.opened), 5);
        assert_int_equal(tear_down(state), 0);
        assert_null(strstr(stub.stub.requests, "hidden"));
        assert_null(strstr(stub.stub.requests, "cse-in/c1"));
        assert_non_null(strstr(stub.last, "{\"op\":5,\"to\":\"cse-in/c1\","));
        assert_non_null(strstr(stub.last, "\"rqi\":\""));
        assert_non_null(strstr(stub.last, "\"fr\":\"Cme\""));
        assert_non_null(strstr(stub.last, "\"pc\":{\"m2m:cnt\":{\"lbl\":[\"hidden\"]}}"));
    }
    merlon_content_free(content);
}

static void the_originator_inside_is_the_clients_own(void **state)
{
    (void)state;
    assert_int_equal(merlon_client_set_originator(client, "Cother", NULL), MERLON_OK);
    assert_retrieved();
    assert_int_equal(merlon_client_set_originator(carrier, "", NULL), MERLON_OK);
    assert_retrieved();
    merlon_client_free(client);
    client = NULL;
    assert_int_equal(atomic_load(&stub.opened), 2);
}

/* SEC-EPR-10, SEC-EPR-12 */
static void one_session_serves_many_requests(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_retrieved();
    }
    assert_int_equal(atomic_load(&stub.infos), 1);
    assert_int_equal(atomic_load(&stub.offers), 0);
    assert_int_equal(atomic_load(&stub.opened), 5);
    assert_int_equal(atomic_load(&stub.firsts), 1);
}

/* SEC-EPR-10 */
static void without_a_shared_object_one_is_asked_for(void **state)
{
    (void)state;
    atomic_store(&stub.is_shared, false);
    assert_retrieved();
    assert_retrieved();
    assert_int_equal(atomic_load(&stub.offers), 1);
}

/* SEC-EPR-10 */
static void instead_of_an_expired_one_another_is_asked_for(void **state)
{
    (void)state;
    atomic_store(&stub.is_esro_old, true);
    assert_retrieved();
    assert_int_equal(atomic_load(&stub.infos), 1);
    assert_int_equal(atomic_load(&stub.offers), 1);
}

/* ---- recovery ---- */

/* SEC-EPR-12 */
static void a_target_that_has_restarted_is_met_anew(void **state)
{
    (void)state;
    assert_retrieved();
    atomic_store(&stub.has_restarted, true);
    assert_retrieved();
    assert_int_equal(atomic_load(&stub.infos), 2);
    atomic_store(&stub.is_shared, false);
    atomic_store(&stub.has_restarted, true);
    assert_retrieved();
    assert_int_equal(atomic_load(&stub.offers), 1);
    assert_int_equal(atomic_load(&stub.objects), 5);
    assert_int_equal(atomic_load(&stub.opened), 3);
}

/* SEC-EPR-12 */
static void a_forgotten_originator_object_is_made_anew(void **state)
{
    (void)state;
    assert_retrieved();
    atomic_store(&stub.fault, MLN_FAULT_ONCE_4113);
    assert_retrieved();
    assert_int_equal(atomic_load(&stub.infos), 1);
    assert_int_equal(atomic_load(&stub.firsts), 2);
    assert_int_equal(atomic_load(&stub.objects), 3);
}

static void recovery_is_tried_once(void **state)
{
    (void)state;
    atomic_store(&stub.fault, MLN_FAULT_ALWAYS_4113);
    assert_refused(4113, "is refused with 4113 ");
    assert_int_equal(atomic_load(&stub.objects), 2);
    atomic_store(&stub.fault, MLN_FAULT_ALWAYS_4114);
    assert_refused(4114, "is refused with 4114 ");
    assert_int_equal(atomic_load(&stub.objects), 4);
    atomic_store(&stub.fault, MLN_FAULT_NONE);
    assert_retrieved();
}

/* SEC-EPR-22: when the receiver object has passed half its life */
static void a_new_receiver_object_comes_with_an_answer(void **state)
{
    (void)state;
    assert_retrieved();
    atomic_store(&stub.ahead_us, INT64_C(400) * 1000000);
    assert_retrieved();
    assert_retrieved();
    assert_int_equal(atomic_load(&stub.infos), 1);
    assert_int_equal(atomic_load(&stub.offers), 0);
    assert_int_equal(atomic_load(&stub.firsts), 2);
}

/* ---- what does not go through ---- */

/* SEC-EPR-18 */
static void a_target_without_support_gets_nothing(void **state)
{
    (void)state;
    atomic_store(&stub.fault, MLN_FAULT_NO_INFO);
    assert_refused(0, "cse-in takes no protected requests: its e2eSecInfo is absent");
    atomic_store(&stub.fault, MLN_FAULT_OTHER_SUIDS);
    assert_refused(0, "cse-in takes no protected requests: its e2eSecInfo names no ESPrim");
    atomic_store(&stub.fault, MLN_FAULT_NO_RIGHT);
    assert_refused(4103, "e2eSecInfo of cse-in: 4103 ORIGINATOR_HAS_NO_PRIVILEGE: not you");
    assert_int_equal(atomic_load(&stub.offers), 0);
    assert_int_equal(atomic_load(&stub.objects), 0);
}

/* SEC-EPR-13 */
static void answers_that_are_not_the_targets_are_refused(void **state)
{
    static const struct {
        enum mln_esprim_fault fault;
        int rsc;
        const char *why;
    } rows[] = {
        { MLN_FAULT_BARE, 0, "cse-in: the answer is not protected" },
        { MLN_FAULT_CHANGED, 0, "cse-in: the protected answer is refused: " },
        { MLN_FAULT_OTHER_REQUEST, 0, "it answers another request" },
        { MLN_FAULT_REFUSED, 4103, "is refused with 4103 ORIGINATOR_HAS_NO_PRIVILEGE: no NOTIFY" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        atomic_store(&stub.fault, (int)rows[i].fault);
        assert_refused(rows[i].rsc, rows[i].why);
        atomic_store(&stub.fault, MLN_FAULT_NONE);
        assert_retrieved();
    }
    merlon_client_free(client);
    atomic_store(&stub.is_shared, false);
    atomic_store(&stub.fault, MLN_FAULT_NO_OBJECT);
    client = merlon_client_new_protected(carrier, "cse-in", &how, NULL);
    assert_refused(0, "cse-in sent no receiver object that can be used");
}

/* SEC-EPR-04 */
static void a_key_that_the_target_does_not_know_is_told(void **state)
{
    struct merlon_protection other = { .key_id = "k2@b.example", .key_file = key_file };

    (void)state;
    merlon_client_free(client);
    client = merlon_client_new_protected(carrier, "cse-in", &other, NULL);
    assert_refused(4112, "is refused with 4112 ");
    assert_int_equal(atomic_load(&stub.objects), 1);
}

/* SEC-EPR-09 */
static void a_refusal_inside_is_the_targets_own(void **state)
{
    struct merlon_error error;

    (void)state;
    atomic_store(&stub.fault, MLN_FAULT_DENIED);
    assert_int_equal(merlon_retrieve(client, "cse-in/c1", NULL, &error), MERLON_REFUSED);
    assert_int_equal(error.rsc, 4103);
}

static void silence_ends_by_the_time_out(void **state)
{
    struct merlon_error error;

    (void)state;
    atomic_store(&stub.fault, MLN_FAULT_SILENCE);
    merlon_client_set_timeout(client, 300);
    assert_int_equal(merlon_retrieve(client, "cse-in/c1", NULL, &error), MERLON_TIMEOUT);
    /* told by the protected client, or by its carrier: both have the same time */
    assert_true(strstr(error.text, "no protected answer in time") ||
                strstr(error.text, "timed out"));
}

/* The connections of the carrier are for others then. */
static void what_has_timed_out_is_called_off(void **state)
{
    struct merlon_error error;

    (void)state;
    atomic_store(&stub.fault, MLN_FAULT_SILENCE);
    merlon_client_set_timeout(carrier, 600000);
    merlon_client_set_timeout(client, 300);
    assert_int_equal(merlon_retrieve(client, "cse-in/c1", NULL, &error), MERLON_TIMEOUT);
    for (int i = 0; i < 200 && carrier->calls; i++) {
        assert_int_equal(merlon_client_run(carrier, 100, NULL), MERLON_TIMEOUT);
    }
    assert_int_equal(carrier->calls, 0);
}

/* ---- without waiting ---- */

struct told {
    int count;
    int done;
    enum merlon_status status;
};

static void on_answered(void *data, struct merlon_response *response,
                        const struct merlon_error *error)
{
    struct told *told = data;

    told->count++;
    told->done += response && merlon_response_rsc(response) == 2000;
    told->status = error ? error->status : MERLON_OK;
    merlon_response_free(response);
    if (told->count == 3) {
        merlon_client_stop(client);
    }
}

static void begin_three(struct told *told)
{
    struct merlon_request *request = merlon_request_new(MERLON_RETRIEVE, "cse-in/c1", NULL);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(merlon_begin(client, request, on_answered, told, NULL), MERLON_OK);
    }
    merlon_request_free(request);
}

static void several_share_one_session(void **state)
{
    struct told told = { 0 };

    (void)state;
    begin_three(&told);
    assert_int_equal(merlon_client_run(client, 20000, NULL), MERLON_OK);
    assert_int_equal(told.done, 3);
    assert_int_equal(atomic_load(&stub.infos), 1);
    /* the carrier serves as well */
    begin_three(&told);
    while (told.count < 6) {
        assert_int_equal(merlon_client_run(carrier, 1, NULL), MERLON_TIMEOUT);
    }
    assert_int_equal(told.done, 6);
}

static void freeing_the_client_calls_off_what_is_under_way(void **state)
{
    struct told told = { 0 };

    (void)state;
    begin_three(&told);
    merlon_client_free(client);
    client = NULL;
    assert_int_equal(told.count, 3);
    assert_int_equal(told.status, MERLON_CANCELLED);
    assert_int_equal(merlon_client_run(carrier, 1, NULL), MERLON_OK); /* stopped by the callback */
    assert_int_equal(merlon_client_run(carrier, 1, NULL), MERLON_TIMEOUT);
    client = merlon_client_new_protected(carrier, "cse-in", &how, NULL);
    assert_retrieved();
}

/* ---- certificates ---- */

static char cert_files[3][32];
static struct merlon_protection by_certificate = {
    .anchor_file = cert_files[0],
    .certificate_file = cert_files[1],
    .private_key_file = cert_files[2],
    .peer = "//sp.example/in",
};

static int64_t certificate_left_s; /* of the stub; 0: it lasts */

/* The stub is //sp.example/in, the client //sp.example/Sdev. */
static int set_up_certificates(void **state)
{
    void *made = NULL;
    struct tls_lab *lab;
    struct mln_tls_options options;
    struct mln_tls *tls = NULL;
    struct mln_slice texts[3];

    assert_int_equal(mln_tls_lab_up(&made), 0);
    lab = made;
    if (certificate_left_s) {
        mln_tls_lab_shorten(lab, certificate_left_s);
    }
    texts[0] = lab->anchor;
    texts[1] = lab->ae.certificate;
    texts[2] = lab->ae.key;
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(cert_files[i], sizeof cert_files[i], "/tmp/merlon-cert-XXXXXX");
        write_file(mkstemp(cert_files[i]), texts[i]);
    }
    options = mln_tls_lab_options(lab);
    options.verifier = mln_tls_lab_verifier(lab);
    assert_false(mln_failed(mln_tls_slot_new(&slot)));
    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    mln_tls_slot_set(slot, tls);
    mln_tls_unref(tls);
    mln_cert_verifier_unref(options.verifier);
    assert_int_equal(set_up(state), 0);
    assert_int_equal(merlon_client_set_originator(carrier, "Sdev", NULL), MERLON_OK);
    merlon_client_free(client);
    client = merlon_client_new_protected(carrier, "cse-in", &by_certificate, NULL);
    assert_non_null(client);
    *state = lab;
    return 0;
}

static int tear_down_certificates(void **state)
{
    assert_int_equal(tear_down(state), 0);
    mln_tls_slot_free(slot);
    slot = NULL;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(unlink(cert_files[i]), 0);
    }
    return mln_tls_lab_down(state);
}

/* SEC-CKE-05 */
static void a_key_is_made_by_certificate_and_kept(void **state)
{
    (void)state;
    assert_retrieved();
    assert_retrieved();
    assert_int_equal(atomic_load(&stub.messages), 2);
    assert_int_equal(atomic_load(&stub.opened), 2);
}

static void a_target_that_has_lost_the_key_makes_another(void **state)
{
    (void)state;
    assert_retrieved();
    atomic_store(&stub.has_restarted, true);
    assert_retrieved();
    assert_int_equal(atomic_load(&stub.messages), 4);
    assert_int_equal(atomic_load(&stub.objects), 3);
}

/* Answers come in any order: one that is about an old key says nothing of the new one. */
static void a_key_that_was_replaced_is_not_missed(void **state)
{
    struct mln_keyed old = { 0 };

    (void)state;
    assert_retrieved();
    assert_true(mln_shield_forget_key(client->shield, &old));
    assert_retrieved();
    assert_int_equal(atomic_load(&stub.messages), 2);
}

static void a_key_that_ends_soon_is_used(void **state)
{
    void *lab = NULL;

    certificate_left_s = 55;
    assert_int_equal(set_up_certificates(&lab), 0);
    certificate_left_s = 0;
    *state = lab;
    merlon_client_set_timeout(client, 10000);
    assert_retrieved();
    assert_retrieved();
    assert_in_range(atomic_load(&stub.messages), 2, 4);
    assert_int_equal(tear_down_certificates(&lab), 0);
}

static void a_key_can_be_made_for_other_uses(void **state)
{
    struct merlon_established made;
    struct merlon_error error;

    (void)state;
    assert_int_equal(merlon_establish_key(carrier, "cse-in", &by_certificate, &made, &error),
                     MERLON_OK);
    assert_int_equal(strlen(made.key_id), 32);
    assert_int_equal(strspn(made.key_id, "0123456789abcdef"), 32);
    assert_string_equal(made.peer, "//sp.example/in");
    assert_int_equal(strlen(made.expires), 15);
    mln_wipe(&made, sizeof made);
    assert_int_equal(merlon_establish_key(carrier, "cse-in", &how, &made, &error), MERLON_INVALID);
    assert_string_equal(error.text, "a key is established by certificates");
    /* who is no end of it */
    assert_int_equal(merlon_client_set_originator(carrier, "Sother", NULL), MERLON_OK);
    assert_int_equal(merlon_establish_key(carrier, "cse-in", &by_certificate, &made, &error),
                     MERLON_SECURITY);
}

/* SEC-CKE-02 */
static void another_target_is_not_believed(void **state)
{
    struct merlon_protection other = by_certificate;

    (void)state;
    other.peer = "//sp.example/other";
    merlon_client_free(client);
    client = merlon_client_new_protected(carrier, "cse-in", &other, NULL);
    assert_non_null(client);
    assert_refused(4000, "cse-in: no key could be established: ");
    assert_int_equal(atomic_load(&stub.messages), 1);
    assert_int_equal(atomic_load(&stub.objects), 0);
}

static void a_target_without_certificate_makes_no_key(void **state)
{
    (void)state;
    tear_down(state);
    mln_esprim_stub_start(&stub, NULL);
    carrier = merlon_client_new(stub.stub.url, NULL);
    assert_int_equal(merlon_client_set_originator(carrier, "Sdev", NULL), MERLON_OK);
    client = merlon_client_new_protected(carrier, "cse-in", &by_certificate, NULL);
    assert_refused(5001, "a key of cse-in: 5001 NOT_IMPLEMENTED");
}

/* ---- settings ---- */

static void assert_bad(struct merlon_client *over, const char *target,
                       const struct merlon_protection *bad, const char *why)
{
    struct merlon_error error = { .text = "" };

    assert_null(merlon_client_new_protected(over, target, bad, &error));
    assert_int_equal(error.status, MERLON_INVALID);
    if (!strstr(error.text, why)) {
        fail_msg("'%s' does not contain '%s'", error.text, why);
    }
}

static void bad_settings_are_refused(void **state)
{
    struct merlon_protection bad = how;

    (void)state;
    assert_bad(client, "cse-in", &how, "a protected client carries no other one");
    assert_bad(carrier, "", &how, "a protected client needs a target");
    bad.serialisation = "yaml";
    assert_bad(carrier, "cse-in", &bad, "'yaml' is no serialisation");
    bad = how;
    bad.key_id = "no identifier";
    assert_bad(carrier, "cse-in", &bad, "'no identifier' is no identifier of a key");
    bad.key_id = NULL;
    assert_bad(carrier, "cse-in", &bad, "a key and its identifier go together");
    bad = how;
    bad.key_file = "/nowhere/key";
    assert_bad(carrier, "cse-in", &bad, "/nowhere/key");
    bad.anchor_file = "/nowhere/ca.pem";
    assert_bad(carrier, "cse-in", &bad, "a key needs no certificates");
    bad.certificate_file = "/nowhere/cert.pem";
    assert_bad(carrier, "cse-in", &bad, "either a key is given, or a certificate");
    bad.key_id = bad.key_file = NULL;
    assert_bad(carrier, "cse-in", &bad, "a certificate needs its private key");
    bad.private_key_file = "/nowhere/key.pem";
    assert_bad(carrier, "cse-in", &bad, "the certificate of the target must name it");
    bad.peer = "/in";
    assert_bad(carrier, "cse-in", &bad, "'/in' is no absolute CSE-ID or AE-ID");
    bad.peer = "//b.example/in";
    assert_bad(carrier, "cse-in", &bad, "/nowhere/ca.pem");
    bad = how;
    bad.peer = "//b.example/in";
    assert_bad(carrier, "cse-in", &bad, "proves who it is");
    assert_int_equal(merlon_client_set_credentials(client, NULL, 0, NULL), MERLON_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_operations_in_all_forms),
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_originator_inside_is_the_clients_own),
        TEST(one_session_serves_many_requests),
        TEST(without_a_shared_object_one_is_asked_for),
        TEST(instead_of_an_expired_one_another_is_asked_for),
        TEST(a_target_that_has_restarted_is_met_anew),
        TEST(a_forgotten_originator_object_is_made_anew),
        TEST(recovery_is_tried_once),
        TEST(a_new_receiver_object_comes_with_an_answer),
        TEST(a_target_without_support_gets_nothing),
        TEST(answers_that_are_not_the_targets_are_refused),
        TEST(a_key_that_the_target_does_not_know_is_told),
        TEST(a_refusal_inside_is_the_targets_own),
        TEST(silence_ends_by_the_time_out),
        TEST(what_has_timed_out_is_called_off),
        TEST(several_share_one_session),
        TEST(freeing_the_client_calls_off_what_is_under_way),
        TEST(bad_settings_are_refused),
#define CERT(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, set_up_certificates, tear_down_certificates)
        CERT(a_key_is_made_by_certificate_and_kept),
        CERT(a_target_that_has_lost_the_key_makes_another),
        CERT(a_key_that_was_replaced_is_not_missed),
        cmocka_unit_test(a_key_that_ends_soon_is_used),
        CERT(a_key_can_be_made_for_other_uses),
        CERT(another_target_is_not_believed),
        CERT(a_target_without_certificate_makes_no_key),
    };

    return cmocka_run_group_tests_name("protect", tests, make_key, remove_key);
}
