/* Path validation with anchors that the caller names. */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/mem.h"
#include "base/timestamp.h"
#include "crypto/x509_int.h"

enum { NAMES_BYTES = 1 << 20, SCRATCH_BYTES = 1 << 20, CRLS_BYTES = 64 << 20, CRLS_MOST = 1024 };

struct mln_cert_verifier {
    _Atomic size_t references;
    struct mln_cert_rules rules;
    struct mln_arena *arena; /* of the rules' names */
    X509_STORE *store;
    int64_t *list_ends; /* nextUpdate of each revocation list */
    size_t list_count;
};

const struct mln_cert_rules *mln_cert_verifier_rules(const struct mln_cert_verifier *verifier)
{
    return &verifier->rules;
}

static bool us_of(const ASN1_TIME *time, int64_t *ret)
{
    struct tm tm = { 0 };

    if (!time || !ASN1_TIME_to_tm(time, &tm)) {
        return false;
    }
    *ret = (int64_t)timegm(&tm) * MLN_US_PER_S;
    return true;
}

/* ---- making one ---- */

static mln_err copy_names(struct mln_cert_verifier *v, const struct mln_cert_names *names)
{
    struct mln_cert_provider *rows = mln_arena_zalloc(v->arena, names->count, sizeof *rows);

    MLN_REQUIRE(rows || names->count == 0, NO_MEMORY);
    for (size_t i = 0; i < names->count; i++) {
        MLN_REQUIRE(mln_arena_dup(v->arena, names->providers[i].sp_id, &rows[i].sp_id) &&
                        mln_arena_dup(v->arena, names->providers[i].in_cse_id, &rows[i].in_cse_id),
                    NO_MEMORY);
    }
    v->rules.names = (struct mln_cert_names){ rows, names->count };
    return MLN_OK;
}

static mln_err add_anchor(X509_STORE *store, X509 *cert, int number, struct mln_fault *fault)
{
    enum mln_cert_reason reason = mln_cert_check_ca(cert, false);

    if (reason) {
        mln_fault_set(fault, "trust anchor %d: certificate %s", number,
                      mln_cert_reason_text(reason));
        return reason == MLN_CERT_FAILED ? MLN_ERROR(NO_MEMORY) : MLN_ERROR(CONFIG);
    }
    MLN_REQUIRE(X509_STORE_add_cert(store, cert), NO_MEMORY);
    return MLN_OK;
}

static mln_err add_anchors(X509_STORE *store, struct mln_slice pem, struct mln_fault *fault)
{
    STACK_OF(X509) *list = NULL;
    mln_err err = mln_cert_read_all(pem, fault, &list);

    if (!mln_failed(err) && sk_X509_num(list) == 0) {
        mln_fault_set(fault, "there is no trust anchor");
        err = MLN_ERROR(CONFIG);
    }
    for (int i = 0; !mln_failed(err) && i < sk_X509_num(list); i++) {
        err = add_anchor(store, sk_X509_value(list, i), i + 1, fault);
    }
    sk_X509_pop_free(list, X509_free);
    return err.code == MLN_ERR_SYNTAX ? MLN_ERROR(CONFIG) : err;
}

/* spec: TS-0003 10.1.1.3: what is signed is signed with ECDSA and SHA-256
 * spec: RFC 5280 5.1.2.5: nextUpdate is always there; to OpenSSL a list without is never old */
static mln_err add_crl(struct mln_cert_verifier *v, X509_CRL *crl, struct mln_fault *fault)
{
    if (!X509_CRL_get0_nextUpdate(crl)) {
        mln_fault_set(fault,
                      "certificate revocation list has no nextUpdate: it would never be old");
        MLN_FAIL(CONFIG);
    }
    if (X509_CRL_get_signature_nid(crl) != NID_ecdsa_with_SHA256) {
        mln_fault_set(fault, "certificate revocation list %s",
                      mln_cert_reason_text(MLN_CERT_SIGNATURE_TYPE));
        MLN_FAIL(CONFIG);
    }
    MLN_REQUIRE(X509_STORE_add_crl(v->store, crl), NO_MEMORY);
    if (us_of(X509_CRL_get0_nextUpdate(crl), &v->list_ends[v->list_count])) {
        v->list_count++;
    }
    return MLN_OK;
}

