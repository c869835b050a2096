/* `merlon key`: add, list, remove, derive. */
#include "server/key_command.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/timestamp.h"
#include "codec/json.h"
#include "server/server.h"

enum { LIST_ARENA = 256 << 20, LIST_TEXT = 128 << 20 };

static const struct mln_option options[] = {
    { "data", 'd', "DIR", MLN_CREDENTIALS_PLACE_DATA, "Data directory of the CSE", false },
    { "master-key", 0, "FILE", NULL,
      "Master key that seals the credentials; by default master.key in the data directory, made "
      "with the first credential",
      false },
    { "id", 0, "NAME@DOMAIN", NULL, "add: identifier of the key, its PSK identity", false },
    { "credential-id", 0, "ID", NULL,
      "add: whole Credential-ID in place of --id; for certificates and raw public keys, such as "
      "33-//sp.example/S1",
      false },
    { "key-file", 'k', "FILE", NULL,
      "add, derive: read the key from this file, '-' for standard input", false },
    { "key-format", 0, "hex|raw", "hex", "add, derive: what files hold that are read", false },
    { "key-out", 0, "FILE", NULL,
      "add: make a random key of 32 bytes; derive: the key; write its digits to this new file",
      false },
    { "show", 0, NULL, NULL, "add, derive: print the digits of the key that is made, this once",
      false },
    { "peer", 0, "ID", NULL,
      "derive: whom the key is shared with: a MAF-ID, an absolute CSE-ID or AE-ID, for usage-key "
      "a domain name",
      false },
    { "receiver", 0, "FILE", NULL, "derive session-key: random object of the receiver, in JSON",
      false },
    { "originator", 0, "FILE", NULL, "derive session-key: that of the originator", false },
    { "salt-file", 0, "FILE", NULL, "derive end-to-end-master: the salt; without: zeros", false },
    { "ae-id", 0, "PATTERN", NULL,
      "add: AE-ID that the holder may use, stem or absolute; '*' stands for any characters but '/'",
      true },
    { "cse-id", 0, "ID", NULL, "add: the holder is this CSE; absolute, //domain/cse", false },
    { "app-id", 0, "PATTERN", NULL, "add: App-ID that the holder may register; without: any",
      true },
    { "role", 0, "ID", NULL, "add: Role-ID that the holder may use; without: any", true },
    { "not-before", 0, "TIME", NULL,
      "add: valid from then on: YYYYMMDDThhmmss in UTC, or from now a duration such as P1D",
      false },
    { "not-after", 0, "TIME", NULL, "add: valid until then, likewise; without: for ever", false },
    { "suid", 0, "NUMBER", NULL,
      "add, remove, derive: what it may be used for; for add by default a security association, 12 "
      "for a key and "
      "42 for a certificate",
      false },
    { "anchor", 0, "SHA-256", NULL,
      "add: the certificate must lead to the trust anchor with this fingerprint; without: to any "
      "that is configured",
      false },
    { "domain", 0, "NAME", NULL,
      "add: dNSName that the certificate of a CSE shows; derive exported: domain name in the "
      "identifier, of MEF or MAF",
      false },
    { "label", 0, "TEXT", NULL, "add: remark for people", false },
    { "json", 0, NULL, NULL, "list: print JSON", false },
};

enum { OPTIONS = sizeof options / sizeof options[0] };

const struct mln_option *mln_server_key_options(size_t *ret_count)
{
    *ret_count = OPTIONS;
    return options;
}

/* ---- settings ---- */

/* A point in time, or a duration from now on. */
static mln_err set_time(struct mln_slice value, int64_t *ret_us)
{
    int64_t us;

    if (mln_timestamp_parse(value, ret_us)) {
        return MLN_OK;
    }
    MLN_REQUIRE(mln_duration_parse(value, &us) && us <= MLN_TIMESTAMP_MAX, CONFIG);
    us += mln_env_now_us(mln_env_system());
    MLN_REQUIRE(us <= MLN_TIMESTAMP_MAX, CONFIG);
    *ret_us = us - us % MLN_US_PER_S;
    return MLN_OK;
}

