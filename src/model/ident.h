/* Identifiers of entities and resources in all their spellings.
 *
 * Pure functions on slices; results borrow from their arguments. Any thread.
 * spec: TS-0001 7.2, TS-0004 6.2.3 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/wildcard.h"

/* Who we are. */
struct mln_names {
    struct mln_slice sp_id;    /* "//merlon.example" */
    struct mln_slice cse_id;   /* "/id-in" */
    struct mln_slice cse_name; /* "cse-in" */
};

/* An entity: SP-ID, CSE-ID and AE-ID-Stem, each without slashes; empty where it has none. */
struct mln_entity {
    struct mln_slice sp;
    struct mln_slice cse;
    struct mln_slice stem;
};

/* Canonical form of an AE-ID or CSE-ID in any spelling: relative parts are completed with ours.
 * A bare stem is an AE of this CSE when it begins with 'C', of our SP when with 'S'. "/Sxyz" is an
 * AE of our SP unless it is our own CSE-ID: the spelling does not tell it from a CSE.
 * False for anything that is neither. */
bool mln_entity_parse(struct mln_slice id, const struct mln_names *names, struct mln_entity *ret);

/* The same for what can be nothing but a CSE-ID: "/Sxyz" is one here. */
bool mln_entity_parse_cse(struct mln_slice id, const struct mln_names *names,
                          struct mln_entity *ret);

/* "/mn/Sxyz": an AE of our SP and its registrar; "/mn/S": the AE has no name yet. Whether the stem
 * is whole is not looked at. spec: TS-0004 7.4.5.2.1 */
bool mln_ident_is_registration(struct mln_slice id, const struct mln_names *names,
                               struct mln_slice *ret_cse_id, struct mln_slice *ret_stem);

/* "a/b", in the arena. Errors: NO_MEMORY. */
mln_err mln_ident_join(struct mln_arena *arena, struct mln_slice a, struct mln_slice b,
                       struct mln_slice *ret);

/* The CSE-ID of an entity (its own, or that of the CSE that an AE is registered at) as it is
 * written within our SP, "/cse1", or absolute. In the arena. Errors: NO_MEMORY. */
mln_err mln_entity_cse_id(const struct mln_entity *entity, const struct mln_names *names,
                          struct mln_arena *arena, struct mln_slice *ret);

/* Same entity? Letter case counts, except in the domain. */
bool mln_entity_eq(const struct mln_entity *a, const struct mln_entity *b);

/* Of the same service provider? */
bool mln_entity_same_sp(const struct mln_entity *a, const struct mln_entity *b);

/* Of our service provider? */
bool mln_entity_is_at_home(const struct mln_entity *entity, const struct mln_names *names);

/* AE-ID-Stem: first letter C or S, then at least one unreserved character; nothing else. */
bool mln_ident_is_stem(struct mln_slice s);

/* SP-relative CSE-ID: '/' and unreserved characters. */
bool mln_ident_is_cse_id(struct mln_slice s);

/* M2M-SP-ID: "//" and a domain name. */
bool mln_ident_is_sp_id(struct mln_slice s);

/* One or more unreserved characters of RFC 3986. */
bool mln_ident_is_unreserved(struct mln_slice s);

/* resourceName. spec: TS-0004 6.3.3 */
bool mln_ident_is_name(struct mln_slice s);

/* Does it look like a URL with a scheme ("http://…", "mqtt://…")? */
bool mln_ident_is_url(struct mln_slice s);

/* Where does a To point? */
enum mln_place {
    MLN_PLACE_INVALID,
    MLN_PLACE_HERE, /* this CSE hosts it */
    MLN_PLACE_OTHER_CSE,
    MLN_PLACE_OTHER_SP,
};

/* Splits a resource identifier in any spelling. For HERE, *ret_local is the CSE-relative rest:
 * "cse-in/ae1/c1", "-/ae1", "./ae1" ('.' is another '-'), "cnt0…", "cnt0…/la"; empty for the
 * CSEBase itself, however it is written. One slash at the end is forgiven. INVALID: empty
 * segments, characters that are not unreserved, '..', an SP-ID without a CSE-ID. */
enum mln_place mln_ident_place(struct mln_slice to, const struct mln_names *names,
                               struct mln_slice *ret_local);

/* Matches the whole text against a pattern in which '*' stands for any run of characters other
 * than `stop` ('\0': any characters at all). Linear time. */
static inline bool mln_ident_match(struct mln_slice pattern, struct mln_slice text, char stop)
{
    return mln_wildcard_match(pattern, text, stop);
}
