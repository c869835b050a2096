/* `merlon cert ca`, `issue`, `crl`, `revoke`. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/files.h"
#include "server/cert_command.h"

enum { CA_DAYS = 3650, CERT_DAYS = 365, CRL_DAYS = 7 };

/* ---- pass phrases ---- */

/* The first line of a file. *ret stays NULL without one. */
static mln_err read_passphrase(const char *path, struct mln_fault *fault, struct mln_secret **ret)
{
    char line[MLN_CA_PASSPHRASE];
    bool is_input = path && strcmp(path, "-") == 0;
    FILE *in = !path ? NULL : is_input ? stdin : fopen(path, "re");
    size_t len = 0;

    if (!path) {
        return MLN_OK;
    }
    if (!in) {
        mln_fault_set(fault, "the file of the pass phrase cannot be opened");
        MLN_FAIL(SYSTEM);
    }
    (void)setvbuf(in, NULL, _IONBF, 0); /* no copy stays in a buffer */
    if (fgets(line, sizeof line, in)) {
        len = strcspn(line, "\r\n");
        *ret = len && len < sizeof line - 1 ? mln_secret_of(line, len) : NULL;
    }
    mln_wipe(line, sizeof line);
    if (!is_input) {
        (void)fclose(in);
    }
    if (!*ret) {
        mln_fault_set(fault, "a pass phrase is a line of 1 to %d bytes", MLN_CA_PASSPHRASE - 2);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static mln_err open_ca(struct mln_cert_call *call, struct mln_ca **ret)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *passphrase = NULL;

    if (!call->settings->ca) {
        mln_fault_set(call->fault, "--ca DIR says which certification authority");
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(read_passphrase(call->settings->passphrase, call->fault, &passphrase));
    return mln_ca_open(call->settings->ca, passphrase, mln_env_system(), call->fault, ret);
}

static unsigned days_or(const struct mln_cert_settings *s, unsigned usual)
{
    return s->days ? (unsigned)s->days : usual;
}

/* ---- ca ---- */

/* The provider's domain, its AE-IDs, and what a laboratory needs on one host. */
static size_t add_provider(const struct mln_cert_settings *s, struct mln_ca_name *permits,
                           size_t count)
{
    struct mln_slice domain = mln_slice_from(s->provider.sp_id, 2);

    if (domain.len) {
        permits[count++] = (struct mln_ca_name){ MLN_CA_DNS, domain };
        permits[count++] = (struct mln_ca_name){ MLN_CA_URI, domain };
        permits[count++] = (struct mln_ca_name){ MLN_CA_DNS, MLN_S("localhost") };
        permits[count++] = (struct mln_ca_name){ MLN_CA_ADDRESS, MLN_S("127.0.0.1") };
        permits[count++] = (struct mln_ca_name){ MLN_CA_ADDRESS, MLN_S("::1") };
    }
    return count;
}

mln_err mln_cert_command_ca(struct mln_cert_call *call)
{
    const struct mln_cert_settings *s = call->settings;
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *passphrase = NULL;
    struct mln_ca_name permits[MLN_CERT_COMMAND_NAMES];
    struct mln_ca_plan plan = { .name = mln_slice_z(s->name), .permits = permits };

    memcpy(permits, s->permits, s->permit_count * sizeof permits[0]);
    plan.permit_count = add_provider(s, permits, s->permit_count);
    plan.days = days_or(s, CA_DAYS);
    if (!s->ca || (plan.permit_count == 0) != s->is_unconstrained) {
        mln_fault_set(call->fault, !s->ca
                                       ? "--ca DIR says where the certification authority shall be"
                                       : "say what it may certify with --sp-id or --permit-..., "
                                         "or --unconstrained");
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(read_passphrase(s->passphrase, call->fault, &passphrase));
    MLN_TRY(mln_ca_create(s->ca, &plan, passphrase, mln_env_system(), call->fault));
    (void)printf("%s/ca.pem\n", s->ca);
    return MLN_OK;
}

/* ---- issue ---- */

static bool is_address(struct mln_slice text)
{
    unsigned char bytes[16];

    /* slices of arguments end in NUL */
    return inet_pton(AF_INET, text.ptr, bytes) == 1 || inet_pton(AF_INET6, text.ptr, bytes) == 1;
}

/* An AE-ID becomes a URI with a scheme: security.md section 15. */
static mln_err uri_of(struct mln_slice ae_id, struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_slice scheme = MLN_S("m2m:");
    char *out = mln_arena_alloc(arena, scheme.len + ae_id.len);

    MLN_REQUIRE(out, NO_MEMORY);
    memcpy(out, scheme.ptr, scheme.len);
    memcpy(out + scheme.len, ae_id.ptr, ae_id.len);
    *ret = mln_slice_of(out, scheme.len + ae_id.len);
    return MLN_OK;
}

static mln_err collect(struct mln_cert_call *call, struct mln_ca_name *names, size_t *ret_count)
{
    const struct mln_cert_settings *s = call->settings;
    struct mln_cert_names providers = mln_cert_command_names(s);
    struct mln_slice text;
    size_t count = 0;

    if (s->ae_id.len) {
        MLN_TRY(uri_of(s->ae_id, call->arena, &text));
        names[count++] = (struct mln_ca_name){ MLN_CA_URI, text };
    }
    if (s->cse_id.len) {
        MLN_TRY(mln_cert_domain_of_cse(s->cse_id, &providers, call->arena, call->fault, &text));
        names[count++] = (struct mln_ca_name){ MLN_CA_DNS, text };
    }
    if (s->node_id.len) {
        bool is_urn = mln_slice_starts(s->node_id, MLN_S("urn:"));

        names[count++] = (struct mln_ca_name){ is_urn ? MLN_CA_URI : MLN_CA_OID, s->node_id };
    }
    if (s->device.len) {
        names[count++] = (struct mln_ca_name){ MLN_CA_DEVICE, s->device };
    }
    for (size_t i = 0; i < s->server_count; i++) {
        names[count++] =
            (struct mln_ca_name){ is_address(s->servers[i]) ? MLN_CA_ADDRESS : MLN_CA_DNS,
                                  s->servers[i] };
    }
    *ret_count = count;
    return MLN_OK;
}

/* OUT.pem and OUT.key, of which none may be there: a key is not overwritten. */
static mln_err paths_of(struct mln_cert_call *call, char cert[static MLN_PATH_MAX],
                        char key[static MLN_PATH_MAX])
{
    const char *out = call->settings->out;
    int len = out ? snprintf(cert, MLN_PATH_MAX, "%s.pem", out) : 0;

    if (len <= 0 || len >= MLN_PATH_MAX) {
        mln_fault_set(call->fault, "--out FILE says where FILE.pem and FILE.key shall be");
        MLN_FAIL(CONFIG);
    }
    (void)snprintf(key, MLN_PATH_MAX, "%s.key", out);
    if (access(cert, F_OK) == 0 || (!call->settings->request && access(key, F_OK) == 0)) {
        mln_fault_set(call->fault, "%s.pem or %s.key is there already", out, out);
        MLN_FAIL(CONFLICT);
    }
    return MLN_OK;
}

static mln_err write_issued(struct mln_cert_call *call, const struct mln_ca_issued *issued,
                            const char *cert, const char *key)
{
    if (issued->key) {
        MLN_TRY(mln_file_create(
            key,
            mln_slice_of((const char *)mln_secret_bytes(issued->key), mln_secret_len(issued->key)),
            call->fault));
    }
    MLN_TRY(mln_file_create(cert, issued->cert, call->fault));
    if (chmod(cert, 0644) != 0) { /* there is nothing secret in it */
        return mln_file_error(call->fault, "change", cert);
    }
    (void)printf("%s %s\n", issued->serial, cert);
    return MLN_OK;
}

mln_err mln_cert_command_issue(struct mln_cert_call *call)
{
    const struct mln_cert_settings *s = call->settings;
    MLN_CLEANUP(mln_ca_closep) struct mln_ca *ca = NULL;
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *passphrase = NULL;
    struct mln_ca_name names[MLN_CERT_COMMAND_NAMES];
    struct mln_ca_order order = { .names = names };
    struct mln_ca_issued issued = { 0 };
    char cert[MLN_PATH_MAX];
    char key[MLN_PATH_MAX];
    mln_err err;

    MLN_TRY(paths_of(call, cert, key));
    MLN_TRY(collect(call, names, &order.name_count));
    if (order.name_count == 0 && !s->request) {
        mln_fault_set(call->fault, "say whom: --ae-id, --cse-id, --node-id, --device or --server");
        MLN_FAIL(CONFIG);
    }
    if (s->request) {
        MLN_TRY(mln_cert_command_read(s->request, call->arena, call->fault, &order.request));
        MLN_REQUIRE(order.request.len, SYNTAX);
    }
    order.days = days_or(s, CERT_DAYS);
    order.agrees = s->agrees;
    MLN_TRY(read_passphrase(s->key_passphrase, call->fault, &passphrase));
    MLN_TRY(open_ca(call, &ca));
    MLN_TRY(mln_ca_issue(ca, &order, passphrase, call->arena, call->fault, &issued));
    err = write_issued(call, &issued, cert, key);
    mln_secret_free(issued.key);
    return err;
}

/* ---- crl, revoke ---- */

mln_err mln_cert_command_crl(struct mln_cert_call *call)
{
    const struct mln_cert_settings *s = call->settings;
    MLN_CLEANUP(mln_ca_closep) struct mln_ca *ca = NULL;
    struct mln_slice pem;

    MLN_TRY(open_ca(call, &ca));
    MLN_TRY(mln_ca_crl(ca, days_or(s, CRL_DAYS), call->arena, call->fault, &pem));
    if (!s->out) {
        return fwrite(pem.ptr, 1, pem.len, stdout) == pem.len ? MLN_OK : MLN_ERROR(SYSTEM);
    }
    MLN_TRY(mln_file_replace(s->out, pem, call->fault));
    if (chmod(s->out, 0644) != 0) {
        return mln_file_error(call->fault, "change", s->out);
    }
    return MLN_OK;
}

/* "0aff…", or a file with the certificate. */
static mln_err serial_of(struct mln_cert_call *call, struct mln_slice *ret)
{
    MLN_CLEANUP(mln_cert_freep) struct x509_st *cert = NULL;
    const char *word = call->operands[0];
    struct mln_slice bytes;

    if (strspn(word, "0123456789abcdefABCDEF") == strlen(word)) {
        *ret = mln_slice_z(word);
        return MLN_OK;
    }
    MLN_TRY(mln_cert_command_read(word, call->arena, call->fault, &bytes));
    MLN_TRY(mln_cert_read(bytes, call->fault, &cert));
    return mln_cert_serial(cert, call->arena, ret);
}

mln_err mln_cert_command_revoke(struct mln_cert_call *call)
{
    MLN_CLEANUP(mln_ca_closep) struct mln_ca *ca = NULL;
    struct mln_slice serial = { 0 };

    MLN_TRY(serial_of(call, &serial));
    MLN_TRY(open_ca(call, &ca));
    return mln_ca_revoke(ca, serial, call->fault);
}
