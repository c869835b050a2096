/* Damage that LMDB does not look for, or cannot return: what its meta pages say, and where its map
 * is, for store/guard.h. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/lmdb/lmdb_int.h"

enum {
    METAS = 2,
    PAGE_MIN = 512,
    PAGE_MAX = 65536,
    LINE_MAX_BYTES = 4600, /* a line of /proc/self/maps: numbers and a path */
};

static const uint32_t magic = 0xBEEFC0DE;
static const uint64_t most_bytes = UINT64_C(1) << 47; /* what a process can map */

/* A meta page of data version 1, as LMDB lays it out. */
struct table_head {
    uint32_t page_size; /* in the first table; unused here in the others */
    uint16_t flags;
    uint16_t depth;
    size_t branch_pages;
    size_t leaf_pages;
    size_t overflow_pages;
    size_t entries;
    size_t root;
};

struct meta_page {
    size_t number;
    uint16_t unused;
    uint16_t flags;
    uint32_t bounds;
    uint32_t magic;
    uint32_t version;
    void *address;
    size_t map_size;
    struct table_head tables[2];
    size_t last_page;
    size_t txn_id;
};

/* ---- meta pages ---- */

static bool is_sane(const struct meta_page *m)
{
    uint32_t page = m->tables[0].page_size;

    if (m->magic != magic) {
        return true; /* LMDB says so itself */
    }
    return page >= PAGE_MIN && page <= PAGE_MAX && (page & (page - 1)) == 0 &&
           m->map_size <= most_bytes && m->last_page <= most_bytes / page;
}

mln_err mln_lmdb_check_metas(const struct mln_lmdb *l, struct mln_fault *fault)
{
    int fd = open(l->file, O_RDONLY | O_CLOEXEC);
    struct meta_page m;
    bool is_fine = true;
    off_t at = 0;

    for (int i = 0; fd >= 0 && is_fine && i < METAS; i++) {
        if (pread(fd, &m, sizeof m, at) != (ssize_t)sizeof m) {
            break; /* new, or none: opening it tells */
        }
        is_fine = is_sane(&m);
        at = (off_t)m.tables[0].page_size;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (!is_fine) {
        mln_fault_set(fault, "%s is damaged: its first pages name impossible sizes", l->file);
        MLN_FAIL(STORE_CORRUPT);
    }
    return MLN_OK;
}

/* ---- the map ---- */

/* The number in lower case hexadecimal digits at the front of *rest, which is moved behind them. */
static uintptr_t take_hex(const char **rest)
{
    static const char digits[] = "0123456789abcdef";
    uintptr_t n = 0;
    const char *digit;

    while (**rest && (digit = strchr(digits, **rest))) {
        n = n << 4 | (uintptr_t)(digit - digits);
        (*rest)++;
    }
    return n;
}

/* "from-to perms offset device inode path" */
static bool is_map_of(const char *line, const char *file, size_t size, uintptr_t *ret)
{
    const char *name = strrchr(file, '/');
    const char *rest = line;
    uintptr_t from = take_hex(&rest);
    uintptr_t to = *rest == '-' ? (rest++, take_hex(&rest)) : 0;
    size_t name_len = name ? strlen(name) : 0;
    size_t len = strcspn(line, "\n");

    *ret = from;
    return from && to > from && to - from == size && name_len && len > name_len &&
           memcmp(line + len - name_len, name, name_len) == 0;
}

/* LMDB tells the size of its map, not the address. Where /proc is missing there is no guard. */
static void *find_map(const char *file, size_t size)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[LINE_MAX_BYTES];
    uintptr_t from = 0;
    bool is_found = false;

    while (maps && !is_found && fgets(line, sizeof line, maps)) {
        is_found = is_map_of(line, file, size, &from);
    }
    if (maps) {
        (void)fclose(maps);
    }
    return is_found ? (void *)from : NULL;
}

static void assertion_failed(MDB_env *env, const char *text)
{
    const struct mln_lmdb *l = mdb_env_get_userctx(env);

    (void)text; /* about LMDB's code */
    mln_guard_end(l->guard);
}

void mln_lmdb_guard(struct mln_lmdb *l)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    MDB_envinfo info;

    (void)mdb_env_set_userctx(l->env, l);
    (void)mdb_env_set_assert(l->env, assertion_failed);
    if (mdb_env_info(l->env, &info) == 0) {
        size_t size = (info.me_mapsize + page - 1) / page * page;

        l->guard = mln_guard_add(find_map(l->file, size), size, l->directory);
    }
}

void mln_lmdb_env_close(struct mln_lmdb *l)
{
    mln_guard_remove(l->guard);
    l->guard = NULL;
    if (l->env) {
        mdb_env_close(l->env);
    }
    l->env = NULL;
}
