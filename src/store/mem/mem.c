/* Backend "mem": everything in memory, gone when it is closed. For tests.
 *
 * A version is the set of tables at one commit. Readers hold a version, the writer changes a copy
 * that shares all it does not touch, and commit makes the copy the newest. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "store/mem/tree.h"

enum { TIGHT_PART = 16 }; /* the last sixteenth is kept for deleting */

struct version {
    atomic_uint refs;
    struct mln_tree_node *roots[MLN_TABLES];
    uint64_t rows[MLN_TABLES];
    uint64_t bytes;
};

struct txn {
    struct mln_kv_txn txn;
    struct version *version; /* NULL between reset and renew */
};

struct mem {
    struct mln_kv kv;
    uint64_t max_bytes;
    struct txn writer;
    struct mln_tree_epoch epoch;
    pthread_mutex_t lock; /* guards newest */
    struct version *newest;
};

static struct mem *mem_of(struct mln_kv *kv)
{
    return (struct mem *)kv;
}

static struct version *version_of(struct mln_kv_txn *txn)
{
    return ((struct txn *)txn)->version;
}

/* ---- versions ---- */

static void version_unref(struct version *v)
{
    if (!v || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (int i = 0; i < MLN_TABLES; i++) {
        mln_tree_unref(v->roots[i]);
    }
    mln_free(v);
}

static struct version *newest(struct mem *m)
{
    struct version *v;

    (void)pthread_mutex_lock(&m->lock);
    v = m->newest;
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    (void)pthread_mutex_unlock(&m->lock);
    return v;
}

static struct version *version_copy(const struct version *from)
{
    struct version *v = mln_calloc(1, sizeof *v);

    if (!v) {
        return NULL;
    }
    atomic_init(&v->refs, 1);
    for (int i = 0; from && i < MLN_TABLES; i++) {
        v->roots[i] = from->roots[i];
        v->rows[i] = from->rows[i];
        mln_tree_ref(v->roots[i]);
    }
    v->bytes = from ? from->bytes : 0;
    return v;
}

/* ---- life ---- */

static void close_store(struct mln_kv *kv)
{
    struct mem *m = mem_of(kv);

    version_unref(m->newest);
    (void)pthread_mutex_destroy(&m->lock);
    mln_free(m);
}

static mln_err open_store(const struct mln_kv_options *options, struct mln_fault *fault,
                          struct mln_kv **ret)
{
    struct mem *m;

    if (options->is_read_only) {
        mln_fault_set(fault, "a store in memory holds nothing to read before it is written");
        MLN_FAIL(SYSTEM);
    }
    m = mln_calloc(1, sizeof *m);
    MLN_REQUIRE(m, NO_MEMORY);
    m->newest = version_copy(NULL);
    if (!m->newest) {
        mln_free(m);
        MLN_FAIL(NO_MEMORY);
    }
    m->kv.ops = &mln_kv_mem;
    m->max_bytes = options->max_bytes ? options->max_bytes : UINT64_MAX;
    m->epoch.dice = 1;
    (void)pthread_mutex_init(&m->lock, NULL);
    *ret = &m->kv;
    return MLN_OK;
}

/* ---- snapshots ---- */

static mln_err reader_new(struct mln_kv *kv, struct mln_kv_txn **ret)
{
    struct txn *t = mln_calloc(1, sizeof *t);

    MLN_REQUIRE(t, NO_MEMORY);
    t->txn.kv = kv;
    *ret = &t->txn;
    return MLN_OK;
}

static mln_err renew(struct mln_kv_txn *txn)
{
    ((struct txn *)txn)->version = newest(mem_of(txn->kv));
    return MLN_OK;
}

static void reset(struct mln_kv_txn *txn)
{
    struct txn *t = (struct txn *)txn;

    version_unref(t->version);
    t->version = NULL;
}

static void reader_free(struct mln_kv_txn *txn)
{
    reset(txn);
    mln_free(txn);
}

/* ---- writing ---- */

static mln_err begin(struct mln_kv *kv, struct mln_kv_txn **ret)
{
    struct mem *m = mem_of(kv);

    /* only this thread changes `newest` */
    m->writer.version = version_copy(m->newest);
    MLN_REQUIRE(m->writer.version, NO_MEMORY);
    m->writer.txn.kv = kv;
    m->epoch.number++;
    *ret = &m->writer.txn;
    return MLN_OK;
}

static mln_err commit(struct mln_kv_txn *txn)
{
    struct mem *m = mem_of(txn->kv);
    struct version *old;

    (void)pthread_mutex_lock(&m->lock);
    old = m->newest;
    m->newest = m->writer.version;
    (void)pthread_mutex_unlock(&m->lock);
    m->writer.version = NULL;
    version_unref(old);
    return MLN_OK;
}

/* ---- rows ---- */

static mln_err get(struct mln_kv_txn *txn, enum mln_table table, struct mln_slice key,
                   struct mln_slice *ret)
{
    struct mln_kv_row row;

    MLN_REQUIRE(mln_tree_find(version_of(txn)->roots[table], key, MLN_TREE_EQ, &row), NOT_FOUND);
    *ret = row.value;
    return MLN_OK;
}

static mln_err put(struct mln_kv_txn *txn, enum mln_table table, const struct mln_kv_row *row,
                   unsigned flags)
{
    struct mem *m = mem_of(txn->kv);
    struct version *v = version_of(txn);
    struct mln_kv_row old;
    bool exists = mln_tree_find(v->roots[table], row->key, MLN_TREE_EQ, &old);
    uint64_t need = exists ? 0 : row->key.len + row->value.len;
    int64_t grown;

    MLN_REQUIRE(row->key.len >= 1 && row->key.len <= MLN_KV_KEY_MAX, LIMIT);
    MLN_REQUIRE(!exists || !(flags & MLN_KV_NEW), CONFLICT);
    MLN_REQUIRE(need <= m->max_bytes && v->bytes <= m->max_bytes - need, STORE_FULL);
    MLN_TRY(mln_tree_put(&v->roots[table], &m->epoch, row, &grown));
    v->bytes += (uint64_t)grown;
    v->rows[table] += !exists;
    return MLN_OK;
}

static mln_err del(struct mln_kv_txn *txn, enum mln_table table, struct mln_slice key)
{
    struct version *v = version_of(txn);
    int64_t grown;

    MLN_TRY(mln_tree_del(&v->roots[table], &mem_of(txn->kv)->epoch, key, &grown));
    v->bytes += (uint64_t)grown;
    v->rows[table]--;
    return MLN_OK;
}

/* ---- order ---- */

/* Remembers where it is by the key, so that changes below it do no harm. */
struct cursor {
    struct mln_kv_cursor cursor;
    enum mln_table table;
    bool is_placed;
    size_t key_len;
    char key[MLN_KV_KEY_MAX];
};

static mln_err cursor_new(struct mln_kv_txn *txn, enum mln_table table, struct mln_kv_cursor **ret)
{
    struct cursor *c = mln_calloc(1, sizeof *c);

    MLN_REQUIRE(c, NO_MEMORY);
    c->cursor.txn = txn;
    c->table = table;
    *ret = &c->cursor;
    return MLN_OK;
}

static void cursor_free(struct mln_kv_cursor *cursor)
{
    mln_free(cursor);
}

static mln_err place(struct cursor *c, struct mln_slice key, enum mln_tree_seek seek,
                     struct mln_kv_row *ret)
{
    const struct mln_tree_node *root = version_of(c->cursor.txn)->roots[c->table];

    c->is_placed = mln_tree_find(root, key, seek, ret);
    MLN_REQUIRE(c->is_placed, NOT_FOUND);
    c->key_len = ret->key.len;
    memcpy(c->key, ret->key.ptr, ret->key.len);
    return MLN_OK;
}

static mln_err seek(struct mln_kv_cursor *cursor, struct mln_slice key, bool is_descending,
                    struct mln_kv_row *ret)
{
    return place((struct cursor *)cursor, key, is_descending ? MLN_TREE_LE : MLN_TREE_GE, ret);
}

static mln_err step(struct mln_kv_cursor *cursor, bool is_descending, struct mln_kv_row *ret)
{
    struct cursor *c = (struct cursor *)cursor;
    char key[MLN_KV_KEY_MAX];

    MLN_REQUIRE(c->is_placed, NOT_FOUND);
    memcpy(key, c->key, c->key_len);
    return place(c, mln_slice_of(key, c->key_len), is_descending ? MLN_TREE_LT : MLN_TREE_GT, ret);
}

/* ---- room ---- */

static mln_err size(struct mln_kv_txn *txn, struct mln_kv_size *ret)
{
    struct version *v = version_of(txn);

    memcpy(ret->rows, v->rows, sizeof ret->rows);
    ret->bytes_used = v->bytes;
    ret->bytes_max = mem_of(txn->kv)->max_bytes;
    return MLN_OK;
}

static mln_err is_tight(struct mln_kv_txn *txn, bool *ret)
{
    uint64_t max = mem_of(txn->kv)->max_bytes;

    *ret = version_of(txn)->bytes > max - max / TIGHT_PART;
    return MLN_OK;
}

const struct mln_kv_ops mln_kv_mem = {
    .name = "mem",
    .open = open_store,
    .close = close_store,
    .reader_new = reader_new,
    .reader_free = reader_free,
    .renew = renew,
    .reset = reset,
    .begin = begin,
    .commit = commit,
    .abort = reset,
    .get = get,
    .put = put,
    .del = del,
    .cursor_new = cursor_new,
    .cursor_free = cursor_free,
    .seek = seek,
    .step = step,
    .size = size,
    .is_tight = is_tight,
};
