/* The table of settings, and the two places they are read from. */
#include "server/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "server/settings_int.h"
#include "server/tables.h"

enum {
    ARENA_MAX = 4 << 20,
    FILE_MAX = 1 << 20,
    ERRORS_MAX = 20, /* told of one file */
};

static const struct mln_option options[] = {
    { "config", 'c', "FILE", NULL, "Read settings from this file; options override it", false },
    { "data", 'd', "DIR", "./merlon-data", "Directory of the store; created when missing", false },
    { "listen", 'l', "URL", "http://127.0.0.1:8080",
      "Listen on this URL. Port 0 lets the system choose. https://ADDRESS:PORT "
      "speaks TLS. A loopback address in plain text is trusted, another listener is not, unless "
      "',trusted' or ',untrusted' follows the URL",
      true },
    { "insecure-listen", 0, "URL", NULL,
      "Listen in plain text beyond loopback: anybody on the way can read and forge requests. Never "
      "trusted",
      true },
    { "poa", 0, "URL", NULL,
      "Point of access that the CSEBase shows; without any: what is listened on", true },
    { "cse-id", 0, "ID", "/id-in", "CSE-ID, SP-relative", false },
    { "cse-name", 0, "NAME", "cse-in", "Resource name of the CSEBase", false },
    { "sp-id", 0, "ID", "//merlon.example", "M2M-SP-ID of the service provider", false },
    { "cse-type", 0, "in|mn|asn", "in", "Type of the CSE", false },
    { "in-cse-id", 0, "CSE-ID", NULL,
      "CSE-ID of the IN-CSE, in whose domain name those of all CSEs end in certificates. Default: "
      "this CSE if it is one, else its registrar",
      false },
    { "registrar", 0, "URL", NULL,
      "Point of access of the CSE that this one registers at. With https it must prove its CSE-ID "
      "by a certificate, or the Credential-ID that ',credential=' names, such as a key",
      false },
    { "registrar-id", 0, "CSE-ID", NULL, "CSE-ID of the registrar, SP-relative", false },
    { "registration-lifetime", 0, "SECONDS", "3600",
      "Lifetime of the registration at the registrar; renewed at the half of it", false },
    { "deregister", 0, "on|off", "off",
      "Give the registration at the registrar up when the server is told to stop", false },
    { "admin", 0, "ORIGINATOR", "CAdmin",
      "Originator that has every right: on trusted listeners, or with a credential that names it "
      "exactly; 'none' for nobody",
      false },
    { "log", 0, "LEVEL", "info", "Log to standard error: error, warning, info or debug", false },
    { "log-format", 0, "text|json", "text", "Form of the log lines", false },
    { "check-config", 0, NULL, NULL, "Check the settings and end", false },
    { "store", 0, "lmdb|mem", "lmdb", "Store: lmdb is durable, mem forgets at the end", false },
    { "store-max-size", 0, "BYTES", "1T", "Size the store may grow to; K, M, G and T may follow",
      false },
    { "threads", 0, "N", "0", "Network threads; 0: one for each processor", false },
    { "user", 0, "NAME", "nobody", "User to become when started as root", false },
    { "seccomp", 0, "on|off", "on", "Filter system calls", false },
    { "max-lifetime", 0, "SECONDS", "157680000",
      "Longest time from now to an expirationTime; later ones are cut", false },
    { "profile", 0, "r3|r2", "r3",
      "Rules where releases differ: Release 3, or Release 2 (default access inherited from the "
      "parent, acpi together with other attributes, App-ID only with R and N)",
      false },
    { "hide-unauthorised", 0, "on|off", "off",
      "Answer 4004 in place of 4103, so that nobody learns what exists", false },
    { "verify-subscriptions", 0, "all|resources|none", "all",
      "Which targets of a new subscription are asked for consent: all but the originator, only "
      "those given as resource identifiers, or none",
      false },
    { "recheck-subscribers", 0, "on|off", "off",
      "Send no notification of a resource that the creator of the subscription may not retrieve "
      "any more",
      false },
    { "locations", 0, "FILE", "none",
      "Where clients are, for access rules with regions: lines of address prefix, latitude, "
      "longitude and country; '-' for what is not known",
      false },
    { "flex-definitions", 0, "DIR", "none",
      "Specialisations of flexContainer: files NAME.flex with their names, attributes and children",
      false },
    { "unauthenticated", 0, "refuse|registered|open", "refuse",
      "What may be asked without a security association on listeners that are not trusted: "
      "nothing; what AEs ask that registered without a credential; or that, and registration too",
      false },
    { "profile-enforcement", 0, "off|on", "off",
      "Let AEs register only as a serviceSubscribedAppRule of this IN-CSE says; off for a CSE that "
      "stands alone",
      false },
    { "audit", 0, "FILE", "none",
      "Append a line of JSON to this file for each denied and each administrative request", false },
    { "audit-all", 0, "on|off", "off", "Append a line to the audit file for every request", false },
    { "statistics", 0, "FILE", "none",
      "Append a line of JSON to this file for each event that a statsCollect collects; without it "
      "none can be active",
      false },
    { "tokens", 0, "on|off", "on",
      "Take tokens of the issuers in the credentials; off answers requests with tokens by 5001",
      false },
    { "token-skew", 0, "SECONDS", "0",
      "By how much the clocks of token issuers may differ from ours, at most 60", false },
    { "security-info", 0, "registered|open", "registered",
      "Whose ESPrim objects and other security information the CSEBase takes: that of registered "
      "AEs and of CSEs that prove who they are, or also of originators elsewhere whose requests "
      "CSEs forward. What is inside proves who it is from",
      false },
    { "esprim-shared", 0, "on|off", "on",
      "Show a random object for ESPrim sessions in e2eSecInfo of the CSEBase; off: each originator "
      "asks for one of its own",
      false },
    { "esprim-lifetime", 0, "SECONDS", "3600",
      "Life of a random object for ESPrim, and so of the sessions under it, at most 86400", false },
    { "esprim-skew", 0, "SECONDS", "0",
      "By how much the clocks of ESPrim originators may differ from ours, at most 30", false },
    { "esprim-to", 0, "ID=KEY-ID", NULL,
      "Send notifications of this CSE to the AE or CSE with that AE-ID or CSE-ID, SP-relative or "
      "absolute, inside ESPrim objects or not at all. A credential for ESPrim with that identifier "
      "must name exactly this AE or CSE",
      true },
    { "role-issuer", 0, "DOMAIN=ID", NULL,
      "AE-ID or CSE-ID that may assign roles with Role-IDs of that domain. Issuers of tokens may "
      "for their domain; without any, the administrator for the domain of --sp-id",
      true },
    { "role-repository", 0, "DOMAIN=URL", NULL,
      "Resource at another CSE below which roles of that domain are kept. With https, "
      "',credential=' and a Credential-ID may follow: what that CSE must prove, such as a key",
      true },
    { "group-host", 0, "CSE-ID=URL", NULL,
      "Point of access of the CSE with that CSE-ID, to retrieve its policies, and its groups that "
      "access rules name. With https, ',credential=' and a Credential-ID may follow: what that CSE "
      "must prove",
      true },
    { "peer", 0, "CSE-ID=URL", NULL,
      "IN-CSE of another service provider with which requests are exchanged, absolute, and its "
      "point of access; nothing behind '=': it registers here. With https it must prove its CSE-ID "
      "by a certificate, or the Credential-ID that ',credential=' names",
      true },
    { "stop-time", 0, "MILLISECONDS", "10000",
      "Time for requests in progress when the server is told to stop", false },
    { "master-key", 0, "FILE", NULL,
      "Master key that the credentials are sealed under. Default: master.key in the data directory",
      false },
    { "tls-certificate", 0, "FILE", NULL,
      "Certificate of this CSE in PEM, with the CAs above it behind; of several, the client's "
      "server name (SNI) selects. With none, TLS serves pre-shared keys only",
      true },
    { "tls-key", 0, "FILE", NULL,
      "Private key in PEM for the certificate given at the same place; not readable by others",
      true },
    { "tls-anchor", 0, "FILE", NULL,
      "Trust anchors in PEM for the certificates of others. The system's are never used", true },
    { "tls-crl", 0, "FILE", NULL, "Certificate revocation lists", true },
    { "tls-crl-check", 0, "hard|soft", "hard",
      "With tls-crl: refuse certificates when there is no recent list of their issuer, or accept "
      "them unless a list says they are revoked",
      false },
    { "tls-ocsp-response", 0, "FILE", NULL,
      "OCSP response (DER) about one of the tls-certificates, as its CA's responder gives it: "
      "stapled to handshakes while it is recent",
      true },
    { "tls-ocsp", 0, "asked|required", "asked",
      "Servers that are sent to are asked for an OCSP response; a bad one is refused, and with "
      "required a missing one too",
      false },
    { "tls-strict", 0, "on|off", "off",
      "Refuse certificates below CAs without name constraints, those of devices excepted", false },
    { "tls-client", 0, "none|optional|required", NULL,
      "Whether clients without a pre-shared key must show a certificate. Default: required with "
      "tls-anchor, else none",
      false },
    { "tls-min", 0, "1.2|1.3", "1.2", "Least version of TLS", false },
    { "tls-max", 0, "1.2|1.3", "1.3", "Greatest version of TLS", false },
    { "authority", 0, "NAME", NULL,
      "Server name (SNI) that clients may ask for. Default: the domain names in the certificates; "
      "without those, any",
      true },
    { "limit", 0, "NAME=NUMBER", NULL,
      "Change a limit. dist/merlon.conf lists all with their reasons", true },
};

