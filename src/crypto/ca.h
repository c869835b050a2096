/* A small certification authority for tests and laboratories.
 *
 * It lives in a directory: ca.key (PEM, readable by the owner only, on request under a pass
 * phrase), ca.pem, index (every certificate issued, the number of the last revocation list),
 * certs/SERIAL.pem. A certificate stands in the index before anybody gets it, and the index is
 * exchanged as a whole, so a crash loses nothing that was handed out. One process at a time has the
 * directory; others wait. What it issues satisfies the profile: it is verified before it leaves.
 * One thread. spec: TS-0003 10.1.1, TS-0003 10.1.4, security.md section 15 */
#pragma once

#include "base/env.h"
#include "base/fault.h"
#include "base/secret.h"
#include "crypto/x509.h"

struct mln_ca;

/* A name to certify, or a subtree of names that a CA may certify. */
enum mln_ca_kind {
    MLN_CA_DNS,    /* "in-cse.sp.example"; as subtree with all below it */
    MLN_CA_URI,    /* "m2m://sp.example/S123", "urn:…"; as subtree a host or the start of a URN */
    MLN_CA_OID,    /* registered identifier "1.2.3" */
    MLN_CA_DEVICE, /* "0.2.481.1:100.3030.10011": type, ':', arcs; as subtree their start, or no
                      arcs */
    MLN_CA_ADDRESS, /* "127.0.0.1", "::1"; as subtree also "10.0.0.0/8" */
};

struct mln_ca_name {
    enum mln_ca_kind kind;
    struct mln_slice text;
};

enum { MLN_CA_NAMES = 32, MLN_CA_CERTS = 100000, MLN_CA_PASSPHRASE = 1024 };

struct mln_ca_plan {
    struct mln_slice name;             /* of the subject, for people: at most 64 bytes UTF-8 */
    const struct mln_ca_name *permits; /* none: no name constraints */
    size_t permit_count;
    unsigned days;
};

/* Makes the directory, key and certificate. passphrase: NULL for a key in the clear.
 * Errors: CONFLICT (there is one), CONFIG (a name is malformed), SYSTEM, NO_MEMORY. ca.c */
mln_err mln_ca_create(const char *directory, const struct mln_ca_plan *plan,
                      const struct mln_secret *passphrase, const struct mln_env *env,
                      struct mln_fault *fault);

/* Opens it, when nobody else has it any more. Errors: NOT_FOUND, CONFIG (pass phrase missing or
 * wrong), SYNTAX (files damaged), SYSTEM, NO_MEMORY. ca.c */
mln_err mln_ca_open(const char *directory, const struct mln_secret *passphrase,
                    const struct mln_env *env, struct mln_fault *fault, struct mln_ca **ret);

/* Accepts NULL. */
void mln_ca_close(struct mln_ca *ca);
void mln_ca_closep(struct mln_ca **ca);

struct mln_ca_order {
    const struct mln_ca_name *names; /* none: those that the request asks for */
    size_t name_count;
    struct mln_slice request; /* PKCS#10 as PEM or DER; empty: a key is made */
    unsigned days;            /* not beyond the CA's own end */
    bool agrees;              /* keyUsage keyAgreement, too: others may encrypt for it */
};

struct mln_ca_issued {
    struct mln_slice cert;  /* PEM, in the arena */
    char serial[41];        /* lower case hexadecimal, NUL-terminated */
    struct mln_secret *key; /* PEM, for the caller to free; NULL with a request */
};

/* Issues a certificate for an entity. passphrase: for the new key; may be NULL. Errors: CONFIG (a
 * name is malformed, or the CA may not certify it), SYNTAX (request unreadable or its signature
 * wrong), CERTIFICATE (a request outside the profile), LIMIT, SYSTEM, NO_MEMORY. ca_issue.c */
mln_err mln_ca_issue(struct mln_ca *ca, const struct mln_ca_order *order,
                     const struct mln_secret *passphrase, struct mln_arena *arena,
                     struct mln_fault *fault, struct mln_ca_issued *ret);

/* Revokes the certificate of that serial number (hexadecimal, case does not matter); once more is
 * no error. The list says so when the next one is made. Errors: NOT_FOUND, SYSTEM. ca_crl.c */
mln_err mln_ca_revoke(struct mln_ca *ca, struct mln_slice serial, struct mln_fault *fault);

/* A new revocation list in PEM, also kept as crl.pem. Errors: SYSTEM, NO_MEMORY. ca_crl.c */
mln_err mln_ca_crl(struct mln_ca *ca, unsigned days, struct mln_arena *arena,
                   struct mln_fault *fault, struct mln_slice *ret);
