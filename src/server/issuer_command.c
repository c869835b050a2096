/* `merlon issuer`: add, list, remove.
 *
 * An issuer is a record of the credentials: a JSON object with the members id, fqdn, contact,
 * allow, keys and anchors. Texts that hold keys stay in struct mln_secret: what is read of them
 * borrows. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "codec/json.h"
#include "crypto/jwt_chain.h"
#include "server/credentials_command.h"
#include "server/issuers.h"
#include "server/server.h"

enum { FILES = 32, RULES = 32, ARENA = 16 << 20, LIST_ARENA = 128 << 20, PARTS = 3 };

#define KIND      MLN_S("issuer")
#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END   "-----END CERTIFICATE-----"
#define BASE64    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

struct issuer_settings {
    struct mln_credentials_place place;
    const char *fqdn;
    const char *contact;
    const char *allow[RULES];
    size_t allow_count;
    const char *keys[FILES];
    size_t key_count;
    const char *anchors[FILES];
    size_t anchor_count;
    bool is_json;
};

static const struct mln_option options[] = {
    { "data", 'd', "DIR", MLN_CREDENTIALS_PLACE_DATA, "Data directory of the CSE", false },
    { "master-key", 0, "FILE", NULL,
      "Master key that seals the credentials; by default master.key in the data directory, made "
      "with the first credential",
      false },
    { "fqdn", 0, "DOMAIN", NULL, "add: domain of the issuer's Token-IDs and Role-IDs", false },
    { "contact", 0, "URI", NULL, "add: where tokens can be fetched by Token-ID", false },
    { "allow", 0, "ALGORITHMS", NULL,
      "add: protection of its tokens: ES256 for signed, dir/A256GCM for encrypted, "
      "ES256/A128KW/A128GCM for signed and then encrypted",
      true },
    { "key-file", 'k', "FILE", NULL, "add: a key as JWK, '-' for standard input", true },
    { "anchor", 0, "FILE", NULL, "add: trust anchor of its certificates, PEM", true },
    { "json", 0, NULL, NULL, "list: print JSON, without keys", false },
};

enum { OPTIONS = sizeof options / sizeof options[0] };

const struct mln_option *mln_server_issuer_options(size_t *ret_count)
{
    *ret_count = OPTIONS;
    return options;
}

static mln_err append(const char **list, size_t *count, size_t most, const char *value)
{
    MLN_REQUIRE(*count < most, LIMIT);
    list[(*count)++] = value;
    return MLN_OK;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct issuer_settings *s = data;
    const char *name = option->name;

    (void)fault;
    if (strcmp(name, "allow") == 0) {
        return append(s->allow, &s->allow_count, RULES, value);
    }
    if (strcmp(name, "key-file") == 0) {
        return append(s->keys, &s->key_count, FILES, value);
    }
    if (strcmp(name, "anchor") == 0) {
        return append(s->anchors, &s->anchor_count, FILES, value);
    }
    if (strcmp(name, "json") == 0) {
        s->is_json = true;
    } else {
        *(strcmp(name, "data") == 0         ? &s->place.data
          : strcmp(name, "master-key") == 0 ? &s->place.master_key
          : strcmp(name, "fqdn") == 0       ? &s->fqdn
                                            : &s->contact) = value;
    }
    return MLN_OK;
}

/* ---- the text of a record, in memory that is wiped ---- */

struct text {
    struct mln_secret *room;
    size_t len;
    bool is_full;
};

static void put(struct text *t, struct mln_slice s)
{
    if (t->is_full || s.len > mln_secret_len(t->room) - t->len) {
        t->is_full = true;
        return;
    }
    if (s.len) {
        memcpy(mln_secret_room(t->room) + t->len, s.ptr, s.len);
    }
    t->len += s.len;
}

/* A member or element whose text needs no escapes: see is_plain. */
static void put_text(struct text *t, const char *name, struct mln_slice value)
{
    if (name) {
        put(t, MLN_S("\""));
        put(t, mln_slice_z(name));
        put(t, MLN_S("\":"));
    }
    put(t, MLN_S("\""));
    put(t, value);
    put(t, MLN_S("\""));
}

static bool is_plain(struct mln_slice s)
{
    bool is_good = s.len > 0 && s.len <= MLN_CREDENTIAL_TEXT_MAX;

    while (is_good && s.len) {
        size_t n = mln_utf8_printable(s);

        is_good = n > 0 && s.ptr[0] != '"' && s.ptr[0] != '\\';
        s = mln_slice_from(s, n);
    }
    return is_good;
}

