/* Keys and the two ends of protected data, for the unit tests of this folder. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypto/jwt_keys_test.h"
#include "e2e/esdata.h"

enum { LAB_ARENA = 64 << 20, LAB_MOST = 8 << 20, LAB_NOW = 1000 };

static const char payload[] = "{\"temperature\":21.5,\"unit\":\"\xc2\xb0"
                              "C\"}";

static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(LAB_ARENA);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static inline struct mln_data_key *key_as(const char *name, const char *kid, unsigned suid)
{
    struct mln_data_key_about about = { .name = mln_slice_z(kid), .suid = suid };
    struct mln_data_key *key = NULL;
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_data_key_of_jwk(&about, mln_slice_z(mln_test_jwk(name)), &fault, &key))) {
        fail_msg("%s: %s", name, fault.text);
    }
    return key;
}

static inline struct mln_data_key *key_of(const char *name)
{
    return key_as(name, NULL, 0);
}

static inline struct mln_slice sealed_by(const struct mln_esdata_draft *draft)
{
    struct mln_fault fault = { 0 };
    struct mln_slice envelope = { 0 };

    if (mln_failed(mln_esdata_protect(draft, MLN_S(payload), arena, &fault, &envelope))) {
        fail_msg("protect: %s", fault.text);
    }
    return envelope;
}

static inline mln_err open_by(const struct mln_data_key *key, struct mln_slice envelope,
                              struct mln_esdata *ret)
{
    struct mln_fault fault = { 0 };
    struct mln_esdata_opener opener = { .keys = &key,
                                        .key_count = key ? 1 : 0,
                                        .now_us = LAB_NOW,
                                        .envelope_most = LAB_MOST,
                                        .arena = arena,
                                        .fault = &fault };

    return mln_esdata_open(&opener, MLN_ESDATA_ANY, envelope, ret);
}

static inline void accept(const struct mln_data_key *key, struct mln_slice envelope,
                          enum mln_esdata_form form)
{
    struct mln_esdata found;
    mln_err err = open_by(key, envelope, &found);

    if (mln_failed(err)) {
        fail_msg("%s: %.*s", mln_err_name(err), MLN_S_ARG(envelope));
    }
    assert_int_equal(found.form, form);
    assert_true(mln_slice_eq(found.payload, MLN_S(payload)));
}

static inline void refuse(const struct mln_data_key *key, struct mln_slice envelope)
{
    struct mln_esdata found;
    mln_err err = open_by(key, envelope, &found);

    if (err.code != MLN_ERR_ESDATA && err.code != MLN_ERR_SYNTAX && err.code != MLN_ERR_LIMIT) {
        fail_msg("%s: %.*s", mln_err_name(err), MLN_S_ARG(envelope));
    }
}
