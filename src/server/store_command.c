/* `merlon store`: check, backup, restore, stats. */
#include <stdio.h>
#include <string.h>

#include "model/model.h"
#include "server/exit.h"
#include "server/tables.h"
#include "store/admin.h"
#include "store/guard.h"

struct store_settings {
    const char *data;
    const char *backend;
    bool is_json;
};

static const struct mln_option options[] = {
    { "data", 'd', "DIR", "./merlon-data", "Directory of the store", false },
    { "store", 0, "lmdb", "lmdb", "Backend of the store", false },
    { "json", 0, NULL, NULL, "Print statistics as JSON", false },
};

enum { OPTIONS = sizeof options / sizeof options[0] };

const struct mln_option *mln_server_store_options(size_t *ret_count)
{
    *ret_count = OPTIONS;
    return options;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct store_settings *s = data;

    if (strcmp(option->name, "data") == 0) {
        s->data = value;
    } else if (strcmp(option->name, "json") == 0) {
        s->is_json = true;
    } else if (mln_stores_has(value) && strcmp(value, "mem") != 0) {
        s->backend = value;
    } else {
        mln_fault_set(fault, "store: '%s' keeps no data", value);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static int fail(mln_err err, const struct mln_fault *fault)
{
    (void)fprintf(stderr, "merlon store: %s\n", mln_exit_text(err, fault));
    return (int)mln_exit_of(err);
}

/* ---- check ---- */

static void report(void *data, const char *text)
{
    (void)data;
    (void)printf("%s\n", text);
}

static mln_err check(struct mln_store *store, int *ret_code)
{
    uint64_t faults;

    (void)setvbuf(stdout, NULL, _IOLBF,
                  0); /* what is found stays told if a page ends the process */
    MLN_TRY(mln_store_check(store, report, NULL, &faults));
    if (faults) {
        (void)printf("%llu faults\n", (unsigned long long)faults);
    } else {
        (void)printf("the store is sound\n");
    }
    *ret_code = faults ? MLN_EXIT_STORE_DAMAGED : MLN_EXIT_OK;
    return MLN_OK;
}

/* ---- stats ---- */

static const char *type_name(size_t ty)
{
    const struct mln_type *type = ty ? mln_model_type(ty) : NULL;

    return type ? type->long_name : "other";
}

static void print_json(const struct mln_store_stats *s)
{
    const char *comma = "";

    (void)printf("{\"format\": %llu, \"resources\": %llu, \"bytesUsed\": %llu, \"bytesMax\": %llu, "
                 "\"outbox\": %llu, \"purge\": %llu, \"byType\": {",
                 (unsigned long long)s->format, (unsigned long long)s->resources,
                 (unsigned long long)s->bytes_used, (unsigned long long)s->bytes_max,
                 (unsigned long long)s->records[MLN_SPACE_OUTBOX],
                 (unsigned long long)s->records[MLN_SPACE_PURGE]);
    for (size_t ty = 0; ty < sizeof s->by_type / sizeof s->by_type[0]; ty++) {
        if (s->by_type[ty]) {
            (void)printf("%s\"%s\": %llu", comma, type_name(ty),
                         (unsigned long long)s->by_type[ty]);
            comma = ", ";
        }
    }
    (void)printf("}}\n");
}

static void print_text(const struct mln_store_stats *s)
{
    (void)printf("data format    %llu\n", (unsigned long long)s->format);
    (void)printf("resources      %llu\n", (unsigned long long)s->resources);
    for (size_t ty = 0; ty < sizeof s->by_type / sizeof s->by_type[0]; ty++) {
        if (s->by_type[ty]) {
            (void)printf("  %-20s %llu\n", type_name(ty), (unsigned long long)s->by_type[ty]);
        }
    }
    (void)printf("outbox         %llu notifications\n",
                 (unsigned long long)s->records[MLN_SPACE_OUTBOX]);
    (void)printf("to purge       %llu deleted resources with descendants\n",
                 (unsigned long long)s->records[MLN_SPACE_PURGE]);
    (void)printf("size           %llu of at most %llu bytes\n", (unsigned long long)s->bytes_used,
                 (unsigned long long)s->bytes_max);
}

static mln_err stats(struct mln_store *store, bool is_json)
{
    struct mln_reader *reader;
    struct mln_view *view;
    struct mln_store_stats s;
    mln_err err;

    MLN_TRY(mln_reader_new(store, &reader));
    err = mln_view_begin(reader, &view);
    if (!mln_failed(err)) {
        err = mln_store_stats(view, &s);
        mln_view_end(view);
    }
    mln_reader_free(reader);
    MLN_TRY(err);
    if (is_json) {
        print_json(&s);
    } else {
        print_text(&s);
    }
    return MLN_OK;
}

/* ---- the commands ---- */

static mln_err on_store(const struct store_settings *s, int argc, char **argv, int *ret_code,
                        struct mln_fault *fault)
{
    struct mln_store_options o = { .backend = s->backend, .path = s->data, .is_read_only = true };
    struct mln_store *store;
    mln_err err;

    MLN_TRY(mln_store_open(&o, mln_env_system(), fault, &store));
    if (strcmp(argv[0], "check") == 0) {
        err = check(store, ret_code);
    } else if (strcmp(argv[0], "stats") == 0) {
        err = stats(store, s->is_json);
    } else {
        err = mln_store_backup(store, argv[argc - 1], fault);
    }
    mln_store_close(store);
    if (err.code == MLN_ERR_STORE_CORRUPT) {
        mln_fault_set(fault, "the store in %s is damaged; restore a backup", s->data);
    }
    return err;
}

static mln_err run(const struct store_settings *s, int argc, char **argv, int *ret_code,
                   struct mln_fault *fault)
{
    struct mln_store_options o = { .backend = s->backend, .path = s->data };
    bool takes_file =
        argc > 0 && (strcmp(argv[0], "backup") == 0 || strcmp(argv[0], "restore") == 0);
    bool is_known = takes_file ||
                    (argc > 0 && (strcmp(argv[0], "check") == 0 || strcmp(argv[0], "stats") == 0));

    if (!is_known || argc != (takes_file ? 2 : 1)) {
        mln_fault_set(fault, "expected: check, stats, backup FILE or restore FILE");
        MLN_FAIL(CONFIG);
    }
    if (takes_file && strcmp(argv[1], "-") == 0) {
        mln_fault_set(fault,
                      "%s needs a file: its size and its name on the disk matter; './-' is one",
                      argv[0]);
        MLN_FAIL(CONFIG);
    }
    if (strcmp(argv[0], "restore") == 0) {
        return mln_store_restore(argv[1], &o, mln_env_system(), fault);
    }
    return on_store(s, argc, argv, ret_code, fault);
}

int mln_server_store(int argc, char **argv)
{
    struct store_settings s = { .data = "./merlon-data", .backend = "lmdb" };
    struct mln_option_table table = { options, OPTIONS, set, &s };
    struct mln_fault fault = { 0 };
    int operand = argc;
    int code = MLN_EXIT_OK;
    mln_err err = mln_options_parse(&table, 1, argc, argv, &fault, &operand);

    mln_guard_install(MLN_EXIT_STORE_DAMAGED);
    if (!mln_failed(err)) {
        err = run(&s, argc - operand, argv + operand, &code, &fault);
    }
    return mln_failed(err) ? fail(err, &fault) : code;
}
