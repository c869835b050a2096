/* Where each resource of a tree stands: below the one whose path is the beginning of its own; or,
 * when the CSE lists resource IDs, below the one whose ID it names as its parent. */
#include <stdlib.h>
#include <string.h>

#include "cli/tree.h"

/* A table of nodes under a key, sorted by it. */
struct entry {
    struct mln_slice key;
    struct mln_tree_node *node;
};

struct table {
    struct entry *entries;
    size_t count;
};

static int compare(const void *a, const void *b)
{
    return mln_slice_cmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

static struct mln_tree_node *find(const struct table *table, struct mln_slice key)
{
    struct entry wanted = { .key = key };
    struct entry *hit =
        key.len ? bsearch(&wanted, table->entries, table->count, sizeof wanted, compare) : NULL;

    return hit ? hit->node : NULL;
}

static struct mln_slice path_key(const struct mln_tree_node *node)
{
    return mln_slice_z(node->address);
}

static struct mln_slice id_key(const struct mln_tree_node *node)
{
    return node->ri;
}

static mln_err make_table(struct mln_tree *t, struct mln_slice (*key)(const struct mln_tree_node *),
                          struct table *ret)
{
    struct table table = { 0 };

    table.entries = mln_arena_zalloc(t->session->arena, t->count + 1, sizeof *table.entries);
    MLN_REQUIRE(table.entries, NO_MEMORY);
    for (size_t i = 0; i < t->count; i++) {
        struct mln_slice k = key(t->nodes[i]);

        if (k.len) {
            table.entries[table.count++] = (struct entry){ k, t->nodes[i] };
        }
    }
    qsort(table.entries, table.count, sizeof *table.entries, compare);
    *ret = table;
    return MLN_OK;
}

/* The path without its last segment; empty at the top. */
static struct mln_slice parent_path(struct mln_slice path)
{
    while (path.len && path.ptr[path.len - 1] != '/') {
        path.len--;
    }
    while (path.len && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    return path;
}

/* The nearest listed resource above: one in between may be hidden from the originator. */
static struct mln_tree_node *parent_by_path(const struct table *paths, const char *address)
{
    struct mln_slice path = parent_path(mln_slice_z(address));
    struct mln_tree_node *parent = NULL;

    while (path.len && !parent) {
        parent = find(paths, path);
        path = parent_path(path);
    }
    return parent;
}

/* The path of the root is the one that all paths at the top share: that of the shortest one's
 * parent. */
static struct mln_slice root_path(const struct mln_tree *t)
{
    struct mln_slice best = { 0 };

    for (size_t i = 0; i < t->count; i++) {
        struct mln_slice path = parent_path(mln_slice_z(t->nodes[i]->address));

        if (t->nodes[i]->parent == &t->root && path.len && (!best.len || path.len < best.len)) {
            best = path;
        }
    }
    return best;
}

/* What of a path is new below the parent's; the name as the CSE told it when the paths do not show
 * it. */
static const char *name_below(const struct mln_tree_node *node, struct mln_slice above)
{
    struct mln_slice path = mln_slice_z(node->address);
    const char *last = strrchr(node->address, '/');

    if (above.len && path.len > above.len && mln_slice_starts(path, above) &&
        path.ptr[above.len] == '/') {
        return path.ptr + above.len + 1;
    }
    if (*node->name) {
        return node->name;
    }
    return last ? last + 1 : node->address;
}

/* A CSE may tell parents that go round in a circle, or deeper than anything can be drawn. */
static bool leads_to_root(const struct mln_tree *t, const struct mln_tree_node *node)
{
    for (int i = 0; i < MLN_TREE_DEPTH && node; i++) {
        if (node == &t->root) {
            return true;
        }
        node = node->parent;
    }
    return false;
}

static void append(struct mln_tree_node *parent, struct mln_tree_node *node)
{
    if (parent->last) {
        parent->last->next = node;
    } else {
        parent->first = node;
    }
    parent->last = node;
    parent->children++;
}

static void find_parents(struct mln_tree *t, const struct table *paths, const struct table *ids)
{
    for (size_t i = 0; i < t->count; i++) {
        struct mln_tree_node *node = t->nodes[i];
        struct mln_tree_node *parent = parent_by_path(paths, node->address);

        if (!parent) {
            parent = find(ids, node->pi);
        }
        node->parent = parent && parent != node ? parent : &t->root;
    }
    for (size_t i = 0; i < t->count; i++) {
        if (!leads_to_root(t, t->nodes[i])) {
            t->nodes[i]->parent = &t->root;
        }
    }
}

mln_err mln_tree_place(struct mln_tree *t)
{
    struct table paths;
    struct table ids;
    struct mln_slice above;

    MLN_TRY(make_table(t, path_key, &paths));
    MLN_TRY(make_table(t, id_key, &ids));
    find_parents(t, &paths, &ids);
    above = root_path(t);
    for (size_t i = 0; i < t->count; i++) {
        struct mln_tree_node *node = t->nodes[i];
        bool is_top = node->parent == &t->root;

        node->name = name_below(node, is_top ? above : mln_slice_z(node->parent->address));
        append(node->parent, node);
    }
    return MLN_OK;
}
