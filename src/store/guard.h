/* What becomes of a process that reads a damaged store.
 *
 * LMDB trusts the pages it maps: a damaged one leads it beyond the file or the page, or to what is
 * not there, which the system tells by SIGBUS or SIGSEGV; or an assertion of its own fails.
 * A backend names its map here, and says while it reads. A program that has called
 * mln_guard_install then ends with one line of text and its exit code; every other fault goes where
 * it went before. Nothing acknowledged is lost by that: what is committed is on disk.
 *
 * The state is the process's, as the actions of signals are. add and remove: any thread. */
#pragma once

#include <stddef.h>

struct mln_guard;

/* From now on faults inside the maps end the process with this exit code. Main thread, before
 * other threads exist. */
void mln_guard_install(int exit_code);

/* Names a map of the store in `directory`. NULL when there are too many: then its faults are as
 * without a guard. */
struct mln_guard *mln_guard_add(const void *map, size_t size, const char *directory);

/* NULL is fine. */
void mln_guard_remove(struct mln_guard *guard);

/* Between these the thread is inside the backend's library, and a fault anywhere is damage: it
 * follows NULL, or what it read in a copy of a page. Pairs do not nest. */
void mln_guard_enter(const struct mln_guard *guard);
void mln_guard_leave(void);

/* The store has been found damaged where no error can be returned. Returns only without
 * mln_guard_install. */
void mln_guard_end(const struct mln_guard *guard);
