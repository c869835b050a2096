/* `merlon cert`: a small certification authority, and a look at certificates. */
#include "server/cert_command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "server/exit.h"
#include "server/privileges.h"

enum { ARENA_BYTES = 64 << 20, FILE_BYTES = 16 << 20 };

static const struct mln_option options[] = {
    { "ca", 'a', "DIR", NULL, "Directory of the certification authority", false },
    { "passphrase-file", 0, "FILE", NULL,
      "Pass phrase of the authority's key: the first line of this file; '-' is standard input",
      false },
    { "days", 0, "N", NULL,
      "How long it is valid: 3650 for an authority, 365 for a certificate, 7 for a list", false },
    { "name", 0, "TEXT", "Merlon CA", "ca: name of the authority, for people", false },
    { "sp-id", 0, "ID", NULL,
      "M2M-SP-ID of the service provider. ca: permits its domain, its AE-IDs, and loopback",
      false },
    { "in-cse-id", 0, "ID", NULL,
      "CSE-ID of the infrastructure node; it ends the domain names of the provider's CSEs", false },
    { "permit-domain", 0, "NAME", NULL,
      "ca: may certify this domain and those below it; may be repeated", true },
    { "permit-host", 0, "NAME", NULL,
      "ca: may certify AE-IDs of this service provider's domain; may be repeated", true },
    { "permit-node", 0, "ID", NULL,
      "ca: may certify Node-IDs that begin so, a URN or an object identifier; may be repeated",
      true },
    { "permit-device", 0, "TYPE[:ARCS]", NULL,
      "ca: may certify device identifiers that begin so; may be repeated", true },
    { "permit-address", 0, "ADDRESS[/BITS]", NULL,
      "ca: may certify these addresses; may be repeated", true },
    { "unconstrained", 0, NULL, NULL,
      "ca: no name constraints: fit for device certificates only, others refuse it in strict mode",
      false },
    { "ae-id", 0, "ID", NULL, "Absolute AE-ID of the certificate: //sp.example/S123", false },
    { "cse-id", 0, "ID", NULL, "Absolute CSE-ID of the certificate: //sp.example/in-cse", false },
    { "node-id", 0, "ID", NULL, "Node-ID of the certificate: a URN or an object identifier",
      false },
    { "device", 0, "TYPE:ARCS", NULL,
      "Device identifier of the certificate: 0.2.481.1:100.3030.10011", false },
    { "server", 0, "NAME|ADDRESS", NULL,
      "Domain name or address of a server in the certificate; may be repeated", true },
    { "request", 0, "FILE", NULL, "issue: for the key of this signing request", false },
    { "key-agreement", 0, NULL, NULL,
      "issue: others may encrypt data for it: keyAgreement in keyUsage, beside digitalSignature",
      false },
    { "out", 'o', "FILE", NULL,
      "issue: writes FILE.pem and FILE.key, which must not be there; crl: writes FILE", false },
    { "key-passphrase-file", 0, "FILE", NULL, "issue: pass phrase for the new key", false },
    { "anchor", 0, "FILE", NULL, "verify: certificates of the trusted authorities", false },
    { "chain", 0, "FILE", NULL, "verify: further certificates that came along", false },
    { "crl", 0, "FILE", NULL, "verify: revocation lists", false },
    { "status", 0, "off|soft|hard", "off",
      "verify: whether revocation lists are looked at, and whether one must be there", false },
    { "staple", 0, "FILE", NULL,
      "verify: OCSP answer in DER, of the authority that stands first in --chain, else in --anchor",
      false },
    { "strict", 0, NULL, NULL, "verify: authorities must have name constraints", false },
    { "as-server", 0, NULL, NULL, "verify: as the certificate of a server, not of a client",
      false },
    { "flavour", 0, "device|cse-id|ae-id|node-id|fqdn", NULL,
      "verify: only this flavour; may be repeated", true },
};