/* A SEQUENCE of more than 127 bytes, as every list is; else text. */
static bool is_der(struct mln_slice bytes)
{
    return bytes.len > 1 && bytes.ptr[0] == 0x30 && ((unsigned char)bytes.ptr[1] & 0x80);
}

/* Does something else in PEM come first? OpenSSL would pass it over: a file that was mistaken for a
 * list, a certificate for example. */
static bool begins_with_another(struct mln_slice text)
{
    static const char mark[] = "-----BEGIN ";
    const char *at = memmem(text.ptr, text.len, mark, sizeof mark - 1);

    return at && !mln_slice_starts(mln_slice_from(text, (size_t)(at - text.ptr) + sizeof mark - 1),
                                   MLN_S("X509 CRL-----"));
}

/* The first list; *left moves behind it, or to the end when there is none. */
static X509_CRL *take_crl(struct mln_slice *left)
{
    const unsigned char *at = (const unsigned char *)left->ptr;
    size_t rest = 0;
    X509_CRL *crl;
    BIO *bio;

    if (is_der(*left)) {
        crl = d2i_X509_CRL(NULL, &at, (long)left->len);
        rest = crl ? left->len - (size_t)(at - (const unsigned char *)left->ptr) : 0;
    } else {
        bio = begins_with_another(*left) ? NULL : BIO_new_mem_buf(left->ptr, (int)left->len);
        crl = bio ? PEM_read_bio_X509_CRL(bio, NULL, mln_cert_no_passphrase, NULL) : NULL;
        rest = crl ? BIO_ctrl_pending(bio) : 0;
        BIO_free(bio);
    }
    *left = mln_slice_from(*left, left->len - rest);
    return crl;
}

static struct mln_slice skip_space(struct mln_slice s)
{
    while (s.len && strchr(" \t\r\n", s.ptr[0]) && s.ptr[0]) {
        s = mln_slice_from(s, 1);
    }
    return s;
}

/* Something that is no list, such as a comment's text alone, is a mistake, not an empty set. */
static mln_err add_crls(struct mln_cert_verifier *v, struct mln_slice bytes,
                        struct mln_fault *fault)
{
    struct mln_slice left = skip_space(bytes);
    mln_err err = MLN_OK;
    int count = 0;

    MLN_REQUIRE(bytes.len <= CRLS_BYTES, LIMIT);
    if (bytes.len && !left.len) {
        left = bytes;
    }
    v->list_ends = mln_arena_zalloc(v->arena, CRLS_MOST, sizeof *v->list_ends);
    MLN_REQUIRE(v->list_ends, NO_MEMORY);
    while (!mln_failed(err) && left.len) {
        bool is_text = !is_der(left);
        X509_CRL *crl = take_crl(&left);
        bool is_end = !crl && count && is_text &&
                      ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

        ERR_clear_error();
        if (is_end) {
            break;
        }
        if (!crl) {
            mln_fault_set(fault, "certificate revocation list %d cannot be read", count + 1);
        }
        err = !crl                   ? MLN_ERROR(CONFIG)
              : count++ == CRLS_MOST ? MLN_ERROR(LIMIT)
                                     : add_crl(v, crl, fault);
        X509_CRL_free(crl);
        left = skip_space(left);
    }
    return err;
}

static mln_err fill(struct mln_cert_verifier *v, struct mln_slice anchors, struct mln_slice crls,
                    struct mln_fault *fault)
{
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN; /* an anchor may be signed by others */

    v->arena = mln_arena_new(NAMES_BYTES);
    v->store = X509_STORE_new();
    MLN_REQUIRE(v->arena && v->store, NO_MEMORY);
    MLN_TRY(copy_names(v, &v->rules.names));
    MLN_TRY(add_anchors(v->store, anchors, fault));
    MLN_TRY(add_crls(v, crls, fault));
    flags |= v->rules.is_strict ? X509_V_FLAG_X509_STRICT : 0;
    MLN_REQUIRE(X509_STORE_set_flags(v->store, flags), NO_MEMORY);
    return MLN_OK;
}

