/* Tests of protected data through the face of the library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "client/client_int.h"
#include "client/stub_cse_test.h"
#include "crypto/tls_pair_test.h"

#define READING "{\"temperature\":21.5}"

static const unsigned char shared[32] = { 1, 2, 3 };
static const unsigned char other[32] = { 4, 5, 6 };

static struct merlon_keyring *keyring_with(enum merlon_key_use use, const unsigned char *secret)
{
    struct merlon_keyring *keyring = merlon_keyring_new(NULL, NULL);

    assert_non_null(keyring);
    assert_int_equal(merlon_keyring_add_secret(keyring, use, "k1@home.example", secret, 32, NULL),
                     MERLON_OK);
    return keyring;
}

static char *protect(const struct merlon_keyring *keyring, enum merlon_data_form form)
{
    struct merlon_error error = { .text = "" };
    char *envelope = NULL;

    if (merlon_data_protect(keyring, form, READING, sizeof READING - 1, &envelope, &error) !=
        MERLON_OK) {
        fail_msg("%d %s", (int)error.status, error.text);
    }
    assert_null(strstr(envelope, "temperature"));
    return envelope;
}

static enum merlon_status open_it(const struct merlon_keyring *keyring, const char *envelope,
                                  struct merlon_data **ret)
{
    struct merlon_error error;
    enum merlon_status status =
        merlon_data_open(keyring, MERLON_DATA_ANY, envelope, strlen(envelope), ret, &error);

    if (status != MERLON_OK) {
        assert_null(strstr(error.text, "k1")); /* not which key failed */
    }
    return status;
}

static void assert_payload(const struct merlon_data *data)
{
    size_t size = 0;

    assert_string_equal(merlon_data_payload(data, &size), READING);
    assert_int_equal(size, sizeof READING - 1);
}

static void a_secret_protects_in_all_forms(void **state)
{
    struct merlon_keyring *writer = keyring_with(MERLON_KEY_ENCRYPT, shared);
    struct merlon_keyring *reader = keyring_with(MERLON_KEY_DECRYPT, shared);

    (void)state;
    for (enum merlon_data_form form = MERLON_DATA_COMPACT; form <= MERLON_DATA_JSON_BASE64;
         form++) {
        struct merlon_data *data = NULL;
        char *envelope = protect(writer, form);

        assert_int_equal(open_it(reader, envelope, &data), MERLON_OK);
        assert_payload(data);
        assert_true(merlon_data_is_encrypted(data));
        assert_null(merlon_data_signer(data, 0));
        merlon_data_free(data);
        merlon_free(envelope);
    }
    merlon_keyring_free(writer);
    merlon_keyring_free(reader);
}

/* SEC-ESD-04 */
static void each_of_several_readers_opens_it(void **state)
{
    struct merlon_keyring *writer = keyring_with(MERLON_KEY_ENCRYPT, shared);
    struct merlon_data *data = NULL;
    char *envelope;

    (void)state;
    assert_int_equal(
        merlon_keyring_add_secret(writer, MERLON_KEY_ENCRYPT, "k2@home.example", other, 32, NULL),
        MERLON_OK);
    envelope = protect(writer, MERLON_DATA_JSON);
    for (int i = 0; i < 2; i++) {
        struct merlon_keyring *reader = merlon_keyring_new(NULL, NULL);

        assert_int_equal(merlon_keyring_add_secret(reader, MERLON_KEY_DECRYPT,
                                                   i ? "k2@home.example" : "k1@home.example",
                                                   i ? other : shared, 32, NULL),
                         MERLON_OK);
        assert_int_equal(open_it(reader, envelope, &data), MERLON_OK);
        assert_payload(data);
        merlon_data_free(data);
        merlon_keyring_free(reader);
    }
    merlon_free(envelope);
    merlon_keyring_free(writer);
}

