/* Candidates for an AE-ID-Stem. */
#include "cse/access/stem.h"

#include "base/wildcard.h"

enum { RANDOM = 8 };

bool mln_admit_assigns(struct mln_slice from)
{
    return from.len == 0 || mln_slice_eq(from, MLN_S("C")) || mln_slice_eq(from, MLN_S("S"));
}

bool mln_admit_is_reserved(const struct mln_cse *cse, struct mln_slice stem)
{
    const struct mln_names *n = &cse->names;

    return mln_slice_eq(stem, cse->options.admin) || mln_slice_eq(stem, n->cse_name) ||
           mln_slice_eq(stem, mln_slice_from(n->cse_id, 1));
}

/* ---- is a candidate right? ---- */

static bool is_allowed(const struct mln_registration *in, struct mln_slice allowed,
                       struct mln_slice stem)
{
    struct mln_slice entry;
    struct mln_entity ae;
    struct mln_walk w;
    bool has_match = !allowed.len;

    if (in->association && in->association->ae_id_count > 0 &&
        (!mln_entity_parse(stem, &in->cse->names, &ae) ||
         mln_cover_of(in->association, &ae, &in->cse->names) == MLN_COVER_NONE)) {
        return false;
    }
    if (!has_match) {
        for (mln_walk_begin(&w, allowed); !has_match && mln_walk_next(&w);) {
            has_match = mln_pack_text_of(w.item, &entry) && mln_wildcard_match(entry, stem, '\0');
        }
    }
    return has_match;
}

static mln_err is_free(const struct mln_registration *in, struct mln_slice stem, bool *ret)
{
    struct mln_resource other;
    mln_err err = mln_store_find(in->view, stem, in->arena, &other);

    *ret = err.code == MLN_ERR_NOT_FOUND && !mln_admit_is_reserved(in->cse, stem);
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* ---- making one ---- */

/* Writes 64 random bits in hexadecimal. */
static mln_err put_random(const struct mln_registration *in, char out[static 2 * RANDOM])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char random[RANDOM];

    MLN_TRY(mln_env_random(in->cse->options.env, random, sizeof random));
    for (size_t i = 0; i < sizeof random; i++) {
        out[2 * i] = hex[random[i] >> 4];
        out[2 * i + 1] = hex[random[i] & 15];
    }
    return MLN_OK;
}

/* The pattern with its first '*' replaced and the others left out; one that begins with '*' gets
 * the letter that is asked for, else C. */
static mln_err fill(const struct mln_registration *in, struct mln_slice pattern,
                    struct mln_slice *ret)
{
    size_t star = mln_slice_find(pattern, '*');
    char *text = mln_arena_alloc(in->arena, pattern.len + 2 * (size_t)RANDOM + 1);
    size_t len = 0;

    MLN_REQUIRE(text, NO_MEMORY);
    if (star == 0) {
        text[len++] = in->from.len ? in->from.ptr[0] : 'C';
    }
    for (size_t i = 0; i < pattern.len; i++) {
        if (i == star) {
            MLN_TRY(put_random(in, text + len));
            len += 2 * (size_t)RANDOM;
        } else if (pattern.ptr[i] != '*') {
            text[len++] = pattern.ptr[i];
        }
    }
    *ret = mln_slice_of(text, len);
    return MLN_OK;
}

static mln_err try_pattern(const struct mln_registration *in, struct mln_slice allowed,
                           struct mln_slice pattern, bool *ret_is_chosen, struct mln_slice *ret)
{
    struct mln_slice stem = pattern;
    bool is_wanted;

    if (mln_slice_find(pattern, '*') < pattern.len) {
        MLN_TRY(fill(in, pattern, &stem));
    }
    is_wanted = mln_ident_is_stem(stem) && stem.len <= in->cse->options.limits->identifier_bytes &&
                mln_slice_starts(stem, in->from) && is_allowed(in, allowed, stem);
    if (!is_wanted) {
        return MLN_OK;
    }
    MLN_TRY(is_free(in, stem, ret_is_chosen));
    if (*ret_is_chosen) {
        *ret = stem;
    }
    return MLN_OK;
}

/* ---- where candidates come from ---- */

static mln_err try_list(const struct mln_registration *in, struct mln_slice allowed,
                        bool *ret_is_chosen, struct mln_slice *ret)
{
    struct mln_slice entry;
    struct mln_walk w;

    if (!allowed.len) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, allowed); !*ret_is_chosen && mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &entry)) {
            /* what is made of an entry matches it */
            MLN_TRY(try_pattern(in, (struct mln_slice){ 0 }, entry, ret_is_chosen, ret));
        }
    }
    return MLN_OK;
}

static mln_err try_credential(const struct mln_registration *in, struct mln_slice allowed,
                              bool *ret_is_chosen, struct mln_slice *ret)
{
    size_t count = in->association ? in->association->ae_id_count : 0;

    for (size_t i = 0; i < count && !*ret_is_chosen; i++) {
        struct mln_slice pattern = in->association->ae_ids[i];

        /* "//sp.example/cse/C*": what comes before is held against our names by is_allowed */
        while (mln_slice_find(pattern, '/') < pattern.len) {
            (void)mln_slice_cut(&pattern, '/');
        }
        MLN_TRY(try_pattern(in, allowed, pattern, ret_is_chosen, ret));
    }
    return MLN_OK;
}

mln_err mln_stem_choose(const struct mln_registration *in, struct mln_slice allowed,
                        bool *ret_is_chosen, struct mln_slice *ret)
{
    *ret_is_chosen = false;
    MLN_TRY(try_list(in, allowed, ret_is_chosen, ret));
    if (!*ret_is_chosen) {
        MLN_TRY(try_credential(in, allowed, ret_is_chosen, ret));
    }
    if (!*ret_is_chosen) {
        MLN_TRY(try_pattern(in, allowed, MLN_S("*"), ret_is_chosen, ret));
    }
    return MLN_OK;
}
