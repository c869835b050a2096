/* Chained hash table; its buckets double as it fills. */
#include "e2e/id_table.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_CAP = 64 };

static struct mln_id_link **bucket_of(const struct mln_id_table *table, const unsigned char *id)
{
    uint64_t hash;

    memcpy(&hash, id, sizeof hash);
    return &table->buckets[(size_t)hash & (table->cap - 1)];
}

static bool same(const unsigned char *a, const unsigned char *b)
{
    uint64_t x[2];
    uint64_t y[2];

    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return x[0] == y[0] && x[1] == y[1];
}

struct mln_id_link *mln_id_table_find(const struct mln_id_table *table,
                                      const unsigned char id[static MLN_ID_BYTES])
{
    struct mln_id_link *link = table->cap ? *bucket_of(table, id) : NULL;

    while (link && !same(link->id, id)) {
        link = link->next;
    }
    return link;
}

static void put(struct mln_id_table *table, struct mln_id_link *link)
{
    struct mln_id_link **bucket = bucket_of(table, link->id);

    link->next = *bucket;
    *bucket = link;
}

static mln_err grow(struct mln_id_table *table)
{
    struct mln_id_table larger = { .cap = table->cap ? table->cap * 2 : FIRST_CAP,
                                   .count = table->count };

    larger.buckets = mln_calloc(larger.cap, sizeof *larger.buckets);
    MLN_REQUIRE(larger.buckets, NO_MEMORY);
    for (size_t i = 0; i < table->cap; i++) {
        for (struct mln_id_link *link = table->buckets[i]; link;) {
            struct mln_id_link *next = link->next;

            put(&larger, link);
            link = next;
        }
    }
    mln_free(table->buckets);
    *table = larger;
    return MLN_OK;
}

mln_err mln_id_table_add(struct mln_id_table *table, struct mln_id_link *link)
{
    if (table->count >= table->cap) {
        MLN_TRY(grow(table));
    }
    put(table, link);
    table->count++;
    return MLN_OK;
}

void mln_id_table_remove(struct mln_id_table *table, const struct mln_id_link *link)
{
    struct mln_id_link **at = bucket_of(table, link->id);

    while (*at != link) {
        at = &(*at)->next;
    }
    *at = link->next;
    table->count--;
}

void mln_id_table_clear(struct mln_id_table *table)
{
    mln_free(table->buckets);
    *table = (struct mln_id_table){ 0 };
}
