/* CBOR to values, packs to CBOR.
 *
 * What JSON can say, as CBOR: integers, texts, arrays, maps with text keys, true, false, null, and
 * floating point numbers. Containers and texts may have indefinite lengths in what is read; what
 * is written has definite ones. Pure functions, any thread.
 * spec: TS-0004 8.5, RFC 8949 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "model/value.h"

/* Refused are byte strings, tags, undefined, other simple values, keys that are no texts or stand
 * twice, texts that are not UTF-8, NaN and infinities, integers below -2^63, and anything behind
 * the value. A floating point number becomes the shortest decimal number that stands for it.
 * Texts are borrowed from `content` unless they come in pieces. The fault names what is wrong and
 * at which byte. Errors: SYNTAX, LIMIT, NO_MEMORY. */
mln_err mln_cbor_read(struct mln_slice content, const struct mln_limits *limits,
                      struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault);

/* Appends a pack as CBOR. Numbers that are no 64-bit integers become the nearest floating point
 * number. Errors: STORE_CORRUPT, NOT_ACCEPTABLE (a number beyond the range of those); failures of
 * the buffer stick there. */
mln_err mln_cbor_write(struct mln_buf *out, struct mln_slice pack);