static mln_err set_format(struct mln_key_settings *s, const char *value)
{
    s->is_raw = strcmp(value, "raw") == 0;
    MLN_REQUIRE(s->is_raw || strcmp(value, "hex") == 0, CONFIG);
    return MLN_OK;
}

static mln_err set_suid(struct mln_key_settings *s, struct mln_slice value)
{
    uint64_t n;

    MLN_REQUIRE(mln_num_u64(value, &n) && n < 100 && mln_suid_is_valid((unsigned)n), CONFIG);
    s->suid = (unsigned)n;
    return MLN_OK;
}

static mln_err append(struct mln_key_list *list, struct mln_slice value)
{
    MLN_REQUIRE(list->count < MLN_CREDENTIAL_LIST_MAX, LIMIT);
    list->items[list->count++] = value;
    return MLN_OK;
}

/* Options whose text is checked later. False for others. */
static bool set_text_option(struct mln_key_settings *s, const char *name, const char *value)
{
    const struct {
        const char *name;
        struct mln_slice *place;
    } texts[] = {
        { "id", &s->id },         { "credential-id", &s->credential_id },
        { "cse-id", &s->cse_id }, { "anchor", &s->anchor },
        { "domain", &s->domain }, { "label", &s->label },
        { "peer", &s->peer },
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(texts[i].name, name) == 0) {
            *texts[i].place = mln_slice_z(value);
            return true;
        }
    }
    return false;
}

/* Likewise for paths. */
static bool set_path_option(struct mln_key_settings *s, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **place;
    } paths[] = {
        { "data", &s->place.data },       { "master-key", &s->place.master_key },
        { "key-file", &s->key_file },     { "key-out", &s->key_out },
        { "salt-file", &s->salt_file },   { "receiver", &s->receiver },
        { "originator", &s->originator },
    };

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strcmp(paths[i].name, name) == 0) {
            *paths[i].place = value;
            return true;
        }
    }
    return false;
}

static struct mln_key_list *list_of(struct mln_key_settings *s, const char *name)
{
    if (strcmp(name, "ae-id") == 0) {
        return &s->ae_ids;
    }
    return strcmp(name, "app-id") == 0 ? &s->app_ids : &s->role_ids;
}

static mln_err set_value(struct mln_key_settings *s, const struct mln_option *option,
                         const char *value, struct mln_fault *fault)
{
    mln_err err;

    if (set_text_option(s, option->name, value) || set_path_option(s, option->name, value)) {
        return MLN_OK;
    }
    if (strcmp(option->name, "key-format") == 0) {
        return set_format(s, value);
    }
    if (strcmp(option->name, "suid") == 0) {
        err = set_suid(s, mln_slice_z(value));
        if (mln_failed(err)) {
            mln_fault_set(fault, "--suid: no use of keys has the number '%s'", value);
        }
        return err;
    }
    if (strcmp(option->name, "not-before") == 0) {
        return set_time(mln_slice_z(value), &s->not_before_us);
    }
    if (strcmp(option->name, "not-after") == 0) {
        return set_time(mln_slice_z(value), &s->not_after_us);
    }
    return append(list_of(s, option->name), mln_slice_z(value));
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct mln_key_settings *s = data;

    if (strcmp(option->name, "show") == 0) {
        s->shows = true;
    } else if (strcmp(option->name, "json") == 0) {
        s->is_json = true;
    } else {
        return set_value(s, option, value, fault);
    }
    return MLN_OK;
}

/* ---- list ---- */

static void put_time(int64_t us, char out[static MLN_TIMESTAMP_SIZE + 1])
{
    if (us > MLN_TIMESTAMP_MAX) {
        (void)snprintf(out, MLN_TIMESTAMP_SIZE + 1, "never");
    } else {
        out[mln_timestamp_put(out, us)] = '\0';
    }
}

static void print_list(const struct mln_credential_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        (void)printf(" %.*s", MLN_S_ARG(list->items[i]));
    }
}

