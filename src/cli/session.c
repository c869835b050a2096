/* Sessions: options, settings and the client of a command. */
#include "cli/session.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"

enum {
    ARENA_BYTES = 1 << 30, /* bounds a mistake */
    TOKEN_BYTES = 1 << 20,
};

static const struct mln_option common_options[] = {
    { "to", 0, "ADDRESS", NULL, "Target of the request, in the place of the first operand", false },
    { "url", 'u', "URL", "http://127.0.0.1:8080",
      "Where the CSE is reached; environment: MERLON_URL", false },
    { "originator", 'o', "ID", NULL,
      "Who sends the request, an AE-ID or CSE-ID; environment: MERLON_ORIGINATOR", false },
    { "anchor", 0, "FILE", NULL,
      "Certificates (PEM) of the CAs that are believed when a CSE shows a certificate; the "
      "system's never are; environment: MERLON_ANCHOR",
      false },
    { "crl", 0, "FILE", NULL,
      "Revocation lists (PEM) of those CAs, one of each; environment: MERLON_CRL", false },
    { "ocsp", 0, "asked|required", "asked",
      "Must the CSE staple an OCSP response to its certificate? A bad one is always refused; "
      "environment: MERLON_OCSP",
      false },
    { "certificate", 0, "FILE", NULL,
      "Our certificate (PEM), the CAs above it behind; environment: MERLON_CERTIFICATE", false },
    { "key", 0, "FILE", NULL, "Its private key (PEM); environment: MERLON_KEY", false },
    { "psk-id", 0, "NAME@DOMAIN", NULL,
      "Identity of a pre-shared key, in the place of a certificate; environment: "
      "MERLON_PSK_ID",
      false },
    { "psk-file", 0, "FILE", NULL,
      "The pre-shared key, as 'merlon key add --key-out' writes it, or as base64url; "
      "environment: MERLON_PSK_FILE",
      false },
    { "cse-id", 0, "ID", NULL,
      "Absolute CSE-ID that the certificate of the CSE must name; without it that is the host "
      "of the URL; environment: MERLON_CSE_ID",
      false },
    { "in-cse-id", 0, "ID", NULL,
      "CSE-ID of the infrastructure node, such as /in, when --cse-id is another CSE; "
      "environment: MERLON_IN_CSE_ID",
      false },
    { "esprim", 0, "TARGET", NULL,
      "Protect the request from end to end for this CSEBase or AE, as its address is seen from "
      "the CSE of --url; no CSE on the way sees request or answer; '' for nobody; environment: "
      "MERLON_ESPRIM",
      false },
    { "esprim-originator", 0, "ID", NULL,
      "Who the protected request is from, as the target knows it: an AE of another CSE is "
      "/cse-id/ae-id there; without it as --originator says; environment: "
      "MERLON_ESPRIM_ORIGINATOR",
      false },
    { "esprim-key-id", 0, "NAME@DOMAIN", NULL,
      "Identity of the key for it that the target has too; environment: MERLON_ESPRIM_KEY_ID",
      false },
    { "esprim-key-file", 0, "FILE", NULL,
      "That key, as 'merlon key add --key-out' writes it, or as base64url; environment: "
      "MERLON_ESPRIM_KEY_FILE",
      false },
    { "esprim-certificate", 0, "FILE", NULL,
      "Our certificate (PEM), in the place of a key; environment: MERLON_ESPRIM_CERTIFICATE",
      false },
    { "esprim-private-key", 0, "FILE", NULL,
      "Its private key (PEM); environment: MERLON_ESPRIM_PRIVATE_KEY", false },
    { "esprim-anchor", 0, "FILE", NULL,
      "Certificates (PEM) of the CAs that are believed when the target shows a certificate; "
      "environment: MERLON_ESPRIM_ANCHOR",
      false },
    { "esprim-crl", 0, "FILE", NULL,
      "Revocation lists (PEM) of those CAs; environment: MERLON_ESPRIM_CRL", false },
    { "esprim-peer", 0, "ID", NULL,
      "Absolute CSE-ID or AE-ID that the certificate of the target must name; environment: "
      "MERLON_ESPRIM_PEER",
      false },
    { "esprim-in-cse-id", 0, "ID", NULL,
      "CSE-ID of the infrastructure node when --esprim-peer is another CSE; environment: "
      "MERLON_ESPRIM_IN_CSE_ID",
      false },
    { "esprim-format", 0, "json|xml|cbor", "json", "Serialisation of what is inside", false },
    { "rvi", 0, "RELEASE", "3", "Release Version Indicator of the request", false },
    { "timeout", 't', "SECONDS", "30", "Time for each request", false },
    { "format", 'f', "json|pretty|raw", NULL,
      "Print results as one line of JSON, as indented JSON, or as they came; without it "
      "indented on a terminal and else one line",
      false },
    { "rcn", 0, "N", NULL, "Result Content: what the answer shall hold", false },
    { "param", 'p', "NAME=VALUE", NULL, "Any further request parameter by short or long name",
      true },
    { "role", 0, "ID", NULL, "A Role-ID that the originator has", true },
    { "token", 0, "FILE", NULL,
      "Send the token in a file, '-' for standard input; it is not shown by --verbose", true },
    { "token-id", 0, "ID", NULL, "Name a token that the CSE can find by its Token-ID", true },
    { "local-token-id", 0, "ID", NULL,
      "Name a token by what the CSE has called it in an earlier answer: see --verbose", true },
    { "token-request", 0, NULL, NULL, "Ask, when the request is denied, where a token can be had",
      false },
    { "verbose", 'v', NULL, NULL, "Show the HTTP messages on standard error", false },
    { "help", 'h', NULL, NULL, "Show this help", false },
};

