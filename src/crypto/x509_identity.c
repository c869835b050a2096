/* Whom a certificate, a signing request or a raw public key names. */
#include <openssl/err.h>
#include <openssl/x509.h>

#include "crypto/x509_int.h"

struct collector {
    const struct mln_cert_names *names;
    struct mln_arena *arena;
    struct mln_cert_identity *identity;
    size_t aes;
    size_t nodes;
    size_t cses;
    size_t domains; /* dNSNames, those of CSEs too */
};

static enum mln_cert_reason of_error(mln_err err)
{
    return mln_failed(err) ? MLN_CERT_FAILED : MLN_CERT_OK;
}

/* ---- one name ---- */

static enum mln_cert_reason add_domain(struct collector *c, struct mln_slice text)
{
    struct mln_slice domain;
    struct mln_slice cse_id = { 0 };
    bool is_cse = false;
    enum mln_cert_reason reason = mln_cert_dns_name(text, c->arena, &domain);

    reason = reason
                 ? reason
                 : of_error(mln_cert_cse_of_domain(domain, c->names, c->arena, &is_cse, &cse_id));
    if (reason) {
        return reason;
    }
    c->domains++;
    if (is_cse) {
        c->cses++;
        c->identity->cse_id = cse_id;
    }
    if (is_cse || (c->domains == 1)) {
        c->identity->domain = domain;
    }
    return MLN_CERT_OK;
}

static enum mln_cert_reason add_uri(struct collector *c, struct mln_slice text)
{
    bool is_node;
    struct mln_slice name;
    enum mln_cert_reason reason = mln_cert_uri_name(text, c->arena, &is_node, &name);

    if (reason) {
        return reason;
    }
    if (is_node) {
        c->nodes++;
        c->identity->node_id = name;
    } else {
        c->aes++;
        c->identity->ae_id = name;
    }
    return MLN_CERT_OK;
}

static enum mln_cert_reason add_hardware(struct collector *c, const OTHERNAME *name)
{
    struct mln_cert_identity *identity = c->identity;
    struct mln_slice id;
    enum mln_cert_reason reason = mln_cert_hardware_id(name, c->arena, &id);

    if (reason || id.len == 0) {
        return reason;
    }
    if (identity->hardware_id_count == MLN_CERT_HARDWARE_IDS) {
        return MLN_CERT_SEVERAL_IDENTITIES;
    }
    identity->hardware_ids[identity->hardware_id_count++] = id;
    return MLN_CERT_OK;
}

static enum mln_cert_reason add(struct collector *c, const GENERAL_NAME *name)
{
    switch (name->type) {
    case GEN_DNS:
        return add_domain(c, mln_cert_string(name->d.dNSName));
    case GEN_URI:
        return add_uri(c, mln_cert_string(name->d.uniformResourceIdentifier));
    case GEN_OTHERNAME:
        return add_hardware(c, name->d.otherName);
    case GEN_RID:
        c->nodes++;
        return mln_cert_oid_text(name->d.registeredID, c->arena, &c->identity->node_id);
    default:
        return MLN_CERT_OK; /* an address, a mailbox, a directory: nobody's identity */
    }
}

/* ---- all names ---- */

static enum mln_cert_reason choose(struct collector *c)
{
    struct mln_cert_identity *identity = c->identity;
    size_t kinds = (size_t)(c->aes > 0) + (c->nodes > 0) + (identity->hardware_id_count > 0) +
                   (c->domains > 0);

    if (kinds == 0) {
        return MLN_CERT_NO_IDENTITY;
    }
    if (kinds > 1 || c->aes > 1 || c->nodes > 1 || c->cses > 1) {
        return MLN_CERT_SEVERAL_IDENTITIES;
    }
    identity->flavour = c->aes     ? MLN_CERT_AE_ID
                        : c->nodes ? MLN_CERT_NODE_ID
                        : c->cses  ? MLN_CERT_CSE_ID
                                   : MLN_CERT_FQDN;
    if (identity->hardware_id_count) {
        identity->flavour = MLN_CERT_DEVICE;
    }
    return MLN_CERT_OK;
}