/* "ES256", "dir/A256GCM" or "ES256/A128KW/A128GCM" as an object. */
static mln_err put_rule(struct text *t, const char *rule, struct mln_fault *fault)
{
    static const char *const names[PARTS][PARTS] = { { "sig" },
                                                     { "alg", "enc" },
                                                     { "sig", "alg", "enc" } };
    struct mln_slice rest = mln_slice_z(rule);
    struct mln_slice parts[PARTS + 1];
    size_t count = 0;
    bool is_good = true;

    while (rest.ptr && count <= PARTS) {
        parts[count] = mln_slice_cut(&rest, '/');
        is_good = is_good && is_plain(parts[count]);
        count++;
    }
    if (!is_good || count > PARTS) {
        mln_fault_set(fault, "'%s' is not SIGNATURE, WRAP/ENCRYPTION or SIGNATURE/WRAP/ENCRYPTION",
                      rule);
        MLN_FAIL(CONFIG);
    }
    put(t, MLN_S("{"));
    for (size_t i = 0; i < count; i++) {
        put(t, i ? MLN_S(",") : MLN_S(""));
        put_text(t, names[count - 1][i], parts[i]);
    }
    put(t, MLN_S("}"));
    return MLN_OK;
}

static mln_err read_json(struct mln_slice text, struct mln_arena *arena, struct mln_value **ret)
{
    struct mln_limits limits;

    mln_limits_default(&limits);
    return mln_json_read(text, &limits, arena, ret, NULL); /* a fault could quote the text */
}

/* The file goes in as it is, once it has been seen to be one JWK. */
static mln_err put_key(struct text *t, const char *path, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *file = NULL;
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(ARENA);
    struct mln_slice text;
    struct mln_value *jwk;
    mln_err err;

    MLN_REQUIRE(arena, NO_MEMORY);
    MLN_TRY(mln_secret_read(path, MLN_RECORD_BYTES_MAX, fault, &file));
    text = mln_slice_of((const char *)mln_secret_bytes(file), mln_secret_len(file));
    err = read_json(text, arena, &jwk);
    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    if (mln_failed(err) || jwk->kind != MLN_V_OBJECT || !mln_value_get(jwk, MLN_S("kty"))) {
        mln_fault_set(fault, "%s holds no JWK: a JSON object with the member kty", path);
        MLN_FAIL(CONFIG);
    }
    put(t, text);
    return MLN_OK;
}

/* Takes the lines between the marks, joined: base64 of DER. */
static mln_err put_lines(struct text *t, const char *path, struct mln_slice lines,
                         struct mln_fault *fault)
{
    put(t, MLN_S("\""));
    while (lines.ptr) {
        struct mln_slice line = mln_slice_cut(&lines, '\n');

        line = mln_slice_ends(line, MLN_S("\r")) ? mln_slice_head(line, line.len - 1) : line;
        for (size_t i = 0; i < line.len; i++) {
            if (line.ptr[i] == '\0' || !strchr(BASE64, line.ptr[i])) {
                mln_fault_set(fault, "%s: between the marks is not base64", path);
                MLN_FAIL(CONFIG);
            }
        }
        put(t, line);
    }
    put(t, MLN_S("\""));
    return MLN_OK;
}

static mln_err put_anchor(struct text *t, const char *path, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *file = NULL;
    const char *begin;
    const char *end;
    struct mln_slice text;

    MLN_TRY(mln_secret_read(path, MLN_RECORD_BYTES_MAX, fault, &file));
    text = mln_slice_of((const char *)mln_secret_bytes(file), mln_secret_len(file));
    begin = memmem(text.ptr, text.len, PEM_BEGIN, sizeof PEM_BEGIN - 1);
    end = memmem(text.ptr, text.len, PEM_END, sizeof PEM_END - 1);
    if (!begin || !end || end < begin) {
        mln_fault_set(fault, "%s holds no certificate in PEM", path);
        MLN_FAIL(CONFIG);
    }
    begin += sizeof PEM_BEGIN - 1;
    return put_lines(t, path, mln_slice_of(begin, (size_t)(end - begin)), fault);
}

typedef mln_err put_fn(struct text *t, const char *item, struct mln_fault *fault);

static mln_err put_all(struct text *t, const char *name, const char *const *items, size_t count,
                       put_fn *put_one, struct mln_fault *fault)
{
    if (count == 0) {
        return MLN_OK;
    }
    put(t, MLN_S(",\""));
    put(t, mln_slice_z(name));
    put(t, MLN_S("\":["));
    for (size_t i = 0; i < count; i++) {
        put(t, i ? MLN_S(",") : MLN_S(""));
        MLN_TRY(put_one(t, items[i], fault));
    }
    put(t, MLN_S("]"));
    return MLN_OK;
}

