/* Is the certificate that of the peer we expect? */
#include <arpa/inet.h>

#include "crypto/x509_int.h"

/* ---- hosts ---- */

static bool is_address(const GENERAL_NAME *name, struct mln_slice text)
{
    struct mln_slice bytes = mln_cert_string(name->d.iPAddress);
    unsigned char address[16];
    char copy[INET6_ADDRSTRLEN];
    size_t len = 0;

    if (text.len >= sizeof copy) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, address) == 1) {
        len = 4;
    } else if (inet_pton(AF_INET6, copy, address) == 1) {
        len = 16;
    }
    return len && mln_slice_eq(bytes, mln_slice_of((const char *)address, len));
}

static bool names_host(const GENERAL_NAMES *list, struct mln_slice host)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);

        if (name->type == GEN_DNS && mln_slice_eq_nocase(mln_cert_string(name->d.dNSName), host)) {
            return true;
        }
        if (name->type == GEN_IPADD && is_address(name, host)) {
            return true;
        }
    }
    return false;
}

/* ---- identities ---- */

static bool names_hardware(const struct mln_cert_identity *identity, struct mln_slice id)
{
    for (size_t i = 0; i < identity->hardware_id_count; i++) {
        if (mln_slice_eq(identity->hardware_ids[i], id)) {
            return true;
        }
    }
    return false;
}

/* AE-IDs: the host part is a domain, the rest is exact. */
static bool is_same_ae(struct mln_slice a, struct mln_slice b)
{
    size_t host = 2 + mln_slice_find(mln_slice_from(a, 2), '/');

    return a.len == b.len && host <= a.len &&
           mln_slice_eq_nocase(mln_slice_head(a, host), mln_slice_head(b, host)) &&
           mln_slice_eq(mln_slice_from(a, host), mln_slice_from(b, host));
}

static bool names_entity(const struct mln_cert_identity *identity,
                         const struct mln_cert_expect *expect)
{
    return (expect->ae_id.len == 0 || is_same_ae(identity->ae_id, expect->ae_id)) &&
           (expect->node_id.len == 0 || mln_slice_eq(identity->node_id, expect->node_id)) &&
           (expect->hardware_id.len == 0 || names_hardware(identity, expect->hardware_id));
}

/* An expected CSE that names no domain cannot be met. */
static enum mln_cert_reason names_cse(const GENERAL_NAMES *list, const struct mln_cert_names *names,
                                      struct mln_slice cse_id, struct mln_arena *arena)
{
    struct mln_slice domain;
    mln_err err = mln_cert_domain_of_cse(cse_id, names, arena, NULL, &domain);

    if (mln_failed(err)) {
        return err.code == MLN_ERR_NO_MEMORY ? MLN_CERT_FAILED : MLN_CERT_MISMATCH;
    }
    return names_host(list, domain) ? MLN_CERT_OK : MLN_CERT_MISMATCH;
}

static enum mln_cert_reason meets(const GENERAL_NAMES *list, const struct mln_cert_names *names,
                                  const struct mln_cert_expect *expect, struct mln_arena *arena)
{
    struct mln_cert_identity identity;
    enum mln_cert_reason reason = mln_cert_identify(list, names, arena, &identity);

    /* a server that is known by an address only needs no other name */
    if (reason == MLN_CERT_NO_IDENTITY && expect->domain.len &&
        (expect->flavours & MLN_CERT_SET(MLN_CERT_FQDN)) && names_host(list, expect->domain)) {
        return MLN_CERT_OK;
    }
    if (reason) {
        return reason;
    }
    if (!(expect->flavours & MLN_CERT_SET(identity.flavour))) {
        return MLN_CERT_FLAVOUR;
    }
    if (!names_entity(&identity, expect) ||
        (expect->domain.len && !names_host(list, expect->domain))) {
        return MLN_CERT_MISMATCH;
    }
    return expect->cse_id.len ? names_cse(list, names, expect->cse_id, arena) : MLN_CERT_OK;
}

enum mln_cert_reason mln_cert_meets(const X509 *cert, const struct mln_cert_names *names,
                                    const struct mln_cert_expect *expect, struct mln_arena *arena)
{
    GENERAL_NAMES *list = NULL;
    enum mln_cert_reason reason = mln_cert_names_in(X509_get0_extensions(cert), &list);

    reason = reason ? reason : meets(list, names, expect, arena);
    GENERAL_NAMES_free(list);
    return reason;
}
