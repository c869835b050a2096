/* Matching originators. */
#include "cse/access/match.h"

#include "cse/access/remote_group.h"
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

/* Domain names do not distinguish letter case. */
static void fold(struct mln_slice text, char *out)
{
    for (size_t i = 0; i < text.len; i++) {
        out[i] = mln_lower(text.ptr[i]);
    }
}

/* What has the form of an AE-ID or CSE-ID cannot be the address of a group: resourceIDs begin with
 * the short name of the type, and paths have more segments. */
static bool may_name_group(struct mln_slice entry, const struct mln_names *names)
{
    struct mln_entity entity;

    return !has_wildcard(entry) && !is_domain(entry) && !mln_entity_parse(entry, names, &entity);
}

/* Behind the domain, if there is one. */
static void read_segments(struct mln_slice rest, struct mln_who_path *path)
{
    path->first = mln_slice_cut(&rest, '/');
    path->second = rest;
}

static mln_err read_path(struct mln_slice entry, struct mln_arena *arena, struct mln_who *who)
{
    bool is_absolute = mln_slice_starts(entry, MLN_S("//"));
    struct mln_slice rest = mln_slice_from(entry, is_absolute ? 2 : 1);
    struct mln_slice domain = is_absolute ? mln_slice_cut(&rest, '/') : (struct mln_slice){ 0 };
    struct mln_who_path *path = mln_arena_zalloc(arena, 1, sizeof *path);
    char *folded = mln_arena_alloc(arena, domain.len);

    MLN_REQUIRE(path && folded, NO_MEMORY);
    fold(domain, folded);
    path->domain = mln_slice_of(folded, domain.len);
    who->path = path;
    who->kind = is_absolute ? MLN_WHO_ABSOLUTE : MLN_WHO_RELATIVE;
    if (is_absolute && !rest.ptr) {
        who->kind = domain.len ? MLN_WHO_DOMAIN : MLN_WHO_NOBODY; /* "//" */
        return MLN_OK;
    }
    read_segments(rest, path);
    return MLN_OK;
}

mln_err mln_who_read(struct mln_slice entry, const struct mln_names *names, struct mln_arena *arena,
                     struct mln_who *ret)
{
    enum mln_entry_form form = mln_access_entry_form(entry);

    *ret = (struct mln_who){ .text = entry };
    if (form != MLN_ENTRY_VALID) {
        ret->kind = form == MLN_ENTRY_ROLE ? MLN_WHO_ROLE : MLN_WHO_NOBODY;
        return MLN_OK;
    }
    if (mln_slice_eq(entry, MLN_S("all"))) {
        ret->kind = MLN_WHO_ALL;
        return MLN_OK;
    }
    ret->kind = MLN_WHO_STEM;
    ret->has_wildcard = has_wildcard(entry);
    ret->may_be_group = may_name_group(entry, names);
    return entry.ptr[0] == '/' ? read_path(entry, arena, ret) : MLN_OK;
}

/* ---- matching ---- */

static bool part_matches(const struct mln_who *who, struct mln_slice pattern, struct mln_slice text)
{
    return who->has_wildcard ? mln_ident_match(pattern, text, '/') : mln_slice_eq(pattern, text);
}

static bool domain_matches(const struct mln_who *who, struct mln_policy_facts *f)
{
    struct mln_slice sp = f->originator->sp;

    if (f->domain_len == 0) {
        if (sp.len >= MLN_DOMAIN_MAX) {
            return false;
        }
        fold(sp, f->domain);
        f->domain_len = sp.len;
    }
    return part_matches(who, who->path->domain, mln_slice_of(f->domain, f->domain_len));
}

/* Behind the SP: a CSE, an AE below it, or an AE of the SP. */
static bool segments_match(const struct mln_who *who, const struct mln_entity *e)
{
    bool has_second = who->path->second.ptr != NULL;

    if (e->stem.len && e->cse.len == 0) {
        return !has_second && part_matches(who, who->path->first, e->stem);
    }
    return part_matches(who, who->path->first, e->cse) &&
           (e->stem.len == 0 ? !has_second
                             : has_second && part_matches(who, who->path->second, e->stem));
}

/* A relative pattern concerns originators of our own SP only. */
static bool is_ours(const struct mln_policy_facts *f)
{
    return mln_slice_eq(f->originator->sp, mln_slice_from(f->names->sp_id, 2));
}

