/* CRC-32C (Castagnoli): tells accidental damage of backups. Pure function, any thread.
 * spec: RFC 3720 12.1 */
#pragma once

#include "base/slice.h"

uint32_t mln_crc32c(struct mln_slice bytes);