/* spec: TS-0003 12.3.2.1 */
mln_err mln_cert_credential_id(enum mln_cert_flavour flavour, struct mln_slice value,
                               struct mln_arena *arena, struct mln_slice *ret)
{
    static const enum mln_credential_type types[MLN_CERT_FLAVOURS] = {
        [MLN_CERT_RAW_KEY] = MLN_CREDENTIAL_RAW_KEY, [MLN_CERT_DEVICE] = MLN_CREDENTIAL_DEVICE,
        [MLN_CERT_CSE_ID] = MLN_CREDENTIAL_CSE,      [MLN_CERT_AE_ID] = MLN_CREDENTIAL_AE,
        [MLN_CERT_NODE_ID] = MLN_CREDENTIAL_NODE,
    };
    char text[MLN_CREDENTIAL_ID_MAX];
    size_t len = types[flavour] ? mln_credential_id_put(types[flavour], value, text) : 0;

    MLN_REQUIRE(len, CERTIFICATE);
    MLN_REQUIRE(mln_arena_dup(arena, mln_slice_of(text, len), ret), NO_MEMORY);
    return MLN_OK;
}

static enum mln_cert_reason add_credential_id(struct mln_cert_identity *identity,
                                              struct mln_arena *arena)
{
    const struct mln_slice values[MLN_CERT_FLAVOURS] = {
        [MLN_CERT_RAW_KEY] = identity->key_ids[0], [MLN_CERT_DEVICE] = identity->hardware_ids[0],
        [MLN_CERT_CSE_ID] = identity->cse_id,      [MLN_CERT_AE_ID] = identity->ae_id,
        [MLN_CERT_NODE_ID] = identity->node_id,
    };
    mln_err err = MLN_OK;

    if (identity->flavour != MLN_CERT_FQDN) { /* that has none */
        err = mln_cert_credential_id(identity->flavour, values[identity->flavour], arena,
                                     &identity->credential_id);
    }
    return err.code == MLN_ERR_CERTIFICATE ? MLN_CERT_NAME_SYNTAX : of_error(err);
}

enum mln_cert_reason mln_cert_identify(const GENERAL_NAMES *list,
                                       const struct mln_cert_names *names, struct mln_arena *arena,
                                       struct mln_cert_identity *ret)
{
    struct mln_cert_identity identity = { 0 };
    struct collector c = { .names = names, .arena = arena, .identity = &identity };
    enum mln_cert_reason reason = MLN_CERT_OK;

    for (int i = 0; i < sk_GENERAL_NAME_num(list) && !reason; i++) {
        reason = add(&c, sk_GENERAL_NAME_value(list, i));
    }
    reason = reason ? reason : choose(&c);
    reason = reason ? reason : add_credential_id(&identity, arena);
    if (!reason) {
        *ret = identity;
    }
    return reason;
}

/* ---- the public face ---- */

mln_err mln_cert_identity_of(const struct x509_st *cert, const struct mln_cert_names *names,
                             struct mln_arena *arena, struct mln_cert_identity *ret,
                             enum mln_cert_reason *ret_reason)
{
    GENERAL_NAMES *list = NULL;
    enum mln_cert_reason reason = mln_cert_names_in(X509_get0_extensions(cert), &list);

    reason = reason ? reason : mln_cert_identify(list, names, arena, ret);
    GENERAL_NAMES_free(list);
    *ret_reason = reason;
    return mln_cert_error(reason);
}

mln_err mln_cert_identity_of_request(const struct X509_req_st *request,
                                     const struct mln_cert_names *names, struct mln_arena *arena,
                                     struct mln_cert_identity *ret,
                                     enum mln_cert_reason *ret_reason)
{
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions((X509_REQ *)(uintptr_t)request);
    GENERAL_NAMES *list = NULL;
    enum mln_cert_reason reason = mln_cert_names_in(extensions, &list);

    reason = reason ? reason : mln_cert_identify(list, names, arena, ret);
    GENERAL_NAMES_free(list);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    ERR_clear_error();
    *ret_reason = reason;
    return mln_cert_error(reason);
}

mln_err mln_cert_identity_of_key(const struct evp_pkey_st *key, struct mln_arena *arena,
                                 struct mln_cert_identity *ret, enum mln_cert_reason *ret_reason)
{
    struct mln_cert_identity identity = { .flavour = MLN_CERT_RAW_KEY };
    X509_PUBKEY *info = NULL;
    enum mln_cert_reason reason = MLN_CERT_KEY_TYPE;

    if (X509_PUBKEY_set(&info, (EVP_PKEY *)(uintptr_t)key)) {
        reason = mln_cert_check_key(info);
    }
    X509_PUBKEY_free(info);
    ERR_clear_error();
    reason = reason ? reason : of_error(mln_cert_key_ids(key, arena, identity.key_ids));
    reason = reason ? reason : add_credential_id(&identity, arena);
    if (!reason) {
        *ret = identity;
    }
    *ret_reason = reason;
    return mln_cert_error(reason);
}
