/* Runs the data-driven cases in process: runner BACKEND FOLDER.
 *
 * Each case of FOLDER/TYPE/FILE.json is a cmocka test on a CSE and a store of its own. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../store/tempdir.h"
#include "base/log.h"
#include "cases.h"
#include "codec/json.h"

enum { CASES_MAX = 4096, FILE_MAX = 1 << 20, ARENA = 256 << 20, PATH_SIZE = 700 };

struct listed {
    const struct mln_value *given;
    const char *name;
};

static struct {
    const char *backend;
    const char *directory;
    struct mln_arena *arena;
    struct listed cases[CASES_MAX];
    size_t count;
} all;

static void die(const char *file, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", file, why);
    exit(2);
}

/* ---- reading ---- */

static struct mln_slice read_file(const char *path)
{
    char *text = mln_arena_alloc(all.arena, FILE_MAX);
    FILE *f = fopen(path, "re");
    size_t len;

    if (!f || !text) {
        die(path, "cannot be read");
    }
    len = fread(text, 1, FILE_MAX, f);
    (void)fclose(f);
    if (len == FILE_MAX) {
        die(path, "too large");
    }
    return mln_slice_of(text, len);
}

static void add_case(const char *path, const struct mln_value *given)
{
    const struct mln_value *name = mln_value_get(given, MLN_S("name"));
    const char *file = path;
    char text[PATH_SIZE];

    if (!name || name->kind != MLN_V_TEXT || !mln_value_get(given, MLN_S("spec")) ||
        !mln_value_get(given, MLN_S("expect")) || all.count == CASES_MAX) {
        die(path, "a case needs name, spec and expect");
    }
    for (const char *at = path; *at; at++) {
        file = *at == '/' ? at + 1 : file;
    }
    (void)snprintf(text, sizeof text, "%s: %.*s", file, MLN_S_ARG(name->text));
    all.cases[all.count].given = given;
    all.cases[all.count++].name = mln_arena_zdup(all.arena, mln_slice_z(text));
}

static void add_file(const char *path)
{
    struct mln_value *list = NULL;
    struct mln_fault fault = { 0 };
    struct mln_limits limits;

    mln_limits_default(&limits);
    if (mln_failed(mln_json_read(read_file(path), &limits, all.arena, &list, &fault))) {
        die(path, fault.text);
    }
    if (list->kind != MLN_V_ARRAY) {
        die(path, "must be a list of cases");
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        add_case(path, v);
    }
}

static int is_wanted(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Calls `add` for each entry of the folder with that ending, in the order of their names. */
static void each_entry(const char *folder, const char *ending, void (*add)(const char *path))
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_wanted, alphasort);

    for (int i = 0; i < count; i++) {
        char path[PATH_SIZE];
        int len = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);

        if (len > 0 && (size_t)len < sizeof path &&
            mln_slice_ends(mln_slice_z(path), mln_slice_z(ending))) {
            add(path);
        }
        free(entries[i]);
    }
    free(entries);
}

static void add_folder(const char *path)
{
    each_entry(path, ".json", add_file);
}

/* ---- running ---- */

static void run_case(void **state)
{
    const struct listed *listed = *state;
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof path, "%s/%zu", all.directory, (size_t)(listed - all.cases));
    case_execute(listed->given, all.backend, path);
    tempdir_remove(path);
}

static int run_all(void)
{
    struct CMUnitTest *tests = calloc(all.count, sizeof *tests);
    int failed;

    if (!tests) {
        die(all.directory, "out of memory");
    }
    for (size_t i = 0; i < all.count; i++) {
        tests[i] = (struct CMUnitTest){
            .name = all.cases[i].name,
            .test_func = run_case,
            .initial_state = &all.cases[i],
        };
    }
    failed = _cmocka_run_group_tests("cases", tests, all.count, NULL, NULL);
    free(tests);
    return failed;
}

int main(int argc, char **argv)
{
    char directory[TEMPDIR_SIZE];
    int failed;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s BACKEND FOLDER\n", argv[0]);
        return 2;
    }
    mln_log_setup(MLN_LOG_ERROR, false);
    all.backend = argv[1];
    all.arena = mln_arena_new(ARENA);
    if (!all.arena) {
        die(argv[2], "out of memory");
    }
    each_entry(argv[2], "", add_folder);
    if (all.count == 0) {
        die(argv[2], "there are no cases");
    }
    if (access("/dev/shm", W_OK) == 0) {
        (void)setenv("TMPDIR", "/dev/shm", 0); /* thousands of commits: none needs a disk */
    }
    tempdir_make(directory);
    all.directory = directory;
    failed = run_all();
    tempdir_remove(directory);
    mln_arena_free(all.arena);
    return failed != 0;
}
