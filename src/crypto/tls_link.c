/* One connection of a server: from the first byte of the handshake to the association. */
#include <openssl/err.h>

#include "base/mem.h"
#include "crypto/tls_int.h"

enum { PROOF_BYTES = 65536 };

struct mln_tls_link *mln_tls_link_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

mln_err mln_tls_link_new(struct mln_tls *tls, struct mln_tls_link **ret)
{
    struct mln_tls_link *link = mln_calloc(1, sizeof *link);

    MLN_REQUIRE(link, NO_MEMORY);
    link->ssl = SSL_new(tls->contexts[0]);
    if (!link->ssl) {
        mln_free(link);
        MLN_FAIL(NO_MEMORY);
    }
    link->tls = mln_tls_ref(tls);
    SSL_set_accept_state(link->ssl);
    SSL_set_read_ahead(link->ssl, 1);
    SSL_set_app_data(link->ssl, link);
    *ret = link;
    return MLN_OK;
}

void mln_tls_link_free(struct mln_tls_link *link)
{
    if (link) {
        mln_tls_link_forget(link);
        SSL_free(link->ssl);
        mln_tls_unref(link->tls);
        mln_wipe(link->key_digest, sizeof link->key_digest);
        mln_free(link->why);
        mln_free(link);
    }
}

struct ssl_st *mln_tls_link_ssl(struct mln_tls_link *link)
{
    return link->ssl;
}

/* ---- why not ---- */

void mln_tls_link_fail(struct mln_tls_link *link, const char *why, const char *detail)
{
    if (!link || link->why) {
        return;
    }
    link->why = mln_calloc(1, sizeof *link->why);
    mln_fault_set(link->why, "%s%s%s", why, detail ? ": " : "", detail ? detail : "");
}

static bool is_by_key(const struct mln_tls_link *link)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(link->ssl);

    return SSL_version(link->ssl) >= TLS1_3_VERSION ||
           (cipher && SSL_CIPHER_get_auth_nid(cipher) == NID_auth_psk);
}

/* In the words of who runs the server, where those of OpenSSL tell little; NULL: they will do. */
static const char *plainly(const struct mln_tls_link *link, unsigned long error)
{
    bool has_certificate = SSL_CTX_get0_certificate(link->tls->contexts[0]) != NULL;

    if (ERR_GET_LIB(error) != ERR_LIB_SSL) {
        return NULL;
    }
    switch (ERR_GET_REASON(error)) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
        return "plain HTTP where TLS is spoken";
    case SSL_R_BINDER_DOES_NOT_VERIFY:
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        return is_by_key(link) ? "the pre-shared key is wrong, or its identity unknown" : NULL;
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "the client does not believe our certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        return "the client says that our certificate has expired";
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_CIPHER:
        return has_certificate ? NULL
                               : "the client has no pre-shared key, and we have no certificate";
    default:
        return NULL;
    }
}

void mln_tls_link_why(struct mln_tls_link *link, struct mln_fault *fault)
{
    unsigned long error = ERR_peek_error();
    const char *text = error ? ERR_reason_error_string(error) : NULL;

    if (link->why) {
        mln_fault_set(fault, "%s", link->why->text);
    }
    if (error && plainly(link, error)) {
        mln_fault_set(fault, "%s", plainly(link, error));
    }
    mln_fault_set(fault, "%s", text ? text : "the connection ended");
    ERR_clear_error();
}

/* ---- who is it ---- */

void mln_tls_link_forget(struct mln_tls_link *link)
{
    mln_association_unref(link->association);
    link->association = NULL;
    link->how = MLN_TLS_NOBODY;
    link->identity_len = 0;
    link->is_resumed = false;
}

