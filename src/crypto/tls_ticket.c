/* Session tickets: what they hold beside the session, and the keys that seal them.
 *
 * A ticket says which credential the association rested on. When it comes back, the association is
 * made anew from the credentials as they are then: one that has expired, was removed, changed or
 * revoked leads to a full handshake, in which it is refused. Keys get tickets in TLS 1.2 only.
 * Tickets of another context (another
 * certificate revocation list, another trust anchor) are not read at all.
 * spec: SEC-TLS-09, security.md 14 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/tls_int.h"

/* How the peer had authenticated itself; fixed size, inside the sealed ticket. */
struct note {
    uint8_t how;
    uint8_t identity_len;
    char identity[MLN_TLS_IDENTITY_MAX];
    unsigned char key_digest[MLN_TLS_DIGEST];
    char anchor[MLN_CREDENTIAL_ANCHOR + 1];
    int64_t expires_us;
};

/* ---- keys ---- */

static bool make_key(const struct mln_env *env, struct mln_tls_ticket_key *ret)
{
    ret->made_us = mln_env_now_us(env);
    return !mln_failed(mln_env_random(env, ret->name, sizeof ret->name)) &&
           !mln_failed(mln_env_random(env, ret->cipher, sizeof ret->cipher)) &&
           !mln_failed(mln_env_random(env, ret->mac, sizeof ret->mac));
}

mln_err mln_tls_tickets_init(struct mln_tls_tickets *tickets, const struct mln_env *env,
                             int64_t life_us)
{
    MLN_REQUIRE(pthread_mutex_init(&tickets->lock, NULL) == 0, SYSTEM);
    tickets->life_us = life_us;
    tickets->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    MLN_REQUIRE(tickets->cipher, NO_MEMORY);
    MLN_REQUIRE(make_key(env, &tickets->keys[0]), SYSTEM);
    return mln_env_random(env, tickets->check, sizeof tickets->check);
}

void mln_tls_tickets_done(struct mln_tls_tickets *tickets)
{
    EVP_CIPHER_free(tickets->cipher);
    mln_wipe(tickets->keys, sizeof tickets->keys);
    mln_wipe(tickets->check, sizeof tickets->check);
    (void)pthread_mutex_destroy(&tickets->lock);
}

/* The key for new tickets; a new one when it has served its time. */
static bool present_key(struct mln_tls_tickets *t, const struct mln_env *env,
                        struct mln_tls_ticket_key *ret)
{
    int64_t age_us = mln_env_now_us(env) - t->keys[0].made_us;

    if (age_us < 0 || age_us >= t->life_us) {
        struct mln_tls_ticket_key made = { 0 };

        if (!make_key(env, &made)) {
            return false;
        }
        t->keys[1] = t->keys[0];
        t->keys[0] = made;
    }
    *ret = t->keys[0];
    return true;
}

/* The key of that name; the one before serves as long again. */
static bool named_key(const struct mln_tls_tickets *t, const struct mln_env *env,
                      const unsigned char *name, struct mln_tls_ticket_key *ret)
{
    int64_t now_us = mln_env_now_us(env);

    for (size_t i = 0; i < 2; i++) {
        const struct mln_tls_ticket_key *k = &t->keys[i];

        if (k->made_us && now_us - k->made_us < 2 * t->life_us &&
            mln_ct_equal(k->name, name, sizeof k->name)) {
            *ret = *k;
            return true;
        }
    }
    return false;
}

