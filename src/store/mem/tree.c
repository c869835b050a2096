/* A persistent treap. */
#include "store/mem/tree.h"

#include <stdatomic.h>

#include "base/mem.h"

struct mln_tree_node {
    atomic_uint refs;
    uint32_t priority; /* no child has a greater one */
    uint64_t epoch;
    struct mln_tree_node *left;
    struct mln_tree_node *right;
    size_t key_len;
    size_t value_len;
    char bytes[]; /* key, value */
};

static struct mln_slice key_of(const struct mln_tree_node *node)
{
    return mln_slice_of(node->bytes, node->key_len);
}

static int64_t weight(const struct mln_tree_node *node)
{
    return (int64_t)(sizeof *node + node->key_len + node->value_len);
}

void mln_tree_ref(struct mln_tree_node *root)
{
    if (root) {
        atomic_fetch_add_explicit(&root->refs, 1, memory_order_relaxed);
    }
}

void mln_tree_unref(struct mln_tree_node *root)
{
    if (!root || atomic_fetch_sub_explicit(&root->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    mln_tree_unref(root->left);
    mln_tree_unref(root->right);
    mln_free(root);
}

static struct mln_tree_node *node_new(const struct mln_tree_epoch *epoch, uint32_t priority,
                                      const struct mln_kv_row *row)
{
    struct mln_tree_node *node = mln_calloc(1, sizeof *node + row->key.len + row->value.len);

    if (!node) {
        return NULL;
    }
    atomic_init(&node->refs, 1);
    node->priority = priority;
    node->epoch = epoch->number;
    node->key_len = row->key.len;
    node->value_len = row->value.len;
    if (row->key.len) {
        memcpy(node->bytes, row->key.ptr, row->key.len);
    }
    if (row->value.len) {
        memcpy(node->bytes + row->key.len, row->value.ptr, row->value.len);
    }
    return node;
}

static struct mln_kv_row row_of(const struct mln_tree_node *node)
{
    return (struct mln_kv_row){ key_of(node),
                                mln_slice_of(node->bytes + node->key_len, node->value_len) };
}

/* xorshift: balance needs no better */
static uint32_t roll(struct mln_tree_epoch *epoch)
{
    epoch->dice ^= epoch->dice << 13;
    epoch->dice ^= epoch->dice >> 7;
    epoch->dice ^= epoch->dice << 17;
    return (uint32_t)(epoch->dice >> 32);
}

/* Makes the node in a slot, which belongs to this epoch or is the root's, one of this epoch. */
static bool own(struct mln_tree_node **slot, const struct mln_tree_epoch *epoch)
{
    struct mln_tree_node *old = *slot;
    struct mln_tree_node *copy;
    struct mln_kv_row row;

    if (old->epoch == epoch->number) {
        return true;
    }
    row = row_of(old);
    copy = node_new(epoch, old->priority, &row);
    if (!copy) {
        return false;
    }
    copy->left = old->left;
    copy->right = old->right;
    mln_tree_ref(copy->left);
    mln_tree_ref(copy->right);
    mln_tree_unref(old);
    *slot = copy;
    return true;
}

/* The child on that side comes up; both nodes belong to the epoch. */
static void rotate(struct mln_tree_node **slot, bool is_left)
{
    struct mln_tree_node *node = *slot;
    struct mln_tree_node *child = is_left ? node->left : node->right;

    if (is_left) {
        node->left = child->right;
        child->right = node;
    } else {
        node->right = child->left;
        child->left = node;
    }
    *slot = child;
}

/* A new value: the node is replaced by one of the right size. */
static mln_err replace(struct mln_tree_node **slot, const struct mln_tree_epoch *epoch,
                       const struct mln_kv_row *row, int64_t *ret_grown)
{
    struct mln_tree_node *old = *slot;
    struct mln_tree_node *node = node_new(epoch, old->priority, row);

    MLN_REQUIRE(node, NO_MEMORY);
    *ret_grown = weight(node) - weight(old);
    node->left = old->left;
    node->right = old->right;
    mln_tree_ref(node->left);
    mln_tree_ref(node->right);
    mln_tree_unref(old);
    *slot = node;
    return MLN_OK;
}

mln_err mln_tree_put(struct mln_tree_node **root, struct mln_tree_epoch *epoch,
                     const struct mln_kv_row *row, int64_t *ret_grown)
{
    struct mln_tree_node **child;
    bool is_left;
    int order;

    if (!*root) {
        struct mln_tree_node *node = node_new(epoch, roll(epoch), row);

        MLN_REQUIRE(node, NO_MEMORY);
        *ret_grown = weight(node);
        *root = node;
        return MLN_OK;
    }
    order = mln_slice_cmp(row->key, key_of(*root));
    if (order == 0) {
        return replace(root, epoch, row, ret_grown);
    }
    MLN_REQUIRE(own(root, epoch), NO_MEMORY);
    is_left = order < 0;
    child = is_left ? &(*root)->left : &(*root)->right;
    MLN_TRY(mln_tree_put(child, epoch, row, ret_grown));
    if ((*child)->priority > (*root)->priority) {
        rotate(root, is_left);
    }
    return MLN_OK;
}

/* Takes the node in the slot out: it sinks until it has one child at most. Stops half-way without
 * harm: the order of keys always holds. */
static mln_err take_out(struct mln_tree_node **slot, const struct mln_tree_epoch *epoch)
{
    struct mln_tree_node *node;

    MLN_REQUIRE(own(slot, epoch), NO_MEMORY);
    node = *slot;
    while (node->left && node->right) {
        bool is_left = node->left->priority > node->right->priority;

        MLN_REQUIRE(own(is_left ? &node->left : &node->right, epoch), NO_MEMORY);
        rotate(slot, is_left);
        slot = is_left ? &(*slot)->right : &(*slot)->left;
    }
    *slot = node->left ? node->left : node->right;
    mln_tree_ref(*slot);
    mln_tree_unref(node);
    return MLN_OK;
}

mln_err mln_tree_del(struct mln_tree_node **root, struct mln_tree_epoch *epoch,
                     struct mln_slice key, int64_t *ret_grown)
{
    struct mln_tree_node **slot = root;
    struct mln_kv_row row;
    int64_t shrunk;
    int order;

    MLN_REQUIRE(mln_tree_find(*root, key, MLN_TREE_EQ, &row), NOT_FOUND);
    while (*slot && (order = mln_slice_cmp(key, key_of(*slot))) != 0) {
        MLN_REQUIRE(own(slot, epoch), NO_MEMORY);
        slot = order < 0 ? &(*slot)->left : &(*slot)->right;
    }
    MLN_REQUIRE(*slot, INTERNAL); /* it was found above */
    shrunk = weight(*slot);
    MLN_TRY(take_out(slot, epoch));
    *ret_grown = -shrunk;
    return MLN_OK;
}

bool mln_tree_find(const struct mln_tree_node *root, struct mln_slice key, enum mln_tree_seek seek,
                   struct mln_kv_row *ret)
{
    bool wants_equal = seek == MLN_TREE_EQ || seek == MLN_TREE_GE || seek == MLN_TREE_LE;
    bool wants_greater = seek == MLN_TREE_GE || seek == MLN_TREE_GT;
    bool wants_less = seek == MLN_TREE_LE || seek == MLN_TREE_LT;
    const struct mln_tree_node *best = NULL;

    while (root) {
        int order = mln_slice_cmp(key, key_of(root));

        if (order == 0 && wants_equal) {
            best = root;
            break;
        }
        if (order < 0 || (order == 0 && wants_less)) {
            best = wants_greater ? root : best;
            root = root->left;
        } else {
            best = wants_less ? root : best;
            root = root->right;
        }
    }
    if (!best) {
        return false;
    }
    *ret = row_of(best);
    return true;
}
