/* Keys as `merlon cert` and openssl write them. */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/jose_int.h"

static int no_passphrase(char *out, int size, int is_writing, void *data)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)data;
    return -1;
}

static EVP_PKEY *read_pem(struct mln_slice pem, bool is_private)
{
    BIO *bio = pem.len <= MLN_JOSE_KEY_BYTES ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
    EVP_PKEY *key = NULL;

    if (bio) {
        key = is_private ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)
                         : PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    }
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

mln_err mln_jose_key_parse_pem(struct mln_slice pem, struct mln_fault *fault,
                               struct mln_jose_key **ret)
{
    EVP_PKEY *private_key = read_pem(pem, true);
    EVP_PKEY *pkey = private_key ? private_key : read_pem(pem, false);
    mln_err err = pkey ? mln_jose_key_of_pkey(pkey, private_key != NULL, ret) : MLN_ERROR(CONFIG);

    EVP_PKEY_free(pkey);
    if (err.code == MLN_ERR_CONFIG) {
        mln_fault_set(fault, "no key on P-256, P-384 or P-521, nor of RSA with 2048 to 4096 bits, "
                             "in PEM without pass phrase");
    }
    return err;
}
