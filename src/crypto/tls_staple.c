/* OCSP answers: a server staples those it was given to its handshakes, a client asks for one.
 *
 * An answer is stapled while it is recent; afterwards none is, because clients refuse an old one
 * but mostly do without. What it says of the certificate is left to those who read it.
 * spec: TS-0003 8.1.2.2, RFC 6066 8, security.md 15 */
#include <openssl/ocsp.h>

#include "crypto/tls_int.h"

/* ---- a server's ---- */

static int staple(SSL *ssl, void *data)
{
    const struct mln_tls_staple *s = data;
    void *copy;

    if (mln_env_now_us(s->env) >= s->until_us) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    copy = OPENSSL_memdup(s->answer.ptr, s->answer.len);
    if (!copy || SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)s->answer.len) != 1) {
        OPENSSL_free(copy);
        return SSL_TLSEXT_ERR_NOACK;
    }
    return SSL_TLSEXT_ERR_OK;
}

/* `number` is for people. */
static mln_err set_one(struct mln_tls *tls, struct mln_slice answer, size_t number,
                       struct mln_fault *fault)
{
    bool is_about = false;
    int64_t until_us = 0;
    size_t i;

    for (i = 0; i < tls->count && !is_about; i++) {
        const X509 *cert = SSL_CTX_get0_certificate(tls->contexts[i]);

        is_about = cert && mln_cert_is_about(answer, cert, &until_us);
    }
    if (!is_about) {
        mln_fault_set(fault, "OCSP response %zu cannot be read, or is about another certificate",
                      number);
        MLN_FAIL(CONFIG);
    }
    i--;
    MLN_REQUIRE(mln_arena_dup(tls->arena, answer, &tls->staples[i].answer), NO_MEMORY);
    tls->staples[i].env = tls->env;
    tls->staples[i].until_us = until_us;
    (void)SSL_CTX_set_tlsext_status_cb(tls->contexts[i], staple);
    (void)SSL_CTX_set_tlsext_status_arg(tls->contexts[i], &tls->staples[i]);
    return MLN_OK;
}

mln_err mln_tls_set_staples(struct mln_tls *tls, const struct mln_tls_options *options,
                            struct mln_fault *fault)
{
    for (size_t i = 0; i < options->staple_count; i++) {
        MLN_TRY(set_one(tls, options->staples[i], i + 1, fault));
    }
    return MLN_OK;
}

bool mln_tls_has_old_staple(const struct mln_tls *tls)
{
    for (size_t i = 0; i < tls->count; i++) {
        if (tls->staples[i].answer.len && mln_env_now_us(tls->env) >= tls->staples[i].until_us) {
            return true;
        }
    }
    return false;
}

/* ---- a client's ---- */

bool mln_tls_check_staple(SSL *ssl, const struct mln_cert_verifier *verifier,
                          struct mln_cert_outcome *outcome)
{
    const STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    unsigned char *answer = NULL;
    long len = SSL_get_tlsext_status_ocsp_resp(ssl, &answer);
    struct mln_slice bytes =
        mln_slice_of((const char *)answer, answer && len > 0 ? (size_t)len : 0);

    /* by key there is none; and who is an anchor himself needs nobody to speak for him */
    if (!SSL_get0_peer_certificate(ssl) || sk_X509_num(chain) == 1) {
        return true;
    }
    return chain && !mln_failed(mln_cert_check_staple(verifier, sk_X509_value(chain, 0),
                                                      sk_X509_value(chain, 1), bytes, outcome));
}
