/* Names to rows, in buckets of equal size.
 *
 * A look-up makes a digest of the name, under a seed that is drawn at random for each snapshot, and
 * compares it with every slot of one bucket. So it does the same for a name that is there as for
 * one that is not, and who asks cannot choose where a name falls. */
#include "crypto/credentials_int.h"

#include "base/mem.h"

enum { NAME_BYTES = 1 + MLN_CREDENTIAL_ID_MAX + MLN_FQDN_MAX };

static void digest_of(const struct mln_cred_index *index, enum mln_cred_name by,
                      struct mln_slice text, unsigned char out[static MLN_CRED_DIGEST])
{
    char name[NAME_BYTES] = { by == MLN_CRED_BY_ID ? 'i' : 'd' };

    text = mln_slice_head(text, sizeof name - 1); /* longer ones stand in no file */
    if (text.len) {
        memcpy(name + 1, text.ptr, text.len);
    }
    mln_siphash(index->seed, mln_slice_of(name, text.len + 1), out);
}

static const struct mln_cred_bucket *bucket_of(const struct mln_cred_index *index,
                                               const unsigned char digest[static MLN_CRED_DIGEST])
{
    uint64_t n;

    memcpy(&n, digest, sizeof n);
    return &index->buckets[n & (index->bucket_count - 1)];
}

/* Looks at every slot, whatever the first ones say. */
static uint32_t row_of(const struct mln_cred_bucket *bucket,
                       const unsigned char digest[static MLN_CRED_DIGEST])
{
    uint32_t row = 0;

    for (size_t i = 0; i < MLN_CRED_SLOTS; i++) {
        const struct mln_cred_slot *slot = &bucket->slots[i];
        uint32_t mask = 0U - (uint32_t)mln_ct_equal(slot->digest, digest, MLN_CRED_DIGEST);

        row |= slot->row & mask;
    }
    return row;
}

uint32_t mln_cred_index_find(const struct mln_cred_index *index, enum mln_cred_name by,
                             struct mln_slice text)
{
    unsigned char digest[MLN_CRED_DIGEST];

    digest_of(index, by, text, digest);
    return row_of(bucket_of(index, digest), digest);
}

/* ---- making ---- */

enum outcome { PLACED, TWICE, NO_ROOM };

static enum outcome place(struct mln_cred_bucket *bucket, const unsigned char *digest, uint32_t row)
{
    if (row_of(bucket, digest)) {
        return TWICE;
    }
    for (size_t i = 0; i < MLN_CRED_SLOTS; i++) {
        if (bucket->slots[i].row == 0) {
            memcpy(bucket->slots[i].digest, digest, MLN_CRED_DIGEST);
            bucket->slots[i].row = row;
            return PLACED;
        }
    }
    return NO_ROOM;
}

static enum outcome add(struct mln_cred_index *index, enum mln_cred_name by, struct mln_slice text,
                        uint32_t row)
{
    unsigned char digest[MLN_CRED_DIGEST];
    uint64_t n;

    digest_of(index, by, text, digest);
    memcpy(&n, digest, sizeof n);
    return place(&index->buckets[n & (index->bucket_count - 1)], digest, row);
}

static enum outcome add_row(struct mln_cred_index *index, const struct mln_cred_image *image,
                            size_t i)
{
    const struct mln_credential *c = &image->rows[i].face;
    enum outcome outcome = add(index, MLN_CRED_BY_ID, c->id, (uint32_t)i + 1);

    return outcome == PLACED && c->domain.len
               ? add(index, MLN_CRED_BY_DOMAIN, c->domain, (uint32_t)i + 1)
               : outcome;
}

static mln_err fill(struct mln_cred_index *index, const struct mln_cred_image *image,
                    struct mln_fault *fault, enum outcome *ret)
{
    enum outcome outcome = PLACED;

    for (size_t i = 0; i < image->row_count && outcome == PLACED; i++) {
        outcome = add_row(index, image, i);
        if (outcome == TWICE) {
            mln_fault_set(fault, "Credential-ID or domain of '%.*s' stands twice",
                          MLN_S_ARG(image->rows[i].face.id));
            MLN_FAIL(SEAL_BROKEN);
        }
    }
    *ret = outcome;
    return MLN_OK;
}

mln_err mln_cred_index_make(struct mln_cred_index *index, const struct mln_env *env,
                            const struct mln_cred_image *image, struct mln_fault *fault)
{
    enum outcome outcome;

    MLN_TRY(mln_env_random(env, index->seed, sizeof index->seed));
    index->bucket_count = 1;
    while (index->bucket_count * MLN_CRED_SLOTS < 4 * image->row_count) {
        index->bucket_count *= 2;
    }
    for (;;) {
        index->buckets = mln_calloc(index->bucket_count, sizeof *index->buckets);
        MLN_REQUIRE(index->buckets, NO_MEMORY);
        mln_err err = fill(index, image, fault, &outcome);

        if (!mln_failed(err) && outcome == PLACED) {
            return MLN_OK;
        }
        mln_cred_index_done(index);
        MLN_TRY(err);
        index->bucket_count *= 2; /* one of the buckets was full */
    }
}

void mln_cred_index_done(struct mln_cred_index *index)
{
    mln_free(index->buckets);
    index->buckets = NULL;
}
