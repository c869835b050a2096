/* Handshakes through memory. */
#include "crypto/tls_tunnel.h"

#include <openssl/err.h>

#include "base/mem.h"
#include "crypto/tls_int.h"
#include "crypto/x509_int.h"

enum { ALERT_BYTES = 7, HEADER = 5, RECORD_MAX = 16384 + 2048, NAME_BYTES = 4096 };

/* Handshake types. spec: RFC 5246 7.4 */
enum {
    HELLO_REQUEST = 0,
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_DONE = 14,
};

struct mln_tls_tunnel {
    SSL *ssl;
    struct mln_tls_reach *reach; /* initiating end */
    struct mln_tls_link *link;   /* terminating end */
    struct mln_tls_client *client;
    enum mln_use use;
    struct mln_cert_outcome outcome; /* initiating end: of the other's certificate */
    struct mln_fault why;            /* likewise: why it is not believed */
    BIO *in;
    BIO *out;
    unsigned next; /* number of the message that comes next; 0: the first one goes out */
    bool is_over;
    bool is_extended; /* the other end has said extended master secret */
    unsigned char alert[ALERT_BYTES];
    size_t alert_len;
};

/* ---- messages ---- */

static unsigned byte_at(struct mln_slice s, size_t i)
{
    return i < s.len ? (unsigned char)s.ptr[i] : 0;
}

/* The body of the first record, and the rest. Only the records of a ClientHello may have another
 * version than 1.2: it says nothing (RFC 5246 E.1). */
static bool cut_record(struct mln_slice *rest, unsigned least_minor, struct mln_slice *ret)
{
    unsigned minor = byte_at(*rest, 2);
    size_t len = (size_t)(byte_at(*rest, 3) << 8 | byte_at(*rest, 4));

    if (rest->len < HEADER || byte_at(*rest, 1) != 3 || (minor != 3 && minor != least_minor) ||
        len == 0 || len > RECORD_MAX || rest->len - HEADER < len) {
        return false;
    }
    *ret = mln_slice_head(mln_slice_from(*rest, HEADER), len);
    *rest = mln_slice_from(*rest, HEADER + len);
    return true;
}

/* The handshake in the clear, which records may cut anywhere. */
struct walk {
    unsigned char header[4];
    size_t header_len;
    size_t left; /* of the present one's body */
    size_t count;
    unsigned first;
    unsigned last;
    bool has_request; /* a client would ignore it, and no hash would tell */
};

static void note_header(struct walk *w)
{
    w->last = w->header[0];
    w->first = w->count++ ? w->first : w->last;
    w->has_request = w->has_request || w->last == HELLO_REQUEST;
    w->left = (size_t)w->header[1] << 16 | (size_t)w->header[2] << 8 | w->header[3];
    w->header_len = 0;
}

static void walk_body(struct walk *w, struct mln_slice body)
{
    while (body.len) {
        size_t len = w->left < body.len ? w->left : body.len;

        if (len == 0) {
            w->header[w->header_len++] = (unsigned char)body.ptr[0];
            len = 1;
        } else {
            w->left -= len;
        }
        if (w->header_len == sizeof w->header) {
            note_header(w);
        }
        body = mln_slice_from(body, len);
    }
}

/* The records in front that are of the handshake: whole messages. */
static bool cut_handshake(struct mln_slice *rest, unsigned least_minor, struct walk *ret)
{
    struct mln_slice body;

    *ret = (struct walk){ 0 };
    while (byte_at(*rest, 0) == SSL3_RT_HANDSHAKE) {
        if (!cut_record(rest, least_minor, &body)) {
            return false;
        }
        walk_body(ret, body);
    }
    return ret->left == 0 && ret->header_len == 0 && !ret->has_request;
}

