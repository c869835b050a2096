/* `merlon token`: issue, show, verify. Works without a server. */
#include "server/token_command.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "crypto/base64.h"
#include "crypto/files.h"
#include "crypto/jwt_chain.h"
#include "server/privileges.h"
#include "server/server.h"

enum { TOKEN_BYTES = 1 << 17, PRINT_BYTES = 1 << 20, CRL_BYTES = 16 << 20 };

static const struct mln_option options[] = {
    { "key-file", 'k', "FILE", NULL, "issue: key that signs, as JWK; that of a certificate in PEM",
      false },
    { "recipient-key", 0, "FILE", NULL, "issue: key that encrypts, as JWK", false },
    { "protect", 0, "ALGORITHMS", NULL,
      "issue: ES256 for signed, dir/A256GCM for encrypted, ES256/A128KW/A128GCM for signed and "
      "then "
      "encrypted; by default signed as the key is for",
      false },
    { "chain", 0, "FILE", NULL, "issue: certificates of the signer to send along, PEM", false },
    { "claims", 0, "FILE", NULL,
      "issue: claims as JSON, with the names of JWT or of m2m:tokenClaimSet; options win", false },
    { "id", 0, "TOKEN-ID", NULL, "issue: Token-ID; '@das.example' gets a random name before it",
      false },
    { "issuer", 0, "ID", NULL, "issue: identifier of the issuer", false },
    { "holder", 0, "ID", NULL,
      "issue: absolute AE-ID or CSE-ID of the holder; verify: who presents it", false },
    { "not-before", 0, "TIME", NULL, "issue: valid from; now by default", false },
    { "not-after", 0, "TIME", NULL, "issue: valid until", false },
    { "valid", 0, "DURATION", NULL, "issue: valid for PT1H (the default), P30D and so on", false },
    { "audience", 0, "CSE-ID", NULL, "issue: absolute CSE-ID of a CSE it is meant for", true },
    { "name", 0, "TEXT", NULL, "issue: name for people", false },
    { "extension", 0, "TEXT", NULL, "issue: anything else", false },
    { "permissions", 0, "JSON", NULL, "issue: {\"pm\":[{\"ris\":[...],\"pv\":{...}}]}", false },
    { "role", 0, "ROLE-ID", NULL, "issue: role that it gives", true },
    { "data", 'd', "DIR", NULL, "verify: data directory of a CSE whose issuers count", false },
    { "master-key", 0, "FILE", NULL, "verify: master key of its credentials", false },
    { "issuer-file", 0, "FILE", NULL, "verify: record of an issuer, JSON", true },
    { "crl", 0, "FILE", NULL, "verify: revocation lists for certificates of the token", false },
    { "in-cse-id", 0, "ID", NULL,
      "verify: absolute CSE-ID of the IN-CSE, below whose domain name CSEs have theirs", false },
    { "cse-id", 0, "ID", NULL, "verify: absolute CSE-ID of the CSE that it is presented to",
      false },
    { "at", 0, "TIME", NULL, "verify: as of this time; now by default", false },
    { "jwt", 0, NULL, NULL, "verify: print the claims as JWT has them", false },
};

enum { OPTIONS = sizeof options / sizeof options[0] };

const struct mln_option *mln_server_token_options(size_t *ret_count)
{
    *ret_count = OPTIONS;
    return options;
}

/* ---- options ---- */

static const char **place_of(struct mln_token_settings *s, const char *name)
{
    const struct {
        const char *name;
        const char **place;
    } rows[] = {
        { "key-file", &s->key_file },
        { "recipient-key", &s->recipient_key },
        { "protect", &s->protect },
        { "chain", &s->chain },
        { "claims", &s->claims },
        { "id", &s->id },
        { "issuer", &s->issuer },
        { "holder", &s->holder },
        { "not-before", &s->not_before },
        { "not-after", &s->not_after },
        { "valid", &s->valid },
        { "name", &s->name },
        { "extension", &s->extension },
        { "permissions", &s->permissions },
        { "data", &s->place.data },
        { "master-key", &s->place.master_key },
        { "cse-id", &s->cse_id },
        { "at", &s->at },
        { "crl", &s->crl },
        { "in-cse-id", &s->in_cse_id },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return rows[i].place;
        }
    }
    return NULL;
}