void mln_tls_link_settle(struct mln_tls_link *link)
{
    bool is_1_3 = SSL_version(link->ssl) >= TLS1_3_VERSION;
    bool is_reused = SSL_session_reused(link->ssl) == 1;
    const SSL_CIPHER *cipher = SSL_get_current_cipher(link->ssl);
    bool is_used = true;

    if (link->is_resumed) {
        is_used = is_reused;
    } else if (link->how == MLN_TLS_BY_KEY) {
        /* in TLS 1.3 a session that stands for a key is resumed; in 1.2 the suite tells */
        is_used = is_1_3 ? is_reused
                         : !is_reused && cipher && SSL_CIPHER_get_auth_nid(cipher) == NID_auth_psk;
    } else if (link->how == MLN_TLS_BY_CERTIFICATE) {
        is_used = !is_reused && SSL_get0_peer_certificate(link->ssl) &&
                  SSL_get_verify_result(link->ssl) == X509_V_OK;
    }
    if (!is_used) {
        mln_tls_link_forget(link);
    }
}

/* Without credentials it stands for whom it names. Errors: NO_MEMORY. */
static mln_err as_it_says(const struct mln_proof *proof, struct mln_association **ret)
{
    const struct mln_association draft = {
        .kind = proof->kind,
        .credential_id =
            proof->credential_ids.count ? proof->credential_ids.items[0] : mln_slice_of(NULL, 0),
        .cse_id = proof->cse_id,
        .ae_ids = &proof->ae_id,
        .ae_id_count = proof->ae_id.len ? 1 : 0,
        .expires_us = proof->expires_us,
    };

    return mln_association_new(&draft, ret);
}

mln_err mln_tls_prove(const struct mln_tls_judge *judge, const X509 *cert,
                      const struct mln_cert_outcome *outcome, struct mln_association **ret)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(PROOF_BYTES);
    struct mln_proof proof;

    MLN_REQUIRE(arena, NO_MEMORY);
    MLN_REQUIRE(judge->verifier, NOT_AUTHENTICATED);
    MLN_TRY(mln_cert_proof(judge->verifier, cert, outcome, arena, &proof));
    return judge->credentials ? mln_credentials_associate(judge->credentials, &proof, judge->use,
                                                          mln_env_now_us(judge->env), ret)
                              : as_it_says(&proof, ret);
}

mln_err mln_tls_associate(struct mln_tls_link *link, const X509 *cert, enum mln_use use,
                          struct mln_association **ret)
{
    const struct mln_tls *tls = link->tls;
    const struct mln_tls_judge judge = { tls->env, tls->verifier, tls->credentials, use };
    struct mln_cert_outcome outcome = { .expires_us = link->expires_us };

    memcpy(outcome.anchor, link->anchor, sizeof link->anchor);
    return mln_tls_prove(&judge, cert, &outcome, ret);
}

static mln_err who(struct mln_tls_link *link)
{
    mln_tls_link_settle(link);
    switch (link->how) {
    case MLN_TLS_BY_KEY:
        break;
    case MLN_TLS_BY_CERTIFICATE:
        if (!link->tls->credentials) {
            return MLN_OK; /* the one who was expected */
        }
        if (!link->association) {
            MLN_TRY(mln_tls_associate(link, SSL_get0_peer_certificate(link->ssl), MLN_USE_SAEF,
                                      &link->association));
        }
        break;
    case MLN_TLS_NOBODY:
    default:
        MLN_REQUIRE(link->tls->clients != MLN_TLS_CLIENT_REQUIRED, NOT_AUTHENTICATED);
        return MLN_OK;
    }
    MLN_REQUIRE(link->association &&
                    mln_association_is_valid(link->association, mln_env_now_us(link->tls->env)),
                NOT_AUTHENTICATED);
    return MLN_OK;
}

mln_err mln_tls_link_conclude(struct mln_tls_link *link, struct mln_association **ret)
{
    mln_err err = who(link);

    if (mln_failed(err)) {
        mln_tls_link_fail(link, "the credential stands for nobody", mln_err_text(err));
        return err;
    }
    *ret = link->association;
    link->association = NULL;
    return MLN_OK;
}
