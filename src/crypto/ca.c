/* The certification authority: its directory. */
#include "crypto/ca.h"

#include <openssl/err.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "crypto/ca_int.h"

enum { DAY = 86400, SKEW_SECONDS = 300 };

/* ---- its own certificate ---- */

static bool push(STACK_OF(GENERAL_SUBTREE) * *trees, GENERAL_NAME *base)
{
    GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();

    *trees = *trees ? *trees : sk_GENERAL_SUBTREE_new_null();
    if (!tree || !*trees) {
        GENERAL_SUBTREE_free(tree);
        return false;
    }
    GENERAL_NAME_free(tree->base);
    tree->base = base;
    if (!sk_GENERAL_SUBTREE_push(*trees, tree)) {
        tree->base = NULL;
        GENERAL_SUBTREE_free(tree);
        return false;
    }
    return true;
}

static mln_err add_permits(NAME_CONSTRAINTS *nc, const struct mln_ca_plan *plan,
                           struct mln_fault *fault)
{
    for (size_t i = 0; i < plan->permit_count; i++) {
        GENERAL_NAME *base = NULL;

        MLN_TRY(mln_ca_subtree_make(&plan->permits[i], fault, &base));
        if (!push(&nc->permittedSubtrees, base)) {
            GENERAL_NAME_free(base);
            MLN_FAIL(NO_MEMORY);
        }
    }
    return MLN_OK;
}

static mln_err add_constraints(X509 *cert, const struct mln_ca_plan *plan, struct mln_fault *fault)
{
    NAME_CONSTRAINTS *nc;
    mln_err err;

    if (plan->permit_count == 0) {
        return MLN_OK;
    }
    nc = NAME_CONSTRAINTS_new();
    MLN_REQUIRE(nc, NO_MEMORY);
    err = add_permits(nc, plan, fault);
    if (!mln_failed(err) &&
        !X509_add1_ext_i2d(cert, NID_name_constraints, nc, 1, X509V3_ADD_DEFAULT)) {
        err = MLN_ERROR(NO_MEMORY);
    }
    NAME_CONSTRAINTS_free(nc);
    return err;
}

static mln_err fill_cert(X509 *cert, EVP_PKEY *key, const struct mln_ca_plan *plan,
                         struct mln_fault *fault)
{
    MLN_TRY(mln_ca_add_name(X509_get_subject_name(cert), plan->name));
    MLN_REQUIRE(X509_set_issuer_name(cert, X509_get_subject_name(cert)), NO_MEMORY);
    MLN_TRY(mln_ca_add_basic(cert, true));
    /* digitalSignature is what the profile asks of all certificates: TS-0003 10.1.1.1 */
    MLN_TRY(mln_ca_add_usage(cert, KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN | KU_CRL_SIGN));
    MLN_TRY(add_constraints(cert, plan, fault));
    MLN_REQUIRE(X509_sign(cert, key, EVP_sha256()) > 0, NO_MEMORY);
    return MLN_OK;
}

static mln_err make_cert(EVP_PKEY *key, const struct mln_ca_plan *plan, const struct mln_env *env,
                         struct mln_fault *fault, X509 **ret)
{
    int64_t now = mln_env_now_us(env) / MLN_US_PER_S;
    struct mln_ca_period period = { now - SKEW_SECONDS, now + (int64_t)plan->days * DAY };
    X509 *cert;
    mln_err err;

    MLN_TRY(mln_ca_cert_new(env, &period, key, &cert));
    err = fill_cert(cert, key, plan, fault);
    if (mln_failed(err)) {
        X509_free(cert);
        return err;
    }
    *ret = cert;
    return MLN_OK;
}

/* ---- making the directory ---- */

mln_err mln_ca_index_save(const char *directory, const struct mln_ca_index *index,
                          struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(MLN_CA_ARENA_BYTES);
    char path[MLN_PATH_MAX];
    struct mln_slice text;

    MLN_REQUIRE(arena, NO_MEMORY);
    MLN_TRY(mln_file_path(path, directory, "index", fault));
    MLN_TRY(mln_ca_index_text(index, arena, &text));
    return mln_file_replace(path, text, fault);
}

static mln_err make_directory(const char *directory, const char *name, struct mln_fault *fault)
{
    char path[MLN_PATH_MAX];

    MLN_TRY(mln_file_path(path, directory, name, fault));
    return mln_file_make_directory(path, fault);
}

/* The certificate comes last: without one there is no authority, and what an interrupted attempt
 * left is overwritten. */
static mln_err write_all(const char *directory, const struct mln_secret *key, struct mln_slice cert,
                         struct mln_fault *fault)
{
    const struct mln_ca_index empty = { 0 };
    char path[MLN_PATH_MAX];

    MLN_TRY(mln_file_path(path, directory, "ca.key", fault));
    MLN_TRY(mln_file_replace(
        path, mln_slice_of((const char *)mln_secret_bytes(key), mln_secret_len(key)), fault));
    MLN_TRY(mln_ca_index_save(directory, &empty, fault));
    MLN_TRY(mln_file_path(path, directory, "ca.pem", fault));
    return mln_file_create(path, cert, fault);
}

