/* Fuzz target of the identifiers. The input holds an identifier, and behind a line feed another:
 * parsed, placed, compared, and matched as pattern and text. */
#include "model/ident.h"

#include "base/fuzz_test.h"

static const struct mln_names names = {
    .sp_id = { "//merlon.example", 16 },
    .cse_id = { "/id-in", 6 },
    .cse_name = { "cse-in", 6 },
};

static bool lies_in(struct mln_slice part, struct mln_slice whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void check_entity(struct mln_slice id)
{
    struct mln_entity e;

    if (!mln_entity_parse(id, &names, &e)) {
        return;
    }
    require(e.sp.len > 0 && (e.cse.len > 0 || e.stem.len > 0));
    require(e.stem.len == 0 || mln_ident_is_stem(e.stem));
    require(e.cse.len == 0 || mln_ident_is_unreserved(e.cse));
    require(mln_entity_eq(&e, &e));
    require(!mln_ident_is_url(id));
}

static void check_registration(struct mln_slice id)
{
    struct mln_slice cse_id;
    struct mln_slice stem;
    struct mln_entity e;

    if (mln_ident_is_registration(id, &names, &cse_id, &stem)) {
        require(lies_in(cse_id, id) && lies_in(stem, id) && cse_id.len + 1 + stem.len == id.len);
        require(mln_entity_parse_cse(cse_id, &names, &e));
        require(!mln_entity_parse(id, &names, &e)); /* it is no name of an entity */
    }
}

static void check_place(struct mln_slice id)
{
    struct mln_slice local = { 0 };
    enum mln_place place = mln_ident_place(id, &names, &local);

    if (place == MLN_PLACE_HERE) {
        require(lies_in(local, id));
        require(!mln_slice_starts(local, MLN_S("/")) && !mln_slice_ends(local, MLN_S("/")));
    }
    if (mln_ident_is_cse_id(id)) {
        require(place == MLN_PLACE_HERE || place == MLN_PLACE_OTHER_CSE);
    }
    if (mln_ident_is_name(id)) {
        require(place == MLN_PLACE_HERE && mln_ident_is_unreserved(id));
    }
    require(!mln_ident_is_sp_id(id) || place == MLN_PLACE_INVALID);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice rest = mln_slice_of((const char *)data, size);
    struct mln_slice first = mln_slice_cut(&rest, '\n');

    check_entity(first);
    check_registration(first);
    check_place(first);
    check_place(rest);
    require(mln_ident_match(MLN_S("*"), first, '\0'));
    require(mln_slice_find(first, '*') < first.len || mln_ident_match(first, first, '/'));
    /* what matches between the stops matches without them too */
    require(!mln_ident_match(first, rest, '/') || mln_ident_match(first, rest, '\0'));
    return 0;
}
