/* Server contexts: one SSL_CTX for each certificate, selected by the name the client asks for. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "crypto/tls_int.h"
#include "crypto/x509_int.h"

enum { TEXTS_BYTES = 1 << 20 };

/* ---- names ---- */

static bool certificate_has(SSL_CTX *ctx, struct mln_slice name)
{
    X509 *cert = SSL_CTX_get0_certificate(ctx);

    return cert &&
           X509_check_host(cert, name.ptr, name.len,
                           X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS,
                           NULL) == 1;
}

/* Has one of the certificates a dNSName at all? */
static bool has_domain(SSL_CTX *ctx)
{
    X509 *cert = SSL_CTX_get0_certificate(ctx);
    GENERAL_NAMES *names = cert ? X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL) : NULL;
    bool found = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
        found = sk_GENERAL_NAME_value(names, i)->type == GEN_DNS;
    }
    GENERAL_NAMES_free(names);
    return found;
}

static bool is_ours(const struct mln_tls *tls, struct mln_slice name, bool is_in_certificate)
{
    for (size_t i = 0; i < tls->authority_count; i++) {
        if (mln_slice_eq_nocase(tls->authorities[i], name)) {
            return true;
        }
    }
    return tls->authority_count == 0 && (is_in_certificate || !tls->has_domains);
}

