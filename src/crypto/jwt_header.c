/* Parts and headers of a token: what is not expected is refused before any key is looked at.
 * spec: RFC 7515 4, RFC 7516 4, RFC 7519 5; TS-0003 7.3.2.6.2 */
#include "crypto/jwt_int.h"

/* ---- parts ---- */

static bool is_base64url(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
            return false;
        }
    }
    return true;
}

mln_err mln_jwt_split(struct mln_slice token, struct mln_slice parts[static MLN_JOSE_JWE_PARTS],
                      size_t *ret_count)
{
    struct mln_slice rest = token;
    size_t count = 0;

    while (rest.ptr && count < MLN_JOSE_JWE_PARTS) {
        parts[count] = mln_slice_cut(&rest, '.');
        MLN_REQUIRE(is_base64url(parts[count]), SYNTAX);
        count++;
    }
    MLN_REQUIRE(!rest.ptr && (count == MLN_JOSE_JWS_PARTS || count == MLN_JOSE_JWE_PARTS), SYNTAX);
    /* spec: TS-0004 6.3.3: first and third part of a JWS, first and fourth of a JWE */
    MLN_REQUIRE(parts[0].len && (count == MLN_JOSE_JWS_PARTS ? parts[2].len : parts[3].len),
                SYNTAX);
    *ret_count = count;
    return MLN_OK;
}

/* ---- headers ---- */

/* spec: TS-0003 7.3.2.6.2: typ JWT in every header, cty JWT in the outer one of a nested token */
static mln_err check_types(const struct mln_jose_reading *r, const struct mln_jose_header *header,
                           bool is_jwe)
{
    if (!mln_slice_eq(header->type, MLN_S("JWT"))) {
        return mln_jose_refuse(r, "typ must be JWT");
    }
    if (header->content_type.len &&
        (!is_jwe || !mln_slice_eq(header->content_type, MLN_S("JWT")))) {
        return mln_jose_refuse(r, "cty is JWT in the outer header of a nested token only");
    }
    return MLN_OK;
}

mln_err mln_jwt_header_read(const struct mln_jwt_check *check, struct mln_slice encoded,
                            bool is_jwe, struct mln_jose_header *ret)
{
    struct mln_jose_reading r = { "token", check->arena, check->fault };
    struct mln_jose_header_place place;

    MLN_TRY(mln_jose_header_decode(&r, encoded, &place));
    MLN_TRY(mln_jose_header_read(&r, &place, 1, is_jwe, ret));
    return check_types(&r, ret, is_jwe);
}
