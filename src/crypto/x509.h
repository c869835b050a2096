/* Certificates: whom they name, whether they follow the profile, whether to trust them.
 *
 * Trust comes from anchors that the caller names, never from the system's store. An identity is
 * taken from subjectAltName only, and compared as it is: names with NUL bytes, wildcards,
 * characters outside ASCII, empty labels or a dot at the end are malformed. What is read is
 * immutable and may be used from any thread; so may a verifier. Certificates are those of OpenSSL.
 * spec: TS-0003 8.1.2, TS-0003 10.1, security.md sections 13, 15, 16 */
#pragma once

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fault.h"
#include "crypto/credentials.h"

/* Of OpenSSL, which knows them as X509, X509_REQ, X509_STORE_CTX and EVP_PKEY. */
struct x509_st;
struct X509_req_st;
struct x509_store_ctx_st;
struct evp_pkey_st;

/* ---- reading ---- */

/* One certificate as PEM (the first one in the text) or DER (nothing behind it). The caller frees
 * it. Errors: SYNTAX, LIMIT (larger than MLN_CERT_BYTES), NO_MEMORY. x509_read.c */
enum { MLN_CERT_BYTES = 65536, MLN_CERT_BUNDLE = 256 };
mln_err mln_cert_read(struct mln_slice bytes, struct mln_fault *fault, struct x509_st **ret);

/* Accepts NULL. x509_read.c */
void mln_cert_free(struct x509_st *cert);
void mln_cert_freep(struct x509_st **cert);

/* SHA-256 of the DER form as 64 lower case digits: how configurations name a trust anchor.
 * Errors: NO_MEMORY. x509_read.c */
mln_err mln_cert_fingerprint(const struct x509_st *cert, struct mln_arena *arena,
                             struct mln_slice *ret);

/* The serial number in lower case hexadecimal. Errors: NO_MEMORY. x509_read.c */
mln_err mln_cert_serial(const struct x509_st *cert, struct mln_arena *arena, struct mln_slice *ret);

/* The same for DER only: what else could be read as a certificate might be read differently by
 * whoever takes the key out of it. x509_der.c */
mln_err mln_cert_read_der(struct mln_slice der, struct x509_st **ret);

/* Certificates in DER as one PEM text in the arena.
 * Errors: SYNTAX (the fault says which), LIMIT, NO_MEMORY. x509_der.c */
mln_err mln_cert_pem_of_der(const struct mln_slice *list, size_t count, struct mln_arena *arena,
                            struct mln_fault *fault, struct mln_slice *ret);

/* ---- identity ---- */

enum mln_cert_flavour {
    MLN_CERT_NONE,
    MLN_CERT_RAW_KEY,
    MLN_CERT_DEVICE,
    MLN_CERT_CSE_ID,
    MLN_CERT_AE_ID,
    MLN_CERT_NODE_ID,
    MLN_CERT_FQDN, /* of a MAF or MEF; also any other server's */
    MLN_CERT_FLAVOURS
};

/* Sets of flavours. */
#define MLN_CERT_SET(flavour) (1U << (flavour))
#define MLN_CERT_SET_ALL      ((1U << MLN_CERT_FLAVOURS) - 2U)

/* Who may stand behind a dNSName: the public domain names of CSEs end in that of their service
 * provider's infrastructure node. One row for each service provider whose CSEs are known. */
struct mln_cert_provider {
    struct mln_slice sp_id;     /* "//sp.example" */
    struct mln_slice in_cse_id; /* "/in-cse"; empty: no domain of it is a CSE's */
};

struct mln_cert_names {
    const struct mln_cert_provider *providers;
    size_t count;
};

enum { MLN_CERT_HARDWARE_IDS = 8, MLN_CERT_KEY_IDS = 3 };

/* Whom a certificate or a raw public key names. Unused members are empty. Slices live in the arena
 * of the call that filled it in. */
