/* Issuers from the credentials to the CSE. */
#include "server/issuers.h"

#include "base/mem.h"

enum { MOST = 256 };

/* Copies of the records: they hold keys. */
struct records {
    struct mln_secret *copies[MOST];
    struct mln_slice texts[MOST];
    size_t count;
};

static mln_err add(void *data, struct mln_slice name, struct mln_slice bytes)
{
    struct records *r = data;

    (void)name;
    MLN_REQUIRE(r->count < MOST, LIMIT);
    r->copies[r->count] = mln_secret_of(bytes.ptr, bytes.len);
    MLN_REQUIRE(r->copies[r->count], NO_MEMORY);
    r->texts[r->count] =
        mln_slice_of((const char *)mln_secret_bytes(r->copies[r->count]), bytes.len);
    r->count++;
    return MLN_OK;
}

static void drop(struct records *r)
{
    while (r->count) {
        mln_secret_free(r->copies[--r->count]);
    }
    mln_free(r);
}

mln_err mln_issuers_apply(const struct mln_server_tls *tls, struct mln_cse *cse,
                          struct mln_fault *fault)
{
    struct mln_credentials *credentials = mln_server_tls_credentials(tls);
    struct records *r = mln_calloc(1, sizeof *r);
    struct mln_jwt_issuers *issuers = NULL;
    mln_err err;

    MLN_REQUIRE(r, NO_MEMORY);
    err = mln_credentials_list_records(credentials, MLN_S("issuer"), add, r);
    if (!mln_failed(err)) {
        err = mln_server_tls_issuers(tls, r->texts, r->count, fault, &issuers);
    }
    drop(r);
    MLN_TRY(err);
    mln_cse_set_issuers(cse, issuers);
    mln_jwt_issuers_unref(issuers);
    return MLN_OK;
}

mln_err mln_issuers_check(struct mln_credentials *credentials, struct mln_slice record,
                          struct mln_fault *fault)
{
    struct records *r = mln_calloc(1, sizeof *r);
    struct mln_jwt_issuers *issuers = NULL;
    mln_err err;

    MLN_REQUIRE(r, NO_MEMORY);
    err = mln_credentials_list_records(credentials, MLN_S("issuer"), add, r);
    if (!mln_failed(err)) {
        err = add(r, MLN_S(""), record);
    }
    if (err.code == MLN_ERR_LIMIT) {
        mln_fault_set(fault, "more than %d issuers", MOST);
    }
    if (!mln_failed(err)) {
        err = mln_jwt_issuers_new(r->texts, r->count, NULL, fault, &issuers);
    }
    mln_jwt_issuers_unref(issuers);
    drop(r);
    return err;
}