/* ChangeCipherSpec, and one record with Finished. */
static bool is_change(struct mln_slice rest)
{
    struct mln_slice body;

    return byte_at(rest, 0) == SSL3_RT_CHANGE_CIPHER_SPEC && cut_record(&rest, 3, &body) &&
           body.len == 1 && byte_at(rest, 0) == SSL3_RT_HANDSHAKE && cut_record(&rest, 3, &body) &&
           rest.len == 0;
}

static bool is_alert(struct mln_slice message)
{
    return message.len == ALERT_BYTES && byte_at(message, 0) == SSL3_RT_ALERT &&
           byte_at(message, 1) == 3 && byte_at(message, 3) == 0 && byte_at(message, 4) == 2;
}

enum mln_tls_flight mln_tls_flight_of(struct mln_slice message)
{
    bool is_hello = byte_at(message, HEADER) == CLIENT_HELLO;
    struct mln_slice rest = message;
    struct walk w;

    if (is_alert(message)) {
        return MLN_TLS_FLIGHT_ALERT;
    }
    if (message.len > MLN_TLS_FLIGHT_BYTES || !cut_handshake(&rest, is_hello ? 1 : 3, &w)) {
        return MLN_TLS_FLIGHT_BAD;
    }
    if (rest.len && (!is_change(rest) || (w.count && w.first != CERTIFICATE))) {
        return MLN_TLS_FLIGHT_BAD;
    }
    if (rest.len) {
        return w.count ? MLN_TLS_FLIGHT_3 : MLN_TLS_FLIGHT_4;
    }
    if (is_hello && w.count == 1) {
        return MLN_TLS_FLIGHT_1;
    }
    return w.first == SERVER_HELLO && w.last == SERVER_DONE ? MLN_TLS_FLIGHT_2 : MLN_TLS_FLIGHT_BAD;
}

const char *mln_tls_alert_text(struct mln_slice alert)
{
    return SSL_alert_desc_string_long((int)byte_at(alert, ALERT_BYTES - 1));
}

/* ---- the end ---- */

static void set_alert(struct mln_tls_tunnel *t, unsigned description)
{
    const unsigned char alert[ALERT_BYTES] = {
        SSL3_RT_ALERT, 3, 3, 0, 2, SSL3_AL_FATAL, (unsigned char)description
    };

    memcpy(t->alert, alert, sizeof alert);
    t->alert_len = sizeof alert;
    t->is_over = true;
}

static mln_err end(struct mln_tls_tunnel *t, unsigned description, const char *why,
                   struct mln_fault *fault)
{
    set_alert(t, description);
    mln_fault_set(fault, "ESCertKE: %s", why);
    ERR_clear_error();
    MLN_FAIL(ESCERTKE);
}

static struct mln_slice said(const struct mln_tls_tunnel *t)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(t->out, &bytes);

    return mln_slice_of(bytes, len > 0 ? (size_t)len : 0);
}

/* OpenSSL gave up: it has said why to the other end, or tried to. */
static mln_err end_as_openssl(struct mln_tls_tunnel *t, struct mln_fault *fault)
{
    struct mln_slice out = said(t);
    struct mln_slice last = mln_slice_from(out, out.len < ALERT_BYTES ? 0 : out.len - ALERT_BYTES);
    struct mln_fault why = { 0 };

    if (t->link) {
        mln_tls_link_why(t->link, &why);
    } else {
        const char *reason = ERR_reason_error_string(ERR_peek_error());

        mln_fault_set(&why, "%s",
                      t->why.text[0] ? t->why.text
                      : reason       ? reason
                                     : "the handshake ended");
    }
    return end(t, is_alert(last) ? byte_at(last, ALERT_BYTES - 1) : SSL_AD_HANDSHAKE_FAILURE,
               why.text, fault);
}

struct mln_slice mln_tls_tunnel_alert(const struct mln_tls_tunnel *tunnel)
{
    return mln_slice_of((const char *)tunnel->alert, tunnel->alert_len);
}

