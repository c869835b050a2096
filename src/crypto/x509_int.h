/* What the files of the certificate code share. Any thread. */
#pragma once

#include <openssl/x509v3.h>

#include "crypto/x509.h"

enum { MLN_CERT_NAMES = 64 };      /* names in a subjectAltName */
enum { MLN_CERT_EXTENSIONS = 32 }; /* extensions of a certificate */
enum { MLN_CERT_ARCS = 32 };       /* parts of an object identifier */

/* ---- x509_name.c: names of subjectAltName ---- */

/* The names; the caller frees them with GENERAL_NAMES_free. Reasons: NO_SAN, EXTENSION (repeated,
 * or not DER to its end), SEVERAL_IDENTITIES (too many), FAILED (out of memory). */
enum mln_cert_reason mln_cert_names_in(const STACK_OF(X509_EXTENSION) * extensions,
                                       GENERAL_NAMES **ret);

/* Bytes of an ASN.1 string, borrowed. */
struct mln_slice mln_cert_string(const ASN1_STRING *string);

/* A copy with ASCII letters in lower case. False: out of memory. */
bool mln_cert_lower(struct mln_slice text, struct mln_arena *arena, struct mln_slice *ret);

/* "1.2.3": arcs of decimal digits without leading zeros, at most MLN_CERT_ARCS, at least `least`.
 */
bool mln_cert_is_arcs(struct mln_slice text, size_t least);

/* Dotted form of an object identifier. Reasons: NAME_SYNTAX (too long), FAILED. */
enum mln_cert_reason mln_cert_oid_text(const ASN1_OBJECT *oid, struct mln_arena *arena,
                                       struct mln_slice *ret);

/* The value of an otherName as arcs: UTF8String or RELATIVE-OID. NAME_SYNTAX: something else. */
enum mln_cert_reason mln_cert_other_arcs(const ASN1_TYPE *value, struct mln_arena *arena,
                                         struct mln_slice *ret);

/* The hardware identifier that an otherName holds: "type-id.arcs", or "type-hex" of a
 * HardwareModuleName (RFC 4108). *ret stays empty when it holds none. */
enum mln_cert_reason mln_cert_hardware_id(const OTHERNAME *name, struct mln_arena *arena,
                                          struct mln_slice *ret);

/* A dNSName, checked, in lower case. Reasons: WILDCARD, NAME_SYNTAX, FAILED. */
enum mln_cert_reason mln_cert_dns_name(struct mln_slice text, struct mln_arena *arena,
                                       struct mln_slice *ret);

/* A URI as Node-ID (*ret_is_node) or absolute AE-ID, its host in lower case. Reasons: WILDCARD,
 * NAME_SYNTAX, FAILED. */
enum mln_cert_reason mln_cert_uri_name(struct mln_slice text, struct mln_arena *arena,
                                       bool *ret_is_node, struct mln_slice *ret);

/* What of a URI is held against name constraints: its host; or the whole of a URN. Empty: neither.
 */
struct mln_slice mln_cert_uri_host(struct mln_slice uri);

/* ---- x509_identity.c ---- */

enum mln_cert_reason mln_cert_identify(const GENERAL_NAMES *list,
                                       const struct mln_cert_names *names, struct mln_arena *arena,
                                       struct mln_cert_identity *ret);

/* "33-//sp.example/S123". Errors: CERTIFICATE (the flavour has none, or too long), NO_MEMORY. */
mln_err mln_cert_credential_id(enum mln_cert_flavour flavour, struct mln_slice value,
                               struct mln_arena *arena, struct mln_slice *ret);

/* Does the certificate name what is expected? Reasons: FLAVOUR, MISMATCH, FAILED, and those of
 * mln_cert_identify. x509_expect.c */
enum mln_cert_reason mln_cert_meets(const X509 *cert, const struct mln_cert_names *names,
                                    const struct mln_cert_expect *expect, struct mln_arena *arena);

/* ---- x509_profile.c: one certificate against the profile ---- */

/* The key as it is encoded. Reasons: KEY_TYPE, KEY_POINT, FAILED. */
enum mln_cert_reason mln_cert_check_key(const X509_PUBKEY *key);

/* Version, key, signature algorithm, extensions: what all certificates share. */
enum mln_cert_reason mln_cert_check_common(const X509 *cert);

/* The same, and what is asked of an entity's certificate: keyUsage, no CA. */
enum mln_cert_reason mln_cert_check_leaf(const X509 *cert);

/* The same as mln_cert_check_common, and what is asked of a CA's. With is_strict also
 * digitalSignature. */
enum mln_cert_reason mln_cert_check_ca(const X509 *cert, bool is_strict);

/* ---- x509_constraints.c ---- */

/* Do the names of every certificate of the chain (peer first) satisfy the constraints of all CAs
 * above it? With `strict` not NONE, CAs must have constraints for the names of that flavour.
 * *ret_depth: the certificate at fault. Reasons: NAME_CONSTRAINTS, UNCONSTRAINED, FAILED. */
enum mln_cert_reason mln_cert_check_constraints(STACK_OF(X509) * chain,
                                                enum mln_cert_flavour strict, int *ret_depth);

/* ---- x509_read.c ---- */

/* Bytes as lower case hexadecimal. Errors: NO_MEMORY. */
mln_err mln_cert_hex(struct mln_slice bytes, struct mln_arena *arena, struct mln_slice *ret);

/* All certificates of a text in PEM, none is fine. The caller frees the stack.
 * Errors: SYNTAX, LIMIT, NO_MEMORY. */
mln_err mln_cert_read_all(struct mln_slice pem, struct mln_fault *fault, STACK_OF(X509) * *ret);

/* Says no to whoever asks for a pass phrase: else OpenSSL asks the terminal. */
int mln_cert_no_passphrase(char *out, int size, int is_writing, void *data);

/* ---- x509_verify.c ---- */

/* As mln_cert_verify, for certificates that have been read; `chain` may be NULL. */
mln_err mln_cert_verify_again(const struct mln_cert_verifier *verifier, X509 *cert,
                              STACK_OF(X509) * chain, const struct mln_cert_expect *expect,
                              struct mln_cert_outcome *ret);

const struct mln_cert_rules *mln_cert_verifier_rules(const struct mln_cert_verifier *verifier);

/* ---- x509_key_id.c ---- */

/* The three identifiers, longest first, in the form "sha-256;…". Errors: NO_MEMORY. */
mln_err mln_cert_key_ids(const EVP_PKEY *key, struct mln_arena *arena,
                         struct mln_slice ret[static MLN_CERT_KEY_IDS]);

/* ---- x509_reason.c ---- */

/* Reason for an X509_V_ERR_… at a depth of the chain. */
enum mln_cert_reason mln_cert_reason_of(int x509_error, int depth);

/* Fills in reason, depth and text. */
void mln_cert_refuse(struct mln_cert_outcome *outcome, enum mln_cert_reason reason, int depth,
                     const X509 *cert);

/* The error for a reason. */
mln_err mln_cert_error(enum mln_cert_reason reason);
