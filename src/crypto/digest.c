/* SHA-256 by OpenSSL, looked up once. */
#include "crypto/digest.h"

#include <openssl/evp.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;

static void look_up(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

mln_err mln_sha256(struct mln_slice bytes, unsigned char ret[static MLN_SHA256_SIZE])
{
    (void)pthread_once(&once, look_up);
    MLN_REQUIRE(sha256 && EVP_Digest(bytes.ptr, bytes.len, ret, NULL, sha256, NULL) == 1,
                NO_MEMORY);
    return MLN_OK;
}