static void print_holder(const struct mln_credential *c)
{
    struct mln_credential_id id;

    if (c->cse_id.len) {
        (void)printf(" CSE %.*s", MLN_S_ARG(c->cse_id));
    } else if (c->ae_ids.count) {
        (void)printf(" AE");
        print_list(&c->ae_ids);
    } else if (mln_credential_id_parse(c->id, &id) &&
               (id.type == MLN_CREDENTIAL_CSE || id.type == MLN_CREDENTIAL_AE)) {
        (void)printf(" as the certificate says");
    } else {
        (void)printf(" nobody yet");
    }
}

static mln_err print_row(void *data, const struct mln_credential *c)
{
    char end[MLN_TIMESTAMP_SIZE + 1];

    (void)data;
    put_time(c->not_after_us, end);
    (void)printf("%.*s suid %u, ends %s,", MLN_S_ARG(c->id), c->suid, end);
    print_holder(c);
    if (c->app_ids.count) {
        (void)printf(", App");
        print_list(&c->app_ids);
    }
    if (c->role_ids.count) {
        (void)printf(", role");
        print_list(&c->role_ids);
    }
    if (c->label.len) {
        (void)printf(", \"%.*s\"", MLN_S_ARG(c->label));
    }
    (void)printf("\n");
    return MLN_OK;
}

struct json {
    struct mln_arena *arena;
    struct mln_value *rows;
};

static mln_err set_text(struct mln_arena *arena, struct mln_value *object, const char *name,
                        struct mln_slice text)
{
    struct mln_value *v = text.len ? mln_value_text(arena, text) : NULL;

    MLN_REQUIRE(v || text.len == 0, NO_MEMORY);
    if (v) {
        MLN_REQUIRE(mln_arena_dup(arena, text, &v->text), NO_MEMORY);
        return mln_value_set(object, mln_slice_z(name), v);
    }
    return MLN_OK;
}

static mln_err set_list(struct mln_arena *arena, struct mln_value *object, const char *name,
                        const struct mln_credential_list *list)
{
    struct mln_value *array = list->count ? mln_value_new(arena, MLN_V_ARRAY) : NULL;

    for (size_t i = 0; array && i < list->count; i++) {
        struct mln_value *v = mln_value_text(arena, list->items[i]);

        MLN_REQUIRE(v && mln_arena_dup(arena, list->items[i], &v->text), NO_MEMORY);
        MLN_TRY(mln_value_append(array, v));
    }
    MLN_REQUIRE(array || list->count == 0, NO_MEMORY);
    return array ? mln_value_set(object, mln_slice_z(name), array) : MLN_OK;
}

static mln_err set_times(struct mln_arena *arena, struct mln_value *object,
                         const struct mln_credential *c)
{
    char text[MLN_TIMESTAMP_SIZE + 1];

    if (c->not_before_us > 0) {
        put_time(c->not_before_us, text);
        MLN_TRY(set_text(arena, object, "notBefore", mln_slice_z(text)));
    }
    if (c->not_after_us <= MLN_TIMESTAMP_MAX) {
        put_time(c->not_after_us, text);
        MLN_TRY(set_text(arena, object, "notAfter", mln_slice_z(text)));
    }
    return MLN_OK;
}

static mln_err add_row(void *data, const struct mln_credential *c)
{
    const struct json *json = data;
    struct mln_value *row = mln_value_new(json->arena, MLN_V_OBJECT);
    struct mln_value *suid = mln_value_uint(json->arena, c->suid);

    MLN_REQUIRE(row && suid, NO_MEMORY);
    MLN_TRY(set_text(json->arena, row, "id", c->id));
    MLN_TRY(mln_value_set(row, MLN_S("suid"), suid));
    MLN_TRY(set_text(json->arena, row, "label", c->label));
    MLN_TRY(set_text(json->arena, row, "anchor", c->anchor));
    MLN_TRY(set_text(json->arena, row, "domain", c->domain));
    MLN_TRY(set_text(json->arena, row, "cseId", c->cse_id));
    MLN_TRY(set_list(json->arena, row, "aeIds", &c->ae_ids));
    MLN_TRY(set_list(json->arena, row, "appIds", &c->app_ids));
    MLN_TRY(set_list(json->arena, row, "roleIds", &c->role_ids));
    MLN_TRY(set_times(json->arena, row, c));
    return mln_value_append(json->rows, row);
}