/* SEC-ESD-07, SEC-ESD-10 */
static void what_does_not_fit_is_refused_alike(void **state)
{
    struct merlon_keyring *writer = keyring_with(MERLON_KEY_ENCRYPT, shared);
    struct merlon_keyring *reader = keyring_with(MERLON_KEY_DECRYPT, shared);
    struct merlon_keyring *wrong = keyring_with(MERLON_KEY_DECRYPT, other);
    struct merlon_keyring *verifier = keyring_with(MERLON_KEY_VERIFY, shared);
    struct merlon_data *data = NULL;
    char *envelope = protect(writer, MERLON_DATA_COMPACT);
    char *last = envelope + strlen(envelope) - 3;

    (void)state;
    assert_int_equal(open_it(wrong, envelope, &data), MERLON_SECURITY);
    assert_int_equal(open_it(verifier, envelope, &data), MERLON_SECURITY);
    *last = *last == 'A' ? 'B' : 'A';
    assert_int_equal(open_it(reader, envelope, &data), MERLON_SECURITY);
    assert_int_equal(open_it(reader, "no envelope", &data), MERLON_INVALID);
    assert_null(data);
    merlon_free(envelope);
    merlon_keyring_free(writer);
    merlon_keyring_free(reader);
    merlon_keyring_free(wrong);
    merlon_keyring_free(verifier);
}

/* SEC-ESD-06 */
static void demands_are_kept(void **state)
{
    const struct merlon_keyring_options signed_only = { .needs_signature = true };
    const struct merlon_keyring_options hidden_only = { .needs_encryption = true };
    struct merlon_keyring *writer = keyring_with(MERLON_KEY_ENCRYPT, shared);
    struct merlon_keyring *signer = keyring_with(MERLON_KEY_SIGN, shared);
    struct merlon_keyring *strict = merlon_keyring_new(&signed_only, NULL);
    struct merlon_keyring *shy = merlon_keyring_new(&hidden_only, NULL);
    struct merlon_data *data = NULL;
    char *encrypted = protect(writer, MERLON_DATA_COMPACT);
    char *signature = protect(signer, MERLON_DATA_COMPACT);

    (void)state;
    assert_int_equal(
        merlon_keyring_add_secret(strict, MERLON_KEY_DECRYPT, "k1@home.example", shared, 32, NULL),
        MERLON_OK);
    assert_int_equal(
        merlon_keyring_add_secret(shy, MERLON_KEY_VERIFY, "k1@home.example", shared, 32, NULL),
        MERLON_OK);
    assert_int_equal(open_it(strict, encrypted, &data), MERLON_SECURITY);
    assert_int_equal(open_it(shy, signature, &data), MERLON_SECURITY);
    merlon_keyring_free(shy);
    shy = keyring_with(MERLON_KEY_VERIFY, shared);
    assert_int_equal(open_it(shy, signature, &data), MERLON_OK);
    assert_payload(data);
    assert_false(merlon_data_is_encrypted(data));
    assert_string_equal(merlon_data_signer(data, 0), "k1@home.example");
    assert_null(merlon_data_signer(data, 1));
    merlon_data_free(data);
    merlon_free(encrypted);
    merlon_free(signature);
    merlon_keyring_free(writer);
    merlon_keyring_free(signer);
    merlon_keyring_free(strict);
    merlon_keyring_free(shy);
}

/* ---- files ---- */