enum { OPTIONS = sizeof options / sizeof options[0] };

const struct mln_option *mln_server_cert_options(size_t *ret_count)
{
    *ret_count = OPTIONS;
    return options;
}

/* ---- options ---- */

static mln_err add_permit(struct mln_cert_settings *s, enum mln_ca_kind kind, const char *value,
                          struct mln_fault *fault)
{
    if (s->permit_count == MLN_CERT_COMMAND_NAMES - 8) { /* those of --sp-id come on top */
        mln_fault_set(fault, "too many names to permit");
        MLN_FAIL(CONFIG);
    }
    s->permits[s->permit_count++] = (struct mln_ca_name){ kind, mln_slice_z(value) };
    return MLN_OK;
}

static bool is_urn(const char *value)
{
    return strncmp(value, "urn:", 4) == 0;
}

static mln_err set_permit(struct mln_cert_settings *s, const char *what, const char *value,
                          struct mln_fault *fault)
{
    static const struct {
        const char *name;
        enum mln_ca_kind kind;
    } kinds[] = {
        { "domain", MLN_CA_DNS },
        { "host", MLN_CA_URI },
        { "device", MLN_CA_DEVICE },
        { "address", MLN_CA_ADDRESS },
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(what, kinds[i].name) == 0) {
            return add_permit(s, kinds[i].kind, value, fault);
        }
    }
    return add_permit(s, is_urn(value) ? MLN_CA_URI : MLN_CA_OID, value, fault);
}

static mln_err set_flag(struct mln_cert_settings *s, const char *name)
{
    if (strcmp(name, "unconstrained") == 0) {
        s->is_unconstrained = true;
    } else if (strcmp(name, "strict") == 0) {
        s->is_strict = true;
    } else if (strcmp(name, "key-agreement") == 0) {
        s->agrees = true;
    } else {
        s->is_server = true;
    }
    return MLN_OK;
}

static mln_err set_number(struct mln_cert_settings *s, const char *value, struct mln_fault *fault)
{
    if (!mln_num_u64(mln_slice_z(value), &s->days) || s->days == 0 || s->days > 36500) {
        mln_fault_set(fault, "days: '%s' is not a number from 1 to 36500", value);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static mln_err set_status(struct mln_cert_settings *s, const char *value, struct mln_fault *fault)
{
    static const char *const words[] = { "off", "soft", "hard" };

    for (size_t i = 0; i < 3; i++) {
        if (strcmp(value, words[i]) == 0) {
            s->status = (enum mln_cert_status)i;
            return MLN_OK;
        }
    }
    mln_fault_set(fault, "status: '%s' is neither off, soft nor hard", value);
    MLN_FAIL(CONFIG);
}

static mln_err set_flavour(struct mln_cert_settings *s, const char *value, struct mln_fault *fault)
{
    static const char *const words[MLN_CERT_FLAVOURS] = {
        [MLN_CERT_DEVICE] = "device",   [MLN_CERT_CSE_ID] = "cse-id", [MLN_CERT_AE_ID] = "ae-id",
        [MLN_CERT_NODE_ID] = "node-id", [MLN_CERT_FQDN] = "fqdn",
    };

    for (unsigned i = 0; i < MLN_CERT_FLAVOURS; i++) {
        if (words[i] && strcmp(value, words[i]) == 0) {
            s->flavours |= MLN_CERT_SET(i);
            return MLN_OK;
        }
    }
    mln_fault_set(fault, "flavour: '%s' is neither device, cse-id, ae-id, node-id nor fqdn", value);
    MLN_FAIL(CONFIG);
}

/* Options that are a text and nothing more. False: another one. */
static bool set_text(struct mln_cert_settings *s, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **place;
    } rows[] = {
        { "ca", &s->ca },
        { "name", &s->name },
        { "out", &s->out },
        { "request", &s->request },
        { "passphrase-file", &s->passphrase },
        { "key-passphrase-file", &s->key_passphrase },
        { "chain", &s->chain },
        { "anchor", &s->anchors },
        { "crl", &s->crls },
        { "staple", &s->staple },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(name, rows[i].name) == 0) {
            *rows[i].place = value;
            return true;
        }
    }
    return false;
}