void mln_tls_tunnel_deny(struct mln_tls_tunnel *tunnel)
{
    set_alert(tunnel, SSL_AD_ACCESS_DENIED);
}

/* ---- steps ---- */

/* Nothing that came in is left over. */
static bool is_taken(const struct mln_tls_tunnel *t)
{
    return BIO_pending(t->in) == 0 && SSL_has_pending(t->ssl) == 0;
}

/* The server has asked for our certificate. */
static bool is_asked(SSL *ssl)
{
    const unsigned char *types;

    return SSL_get0_certificate_types(ssl, &types) > 0;
}

/* Is the handshake where a whole flight leads to? */
static bool is_between(const struct mln_tls_tunnel *t)
{
    switch (t->next) {
    case 0:
        return SSL_get_state(t->ssl) == TLS_ST_CW_CLNT_HELLO;
    case 1:
        return SSL_get_state(t->ssl) == TLS_ST_SW_SRVR_DONE;
    case 2:
        return SSL_get_state(t->ssl) == TLS_ST_CW_FINISHED && is_asked(t->ssl);
    default:
        return false;
    }
}

static mln_err shake(struct mln_tls_tunnel *t, struct mln_fault *fault)
{
    int rc = SSL_do_handshake(t->ssl);

    if (rc != 1 && SSL_get_error(t->ssl, rc) != SSL_ERROR_WANT_READ) {
        return end_as_openssl(t, fault);
    }
    if (t->next > 0 && !t->is_extended) {
        return end(t, SSL_AD_HANDSHAKE_FAILURE, "the other end has no extended master secret",
                   fault);
    }
    if (!is_taken(t) || (t->next >= 3 ? rc != 1 : rc == 1 || !is_between(t))) {
        return end(t, SSL_AD_UNEXPECTED_MESSAGE, "a message has more or less than belongs into it",
                   fault);
    }
    return MLN_OK;
}

/* A message of the right kind. */
static mln_err take(struct mln_tls_tunnel *t, struct mln_slice message, struct mln_fault *fault)
{
    static const enum mln_tls_flight wanted[] = { MLN_TLS_FLIGHT_BAD, MLN_TLS_FLIGHT_1,
                                                  MLN_TLS_FLIGHT_2, MLN_TLS_FLIGHT_3,
                                                  MLN_TLS_FLIGHT_4 };
    enum mln_tls_flight flight = mln_tls_flight_of(message);

    if (flight == MLN_TLS_FLIGHT_ALERT) {
        t->is_over = true;
        mln_fault_set(fault, "ESCertKE: the other end refuses: %s", mln_tls_alert_text(message));
        MLN_FAIL(ESCERTKE);
    }
    if (flight == MLN_TLS_FLIGHT_BAD || flight != wanted[t->next]) {
        return end(t, SSL_AD_UNEXPECTED_MESSAGE, "this is not the message that comes next", fault);
    }
    MLN_REQUIRE(BIO_write(t->in, message.ptr, (int)message.len) == (int)message.len, NO_MEMORY);
    return MLN_OK;
}

/* What OpenSSL would do without. */
static mln_err check(struct mln_tls_tunnel *t, struct mln_fault *fault)
{
    if (SSL_version(t->ssl) != TLS1_2_VERSION || SSL_session_reused(t->ssl) ||
        !SSL_get0_peer_certificate(t->ssl) || SSL_get_verify_result(t->ssl) != X509_V_OK ||
        SSL_get_extms_support(t->ssl) != 1) {
        return end(t, SSL_AD_HANDSHAKE_FAILURE, "not a new handshake of certificates", fault);
    }
    return MLN_OK;
}

