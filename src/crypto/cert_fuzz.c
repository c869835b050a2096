/* Fuzz target of certificates as peers send them: whatever identity comes out is well formed, names
 * one entity, and does not depend on how often it is asked. The first byte says what the rest is:
 * 'i' a public key identifier, 'n' a subjectAltName, 'r' a signing request; else the whole input is
 * a certificate in DER or PEM. */
#include <openssl/err.h>

#include "base/fuzz_test.h"
#include "crypto/x509_int.h"

enum { ARENA_BYTES = 16 << 20 };

static const struct mln_cert_provider provider = { { "//sp.example", 12 }, { "/in-cse", 7 } };
static const struct mln_cert_names names = { &provider, 1 };

/* Nothing of an identity holds what could be taken for two things. */
static void require_clean(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        require(s.ptr[i] > ' ' && s.ptr[i] <= '~' && s.ptr[i] != '*');
    }
}

static void require_sound(const struct mln_cert_identity *id)
{
    size_t kinds = (size_t)(id->ae_id.len > 0) + (id->node_id.len > 0) + (id->domain.len > 0) +
                   (id->hardware_id_count > 0);

    require(kinds == 1 && id->flavour != MLN_CERT_NONE && id->flavour != MLN_CERT_RAW_KEY);
    require((id->flavour == MLN_CERT_AE_ID) == (id->ae_id.len > 0));
    require((id->flavour == MLN_CERT_CSE_ID) == (id->cse_id.len > 0));
    require((id->flavour == MLN_CERT_DEVICE) == (id->hardware_id_count > 0));
    require((id->flavour == MLN_CERT_FQDN) == (id->credential_id.len == 0));
    require(!id->ae_id.len || mln_cert_is_ae_id(id->ae_id));
    require(!id->domain.len || mln_cert_is_domain(id->domain));
    require(!id->cse_id.len || mln_slice_starts(id->cse_id, MLN_S("//sp.example/")));
    require_clean(id->ae_id);
    require_clean(id->cse_id);
    require_clean(id->domain);
    require_clean(id->node_id);
    require_clean(id->credential_id);
    for (size_t i = 0; i < id->hardware_id_count; i++) {
        require_clean(id->hardware_ids[i]);
    }
}

static void try_names(struct mln_slice der, struct mln_arena *arena)
{
    const unsigned char *at = (const unsigned char *)der.ptr;
    GENERAL_NAMES *list = d2i_GENERAL_NAMES(NULL, &at, (long)der.len);
    struct mln_cert_identity identity;
    struct mln_cert_identity again;

    if (list && mln_cert_identify(list, &names, arena, &identity) == MLN_CERT_OK) {
        require_sound(&identity);
        require(mln_cert_identify(list, &names, arena, &again) == MLN_CERT_OK);
        require(mln_slice_eq(identity.credential_id, again.credential_id));
    }
    GENERAL_NAMES_free(list);
}

static void try_key_id(struct mln_slice text, struct mln_arena *arena)
{
    struct mln_slice normal;
    struct mln_slice again;

    if (!mln_failed(mln_cert_key_id_normal(text, arena, &normal))) {
        require(!mln_failed(mln_cert_key_id_normal(normal, arena, &again)));
        require(mln_slice_eq(normal, again));
    }
}

static void try_request(struct mln_slice der, struct mln_arena *arena)
{
    const unsigned char *at = (const unsigned char *)der.ptr;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.len);
    struct mln_cert_identity identity;
    enum mln_cert_reason reason;

    if (request &&
        !mln_failed(mln_cert_identity_of_request(request, &names, arena, &identity, &reason))) {
        require_sound(&identity);
    }
    X509_REQ_free(request);
}

static void ignore(void *data, enum mln_cert_reason reason, const char *detail)
{
    (void)data;
    require(reason > MLN_CERT_OK && reason < MLN_CERT_REASONS && detail[0] != '\0');
}

/* A key answers to its own names and to no others. */
static void try_key(X509 *cert, struct mln_arena *arena)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    struct mln_slice ids[MLN_CERT_KEY_IDS];
    struct mln_credential_id id;
    struct mln_proof proof;

    if (key && !mln_failed(mln_cert_key_proof(key, arena, &proof))) {
        require(proof.credential_ids.count == MLN_CERT_KEY_IDS);
        require(mln_credential_id_parse(proof.credential_ids.items[0], &id));
        require(id.type == MLN_CREDENTIAL_RAW_KEY);
    }
    for (size_t i = 0; key && i < MLN_CERT_KEY_IDS; i++) {
        if (!mln_failed(mln_cert_key_ids(key, arena, ids))) {
            require(mln_cert_key_matches(key, ids[i]));
            require(!mln_cert_key_matches(key, mln_slice_head(ids[i], ids[i].len - 1)));
        }
    }
}

static void try_chain(X509 *cert)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    int depth = 0;

    if (chain && sk_X509_push(chain, cert) && sk_X509_push(chain, cert)) {
        (void)mln_cert_check_constraints(chain, MLN_CERT_AE_ID, &depth);
        (void)mln_cert_check_constraints(chain, MLN_CERT_NONE, &depth);
        require(depth == 0 || depth == 1);
    }
    sk_X509_free(chain);
}

static void try_cert(struct mln_slice bytes, struct mln_arena *arena)
{
    X509 *cert = NULL;
    struct mln_cert_identity identity;
    enum mln_cert_reason reason;
    struct mln_slice text = { 0 };

    if (mln_failed(mln_cert_read(bytes, NULL, &cert))) {
        return;
    }
    if (!mln_failed(mln_cert_identity_of(cert, &names, arena, &identity, &reason))) {
        require_sound(&identity);
    }
    (void)mln_cert_lint(cert, &names, ignore, NULL);
    if (!mln_failed(mln_cert_show(cert, &names, arena, &text))) {
        require(text.len > 0);
    }
    try_key(cert, arena);
    try_chain(cert);
    mln_cert_free(cert);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_arena *arena = mln_arena_new(ARENA_BYTES);
    struct mln_slice all = mln_slice_of((const char *)data, size);
    struct mln_slice rest = mln_slice_from(all, 1);

    if (!arena || size == 0) {
        mln_arena_free(arena);
        return 0;
    }
    if (data[0] == 'i') {
        try_key_id(rest, arena);
    } else if (data[0] == 'n') {
        try_names(rest, arena);
    } else if (data[0] == 'r') {
        try_request(rest, arena);
    } else {
        try_cert(all, arena);
    }
    ERR_clear_error();
    mln_arena_free(arena);
    return 0;
}
