/* What a security association proves about the names that somebody uses.
 *
 * An association allows AE-IDs as patterns. A pattern without '/' is an AE-ID-Stem and
 * means an AE of this CSE (first letter C) or of our SP (S); one with '/' is SP-relative or
 * absolute. '*' stands for any run of characters but '/'. Letter case counts, but not in the
 * domain. Pure functions; any thread.
 * spec: TS-0004 7.3.2.1, TS-0003 7.2.1, security.md 4.1 */
#pragma once

#include "base/association.h"
#include "model/ident.h"

enum mln_cover {
    MLN_COVER_NONE,
    MLN_COVER_PATTERN, /* by a pattern with '*': one of several names */
    MLN_COVER_EXACT,   /* the credential names this very AE */
};

/* May who shows the credential be this AE? */
enum mln_cover mln_cover_of(const struct mln_association *association, const struct mln_entity *ae,
                            const struct mln_names *names);

/* Does the credential name this very AE or CSE, without a pattern? */
bool mln_cover_names(const struct mln_association *association, const struct mln_entity *entity,
                     const struct mln_names *names);
