/* Spellings of identifiers. */
#include "model/ident.h"

#include "base/buf.h"

enum {
    LABEL_MOST = 63,   /* bytes of one part of a domain name, RFC 1035 */
    DOMAIN_MOST = 253, /* and of a whole one */
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Letters, digits, '-', '.', '_' and '~', a bit each: every segment of every request is looked at.
 */
static bool is_unreserved(char c)
{
    static const uint64_t set[] = { UINT64_C(0x03ff600000000000), UINT64_C(0x47fffffe87fffffe), 0,
                                    0 };
    unsigned char u = (unsigned char)c;

    return set[u / 64] >> (u % 64) & 1;
}

bool mln_ident_is_unreserved(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_unreserved(s.ptr[i])) {
            return false;
        }
    }
    return s.len > 0;
}

bool mln_ident_is_name(struct mln_slice s)
{
    if (s.len == 0 || !(is_letter(s.ptr[0]) || is_digit(s.ptr[0]))) {
        return false;
    }
    return mln_ident_is_unreserved(s) && mln_slice_find(s, '~') == s.len;
}

bool mln_ident_is_stem(struct mln_slice s)
{
    return s.len >= 2 && (s.ptr[0] == 'C' || s.ptr[0] == 'S') && mln_ident_is_unreserved(s);
}

/* Would be lost on the way in a URL. */
static bool is_dots(struct mln_slice s)
{
    return mln_slice_eq(s, MLN_S(".")) || mln_slice_eq(s, MLN_S(".."));
}

/* A CSE-ID without its slash. */
static bool is_cse_part(struct mln_slice s)
{
    return mln_ident_is_unreserved(s) && !is_dots(s);
}

bool mln_ident_is_cse_id(struct mln_slice s)
{
    return mln_slice_starts(s, MLN_S("/")) && is_cse_part(mln_slice_from(s, 1));
}

/* ---- domain names ---- */

