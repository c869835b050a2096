/* Reading a directory of definitions. */
#include "server/definitions.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"

enum { FILE_MAX = 1 << 20, FILES_MAX = 1000, PATH_SIZE = 4096, ARENA_MAX = 1 << 20 };

static bool is_definition(const char *name)
{
    return name[0] != '.' && mln_slice_ends(mln_slice_z(name), MLN_S(".flex"));
}

/* One byte more than a file may have is room to see that it has more. */
static mln_err read_text(const char *path, char *text, size_t *ret_len, struct mln_fault *fault)
{
    FILE *f = fopen(path, "re");
    bool has_failed;

    if (!f) {
        mln_fault_set(fault, "%s: %s", path, strerror(errno));
        MLN_FAIL(SYSTEM);
    }
    *ret_len = fread(text, 1, FILE_MAX + 1, f);
    has_failed = ferror(f) != 0;
    (void)fclose(f);
    if (has_failed) {
        mln_fault_set(fault, "%s: cannot be read", path);
        MLN_FAIL(SYSTEM);
    }
    if (*ret_len > FILE_MAX) {
        mln_fault_set(fault, "%s: larger than %d bytes", path, FILE_MAX);
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

static mln_err read_file(struct mln_definitions *set, const char *path, char *text,
                         struct mln_fault *fault)
{
    struct mln_fault detail = { "" };
    size_t len;
    size_t line;
    mln_err err;

    MLN_TRY(read_text(path, text, &len, fault));
    err = mln_definitions_read(set, mln_slice_of(text, len), &line, &detail);
    if (mln_failed(err)) {
        mln_fault_set(fault, "%s:%zu: %s", path, line,
                      detail.text[0] ? detail.text : mln_err_text(err));
    }
    return err;
}

/* Names of the files, in the arena. */
struct names {
    struct mln_arena *arena;
    char **items;
    size_t count;
};

static mln_err list_names(DIR *entries, struct names *names)
{
    const struct dirent *entry;

    names->items = mln_arena_zalloc(names->arena, FILES_MAX, sizeof *names->items);
    MLN_REQUIRE(names->items, NO_MEMORY);
    while ((entry = readdir(entries)) != NULL) {
        if (!is_definition(entry->d_name)) {
            continue;
        }
        MLN_REQUIRE(names->count < FILES_MAX, LIMIT);
        names->items[names->count] = mln_arena_zdup(names->arena, mln_slice_z(entry->d_name));
        MLN_REQUIRE(names->items[names->count++], NO_MEMORY);
    }
    return MLN_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static mln_err read_files(struct mln_definitions *set, const char *directory,
                          const struct names *names, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_freep) char *text = mln_malloc(FILE_MAX + 1);
    char path[PATH_SIZE];

    MLN_REQUIRE(text, NO_MEMORY);
    for (size_t i = 0; i < names->count; i++) {
        int len = snprintf(path, sizeof path, "%s/%s", directory, names->items[i]);

        MLN_REQUIRE(len > 0 && (size_t)len < sizeof path, LIMIT);
        MLN_TRY(read_file(set, path, text, fault));
    }
    return MLN_OK;
}

mln_err mln_server_definitions(const char *directory, const struct mln_limits *limits,
                               struct mln_definitions **ret, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(ARENA_MAX);
    struct names names = { .arena = arena };
    struct mln_definitions *set = NULL;
    DIR *entries = opendir(directory);
    mln_err err;

    if (!entries) {
        mln_fault_set(fault, "%s: %s", directory, strerror(errno));
        MLN_FAIL(SYSTEM);
    }
    err = arena ? list_names(entries, &names) : MLN_ERROR(NO_MEMORY);
    (void)closedir(entries);
    MLN_TRY(err);
    qsort((void *)names.items, names.count, sizeof *names.items, compare);
    MLN_TRY(mln_definitions_new(limits, &set));
    err = read_files(set, directory, &names, fault);
    if (mln_failed(err)) {
        mln_definitions_free(set);
        return err;
    }
    *ret = set;
    return MLN_OK;
}
