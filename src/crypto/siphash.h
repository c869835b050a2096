/* SipHash-2-4 with 128 bits: a hash under a secret key, for tables whose keys strangers choose.
 *
 * Who does not know the key can neither foresee a value nor find two texts with the same one. The
 * time depends on the length of the text only. Pure function, any thread.
 * (J.-P. Aumasson, D. J. Bernstein: SipHash, a fast short-input PRF, 2012) */
#pragma once

#include "base/slice.h"

enum { MLN_SIPHASH_KEY = 16, MLN_SIPHASH_SIZE = 16 };

void mln_siphash(const unsigned char key[static MLN_SIPHASH_KEY], struct mln_slice text,
                 unsigned char out[static MLN_SIPHASH_SIZE]);
