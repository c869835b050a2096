/* Associations, and whom they prove. */
#include "cse/access/proof.h"

#include "cse/access/admit.h"
#include "cse/cse_int.h"

const struct mln_association *mln_proof_of(const struct mln_cse *cse, const struct mln_peer *peer)
{
    const struct mln_association *a = peer ? peer->association : NULL;

    return a && mln_association_is_valid(a, mln_env_now_us(cse->options.env)) ? a : NULL;
}

static bool is_admin(const struct mln_cse *cse, const struct mln_entity *entity)
{
    struct mln_entity admin;

    return mln_entity_parse(cse->options.admin, &cse->names, &admin) &&
           mln_entity_eq(&admin, entity);
}

static bool names_cse(const struct mln_cse *cse, const struct mln_association *association,
                      struct mln_slice from, struct mln_entity *ret)
{
    struct mln_entity peer;

    return mln_entity_parse_cse(association->cse_id, &cse->names, &peer) &&
           mln_entity_parse_cse(from, &cse->names, ret) && mln_entity_eq(&peer, ret);
}

bool mln_proof_names(const struct mln_cse *cse, const struct mln_association *association,
                     struct mln_slice from, struct mln_entity *ret)
{
    if (names_cse(cse, association, from, ret)) {
        return true;
    }
    if (mln_admit_assigns(from) || !mln_entity_parse(from, &cse->names, ret)) {
        return false;
    }
    switch (mln_cover_of(association, ret, &cse->names)) {
    case MLN_COVER_EXACT:
        return true;
    case MLN_COVER_PATTERN:
        return !is_admin(cse, ret);
    case MLN_COVER_NONE:
        break;
    }
    return false;
}

bool mln_proof_is_trusted(const struct mln_peer *peer)
{
    return peer && peer->is_trusted && !peer->association;
}
