/* The profile: versions, suites, curves, signatures; and reading our own certificate.
 *
 * spec: TS-0003 10.2, security.md 14; docs/decisions/0012-tls-profile.md */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/tls_int.h"

/* Forward secrecy first; the suites of TS-0003 10.2.2 and 10.2.3 are the last of each kind. Keys
 * before certificates: a client that offers such suites has a key. */
#define SUITES_OF_KEYS                                                                             \
    "ECDHE-PSK-CHACHA20-POLY1305:ECDHE-PSK-AES128-CBC-SHA256:ECDHE-PSK-AES256-CBC-SHA384:"         \
    "PSK-AES128-GCM-SHA256:PSK-AES256-GCM-SHA384:PSK-AES128-CCM:PSK-AES128-CBC-SHA256"
#define SUITES_OF_CERTIFICATES                                                                     \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:"   \
    "ECDHE-ECDSA-AES128-CCM:ECDHE-ECDSA-AES128-SHA256"
#define SUITES_1_2 SUITES_OF_KEYS ":" SUITES_OF_CERTIFICATES
/* The first goes with a pre-shared key, which belongs to SHA-256. */
#define SUITES_1_3                                                                                 \
    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384:"                  \
    "TLS_AES_128_CCM_SHA256"
#define GROUPS     "P-256:X25519"
#define SIGNATURES "ECDSA+SHA256"

static const uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;

/* SSL_OP_LEGACY_SERVER_CONNECT is on by default: a server without secure renegotiation. */
static const uint64_t never = SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_ENCRYPT_THEN_MAC |
                              SSL_OP_NO_EXTENDED_MASTER_SECRET | SSL_OP_ALLOW_NO_DHE_KEX |
                              SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION |
                              SSL_OP_IGNORE_UNEXPECTED_EOF;

static int number_of(enum mln_tls_version version)
{
    return version == MLN_TLS_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

/* For macros of OpenSSL that take char * and only read. */
static char *plain(const char *text)
{
    return (char *)(uintptr_t)text;
}

mln_err mln_tls_set_profile(SSL_CTX *ctx, enum mln_tls_version least, enum mln_tls_version greatest)
{
    (void)SSL_CTX_set_options(ctx, options);
    (void)SSL_CTX_clear_options(ctx, never);
    SSL_CTX_set_security_level(ctx, 2);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    MLN_REQUIRE(SSL_CTX_set_min_proto_version(ctx, number_of(least)) == 1 &&
                    SSL_CTX_set_max_proto_version(ctx, number_of(greatest)) == 1 &&
                    SSL_CTX_set_cipher_list(ctx, SUITES_1_2) == 1 &&
                    SSL_CTX_set_ciphersuites(ctx, SUITES_1_3) == 1 &&
                    SSL_CTX_set1_groups_list(ctx, plain(GROUPS)) == 1 &&
                    SSL_CTX_set1_sigalgs_list(ctx, plain(SIGNATURES)) == 1 &&
                    SSL_CTX_set1_client_sigalgs_list(ctx, plain(SIGNATURES)) == 1,
                NO_MEMORY);
    return MLN_OK;
}

mln_err mln_tls_set_tunnel(SSL *ssl)
{
    (void)SSL_set_options(ssl, SSL_OP_NO_TICKET);
    SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    MLN_REQUIRE(SSL_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
                    SSL_set_max_proto_version(ssl, TLS1_2_VERSION) == 1 &&
                    SSL_set_cipher_list(ssl, SUITES_OF_CERTIFICATES) == 1,
                NO_MEMORY);
    return MLN_OK;
}

void mln_tls_expect(const struct mln_tls_target *target, struct mln_cert_expect *expect)
{
    if (target->ae_id.len) {
        expect->ae_id = target->ae_id;
    } else if (target->cse_id.len) {
        expect->cse_id = target->cse_id;
    } else {
        expect->domain = target->domain;
    }
}

/* Nobody is asked for a pass phrase. */
static int no_pass_phrase(char *out, int size, int is_writing, void *data)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)data;
    return -1;
}

static BIO *reading(struct mln_slice pem)
{
    return pem.len > INT_MAX ? NULL : BIO_new_mem_buf(pem.ptr, (int)pem.len);
}

/* "FILE: " before what is wrong with it. */
static const char *colon(const char *file)
{
    return file ? ": " : "";
}

static const char *name_of(const char *file)
{
    return file ? file : "";
}

static mln_err set_chain(SSL_CTX *ctx, BIO *pem, const char *file, struct mln_fault *fault)
{
    X509 *cert = PEM_read_bio_X509(pem, NULL, no_pass_phrase, NULL);
    X509 *next;
    bool is_set = cert && SSL_CTX_use_certificate(ctx, cert) == 1;

    X509_free(cert);
    while (is_set && (next = PEM_read_bio_X509(pem, NULL, no_pass_phrase, NULL))) {
        is_set = SSL_CTX_add0_chain_cert(ctx, next) == 1;
        if (!is_set) {
            X509_free(next);
        }
    }
    if (is_set && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
        ERR_clear_error(); /* the end of the text */
        return MLN_OK;
    }
    mln_fault_set(fault,
                  "%s%sthe certificate file holds no certificates in PEM, or broken ones: %s",
                  name_of(file), colon(file), ERR_reason_error_string(ERR_peek_last_error()));
    ERR_clear_error();
    MLN_FAIL(CONFIG);
}

static mln_err set_key(SSL_CTX *ctx, BIO *pem, const char *file, struct mln_fault *fault)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_pass_phrase, NULL);
    bool is_set = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;

    EVP_PKEY_free(key);
    if (is_set && SSL_CTX_check_private_key(ctx) == 1) {
        return MLN_OK;
    }
    mln_fault_set(fault, "%s%s%s", name_of(file), colon(file),
                  key ? "the private key does not belong to the certificate"
                      : "the key file holds no private key in PEM without pass phrase");
    ERR_clear_error();
    MLN_FAIL(CONFIG);
}

mln_err mln_tls_set_identity(SSL_CTX *ctx, const struct mln_tls_identity *identity,
                             struct mln_fault *fault)
{
    BIO *certificate = reading(identity->certificate);
    BIO *key = reading(identity->key);
    mln_err err = MLN_ERROR(NO_MEMORY);

    ERR_clear_error();
    if (certificate && key) {
        err = set_chain(ctx, certificate, identity->certificate_file, fault);
        if (!mln_failed(err)) {
            err = set_key(ctx, key, identity->key_file, fault);
        }
    }
    (void)BIO_free(certificate);
    (void)BIO_free(key);
    return err;
}
