/* A fault: the detail of an error, written once where it is known.
 *
 * Goes to the peer as m2m:debugInfo and to the log. Control characters and bytes that are not
 * UTF-8 are replaced, so a fault is always one printable line. Never put a secret into one.
 * Caller's storage; any thread, one at a time. */
#pragma once

#include "base/slice.h"

enum { MLN_FAULT_SIZE = 256 };

struct mln_fault {
    char text[MLN_FAULT_SIZE]; /* NUL-terminated, "" when nothing is known */
};

/* Writes the detail unless one is there already (the first is nearest to the cause).
 * `fault` may be NULL. */
__attribute__((format(printf, 2, 3))) void mln_fault_set(struct mln_fault *fault,
                                                         const char *format, ...);

static inline void mln_fault_clear(struct mln_fault *fault)
{
    fault->text[0] = '\0';
}
