/* Certificates of a CSE and an AE, for programs that are no tests: fuzz targets and benchmarks. */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/ca.h"
#include "crypto/files.h"
#include "crypto/tls.h"

struct pair_lab {
    struct mln_arena *arena;
    struct mln_slice anchor;     /* PEM */
    struct mln_tls_identity cse; /* //sp.example/in, in.sp.example */
    struct mln_tls_identity ae;  /* //sp.example/Sdev */
};

static inline bool pair_lab_issue(struct pair_lab *lab, struct mln_ca *ca, enum mln_ca_kind kind,
                                  struct mln_slice text, struct mln_tls_identity *ret)
{
    const struct mln_ca_name name = { kind, text };
    const struct mln_ca_order order = { .names = &name, .name_count = 1, .days = 30 };
    struct mln_ca_issued issued = { 0 };
    bool is_done;

    if (mln_failed(mln_ca_issue(ca, &order, NULL, lab->arena, NULL, &issued))) {
        return false;
    }
    ret->certificate = issued.cert;
    is_done = mln_arena_dup(
        lab->arena,
        mln_slice_of((const char *)mln_secret_bytes(issued.key), mln_secret_len(issued.key)),
        &ret->key);
    mln_secret_free(issued.key);
    return is_done;
}

static inline bool pair_lab_anchor(struct pair_lab *lab, const char *folder)
{
    char path[MLN_PATH_MAX];
    struct mln_secret *pem = NULL;
    bool is_read =
        !mln_failed(mln_file_path(path, folder, "ca.pem", NULL)) &&
        !mln_failed(mln_file_read(path, 65536, NULL, &pem)) &&
        mln_arena_dup(lab->arena,
                      mln_slice_of((const char *)mln_secret_bytes(pem), mln_secret_len(pem)),
                      &lab->anchor);

    mln_secret_free(pem);
    return is_read;
}

static inline int pair_lab_remove(const char *path, const struct stat *st, int kind,
                                  struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

/* Makes them, by an authority that is gone afterwards. The caller frees the arena. */
static inline bool pair_lab_make(struct pair_lab *lab)
{
    static const struct mln_ca_name permits[] = { { MLN_CA_DNS, { "sp.example", 10 } },
                                                  { MLN_CA_URI, { "sp.example", 10 } } };
    const struct mln_ca_plan plan = { MLN_S("lab"), permits, 2, 60 };
    char folder[] = "/tmp/merlon-pair-XXXXXX";
    struct mln_ca *ca = NULL;
    bool is_made;

    lab->arena = mln_arena_new(1 << 20);
    if (!lab->arena || !mkdtemp(folder)) {
        return false;
    }
    is_made = !mln_failed(mln_ca_create(folder, &plan, NULL, mln_env_system(), NULL)) &&
              !mln_failed(mln_ca_open(folder, NULL, mln_env_system(), NULL, &ca)) &&
              pair_lab_anchor(lab, folder) &&
              pair_lab_issue(lab, ca, MLN_CA_DNS, MLN_S("in.sp.example"), &lab->cse) &&
              pair_lab_issue(lab, ca, MLN_CA_URI, MLN_S("m2m://sp.example/Sdev"), &lab->ae);
    mln_ca_close(ca);
    return nftw(folder, pair_lab_remove, 8, FTW_DEPTH | FTW_PHYS) == 0 && is_made;
}
