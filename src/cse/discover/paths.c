/* Paths of many resources. */
#include "cse/discover/paths.h"

#include "base/timestamp.h"

enum { ARENA_FULL = 4 << 20, ARENA_MAX = 64 << 20 };

mln_err mln_paths_begin(struct mln_paths *p, const struct mln_lookup *lookup,
                        const struct mln_resource *root)
{
    struct mln_lookup lasting = *lookup;

    *p = (struct mln_paths){ .lookup = *lookup, .root = root->id };
    p->arena = mln_arena_new(ARENA_MAX);
    MLN_REQUIRE(p->arena, NO_MEMORY);
    lasting.arena = p->arena;
    return mln_locate_path(&lasting, root, &p->root_path);
}

void mln_paths_end(struct mln_paths *p)
{
    mln_arena_free(p->arena);
    p->arena = NULL;
}

mln_err mln_paths_join(struct mln_arena *arena, struct mln_slice parent, struct mln_slice name,
                       struct mln_slice *ret)
{
    size_t len = parent.len + 1 + name.len;
    char *text = mln_arena_alloc(arena, len);

    MLN_REQUIRE(text, NO_MEMORY);
    memcpy(text, parent.ptr, parent.len);
    text[parent.len] = '/';
    memcpy(text + parent.len + 1, name.ptr, name.len);
    *ret = mln_slice_of(text, len);
    return MLN_OK;
}

static mln_err find_parent(struct mln_paths *p, uint64_t id, unsigned guard,
                           struct mln_path_entry *ret);

/* One step up, when the cache does not know the resource. */
static mln_err climb(struct mln_paths *p, uint64_t id, unsigned guard, struct mln_path_entry *ret)
{
    struct mln_path_entry above;
    struct mln_resource r;
    mln_err err = mln_store_get(p->lookup.view, id, p->lookup.arena, &r);

    *ret = (struct mln_path_entry){ .id = id };
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* its parent was deleted */
    }
    MLN_TRY(err);
    if (r.parent == 0 || (r.et != MLN_TIMESTAMP_MAX && r.et <= p->lookup.now_us)) {
        return MLN_OK;
    }
    MLN_TRY(find_parent(p, r.parent, guard + 1, &above));
    if (above.is_below) {
        ret->is_below = true;
        ret->depth = above.depth + 1;
        MLN_TRY(mln_paths_join(p->arena, above.path, r.rn, &ret->path));
    }
    return MLN_OK;
}

static mln_err find_parent(struct mln_paths *p, uint64_t id, unsigned guard,
                           struct mln_path_entry *ret)
{
    /* identifiers of siblings differ in their middle bits */
    struct mln_path_entry *slot = &p->cache[(id ^ (id >> 12)) % MLN_PATH_CACHE];

    MLN_REQUIRE(guard < MLN_LOCATE_DEPTH, STORE_CORRUPT);
    if (id == p->root) {
        *ret = (struct mln_path_entry){ id, true, 0, p->root_path };
        return MLN_OK;
    }
    if (slot->id == id) {
        *ret = *slot;
        return MLN_OK;
    }
    MLN_TRY(climb(p, id, guard, ret));
    *slot = *ret;
    return MLN_OK;
}

/* Empties the arena; only the root's path is kept. */
static mln_err forget(struct mln_paths *p)
{
    struct mln_slice kept;

    MLN_REQUIRE(mln_arena_dup(p->lookup.arena, p->root_path, &kept), NO_MEMORY);
    mln_arena_reset(p->arena);
    memset(p->cache, 0, sizeof p->cache);
    MLN_REQUIRE(mln_arena_dup(p->arena, kept, &p->root_path), NO_MEMORY);
    return MLN_OK;
}

mln_err mln_paths_parent(struct mln_paths *p, uint64_t id, struct mln_path_entry *ret)
{
    if (mln_arena_used(p->arena) > ARENA_FULL) {
        MLN_TRY(forget(p));
    }
    return find_parent(p, id, 0, ret);
}