mln_err mln_cert_verifier_new(const struct mln_cert_rules *rules, struct mln_slice anchors,
                              struct mln_slice crls, struct mln_fault *fault,
                              struct mln_cert_verifier **ret)
{
    struct mln_cert_verifier *v = mln_calloc(1, sizeof *v);
    mln_err err;

    MLN_REQUIRE(v, NO_MEMORY);
    v->references = 1;
    v->rules = *rules;
    err = fill(v, anchors, crls, fault);
    ERR_clear_error();
    if (mln_failed(err)) {
        mln_cert_verifier_unref(v);
        return err;
    }
    *ret = v;
    return MLN_OK;
}

struct mln_cert_verifier *mln_cert_verifier_ref(struct mln_cert_verifier *verifier)
{
    verifier->references++;
    return verifier;
}

void mln_cert_verifier_unref(struct mln_cert_verifier *verifier)
{
    if (!verifier || --verifier->references) {
        return;
    }
    X509_STORE_free(verifier->store);
    mln_arena_free(verifier->arena);
    mln_free(verifier);
}

void mln_cert_verifier_unrefp(struct mln_cert_verifier **verifier)
{
    mln_cert_verifier_unref(*verifier);
}

/* ---- one verification ---- */

struct run {
    const struct mln_cert_verifier *verifier;
    const struct mln_cert_expect *expect;
    struct mln_cert_outcome *outcome;
};

static bool is_status_error(enum mln_cert_reason reason)
{
    return reason == MLN_CERT_NO_CRL || reason == MLN_CERT_STALE_CRL;
}

/* Called by OpenSSL for every error: 1 goes on. */
static int on_step(int is_fine, X509_STORE_CTX *ctx)
{
    struct run *run = X509_STORE_CTX_get_app_data(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    int depth = X509_STORE_CTX_get_error_depth(ctx);
    enum mln_cert_reason reason = mln_cert_reason_of(error, depth);

    if (is_fine) {
        return 1;
    }
    /* forms of names that OpenSSL does not judge: mln_cert_check_constraints does, all of them */
    if (error == X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE ||
        error == X509_V_ERR_UNSUPPORTED_NAME_SYNTAX) {
        return 1;
    }
    /* an anchor is trusted because somebody configured it: nobody can revoke it in a list */
    if (is_status_error(reason) && depth == sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) - 1) {
        return 1;
    }
    if (is_status_error(reason) && run->verifier->rules.status == MLN_CERT_STATUS_SOFT) {
        run->outcome->is_status_unknown = true;
        return 1;
    }
    run->outcome->x509_error = error;
    mln_cert_refuse(run->outcome, reason, depth, X509_STORE_CTX_get_current_cert(ctx));
    return 0;
}

static bool prepare(struct run *run, X509_STORE_CTX *ctx, X509 *cert, STACK_OF(X509) * untrusted,
                    unsigned long flags)
{
    const struct mln_cert_rules *rules = &run->verifier->rules;
    unsigned most = rules->chain_most ? rules->chain_most : MLN_CERT_CHAIN;
    X509_VERIFY_PARAM *param;

    if (!ctx || !X509_STORE_CTX_init(ctx, run->verifier->store, cert, untrusted)) {
        return false;
    }
    param = X509_STORE_CTX_get0_param(ctx);
    if (!X509_VERIFY_PARAM_set_flags(param, flags)) {
        return false;
    }
    X509_VERIFY_PARAM_set_depth(param, (int)most);
    X509_VERIFY_PARAM_set_time(param, (time_t)(mln_env_now_us(rules->env) / MLN_US_PER_S));
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_STORE_CTX_set_app_data(ctx, run);
    X509_STORE_CTX_set_verify_cb(ctx, on_step);
    return X509_STORE_CTX_set_purpose(ctx, run->expect->is_server ? X509_PURPOSE_SSL_SERVER
                                                                  : X509_PURPOSE_SSL_CLIENT) == 1;
}

/* ---- the chain, after OpenSSL is content ---- */