static mln_err print_json(struct mln_credentials *credentials)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(LIST_ARENA);
    struct mln_slice text = { 0 };
    struct mln_buf out;
    struct json json = { .arena = arena };

    MLN_REQUIRE(arena, NO_MEMORY);
    json.rows = mln_value_new(arena, MLN_V_ARRAY);
    MLN_REQUIRE(json.rows, NO_MEMORY);
    MLN_TRY(mln_credentials_list(credentials, add_row, &json));
    mln_buf_init(&out, arena, LIST_TEXT);
    mln_json_write_value(&out, json.rows, true);
    MLN_TRY(mln_buf_finish(&out, &text));
    (void)fwrite(text.ptr, 1, text.len, stdout);
    (void)printf("\n");
    return MLN_OK;
}

static mln_err list(const struct mln_key_settings *s, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_credentials_closep) struct mln_credentials *credentials = NULL;

    MLN_TRY(mln_credentials_of_place(&s->place, false, fault, &credentials));
    MLN_TRY(s->is_json ? print_json(credentials)
                       : mln_credentials_list(credentials, print_row, NULL));
    if (fflush(stdout) != 0) {
        mln_fault_set(fault, "cannot write to standard output");
        MLN_FAIL(SYSTEM);
    }
    return MLN_OK;
}

/* ---- remove ---- */

static mln_err remove_one(struct mln_credentials *credentials, struct mln_slice operand,
                          unsigned suid, struct mln_fault *fault)
{
    char room[MLN_CREDENTIAL_ID_MAX];
    struct mln_slice id = operand;
    struct mln_credential_id parsed;

    if (!mln_credential_id_parse(operand, &parsed)) {
        MLN_TRY(mln_key_credential_id(operand, suid, room, &id, fault));
    }
    return mln_credentials_remove(credentials, id, fault);
}

static mln_err remove_all(const struct mln_key_settings *s, int argc, char **argv,
                          struct mln_fault *fault)
{
    MLN_CLEANUP(mln_credentials_closep) struct mln_credentials *credentials = NULL;

    MLN_TRY(mln_credentials_of_place(&s->place, false, fault, &credentials));
    for (int i = 0; i < argc; i++) {
        MLN_TRY(remove_one(credentials, mln_slice_z(argv[i]), s->suid, fault));
    }
    return MLN_OK;
}

/* ---- the command ---- */

static mln_err run(const struct mln_key_settings *s, int argc, char **argv, struct mln_fault *fault)
{
    if (argc == 1 && strcmp(argv[0], "add") == 0) {
        return mln_key_add(s, fault);
    }
    if (argc == 1 && strcmp(argv[0], "list") == 0) {
        return list(s, fault);
    }
    if (argc > 1 && strcmp(argv[0], "remove") == 0) {
        return remove_all(s, argc - 1, argv + 1, fault);
    }
    if (argc == 2 && strcmp(argv[0], "derive") == 0) {
        return mln_key_derive(s, argv[1], fault);
    }
    mln_fault_set(fault, "expected: add, list, remove ID... or derive KIND");
    MLN_FAIL(CONFIG);
}

static mln_err parse_and_run(struct mln_key_settings *s, int argc, char **argv,
                             struct mln_fault *fault)
{
    struct mln_option_table table = { options, OPTIONS, set, s };
    int operand = argc;

    s->place.data = MLN_CREDENTIALS_PLACE_DATA;
    s->not_after_us = INT64_MAX;
    MLN_TRY(mln_options_parse(&table, 1, argc, argv, fault, &operand));
    return run(s, argc - operand, argv + operand, fault);
}

int mln_server_key(int argc, char **argv)
{
    struct mln_key_settings *s = mln_calloc(1, sizeof *s);
    struct mln_fault fault = { 0 };
    mln_err err = s ? parse_and_run(s, argc, argv, &fault) : MLN_ERROR(NO_MEMORY);

    mln_free(s);
    return mln_failed(err) ? mln_credentials_fail("key", err, &fault) : 0;
}
