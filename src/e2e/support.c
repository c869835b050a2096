/* e2eSecInfo, as others say it. */
#include "e2e/support.h"

#include "base/timestamp.h"
#include "crypto/base64.h"
#include "crypto/x509.h"

static mln_err check_certificate(struct mln_slice text, struct mln_arena *arena)
{
    struct mln_slice der;
    struct x509_st *cert;

    MLN_TRY(mln_base64_read(text, arena, &der));
    MLN_TRY(mln_cert_read_der(der, &cert));
    mln_cert_free(cert);
    return MLN_OK;
}

static mln_err check_certificates(const struct mln_value *list, struct mln_arena *arena,
                                  struct mln_fault *fault)
{
    const struct mln_value *v = list ? list->items.first : NULL;

    for (; v; v = v->next) {
        mln_err err = check_certificate(v->text, arena);

        if (mln_failed(err) && err.code != MLN_ERR_NO_MEMORY) {
            mln_fault_set(fault, "escert: must be certificates in DER");
            MLN_FAIL(ATTR_INVALID);
        }
        MLN_TRY(err);
    }
    return MLN_OK;
}

mln_err mln_e2e_support_check(const struct mln_value *support, struct mln_arena *arena,
                              struct mln_fault *fault)
{
    const struct mln_value *random = mln_value_get(support, MLN_S("esro"));
    const struct mln_value *expiry = mln_value_get(random, MLN_S("esrx"));
    int64_t unused;

    if (expiry && !mln_timestamp_parse(expiry->text, &unused)) {
        mln_fault_set(fault, "esrx: must be an absolute time where many read it");
        MLN_FAIL(ATTR_INVALID);
    }
    return check_certificates(mln_value_get(support, MLN_S("escert")), arena, fault);
}