enum { OPTIONS = sizeof options / sizeof options[0] };

const struct mln_option *mln_settings_options(size_t *ret_count)
{
    *ret_count = OPTIONS;
    return options;
}

static const struct mln_option *option_of(struct mln_slice name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (mln_slice_eq(mln_slice_z(options[i].name), name)) {
            return &options[i];
        }
    }
    return NULL;
}

/* ---- the command line ---- */

/* Settings that may be repeated: the first on the command line replaces those of the file. */
struct list {
    const char *name; /* "listen" is also "insecure-listen" */
    size_t count;     /* offset of the count */
};

#define LIST(name, count)                                                                          \
    {                                                                                              \
        name, offsetof(struct mln_settings, count)                                                 \
    }

static const struct list lists[] = {
    LIST("listen", listen_count),
    LIST("poa", poa_count),
    LIST("tls-certificate", tls_certificate_count),
    LIST("tls-key", tls_key_count),
    LIST("tls-anchor", tls_anchor_count),
    LIST("tls-crl", tls_crl_count),
    LIST("tls-ocsp-response", tls_staple_count),
    LIST("authority", authority_count),
    LIST("role-issuer", role_issuer_count),
    LIST("role-repository", role_repository_count),
    LIST("group-host", group_host_count),
    LIST("peer", peer_count),
    LIST("esprim-to", esprim_to_count),
};

