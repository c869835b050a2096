/* Who asks: the receiver's checks on the From parameter.
 *
 * The name in a request is a claim. What may be believed of it without a security association is
 * only that such an AE is registered here; a CSE-ID never.
 * spec: TS-0004 7.3.2.1 */
#include "cse/access/access.h"

#include "base/timestamp.h"
#include "cse/address/locate.h"
#include "cse/cse_int.h"

static bool is_admin(const struct mln_identify *in)
{
    struct mln_slice admin = in->cse->options.admin;

    return admin.len > 0 && in->peer->is_trusted && mln_slice_eq(in->from, admin);
}

static bool names_registration(struct mln_slice from)
{
    return from.len == 0 || mln_slice_eq(from, MLN_S("C")) || mln_slice_eq(from, MLN_S("S"));
}

/* Is there an <AE> with this AE-ID-Stem, and alive? */
static mln_err find_registration(const struct mln_identify *in, struct mln_originator *o)
{
    struct mln_resource ae;
    mln_err err = mln_store_find(in->view, in->from, in->arena, &ae);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (ae.ty == MLN_TY_AE &&
        (ae.et == MLN_TIMESTAMP_MAX || ae.et > mln_env_now_us(in->cse->options.env))) {
        o->is_registered = true;
        o->ae_name = ae.rn;
    }
    return MLN_OK;
}

static mln_err identify_ae(const struct mln_identify *in, struct mln_originator *o)
{
    if (!mln_ident_is_stem(in->from)) {
        mln_fault_set(in->fault, "From must be an AE-ID-Stem here");
        MLN_FAIL(PARAM_INVALID);
    }
    MLN_TRY(find_registration(in, o));
    if (!o->is_registered && !in->is_registration) {
        mln_fault_set(in->fault, "this AE is not registered here");
        MLN_FAIL(NOT_AUTHENTICATED);
    }
    return MLN_OK;
}

mln_err mln_access_identify(const struct mln_identify *in, struct mln_originator *ret)
{
    struct mln_originator o = { .text = in->from };

    if (in->from.len == 0 && !in->is_registration) {
        mln_fault_set(in->fault, "From is missing");
        MLN_FAIL(PARAM_MISSING);
    }
    if (names_registration(in->from)) {
        /* it has no name yet: the registrar gives it one */
        MLN_REQUIRE(in->is_registration, PARAM_INVALID);
        *ret = o;
        return MLN_OK;
    }
    if (!mln_entity_parse(in->from, &in->cse->names, &o.entity)) {
        mln_fault_set(in->fault, "From is no AE-ID and no CSE-ID");
        MLN_FAIL(PARAM_INVALID);
    }
    if (is_admin(in)) {
        o.is_admin = true;
    } else if (o.entity.stem.len == 0) {
        /* spec: TS-0004 7.3.2.1: a CSE-ID is accepted within a security association only */
        mln_fault_set(in->fault, "a CSE needs a security association");
        MLN_FAIL(NEEDS_ASSOCIATION);
    } else {
        MLN_TRY(identify_ae(in, &o));
    }
    *ret = o;
    return MLN_OK;
}
