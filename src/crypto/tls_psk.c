/* Pre-shared keys on the server's side.
 *
 * An identity that is unknown gets a key that nobody knows, so that the handshake fails as it does
 * with a wrong key: at the same place, with the same alert, in the same time. In TLS 1.3 an
 * identity may also be a ticket of ours, or one from before a restart; only what has the form of a
 * key identifier is taken for a key.
 * spec: SEC-IDN-02, security.md 13.2, RFC 4279, RFC 8446 4.2.11 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/tls_int.h"

static const unsigned char aes_128_gcm_sha256[] = { 0x13, 0x01 };

bool mln_tls_note_key(struct mln_tls_link *link, const struct mln_secret *key)
{
    const struct mln_tls_tickets *t = &link->tls->tickets;
    unsigned len = 0;

    return HMAC(EVP_sha256(), t->check, sizeof t->check, mln_secret_bytes(key), mln_secret_len(key),
                link->key_digest, &len) &&
           len == MLN_TLS_DIGEST;
}

/* The association is taken for good when the handshake is complete, which it never is with a
 * dummy. */
struct mln_secret *mln_tls_find_key(struct mln_tls_link *link, struct mln_slice identity)
{
    const struct mln_tls *tls = link->tls;
    struct mln_found_key found = { 0 };

    mln_tls_link_forget(link);
    if (identity.len > sizeof link->identity || !tls->credentials ||
        mln_failed(mln_credentials_find_key(tls->credentials, identity, MLN_USE_SAEF,
                                            mln_env_now_us(tls->env), &found))) {
        return NULL;
    }
    link->how = MLN_TLS_BY_KEY;
    link->association = found.association;
    link->identity_len = identity.len;
    if (identity.len) {
        memcpy(link->identity, identity.ptr, identity.len);
    }
    return found.key;
}

/* TLS 1.2. OpenSSL gives the identity up to a NUL, if there is one; the key decides. */
static unsigned give_key(SSL *ssl, const char *identity, unsigned char *psk, unsigned max)
{
    struct mln_tls_link *link = mln_tls_link_of(ssl);
    struct mln_secret *key;
    unsigned len = 0;

    if (!link || SSL_version(ssl) >= TLS1_3_VERSION) {
        return 0; /* find_session decides there */
    }
    key = mln_tls_find_key(link, mln_slice_z(identity));
    if (key && mln_secret_len(key) <= max && mln_tls_note_key(link, key)) {
        len = (unsigned)mln_secret_len(key);
        memcpy(psk, mln_secret_bytes(key), len);
    }
    mln_secret_free(key);
    return len;
}

static SSL_SESSION *session_of(SSL *ssl, const struct mln_secret *key)
{
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, aes_128_gcm_sha256);
    SSL_SESSION *session = SSL_SESSION_new();

    if (session && cipher && SSL_SESSION_set_cipher(session, cipher) == 1 &&
        SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1 &&
        SSL_SESSION_set1_master_key(session, mln_secret_bytes(key), mln_secret_len(key)) == 1) {
        return session;
    }
    SSL_SESSION_free(session);
    return NULL;
}

/* TLS 1.3. Without a session and with success, OpenSSL tries the identity as a ticket.
 * Who has a key gets no ticket: to come back with it would cost as much as with the key. */
static int find_session(SSL *ssl, const unsigned char *identity, size_t len, SSL_SESSION **ret)
{
    struct mln_tls_link *link = mln_tls_link_of(ssl);
    struct mln_slice name = mln_slice_of((const char *)identity, len);
    struct mln_key_id id;
    struct mln_secret *key;

    *ret = NULL;
    if (!link) {
        return 0;
    }
    if (!link->tls->credentials || !mln_key_id_parse(name, &id)) {
        return 1;
    }
    key = mln_tls_find_key(link, name);
    if (key && SSL_set_num_tickets(ssl, 0) == 1) {
        *ret = session_of(ssl, key);
    }
    mln_secret_free(key);
    return *ret != NULL;
}

void mln_tls_set_keys(SSL_CTX *ctx)
{
    SSL_CTX_set_psk_server_callback(ctx, give_key);
    SSL_CTX_set_psk_find_session_callback(ctx, find_session);
}
