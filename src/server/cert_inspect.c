/* `merlon cert show`, `lint`, `verify`. */
#include <stdio.h>

#include "server/cert_command.h"

static mln_err read_cert(struct mln_cert_call *call, const char *path, struct x509_st **ret)
{
    struct mln_slice bytes;

    MLN_TRY(mln_cert_command_read(path, call->arena, call->fault, &bytes));
    return mln_cert_read(bytes, call->fault, ret);
}

mln_err mln_cert_command_show(struct mln_cert_call *call)
{
    MLN_CLEANUP(mln_cert_freep) struct x509_st *cert = NULL;
    struct mln_cert_names names = mln_cert_command_names(call->settings);
    struct mln_slice text;

    MLN_TRY(read_cert(call, call->operands[0], &cert));
    MLN_TRY(mln_cert_show(cert, &names, call->arena, &text));
    return fwrite(text.ptr, 1, text.len, stdout) == text.len ? MLN_OK : MLN_ERROR(SYSTEM);
}

/* ---- lint ---- */

static void report(void *data, enum mln_cert_reason reason, const char *detail)
{
    const char *path = data;

    (void)printf("%s: %s: %s\n", path, mln_cert_reason_name(reason), detail);
}

mln_err mln_cert_command_lint(struct mln_cert_call *call)
{
    struct mln_cert_names names = mln_cert_command_names(call->settings);
    size_t findings = 0;

    for (int i = 0; i < call->operand_count; i++) {
        MLN_CLEANUP(mln_cert_freep) struct x509_st *cert = NULL;

        MLN_TRY(read_cert(call, call->operands[i], &cert));
        findings += mln_cert_lint(cert, &names, report, call->operands[i]);
        mln_arena_reset(call->arena);
    }
    (void)printf("%zu findings\n", findings);
    call->is_refused = findings > 0;
    return MLN_OK;
}

/* ---- verify ---- */

static struct mln_cert_expect expect_of(const struct mln_cert_settings *s)
{
    return (struct mln_cert_expect){
        .flavours = s->flavours ? s->flavours : MLN_CERT_SET_ALL,
        .is_server = s->is_server,
        .cse_id = s->cse_id,
        .domain = s->server_count ? s->servers[0] : mln_slice_of(NULL, 0),
        .ae_id = s->ae_id,
        .node_id = s->node_id,
        .hardware_id = s->device,
    };
}

/* --device is written with a colon; the identifier has a dot in its place. */
static mln_err join_device(struct mln_cert_call *call, struct mln_slice *device)
{
    size_t at = mln_slice_find(*device, ':');
    char *copy;

    if (at == device->len) {
        return MLN_OK;
    }
    copy = mln_arena_zdup(call->arena, *device);
    MLN_REQUIRE(copy, NO_MEMORY);
    copy[at] = '.';
    *device = mln_slice_of(copy, device->len);
    return MLN_OK;
}

static mln_err read_given(struct mln_cert_call *call, const char *path, struct mln_slice *ret)
{
    *ret = mln_slice_of(NULL, 0);
    return path ? mln_cert_command_read(path, call->arena, call->fault, ret) : MLN_OK;
}

static mln_err make_verifier(struct mln_cert_call *call, struct mln_cert_verifier **ret)
{
    const struct mln_cert_settings *s = call->settings;
    struct mln_cert_rules rules = { .env = mln_env_system(), .status = s->status };
    struct mln_slice anchors;
    struct mln_slice crls;

    rules.names = mln_cert_command_names(s);
    rules.is_strict = s->is_strict;
    rules.needs_staple = s->staple != NULL;
    if (!s->anchors) {
        mln_fault_set(call->fault, "--anchor FILE says whom to trust: nobody is trusted otherwise");
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(read_given(call, s->anchors, &anchors));
    MLN_TRY(read_given(call, s->crls, &crls));
    return mln_cert_verifier_new(&rules, anchors, crls, call->fault, ret);
}

/* The issuer is the first of the certificates that came along, else of the anchors. */
static mln_err check_staple(struct mln_cert_call *call, const struct mln_cert_verifier *verifier,
                            struct x509_st *cert, struct mln_cert_outcome *outcome)
{
    MLN_CLEANUP(mln_cert_freep) struct x509_st *issuer = NULL;
    const struct mln_cert_settings *s = call->settings;
    struct mln_slice answer;

    MLN_TRY(read_cert(call, s->chain ? s->chain : s->anchors, &issuer));
    MLN_TRY(read_given(call, s->staple, &answer));
    return mln_cert_check_staple(verifier, cert, issuer, answer, outcome);
}

/* "OK" or the name of the reason, then words. */
static void tell(struct mln_cert_call *call, const struct mln_cert_outcome *outcome)
{
    const char *name = mln_cert_reason_name(outcome->reason);

    call->is_refused = outcome->reason != MLN_CERT_OK;
    if (call->is_refused) {
        (void)printf("%s: %s\n", name, outcome->fault.text);
    } else {
        (void)printf("%s%s\n", name,
                     outcome->is_status_unknown ? ": not revoked as far as is known" : "");
    }
}

mln_err mln_cert_command_verify(struct mln_cert_call *call)
{
    MLN_CLEANUP(mln_cert_freep) struct x509_st *cert = NULL;
    MLN_CLEANUP(mln_cert_verifier_unrefp) struct mln_cert_verifier *verifier = NULL;
    struct mln_cert_expect expect = expect_of(call->settings);
    struct mln_cert_outcome outcome = { 0 };
    struct mln_slice chain;
    mln_err err;

    MLN_TRY(join_device(call, &expect.hardware_id));
    MLN_TRY(read_cert(call, call->operands[0], &cert));
    MLN_TRY(read_given(call, call->settings->chain, &chain));
    MLN_TRY(make_verifier(call, &verifier));
    err = mln_cert_verify(verifier, cert, chain, &expect, &outcome);
    if (!mln_failed(err) && call->settings->staple) {
        err = check_staple(call, verifier, cert, &outcome);
    }
    if (mln_failed(err) && err.code != MLN_ERR_CERTIFICATE) {
        return err;
    }
    tell(call, &outcome);
    return MLN_OK;
}