mln_err mln_tls_tunnel_step(struct mln_tls_tunnel *tunnel, struct mln_slice message,
                            struct mln_fault *fault, struct mln_slice *ret)
{
    if (tunnel->is_over || tunnel->next > 4) {
        mln_fault_set(fault, "ESCertKE: the handshake is over");
        MLN_FAIL(ESCERTKE);
    }
    ERR_clear_error();
    (void)BIO_reset(tunnel->out);
    if (tunnel->next) {
        MLN_TRY(take(tunnel, message, fault));
    }
    MLN_TRY(shake(tunnel, fault));
    if (tunnel->next >= 3) {
        MLN_TRY(check(tunnel, fault));
    }
    tunnel->next += 2;
    *ret = said(tunnel);
    return MLN_OK;
}

/* ---- the key ---- */

/* Whom the certificate of the other stands for. */
static mln_err prove(struct mln_tls_tunnel *t, struct mln_association **ret)
{
    X509 *cert = SSL_get0_peer_certificate(t->ssl);
    struct mln_tls_judge judge;

    if (t->link) {
        return mln_tls_associate(t->link, cert, t->use, ret);
    }
    judge = mln_tls_client_judge(t->client, t->use);
    return mln_tls_prove(&judge, cert, &t->outcome, ret);
}

/* spec: TS-0003 10.3.1; RFC 5705: no context is another one than an empty context */
static mln_err export(SSL *ssl, struct mln_tls_made *made)
{
    const char *label = mln_exporter_label(MLN_EXPORT_ESCERTKE);
    unsigned char exported[MLN_KDF_EXPORT];
    bool is_exported = SSL_export_keying_material(ssl, exported, sizeof exported, label,
                                                  strlen(label), NULL, 0, 0) == 1;

    made->key = is_exported ? mln_secret_new(MLN_KDF_KEY) : NULL;
    if (made->key) {
        mln_kdf_split(exported, made->id, mln_secret_room(made->key));
    }
    mln_wipe(exported, sizeof exported);
    return made->key ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

mln_err mln_tls_tunnel_conclude(struct mln_tls_tunnel *tunnel, struct mln_fault *fault,
                                struct mln_tls_made *ret)
{
    struct mln_tls_made made = { 0 };
    mln_err err;

    if (tunnel->is_over || tunnel->next <= 4) {
        mln_fault_set(fault, "ESCertKE: there is no key");
        MLN_FAIL(ESCERTKE);
    }
    err = prove(tunnel, &made.association);
    if (err.code == MLN_ERR_NOT_AUTHENTICATED || err.code == MLN_ERR_CERTIFICATE) {
        return end(tunnel, SSL_AD_ACCESS_DENIED, "the certificate stands for nobody", fault);
    }
    MLN_TRY(err);
    err = export(tunnel->ssl, &made);
    if (mln_failed(err)) {
        mln_association_unref(made.association);
        return err;
    }
    tunnel->is_over = true;
    *ret = made;
    return MLN_OK;
}

/* ---- life ---- */

void mln_tls_tunnel_free(struct mln_tls_tunnel *tunnel)
{
    if (tunnel) {
        if (tunnel->link) {
            mln_tls_link_free(tunnel->link); /* with its SSL object */
        } else {
            SSL_free(tunnel->ssl);
        }
        mln_tls_reach_free(tunnel->reach);
        mln_tls_client_unref(tunnel->client);
        mln_free(tunnel);
    }
}

/* RFC 7627: looked at in both hellos, so that no end makes a key without. */
static void note_extension(SSL *ssl, int is_client, int type, const unsigned char *data, int len,
                           void *arg)
{
    struct mln_tls_tunnel *t = arg;

    (void)ssl;
    (void)is_client;
    (void)data;
    (void)len;
    t->is_extended = t->is_extended || type == TLSEXT_TYPE_extended_master_secret;
}

static mln_err join(struct mln_tls_tunnel *t)
{
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());

    if (!in || !out) {
        (void)BIO_free(in);
        (void)BIO_free(out);
        MLN_FAIL(NO_MEMORY);
    }
    SSL_set_bio(t->ssl, in, out);
    (void)SSL_set_tlsext_debug_callback(t->ssl, note_extension);
    (void)SSL_set_tlsext_debug_arg(t->ssl, t);
    t->in = in;
    t->out = out;
    return mln_tls_set_tunnel(t->ssl);
}

