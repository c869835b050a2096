/* UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
 * Pure functions, any thread. */
#pragma once

#include "base/slice.h"

/* Length in bytes of the well-formed character at the start of s, or 0. */
size_t mln_utf8_char(struct mln_slice s);

/* As mln_utf8_char, but 0 also for what must not reach a terminal or a line of text: control
 * characters (C0, DEL, C1) and the line and paragraph separators. */
size_t mln_utf8_printable(struct mln_slice s);

/* Whole slice well-formed? NUL bytes count as characters. */
bool mln_utf8_valid(struct mln_slice s);

/* Writes `code` (at most 0x10FFFF, no surrogate) to out; returns its length in bytes. */
size_t mln_utf8_put(char out[static 4], uint32_t code);