static mln_err append(const char **list, size_t *count, const char *value)
{
    MLN_REQUIRE(*count < MLN_TOKEN_LIST, LIMIT);
    list[(*count)++] = value;
    return MLN_OK;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct mln_token_settings *s = data;

    (void)fault;
    if (strcmp(option->name, "audience") == 0) {
        return append(s->audience, &s->audience_count, value);
    }
    if (strcmp(option->name, "role") == 0) {
        return append(s->roles, &s->role_count, value);
    }
    if (strcmp(option->name, "issuer-file") == 0) {
        return append(s->issuer_files, &s->issuer_file_count, value);
    }
    if (strcmp(option->name, "jwt") == 0) {
        s->is_jwt = true;
    } else {
        *place_of(s, option->name) = value;
    }
    return MLN_OK;
}

mln_err mln_token_time(const char *text, struct mln_fault *fault, int64_t *ret_us)
{
    if (!text) {
        *ret_us = mln_env_now_us(mln_env_system());
        return MLN_OK;
    }
    if (!mln_timestamp_parse(mln_slice_z(text), ret_us)) {
        mln_fault_set(fault, "'%s' is no time as YYYYMMDDThhmmss in UTC", text);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

/* ---- printing ---- */

static mln_err print(const struct mln_value *v, struct mln_arena *arena)
{
    struct mln_slice text;
    struct mln_buf out;

    mln_buf_init(&out, arena, PRINT_BYTES);
    mln_json_write_value(&out, v, true);
    MLN_TRY(mln_buf_finish(&out, &text));
    (void)printf("%.*s\n", (int)text.len, text.ptr);
    return fflush(stdout) == 0 ? MLN_OK : MLN_ERROR(SYSTEM);
}

/* A token from the command line, or from standard input for "-". */
static mln_err read_token(const char *operand, struct mln_arena *arena, struct mln_fault *fault,
                          struct mln_slice *ret)
{
    struct mln_secret *file MLN_CLEANUP(mln_secret_freep) = NULL;

    if (strcmp(operand, "-") != 0) {
        *ret = mln_slice_z(operand);
        return MLN_OK;
    }
    MLN_TRY(mln_secret_read("-", TOKEN_BYTES, fault, &file));
    MLN_REQUIRE(
        mln_arena_dup(
            arena, mln_slice_of((const char *)mln_secret_bytes(file), mln_secret_len(file)), ret),
        NO_MEMORY);
    while (ret->len && (ret->ptr[ret->len - 1] == '\n' || ret->ptr[ret->len - 1] == '\r')) {
        ret->len--;
    }
    return MLN_OK;
}

/* ---- show ---- */

static mln_err read_part(struct mln_slice text, struct mln_arena *arena, struct mln_value **ret)
{
    struct mln_limits limits;
    struct mln_slice json;

    mln_limits_default(&limits);
    MLN_TRY(mln_base64url_read(text, arena, &json));
    return mln_json_read(json, &limits, arena, ret, NULL);
}

/* What can be read without a key: nothing of it is verified. */
static mln_err show(struct mln_slice token, struct mln_arena *arena, struct mln_fault *fault)
{
    struct mln_value *all = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_slice rest = token;
    struct mln_slice header = mln_slice_cut(&rest, '.');
    struct mln_slice payload = mln_slice_cut(&rest, '.');
    bool is_signed = rest.ptr && mln_slice_find(rest, '.') == rest.len;
    struct mln_value *part;

    MLN_REQUIRE(all, NO_MEMORY);
    if (!rest.ptr || mln_failed(read_part(header, arena, &part))) {
        mln_fault_set(fault, "this is no token in compact form");
        MLN_FAIL(SYNTAX);
    }
    MLN_TRY(mln_value_set(all, MLN_S("header"), part));
    if (is_signed && !mln_failed(read_part(payload, arena, &part))) {
        MLN_TRY(mln_value_set(all, MLN_S("claims"), part));
    }
    MLN_TRY(mln_value_set(all, MLN_S("verified"), mln_value_bool(arena, false)));
    return print(all, arena);
}

/* ---- verify ---- */

/* The records of issuers, held while they are read. */
struct records {
    struct mln_secret *secrets[MLN_TOKEN_LIST];
    struct mln_slice texts[MLN_TOKEN_LIST];
    size_t count;
};

static void drop_records(struct records *r)
{
    for (size_t i = 0; i < r->count; i++) {
        mln_secret_free(r->secrets[i]);
    }
}

static mln_err add_record(void *data, struct mln_slice name, struct mln_slice bytes)
{
    struct records *r = data;

    (void)name;
    MLN_REQUIRE(r->count < MLN_TOKEN_LIST, LIMIT);
    r->secrets[r->count] = mln_secret_of(bytes.ptr, bytes.len);
    MLN_REQUIRE(r->secrets[r->count], NO_MEMORY);
    r->texts[r->count] =
        mln_slice_of((const char *)mln_secret_bytes(r->secrets[r->count]), bytes.len);
    r->count++;
    return MLN_OK;
}

static mln_err read_records(const struct mln_token_settings *s, struct mln_fault *fault,
                            struct records *r)
{
    struct mln_credentials *credentials MLN_CLEANUP(mln_credentials_closep) = NULL;

    for (size_t i = 0; i < s->issuer_file_count; i++) {
        struct mln_secret *file MLN_CLEANUP(mln_secret_freep) = NULL;

        MLN_TRY(mln_secret_read(s->issuer_files[i], MLN_RECORD_BYTES_MAX, fault, &file));
        MLN_TRY(
            add_record(r, (struct mln_slice){ 0 },
                       mln_slice_of((const char *)mln_secret_bytes(file), mln_secret_len(file))));
    }
    if (s->place.data) {
        MLN_TRY(mln_credentials_of_place(&s->place, false, fault, &credentials));
        MLN_TRY(mln_credentials_list_records(credentials, MLN_S("issuer"), add_record, r));
    }
    if (!r->count) {
        mln_fault_set(fault, "no issuer: --issuer-file FILE or --data DIR is missing");
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

/* "//sp.example/cse" as names. */
static mln_err read_names(const char *option, const char *cse_id, struct mln_fault *fault,
                          struct mln_names *ret)
{
    struct mln_slice id = mln_slice_z(cse_id);
    size_t at = 2 + mln_slice_find(mln_slice_from(id, 2), '/');

    ret->sp_id = mln_slice_head(id, at);
    ret->cse_id = mln_slice_from(id, at);
    if (!mln_ident_is_sp_id(ret->sp_id) || !mln_ident_is_cse_id(ret->cse_id)) {
        mln_fault_set(fault, "--%s: '%s' is no absolute CSE-ID", option, cse_id);
        MLN_FAIL(CONFIG);
    }
    ret->cse_name = MLN_S("cse");
    return MLN_OK;
}

/* The point in time that a token is judged at, as a clock for its certificates. */
static int64_t at_that_time(void *data)
{
    return *(const int64_t *)data;
}

static mln_err no_random(void *data, void *out, size_t len)
{
    (void)data;
    (void)out;
    (void)len;
    MLN_FAIL(INTERNAL);
}

static mln_err make_issuers(const struct records *r, const struct mln_cert_rules *rules,
                            struct mln_slice crls, struct mln_fault *fault,
                            struct mln_jwt_issuers **ret)
{
    struct mln_jwt_trust trust;
    mln_err err;

    MLN_TRY(mln_jwt_trust_new(rules, crls, &trust));
    err = mln_jwt_issuers_new(r->texts, r->count, &trust, fault, ret);
    if (mln_failed(err)) {
        trust.drop(trust.data);
    }
    return err;
}

/* `clock` stays as long as the issuers. */
static mln_err read_issuers(const struct mln_token_settings *s, const struct mln_env *clock,
                            struct mln_fault *fault, struct mln_jwt_issuers **ret)
{
    struct records r MLN_CLEANUP(drop_records) = { .count = 0 };
    struct mln_secret *crls MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_cert_rules rules = { .env = clock };
    struct mln_cert_provider provider;
    struct mln_names names;
    struct mln_slice text = { 0 };

    if (s->in_cse_id) {
        MLN_TRY(read_names("in-cse-id", s->in_cse_id, fault, &names));
        provider = (struct mln_cert_provider){ names.sp_id, names.cse_id };
        rules.names = (struct mln_cert_names){ &provider, 1 };
    }
    if (s->crl) {
        MLN_TRY(mln_file_read_given(s->crl, CRL_BYTES, false, fault, &crls));
        text = mln_slice_of((const char *)mln_secret_bytes(crls), mln_secret_len(crls));
        rules.status = MLN_CERT_STATUS_HARD;
    }
    MLN_TRY(read_records(s, fault, &r));
    return make_issuers(&r, &rules, text, fault, ret);
}

static mln_err judge(const struct mln_token_settings *s, struct mln_token_claims *claims,
                     const struct mln_jwt *jwt, int64_t now_us, struct mln_fault *fault)
{
    struct mln_token_claims judged = *claims;
    struct mln_entity originator;
    struct mln_names names;
    struct mln_token_use use = { .names = &names, .originator = &originator, .now_us = now_us };
    struct mln_slice who = s->holder ? mln_slice_z(s->holder) : claims->holder;

    MLN_TRY(read_names("cse-id", s->cse_id ? s->cse_id : "//none.example/none", fault, &names));
    if (!mln_entity_parse(who, &names, &originator)) {
        mln_fault_set(fault, "'%.*s' is no AE-ID or CSE-ID", MLN_S_ARG(who));
        MLN_FAIL(CONFIG);
    }
    if (!s->cse_id) {
        judged.audience_count = 0;
    }
    return mln_token_claims_check(&judged, &use, jwt->issuer->fqdn, fault);
}

static mln_err verify(const struct mln_token_settings *s, struct mln_slice token,
                      struct mln_arena *arena, struct mln_fault *fault)
{
    struct mln_jwt_issuers *issuers MLN_CLEANUP(mln_jwt_issuers_unrefp) = NULL;
    struct mln_limits limits;
    struct mln_env clock = { NULL, at_that_time, no_random };
    struct mln_jwt_check check = { .limits = &limits, .arena = arena, .fault = fault };
    struct mln_token_claims claims;
    struct mln_value *tree;
    struct mln_jwt jwt;

    mln_limits_default(&limits);
    MLN_TRY(mln_token_time(s->at, fault, &check.now_us));
    clock.data = &check.now_us;
    MLN_TRY(read_issuers(s, &clock, fault, &issuers));
    check.issuers = issuers;
    MLN_TRY(mln_jwt_verify(&check, token, &jwt));
    MLN_TRY(mln_token_claims_read(jwt.content, MLN_TOKEN_JWT, &limits, arena, fault, &claims));
    MLN_TRY(judge(s, &claims, &jwt, check.now_us, fault));
    MLN_TRY(
        mln_token_claims_write(&claims, s->is_jwt ? MLN_TOKEN_JWT : MLN_TOKEN_SET, arena, &tree));
    return print(tree, arena);
}

/* ---- the command ---- */

static mln_err run(const struct mln_token_settings *s, int argc, char **argv,
                   struct mln_fault *fault)
{
    struct mln_arena *arena MLN_CLEANUP(mln_arena_freep) = mln_arena_new(MLN_TOKEN_ARENA);
    struct mln_slice token;

    MLN_REQUIRE(arena, NO_MEMORY);
    if (argc == 1 && strcmp(argv[0], "issue") == 0) {
        return mln_token_issue(s, arena, fault);
    }
    if (argc == 2 && strcmp(argv[0], "show") == 0) {
        MLN_TRY(read_token(argv[1], arena, fault, &token));
        return show(token, arena, fault);
    }
    if (argc == 2 && strcmp(argv[0], "verify") == 0) {
        MLN_TRY(read_token(argv[1], arena, fault, &token));
        return verify(s, token, arena, fault);
    }
    mln_fault_set(fault, "expected: issue, show TOKEN or verify TOKEN");
    MLN_FAIL(CONFIG);
}

int mln_server_token(int argc, char **argv)
{
    struct mln_token_settings s = { 0 };
    struct mln_option_table table = { options, OPTIONS, set, &s };
    struct mln_fault fault = { 0 };
    int operand = argc;
    mln_err err = mln_options_parse(&table, 1, argc, argv, &fault, &operand);

    if (!mln_failed(err)) {
        err = mln_harden(&fault); /* there will be private keys */
    }
    if (!mln_failed(err)) {
        err = run(&s, argc - operand, argv + operand, &fault);
    }
    return mln_failed(err) ? mln_credentials_fail("token", err, &fault) : 0;
}
