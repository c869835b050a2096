/* Price of protecting 1 MB of data: the whole envelope, with headers, keys and base64, beside the
 * cipher alone over the same bytes, as `openssl speed -bytes 1048576 -evp aes-256-gcm` takes it;
 * and of opening it.
 *
 * usage: esdata_bench [ROUNDS] */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/num.h"
#include "e2e/esdata.h"

enum { ROUNDS = 40, BATCHES = 25, BYTES = 1 << 20, ARENA_BYTES = 16 << 20, KEY_BYTES = 32 };

static unsigned char data[BYTES];

static void require(bool claim, const char *what)
{
    if (!claim) {
        (void)fprintf(stderr, "esdata_bench: %s\n", what);
        exit(1);
    }
}

/* Time of this thread, microseconds: others use the machine too. */
static double cpu_us(void)
{
    struct timespec t = { 0 };

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void bare(void)
{
    static unsigned char out[BYTES + 16];
    static EVP_CIPHER_CTX *ctx;
    unsigned char key[KEY_BYTES] = { 1 };
    int len = 0;

    if (!ctx) {
        ctx = EVP_CIPHER_CTX_new();
        require(ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, key) == 1, "OpenSSL");
    }
    require(EVP_EncryptUpdate(ctx, out, &len, data, BYTES) == 1, "OpenSSL");
}

/* What one end has at hand. */
struct end {
    struct mln_data_key *key;
    struct mln_esdata_recipient to;
    struct mln_esdata_draft draft;
    struct mln_arena *arena;
    struct mln_arena *opening;
    struct mln_slice envelope;
};

static struct end end_of(enum mln_jose_wrap wrap)
{
    struct mln_data_key_about about = { .name = MLN_S("k1@sp.example"), .suid = 14 };
    struct mln_secret *secret = mln_secret_new(KEY_BYTES);
    struct end end = { .arena = mln_arena_new(ARENA_BYTES), .opening = mln_arena_new(ARENA_BYTES) };

    require(secret && end.arena && end.opening, "memory");
    require(!mln_failed(mln_data_key_of_secret(&about, secret, NULL, &end.key)), "key");
    mln_secret_free(secret);
    end.to = (struct mln_esdata_recipient){ end.key, wrap };
    end.draft = (struct mln_esdata_draft){ .form = MLN_ESDATA_COMPACT,
                                           .recipient_count = 1,
                                           .enc = MLN_JOSE_A256GCM };
    return end;
}

static void protect(struct end *end)
{
    struct mln_fault fault = { 0 };

    mln_arena_reset(end->arena);
    end->draft.recipients = &end->to;
    if (mln_failed(mln_esdata_protect(&end->draft, mln_slice_of((const char *)data, BYTES),
                                      end->arena, &fault, &end->envelope))) {
        require(false, fault.text);
    }
}

static void open_it(struct end *end)
{
    struct mln_fault fault = { 0 };
    const struct mln_data_key *keys[] = { end->key };
    struct mln_esdata_opener opener = { .keys = keys,
                                        .key_count = 1,
                                        .envelope_most = ARENA_BYTES,
                                        .arena = end->opening,
                                        .fault = &fault };
    struct mln_esdata found;

    mln_arena_reset(end->opening);
    if (mln_failed(mln_esdata_open(&opener, MLN_ESDATA_COMPACT, end->envelope, &found)) ||
        found.payload.len != BYTES) {
        require(false, fault.text);
    }
}

int main(int argc, char **argv)
{
    struct end end = end_of(MLN_JOSE_A256KW);
    double cipher = 1e9;
    double sealing = 1e9;
    double opening = 1e9;
    uint64_t rounds = ROUNDS;

    require(argc < 2 || mln_num_u64(mln_slice_z(argv[1]), &rounds), "ROUNDS is a number");
    /* the best batch of each: they are measured in turn, so that both see the machine alike */
    for (int batch = 0; batch < BATCHES; batch++) {
        double spent[4];

        spent[0] = cpu_us();
        for (uint64_t i = 0; i < rounds; i++) {
            bare();
        }
        spent[1] = cpu_us();
        for (uint64_t i = 0; i < rounds; i++) {
            protect(&end);
        }
        spent[2] = cpu_us();
        for (uint64_t i = 0; i < rounds; i++) {
            open_it(&end);
        }
        spent[3] = cpu_us();
        cipher = spent[1] - spent[0] < cipher ? spent[1] - spent[0] : cipher;
        sealing = spent[2] - spent[1] < sealing ? spent[2] - spent[1] : sealing;
        opening = spent[3] - spent[2] < opening ? spent[3] - spent[2] : opening;
    }
    (void)printf("1 MB: cipher %.0f us, protect %.0f us, open %.0f us, ratio %.2f\n",
                 cipher / (double)rounds, sealing / (double)rounds, opening / (double)rounds,
                 cipher / sealing);
    mln_data_key_free(end.key);
    mln_arena_free(end.arena);
    mln_arena_free(end.opening);
    return 0;
}
