/* Matching originators. */
#include "cse/access/match.h"

#include "cse/cse_int.h"
#include "cse/group/members.h"

static bool has_wildcard(struct mln_slice s)
{
    return mln_slice_find(s, '*') < s.len;
}

static bool is_role(struct mln_slice entry)
{
    return mln_slice_find(entry, '@') < entry.len && mln_slice_find(entry, '/') == entry.len;
}

enum mln_entry_form mln_access_entry_form(struct mln_slice entry)
{
    if (entry.len == 0) {
        return MLN_ENTRY_INVALID;
    }
    if (is_role(entry)) {
        return MLN_ENTRY_ROLE;
    }
    for (size_t i = 0; i < entry.len; i++) {
        unsigned char c = (unsigned char)entry.ptr[i];

        if (c <= 0x20 || c == 0x7F) {
            return MLN_ENTRY_INVALID;
        }
    }
    return MLN_ENTRY_VALID;
}

/* "//domain" without a path. */
static bool is_domain(struct mln_slice entry)
{
    struct mln_slice name = mln_slice_from(entry, 2);

    return mln_slice_starts(entry, MLN_S("//")) && name.len > 0 &&
           mln_slice_find(name, '/') == name.len;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Domain names do not distinguish letter case. */
static bool domain_matches(struct mln_access *a, struct mln_slice pattern)
{
    struct mln_slice sp = a->originator->entity.sp;
    char *folded = mln_arena_alloc(a->arena, pattern.len + sp.len);

    if (!folded) {
        return false;
    }
    for (size_t i = 0; i < pattern.len; i++) {
        folded[i] = lower(pattern.ptr[i]);
    }
    for (size_t i = 0; i < sp.len; i++) {
        folded[pattern.len + i] = lower(sp.ptr[i]);
    }
    return mln_ident_match(mln_slice_of(folded, pattern.len),
                           mln_slice_of(folded + pattern.len, sp.len), '/');
}

/* An absolute pattern "//sp/rest": the domain and the rest are matched each by its own rule. */
static bool absolute_matches(struct mln_access *a, struct mln_slice entry)
{
    struct mln_slice rest = mln_slice_from(entry, 2);
    struct mln_slice domain = mln_slice_cut(&rest, '/');
    const struct mln_entity *e = &a->originator->entity;
    struct mln_slice first;

    if (!rest.ptr || !domain_matches(a, domain)) {
        return false;
    }
    if (e->stem.len && e->cse.len == 0) {
        return mln_ident_match(rest, e->stem, '/');
    }
    first = mln_slice_cut(&rest, '/');
    if (!mln_ident_match(first, e->cse, '/')) {
        return false;
    }
    if (e->stem.len == 0) {
        return !rest.ptr;
    }
    return rest.ptr && mln_ident_match(rest, e->stem, '/');
}

/* A relative pattern concerns originators of our own SP only. */
static bool is_ours(const struct mln_access *a)
{
    struct mln_slice sp = mln_slice_from(a->cse->names.sp_id, 2);

    return mln_slice_eq(a->originator->entity.sp, sp);
}

static bool relative_matches(const struct mln_access *a, struct mln_slice entry)
{
    const struct mln_entity *e = &a->originator->entity;
    struct mln_slice rest = mln_slice_from(entry, 1);
    struct mln_slice first;

    if (!is_ours(a)) {
        return false;
    }
    if (e->stem.len && e->cse.len == 0) {
        return mln_ident_match(rest, e->stem, '/');
    }
    first = mln_slice_cut(&rest, '/');
    if (!mln_ident_match(first, e->cse, '/')) {
        return false;
    }
    return e->stem.len == 0 ? !rest.ptr : rest.ptr && mln_ident_match(rest, e->stem, '/');
}

/* A bare stem: an AE of this CSE, or an S-type AE of our SP. */
static bool stem_matches(const struct mln_access *a, struct mln_slice entry)
{
    const struct mln_entity *e = &a->originator->entity;
    struct mln_slice our_cse = mln_slice_from(a->cse->names.cse_id, 1);

    if (e->stem.len == 0 || !is_ours(a) || (e->cse.len && !mln_slice_eq(e->cse, our_cse))) {
        return false;
    }
    return mln_ident_match(entry, e->stem, '/');
}

static bool entity_matches(struct mln_access *a, struct mln_slice entry)
{
    if (a->originator->entity.sp.len == 0) {
        return false; /* an AE that asks for its name is nobody yet */
    }
    if (is_domain(entry)) {
        return domain_matches(a, mln_slice_from(entry, 2));
    }
    if (mln_slice_starts(entry, MLN_S("//"))) {
        return absolute_matches(a, entry);
    }
    if (mln_slice_starts(entry, MLN_S("/"))) {
        return relative_matches(a, entry);
    }
    return stem_matches(a, entry);
}

/* ---- groups ---- */

/* Does the identifier, in any spelling, name the originator: its AE-ID or CSE-ID, or its <AE>? */
static bool names_originator(const struct mln_access *a, struct mln_slice id)
{
    const struct mln_names *names = &a->cse->names;
    const struct mln_originator *o = a->originator;
    struct mln_entity entity;
    struct mln_slice local;
    struct mln_slice first;

    if (o->entity.sp.len == 0) {
        return false;
    }
    if (mln_entity_parse(id, names, &entity) && mln_entity_eq(&entity, &o->entity)) {
        return true;
    }
    if (!o->is_registered || mln_ident_place(id, names, &local) != MLN_PLACE_HERE) {
        return false;
    }
    if (mln_slice_eq(local, o->text)) {
        return true; /* the resourceID of the <AE> is its stem */
    }
    first = mln_slice_cut(&local, '/');
    return local.ptr && mln_locate_is_base(names, first) && mln_slice_eq(local, o->ae_name);
}

static bool find_group(const struct mln_access *a, struct mln_slice address, bool *ret)
{
    for (unsigned i = 0; i < MLN_ACCESS_GROUPS; i++) {
        if (a->groups[i].address_len &&
            mln_slice_eq(mln_slice_of(a->groups[i].address, a->groups[i].address_len), address)) {
            *ret = a->groups[i].contains;
            return true;
        }
    }
    return false;
}

static void remember_group(struct mln_access *a, struct mln_slice address, bool contains)
{
    unsigned at = a->group_next;

    if (address.len > MLN_ACCESS_MEMO_BYTES) {
        return;
    }
    a->group_next = (at + 1) % MLN_ACCESS_GROUPS;
    memcpy(a->groups[at].address, address.ptr, address.len);
    a->groups[at].address_len = (uint8_t)address.len;
    a->groups[at].contains = contains;
}

/* Is the originator a member, or a member of a group within? */
static mln_err group_contains(struct mln_access *a, struct mln_slice address, bool *ret)
{
    struct mln_lookup l = { a->cse, a->view, a->arena, mln_env_now_us(a->cse->options.env) };
    struct mln_members m;
    struct mln_slice member;
    mln_err err = MLN_OK;

    *ret = false;
    if (find_group(a, address, ret)) {
        return MLN_OK;
    }
    mln_members_begin(&m, &l, &a->members_left);
    MLN_TRY(mln_members_enter(&m, address));
    while (!*ret && !mln_failed(err = mln_members_next(&m, &member))) {
        *ret = names_originator(a, member);
    }
    if (!*ret && err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    remember_group(a, address, *ret);
    return MLN_OK;
}

/* What has the form of an AE-ID or CSE-ID cannot be the address of a group: resourceIDs begin with
 * the short name of the type, and paths have more segments. */
static bool may_name_group(const struct mln_access *a, struct mln_slice entry)
{
    struct mln_entity entity;

    return !has_wildcard(entry) && !is_domain(entry) &&
           !mln_entity_parse(entry, &a->cse->names, &entity);
}

mln_err mln_access_matches(struct mln_access *a, struct mln_slice entry, bool *ret)
{
    *ret = false;
    if (mln_access_entry_form(entry) != MLN_ENTRY_VALID) {
        return MLN_OK;
    }
    if (mln_slice_eq(entry, MLN_S("all")) || entity_matches(a, entry)) {
        *ret = true;
        return MLN_OK;
    }
    return may_name_group(a, entry) ? group_contains(a, entry, ret) : MLN_OK;
}
