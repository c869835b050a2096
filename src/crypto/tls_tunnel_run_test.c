/* Runs of two ends of ours. */
#include "crypto/tls_tunnel_run_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/mem.h"

static struct tunnel_run run;

struct tunnel_run *mln_tunnel_run(void)
{
    return &run;
}

/* ---- contexts ---- */

static struct mln_tls *make_tls(struct tls_lab *lab)
{
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct mln_tls *tls = NULL;

    options.verifier = mln_tls_lab_verifier(lab);
    options.clients = MLN_TLS_CLIENT_OPTIONAL;
    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    mln_cert_verifier_unref(options.verifier);
    return tls;
}

struct mln_tls_client *mln_tunnel_client(struct tls_lab *lab,
                                         const struct mln_tls_identity *identity)
{
    struct mln_tls_client_options options = {
        .env = &lab->env,
        .verifier = mln_tls_lab_verifier(lab),
        .identity = *identity,
        .greatest = MLN_TLS_1_3,
    };
    struct mln_tls_client *client = NULL;

    assert_false(mln_failed(mln_tls_client_new(&options, NULL, &client)));
    mln_cert_verifier_unref(options.verifier);
    return client;
}

int mln_tunnel_up(void **state)
{
    struct tls_lab *lab;

    if (mln_tls_lab_up(state) != 0) {
        return -1;
    }
    lab = *state;
    run.tls = make_tls(lab);
    run.client = mln_tunnel_client(lab, &lab->ae);
    return 0;
}

int mln_tunnel_down(void **state)
{
    mln_tls_unref(run.tls);
    mln_tls_client_unref(run.client);
    return mln_tls_lab_down(state);
}

/* ---- runs ---- */

void mln_tunnel_forget(struct mln_tls_made *made)
{
    mln_secret_free(made->key);
    mln_association_unref(made->association);
    *made = (struct mln_tls_made){ 0 };
}

void mln_tunnel_finish(void)
{
    for (size_t i = 0; i < 2; i++) {
        mln_tls_tunnel_free(run.ends[i]);
        run.ends[i] = NULL;
        mln_tunnel_forget(&run.made[i]);
    }
    assert_int_equal(ERR_peek_error(), 0); /* nothing is left for others of this thread */
}

void mln_tunnel_start_to(const struct mln_tls_target *target)
{
    memset(run.faults, 0, sizeof run.faults);
    memset(run.len, 0, sizeof run.len);
    assert_int_equal(
        mln_tls_tunnel_connect(run.client, target, MLN_USE_ESPRIM, &run.faults[0], &run.ends[0])
            .code,
        MLN_ERR_NONE);
    assert_int_equal(
        mln_tls_tunnel_accept(run.tls, MLN_USE_ESPRIM, &run.faults[1], &run.ends[1]).code,
        MLN_ERR_NONE);
}

void mln_tunnel_start(void)
{
    const struct mln_tls_target target = { .cse_id = MLN_S(CSE) };

    mln_tunnel_start_to(&target);
}

struct mln_slice mln_tunnel_message(size_t number)
{
    return number ? mln_slice_of((const char *)run.said[number - 1], run.len[number - 1])
                  : MLN_S("");
}

/* The end whose turn it is takes message `number` and says the next. */
static mln_err step(size_t number)
{
    struct mln_slice out = { 0 };
    mln_err err = mln_tls_tunnel_step(run.ends[number % 2], mln_tunnel_message(number),
                                      &run.faults[number % 2], &out);

    if (!mln_failed(err) && number < MESSAGES) {
        assert_true(out.len <= ROOM);
        memcpy(run.said[number], out.ptr, out.len);
        run.len[number] = out.len;
    }
    return err;
}

/* Up to and with the taking of message `last`; which then, by whom, failed. */
mln_err mln_tunnel_steps(size_t first, size_t last)
{
    mln_err err = MLN_OK;

    for (size_t i = first; i <= last && !mln_failed(err); i++) {
        err = step(i);
    }
    return err;
}

void mln_tunnel_well(mln_err err)
{
    if (mln_failed(err)) {
        fail_msg("%s; %s; %s", mln_err_name(err), run.faults[0].text, run.faults[1].text);
    }
}