static mln_err write_record(struct text *t, const struct issuer_settings *s, struct mln_slice id,
                            struct mln_fault *fault)
{
    put(t, MLN_S("{"));
    put_text(t, "id", id);
    put(t, MLN_S(","));
    put_text(t, "fqdn", mln_slice_z(s->fqdn));
    if (s->contact) {
        put(t, MLN_S(","));
        put_text(t, "contact", mln_slice_z(s->contact));
    }
    MLN_TRY(put_all(t, "allow", s->allow, s->allow_count, put_rule, fault));
    MLN_TRY(put_all(t, "keys", s->keys, s->key_count, put_key, fault));
    MLN_TRY(put_all(t, "anchors", s->anchors, s->anchor_count, put_anchor, fault));
    put(t, MLN_S("}"));
    if (t->is_full) {
        mln_fault_set(fault, "keys and anchors of an issuer take at most %d bytes",
                      MLN_RECORD_BYTES_MAX);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

/* ---- add ---- */

static mln_err check_settings(const struct issuer_settings *s, struct mln_slice id,
                              struct mln_fault *fault)
{
    const char *missing = NULL;

    if (!is_plain(id) || id.len > MLN_RECORD_NAME_MAX) {
        mln_fault_set(fault, "'%.*s' cannot be the identifier of an issuer", MLN_S_ARG(id));
        MLN_FAIL(CONFIG);
    }
    missing = !s->fqdn                              ? "--fqdn DOMAIN"
              : s->allow_count == 0                 ? "--allow ALGORITHMS"
              : s->key_count + s->anchor_count == 0 ? "--key-file FILE or --anchor FILE"
                                                    : NULL;
    if (missing) {
        mln_fault_set(fault, "%s is missing", missing);
        MLN_FAIL(CONFIG);
    }
    if (!mln_fqdn_is_valid(mln_slice_z(s->fqdn)) ||
        strpbrk(s->fqdn, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
        mln_fault_set(fault, "'%s' is no domain name in lower case", s->fqdn);
        MLN_FAIL(CONFIG);
    }
    if (s->contact && !is_plain(mln_slice_z(s->contact))) {
        mln_fault_set(fault, "'%s' is no URI", s->contact);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static mln_err check_record(struct mln_slice record, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(ARENA);
    const struct mln_cert_rules rules = { .env = mln_env_system() };
    struct mln_jwt_trust trust;
    struct mln_jwt_issuers *issuers;
    struct mln_value *v;
    mln_err err;

    MLN_REQUIRE(arena, NO_MEMORY);
    if (mln_failed(read_json(record, arena, &v))) {
        mln_fault_set(fault, "the keys, taken together, are not sound JSON");
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(mln_jwt_trust_new(&rules, (struct mln_slice){ 0 }, &trust));
    err = mln_jwt_issuers_new(&record, 1, &trust, fault, &issuers);
    if (mln_failed(err)) {
        trust.drop(trust.data);
    } else {
        mln_jwt_issuers_unref(issuers);
    }
    return err;
}

static mln_err add(const struct issuer_settings *s, struct mln_slice id, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_credentials_closep) struct mln_credentials *credentials = NULL;
    MLN_CLEANUP(mln_secret_freep)
    struct mln_secret *room = mln_secret_new(MLN_RECORD_BYTES_MAX);
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *old = NULL;
    struct text t = { .room = room };
    struct mln_slice record;

    MLN_REQUIRE(room, NO_MEMORY);
    MLN_TRY(check_settings(s, id, fault));
    MLN_TRY(mln_credentials_of_place(&s->place, true, fault, &credentials));
    MLN_TRY(write_record(&t, s, id, fault));
    record = mln_slice_of((const char *)mln_secret_bytes(room), t.len);
    MLN_TRY(check_record(record, fault));
    if (!mln_failed(mln_credentials_get_record(credentials, KIND, id, &old))) {
        mln_fault_set(fault, "the issuer %.*s is there already", MLN_S_ARG(id));
        MLN_FAIL(CONFLICT);
    }
    MLN_TRY(mln_issuers_check(credentials, record, fault));
    return mln_credentials_put_record(credentials, KIND, id, record, fault);
}

/* ---- list ---- */

struct listing {
    struct mln_arena *arena;
    struct mln_value *rows;
};

static size_t count_of(const struct mln_value *record, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(record, name);

    return v && v->kind == MLN_V_ARRAY ? v->items.count : 0;
}

static mln_err set_count(struct mln_arena *arena, struct mln_value *record, struct mln_slice name)
{
    struct mln_value *n = mln_value_uint(arena, count_of(record, name));

    MLN_REQUIRE(n, NO_MEMORY);
    (void)mln_value_take(record, name);
    return mln_value_set(record, name, n);
}

/* The record with numbers in the place of keys and anchors; not one byte of a key is copied. */
static mln_err add_row(void *data, struct mln_slice name, struct mln_slice bytes)
{
    const struct listing *listing = data;
    struct mln_buf out;
    struct mln_slice text;
    struct mln_value *record;

    (void)name;
    MLN_TRY(read_json(bytes, listing->arena, &record));
    MLN_TRY(set_count(listing->arena, record, MLN_S("keys")));
    MLN_TRY(set_count(listing->arena, record, MLN_S("anchors")));
    mln_buf_init(&out, listing->arena, MLN_RECORD_BYTES_MAX);
    mln_json_write_value(&out, record, false);
    MLN_TRY(mln_buf_finish(&out, &text));
    MLN_TRY(read_json(text, listing->arena, &record)); /* now it borrows nothing of the snapshot */
    return mln_value_append(listing->rows, record);
}

static struct mln_slice text_in(const struct mln_value *record, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(record, name);

    return v && v->kind == MLN_V_TEXT ? v->text : MLN_S("");
}

static void print_row(const struct mln_value *record)
{
    const struct mln_value *allow = mln_value_get(record, MLN_S("allow"));
    uint64_t keys = 0;
    uint64_t anchors = 0;

    (void)mln_value_u64(mln_value_get(record, MLN_S("keys")), &keys);
    (void)mln_value_u64(mln_value_get(record, MLN_S("anchors")), &anchors);
    (void)printf("%.*s fqdn %.*s, %llu keys, %llu anchors, allows",
                 MLN_S_ARG(text_in(record, MLN_S("id"))), MLN_S_ARG(text_in(record, MLN_S("fqdn"))),
                 (unsigned long long)keys, (unsigned long long)anchors);
    for (const struct mln_value *rule = allow ? allow->items.first : NULL; rule;
         rule = rule->next) {
        for (const struct mln_value *part = rule->items.first; part; part = part->next) {
            (void)printf("%s%.*s", part == rule->items.first ? " " : "/", MLN_S_ARG(part->text));
        }
    }
    (void)printf("\n");
}

static mln_err print_rows(const struct listing *listing, bool is_json)
{
    struct mln_slice text = { 0 };
    struct mln_buf out;

    for (const struct mln_value *v = listing->rows->items.first; v && !is_json; v = v->next) {
        print_row(v);
    }
    if (is_json) {
        mln_buf_init(&out, listing->arena, ARENA);
        mln_json_write_value(&out, listing->rows, true);
        MLN_TRY(mln_buf_finish(&out, &text));
        (void)printf("%.*s\n", (int)text.len, text.ptr);
    }
    return fflush(stdout) == 0 ? MLN_OK : MLN_ERROR(SYSTEM);
}

static mln_err list(const struct issuer_settings *s, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_credentials_closep) struct mln_credentials *credentials = NULL;
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(LIST_ARENA);
    struct listing listing = { .arena = arena };

    MLN_REQUIRE(arena, NO_MEMORY);
    listing.rows = mln_value_new(arena, MLN_V_ARRAY);
    MLN_REQUIRE(listing.rows, NO_MEMORY);
    MLN_TRY(mln_credentials_of_place(&s->place, false, fault, &credentials));
    MLN_TRY(mln_credentials_list_records(credentials, KIND, add_row, &listing));
    return print_rows(&listing, s->is_json);
}

/* ---- the command ---- */

static mln_err remove_all(const struct issuer_settings *s, int argc, char **argv,
                          struct mln_fault *fault)
{
    MLN_CLEANUP(mln_credentials_closep) struct mln_credentials *credentials = NULL;

    MLN_TRY(mln_credentials_of_place(&s->place, false, fault, &credentials));
    for (int i = 0; i < argc; i++) {
        MLN_TRY(mln_credentials_remove_record(credentials, KIND, mln_slice_z(argv[i]), fault));
    }
    return MLN_OK;
}

static mln_err run(const struct issuer_settings *s, int argc, char **argv, struct mln_fault *fault)
{
    if (argc == 2 && strcmp(argv[0], "add") == 0) {
        return add(s, mln_slice_z(argv[1]), fault);
    }
    if (argc == 1 && strcmp(argv[0], "list") == 0) {
        return list(s, fault);
    }
    if (argc > 1 && strcmp(argv[0], "remove") == 0) {
        return remove_all(s, argc - 1, argv + 1, fault);
    }
    mln_fault_set(fault, "expected: add ID, list or remove ID...");
    MLN_FAIL(CONFIG);
}

int mln_server_issuer(int argc, char **argv)
{
    struct issuer_settings s = { .place.data = MLN_CREDENTIALS_PLACE_DATA };
    struct mln_option_table table = { options, OPTIONS, set, &s };
    struct mln_fault fault = { 0 };
    int operand = argc;
    mln_err err = mln_options_parse(&table, 1, argc, argv, &fault, &operand);

    if (!mln_failed(err)) {
        err = run(&s, argc - operand, argv + operand, &fault);
    }
    return mln_failed(err) ? mln_credentials_fail("issuer", err, &fault) : 0;
}