/* spec: TS-0003 10.2.1. An AE has no domain name. */
static mln_err say_name(const struct mln_tls_tunnel *t, const struct mln_tls_target *target)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(NAME_BYTES);
    struct mln_tls_judge judge = mln_tls_client_judge(t->client, t->use);
    struct mln_slice domain = target->domain;
    char *name;

    MLN_REQUIRE(arena, NO_MEMORY);
    if (target->cse_id.len && mln_failed(mln_cert_domain_of_cse(
                                  target->cse_id, &mln_cert_verifier_rules(judge.verifier)->names,
                                  arena, NULL, &domain))) {
        return MLN_OK; /* the certificate will not do either */
    }
    if (target->ae_id.len || !mln_cert_is_domain(domain)) {
        return MLN_OK;
    }
    name = mln_arena_zdup(arena, domain);
    MLN_REQUIRE(name && SSL_set_tlsext_host_name(t->ssl, name) == 1, NO_MEMORY);
    return MLN_OK;
}

static mln_err lack(struct mln_fault *fault, const char *what)
{
    mln_fault_set(fault, "ESCertKE needs %s", what);
    MLN_FAIL(CONFIG);
}

static mln_err set_up_client(struct mln_tls_tunnel *t, const struct mln_tls_target *target,
                             struct mln_fault *fault)
{
    struct mln_tls_target reached = *target;

    if (!mln_tls_client_judge(t->client, t->use).verifier) {
        return lack(fault, "a trust anchor");
    }
    reached.why = &t->why;
    MLN_TRY(mln_tls_reach_new(t->client, &reached, t->use, &t->outcome, &t->reach));
    t->ssl = mln_tls_reach_ssl(t->reach);
    MLN_REQUIRE(t->ssl, NO_MEMORY);
    if (!SSL_get_certificate(t->ssl)) {
        return lack(fault, "a certificate");
    }
    MLN_TRY(join(t));
    return say_name(t, target);
}

mln_err mln_tls_tunnel_connect(struct mln_tls_client *client, const struct mln_tls_target *target,
                               enum mln_use use, struct mln_fault *fault,
                               struct mln_tls_tunnel **ret)
{
    struct mln_tls_tunnel *t = mln_calloc(1, sizeof *t);
    mln_err err;

    MLN_REQUIRE(t, NO_MEMORY);
    t->client = mln_tls_client_ref(client);
    t->use = use;
    err = set_up_client(t, target, fault);
    if (mln_failed(err)) {
        mln_tls_tunnel_free(t);
        return err;
    }
    *ret = t;
    return MLN_OK;
}

bool mln_tls_tunnel_can_accept(const struct mln_tls *tls)
{
    return tls->verifier && SSL_CTX_get0_certificate(tls->contexts[0]);
}

mln_err mln_tls_tunnel_accept(struct mln_tls *tls, enum mln_use use, struct mln_fault *fault,
                              struct mln_tls_tunnel **ret)
{
    struct mln_tls_tunnel *t;
    mln_err err;

    if (!mln_tls_tunnel_can_accept(tls)) {
        return lack(fault, "a certificate and a trust anchor");
    }
    t = mln_calloc(1, sizeof *t);
    MLN_REQUIRE(t, NO_MEMORY);
    t->next = 1;
    t->use = use;
    err = mln_tls_link_new(tls, &t->link);
    if (!mln_failed(err)) {
        t->link->is_carried = true;
        t->ssl = mln_tls_link_ssl(t->link);
        err = join(t);
    }
    if (mln_failed(err)) {
        mln_tls_tunnel_free(t);
        return err;
    }
    *ret = t;
    return MLN_OK;
}