/* spec: TS-0003 10.2.1, RFC 6066 3 */
static int choose_authority(SSL *ssl, int *alert, void *data)
{
    const struct mln_tls *tls = data;
    struct mln_tls_link *link = mln_tls_link_of(ssl);
    const char *text = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    struct mln_slice name = mln_slice_z(text);
    size_t chosen = 0;

    if (!text) {
        return SSL_TLSEXT_ERR_OK;
    }
    while (chosen < tls->count && !certificate_has(tls->contexts[chosen], name)) {
        chosen++;
    }
    if (!is_ours(tls, name, chosen < tls->count) && !(link->is_carried && chosen < tls->count)) {
        mln_tls_link_fail(link, "the client asked for another authority", NULL);
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    if (chosen > 0 && chosen < tls->count) {
        (void)SSL_set_SSL_CTX(ssl, tls->contexts[chosen]);
    }
    return SSL_TLSEXT_ERR_OK;
}

/* ---- certificates of clients ---- */

/* spec: security.md 15: what may stand at the client's end of a security association. A certificate
 * of nothing but a domain name serves a CSE whose domain is configured. */
static const struct mln_cert_expect of_client = {
    .flavours = MLN_CERT_SET(MLN_CERT_AE_ID) | MLN_CERT_SET(MLN_CERT_CSE_ID) |
                MLN_CERT_SET(MLN_CERT_NODE_ID) | MLN_CERT_SET(MLN_CERT_DEVICE) |
                MLN_CERT_SET(MLN_CERT_FQDN),
};

static int verify_client(X509_STORE_CTX *store, void *data)
{
    const struct mln_tls *tls = data;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct mln_tls_link *link = ssl ? mln_tls_link_of(ssl) : NULL;
    struct mln_cert_expect expect = of_client;
    struct mln_cert_outcome outcome = { 0 };

    mln_tls_expect(&tls->expected, &expect);
    if (!link || !tls->verifier ||
        mln_cert_verify_handshake(tls->verifier, store, &expect, &outcome) != 1) {
        mln_tls_link_fail(
            link, outcome.fault.text[0] ? outcome.fault.text : mln_cert_reason_text(outcome.reason),
            NULL);
        return 0;
    }
    mln_tls_link_forget(link);
    link->how = MLN_TLS_BY_CERTIFICATE;
    memcpy(link->anchor, outcome.anchor, sizeof link->anchor);
    link->expires_us = outcome.expires_us;
    return 1;
}

/* The same path as in the handshake, or none: what the association says of the anchor must stay
 * true. */
bool mln_tls_link_holds(struct mln_tls_link *link, const struct mln_tls *tls)
{
    X509 *cert = SSL_get0_peer_certificate(link->ssl);
    struct mln_cert_expect expect = of_client;
    struct mln_cert_outcome outcome = { 0 };

    mln_tls_expect(&tls->expected, &expect);
    if (link->how != MLN_TLS_BY_CERTIFICATE) {
        return true;
    }
    return cert && tls->verifier &&
           !mln_failed(mln_cert_verify_again(
               tls->verifier, cert, SSL_get_peer_cert_chain(link->ssl), &expect, &outcome)) &&
           mln_slice_eq(mln_slice_z(outcome.anchor), mln_slice_z(link->anchor));
}

static int verify_mode(enum mln_tls_clients clients)
{
    switch (clients) {
    case MLN_TLS_CLIENT_OPTIONAL:
        return SSL_VERIFY_PEER;
    case MLN_TLS_CLIENT_REQUIRED:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case MLN_TLS_CLIENT_NONE:
    default:
        return SSL_VERIFY_NONE;
    }
}

/* ---- life ---- */

static mln_err set_up(struct mln_tls *tls, SSL_CTX *ctx, const struct mln_tls_options *options,
                      const struct mln_tls_identity *identity, struct mln_fault *fault)
{
    MLN_TRY(mln_tls_set_profile(ctx, options->least, options->greatest));
    if (identity) {
        MLN_TRY(mln_tls_set_identity(ctx, identity, fault));
    }
    if (options->credentials) {
        mln_tls_set_keys(ctx);
    }
    SSL_CTX_set_verify(ctx, verify_mode(options->clients), NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify_client, tls);
    (void)SSL_CTX_set_tlsext_servername_callback(ctx, choose_authority);
    (void)SSL_CTX_set_tlsext_servername_arg(ctx, tls);
    /* of this context only: nothing is resumed across a change of certificates or lists */
    MLN_REQUIRE(
        SSL_CTX_set_session_id_context(ctx, tls->tickets.check, sizeof tls->tickets.check) == 1,
        NO_MEMORY);
    return mln_tls_set_tickets(tls, ctx);
}

static mln_err add_contexts(struct mln_tls *tls, const struct mln_tls_options *options,
                            struct mln_fault *fault)
{
    size_t count = options->identity_count ? options->identity_count : 1;

    MLN_REQUIRE(count <= MLN_TLS_IDENTITIES, CONFIG);
    for (size_t i = 0; i < count; i++) {
        tls->contexts[i] = SSL_CTX_new(TLS_server_method());
        MLN_REQUIRE(tls->contexts[i], NO_MEMORY);
        tls->count = i + 1;
        MLN_TRY(set_up(tls, tls->contexts[i], options,
                       options->identity_count ? &options->identities[i] : NULL, fault));
        tls->has_domains = tls->has_domains || has_domain(tls->contexts[i]);
    }
    return MLN_OK;
}

static mln_err keep_expected(struct mln_tls *tls, const struct mln_tls_target *expected)
{
    if (expected) {
        MLN_REQUIRE(mln_arena_dup(tls->arena, expected->domain, &tls->expected.domain) &&
                        mln_arena_dup(tls->arena, expected->cse_id, &tls->expected.cse_id) &&
                        mln_arena_dup(tls->arena, expected->ae_id, &tls->expected.ae_id),
                    NO_MEMORY);
    }
    return MLN_OK;
}

static mln_err keep_authorities(struct mln_tls *tls, const struct mln_tls_options *options)
{
    tls->arena = mln_arena_new(TEXTS_BYTES);
    MLN_REQUIRE(tls->arena, NO_MEMORY);
    tls->authorities =
        mln_arena_zalloc(tls->arena, options->authority_count + 1, sizeof *tls->authorities);
    MLN_REQUIRE(tls->authorities, NO_MEMORY);
    for (size_t i = 0; i < options->authority_count; i++) {
        MLN_REQUIRE(mln_arena_dup(tls->arena, options->authorities[i], &tls->authorities[i]),
                    NO_MEMORY);
    }
    tls->authority_count = options->authority_count;
    return keep_expected(tls, options->expected);
}

static mln_err check(const struct mln_tls_options *options, struct mln_fault *fault)
{
    if (options->identity_count == 0 && !options->credentials) {
        mln_fault_set(fault, "TLS needs a certificate, or credentials with pre-shared keys");
        MLN_FAIL(CONFIG);
    }
    if (options->expected && (options->credentials || options->clients != MLN_TLS_CLIENT_REQUIRED ||
                              !(options->expected->domain.len || options->expected->cse_id.len ||
                                options->expected->ae_id.len))) {
        mln_fault_set(fault, "the one client that is expected is nobody, or not the only one");
        MLN_FAIL(CONFIG);
    }
    if (options->clients != MLN_TLS_CLIENT_NONE &&
        !(options->verifier && (options->credentials || options->expected))) {
        mln_fault_set(fault, "certificates of clients need a trust anchor and credentials");
        MLN_FAIL(CONFIG);
    }
    if (options->least > options->greatest) {
        mln_fault_set(fault, "the least version of TLS is above the greatest");
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static void destroy(struct mln_tls *tls)
{
    for (size_t i = 0; i < tls->count; i++) {
        SSL_CTX_free(tls->contexts[i]);
    }
    mln_cert_verifier_unref(tls->verifier);
    mln_tls_tickets_done(&tls->tickets);
    mln_arena_free(tls->arena);
    mln_free(tls);
}

mln_err mln_tls_new(const struct mln_tls_options *options, struct mln_fault *fault,
                    struct mln_tls **ret)
{
    struct mln_tls *tls;
    mln_err err;

    MLN_TRY(check(options, fault));
    tls = mln_calloc(1, sizeof *tls);
    MLN_REQUIRE(tls, NO_MEMORY);
    err = mln_tls_tickets_init(&tls->tickets, options->env, options->ticket_us);
    if (mln_failed(err)) {
        destroy(tls);
        return err;
    }
    atomic_init(&tls->references, 1);
    tls->env = options->env;
    tls->clients = options->clients;
    tls->credentials = options->credentials;
    tls->verifier = options->verifier ? mln_cert_verifier_ref(options->verifier) : NULL;
    err = keep_authorities(tls, options);
    if (!mln_failed(err)) {
        err = add_contexts(tls, options, fault);
    }
    if (!mln_failed(err)) {
        err = mln_tls_set_staples(tls, options, fault);
    }
    if (mln_failed(err)) {
        destroy(tls);
        return err;
    }
    *ret = tls;
    return MLN_OK;
}

struct mln_tls *mln_tls_ref(struct mln_tls *tls)
{
    (void)atomic_fetch_add_explicit(&tls->references, 1, memory_order_relaxed);
    return tls;
}

void mln_tls_unref(struct mln_tls *tls)
{
    if (tls && atomic_fetch_sub_explicit(&tls->references, 1, memory_order_acq_rel) == 1) {
        destroy(tls);
    }
}

void mln_tls_unrefp(struct mln_tls **tls)
{
    mln_tls_unref(*tls);
}

/* ---- what it shows ---- */

static mln_err put_certificate(X509 *cert, struct mln_arena *arena, struct mln_slice *ret)
{
    int len = i2d_X509(cert, NULL);
    unsigned char *bytes = len > 0 ? mln_arena_alloc(arena, (size_t)len) : NULL;

    MLN_REQUIRE(bytes, NO_MEMORY);
    *ret = mln_slice_of((const char *)bytes, (size_t)len);
    MLN_REQUIRE(i2d_X509(cert, &bytes) == len, NO_MEMORY); /* moves the pointer */
    return MLN_OK;
}

mln_err mln_tls_chain(const struct mln_tls *tls, struct mln_arena *arena,
                      struct mln_slice ret[static MLN_TLS_CHAIN], size_t *ret_count)
{
    X509 *own = SSL_CTX_get0_certificate(tls->contexts[0]);
    STACK_OF(X509) *above = NULL;
    size_t count = 0;

    if (own) {
        MLN_TRY(put_certificate(own, arena, &ret[count++]));
        (void)SSL_CTX_get0_chain_certs(tls->contexts[0], &above);
    }
    for (int i = 0; above && i < sk_X509_num(above) && count < MLN_TLS_CHAIN; i++) {
        MLN_TRY(put_certificate(sk_X509_value(above, i), arena, &ret[count++]));
    }
    *ret_count = count;
    return MLN_OK;
}