static bool set_id(struct mln_cert_settings *s, const char *name, const char *value)
{
    const struct {
        const char *name;
        struct mln_slice *place;
    } rows[] = {
        { "sp-id", &s->provider.sp_id }, { "in-cse-id", &s->provider.in_cse_id },
        { "ae-id", &s->ae_id },          { "cse-id", &s->cse_id },
        { "node-id", &s->node_id },      { "device", &s->device },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(name, rows[i].name) == 0) {
            *rows[i].place = mln_slice_z(value);
            return true;
        }
    }
    return false;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct mln_cert_settings *s = data;

    if (!value) {
        return set_flag(s, option->name);
    }
    if (set_text(s, option->name, value) || set_id(s, option->name, value)) {
        return MLN_OK;
    }
    if (strncmp(option->name, "permit-", 7) == 0) {
        return set_permit(s, option->name + 7, value, fault);
    }
    if (strcmp(option->name, "server") == 0) {
        MLN_REQUIRE(s->server_count < MLN_CERT_COMMAND_NAMES - 4, LIMIT);
        s->servers[s->server_count++] = mln_slice_z(value);
        return MLN_OK;
    }
    if (strcmp(option->name, "days") == 0) {
        return set_number(s, value, fault);
    }
    return strcmp(option->name, "status") == 0 ? set_status(s, value, fault)
                                               : set_flavour(s, value, fault);
}

/* A CSE-ID that is given alone is that of an infrastructure node. */
static mln_err complete(struct mln_cert_settings *s, struct mln_fault *fault)
{
    struct mln_cert_provider *p = &s->provider;
    size_t host = 2 + mln_slice_find(mln_slice_from(s->cse_id, 2), '/');

    if (p->sp_id.len && (!mln_slice_starts(p->sp_id, MLN_S("//")) ||
                         !mln_cert_is_domain(mln_slice_from(p->sp_id, 2)))) {
        mln_fault_set(fault, "sp-id: '%.*s' is not '//' and a domain name", MLN_S_ARG(p->sp_id));
        MLN_FAIL(CONFIG);
    }
    if (s->cse_id.len && (!mln_slice_starts(s->cse_id, MLN_S("//")) || host >= s->cse_id.len)) {
        mln_fault_set(fault, "cse-id: '%.*s' is not absolute, such as //sp.example/in-cse",
                      MLN_S_ARG(s->cse_id));
        MLN_FAIL(CONFIG);
    }
    if (s->ae_id.len && !mln_cert_is_ae_id(s->ae_id)) {
        mln_fault_set(fault, "ae-id: '%.*s' is not absolute, such as //sp.example/S123",
                      MLN_S_ARG(s->ae_id));
        MLN_FAIL(CONFIG);
    }
    if (s->cse_id.len) {
        p->sp_id = p->sp_id.len ? p->sp_id : mln_slice_head(s->cse_id, host);
        p->in_cse_id = p->in_cse_id.len ? p->in_cse_id : mln_slice_from(s->cse_id, host);
    }
    return MLN_OK;
}

/* ---- what the parts share ---- */

struct mln_cert_names mln_cert_command_names(const struct mln_cert_settings *settings)
{
    return (struct mln_cert_names){ &settings->provider, settings->provider.sp_id.len ? 1 : 0 };
}

static mln_err read_stream(FILE *in, struct mln_arena *arena, struct mln_fault *fault,
                           struct mln_slice *ret)
{
    size_t cap = 1 << 16;
    size_t len = 0;
    char *bytes = mln_arena_alloc(arena, cap);