/* A bare stem: an AE of this CSE, or an S-type AE of our SP. */
static bool stem_matches(const struct mln_who *who, const struct mln_policy_facts *f)
{
    const struct mln_entity *e = f->originator;

    return e->stem.len > 0 && part_matches(who, who->text, e->stem) && is_ours(f) &&
           (e->cse.len == 0 || mln_slice_eq(e->cse, mln_slice_from(f->names->cse_id, 1)));
}

/* The domain is compared without letter case, the rest byte for byte. */
static bool is_same_role(struct mln_slice a, struct mln_slice b)
{
    size_t at = mln_slice_find(a, '@');

    return mln_slice_eq(mln_slice_head(a, at), mln_slice_head(b, at)) &&
           mln_slice_eq_nocase(mln_slice_from(a, at), mln_slice_from(b, at));
}

static bool role_matches(const struct mln_who *who, const struct mln_policy_facts *f)
{
    for (size_t i = 0; i < f->role_count; i++) {
        if (is_same_role(who->text, f->roles[i])) {
            return true;
        }
    }
    return false;
}

bool mln_who_matches(const struct mln_who *who, struct mln_policy_facts *facts)
{
    if (who->kind == MLN_WHO_ALL) {
        return true;
    }
    if (!facts->originator || facts->originator->sp.len == 0) {
        return false; /* an AE that asks for its name is nobody yet */
    }
    switch ((enum mln_who_kind)who->kind) {
    case MLN_WHO_ROLE:
        return role_matches(who, facts);
    case MLN_WHO_DOMAIN:
        return domain_matches(who, facts);
    case MLN_WHO_ABSOLUTE:
        return domain_matches(who, facts) && segments_match(who, facts->originator);
    case MLN_WHO_RELATIVE:
        return is_ours(facts) && segments_match(who, facts->originator);
    case MLN_WHO_STEM:
        return stem_matches(who, facts);
    case MLN_WHO_NOBODY:
    case MLN_WHO_ALL:
        break;
    }
    return false;
}

/* ---- groups ---- */

bool mln_access_is_named(const struct mln_names *names, const struct mln_originator *o,
                         struct mln_slice id)
{
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

/* Looking something up costs whether or not it is there: as much as comparing some originators, and
 * as reading so many bytes of policies. */
enum { COMPARISONS = 64, BYTES = 256 };

bool mln_access_may_look_up(struct mln_access *a)
{
    bool may = a->groups_left > 0;

    a->groups_left -= may;
    a->facts.compared += COMPARISONS;
    a->bytes_read += BYTES;
    return may;
}

/* In memory of its own: a policy can name more groups than a request may use memory for. */
static mln_err look_up_member(struct mln_access *a, struct mln_slice address,
                              struct mln_arena *arena, bool *ret)
{
    struct mln_lookup l = { a->cse, a->view, arena, mln_env_now_us(a->cse->options.env) };
    struct mln_members m;
    struct mln_slice member;
    mln_err err = MLN_OK;

    mln_members_begin(&m, &l, &a->members_left);
    MLN_TRY(mln_members_enter(&m, address));
    while (!*ret && !mln_failed(err = mln_members_next(&m, &member))) {
        *ret = mln_access_is_named(&a->cse->names, a->originator, member);
    }
    return *ret || err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_access_is_member(struct mln_access *a, struct mln_slice address, bool *ret)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = NULL;
    struct mln_slice local;
    enum mln_place place = mln_ident_place(address, &a->cse->names, &local);

    *ret = false;
    if (place == MLN_PLACE_OTHER_CSE || place == MLN_PLACE_OTHER_SP) {
        return mln_access_may_look_up(a) ? mln_remote_groups_has(a, address, ret) : MLN_OK;
    }
    if (find_group(a, address, ret) || !mln_access_may_look_up(a)) {
        return MLN_OK;
    }
    scratch = mln_arena_new((size_t)a->cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(scratch, NO_MEMORY);
    MLN_TRY(look_up_member(a, address, scratch, ret));
    remember_group(a, address, *ret);
    return MLN_OK;
}

mln_err mln_access_matches(struct mln_access *a, struct mln_slice entry, bool *ret)
{
    struct mln_who who;

    MLN_TRY(mln_who_read(entry, &a->cse->names, a->arena, &who));
    *ret = mln_who_matches(&who, &a->facts);
    return *ret || !who.may_be_group ? MLN_OK : mln_access_is_member(a, entry, ret);
}