struct mln_cert_identity {
    enum mln_cert_flavour flavour;
    struct mln_slice cse_id;  /* CSE_ID: absolute, "//sp.example/in-cse" */
    struct mln_slice ae_id;   /* AE_ID: absolute, "//sp.example/S123" */
    struct mln_slice node_id; /* NODE_ID: "urn:…", or an object identifier "1.2.3" */
    struct mln_slice domain;  /* CSE_ID and FQDN: the dNSName in lower case; FQDN: the first */
    struct mln_slice hardware_ids[MLN_CERT_HARDWARE_IDS]; /* DEVICE: "0.2.481.1.100.3030.10011" */
    size_t hardware_id_count;
    struct mln_slice key_ids[MLN_CERT_KEY_IDS]; /* RAW_KEY: "sha-256;…", "sha-256-128;…", -120 */
    struct mln_slice credential_id;             /* security.md 13.3; empty for FQDN */
};

/* Whom does it name? `names` may be NULL: then no dNSName is a CSE's. *ret_reason says why not.
 * Errors: CERTIFICATE, NO_MEMORY. x509_identity.c */
enum mln_cert_reason {
    MLN_CERT_OK = 0,
#define MLN_R(name, text) MLN_CERT_##name,
#include "crypto/x509_reasons.def"
#undef MLN_R
    MLN_CERT_REASONS
};
mln_err mln_cert_identity_of(const struct x509_st *cert, const struct mln_cert_names *names,
                             struct mln_arena *arena, struct mln_cert_identity *ret,
                             enum mln_cert_reason *ret_reason);

/* The same for a signing request: what its subjectAltName asks for. x509_identity.c */
mln_err mln_cert_identity_of_request(const struct X509_req_st *request,
                                     const struct mln_cert_names *names, struct mln_arena *arena,
                                     struct mln_cert_identity *ret,
                                     enum mln_cert_reason *ret_reason);

/* The same for a raw public key; it must be of the profile too. x509_identity.c */
mln_err mln_cert_identity_of_key(const struct evp_pkey_st *key, struct mln_arena *arena,
                                 struct mln_cert_identity *ret, enum mln_cert_reason *ret_reason);

/* "the certificate …": text for people, constant. x509_reason.c */
const char *mln_cert_reason_text(enum mln_cert_reason reason);

/* As in x509_reasons.def, constant; "OK" for none. x509_reason.c */
const char *mln_cert_reason_name(enum mln_cert_reason reason);

/* "AE-ID", "device", …; constant. x509_reason.c */
const char *mln_cert_flavour_name(enum mln_cert_flavour flavour);

/* ---- names ---- */

/* The public domain name of a CSE, lower case. `cse_id` is absolute or of the first provider.
 * Errors: CONFIG (the CSE-ID cannot stand in a domain name; provider unknown), NO_MEMORY.
 * spec: TS-0001 6.5.1.1. x509_domain.c */
mln_err mln_cert_domain_of_cse(struct mln_slice cse_id, const struct mln_cert_names *names,
                               struct mln_arena *arena, struct mln_fault *fault,
                               struct mln_slice *ret);

/* The other way: the absolute CSE-ID, lower case as domains are. *ret stays untouched and false is
 * returned when the domain is no CSE's. A CSE-ID with capitals needs a configured binding, else two
 * CSEs could share a certificate. Errors: NO_MEMORY. x509_domain.c */
mln_err mln_cert_cse_of_domain(struct mln_slice domain, const struct mln_cert_names *names,
                               struct mln_arena *arena, bool *ret_is_cse, struct mln_slice *ret);

/* Host name as RFC 1123 has it: labels of letters, digits and inner hyphens, at most 63 bytes each,
 * 253 together; at least one; no wildcard, no dot at the end; not the form of an address.
 * x509_domain.c */
bool mln_cert_is_domain(struct mln_slice name);

/* "//host/…" with a sound host and one or two parts of unreserved characters, the last an AE-ID
 * stem. x509_domain.c */
