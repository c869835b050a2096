/* The table is sorted by the length of the prefix, the longest first, then by address; so a look-up
 * is one binary search for each length that occurs. A reload puts another in its place while nobody
 * looks. */
#include "server/locations.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "cse/access/iprange.h"

enum {
    FILE_MAX = 256 << 20,
    ARENA_MAX = 1 << 30,
    LENGTHS = 33 + 129, /* of IPv4 and IPv6 prefixes */
    FIELDS = 4,
};

struct row {
    struct mln_iprange range;
    struct mln_location location;
    unsigned line;
};

/* Rows whose prefixes have the same length. */
struct run {
    const struct row *first;
    size_t count;
};

struct table {
    struct mln_arena *arena;
    struct row *rows;
    size_t count;
    size_t room;
    struct run runs[LENGTHS];
    size_t run_count;
};

struct mln_locations {
    const char *path;
    struct mln_locator locator;
    pthread_rwlock_t lock;
    struct table *table;
};

/* ---- order ---- */

static int compare_ips(const struct mln_ip *a, const struct mln_ip *b)
{
    if (a->high != b->high) {
        return a->high < b->high ? -1 : 1;
    }
    return (a->low > b->low) - (a->low < b->low);
}

/* Longest prefixes first: IPv6 and IPv4 never match the same address. */
static int compare_ranges(const struct mln_iprange *a, const struct mln_iprange *b)
{
    if (a->first.family != b->first.family) {
        return a->first.family < b->first.family ? -1 : 1;
    }
    if (a->bits != b->bits) {
        return a->bits > b->bits ? -1 : 1;
    }
    return compare_ips(&a->first, &b->first);
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;

    return compare_ranges(&x->range, &y->range);
}

/* ---- look-up ---- */

static bool find(const struct table *l, const struct mln_ip *ip, struct mln_location *ret)
{
    for (size_t i = 0; i < l->run_count; i++) {
        const struct mln_iprange *of_run = &l->runs[i].first->range;
        struct row wanted = { .range = mln_iprange_around(ip, of_run->bits) };
        const struct row *row =
            of_run->first.family == ip->family
                ? bsearch(&wanted, l->runs[i].first, l->runs[i].count, sizeof wanted, compare_rows)
                : NULL;

        if (row) {
            *ret = row->location;
            return true;
        }
    }
    return false;
}

static bool locate(void *data, const struct mln_ip *ip, struct mln_location *ret)
{
    struct mln_locations *l = data;
    bool is_known;

    (void)pthread_rwlock_rdlock(&l->lock);
    is_known = find(l->table, ip, ret);
    (void)pthread_rwlock_unlock(&l->lock);
    return is_known;
}

/* ---- reading ---- */