enum { LISTS = sizeof lists / sizeof lists[0] };

/* First pass: only the file is looked for. Second: everything else, over the file. */
struct pass {
    struct mln_settings *settings;
    bool is_first;
    bool has[LISTS]; /* one of this list was on the line */
};

static void begin_list(struct pass *p, const char *name)
{
    for (size_t i = 0; i < LISTS; i++) {
        bool is_it =
            strcmp(name, lists[i].name) == 0 || (i == 0 && strcmp(name, "insecure-listen") == 0);

        if (is_it && !p->has[i]) {
            p->has[i] = true;
            memset((char *)p->settings + lists[i].count, 0, sizeof(size_t));
        }
    }
}

static mln_err from_line(void *data, const struct mln_option *option, const char *value,
                         struct mln_fault *fault)
{
    struct pass *p = data;
    struct mln_settings *s = p->settings;
    bool is_config = strcmp(option->name, "config") == 0;

    if (is_config != p->is_first) {
        return MLN_OK;
    }
    begin_list(p, option->name);
    return mln_setting_set(s, mln_slice_z(option->name), mln_slice_z(value ? value : "on"), fault);
}

static mln_err read_line(struct mln_settings *s, bool is_first, int argc, char **argv,
                         struct mln_fault *fault)
{
    struct pass p = { .settings = s, .is_first = is_first };
    struct mln_option_table table = { options, OPTIONS, from_line, &p };
    int operand;

