/* Names against what an association allows. */
#include "model/cover.h"

/* "Cae", "cse/Cae", "Sae": what follows the slash of an SP-relative AE-ID. */
static bool matches_relative(struct mln_slice pattern, const struct mln_entity *ae)
{
    struct mln_slice cse;

    if (ae->cse.len) {
        cse = mln_slice_cut(&pattern, '/');
        if (!mln_wildcard_match(cse, ae->cse, '/')) {
            return false;
        }
    }
    return pattern.ptr && mln_wildcard_match(pattern, ae->stem, '/');
}

static bool matches(struct mln_slice pattern, const struct mln_entity *ae,
                    const struct mln_names *names)
{
    struct mln_slice our_sp = mln_slice_from(names->sp_id, 2);
    bool is_of_our_sp = mln_slice_eq_nocase(ae->sp, our_sp);

    if (mln_slice_starts(pattern, MLN_S("//"))) {
        struct mln_slice rest = mln_slice_from(pattern, 2);
        struct mln_slice domain = mln_slice_cut(&rest, '/');

        return mln_slice_eq_nocase(domain, ae->sp) && rest.ptr && matches_relative(rest, ae);
    }
    if (mln_slice_starts(pattern, MLN_S("/"))) {
        return is_of_our_sp && matches_relative(mln_slice_from(pattern, 1), ae);
    }
    return is_of_our_sp &&
           (!ae->cse.len || mln_slice_eq(ae->cse, mln_slice_from(names->cse_id, 1))) &&
           mln_wildcard_match(pattern, ae->stem, '/');
}

enum mln_cover mln_cover_of(const struct mln_association *association, const struct mln_entity *ae,
                            const struct mln_names *names)
{
    enum mln_cover best = MLN_COVER_NONE;

    if (!ae->stem.len) {
        return MLN_COVER_NONE;
    }
    for (size_t i = 0; i < association->ae_id_count && best != MLN_COVER_EXACT; i++) {
        struct mln_slice pattern = association->ae_ids[i];
        bool is_exact = mln_slice_find(pattern, '*') == pattern.len;

        if (matches(pattern, ae, names)) {
            best = is_exact ? MLN_COVER_EXACT : MLN_COVER_PATTERN;
        }
    }
    return best;
}

bool mln_cover_names(const struct mln_association *association, const struct mln_entity *entity,
                     const struct mln_names *names)
{
    struct mln_entity cse;

    if (entity->stem.len) {
        return mln_cover_of(association, entity, names) == MLN_COVER_EXACT;
    }
    return association->cse_id.len && mln_entity_parse_cse(association->cse_id, names, &cse) &&
           mln_entity_eq(&cse, entity);
}