static void put(char *path, struct mln_slice first, struct mln_slice second, mode_t mode)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, first.ptr, first.len), (ssize_t)first.len);
    assert_int_equal(write(fd, second.ptr, second.len), (ssize_t)second.len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

/* SEC-ESD-06, SEC-ESD-11: signed by a certificate, and encrypted with a secret */
static void a_certificate_signs_and_anchors_decide(void **state)
{
    struct tls_lab *lab = *state;
    char own[] = "/tmp/merlon-own-XXXXXX";
    char anchor[] = "/tmp/merlon-anchor-XXXXXX";
    struct merlon_keyring_options options = { .anchor_file = anchor,
                                              .signer = "//sp.example/Sdev" };
    struct merlon_keyring *writer = keyring_with(MERLON_KEY_ENCRYPT, shared);
    struct merlon_data *data = NULL;
    char *envelope;

    put(own, lab->ae.key, lab->ae.certificate, 0600);
    put(anchor, lab->anchor, MLN_S(""), 0644);
    assert_int_equal(merlon_keyring_add(writer, MERLON_KEY_SIGN, NULL, own, NULL), MERLON_OK);
    envelope = protect(writer, MERLON_DATA_COMPACT);
    for (int i = 0; i < 3; i++) {
        struct merlon_keyring *reader;

        options.signer = i == 1 ? "//sp.example/Sother" : "//sp.example/Sdev";
        options.anchor_file = i == 2 ? NULL : anchor;
        reader = merlon_keyring_new(&options, NULL);
        assert_int_equal(merlon_keyring_add_secret(reader, MERLON_KEY_DECRYPT, "k1@home.example",
                                                   shared, 32, NULL),
                         MERLON_OK);
        assert_int_equal(open_it(reader, envelope, &data), i ? MERLON_SECURITY : MERLON_OK);
        if (i == 0) {
            assert_payload(data);
            assert_string_equal(merlon_data_signer(data, 0), "//sp.example/Sdev");
            merlon_data_free(data);
        }
        merlon_keyring_free(reader);
    }
    merlon_free(envelope);
    merlon_keyring_free(writer);
    assert_int_equal(unlink(own), 0);
    assert_int_equal(unlink(anchor), 0);
}

/* The answer of a CSE to RETRIEVE of e2eSecInfo, with the certificate of PEM. */
static void say_certificate(char *room, size_t size, struct mln_slice pem)
{
    char digits[4096] = "";
    char content[8192];
    size_t len = 0;
    struct mln_slice from = mln_slice_from(pem, mln_slice_find(pem, '\n') + 1);

    for (size_t i = 0; i < from.len && from.ptr[i] != '-' && len < sizeof digits; i++) {
        if (from.ptr[i] != '\n') {
            digits[len++] = from.ptr[i];
        }
    }
    assert_true(len > 100 && len < sizeof digits);
    (void)snprintf(content, sizeof content,
                   "{\"m2m:cb\":{\"esi\":{\"esf\":[43],\"escert\":[\"%.*s\"]}}}", (int)len, digits);
    (void)snprintf(room, size,
                   "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nContent-Type: application/json\r\n"
                   "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(content), content);
}

/* SEC-ESD-11: what is published counts with anchor and name */
static void a_published_certificate_is_no_proof(void **state)
{
    static char answer[16384];
    static struct mln_stub stub;
    static const char *const denied =
        "HTTP/1.1 403 \r\nX-M2M-RSC: 4103\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    const char *const answers[] = { answer, answer, answer, denied, NULL };
    struct tls_lab *lab = *state;
    char own[] = "/tmp/merlon-own-XXXXXX";
    char anchor[] = "/tmp/merlon-anchor-XXXXXX";
    struct merlon_keyring_options options = { .anchor_file = anchor };
    struct merlon_keyring *signer = merlon_keyring_new(NULL, NULL);
    struct merlon_keyring *reader;
    struct merlon_keyring *stranger = merlon_keyring_new(NULL, NULL);
    struct merlon_client *client;
    struct merlon_data *data = NULL;
    struct merlon_error error;
    char *envelope;

    say_certificate(answer, sizeof answer, lab->ae.certificate);
    mln_stub_start(&stub, answers);
    client = merlon_client_new(stub.url, NULL);
    put(own, lab->ae.key, MLN_S(""), 0600);
    put(anchor, lab->anchor, MLN_S(""), 0644);
    reader = merlon_keyring_new(&options, NULL);
    assert_int_equal(merlon_keyring_add(signer, MERLON_KEY_SIGN, NULL, own, NULL), MERLON_OK);
    envelope = protect(signer, MERLON_DATA_COMPACT);
    assert_int_equal(merlon_keyring_add_published(reader, MERLON_KEY_VERIFY, client, "cse-in",
                                                  "//sp.example/Sother", &error),
                     MERLON_INVALID);
    assert_non_null(strstr(error.text, "cse-in: "));
    assert_int_equal(merlon_keyring_add_published(stranger, MERLON_KEY_VERIFY, client, "cse-in",
                                                  "//sp.example/Sdev", &error),
                     MERLON_INVALID);
    assert_int_equal(open_it(reader, envelope, &data), MERLON_SECURITY);
    assert_int_equal(merlon_keyring_add_published(reader, MERLON_KEY_VERIFY, client, "cse-in",
                                                  "//sp.example/Sdev", &error),
                     MERLON_OK);
    assert_int_equal(open_it(reader, envelope, &data), MERLON_OK);
    assert_string_equal(merlon_data_signer(data, 0), "//sp.example/Sdev");
    assert_int_equal(merlon_keyring_add_published(reader, MERLON_KEY_VERIFY, client, "cse-in",
                                                  "//sp.example/Sdev", &error),
                     MERLON_REFUSED);
    assert_int_equal(merlon_keyring_add_published(reader, MERLON_KEY_SIGN, client, "cse-in",
                                                  "//sp.example/Sdev", &error),
                     MERLON_INVALID);
    assert_int_equal(
        merlon_keyring_add_published(reader, MERLON_KEY_VERIFY, client, "cse-in", "Sdev", NULL),
        MERLON_INVALID);
    merlon_data_free(data);
    merlon_free(envelope);
    merlon_client_free(client);
    mln_stub_stop(&stub);
    merlon_keyring_free(signer);
    merlon_keyring_free(reader);
    merlon_keyring_free(stranger);
    assert_int_equal(unlink(own), 0);
    assert_int_equal(unlink(anchor), 0);
}

static void files_of_keys(void **state)
{
    char secret[] = "/tmp/merlon-secret-XXXXXX";
    char jwk[] = "/tmp/merlon-jwk-XXXXXX";
    struct merlon_keyring *keyring = merlon_keyring_new(NULL, NULL);
    struct merlon_error error;

    (void)state;
    put(secret, MLN_S("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"),
        MLN_S(""), 0600);
    put(jwk, MLN_S("{\"kty\":\"oct\",\"kid\":\"k3\",\"alg\":\"A256KW\","),
        MLN_S("\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}"), 0644);
    assert_int_equal(
        merlon_keyring_add(keyring, MERLON_KEY_DECRYPT, "k1@home.example", secret, &error),
        MERLON_OK);
    /* a secret that others can read is none */
    assert_int_equal(merlon_keyring_add(keyring, MERLON_KEY_DECRYPT, NULL, jwk, &error),
                     MERLON_INVALID);
    assert_non_null(strstr(error.text, jwk));
    assert_int_equal(chmod(jwk, 0600), 0);
    assert_int_equal(merlon_keyring_add(keyring, MERLON_KEY_DECRYPT, NULL, jwk, &error), MERLON_OK);
    assert_int_equal(merlon_keyring_add(keyring, MERLON_KEY_VERIFY, NULL, "/nowhere", &error),
                     MERLON_INVALID);
    assert_non_null(strstr(error.text, "/nowhere"));
    assert_int_equal(merlon_keyring_add(keyring, MERLON_KEY_VERIFY, "k2", NULL, &error),
                     MERLON_INVALID);
    assert_string_equal(error.text, "a key needs a file");
    merlon_keyring_free(keyring);
    assert_int_equal(unlink(secret), 0);
    assert_int_equal(unlink(jwk), 0);
}

static void misuse_is_told(void **state)
{
    const struct merlon_keyring_options bad = { .in_cse_id = "in" };
    const struct merlon_keyring_options lists = { .crl_file = "/nowhere" };
    struct merlon_keyring *keyring = merlon_keyring_new(NULL, NULL);
    struct merlon_data *data = NULL;
    struct merlon_error error;
    char *envelope = NULL;

    (void)state;
    assert_null(merlon_keyring_new(&bad, &error));
    assert_int_equal(error.status, MERLON_INVALID);
    assert_null(merlon_keyring_new(&lists, &error));
    assert_int_equal(merlon_data_protect(keyring, MERLON_DATA_COMPACT, "x", 1, &envelope, &error),
                     MERLON_INVALID);
    assert_string_equal(error.text, "the keyring has no key to sign or to encrypt with");
    assert_int_equal(merlon_keyring_add_secret(keyring, MERLON_KEY_SIGN, NULL, shared, 8, &error),
                     MERLON_INVALID);
    assert_int_equal(
        merlon_keyring_add_secret(keyring, (enum merlon_key_use)9, NULL, shared, 32, &error),
        MERLON_INVALID);
    for (int i = 0; i < MERLON_KEYS; i++) {
        assert_int_equal(merlon_keyring_add_secret(keyring, MERLON_KEY_SIGN, "k1@home.example",
                                                   shared, 32, &error),
                         MERLON_OK);
    }
    assert_int_equal(
        merlon_keyring_add_secret(keyring, MERLON_KEY_SIGN, "k1@home.example", shared, 32, &error),
        MERLON_INVALID);
    /* the compact form has one signer */
    assert_int_equal(merlon_data_protect(keyring, MERLON_DATA_COMPACT, "x", 1, &envelope, &error),
                     MERLON_INVALID);
    assert_int_equal(merlon_data_protect(keyring, MERLON_DATA_ANY, "x", 1, &envelope, &error),
                     MERLON_INVALID);
    assert_int_equal(merlon_data_open(keyring, (enum merlon_data_form)9, "x", 1, &data, &error),
                     MERLON_INVALID);
    merlon_keyring_free(keyring);
    merlon_keyring_free(NULL);
    merlon_data_free(NULL);
}

#ifdef MLN_TORTURE
static void every_failed_allocation_is_told(void **state)
{
    enum merlon_status status = MERLON_NO_MEMORY;
    unsigned long n;

    (void)state;
    for (n = 1; status != MERLON_OK && n < 1000; n++) {
        struct merlon_error error = { .status = MERLON_OK };
        struct merlon_keyring *keyring;
        struct merlon_data *data = NULL;
        char *envelope = NULL;

        mln_mem_fail_at(n);
        keyring = merlon_keyring_new(NULL, &error);
        status = keyring ? merlon_keyring_add_secret(keyring, MERLON_KEY_ENCRYPT, "k1", shared, 32,
                                                     &error)
                         : error.status;
        if (status == MERLON_OK) {
            status =
                merlon_keyring_add_secret(keyring, MERLON_KEY_DECRYPT, "k1", shared, 32, &error);
        }
        if (status == MERLON_OK) {
            status = merlon_data_protect(keyring, MERLON_DATA_COMPACT, "x", 1, &envelope, &error);
        }
        if (status == MERLON_OK) {
            status = merlon_data_open(keyring, MERLON_DATA_ANY, envelope, strlen(envelope), &data,
                                      &error);
        }
        mln_mem_fail_at(0);
        assert_true(status == MERLON_OK || status == MERLON_NO_MEMORY);
        merlon_data_free(data);
        merlon_free(envelope);
        merlon_keyring_free(keyring);
    }
    assert_int_equal(status, MERLON_OK);
    assert_true(n > 10);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_protects_in_all_forms),
        cmocka_unit_test(each_of_several_readers_opens_it),
        cmocka_unit_test(what_does_not_fit_is_refused_alike),
        cmocka_unit_test(demands_are_kept),
        cmocka_unit_test_setup_teardown(a_certificate_signs_and_anchors_decide, mln_tls_lab_up,
                                        mln_tls_lab_down),
        cmocka_unit_test_setup_teardown(a_published_certificate_is_no_proof, mln_tls_lab_up,
                                        mln_tls_lab_down),
        cmocka_unit_test(files_of_keys),
        cmocka_unit_test(misuse_is_told),
#ifdef MLN_TORTURE
        cmocka_unit_test(every_failed_allocation_is_told),
#endif
    };

    return cmocka_run_group_tests_name("data", tests, NULL, NULL);
}