static mln_err grow(struct table *l)
{
    size_t room = l->room ? l->room * 2 : 64;
    struct row *rows =
        mln_arena_grow(l->arena, l->rows, l->room * sizeof *rows, room * sizeof *rows);

    MLN_REQUIRE(rows, NO_MEMORY);
    l->rows = rows;
    l->room = room;
    return MLN_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static size_t split(struct mln_slice line, struct mln_slice out[static FIELDS])
{
    size_t count = 0;

    while (line.len) {
        size_t len = 0;

        while (len < line.len && !is_blank(line.ptr[len])) {
            len++;
        }
        if (len && count == FIELDS) {
            return FIELDS + 1;
        }
        if (len) {
            out[count++] = mln_slice_head(line, len);
        }
        line = mln_slice_from(line, len + 1);
    }
    return count;
}

static bool is_unknown(struct mln_slice s)
{
    return mln_slice_eq(s, MLN_S("-"));
}

static mln_err read_row(const struct mln_slice fields[static FIELDS], struct row *ret,
                        struct mln_fault *fault)
{
    MLN_TRY(mln_iprange_parse(fields[0], &ret->range, fault));
    if (is_unknown(fields[1]) != is_unknown(fields[2])) {
        mln_fault_set(fault, "latitude and longitude are known together or not at all");
        MLN_FAIL(ATTR_INVALID);
    }
    if (!is_unknown(fields[1])) {
        MLN_TRY(mln_latitude_parse(fields[1], &ret->location.latitude, fault));
        MLN_TRY(mln_longitude_parse(fields[2], &ret->location.longitude, fault));
        ret->location.has_position = true;
    }
    return is_unknown(fields[3]) ? MLN_OK
                                 : mln_country_parse(fields[3], &ret->location.country, fault);
}

static mln_err read_line(struct table *l, struct mln_slice line, unsigned number,
                         struct mln_fault *fault)
{
    struct mln_slice fields[FIELDS];
    size_t count = split(mln_slice_head(line, mln_slice_find(line, '#')), fields);

    if (count == 0) {
        return MLN_OK;
    }
    if (count != FIELDS) {
        mln_fault_set(fault, "a line is PREFIX LATITUDE LONGITUDE COUNTRY");
        MLN_FAIL(ATTR_INVALID);
    }
    if (l->count == l->room) {
        MLN_TRY(grow(l));
    }
    l->rows[l->count] = (struct row){ .line = number };
    MLN_TRY(read_row(fields, &l->rows[l->count], fault));
    l->count++;
    return MLN_OK;
}

static mln_err refuse(const char *path, unsigned line, const char *why, struct mln_fault *fault)
{
    mln_fault_set(fault, "%s:%u: %s", path, line, why);
    MLN_FAIL(CONFIG);
}

static mln_err read_lines(struct table *l, struct mln_slice text, const char *path,
                          struct mln_fault *fault)
{
    for (unsigned number = 1; text.ptr; number++) {
        struct mln_fault here = { 0 };
        mln_err err = read_line(l, mln_slice_cut(&text, '\n'), number, &here);

        MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
        if (mln_failed(err)) {
            return refuse(path, number, here.text, fault);
        }
    }
    return MLN_OK;
}

static bool is_of_run(const struct run *run, const struct row *row)
{
    const struct mln_iprange *range = &run->first->range;

    return range->bits == row->range.bits && range->first.family == row->range.first.family;
}

static mln_err sort(struct table *l, const char *path, struct mln_fault *fault)
{
    if (l->count) {
        qsort(l->rows, l->count, sizeof *l->rows, compare_rows);
    }
    for (size_t i = 0; i < l->count; i++) {
        struct run *run = l->run_count ? &l->runs[l->run_count - 1] : NULL;
        const struct row *row = &l->rows[i];

        if (i > 0 && compare_rows(row - 1, row) == 0) {
            unsigned line = row->line > row[-1].line ? row->line : row[-1].line;

            return refuse(path, line, "this prefix stands here for the second time", fault);
        }
        if (!run || !is_of_run(run, row)) {
            run = &l->runs[l->run_count++];
            *run = (struct run){ .first = row };
        }
        run->count++;
    }
    return MLN_OK;
}

static void free_table(struct table *table)
{
    if (table) {
        mln_arena_free(table->arena);
    }
}

static mln_err parse(struct mln_slice text, const char *path, struct table **ret,
                     struct mln_fault *fault)
{
    struct mln_arena *arena = mln_arena_new(ARENA_MAX);
    struct table *l = arena ? mln_arena_zalloc(arena, 1, sizeof *l) : NULL;
    mln_err err;

    if (!l) {
        mln_arena_free(arena);
        MLN_FAIL(NO_MEMORY);
    }
    l->arena = arena;
    err = read_lines(l, text, path, fault);
    if (!mln_failed(err)) {
        err = sort(l, path, fault);
    }
    if (mln_failed(err)) {
        free_table(l);
        return err;
    }
    *ret = l;
    return MLN_OK;
}

/* The whole file in a block of its own. */
static mln_err read_whole(FILE *f, char **ret, size_t *ret_len)
{
    long len;
    char *text;

    MLN_REQUIRE(fseek(f, 0, SEEK_END) == 0, SYSTEM);
    len = ftell(f);
    MLN_REQUIRE(len >= 0 && fseek(f, 0, SEEK_SET) == 0, SYSTEM);
    MLN_REQUIRE(len <= FILE_MAX, LIMIT);
    text = mln_malloc((size_t)len + 1);
    MLN_REQUIRE(text, NO_MEMORY);
    *ret_len = fread(text, 1, (size_t)len, f);
    *ret = text;
    return ferror(f) ? MLN_ERROR(SYSTEM) : MLN_OK;
}

static mln_err read_table(const char *path, struct table **ret, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_freep) char *text = NULL;
    FILE *f = fopen(path, "re");
    size_t len = 0;
    mln_err err;

    if (!f) {
        mln_fault_set(fault, "%s: %s", path, strerror(errno));
        MLN_FAIL(SYSTEM);
    }
    err = read_whole(f, &text, &len);
    (void)fclose(f);
    if (mln_failed(err)) {
        mln_fault_set(fault, "%s: cannot be read, or is larger than %d bytes", path, FILE_MAX);
        return err;
    }
    return parse(mln_slice_of(text, len), path, ret, fault);
}

/* ---- life ---- */

mln_err mln_locations_read(const char *path, struct mln_locations **ret, struct mln_fault *fault)
{
    struct mln_locations *l = mln_calloc(1, sizeof *l);
    mln_err err;

    MLN_REQUIRE(l, NO_MEMORY);
    l->path = path;
    l->locator = (struct mln_locator){ l, locate };
    err = pthread_rwlock_init(&l->lock, NULL) == 0 ? read_table(path, &l->table, fault)
                                                   : MLN_ERROR(NO_MEMORY);
    if (mln_failed(err)) {
        mln_free(l);
        return err;
    }
    *ret = l;
    return MLN_OK;
}

mln_err mln_locations_reload(struct mln_locations *locations, struct mln_fault *fault)
{
    struct table *fresh;
    struct table *old;

    MLN_TRY(read_table(locations->path, &fresh, fault));
    (void)pthread_rwlock_wrlock(&locations->lock);
    old = locations->table;
    locations->table = fresh;
    (void)pthread_rwlock_unlock(&locations->lock);
    free_table(old);
    return MLN_OK;
}

void mln_locations_free(struct mln_locations *locations)
{
    if (locations) {
        (void)pthread_rwlock_destroy(&locations->lock);
        free_table(locations->table);
        mln_free(locations);
    }
}

const struct mln_locator *mln_locations_locator(const struct mln_locations *locations)
{
    return locations ? &locations->locator : NULL;
}
