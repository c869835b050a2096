/* What OpenSSL exports from a handshake of TLS 1.2 is what RFC 5705 says, and its first bytes are
 * the identifier. SEC-KDF-05 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "crypto/kdf.h"
#include "crypto/tls_int.h"
#include "crypto/tls_pair_test.h"

/* RFC 5705 4 without a context: the label, and both random numbers of the handshake. */
static void by_the_text(const SSL *ssl, const char *label, unsigned char ret[MLN_KDF_EXPORT])
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    unsigned char master[48];
    unsigned char randoms[2 * SSL3_RANDOM_SIZE];
    char digest[] = "SHA256";
    char seed[64];
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(
            OSSL_KDF_PARAM_SECRET, master,
            SSL_SESSION_get_master_key(SSL_get0_session(ssl), master, sizeof master)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, strlen(label)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, randoms, sizeof randoms),
        OSSL_PARAM_construct_end(),
    };

    assert_true(strlen(label) < sizeof seed);
    memcpy(seed, label, strlen(label));
    (void)SSL_get_client_random(ssl, randoms, SSL3_RANDOM_SIZE);
    (void)SSL_get_server_random(ssl, randoms + SSL3_RANDOM_SIZE, SSL3_RANDOM_SIZE);
    assert_int_equal(EVP_KDF_derive(ctx, ret, MLN_KDF_EXPORT, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void test_exported_bytes(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct tls_client want = { .version = TLS1_2_VERSION,
                               .suites = "ECDHE-ECDSA-AES128-GCM-SHA256" };
    struct mln_tls *tls = NULL;
    struct tls_pair pair = { 0 };

    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    mln_tls_pair_shake(&pair, tls, &want);
    assert_true(pair.is_done);
    for (int i = MLN_EXPORT_ENROLMENT; i <= MLN_EXPORT_ESCERTKE; i++) {
        const char *label = mln_exporter_label((enum mln_exporter)i);
        unsigned char wanted[MLN_KDF_EXPORT];
        unsigned char got[MLN_KDF_EXPORT];
        unsigned char id[MLN_KDF_ID];
        unsigned char key[MLN_KDF_KEY];

        by_the_text(pair.client, label, wanted);
        assert_int_equal(SSL_export_keying_material(pair.client, got, sizeof got, label,
                                                    strlen(label), NULL, 0, 0),
                         1);
        assert_memory_equal(got, wanted, sizeof got);
        assert_int_equal(SSL_export_keying_material(pair.link->ssl, got, sizeof got, label,
                                                    strlen(label), NULL, 0, 0),
                         1);
        mln_kdf_split(got, id, key);
        assert_memory_equal(id, wanted, sizeof id);
        assert_memory_equal(key, wanted + sizeof id, sizeof key);
    }
    mln_tls_pair_done(&pair);
    mln_tls_unref(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_exported_bytes, mln_tls_lab_up, mln_tls_lab_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