bool mln_cert_is_ae_id(struct mln_slice absolute);

/* ---- public key identifiers: RFC 6920 over SubjectPublicKeyInfo ---- */

/* Is this the key that `id` names? Accepts sha-256, sha-256-128 and sha-256-120 as "sha-256;…",
 * "ni:///sha-256;…", "nih:sha-256-120;…;c" (with or without the check digit). Anything else does
 * not match. spec: TS-0003 10.1.2. x509_key_id.c */
bool mln_cert_key_matches(const struct evp_pkey_st *key, struct mln_slice id);

/* Is this text one of those forms? Errors: SYNTAX. *ret is "sha-256;…" in the one form that
 * credentials are stored under. x509_key_id.c */
mln_err mln_cert_key_id_normal(struct mln_slice id, struct mln_arena *arena, struct mln_slice *ret);

/* ---- trust ---- */

enum mln_cert_status {
    MLN_CERT_STATUS_OFF,  /* revocation lists are not looked at */
    MLN_CERT_STATUS_SOFT, /* a revoked certificate is refused; a missing or old list is reported */
    MLN_CERT_STATUS_HARD, /* a missing or old list refuses: MEF in the infrastructure domain */
};

struct mln_cert_rules {
    const struct mln_env *env;   /* the clock */
    struct mln_cert_names names; /* copied */
    enum mln_cert_status status;
    bool is_strict; /* CAs, device CAs excepted, must have name constraints; RFC 5280 to the letter
                     */
    bool needs_staple;   /* an OCSP answer must come with the certificate (clients) */
    unsigned chain_most; /* CAs below the anchor; 0: MLN_CERT_CHAIN */
};
enum { MLN_CERT_CHAIN = 4 };

struct mln_cert_verifier;

/* anchors: certificates of CAs in PEM; crls: lists in PEM and DER, or empty. Both are read whole.
 * The verifier is immutable: to change anchors or lists, make another and exchange them.
 * Errors: CONFIG (no anchor, or one that is not of the profile; a list that cannot be read), LIMIT,
 * NO_MEMORY. x509_verify.c */
mln_err mln_cert_verifier_new(const struct mln_cert_rules *rules, struct mln_slice anchors,
                              struct mln_slice crls, struct mln_fault *fault,
                              struct mln_cert_verifier **ret);
struct mln_cert_verifier *mln_cert_verifier_ref(struct mln_cert_verifier *verifier);
void mln_cert_verifier_unref(struct mln_cert_verifier *verifier); /* accepts NULL */
void mln_cert_verifier_unrefp(struct mln_cert_verifier **verifier);

/* Which peer is expected. Empty slices expect nobody in particular. What is given must be in the
 * certificate, byte for byte (domains: without regard to case). */
struct mln_cert_expect {
    unsigned flavours;       /* MLN_CERT_SET of those accepted; RAW_KEY is judged by key only */
    bool is_server;          /* the peer is the server of this handshake */
    struct mln_slice cse_id; /* absolute: its public domain name must be a dNSName */
    struct mln_slice domain; /* a dNSName must equal it: host, MAF or MEF */
    struct mln_slice ae_id;  /* absolute */
    struct mln_slice node_id;
    struct mln_slice hardware_id;
    struct mln_slice anchor; /* fingerprint; empty: any anchor of the verifier */
};

struct mln_cert_outcome {
    enum mln_cert_reason reason; /* MLN_CERT_OK: trusted */
    int depth;                   /* which certificate: 0 is the peer's */
    int x509_error;              /* X509_V_ERR_…, decides the alert of TLS */
    bool is_status_unknown;      /* SOFT: no recent list said anything */
    int64_t expires_us;          /* when the first certificate of the path expires */
    int64_t lists_end_us;        /* HARD: when the first list ends, at least; else INT64_MAX */
    char anchor[65];             /* fingerprint of the anchor, NUL-terminated */
    struct mln_fault fault;      /* "certificate 1 (CN = …) has expired" */
};