    for (;;) {
        MLN_REQUIRE(bytes, NO_MEMORY);
        len += fread(bytes + len, 1, cap - len, in);
        if (len < cap) {
            break;
        }
        if (cap >= FILE_BYTES) {
            mln_fault_set(fault, "the file is larger than %d bytes", FILE_BYTES);
            MLN_FAIL(LIMIT);
        }
        bytes = mln_arena_grow(arena, bytes, cap, cap * 2);
        cap *= 2;
    }
    MLN_REQUIRE(!ferror(in), SYSTEM);
    *ret = mln_slice_of(bytes, len);
    return MLN_OK;
}

mln_err mln_cert_command_read(const char *path, struct mln_arena *arena, struct mln_fault *fault,
                              struct mln_slice *ret)
{
    bool is_input = strcmp(path, "-") == 0;
    FILE *in = is_input ? stdin : fopen(path, "re");
    char text[128];
    mln_err err;

    if (!in) {
        mln_fault_set(fault, "%s: %s", path, strerror_r(errno, text, sizeof text));
        MLN_FAIL(SYSTEM);
    }
    err = read_stream(in, arena, fault, ret);
    if (mln_failed(err)) {
        mln_fault_set(fault, "%s cannot be read", path);
    }
    if (!is_input) {
        (void)fclose(in);
    }
    return err;
}

/* ---- dispatch ---- */

static mln_err dispatch(struct mln_cert_call *call, const char *word)
{
    static const struct {
        const char *word;
        int least;
        int most;
        mln_err (*run)(struct mln_cert_call *call);
    } rows[] = {
        { "ca", 0, 0, mln_cert_command_ca },
        { "issue", 0, 0, mln_cert_command_issue },
        { "crl", 0, 0, mln_cert_command_crl },
        { "revoke", 1, 1, mln_cert_command_revoke },
        { "show", 1, 1, mln_cert_command_show },
        { "lint", 1, INT16_MAX, mln_cert_command_lint },
        { "verify", 1, 1, mln_cert_command_verify },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (word && strcmp(word, rows[i].word) == 0 && call->operand_count >= rows[i].least &&
            call->operand_count <= rows[i].most) {
            return rows[i].run(call);
        }
    }
    mln_fault_set(call->fault, "expected: ca, issue, crl, revoke SERIAL|FILE, show FILE, "
                               "lint FILE... or verify FILE");
    MLN_FAIL(CONFIG);
}

static mln_err run(const struct mln_cert_settings *settings, int argc, char **argv, int *ret_code,
                   struct mln_fault *fault)
{
    struct mln_cert_call call = { .settings = settings, .fault = fault };
    mln_err err;

    call.arena = mln_arena_new(ARENA_BYTES);
    MLN_REQUIRE(call.arena, NO_MEMORY);
    call.operands = argv + 1;
    call.operand_count = argc - 1;
    err = dispatch(&call, argc ? argv[0] : NULL);
    mln_arena_free(call.arena);
    *ret_code = call.is_refused ? MLN_EXIT_FAILED : MLN_EXIT_OK;
    return err;
}

int mln_server_cert(int argc, char **argv)
{
    struct mln_cert_settings s = { .name = "Merlon CA" };
    struct mln_option_table table = { options, OPTIONS, set, &s };
    struct mln_fault fault = { 0 };
    int operand = argc;
    int code = MLN_EXIT_OK;
    mln_err err = mln_options_parse(&table, 1, argc, argv, &fault, &operand);

    if (!mln_failed(err)) {
        err = complete(&s, &fault);
    }
    if (!mln_failed(err)) {
        err = mln_harden(&fault); /* there will be private keys */
    }
    if (!mln_failed(err)) {
        err = run(&s, argc - operand, argv + operand, &code, &fault);
    }
    if (mln_failed(err)) {
        (void)fprintf(stderr, "merlon cert: %s%s%s\n", mln_err_text(err), fault.text[0] ? ": " : "",
                      fault.text);
        return (int)mln_exit_of(err);
    }
    return code;
}
