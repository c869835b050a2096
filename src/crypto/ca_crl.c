/* Revoking, and the list that says so. RFC 5280 section 5 */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/num.h"
#include "base/timestamp.h"
#include "crypto/ca_int.h"
#include "crypto/x509_int.h"

enum { DAY = 86400, SERIAL_BYTES = 20, VERSION_2 = 1 };

mln_err mln_ca_revoke(struct mln_ca *ca, struct mln_slice serial, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(1 << 16);
    struct mln_slice lower = { 0 };
    struct mln_ca_entry *entry;
    mln_err err;

    MLN_REQUIRE(serial.len <= (size_t)2 * SERIAL_BYTES, NOT_FOUND);
    MLN_REQUIRE(arena && mln_cert_lower(serial, arena, &lower), NO_MEMORY);
    entry = mln_ca_index_find(&ca->index, lower);
    if (!entry) {
        mln_fault_set(fault, "no certificate with serial number %.*s was issued here",
                      MLN_S_ARG(serial));
        MLN_FAIL(NOT_FOUND);
    }
    if (entry->revoked) {
        return MLN_OK;
    }
    entry->revoked = mln_env_now_us(ca->env) / MLN_US_PER_S;
    err = mln_ca_index_save(ca->directory, &ca->index, fault);
    if (mln_failed(err)) {
        entry->revoked = 0;
    }
    return err;
}

/* ---- the list ---- */

static ASN1_INTEGER *integer_of(struct mln_slice serial)
{
    unsigned char bytes[SERIAL_BYTES] = { 0 };
    size_t len = serial.len / 2;
    BIGNUM *n;
    ASN1_INTEGER *integer;

    for (size_t i = 0; i < len && i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)((unsigned)mln_num_hex(serial.ptr[2 * i]) << 4 |
                                   (unsigned)mln_num_hex(serial.ptr[2 * i + 1]));
    }
    n = BN_bin2bn(bytes, (int)len, NULL);
    integer = n ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
    BN_free(n);
    return integer;
}

static bool add_entry(X509_CRL *crl, const struct mln_ca_entry *entry)
{
    X509_REVOKED *revoked = X509_REVOKED_new();
    ASN1_INTEGER *serial = integer_of(entry->serial);
    ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)entry->revoked);
    bool is_done = revoked && serial && when && X509_REVOKED_set_serialNumber(revoked, serial) &&
                   X509_REVOKED_set_revocationDate(revoked, when) &&
                   X509_CRL_add0_revoked(crl, revoked);

    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(when);
    if (!is_done) {
        X509_REVOKED_free(revoked);
    }
    return is_done;
}

static bool add_number(X509_CRL *crl, uint64_t number)
{
    ASN1_INTEGER *n = ASN1_INTEGER_new();
    bool is_done = n && ASN1_INTEGER_set_uint64(n, number) &&
                   X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, X509V3_ADD_DEFAULT);

    ASN1_INTEGER_free(n);
    return is_done;
}

static bool add_authority(X509_CRL *crl, X509 *cert)
{
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    bool is_done = false;

    if (authority && X509_get0_subject_key_id(cert)) {
        authority->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(cert));
        is_done = authority->keyid && X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier,
                                                            authority, 0, X509V3_ADD_DEFAULT);
    }
    AUTHORITY_KEYID_free(authority);
    return is_done;
}

static bool set_times(X509_CRL *crl, int64_t now, unsigned days)
{
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)now);
    ASN1_TIME *next = ASN1_TIME_set(NULL, (time_t)(now + (int64_t)days * DAY));
    bool is_done =
        from && next && X509_CRL_set1_lastUpdate(crl, from) && X509_CRL_set1_nextUpdate(crl, next);

    ASN1_TIME_free(from);
    ASN1_TIME_free(next);
    return is_done;
}

static bool fill(X509_CRL *crl, const struct mln_ca *ca, unsigned days)
{
    if (!X509_CRL_set_version(crl, VERSION_2) ||
        !X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert)) ||
        !set_times(crl, mln_env_now_us(ca->env) / MLN_US_PER_S, days)) {
        return false;
    }
    for (size_t i = 0; i < ca->index.count; i++) {
        if (ca->index.entries[i].revoked && !add_entry(crl, &ca->index.entries[i])) {
            return false;
        }
    }
    return X509_CRL_sort(crl) && add_number(crl, ca->index.crl_number) &&
           add_authority(crl, ca->cert) && X509_CRL_sign(crl, ca->key, EVP_sha256()) > 0;
}

static bool put_pem(X509_CRL *crl, struct mln_arena *arena, struct mln_slice *ret)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool is_done = false;
    char *bytes;
    long len;

    if (bio && PEM_write_bio_X509_CRL(bio, crl)) {
        len = BIO_get_mem_data(bio, &bytes);
        is_done = len > 0 && mln_arena_dup(arena, mln_slice_of(bytes, (size_t)len), ret);
    }
    BIO_free(bio);
    return is_done;
}

/* The number is used up before the list is made: no two lists have the same. */
mln_err mln_ca_crl(struct mln_ca *ca, unsigned days, struct mln_arena *arena,
                   struct mln_fault *fault, struct mln_slice *ret)
{
    char path[MLN_PATH_MAX];
    X509_CRL *crl;
    bool is_done;

    if (days == 0 || days > MLN_CA_DAYS_MOST) {
        mln_fault_set(fault, "a revocation list is valid for 1 to %d days", MLN_CA_DAYS_MOST);
        MLN_FAIL(CONFIG);
    }
    ca->index.crl_number++;
    MLN_TRY(mln_ca_index_save(ca->directory, &ca->index, fault));
    crl = X509_CRL_new();
    is_done = crl && fill(crl, ca, days) && put_pem(crl, arena, ret);
    X509_CRL_free(crl);
    ERR_clear_error();
    MLN_REQUIRE(is_done, NO_MEMORY);
    MLN_TRY(mln_file_path(path, ca->directory, "crl.pem", fault));
    return mln_file_replace(path, *ret, fault);
}
