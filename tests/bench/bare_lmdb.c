/* The yardstick for durable writes: the rows of a contentInstance put into LMDB, no checks.
 *
 * usage: bare_lmdb DIR BATCH SECONDS
 *        bare_lmdb FILE
 * Writes what a CREATE of a contentInstance writes (the record, its places in the indexes of
 * children, types and expiry, the changed container), commits every BATCH instances durably, and
 * prints instances per second. With a file alone it prints how many transactions have been
 * committed to that store: the bench learns from it how many writes a commit of Merlon holds.
 */
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RECORD = 220, PARENT = 180, TABLES = 4 };

static MDB_env *env;
static MDB_dbi tables[TABLES]; /* records, children, types, expiry */

static void check(int rc)
{
    if (rc != 0) {
        fprintf(stderr, "bare_lmdb: %s\n", mdb_strerror(rc));
        exit(1);
    }
}

static double now(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void open_store(const char *dir)
{
    static const char *const names[TABLES] = { "res", "child", "type", "expiry" };
    MDB_txn *txn;

    check(mdb_env_create(&env));
    check(mdb_env_set_mapsize(env, (size_t)64 << 30));
    check(mdb_env_set_maxdbs(env, TABLES));
    check(mdb_env_open(env, dir, MDB_NOTLS, 0600));
    check(mdb_txn_begin(env, NULL, 0, &txn));
    for (int i = 0; i < TABLES; i++) {
        check(mdb_dbi_open(txn, names[i], MDB_CREATE, &tables[i]));
    }
    check(mdb_txn_commit(txn));
}

static void put(MDB_txn *txn, int table, const void *key, size_t key_len, const void *value,
                size_t len)
{
    MDB_val k = { key_len, (void *)(uintptr_t)key };
    MDB_val v = { len, (void *)(uintptr_t)value };

    check(mdb_put(txn, tables[table], &k, &v, 0));
}

static void put_instance(MDB_txn *txn, uint64_t number)
{
    static char record[RECORD];
    static char parent[PARENT];
    uint64_t id = __builtin_bswap64(number);
    uint64_t parent_id = __builtin_bswap64(1);
    unsigned char key[18];

    memset(record, (int)(number & 0x7F), sizeof record);
    put(txn, 0, &id, 8, record, sizeof record);
    memcpy(key, &parent_id, 8);
    key[8] = 0;
    key[9] = 4;
    memcpy(key + 10, &id, 8);
    put(txn, 1, key, 18, "", 0);
    put(txn, 2, key + 8, 10, "", 0);
    memcpy(key, &id, 8); /* the time of expiry grows as the ids do */
    memcpy(key + 8, &id, 8);
    put(txn, 3, key, 16, "", 0);
    put(txn, 0, &parent_id, 8, parent, sizeof parent);
}

/* Without opening tables: this may be the store of a server that runs. */
static int print_commits(const char *file)
{
    MDB_envinfo info;

    check(mdb_env_create(&env));
    check(mdb_env_open(env, file, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOTLS, 0600));
    check(mdb_env_info(env, &info));
    printf("%zu\n", info.me_last_txnid);
    mdb_env_close(env);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t number = (uint64_t)time(NULL) << 32;
    uint64_t first = number;
    unsigned long batch;
    double seconds;
    double start;
    double spent;

    if (argc == 2) {
        return print_commits(argv[1]);
    }
    if (argc != 4) {
        return 2;
    }
    batch = (unsigned long)strtod(argv[2], NULL);
    seconds = strtod(argv[3], NULL);
    open_store(argv[1]);
    start = now();
    do {
        MDB_txn *txn;

        check(mdb_txn_begin(env, NULL, 0, &txn));
        for (unsigned long i = 0; i < batch; i++) {
            put_instance(txn, ++number);
        }
        check(mdb_txn_commit(txn));
        spent = now() - start;
    } while (spent < seconds);
    printf("%.0f\n", (double)(number - first) / spent);
    mdb_env_close(env);
    return 0;
}