const struct mln_option *mln_cli_common_options(size_t *ret_count)
{
    *ret_count = sizeof common_options / sizeof *common_options;
    return common_options;
}

/* ---- settings ---- */

static mln_err add_param(struct mln_session *s, const char *value, struct mln_fault *fault)
{
    if (s->param_count == MLN_CLI_PARAMS) {
        mln_fault_set(fault, "more than %d parameters", MLN_CLI_PARAMS);
        MLN_FAIL(CONFIG);
    }
    s->params[s->param_count++] = value;
    return MLN_OK;
}

/* A token is one line; what stands around it is the file's. */
static mln_err read_token(struct mln_session *s, const char *path, const char **ret,
                          struct mln_fault *fault)
{
    struct mln_slice text;
    size_t end;

    MLN_TRY(mln_cli_read_file(path, TOKEN_BYTES, s->arena, &text, fault));
    while (text.len && (unsigned char)text.ptr[0] <= ' ') {
        text = mln_slice_from(text, 1);
    }
    for (end = 0; end < text.len && (unsigned char)text.ptr[end] > ' ';) {
        end++;
    }
    *ret = mln_arena_zdup(s->arena, mln_slice_head(text, end));
    MLN_REQUIRE(*ret, NO_MEMORY);
    return MLN_OK;
}

static const char *parameter_of(const char *option)
{
    static const struct {
        const char *option;
        const char *parameter;
    } rows[] = {
        { "role", "rids" },
        { "token", "tkns" },
        { "token-id", "tids" },
        { "local-token-id", "ltids" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].option, option) == 0) {
            return rows[i].parameter;
        }
    }
    return NULL;
}

static mln_err add_claim(struct mln_session *s, const char *parameter, const char *value,
                         struct mln_fault *fault)
{
    struct mln_cli_claim claim = { parameter, value };

    if (s->claim_count == MLN_CLI_PARAMS) {
        mln_fault_set(fault, "more than %d roles and tokens", MLN_CLI_PARAMS);
        MLN_FAIL(CONFIG);
    }
    if (strcmp(parameter, "tkns") == 0) {
        MLN_TRY(read_token(s, value, &claim.value, fault));
    }
    s->claims[s->claim_count++] = claim;
    return MLN_OK;
}

static mln_err set_common(void *data, const struct mln_option *option, const char *value,
                          struct mln_fault *fault)
{
    struct mln_session *s = data;
    const char **place;

