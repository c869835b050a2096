/* An authority in a temporary directory, for the unit tests of certificates. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/ca.h"
#include "crypto/files.h"
#include "crypto/x509_int.h"

struct cert_lab {
    char directory[64];
    struct mln_arena *arena;
    struct mln_ca *ca;
    struct mln_slice anchor; /* PEM */
    int64_t offset_us;       /* of the tests' clock */
    struct mln_env env;
};

static const struct mln_cert_provider lab_provider = { { "//sp.example", 12 }, { "/in-cse", 7 } };

static int64_t lab_now(void *data)
{
    return mln_env_now_us(mln_env_system()) + ((struct cert_lab *)data)->offset_us;
}

static mln_err lab_random(void *data, void *out, size_t len)
{
    (void)data;
    return mln_env_random(mln_env_system(), out, len);
}

/* The text of a file of the authority. */
static inline struct mln_slice lab_file(struct cert_lab *lab, const char *name)
{
    char path[128];
    char *bytes = mln_arena_alloc(lab->arena, 65536);
    size_t len;
    FILE *in;

    (void)snprintf(path, sizeof path, "%s/%s", lab->directory, name);
    in = fopen(path, "re");
    assert_non_null(in);
    len = fread(bytes, 1, 65536, in);
    (void)fclose(in);
    return mln_slice_of(bytes, len);
}

/* May certify //sp.example and its domain, devices 0.2.481.1:100, Node-IDs below urn:dev. */
static inline void lab_open(struct cert_lab *lab)
{
    static const struct mln_ca_name permits[] = {
        { MLN_CA_DNS, { "sp.example", 10 } },
        { MLN_CA_URI, { "sp.example", 10 } },
        { MLN_CA_DEVICE, { "0.2.481.1:100", 13 } },
        { MLN_CA_URI, { "urn:dev:", 8 } },
    };
    const struct mln_ca_plan plan = { MLN_S("lab"), permits, 4, 30 };

    *lab = (struct cert_lab){ .directory = "/tmp/merlon-lab-XXXXXX" };
    lab->env = (struct mln_env){ lab, lab_now, lab_random };
    lab->arena = mln_arena_new(64 << 20);
    assert_non_null(mkdtemp(lab->directory));
    assert_false(mln_failed(mln_ca_create(lab->directory, &plan, NULL, &lab->env, NULL)));
    assert_false(mln_failed(mln_ca_open(lab->directory, NULL, &lab->env, NULL, &lab->ca)));
    lab->anchor = lab_file(lab, "ca.pem");
}

/* Removes what stands in a directory, and the directory. */
static inline void lab_remove(const char *directory, int depth)
{
    DIR *dir = depth > 2 ? NULL : opendir(directory);
    char path[MLN_PATH_MAX];

    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        bool is_ours = entry->d_name[0] != '.' &&
                       !mln_failed(mln_file_path(path, directory, entry->d_name, NULL));

        if (is_ours && unlink(path) != 0) {
            lab_remove(path, depth + 1);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    (void)rmdir(directory);
}

static inline void lab_close(struct cert_lab *lab)
{
    mln_ca_close(lab->ca);
    lab_remove(lab->directory, 0);
    mln_arena_free(lab->arena);
}

/* Certificate and key as PEM in the arena of the lab. */
static inline void lab_issue_pem(struct cert_lab *lab, const char *ae_id, bool agrees,
                                 struct mln_slice *ret_cert, struct mln_slice *ret_key)
{
    const struct mln_ca_name name = { MLN_CA_URI, mln_slice_z(ae_id) };
    const struct mln_ca_order order = {
        .names = &name, .name_count = 1, .days = 10, .agrees = agrees
    };
    struct mln_ca_issued issued;

    assert_false(mln_failed(mln_ca_issue(lab->ca, &order, NULL, lab->arena, NULL, &issued)));
    *ret_cert = issued.cert;
    assert_true(mln_arena_dup(
        lab->arena,
        mln_slice_of((const char *)mln_secret_bytes(issued.key), mln_secret_len(issued.key)),
        ret_key));
    mln_secret_free(issued.key);
}

static inline X509 *lab_issue(struct cert_lab *lab, enum mln_ca_kind kind, const char *text,
                              EVP_PKEY **ret_key)
{
    const struct mln_ca_name name = { kind, mln_slice_z(text) };
    const struct mln_ca_order order = { .names = &name, .name_count = 1, .days = 10 };
    struct mln_ca_issued issued;
    X509 *cert = NULL;
    BIO *bio;

    assert_false(mln_failed(mln_ca_issue(lab->ca, &order, NULL, lab->arena, NULL, &issued)));
    assert_false(mln_failed(mln_cert_read(issued.cert, NULL, &cert)));
    if (ret_key) {
        bio = BIO_new_mem_buf(mln_secret_bytes(issued.key), (int)mln_secret_len(issued.key));
        *ret_key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        BIO_free(bio);
        assert_non_null(*ret_key);
    }
    mln_secret_free(issued.key);
    return cert;
}

static inline struct mln_cert_verifier *lab_verifier(struct cert_lab *lab)
{
    const struct mln_cert_rules rules = { .env = &lab->env,
                                          .names = { &lab_provider, 1 },
                                          .is_strict = true };
    struct mln_cert_verifier *verifier = NULL;

    assert_false(mln_failed(
        mln_cert_verifier_new(&rules, lab->anchor, mln_slice_of(NULL, 0), NULL, &verifier)));
    return verifier;
}
