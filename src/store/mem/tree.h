/* A sorted map of byte strings whose older states stay readable: a treap whose nodes are shared
 * between versions and copied on the way to a change.
 *
 * A node belongs to the transaction (epoch) that made it and is changed only by that one; all
 * others see it as constant. Nodes count their parents, so a version is freed from its root. One
 * thread changes; any thread may read or free a version it holds. */
#pragma once

#include "base/err.h"
#include "store/kv.h"

struct mln_tree_node;

/* The transaction on whose behalf the tree is changed. */
struct mln_tree_epoch {
    uint64_t number; /* grows with each transaction */
    uint64_t dice;   /* state of the priorities; any number but 0 */
};

/* One more holder of the version; NULL is fine, for the empty tree. */
void mln_tree_ref(struct mln_tree_node *root);
void mln_tree_unref(struct mln_tree_node *root);

/* Stores or replaces. On failure the map is as it was. *ret_grown: bytes more than before.
 * Errors: NO_MEMORY. */
mln_err mln_tree_put(struct mln_tree_node **root, struct mln_tree_epoch *epoch,
                     const struct mln_kv_row *row, int64_t *ret_grown);

/* Errors: NOT_FOUND, NO_MEMORY. */
mln_err mln_tree_del(struct mln_tree_node **root, struct mln_tree_epoch *epoch,
                     struct mln_slice key, int64_t *ret_grown);

enum mln_tree_seek {
    MLN_TREE_EQ,
    MLN_TREE_GE,
    MLN_TREE_GT,
    MLN_TREE_LE,
    MLN_TREE_LT,
};

/* The row nearest to the key in that direction; false when there is none. Slices are valid as
 * long as the version, or until its next change. */
bool mln_tree_find(const struct mln_tree_node *root, struct mln_slice key, enum mln_tree_seek seek,
                   struct mln_kv_row *ret);
