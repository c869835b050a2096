/* Certificates as they come with signatures and in e2eSecInfo: DER, the entity's first. */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/x509_int.h"

/* What else could be read as one might be read differently by whoever takes the key out of it. */
mln_err mln_cert_read_der(struct mln_slice der, struct x509_st **ret)
{
    MLN_REQUIRE(der.len && (unsigned char)der.ptr[0] == 0x30, SYNTAX);
    return mln_cert_read(der, NULL, ret);
}

static mln_err append_pem(BIO *out, struct mln_slice der)
{
    X509 *cert;
    bool is_written;

    MLN_TRY(mln_cert_read_der(der, &cert));
    is_written = PEM_write_bio_X509(out, cert) == 1;
    mln_cert_free(cert);
    MLN_REQUIRE(is_written, NO_MEMORY);
    return MLN_OK;
}

static mln_err write_all(BIO *out, const struct mln_slice *list, size_t count,
                         struct mln_fault *fault)
{
    MLN_REQUIRE(out, NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        mln_err err = append_pem(out, list[i]);

        if (err.code == MLN_ERR_SYNTAX) {
            mln_fault_set(fault, "certificate %zu is not sound DER", i);
        }
        MLN_TRY(err);
    }
    return MLN_OK;
}

mln_err mln_cert_pem_of_der(const struct mln_slice *list, size_t count, struct mln_arena *arena,
                            struct mln_fault *fault, struct mln_slice *ret)
{
    BIO *out = BIO_new(BIO_s_mem());
    mln_err err = write_all(out, list, count, fault);
    char *text;

    if (!mln_failed(err)) {
        long len = BIO_get_mem_data(out, &text);

        err = mln_arena_dup(arena, mln_slice_of(text, (size_t)len), ret) ? MLN_OK
                                                                         : MLN_ERROR(NO_MEMORY);
    }
    BIO_free(out);
    ERR_clear_error();
    return err;
}

struct mln_cert_expect mln_cert_expect_entity(struct mln_slice id)
{
    struct mln_cert_expect expect = { 0 };

    if (!id.len) {
        expect.flavours = MLN_CERT_SET(MLN_CERT_AE_ID) | MLN_CERT_SET(MLN_CERT_CSE_ID) |
                          MLN_CERT_SET(MLN_CERT_NODE_ID) | MLN_CERT_SET(MLN_CERT_DEVICE);
    } else if (mln_cert_is_ae_id(id)) {
        expect.flavours = MLN_CERT_SET(MLN_CERT_AE_ID);
        expect.ae_id = id;
    } else if (mln_slice_starts(id, MLN_S("//"))) {
        expect.flavours = MLN_CERT_SET(MLN_CERT_CSE_ID);
        expect.cse_id = id;
    } else if (mln_slice_starts(id, MLN_S("urn:"))) {
        expect.flavours = MLN_CERT_SET(MLN_CERT_NODE_ID);
        expect.node_id = id;
    } else {
        expect.flavours = MLN_CERT_SET(MLN_CERT_DEVICE);
        expect.hardware_id = id;
    }
    return expect;
}

mln_err mln_cert_verify_der(const struct mln_cert_verifier *verifier, const struct mln_slice *chain,
                            size_t count, const struct mln_cert_expect *expect,
                            struct mln_cert_outcome *ret)
{
    struct mln_arena *arena MLN_CLEANUP(mln_arena_freep) =
        mln_arena_new((size_t)2 * MLN_CERT_BYTES * (count + 1));
    struct mln_slice further;
    X509 *cert MLN_CLEANUP(mln_cert_freep) = NULL;
    mln_err err;

    *ret = (struct mln_cert_outcome){ .reason = MLN_CERT_SYNTAX };
    MLN_REQUIRE(arena, NO_MEMORY);
    MLN_REQUIRE(count, CERTIFICATE);
    err = mln_cert_pem_of_der(chain, count, arena, &ret->fault, &further);
    if (!mln_failed(err)) {
        err = mln_cert_read_der(chain[0], &cert);
    }
    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    MLN_REQUIRE(!mln_failed(err), CERTIFICATE);
    err = mln_cert_verify(verifier, cert, further, expect, ret);
    ERR_clear_error();
    return err;
}
