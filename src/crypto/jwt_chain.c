/* From the certificates of a token to its issuer. */
#include "crypto/jwt_chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/mem.h"

enum { ISSUERS_STEP = 8 };

/* One for each issuer that has anchors. */
struct row {
    const struct mln_jwt_issuer *issuer;
    struct mln_cert_verifier *verifier;
};

struct trust {
    const struct mln_cert_rules *rules; /* until the set is made */
    struct mln_slice crls;
    struct row *rows;
    size_t count;
    size_t room;
};

/* ---- DER to PEM ---- */

/* A certificate of a token is DER: what else could be read as one might be read differently by
 * whoever takes the key out of it. */
static mln_err read_der(struct mln_slice der, X509 **ret)
{
    MLN_REQUIRE(der.len && (unsigned char)der.ptr[0] == 0x30, SYNTAX);
    return mln_cert_read(der, NULL, ret);
}

static mln_err append_pem(BIO *out, struct mln_slice der)
{
    X509 *cert;
    bool is_written;

    MLN_TRY(read_der(der, &cert));
    is_written = PEM_write_bio_X509(out, cert) == 1;
    mln_cert_free(cert);
    MLN_REQUIRE(is_written, NO_MEMORY);
    return MLN_OK;
}

/* All of them as one text in `out`. Errors: SYNTAX (fault: which), LIMIT, NO_MEMORY. */
static mln_err join(BIO *out, const struct mln_slice *list, size_t count, struct mln_fault *fault,
                    struct mln_slice *ret)
{
    char *text;
    long len;

    MLN_REQUIRE(out, NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        mln_err err = append_pem(out, list[i]);

        if (err.code == MLN_ERR_SYNTAX) {
            mln_fault_set(fault, "certificate %zu is not sound DER", i);
        }
        MLN_TRY(err);
    }
    len = BIO_get_mem_data(out, &text);
    *ret = mln_slice_of(text, (size_t)len);
    return MLN_OK;
}

/* ---- preparing ---- */

static mln_err grow(struct trust *t)
{
    struct row *rows;

    if (t->count < t->room) {
        return MLN_OK;
    }
    rows = mln_realloc(t->rows, (t->room + ISSUERS_STEP) * sizeof *rows);
    MLN_REQUIRE(rows, NO_MEMORY);
    t->rows = rows;
    t->room += ISSUERS_STEP;
    return MLN_OK;
}

/* Identifiers that a certificate can name. */
static bool is_absolute(struct mln_slice id)
{
    size_t at = 2 + mln_slice_find(mln_slice_from(id, 2), '/');

    return mln_slice_starts(id, MLN_S("//")) && at > 2 && at + 1 < id.len;
}

static mln_err prepare(void *data, const struct mln_jwt_issuer *issuer, struct mln_fault *fault)
{
    struct trust *t = data;
    struct row row = { .issuer = issuer };
    struct mln_slice pem;
    BIO *out;
    mln_err err;

    if (!is_absolute(issuer->id)) {
        mln_fault_set(fault,
                      "certificates name issuers by absolute identifiers, //sp.example/Sdas");
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(grow(t));
    out = BIO_new(BIO_s_mem());
    err = join(out, issuer->anchors, issuer->anchor_count, fault, &pem);
    if (!mln_failed(err)) {
        err = mln_cert_verifier_new(t->rules, pem, t->crls, fault, &row.verifier);
    }
    BIO_free(out);
    MLN_TRY(err);
    t->rows[t->count++] = row;
    return MLN_OK;
}

/* ---- checking ---- */

/* "//sp.example/Sdas" is an AE, "//sp.example/id-in" a CSE: stems of AE-IDs begin with S or C. */
static struct mln_cert_expect expected(struct mln_slice id)
{
    struct mln_cert_expect expect = { 0 };

    if (mln_cert_is_ae_id(id)) {
        expect.flavours = MLN_CERT_SET(MLN_CERT_AE_ID);
        expect.ae_id = id;
    } else {
        expect.flavours = MLN_CERT_SET(MLN_CERT_CSE_ID);
        expect.cse_id = id;
    }
    return expect;
}

static const struct mln_cert_verifier *verifier_of(const struct trust *t,
                                                   const struct mln_jwt_issuer *issuer)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->rows[i].issuer == issuer) {
            return t->rows[i].verifier;
        }
    }
    return NULL;
}

static mln_err check_path(const struct mln_cert_verifier *verifier, struct mln_slice id, X509 *cert,
                          struct mln_slice further, struct mln_cert_outcome *ret)
{
    struct mln_cert_expect expect = expected(id);

    return mln_cert_verify(verifier, cert, further, &expect, ret);
}

static mln_err check(void *data, const struct mln_jwt_issuer *issuer,
                     const struct mln_jwt_chain *chain, struct mln_fault *why,
                     int64_t *ret_expires_us)
{
    const struct mln_cert_verifier *verifier = verifier_of(data, issuer);
    struct mln_cert_outcome outcome = { 0 };
    struct mln_slice further = { 0 };
    X509 *cert = NULL;
    BIO *out = BIO_new(BIO_s_mem());
    mln_err err = join(out, chain->certificates, chain->count, why, &further);

    if (!mln_failed(err)) {
        err = read_der(chain->certificates[0], &cert);
    }
    if (!mln_failed(err)) {
        err = verifier ? check_path(verifier, issuer->id, cert, further, &outcome)
                       : MLN_ERROR(CERTIFICATE);
        mln_fault_set(why, "%s", outcome.fault.text);
        *ret_expires_us =
            outcome.lists_end_us < outcome.expires_us ? outcome.lists_end_us : outcome.expires_us;
    }
    mln_cert_free(cert);
    BIO_free(out);
    ERR_clear_error();
    return err;
}

/* ---- life ---- */

static void drop(void *data)
{
    struct trust *t = data;

    for (size_t i = 0; i < t->count; i++) {
        mln_cert_verifier_unref(t->rows[i].verifier);
    }
    mln_free(t->rows);
    mln_free(t);
}

/* Lists and rules that make a difference to who is trusted. */
static mln_err epoch_of(const struct mln_cert_rules *rules, struct mln_slice crls, uint64_t *ret)
{
    unsigned char digest[MLN_SHA256_SIZE];

    MLN_TRY(mln_sha256(crls, digest));
    memcpy(ret, digest, sizeof *ret);
    *ret ^= (uint64_t)rules->status << 1 | (rules->is_strict ? 1 : 0);
    return MLN_OK;
}

mln_err mln_jwt_trust_new(const struct mln_cert_rules *rules, struct mln_slice crls,
                          struct mln_jwt_trust *ret)
{
    struct trust *t;
    uint64_t epoch;

    MLN_TRY(epoch_of(rules, crls, &epoch));
    t = mln_calloc(1, sizeof *t);
    MLN_REQUIRE(t, NO_MEMORY);
    t->rules = rules;
    t->crls = crls;
    *ret = (struct mln_jwt_trust){
        .check = check, .data = t, .epoch = epoch, .prepare = prepare, .drop = drop
    };
    return MLN_OK;
}
