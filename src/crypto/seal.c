/* AES-256-GCM by OpenSSL; files of master keys. */
#include "crypto/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/files.h"

enum { VERSION = 1, MAGIC_BYTES = 8, ID_BYTES = 8, NONCE_BYTES = 12, TAG_BYTES = 16 };
enum {
    ID_AT = MAGIC_BYTES,
    NONCE_AT = ID_AT + ID_BYTES,
    TEXT_AT = NONCE_AT + NONCE_BYTES, /* everything before it is authenticated */
    PAD_BYTES = MLN_SEAL_OVERHEAD - TEXT_AT - TAG_BYTES,
};

/* The last byte is the version. Changing the layout changes it. */
static const char magic[MAGIC_BYTES] = { 'M', 'L', 'N', 'S', 'E', 'A', 'L', VERSION };

struct mln_master_key {
    struct mln_secret *key;
    char id[ID_BYTES];
};

/* ---- master keys ---- */

/* A name for the key that tells nothing about it. */
static bool name_key(struct mln_master_key *key)
{
    static const char label[] = "merlon master key id";
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(md, label, sizeof label) == 1 &&
              EVP_DigestUpdate(md, mln_secret_bytes(key->key), MLN_MASTER_KEY_BYTES) == 1 &&
              EVP_DigestFinal_ex(md, digest, NULL) == 1;

    EVP_MD_CTX_free(md);
    if (ok) {
        memcpy(key->id, digest, ID_BYTES);
    }
    return ok;
}

static void free_key(struct mln_master_key *key)
{
    if (key) {
        mln_secret_free(key->key);
        mln_free(key);
    }
}