/* Verifies a certificate with the further ones that came with it (PEM, any order, or empty).
 * Errors: CERTIFICATE (the outcome says why), NO_MEMORY. x509_verify.c */
mln_err mln_cert_verify(const struct mln_cert_verifier *verifier, struct x509_st *cert,
                        struct mln_slice chain, const struct mln_cert_expect *expect,
                        struct mln_cert_outcome *ret);

/* The same for certificates in DER, the entity's first. x509_der.c */
mln_err mln_cert_verify_der(const struct mln_cert_verifier *verifier, const struct mln_slice *chain,
                            size_t count, const struct mln_cert_expect *expect,
                            struct mln_cert_outcome *ret);

/* Who must be named: "//sp.example/Sdas" is an AE, "//sp.example/id-in" a CSE (stems of AE-IDs
 * begin with S or C), "urn:…" a node, what else a device; empty is any of these.
 * x509_der.c */
struct mln_cert_expect mln_cert_expect_entity(struct mln_slice id);

/* The same inside a handshake, for SSL_CTX_set_cert_verify_callback: `ctx` gives the peer's
 * certificates only, and gets the error and the verified chain. 1: trusted. x509_verify.c */
int mln_cert_verify_handshake(const struct mln_cert_verifier *verifier,
                              struct x509_store_ctx_st *ctx, const struct mln_cert_expect *expect,
                              struct mln_cert_outcome *ret);

/* Is this OCSP answer (DER, empty when none came) sound, recent and good for the certificate?
 * Without `needs_staple` none is fine, but a bad one is not. Call it after the path was verified;
 * issuer: the next of the verified chain. Errors: CERTIFICATE, NO_MEMORY. x509_ocsp.c */
mln_err mln_cert_check_staple(const struct mln_cert_verifier *verifier, struct x509_st *cert,
                              struct x509_st *issuer, struct mln_slice answer,
                              struct mln_cert_outcome *ret);

/* For who staples it: can the answer be read, and is it about the certificate? Then *ret_until_us
 * says until when it is recent. The issuer is not needed; the signature is not looked at.
 * x509_ocsp.c */
bool mln_cert_is_about(struct mln_slice answer, const struct x509_st *cert, int64_t *ret_until_us);

/* ---- what it proves ---- */

/* What a verified certificate has shown, for mln_credentials_associate, which goes through the
 * order of security.md 16.2: what the certificate says, what is configured, else nothing but the
 * Credential-ID. `outcome` is that of the verification. The result lives in the arena.
 * Errors: CERTIFICATE (not verified), NO_MEMORY. x509_proof.c */
mln_err mln_cert_proof(const struct mln_cert_verifier *verifier, const struct x509_st *cert,
                       const struct mln_cert_outcome *outcome, struct mln_arena *arena,
                       struct mln_proof *ret);

/* The same for a raw public key, whose owner has shown to have the private half.
 * Errors: CERTIFICATE (not of the profile), NO_MEMORY. x509_proof.c */
mln_err mln_cert_key_proof(const struct evp_pkey_st *key, struct mln_arena *arena,
                           struct mln_proof *ret);

/* ---- profile ---- */

/* What people want to know of a certificate, a line each, "name: value"; text of the certificate is
 * shown with control characters escaped. Errors: NO_MEMORY. x509_show.c */
mln_err mln_cert_show(const struct x509_st *cert, const struct mln_cert_names *names,
                      struct mln_arena *arena, struct mln_slice *ret);

/* One finding of the linter. */
typedef void mln_cert_report(void *data, enum mln_cert_reason reason, const char *detail);

/* Holds a certificate (of an entity or a CA) against the profile, without a chain, and reports
 * everything that is wrong; `names` may be NULL. Returns the number of findings. x509_lint.c */
size_t mln_cert_lint(const struct x509_st *cert, const struct mln_cert_names *names,
                     mln_cert_report *report, void *data);
