/* Who asks: the receiver's checks on the From parameter.
 *
 * The name in a request is a claim. A security association proves which names its peer may use;
 * without one it may be believed only that such an AE is registered here, never a CSE-ID, and only
 * where the settings let requests in without an association at all.
 * spec: TS-0004 7.3.2.1, TS-0003 7.2.1 */
#include "base/timestamp.h"
#include "cse/access/access.h"
#include "cse/access/binding.h"
#include "cse/access/proof.h"
#include "cse/access/stem.h"
#include "cse/address/locate.h"
#include "cse/cse_int.h"
#include "cse/remote/errand.h"
#include "cse/remote/remote.h"

static bool is_admin_name(const struct mln_identify *in)
{
    struct mln_slice admin = in->cse->options.admin;

    return admin.len > 0 && mln_slice_eq(in->from, admin);
}

static mln_err refuse_identity(const struct mln_identify *in, const char *why)
{
    mln_fault_set(in->fault, "%s", why);
    MLN_FAIL(NOT_AUTHENTICATED);
}

static mln_err demand_association(const struct mln_identify *in, const char *why)
{
    mln_fault_set(in->fault, "%s", why);
    MLN_FAIL(NEEDS_ASSOCIATION);
}

static mln_err refuse_form(const struct mln_identify *in, const char *why)
{
    mln_fault_set(in->fault, "%s", why);
    MLN_FAIL(PARAM_INVALID);
}

static mln_err refuse_registration(const struct mln_identify *in)
{
    /* spec: TS-0004 7.4.5.2.1: a CSE shall not originate it */
    mln_fault_set(in->fault, "a CSE cannot register an AE");
    MLN_FAIL(OPERATION);
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
        o->serialisation = mln_cse_preferred(in->cse, ae.attrs);
    }
    return MLN_OK;
}

