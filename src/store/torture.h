/* Makes the store's calls into its backend fail, one after the other, in builds for tests.
 *
 * Counts the calls of all threads together. Any thread. */
#pragma once

#ifdef MLN_TORTURE
/* The n-th call from now on (1 is the next) fails with STORE_IO; 0 switches off. */
void mln_store_fail_at(unsigned long n);

/* The same for the n-th and all that follow. */
void mln_store_fail_from(unsigned long n);

/* How many calls were made since the last of these calls. */
unsigned long mln_store_count(void);
#endif