    assert(s);
    place = mln_cli_setting(&s->settings, option->name, NULL);
    if (place) {
        MLN_TRY(mln_cli_check_setting(option->name, value, fault));
        *place = value;
    } else if (strcmp(option->name, "to") == 0) {
        s->to = value;
    } else if (strcmp(option->name, "rcn") == 0) {
        s->rcn = value;
    } else if (strcmp(option->name, "param") == 0) {
        return add_param(s, value, fault);
    } else if (parameter_of(option->name)) {
        return add_claim(s, parameter_of(option->name), value, fault);
    } else if (strcmp(option->name, "token-request") == 0) {
        s->wants_token_request = true;
    } else if (strcmp(option->name, "verbose") == 0) {
        s->is_verbose = true;
    }
    return MLN_OK;
}

/* Options before environment before file. */
static mln_err complete_settings(struct mln_session *s, struct mln_fault *fault)
{
    struct mln_cli_settings *set = &s->settings;
    struct mln_cli_settings environment;

    mln_cli_settings_environment(&environment);
    mln_cli_settings_merge(set, &environment);
    MLN_TRY(mln_config_read(set, s->arena, fault));
    if (!set->url) {
        set->url = mln_cli_default_url;
    }
    if (set->esprim && !*set->esprim) {
        set->esprim = NULL; /* said to be so, whatever the environment and the file say */
    }
    if (set->format) {
        (void)mln_cli_format_of(set->format, &s->format); /* checked where it came from */
    }
    return MLN_OK;
}

/* ---- the target ---- */

/* A path to the form of To: "/x" is x, "/~/c/x" is /c/x, "/_/s/c/x" is //s/c/x.
 * spec: TS-0009 6.2.2.1 */
static const char *target_of_path(struct mln_arena *arena, struct mln_slice path)
{
    bool is_absolute = mln_slice_starts(path, MLN_S("/_/"));
    char *target;

    if (mln_slice_starts(path, MLN_S("/~/"))) {
        path = mln_slice_from(path, 2);
    } else if (path.len) {
        path = mln_slice_from(path, 1);
    }
    target = mln_arena_zdup(arena, path.len ? path : MLN_S("-"));
    if (target && is_absolute) {
        target[0] = '/'; /* "_/s/c/x" */
    }
    return target;
}

/* A URL as target: the CSE is where it points, and its path is the address. */
static mln_err take_url(struct mln_session *s, struct mln_slice url)
{
    size_t authority = mln_slice_find(url, ':') + 3;
    struct mln_slice path = mln_slice_from(url, authority);

    path = mln_slice_from(path, mln_slice_find(path, '/'));
    s->settings.url = mln_arena_zdup(s->arena, mln_slice_head(url, url.len - path.len));
    s->target = target_of_path(s->arena, path);
    MLN_REQUIRE(s->settings.url && s->target, NO_MEMORY);
    return MLN_OK;
}

static mln_err take_target(struct mln_session *s)
{
    struct mln_slice target;

    s->target = s->to;
    if (!s->to && s->operand_count > 0) {
        s->target = s->operands[0];
        s->operands++;
        s->operand_count--;
    }
    target = mln_slice_z(s->target);
    if (mln_slice_starts(target, MLN_S("http://")) || mln_slice_starts(target, MLN_S("https://"))) {
        return take_url(s, target);
    }
    return MLN_OK;
}

/* ---- the client ---- */

/* Every line of a message with a mark for its direction. */
static void trace(void *data, bool is_request, const char *message, size_t size)
{
    struct mln_slice rest = mln_slice_of(message, size);

    (void)data;
    (void)fflush(stdout);
    while (rest.ptr && rest.len) {
        struct mln_slice line = mln_slice_cut(&rest, '\n');

        (void)fprintf(stderr, "%c ", is_request ? '>' : '<');
        mln_cli_print_slice(stderr, line);
        (void)fputc('\n', stderr);
    }
}

static enum merlon_status make_client(struct mln_session *s, struct merlon_error *error)
{
    enum merlon_status status = MERLON_OK;
    uint64_t seconds = 0;