static bool set_mac(EVP_MAC_CTX *mac, struct mln_tls_ticket_key *key)
{
    static char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* 1: done, 0: not ours, -1: failed. RFC 5077 4. */
static int seal(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                EVP_MAC_CTX *mac, int is_sealing)
{
    struct mln_tls_link *link = mln_tls_link_of(ssl);
    struct mln_tls_tickets *t;
    struct mln_tls_ticket_key key = { 0 };
    bool is_there;
    int result = 0;

    if (!link) {
        return -1;
    }
    t = &link->tls->tickets;
    (void)pthread_mutex_lock(&t->lock);
    is_there = is_sealing ? present_key(t, link->tls->env, &key)
                          : named_key(t, link->tls->env, name, &key);
    (void)pthread_mutex_unlock(&t->lock);
    if (!is_there) {
        return is_sealing ? -1 : 0;
    }
    if (is_sealing) {
        memcpy(name, key.name, sizeof key.name);
        is_there = !mln_failed(mln_env_random(link->tls->env, iv, 16));
    }
    result = is_there && set_mac(mac, &key) &&
                     EVP_CipherInit_ex(cipher, t->cipher, NULL, key.cipher, iv, is_sealing) == 1
                 ? 1
                 : -1;
    mln_wipe(&key, sizeof key);
    return result;
}

/* ---- what a ticket says ---- */

/* Seconds a ticket may live: no longer than the credential, but for the second that OpenSSL cannot
 * do without; what a ticket rests on is looked at when it comes back. */
static uint32_t life_s(const struct mln_tls_link *link)
{
    int64_t us = link->tls->tickets.life_us;
    int64_t end_us = INT64_MAX;

    if (link->how == MLN_TLS_BY_CERTIFICATE) {
        end_us = link->expires_us;
    } else if (link->association) {
        end_us = link->association->expires_us;
    }
    if (end_us != INT64_MAX && end_us - mln_env_now_us(link->tls->env) < us) {
        us = end_us - mln_env_now_us(link->tls->env);
    }
    return us >= 1000000 ? (uint32_t)(us / 1000000) : 1;
}

static int write_note(SSL *ssl, void *data)
{
    struct mln_tls_link *link = mln_tls_link_of(ssl);
    SSL_SESSION *session = SSL_get_session(ssl);
    struct note note = { 0 };

    (void)data;
    if (!link || !session) {
        return 0;
    }
    mln_tls_link_settle(link);
    note.how = (uint8_t)link->how;
    note.identity_len = (uint8_t)link->identity_len;
    memcpy(note.identity, link->identity, link->identity_len);
    memcpy(note.key_digest, link->key_digest, sizeof note.key_digest);
    memcpy(note.anchor, link->anchor, sizeof note.anchor);
    note.expires_us = link->expires_us;
    (void)SSL_SESSION_set_timeout(session, life_s(link));
    return SSL_SESSION_set1_ticket_appdata(session, &note, sizeof note);
}

/* Is the key that the ticket rests on still there, and still the same? */
static bool key_is_the_same(struct mln_tls_link *link, const struct note *note)
{
    struct mln_secret *key =
        mln_tls_find_key(link, mln_slice_of(note->identity, note->identity_len));
    bool is_same = key && link->association && mln_tls_note_key(link, key) &&
                   mln_ct_equal(link->key_digest, note->key_digest, sizeof note->key_digest);

    mln_secret_free(key);
    return is_same;
}

static bool certificate_still_serves(struct mln_tls_link *link, const struct note *note,
                                     SSL_SESSION *session)
{
    X509 *cert = SSL_SESSION_get0_peer(session);

    link->how = MLN_TLS_BY_CERTIFICATE;
    memcpy(link->anchor, note->anchor, sizeof link->anchor);
    link->expires_us = note->expires_us;
    return cert && link->tls->credentials && note->expires_us > mln_env_now_us(link->tls->env) &&
           !mln_failed(mln_tls_associate(link, cert, MLN_USE_SAEF, &link->association));
}

static bool note_holds(struct mln_tls_link *link, const struct note *note, SSL_SESSION *session)
{
    switch (note->how) {
    case MLN_TLS_NOBODY:
        return link->tls->clients != MLN_TLS_CLIENT_REQUIRED;
    case MLN_TLS_BY_KEY:
        return note->identity_len <= sizeof note->identity && key_is_the_same(link, note);
    case MLN_TLS_BY_CERTIFICATE:
        return certificate_still_serves(link, note, session);
    default:
        return false;
    }
}

static SSL_TICKET_RETURN read_note(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                   size_t name_len, SSL_TICKET_STATUS status, void *data)
{
    struct mln_tls_link *link = mln_tls_link_of(ssl);
    void *bytes = NULL;
    size_t len = 0;
    struct note note;

    (void)name;
    (void)name_len;
    (void)data;
    if (!link || (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    mln_tls_link_forget(link);
    if (SSL_SESSION_get0_ticket_appdata(session, &bytes, &len) != 1 || len != sizeof note) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    memcpy(&note, bytes, sizeof note);
    if (!note_holds(link, &note, session)) {
        mln_tls_link_forget(link);
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    link->is_resumed = true;
    return SSL_TICKET_RETURN_USE;
}

mln_err mln_tls_set_tickets(struct mln_tls *tls, SSL_CTX *ctx)
{
    if (tls->tickets.life_us < 1000000) {
        (void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        return SSL_CTX_set_num_tickets(ctx, 0) == 1 ? MLN_OK : MLN_ERROR(NO_MEMORY);
    }
    (void)SSL_CTX_set_timeout(ctx, (long)(tls->tickets.life_us / 1000000));
    MLN_REQUIRE(SSL_CTX_set_num_tickets(ctx, 1) == 1 &&
                    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, seal) == 1 &&
                    SSL_CTX_set_session_ticket_cb(ctx, write_note, read_note, NULL) == 1,
                NO_MEMORY);
    return MLN_OK;
}
