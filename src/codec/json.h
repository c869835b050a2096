/* JSON to values, packs to JSON.
 *
 * The reader is strict: one value, RFC 8259 grammar, UTF-8, no duplicate members, no lone
 * surrogates, bounded depth and number of items. Numbers keep 64 bits or their text. Pure
 * functions, any thread.
 * spec: TS-0004 8.4 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "model/value.h"

/* Texts without escapes are borrowed from `text`, the rest lives in the arena. The fault names
 * what is wrong and at which byte. Errors: SYNTAX, LIMIT, NO_MEMORY. */
mln_err mln_json_read(struct mln_slice text, const struct mln_limits *limits,
                      struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault);

/* Appends the JSON text of a pack. Errors: STORE_CORRUPT; failures of the buffer stick there. */
mln_err mln_json_write(struct mln_buf *out, struct mln_slice pack);

/* Appends the JSON text of a tree, indented by two blanks a level when is_pretty. */
void mln_json_write_value(struct mln_buf *out, const struct mln_value *v, bool is_pretty);