static mln_err make_files(const char *directory, const struct mln_ca_plan *plan,
                          const struct mln_secret *passphrase, const struct mln_env *env,
                          struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(1 << 20);
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *key_pem = NULL;
    struct mln_slice pem = { 0 };
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    mln_err err;

    MLN_REQUIRE(arena, NO_MEMORY);
    MLN_TRY(mln_ca_key_make(&key));
    err = make_cert(key, plan, env, fault, &cert);
    if (!mln_failed(err)) {
        err = mln_ca_key_write(key, passphrase, &key_pem);
    }
    if (!mln_failed(err)) {
        err = mln_ca_cert_pem(cert, arena, &pem);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return mln_failed(err) ? err : write_all(directory, key_pem, pem, fault);
}

mln_err mln_ca_create(const char *directory, const struct mln_ca_plan *plan,
                      const struct mln_secret *passphrase, const struct mln_env *env,
                      struct mln_fault *fault)
{
    char path[MLN_PATH_MAX];
    int lock;
    mln_err err;

    MLN_REQUIRE(plan->days > 0 && plan->days <= MLN_CA_DAYS_MOST && plan->name.len &&
                    mln_utf8_valid(plan->name) && plan->permit_count <= MLN_CA_NAMES,
                CONFIG);
    MLN_TRY(make_directory(directory, "", fault));
    MLN_TRY(make_directory(directory, "certs", fault));
    MLN_TRY(mln_file_path(path, directory, "lock", fault));
    MLN_TRY(mln_file_lock(path, fault, &lock));
    err = mln_file_path(path, directory, "ca.pem", fault);
    if (!mln_failed(err) && access(path, F_OK) == 0) {
        mln_fault_set(fault, "%s is there already", path);
        err = MLN_ERROR(CONFLICT);
    }
    err = mln_failed(err) ? err : make_files(directory, plan, passphrase, env, fault);
    (void)close(lock);
    return err;
}

/* ---- opening ---- */

/* A file of the directory as a slice in the arena. */
static mln_err read_text(struct mln_ca *ca, const char *name, size_t max, struct mln_fault *fault,
                         struct mln_slice *ret)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *content = NULL;
    char path[MLN_PATH_MAX];

    MLN_TRY(mln_file_path(path, ca->directory, name, fault));
    MLN_TRY(mln_file_read(path, max, fault, &content));
    if (!content) {
        mln_fault_set(fault, "%s is empty", path);
        MLN_FAIL(SYNTAX);
    }
    MLN_REQUIRE(mln_arena_dup(
                    ca->arena,
                    mln_slice_of((const char *)mln_secret_bytes(content), mln_secret_len(content)),
                    ret),
                NO_MEMORY);
    return MLN_OK;
}

static mln_err read_key(struct mln_ca *ca, const struct mln_secret *passphrase,
                        struct mln_fault *fault)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *pem = NULL;
    char path[MLN_PATH_MAX];

    MLN_TRY(mln_file_path(path, ca->directory, "ca.key", fault));
    MLN_TRY(mln_file_read(path, MLN_CA_KEY_BYTES, fault, &pem));
    MLN_REQUIRE(pem, SYNTAX);
    return mln_ca_key_read(pem, passphrase, fault, &ca->key);
}

static mln_err read_all(struct mln_ca *ca, const struct mln_secret *passphrase,
                        struct mln_fault *fault)
{
    char path[MLN_PATH_MAX];
    struct mln_slice text;

    MLN_TRY(mln_file_path(path, ca->directory, "lock", fault));
    MLN_TRY(mln_file_lock(path, fault, &ca->lock));
    MLN_TRY(read_text(ca, "ca.pem", MLN_CERT_BYTES, fault, &ca->pem));
    MLN_TRY(mln_cert_read(ca->pem, fault, &ca->cert));
    MLN_TRY(read_text(ca, "index", MLN_CA_INDEX_BYTES, fault, &text));
    if (mln_failed(mln_ca_index_parse(text, ca->arena, &ca->index))) {
        mln_fault_set(fault, "%s/index is damaged", ca->directory);
        MLN_FAIL(SYNTAX);
    }
    MLN_TRY(read_key(ca, passphrase, fault));
    if (X509_check_private_key(ca->cert, ca->key) != 1) {
        ERR_clear_error();
        mln_fault_set(fault, "ca.key and ca.pem do not belong together");
        MLN_FAIL(SYNTAX);
    }
    return MLN_OK;
}

mln_err mln_ca_open(const char *directory, const struct mln_secret *passphrase,
                    const struct mln_env *env, struct mln_fault *fault, struct mln_ca **ret)
{
    struct mln_ca *ca = mln_calloc(1, sizeof *ca);
    mln_err err;

    MLN_REQUIRE(ca, NO_MEMORY);
    ca->env = env;
    ca->lock = -1;
    ca->arena = mln_arena_new(MLN_CA_ARENA_BYTES);
    err = ca->arena ? mln_file_path(ca->directory, directory, ".", fault) : MLN_ERROR(NO_MEMORY);
    err = mln_failed(err) ? err : read_all(ca, passphrase, fault);
    if (mln_failed(err)) {
        mln_ca_close(ca);
        return err;
    }
    *ret = ca;
    return MLN_OK;
}

void mln_ca_close(struct mln_ca *ca)
{
    if (!ca) {
        return;
    }
    EVP_PKEY_free(ca->key);
    X509_free(ca->cert);
    mln_arena_free(ca->arena);
    if (ca->lock >= 0) {
        (void)close(ca->lock);
    }
    mln_free(ca);
}

void mln_ca_closep(struct mln_ca **ca)
{
    mln_ca_close(*ca);
}