    s->client = merlon_client_new(s->settings.url, error);
    if (!s->client) {
        return error->status;
    }
    if (s->settings.originator) {
        status = merlon_client_set_originator(s->client, s->settings.originator, error);
    }
    if (status == MERLON_OK && s->settings.rvi) {
        status = merlon_client_set_release(s->client, s->settings.rvi, error);
    }
    if (status == MERLON_OK && mln_cli_has_credential(&s->settings)) {
        status = merlon_client_set_credentials(s->client, &s->settings.credential, 1, error);
    }
    if (s->settings.timeout && mln_num_u64(mln_slice_z(s->settings.timeout), &seconds)) {
        merlon_client_set_timeout(s->client, (uint32_t)seconds * 1000);
    }
    if (s->is_verbose) {
        merlon_client_set_trace(s->client, trace, NULL);
    }
    return status;
}

/* Puts a protected client in the place of the usual one, which carries it from then on. */
static enum merlon_status protect(struct mln_session *s, struct merlon_error *error)
{
    struct merlon_client *client;

    if (!s->settings.esprim || s->is_open) {
        return MERLON_OK;
    }
    client =
        merlon_client_new_protected(s->client, s->settings.esprim, &s->settings.protection, error);
    if (!client) {
        return error->status;
    }
    s->carrier = s->client;
    s->client = client;
    return s->settings.esprim_originator
               ? merlon_client_set_originator(client, s->settings.esprim_originator, error)
               : MERLON_OK;
}

/* ---- begin and end ---- */

static mln_err parse(struct mln_session *s, int argc, char **argv, struct mln_fault *fault)
{
    struct mln_option_table tables[2] = { { .set = s->set, .data = s->data },
                                          { .set = set_common, .data = s } };
    int first = argc;

    tables[1].rows = mln_cli_common_options(&tables[1].count);
    if (s->command->options) {
        tables[0].rows = s->command->options(&tables[0].count);
    }
    MLN_TRY(mln_options_parse(tables, 2, argc, argv, fault, &first));
    s->operands = argv + first;
    s->operand_count = argc - first;
    return take_target(s);
}

bool mln_session_begin(struct mln_session *s, int argc, char **argv, int *ret_code)
{
    struct mln_fault fault = { 0 };
    struct merlon_error error;
    bool was_key_given;
    mln_err err;

    /* a reader that goes away shows as an error of the write */
    (void)signal(SIGPIPE, SIG_IGN);
    s->arena = mln_arena_new(ARENA_BYTES);
    err = s->arena ? parse(s, argc, argv, &fault) : MLN_ERROR(NO_MEMORY);
    if (mln_failed(err)) {
        *ret_code = mln_session_misuse(s, "%s", fault.text[0] ? fault.text : mln_err_text(err));
        return false;
    }
    was_key_given = mln_cli_has_protection(&s->settings); /* now, and not somewhere for all */
    err = complete_settings(s, &fault);
    if (mln_failed(err)) {
        mln_cli_say("%s", fault.text[0] ? fault.text : mln_err_text(err));
        *ret_code = err.code == MLN_ERR_CONFIG ? MLN_CLI_USAGE : MLN_CLI_FAILED;
        return false;
    }
    if (s->settings.esprim && !s->is_open && !mln_cli_has_protection(&s->settings)) {
        *ret_code = mln_session_misuse(s, "--esprim needs a key: --esprim-key-id and "
                                          "--esprim-key-file, or --esprim-certificate and what "
                                          "belongs to it");
        return false;
    }
    if (!s->settings.esprim && !s->is_open && was_key_given) {
        *ret_code = mln_session_misuse(s, "a key for ESPrim, and nobody to use it with: --esprim "
                                          "is missing");
        return false;
    }
    if (make_client(s, &error) != MERLON_OK || protect(s, &error) != MERLON_OK) {
        *ret_code = mln_session_fail(s, &error);
        return false;
    }
    return true;
}

void mln_session_end(struct mln_session *s)
{
    merlon_client_free(s->client);
    merlon_client_free(s->carrier);
    mln_arena_free(s->arena);
}
