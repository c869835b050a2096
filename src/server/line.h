/* A line in the making: a JSON object, member by member.
 *
 * What a peer said is escaped, so that it can neither end its text nor the line, and cut at a
 * length. The caller adds up the sizes and gives room for them all. Pure; any thread. */
#pragma once

#include "base/slice.h"

#include <stdint.h>

struct mln_line {
    char *out;
    size_t len;
};

/* Beside its value a text takes no more: name, quotes, and what the last character goes beyond. */
enum { MLN_LINE_OVER = 64 };

/* As it is. */
void mln_line_put(struct mln_line *l, const char *text);

/* A member, behind a comma unless it is the first; a text at most about `most` bytes long, an empty
 * one not at all. `us` as in base/timestamp.h. */
void mln_line_text(struct mln_line *l, const char *name, struct mln_slice text, size_t most);
void mln_line_number(struct mln_line *l, const char *name, unsigned long long n);
void mln_line_time(struct mln_line *l, const char *name, int64_t us);