/* The credential that the AE registered with; empty when with none. */
static mln_err credential_of(const struct mln_identify *in, struct mln_slice *ret)
{
    struct mln_binding binding = { 0 };
    mln_err err = mln_binding_get(in->view, in->arena, in->from, &binding);

    *ret = binding.credential_id;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* Who registers need not be known, nor be the AE of that name: then it may do that, and nothing
 * else. */
static mln_err allow_newcomer(const struct mln_identify *in, mln_err err, struct mln_originator *o)
{
    if (!in->is_registration || err.code != MLN_ERR_NOT_AUTHENTICATED) {
        return err;
    }
    mln_fault_clear(in->fault);
    o->is_newcomer = true;
    return MLN_OK;
}

static struct mln_lookup lookup_of(const struct mln_identify *in)
{
    return (struct mln_lookup){ in->cse, in->view, in->arena,
                                mln_env_now_us(in->cse->options.env) };
}

/* Is the CSE called so in the text? */
static bool is_written(struct mln_slice text, const struct mln_entity *cse,
                       const struct mln_names *names)
{
    struct mln_entity other;

    return mln_entity_parse_cse(text, names, &other) && mln_entity_eq(&other, cse);
}

/* Our administrator in another spelling? It speaks to us itself: no CSE has its rights, nor those
 * that policies give to its name. */
static bool is_admin_elsewhere(const struct mln_identify *in, const struct mln_entity *entity)
{
    struct mln_entity admin;

    return mln_entity_parse(in->cse->options.admin, &in->cse->names, &admin) &&
           mln_entity_eq(&admin, entity);
}

static mln_err refuse_administrator(const struct mln_identify *in)
{
    return refuse_identity(in, "a CSE does not forward what the administrator asks");
}

/* ---- without an association ---- */

/* docs/decisions/0011: the settings decide what may come in unproved. */
static mln_err check_listener(const struct mln_identify *in)
{
    switch (in->cse->options.unauthenticated) {
    case MLN_UNAUTHENTICATED_OPEN:
        return MLN_OK;
    case MLN_UNAUTHENTICATED_REGISTERED:
        return in->is_registration
                   ? demand_association(in, "registration needs a security association here")
                   : MLN_OK;
    case MLN_UNAUTHENTICATED_REFUSE:
        break;
    }
    return demand_association(in, "this listener takes requests in a security association only");
}

static mln_err check_claim(const struct mln_identify *in, struct mln_originator *o)
{
    struct mln_slice credential;

    if (!o->is_registered) {
        return refuse_identity(in, "this AE is not registered here");
    }
    o->is_proved = mln_proof_is_trusted(in->peer);
    if (!o->is_proved) {
        MLN_TRY(credential_of(in, &credential));
        if (credential.len) {
            return refuse_identity(in, "this AE is known by its credential");
        }
    }
    return MLN_OK;
}

static mln_err identify_claimed_ae(const struct mln_identify *in, struct mln_originator *o)
{
    if (!mln_ident_is_stem(in->from)) {
        return refuse_form(in, "From must be an AE-ID-Stem here");
    }
    MLN_TRY(find_registration(in, o));
    return allow_newcomer(in, check_claim(in, o), o);
}

/* A trusted listener vouches for the CSEs that come in by it, too: those that register, are
 * registered, or are behind such a one, and for other service providers that we are to deal with;
 * with a registrar, that is everybody elsewhere. */
static mln_err find_claimed_cse(const struct mln_identify *in, struct mln_originator *o, bool *ret)
{
    struct mln_lookup l = lookup_of(in);
    bool is_bare = o->entity.cse.len == 0; /* "/Sx": an AE, or a CSE that we know as one */
    struct mln_entity cse = { .sp = o->entity.sp, .cse = is_bare ? o->entity.stem : o->entity.cse };
    struct mln_remote way;
    mln_err err;

    *ret = false;
    if (!mln_proof_is_trusted(in->peer) || mln_ident_is_stem(in->from) ||
        is_written(in->cse->names.cse_id, &cse, &in->cse->names)) {
        return MLN_OK;
    }
    if (is_bare && mln_entity_is_at_home(&o->entity, &in->cse->names)) {
        err = mln_remote_find_namesake(&l, cse.cse, &way);
        if (err.code == MLN_ERR_NOT_FOUND) {
            err = mln_remote_find_ae(&l, cse.cse, &way);
            is_bare = mln_failed(err);
        }
    } else {
        err = mln_remote_find(&l, &cse, &way);
    }
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    if (is_bare && (!mln_failed(err) || in->is_cse_registration)) {
        o->entity = cse;
    }
    *ret = !mln_failed(err) || in->cse->options.registrar.cse_id.len > 0 ||
           mln_remote_is_peer(in->cse, &cse) ||
           (in->is_cse_registration && o->entity.stem.len == 0);
    o->is_proved = *ret && o->entity.stem.len == 0;
    return MLN_OK;
}

static mln_err identify_claimed(const struct mln_identify *in, struct mln_originator *o)
{
    bool is_cse;

    MLN_TRY(find_claimed_cse(in, o, &is_cse));
    if (is_cse && is_admin_elsewhere(in, &o->entity)) {
        return refuse_administrator(in);
    }
    if (is_cse) {
        return in->is_registration ? refuse_registration(in) : MLN_OK;
    }
    if (is_admin_name(in) && mln_proof_is_trusted(in->peer)) {
        o->is_admin = true;
        o->is_proved = true;
        return MLN_OK;
    }
    if (o->entity.stem.len == 0) {
        /* spec: TS-0004 7.3.2.1: a CSE-ID is accepted within a security association only */
        return demand_association(in, "a CSE needs a security association");
    }
    return identify_claimed_ae(in, o);
}

/* ---- an AE in its association ---- */

/* One of several AE-IDs that the credential may have, or one that it was not known to have: then
 * it must be the credential that registered this AE. */
static mln_err check_binding(const struct mln_identify *in, const struct mln_association *a)
{
    struct mln_slice credential;

    MLN_TRY(credential_of(in, &credential));
    if (!credential.len || !mln_slice_eq(credential, a->credential_id)) {
        return refuse_identity(in, "this AE registered with another credential");
    }
    return MLN_OK;
}

/* The administrator's name may be no more than one of many that a pattern allows. */
static mln_err identify_admin(const struct mln_identify *in, enum mln_cover cover,
                              struct mln_originator *o)
{
    if (cover != MLN_COVER_EXACT) {
        return refuse_identity(in, "From is not an AE-ID of this credential");
    }
    o->is_admin = true;
    o->is_proved = true;
    return MLN_OK;
}

static mln_err check_proof(const struct mln_identify *in, const struct mln_association *a,
                           enum mln_cover cover, struct mln_originator *o)
{
    if (!o->is_registered) {
        return refuse_identity(in, "this AE is not registered here");
    }
    if (cover != MLN_COVER_EXACT) {
        MLN_TRY(check_binding(in, a));
    }
    o->is_proved = true;
    return MLN_OK;
}

static mln_err identify_proved_ae(const struct mln_identify *in, const struct mln_association *a,
                                  struct mln_originator *o)
{
    enum mln_cover cover = mln_cover_of(a, &o->entity, &in->cse->names);

    if (!mln_ident_is_stem(in->from)) {
        return refuse_form(in, "From must be an AE-ID-Stem here");
    }
    if (is_admin_name(in)) {
        return identify_admin(in, cover, o);
    }
    if (a->ae_id_count > 0 && cover == MLN_COVER_NONE) {
        return refuse_identity(in, "From is not an AE-ID of this credential");
    }
    MLN_TRY(find_registration(in, o));
    return allow_newcomer(in, check_proof(in, a, cover, o), o);
}

/* ---- a CSE in its association ---- */

/* What a CSE forwards is from its own AEs and from what lies behind it.
 * spec: TS-0004 7.3.2.1, security.md 4.1 */
static mln_err identify_proved_cse(const struct mln_identify *in, const struct mln_association *a,
                                   struct mln_originator *o)
{
    struct mln_lookup l = lookup_of(in);
    struct mln_entity peer;
    struct mln_errand ask;
    bool speaks;

    if (!mln_entity_parse_cse(a->cse_id, &in->cse->names, &peer)) {
        return refuse_identity(in, "the credential has no CSE-ID");
    }
    if (is_admin_elsewhere(in, &o->entity)) {
        return refuse_administrator(in);
    }
    if (is_written(in->from, &peer, &in->cse->names)) {
        o->entity = peer; /* "/Sx" may be an AE or a CSE: here it is this one */
        o->is_proved = true;
    } else if (mln_ident_is_stem(in->from) && in->from.ptr[0] == 'C') {
        return refuse_identity(in, "a CSE forwards no AE-ID-Stem");
    } else {
        ask = (struct mln_errand){
            .neighbour = peer, .originator = o->entity, .op = in->op, .ty = in->created_ty
        };
        MLN_TRY(mln_remote_speaks_for(&l, &ask, &speaks));
        if (!speaks) {
            return refuse_identity(in, "this CSE does not speak for the one in From");
        }
    }
    return in->is_registration ? refuse_registration(in) : MLN_OK;
}

static mln_err identify_proved(const struct mln_identify *in, const struct mln_association *a,
                               struct mln_originator *o)
{
    bool may_be_ae = !a->cse_id.len || (a->ae_id_count > 0 && mln_ident_is_stem(in->from));

    if (!may_be_ae) {
        return identify_proved_cse(in, a, o);
    }
    if (o->entity.stem.len == 0 && a->ae_id_count == 0) {
        return demand_association(in, "this credential is not that of a CSE");
    }
    return identify_proved_ae(in, a, o);
}

/* ---- inside an ESPrim object ---- */

static bool is_this_cse(const struct mln_identify *in, const struct mln_entity *entity)
{
    struct mln_entity ours;

    return mln_entity_parse_cse(in->cse->names.cse_id, &in->cse->names, &ours) &&
           mln_slice_eq(entity->cse, ours.cse) && mln_slice_eq_nocase(entity->sp, ours.sp);
}

/* One of many that a pattern allows: not an AE that registered with a credential of its own. */
static mln_err check_pattern(const struct mln_identify *in, const struct mln_association *a,
                             const struct mln_originator *o)
{
    struct mln_slice credential;

    if (mln_cover_of(a, &o->entity, &in->cse->names) == MLN_COVER_EXACT) {
        return MLN_OK;
    }
    MLN_TRY(credential_of(in, &credential));
    return credential.len ? refuse_identity(in, "this AE registered with another credential")
                          : MLN_OK;
}

/* An AE that is, or should be, registered here writes its name as it does everywhere. */
static mln_err identify_own_ae(const struct mln_identify *in, const struct mln_association *a,
                               struct mln_originator *o)
{
    struct mln_identify stem = *in;

    stem.from = o->entity.stem;
    MLN_TRY(find_registration(&stem, o));
    if (!mln_ident_is_stem(in->from)) {
        return o->is_registered || o->entity.cse.len
                   ? refuse_form(in, "From must be an AE-ID-Stem here")
                   : MLN_OK; /* of the SP, and registered elsewhere */
    }
    return o->is_registered ? check_pattern(in, a, o)
                            : refuse_identity(in, "this AE is not registered here");
}

/* The pairwise key proves the originator itself, wherever it is registered: no CSE on the way
 * speaks for it. spec: security.md 3.2, 25.4 */
static mln_err identify_end_to_end(const struct mln_identify *in, const struct mln_association *a,
                                   struct mln_originator *o)
{
    if (!a) {
        return refuse_identity(in, "the pairwise key is valid no more");
    }
    if (!mln_proof_names(in->cse, a, in->from, &o->entity)) {
        mln_fault_set(in->fault, "From is not whom the pairwise key proves");
        MLN_FAIL(ESPRIM_IMPERSONATION);
    }
    if (in->is_registration || in->is_cse_registration) {
        mln_fault_set(in->fault, "nobody registers by a request inside an ESPrim object");
        MLN_FAIL(OPERATION);
    }
    o->is_proved = true;
    o->is_admin = is_admin_name(in);
    if (o->is_admin) {
        return MLN_OK;
    }
    if (o->entity.stem.len == 0) {
        return is_this_cse(in, &o->entity) ? refuse_identity(in, "From is this CSE itself")
                                           : MLN_OK;
    }
    return is_this_cse(in, &o->entity) ||
                   (o->entity.cse.len == 0 && mln_entity_is_at_home(&o->entity, &in->cse->names))
               ? identify_own_ae(in, a, o)
               : MLN_OK;
}

/* ---- all of it ---- */

/* It has no name yet: the registrar gives it one. */
static mln_err identify_nameless(const struct mln_identify *in, const struct mln_association *a)
{
    if (!in->is_registration) {
        return refuse_form(in, "From must be a whole AE-ID-Stem here");
    }
    if (a && a->cse_id.len && a->ae_id_count == 0) {
        mln_fault_set(in->fault, "a CSE cannot register an AE");
        MLN_FAIL(OPERATION);
    }
    return MLN_OK;
}

/* A registrar that tells us of its AE speaks for itself. spec: TS-0004 7.4.5.2.1 */
static struct mln_slice name_of(const struct mln_identify *in)
{
    bool may_register =
        in->op == MLN_OP_UPDATE || (in->op == MLN_OP_CREATE && in->created_ty == MLN_TY_AEA);
    struct mln_slice cse_id;
    struct mln_slice stem;

    return may_register && mln_ident_is_registration(in->from, &in->cse->names, &cse_id, &stem)
               ? cse_id
               : in->from;
}

static mln_err identify(const struct mln_identify *in, struct mln_originator *ret)
{
    const struct mln_association *a = mln_proof_of(in->cse, in->peer);
    struct mln_originator o = { .text = in->from };

    if (mln_peer_is_end_to_end(in->peer)) {
        MLN_TRY(identify_end_to_end(in, a, &o));
        *ret = o;
        return MLN_OK;
    }
    if (!a && !mln_proof_is_trusted(in->peer)) {
        MLN_TRY(check_listener(in));
    }
    if (in->from.len == 0 && !in->is_registration) {
        mln_fault_set(in->fault, "From is missing");
        MLN_FAIL(PARAM_MISSING);
    }
    if (mln_admit_assigns(in->from)) {
        MLN_TRY(identify_nameless(in, a));
        o.is_newcomer = true;
    } else if (!mln_entity_parse(in->from, &in->cse->names, &o.entity)) {
        return refuse_form(in, "From is no AE-ID and no CSE-ID");
    } else if (a) {
        MLN_TRY(identify_proved(in, a, &o));
    } else {
        MLN_TRY(identify_claimed(in, &o));
    }
    *ret = o;
    return MLN_OK;
}

mln_err mln_access_identify(const struct mln_identify *in, struct mln_originator *ret)
{
    struct mln_identify who = *in;

    who.from = mln_peer_is_end_to_end(in->peer) ? in->from : name_of(in);
    return identify(&who, ret);
}

static mln_err assume_ae(const struct mln_identify *in, bool is_proved, struct mln_originator *o)
{
    MLN_TRY(find_registration(in, o));
    if (!o->is_registered && !in->is_registration) {
        return refuse_identity(in, "this AE is not registered here");
    }
    o->is_newcomer = !o->is_registered;
    o->is_proved = is_proved && o->is_registered;
    return MLN_OK;
}

/* A CSE, or an AE of another CSE whose request was forwarded. */
static mln_err assume_other(const struct mln_identify *in, bool is_proved, struct mln_originator *o)
{
    bool is_here = is_this_cse(in, &o->entity);

    if (is_here && o->entity.stem.len) {
        return refuse_form(in, "From must be an AE-ID-Stem here");
    }
    if (is_here) {
        return refuse_identity(in, "From is this CSE itself");
    }
    o->is_proved = is_proved && o->entity.stem.len == 0;
    return MLN_OK;
}

mln_err mln_access_assume(const struct mln_identify *in, bool is_proved, struct mln_originator *ret)
{
    struct mln_originator o = { .text = in->from };

    if (mln_admit_assigns(in->from)) {
        MLN_TRY(identify_nameless(in, NULL));
        o.is_newcomer = true;
    } else if (!mln_entity_parse(in->from, &in->cse->names, &o.entity)) {
        return refuse_form(in, "From is no AE-ID and no CSE-ID");
    } else if (is_admin_name(in)) {
        o.is_admin = true;
        o.is_proved = is_proved;
    } else if (mln_ident_is_stem(in->from)) {
        MLN_TRY(assume_ae(in, is_proved, &o));
    } else {
        MLN_TRY(assume_other(in, is_proved, &o));
    }
    *ret = o;
    return MLN_OK;
}

/* ---- roles ---- */

static bool has_role(struct mln_slice list, struct mln_slice role_id)
{
    struct mln_slice entry;
    struct mln_walk w;

    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &entry) && mln_slice_eq(entry, role_id)) {
            return true;
        }
    }
    return false;
}

/* The AE-ID-Stem under which an AE here, or one that the IN-CSE knows, has a binding; or empty. */
static struct mln_slice bound_stem(const struct mln_identify *in,
                                   const struct mln_originator *originator)
{
    const struct mln_entity *entity = &originator->entity;
    bool is_of_sp = !entity->cse.len && mln_entity_is_at_home(entity, &in->cse->names);

    return originator->is_registered || is_of_sp ? entity->stem : (struct mln_slice){ 0 };
}

mln_err mln_access_allows_role(const struct mln_identify *in,
                               const struct mln_originator *originator, struct mln_slice role_id,
                               bool *ret)
{
    const struct mln_association *a = mln_proof_of(in->cse, in->peer);
    struct mln_slice stem = bound_stem(in, originator);
    struct mln_binding binding = { 0 };
    bool is_allowed = !a || mln_association_admits_role(a, role_id);
    mln_err err;

    if (is_allowed && stem.len) {
        err = mln_binding_get(in->view, in->arena, stem, &binding);
        if (err.code != MLN_ERR_NOT_FOUND) {
            MLN_TRY(err);
        }
        is_allowed = !binding.roles.len || has_role(binding.roles, role_id);
    }
    *ret = is_allowed;
    return MLN_OK;
}