    MLN_TRY(mln_options_parse(&table, 1, argc, argv, fault, &operand));
    if (operand < argc) {
        mln_fault_set(fault, "'%s' is not expected here", argv[operand]);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

/* ---- the file ---- */

static mln_err read_whole(struct mln_settings *s, struct mln_slice *ret, struct mln_fault *fault)
{
    char *path = mln_arena_zdup(s->arena, s->config);
    char *text = mln_arena_alloc(s->arena, FILE_MAX);
    FILE *f;
    size_t len;

    MLN_REQUIRE(path && text, NO_MEMORY);
    f = fopen(path, "re");
    if (!f) {
        mln_fault_set(fault, "%s: %s", path, strerror(errno));
        MLN_FAIL(SYSTEM);
    }
    len = fread(text, 1, FILE_MAX, f);
    if (ferror(f)) {
        mln_fault_set(fault, "%s: %s", path, strerror(errno));
        (void)fclose(f);
        MLN_FAIL(SYSTEM);
    }
    (void)fclose(f);
    if (len == FILE_MAX) {
        mln_fault_set(fault, "%s: larger than a configuration file may be", path);
        MLN_FAIL(CONFIG);
    }
    *ret = mln_slice_of(text, len);
    return MLN_OK;
}

static bool is_for_file(const struct mln_option *o)
{
    return strcmp(o->name, "config") != 0 && strcmp(o->name, "check-config") != 0;
}

static mln_err refuse_unknown(struct mln_slice name, struct mln_fault *fault)
{
    struct mln_nearest nearest;

    mln_nearest_init(&nearest, name);
    for (size_t i = 0; i < OPTIONS; i++) {
        if (is_for_file(&options[i])) {
            mln_nearest_offer(&nearest, mln_slice_z(options[i].name));
        }
    }
    mln_fault_set(fault, "there is no setting '%.*s'%s%.*s%s", MLN_S_ARG(name),
                  nearest.count ? ", did you mean " : "", MLN_S_ARG(nearest.best[0]),
                  nearest.count ? "?" : "");
    MLN_FAIL(CONFIG);
}

static mln_err refuse_second(bool *seen, const struct mln_option *option, struct mln_fault *fault)
{
    if (*seen && !option->repeats) {
        mln_fault_set(fault, "%s is set twice", option->name);
        MLN_FAIL(CONFIG);
    }
    *seen = true;
    return MLN_OK;
}

/* `seen`: the settings that earlier lines have set. */
static mln_err take_line(struct mln_settings *s, struct mln_slice line, bool seen[static OPTIONS],
                         struct mln_fault *fault)
{
    struct mln_slice rest = mln_slice_trim(line);
    const struct mln_option *option;
    struct mln_slice name;

    if (rest.len == 0 || rest.ptr[0] == '#') {
        return MLN_OK;
    }
    name = mln_slice_trim(mln_slice_cut(&rest, '='));
    if (!rest.ptr) {
        mln_fault_set(fault, "'%.*s': a line must be 'name = value'", MLN_S_ARG(name));
        MLN_FAIL(CONFIG);
    }
    option = option_of(name);
    if (!option || !is_for_file(option)) {
        return refuse_unknown(name, fault);
    }
    MLN_TRY(refuse_second(&seen[option - options], option, fault));
    return mln_setting_set(s, name, mln_slice_trim(rest), fault);
}

/* Reads on after a line that is wrong, so that all of them are told at once. */
static mln_err read_file(struct mln_settings *s, mln_settings_tell *tell, struct mln_fault *fault)
{
    bool seen[OPTIONS] = { false };
    struct mln_slice rest;
    mln_err result = MLN_OK;
    unsigned number = 0;
    unsigned errors = 0;

    MLN_TRY(read_whole(s, &rest, fault));
    s->listen_count = 0;
    while (rest.ptr && errors < ERRORS_MAX) {
        struct mln_slice line = mln_slice_cut(&rest, '\n');
        struct mln_fault here = { 0 };
        mln_err err;

        number++;
        if (line.len && line.ptr[line.len - 1] == '\r') {
            line.len--;
        }
        err = take_line(s, line, seen, &here);
        if (mln_failed(err)) {
            if (mln_failed(result)) {
                tell(fault->text);
                mln_fault_clear(fault);
            }
            mln_fault_set(fault, "%.*s:%u: %s", MLN_S_ARG(s->config), number,
                          here.text[0] ? here.text : mln_err_text(err));
            result = err;
            errors++;
        }
    }
    return result;
}

/* ---- all of it ---- */

static mln_err set_defaults(struct mln_settings *s, struct mln_fault *fault)
{
    mln_limits_default(&s->limits);
    s->store = mln_stores_default();
    for (size_t i = 0; i < OPTIONS; i++) {
        bool is_given =
            strcmp(options[i].name, "listen") != 0 && strcmp(options[i].name, "store") != 0;

        if (options[i].initial && is_given) {
            MLN_TRY(mln_setting_set(s, mln_slice_z(options[i].name),
                                    mln_slice_z(options[i].initial), fault));
        }
    }
    return MLN_OK;
}

mln_err mln_settings_read(int argc, char **argv, mln_settings_tell *tell, struct mln_settings *ret,
                          struct mln_fault *fault)
{
    *ret = (struct mln_settings){ .arena = mln_arena_new(ARENA_MAX) };
    MLN_REQUIRE(ret->arena, NO_MEMORY);
    MLN_TRY(set_defaults(ret, fault));
    MLN_TRY(read_line(ret, true, argc, argv, fault));
    if (ret->config.len) {
        MLN_TRY(read_file(ret, tell, fault));
    }
    MLN_TRY(read_line(ret, false, argc, argv, fault));
    if (ret->listen_count == 0) {
        MLN_TRY(mln_setting_set(ret, MLN_S("listen"), MLN_S("http://127.0.0.1:8080"), fault));
    }
    return MLN_OK;
}

void mln_settings_done(struct mln_settings *settings)
{
    mln_arena_free(settings->arena);
    settings->arena = NULL;
}

/* ---- the sample file ---- */

/* Writes text as comment lines of at most 78 columns. */
static void put_comment(const char *text)
{
    size_t column = 0;

    while (*text) {
        size_t word = strcspn(text, " ");

        if (column && column + 1 + word > 78) {
            (void)putchar('\n');
            column = 0;
        }
        (void)printf(column ? " %.*s" : "# %.*s", (int)word, text);
        column += word + (column ? 1 : 2);
        text += word + strspn(text + word, " ");
    }
    (void)putchar('\n');
}

/* For a setting without a default. */
static const char *example_of(const struct mln_option *o)
{
    static const struct {
        const char *argument; /* or the name of the option */
        const char *example;
    } examples[] = {
        { "master-key", "/etc/merlon/master.key" },
        { "tls-certificate", "/etc/merlon/cse.pem" },
        { "tls-key", "/etc/merlon/cse.key" },
        { "tls-anchor", "/etc/merlon/ca.pem" },
        { "tls-crl", "/etc/merlon/crl.pem" },
        { "tls-ocsp-response", "/etc/merlon/cse.ocsp" },
        { "URL", "http://192.0.2.1:8080" },
        { "NAME", "in-cse.merlon.example" },
        { "CSE-ID", "/id-in" },
        { "DOMAIN=ID", "merlon.example=CAdmin" },
        { "DOMAIN=URL", "merlon.example=https://in-cse.merlon.example/cse-in" },
        { "peer", "//other.example/id-in=https://in-cse.other.example:8443" },
        { "ID=KEY-ID", "/id-mn=link1@merlon.example" },
        { "CSE-ID=URL", "/id-mn=https://mn-cse.merlon.example:8443" },
    };

    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        if (strcmp(o->name, examples[i].argument) == 0 ||
            strcmp(o->argument, examples[i].argument) == 0) {
            return examples[i].example;
        }
    }
    return strrchr(o->argument, '|') ? strrchr(o->argument, '|') + 1 : o->argument;
}

static void put_setting(const struct mln_option *o)
{
    if (!is_for_file(o) || strcmp(o->name, "limit") == 0) {
        return;
    }
    (void)putchar('\n');
    put_comment(o->help);
    if (o->repeats) {
        put_comment("May be repeated.");
    }
    (void)printf("# %s = %s\n", o->name, o->initial ? o->initial : example_of(o));
}

static void put_limit(const struct mln_limit_row *row)
{
    (void)putchar('\n');
    put_comment(row->reason);
    (void)printf("# limit = %s=%llu\n", row->name, (unsigned long long)row->initial);
}

void mln_settings_write_sample(void)
{
    size_t limits;
    const struct mln_limit_row *rows = mln_limit_rows(&limits);

    put_comment("Settings of `merlon cse`. A line is 'name = value'; '#' begins a comment. Each "
                "setting stands here with its default, or with an example where it has none. "
                "Options of the command line override the file.");
    for (size_t i = 0; i < OPTIONS; i++) {
        put_setting(&options[i]);
    }
    (void)putchar('\n');
    put_comment("Limits: what a peer can make the server spend. A line each.");
    for (size_t i = 0; i < limits; i++) {
        put_limit(&rows[i]);
    }
}
