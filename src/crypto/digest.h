/* SHA-256. Pure functions, any thread. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

enum { MLN_SHA256_SIZE = 32 };

/* Errors: NO_MEMORY. */
mln_err mln_sha256(struct mln_slice bytes, unsigned char ret[static MLN_SHA256_SIZE]);