/* Takes the secret, also on failure. */
static mln_err key_of(struct mln_secret *bytes, struct mln_master_key **ret)
{
    struct mln_master_key *key = bytes ? mln_calloc(1, sizeof *key) : NULL;

    if (!key) {
        mln_secret_free(bytes);
        MLN_FAIL(NO_MEMORY);
    }
    key->key = bytes;
    if (!name_key(key)) {
        free_key(key);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = key;
    return MLN_OK;
}

void mln_master_key_freep(struct mln_master_key **key)
{
    free_key(*key);
    *key = NULL;
}

static mln_err check_file(int fd, const char *path, struct mln_fault *fault)
{
    struct stat st;

    MLN_REQUIRE(fstat(fd, &st) == 0, SYSTEM);
    if (!S_ISREG(st.st_mode) || st.st_size != MLN_MASTER_KEY_BYTES) {
        mln_fault_set(fault, "%s is no master key: it must be a file of %d bytes", path,
                      MLN_MASTER_KEY_BYTES);
        MLN_FAIL(CONFIG);
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        mln_fault_set(fault, "%s can be read by others: chmod 600 it", path);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

mln_err mln_master_key_load(const char *path, struct mln_fault *fault, struct mln_master_key **ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct mln_secret *bytes;
    mln_err err;

    if (fd < 0) {
        return mln_file_error(fault, "open", path);
    }
    err = check_file(fd, path, fault);
    bytes = mln_failed(err) ? NULL : mln_secret_new(MLN_MASTER_KEY_BYTES);
    if (bytes && !mln_file_fill(fd, mln_secret_room(bytes), MLN_MASTER_KEY_BYTES)) {
        err = mln_file_error(fault, "read", path);
    }
    (void)close(fd);
    if (mln_failed(err)) {
        mln_secret_free(bytes);
        return err;
    }
    return key_of(bytes, ret);
}

mln_err mln_master_key_make(const char *path, const struct mln_env *env, struct mln_fault *fault,
                            struct mln_master_key **ret)
{
    MLN_CLEANUP(mln_secret_freep)
    struct mln_secret *bytes = mln_secret_new(MLN_MASTER_KEY_BYTES);

    MLN_REQUIRE(bytes, NO_MEMORY);
    MLN_TRY(mln_env_random(env, mln_secret_room(bytes), MLN_MASTER_KEY_BYTES));
    MLN_TRY(mln_file_create(
        path, mln_slice_of((const char *)mln_secret_bytes(bytes), MLN_MASTER_KEY_BYTES), fault));
    return key_of(mln_secret_of(mln_secret_bytes(bytes), MLN_MASTER_KEY_BYTES), ret);
}

/* ---- sealing ---- */

/* A context with key, nonce, head and associated data in it; NULL when out of memory. */
static EVP_CIPHER_CTX *begin(const struct mln_master_key *key, struct mln_slice associated,
                             const char *head, bool is_sealing)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const unsigned char *nonce = (const unsigned char *)head + NONCE_AT;
    int len;

    if (ctx &&
        EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, mln_secret_bytes(key->key), nonce,
                          is_sealing) == 1 &&
        EVP_CipherUpdate(ctx, NULL, &len, (const unsigned char *)head, TEXT_AT + PAD_BYTES) == 1 &&
        (associated.len == 0 ||
         EVP_CipherUpdate(ctx, NULL, &len, (const unsigned char *)associated.ptr,
                          (int)associated.len) == 1)) {
        return ctx;
    }
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

static bool run(EVP_CIPHER_CTX *ctx, const char *in, size_t len, unsigned char *out)
{
    int n = 0;

    return len == 0 || (EVP_CipherUpdate(ctx, out, &n, (const unsigned char *)in, (int)len) == 1 &&
                        (size_t)n == len);
}

mln_err mln_seal(const struct mln_master_key *key, const struct mln_env *env,
                 struct mln_slice associated, struct mln_slice plain, char *out)
{
    unsigned char *text = (unsigned char *)out + TEXT_AT + PAD_BYTES;
    unsigned char none[TAG_BYTES];
    EVP_CIPHER_CTX *ctx;
    int n;
    bool ok;

    MLN_REQUIRE(plain.len <= MLN_SEAL_MAX && associated.len <= MLN_SEAL_MAX, LIMIT);
    memcpy(out, magic, MAGIC_BYTES);
    memcpy(out + ID_AT, key->id, ID_BYTES);
    MLN_TRY(mln_env_random(env, out + NONCE_AT, NONCE_BYTES));
    memset(out + TEXT_AT, 0, PAD_BYTES);
    ctx = begin(key, associated, out, true);
    ok = ctx && run(ctx, plain.ptr, plain.len, text) && EVP_CipherFinal_ex(ctx, none, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, text + plain.len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    MLN_REQUIRE(ok, NO_MEMORY);
    return MLN_OK;
}

static mln_err check_head(const struct mln_master_key *key, struct mln_slice sealed)
{
    MLN_REQUIRE(sealed.len >= MLN_SEAL_OVERHEAD && sealed.len - MLN_SEAL_OVERHEAD <= MLN_SEAL_MAX,
                SEAL_BROKEN);
    MLN_REQUIRE(mln_slice_starts(sealed, mln_slice_of(magic, MAGIC_BYTES - 1)), SEAL_BROKEN);
    MLN_REQUIRE((unsigned char)sealed.ptr[MAGIC_BYTES - 1] <= VERSION, SEAL_VERSION);
    MLN_REQUIRE(sealed.ptr[MAGIC_BYTES - 1] == VERSION, SEAL_BROKEN);
    MLN_REQUIRE(mln_ct_equal(sealed.ptr + ID_AT, key->id, ID_BYTES), SEAL_KEY);
    return MLN_OK;
}

mln_err mln_unseal(const struct mln_master_key *key, struct mln_slice associated,
                   struct mln_slice sealed, struct mln_secret **ret)
{
    struct mln_secret *plain = NULL;
    EVP_CIPHER_CTX *ctx;
    unsigned char none[TAG_BYTES];
    char tag[TAG_BYTES];
    size_t len;
    int n;
    bool is_sound;

    MLN_TRY(check_head(key, sealed));
    len = sealed.len - MLN_SEAL_OVERHEAD;
    plain = len ? mln_secret_new(len) : NULL;
    MLN_REQUIRE(plain || len == 0, NO_MEMORY);
    memcpy(tag, sealed.ptr + sealed.len - TAG_BYTES, TAG_BYTES);
    ctx = begin(key, associated, sealed.ptr, false);
    if (!ctx) {
        mln_secret_free(plain);
        MLN_FAIL(NO_MEMORY);
    }
    is_sound =
        run(ctx, sealed.ptr + TEXT_AT + PAD_BYTES, len, plain ? mln_secret_room(plain) : none) &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
        EVP_CipherFinal_ex(ctx, none, &n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!is_sound) {
        mln_secret_free(plain);
        MLN_FAIL(SEAL_BROKEN);
    }
    *ret = plain;
    return MLN_OK;
}
