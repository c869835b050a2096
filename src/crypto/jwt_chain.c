/* From the certificates of a token to its issuer. */
#include "crypto/jwt_chain.h"

#include "base/mem.h"

enum { ISSUERS_STEP = 8, ANCHORS_BYTES = 2 << 20 };

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
    struct mln_arena *arena MLN_CLEANUP(mln_arena_freep) = mln_arena_new(ANCHORS_BYTES);
    struct trust *t = data;
    struct row row = { .issuer = issuer };
    struct mln_slice pem;

    MLN_REQUIRE(arena, NO_MEMORY);
    if (!is_absolute(issuer->id)) {
        mln_fault_set(fault,
                      "certificates name issuers by absolute identifiers, //sp.example/Sdas");
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(grow(t));
    MLN_TRY(mln_cert_pem_of_der(issuer->anchors, issuer->anchor_count, arena, fault, &pem));
    MLN_TRY(mln_cert_verifier_new(t->rules, pem, t->crls, fault, &row.verifier));
    t->rows[t->count++] = row;
    return MLN_OK;
}

/* ---- checking ---- */

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

static mln_err check(void *data, const struct mln_jwt_issuer *issuer,
                     const struct mln_jwt_chain *chain, struct mln_fault *why,
                     int64_t *ret_expires_us)
{
    const struct mln_cert_verifier *verifier = verifier_of(data, issuer);
    struct mln_cert_expect expect = mln_cert_expect_entity(issuer->id);
    struct mln_cert_outcome outcome = { 0 };
    mln_err err;

    MLN_REQUIRE(verifier, CERTIFICATE);
    err = mln_cert_verify_der(verifier, chain->certificates, chain->count, &expect, &outcome);
    mln_fault_set(why, "%s", outcome.fault.text);
    *ret_expires_us =
        outcome.lists_end_us < outcome.expires_us ? outcome.lists_end_us : outcome.expires_us;
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
