/* A stand-in for the CSE in tests of the binding: answers by what To says.
 *
 *   …/echo     2000 and the parameters it was given, as {"m2m:cnt": {...}}
 *   …/fixed    2000 and a constant content of about 250 bytes
 *   …/posted   as echo, but from a posted task
 *   …/slow     as echo, after 50 ms
 *   …/never    no answer until mln_fake_release
 *   …/big      2000 and a content of 4 MB
 *   …/created  2001 with a location
 *   …/partial  2000 with content status, content offset and vendor information
 *   …/broken   2000 with a content that is no pack
 *   anything else: 4004 without content
 *
 * One worker, on its loop's thread. */
#pragma once

#include "cse/cse.h"
#include "io/loop.h"

/* What stands for the worker. */
struct mln_worker {
    struct mln_loop *loop;
    unsigned long calls; /* made */
    unsigned long answered;
    unsigned long abandoned;
    struct fake_wait *waiting; /* at …/never */
};

/* Answers all calls that wait at …/never. */
void mln_fake_release(struct mln_worker *worker);