static enum mln_cert_reason check_authorities(const struct run *run, STACK_OF(X509) * chain,
                                              int *ret_depth)
{
    for (int i = 1; i < sk_X509_num(chain); i++) {
        enum mln_cert_reason reason =
            mln_cert_check_ca(sk_X509_value(chain, i), run->verifier->rules.is_strict);

        *ret_depth = i;
        if (reason) {
            return reason;
        }
    }
    return MLN_CERT_OK;
}

/* Device CAs are only recommended to have name constraints. spec: TS-0003 10.1.1.4.2 */
static enum mln_cert_flavour strict_flavour(const struct run *run, X509 *cert,
                                            struct mln_arena *arena)
{
    struct mln_cert_identity identity;
    enum mln_cert_reason reason;

    if (!run->verifier->rules.is_strict) {
        return MLN_CERT_NONE;
    }
    if (mln_failed(
            mln_cert_identity_of(cert, &run->verifier->rules.names, arena, &identity, &reason))) {
        return MLN_CERT_FQDN; /* what it is will be judged afterwards */
    }
    return identity.flavour == MLN_CERT_DEVICE ? MLN_CERT_NONE : identity.flavour;
}

static bool note_times(STACK_OF(X509) * chain, struct mln_cert_outcome *outcome)
{
    outcome->expires_us = INT64_MAX;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        int64_t us;

        if (!us_of(X509_get0_notAfter(sk_X509_value(chain, i)), &us)) {
            return false;
        }
        outcome->expires_us = us < outcome->expires_us ? us : outcome->expires_us;
    }
    return true;
}

/* Those that have ended already are of no use to this chain, else it would not be trusted. */
static void note_lists(const struct mln_cert_verifier *v, struct mln_cert_outcome *outcome)
{
    int64_t now_us = mln_env_now_us(v->rules.env);

    outcome->lists_end_us = INT64_MAX;
    for (size_t i = 0; v->rules.status == MLN_CERT_STATUS_HARD && i < v->list_count; i++) {
        if (v->list_ends[i] > now_us && v->list_ends[i] < outcome->lists_end_us) {
            outcome->lists_end_us = v->list_ends[i];
        }
    }
}

static enum mln_cert_reason note_anchor(const struct run *run, X509 *anchor,
                                        struct mln_arena *arena)
{
    struct mln_slice fingerprint;
    char *out = run->outcome->anchor;

    if (mln_failed(mln_cert_fingerprint(anchor, arena, &fingerprint)) ||
        fingerprint.len >= sizeof run->outcome->anchor) {
        return MLN_CERT_FAILED;
    }
    memcpy(out, fingerprint.ptr, fingerprint.len);
    out[fingerprint.len] = '\0';
    return run->expect->anchor.len == 0 || mln_slice_eq(run->expect->anchor, fingerprint)
               ? MLN_CERT_OK
               : MLN_CERT_BINDING;
}

static enum mln_cert_reason judge(const struct run *run, STACK_OF(X509) * chain,
                                  struct mln_arena *arena, int *ret_depth)
{
    X509 *cert = sk_X509_value(chain, 0);
    int last = sk_X509_num(chain) - 1;
    enum mln_cert_reason reason = check_authorities(run, chain, ret_depth);

    reason = reason
                 ? reason
                 : mln_cert_check_constraints(chain, strict_flavour(run, cert, arena), ret_depth);
    if (reason) {
        return reason;
    }
    *ret_depth = 0;
    if (!note_times(chain, run->outcome)) {
        return MLN_CERT_VALIDITY;
    }
    note_lists(run->verifier, run->outcome);
    reason = note_anchor(run, sk_X509_value(chain, last), arena);
    return reason ? reason : mln_cert_meets(cert, &run->verifier->rules.names, run->expect, arena);
}

static void judge_chain(struct run *run, X509_STORE_CTX *ctx)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    struct mln_arena *arena = mln_arena_new(SCRATCH_BYTES);
    int depth = 0;
    enum mln_cert_reason reason = arena ? judge(run, chain, arena, &depth) : MLN_CERT_FAILED;

    if (reason) {
        mln_cert_refuse(run->outcome, reason, depth, sk_X509_value(chain, depth));
    }
    mln_arena_free(arena);
}