static bool is_domain_label(struct mln_slice s)
{
    if (s.len == 0 || s.len > LABEL_MOST || s.ptr[0] == '-' || s.ptr[s.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (!is_letter(s.ptr[i]) && !is_digit(s.ptr[i]) && s.ptr[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool is_domain(struct mln_slice s)
{
    if (s.len == 0 || s.len > DOMAIN_MOST) {
        return false;
    }
    while (s.ptr) {
        if (!is_domain_label(mln_slice_cut(&s, '.'))) {
            return false;
        }
    }
    return true;
}

/* The letter case of domain names does not count: spec: TS-0004 6.2.3 asks for lower case, peers
 * do not always obey. */
static bool domain_eq(struct mln_slice a, struct mln_slice b)
{
    return mln_slice_eq_nocase(a, b);
}

bool mln_ident_is_sp_id(struct mln_slice s)
{
    return mln_slice_starts(s, MLN_S("//")) && is_domain(mln_slice_from(s, 2));
}

/* ---- entities ---- */

static struct mln_slice our_sp(const struct mln_names *names)
{
    return mln_slice_from(names->sp_id, 2);
}

static struct mln_slice our_cse(const struct mln_names *names)
{
    return mln_slice_from(names->cse_id, 1);
}

/* What stands behind the domain, without the first slash: "id-in", "S1", "id-in/C1". */
static bool parse_relative(struct mln_slice id, struct mln_slice sp, const struct mln_names *names,
                           struct mln_entity *ret)
{
    struct mln_slice rest = id;
    struct mln_slice first = mln_slice_cut(&rest, '/');
    bool is_us = domain_eq(sp, our_sp(names)) && mln_slice_eq(first, our_cse(names));

    if (!is_cse_part(first)) {
        return false;
    }
    if (rest.ptr) {
        /* a stem that its SP assigned is never written behind a CSE-ID */
        if (!mln_ident_is_stem(rest) || rest.ptr[0] != 'C') {
            return false;
        }
        *ret = (struct mln_entity){ .sp = sp, .cse = first, .stem = rest };
    } else if (!is_us && mln_ident_is_stem(first) && first.ptr[0] == 'S') {
        *ret = (struct mln_entity){ .sp = sp, .stem = first };
    } else {
        *ret = (struct mln_entity){ .sp = sp, .cse = first };
    }
    return true;
}

bool mln_entity_parse(struct mln_slice id, const struct mln_names *names, struct mln_entity *ret)
{
    if (mln_slice_starts(id, MLN_S("//"))) {
        struct mln_slice rest = mln_slice_from(id, 2);
        struct mln_slice sp = mln_slice_cut(&rest, '/');

        return rest.ptr && is_domain(sp) && parse_relative(rest, sp, names, ret);
    }
    if (mln_slice_starts(id, MLN_S("/"))) {
        return parse_relative(mln_slice_from(id, 1), our_sp(names), names, ret);
    }
    if (!mln_ident_is_stem(id)) {
        return false;
    }
    *ret = (struct mln_entity){ .sp = our_sp(names), .stem = id };
    if (id.ptr[0] == 'C') {
        ret->cse = our_cse(names);
    }
    return true;
}

bool mln_entity_parse_cse(struct mln_slice id, const struct mln_names *names,
                          struct mln_entity *ret)
{
    struct mln_slice sp = our_sp(names);
    struct mln_slice cse = mln_slice_from(id, 1);

    if (mln_slice_starts(id, MLN_S("//"))) {
        cse = mln_slice_from(id, 2);
        sp = mln_slice_cut(&cse, '/');
    }
    if (!mln_slice_starts(id, MLN_S("/")) || !is_domain(sp) || !cse.ptr || !is_cse_part(cse)) {
        return false;
    }
    *ret = (struct mln_entity){ .sp = sp, .cse = cse };
    return true;
}

bool mln_ident_is_registration(struct mln_slice id, const struct mln_names *names,
                               struct mln_slice *ret_cse_id, struct mln_slice *ret_stem)
{
    struct mln_entity cse;
    size_t at = id.len;

    while (at > 0 && id.ptr[at - 1] != '/') {
        at--;
    }
    if (at == 0 || !mln_entity_parse_cse(mln_slice_head(id, at - 1), names, &cse)) {
        return false;
    }
    *ret_cse_id = mln_slice_head(id, at - 1);
    *ret_stem = mln_slice_from(id, at);
    return mln_slice_starts(*ret_stem, MLN_S("S")) && mln_ident_is_unreserved(*ret_stem);
}

mln_err mln_ident_join(struct mln_arena *arena, struct mln_slice a, struct mln_slice b,
                       struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, SIZE_MAX);
    mln_buf_add(&out, a);
    mln_buf_byte(&out, '/');
    mln_buf_add(&out, b);
    return mln_buf_finish(&out, ret);
}

mln_err mln_entity_cse_id(const struct mln_entity *entity, const struct mln_names *names,
                          struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, SIZE_MAX);
    if (!mln_entity_is_at_home(entity, names)) {
        mln_buf_add(&out, MLN_S("//"));
        mln_buf_add(&out, entity->sp);
    }
    mln_buf_byte(&out, '/');
    mln_buf_add(&out, entity->cse);
    return mln_buf_finish(&out, ret);
}

bool mln_entity_eq(const struct mln_entity *a, const struct mln_entity *b)
{
    return mln_slice_eq(a->stem, b->stem) && mln_slice_eq(a->cse, b->cse) &&
           domain_eq(a->sp, b->sp);
}

bool mln_entity_same_sp(const struct mln_entity *a, const struct mln_entity *b)
{
    return domain_eq(a->sp, b->sp);
}

bool mln_entity_is_at_home(const struct mln_entity *entity, const struct mln_names *names)
{
    return domain_eq(entity->sp, our_sp(names));
}

/* ---- resources ---- */

bool mln_ident_is_url(struct mln_slice s)
{
    size_t colon = mln_slice_find(s, ':');

    if (colon == 0 || !is_letter(s.ptr[0]) ||
        !mln_slice_starts(mln_slice_from(s, colon), MLN_S("://")) || s.len == colon + 3) {
        return false;
    }
    for (size_t i = 1; i < colon; i++) { /* RFC 3986 3.1 */
        char c = s.ptr[i];

        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') {
            return false;
        }
    }
    return true;
}

static bool is_base(struct mln_slice segment, const struct mln_names *names)
{
    /* spec: TS-0001 7.2: the shortcut is '-'; the examples of the table write '.' */
    return mln_slice_eq(segment, MLN_S("-")) || mln_slice_eq(segment, MLN_S(".")) ||
           mln_slice_eq(segment, names->cse_name);
}

/* Segments of unreserved characters; '.' and '..' alone only where they are a shortcut. */
static bool is_path(struct mln_slice path)
{
    struct mln_slice rest = path;
    bool is_first = true;

    while (rest.ptr) {
        struct mln_slice segment = mln_slice_cut(&rest, '/');

        if (!mln_ident_is_unreserved(segment) || mln_slice_eq(segment, MLN_S("..")) ||
            (!is_first && is_dots(segment))) {
            return false;
        }
        is_first = false;
    }
    return true;
}

/* A CSE-relative identifier; one slash at the end is forgiven. */
static enum mln_place place_local(struct mln_slice local, const struct mln_names *names,
                                  struct mln_slice *ret_local)
{
    if (local.len > 1 && local.ptr[local.len - 1] == '/') {
        local.len--;
    }
    if (local.len && !is_path(local)) {
        return MLN_PLACE_INVALID;
    }
    *ret_local = is_base(local, names) ? mln_slice_head(local, 0) : local;
    return MLN_PLACE_HERE;
}

/* "id-in", "id-in/", "id-in/rest" in our SP: without the first slash. */
static enum mln_place place_in_sp(struct mln_slice id, const struct mln_names *names,
                                  struct mln_slice *ret_local)
{
    struct mln_slice rest = id;
    struct mln_slice cse = mln_slice_cut(&rest, '/');
    struct mln_slice local;
    enum mln_place place;

    if (!is_cse_part(cse)) {
        return MLN_PLACE_INVALID;
    }
    place = place_local(rest, names, &local);
    if (place == MLN_PLACE_HERE && !mln_slice_eq(cse, our_cse(names))) {
        return MLN_PLACE_OTHER_CSE;
    }
    if (place == MLN_PLACE_HERE) {
        *ret_local = local;
    }
    return place;
}

static enum mln_place place_absolute(struct mln_slice id, const struct mln_names *names,
                                     struct mln_slice *ret_local)
{
    struct mln_slice rest = id;
    struct mln_slice sp = mln_slice_cut(&rest, '/');
    struct mln_slice local;
    enum mln_place place;

    if (!is_domain(sp) || rest.len == 0) {
        return MLN_PLACE_INVALID;
    }
    place = place_in_sp(rest, names, &local);
    if (place == MLN_PLACE_INVALID) {
        return place;
    }
    if (!domain_eq(sp, our_sp(names))) {
        return MLN_PLACE_OTHER_SP;
    }
    if (place == MLN_PLACE_HERE) {
        *ret_local = local;
    }
    return place;
}

enum mln_place mln_ident_place(struct mln_slice to, const struct mln_names *names,
                               struct mln_slice *ret_local)
{
    if (mln_slice_starts(to, MLN_S("//"))) {
        return place_absolute(mln_slice_from(to, 2), names, ret_local);
    }
    if (mln_slice_starts(to, MLN_S("/"))) {
        return place_in_sp(mln_slice_from(to, 1), names, ret_local);
    }
    return to.len ? place_local(to, names, ret_local) : MLN_PLACE_INVALID;
}
