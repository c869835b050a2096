/* What fuzz targets share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ours to prove: a failure here is a bug. */
static inline void require(bool claim)
{
    if (!claim) {
        abort();
    }
}
