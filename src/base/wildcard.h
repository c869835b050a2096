/* Patterns with wildcards: AE-IDs, App-IDs, originators.
 *
 * The only special character is '*'. Pure functions, any thread.
 * spec: security.md 4.4 */
#pragma once

#include "base/slice.h"

/* Matches the whole text against a pattern in which '*' stands for any run of characters other
 * than `stop` ('\0': any characters at all). The time is linear in the lengths of both. */
bool mln_wildcard_match(struct mln_slice pattern, struct mln_slice text, char stop);
