/* Requests carried out: two sets that change places. */
#include "e2e/carried.h"

#include "model/primitive.h"

bool mln_carried_concerns(const struct mln_value *params)
{
    uint64_t op = 0;

    return mln_value_u64(mln_value_get(params, MLN_S("op")), &op) && op != MLN_OP_RETRIEVE &&
           mln_value_get(params, MLN_S("ot")) != NULL;
}

mln_err mln_carried_note(struct mln_carried *carried, uint64_t hash, size_t most, int64_t now_us)
{
    bool is_new = false;

    MLN_REQUIRE(!mln_seen_has(&carried->sets[0], hash) && !mln_seen_has(&carried->sets[1], hash),
                REPLAY);
    if (carried->sets[0].count >= most) {
        (void)mln_seen_clear(&carried->sets[1]);
        carried->sets[1] = carried->sets[0];
        carried->since_us[1] = carried->since_us[0];
        carried->sets[0] = (struct mln_seen){ 0 };
        carried->since_us[0] = now_us;
    }
    return mln_seen_add(&carried->sets[0], hash, &is_new);
}

int64_t mln_carried_floor(const struct mln_carried *carried)
{
    return carried->since_us[1];
}

void mln_carried_clear(struct mln_carried *carried)
{
    (void)mln_seen_clear(&carried->sets[0]);
    (void)mln_seen_clear(&carried->sets[1]);
}