/* NULL: refused, and the outcome says why, unless memory ran out. */
static X509_STORE_CTX *validate(struct run *run, X509 *cert, STACK_OF(X509) * untrusted,
                                unsigned long flags)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();

    if (prepare(run, ctx, cert, untrusted, flags) && X509_verify_cert(ctx) == 1) {
        return ctx;
    }
    X509_STORE_CTX_free(ctx);
    return NULL;
}

/* First the path, then its revocation. OpenSSL on its own looks at lists before it has checked a
 * signature of the path, and reads them from end to end for theirs: work for whoever asks. */
static X509_STORE_CTX *validate_all(struct run *run, X509 *cert, STACK_OF(X509) * untrusted)
{
    X509_STORE_CTX *ctx = validate(run, cert, untrusted, 0);

    if (ctx && run->verifier->rules.status != MLN_CERT_STATUS_OFF) {
        X509_STORE_CTX_free(ctx);
        ctx = validate(run, cert, untrusted, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    }
    return ctx;
}

/* *ret_chain: the verified chain, for the caller to free, or NULL. */
static void run_all(struct run *run, X509 *cert, STACK_OF(X509) * untrusted,
                    STACK_OF(X509) * *ret_chain)
{
    struct mln_cert_outcome *outcome = run->outcome;
    enum mln_cert_reason reason = mln_cert_check_leaf(cert);
    X509_STORE_CTX *ctx = NULL;

    *ret_chain = NULL;
    *outcome = (struct mln_cert_outcome){ .x509_error = X509_V_OK };
    if (reason) {
        mln_cert_refuse(outcome, reason, 0, cert);
        return;
    }
    ctx = validate_all(run, cert, untrusted);
    if (ctx) {
        judge_chain(run, ctx);
        *ret_chain = X509_STORE_CTX_get1_chain(ctx);
    } else if (outcome->reason == MLN_CERT_OK) {
        mln_cert_refuse(outcome, MLN_CERT_FAILED, 0, cert); /* out of memory: nobody said why */
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
}

/* ---- the public face ---- */

mln_err mln_cert_verify_again(const struct mln_cert_verifier *verifier, X509 *cert,
                              STACK_OF(X509) * chain, const struct mln_cert_expect *expect,
                              struct mln_cert_outcome *ret)
{
    struct run run = { verifier, expect, ret };
    STACK_OF(X509) *verified = NULL;

    run_all(&run, cert, chain, &verified);
    sk_X509_pop_free(verified, X509_free);
    return mln_cert_error(ret->reason);
}

mln_err mln_cert_verify(const struct mln_cert_verifier *verifier, struct x509_st *cert,
                        struct mln_slice chain, const struct mln_cert_expect *expect,
                        struct mln_cert_outcome *ret)
{
    STACK_OF(X509) *untrusted = NULL;
    mln_err err;

    *ret = (struct mln_cert_outcome){ .x509_error = X509_V_OK };
    err = mln_cert_read_all(chain, &ret->fault, &untrusted);
    if (mln_failed(err)) {
        ret->reason = err.code == MLN_ERR_NO_MEMORY ? MLN_CERT_FAILED : MLN_CERT_SYNTAX;
        return mln_cert_error(ret->reason);
    }
    err = mln_cert_verify_again(verifier, cert, untrusted, expect, ret);
    sk_X509_pop_free(untrusted, X509_free);
    return err;
}

int mln_cert_verify_handshake(const struct mln_cert_verifier *verifier,
                              struct x509_store_ctx_st *ctx, const struct mln_cert_expect *expect,
                              struct mln_cert_outcome *ret)
{
    struct run run = { verifier, expect, ret };
    STACK_OF(X509) *verified = NULL;

    run_all(&run, X509_STORE_CTX_get0_cert(ctx), X509_STORE_CTX_get0_untrusted(ctx), &verified);
    X509_STORE_CTX_set_error(ctx, ret->x509_error);
    X509_STORE_CTX_set_error_depth(ctx, ret->depth);
    if (verified) {
        X509_STORE_CTX_set0_verified_chain(ctx, verified);
    }
    return ret->reason == MLN_CERT_OK;
}
