/* Resource ids and the resourceIDs made from them.
 *
 * An id holds the microsecond of its making in the upper 52 bits, so ids grow with time and sort
 * by creation. A made resourceID is a short name and the id as 13 base32 characters: it needs no
 * index row, since the id can be read out of it again. Pure functions, any thread. */
#pragma once

#include "base/slice.h"

enum { MLN_ID_TEXT = 13 };

/* The least id that is greater than `last` and not older than the clock; 0 when there is none. */
uint64_t mln_id_next(uint64_t last, int64_t now_us);

/* Base32 in an alphabet that sorts like the numbers: digits and lower case without i, l, o, u. */
void mln_id_format(char out[static MLN_ID_TEXT], uint64_t id);

/* May it stand in front of an id? A letter, then letters and digits. */
bool mln_id_is_short_name(struct mln_slice name);

/* Reads a made resourceID: a short name, then an id. False for any other text. */
bool mln_id_split(struct mln_slice ri, struct mln_slice *ret_short_name, uint64_t *ret_id);

/* Is `ri` made from this id? */
bool mln_id_is_made(struct mln_slice ri, uint64_t id);
