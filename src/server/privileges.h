/* Privileges: what the process gives up before it reads the first byte from the network.
 *
 * Called once by the main thread, before other threads exist. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/fault.h"

/* Looks the user up. *ret_is_root is false when the process is not root: nothing to give up.
 * Errors: CONFIG (no such user). */
struct mln_run_as {
    unsigned uid;
    unsigned gid;
    bool is_root;
};
mln_err mln_run_as_find(const char *user, struct mln_run_as *ret, struct mln_fault *fault);

/* Gives the directory and the store's files in it to the user. A directory with other files is not
 * taken over. Errors: SYSTEM. */
mln_err mln_run_as_own(const struct mln_run_as *as, const char *directory, struct mln_fault *fault);

/* Changes to user and group, without other groups, for good. Errors: SYSTEM. */
mln_err mln_run_as_become(const struct mln_run_as *as, struct mln_fault *fault);

/* Raises the number of files that may be open to `wanted`, or as far as the system allows. */
void mln_allow_files(uint64_t wanted);

/* No core dumps, no new privileges by executing something: for this thread and those it starts
 * from now on. May be called again. Errors: SYSTEM. */
mln_err mln_harden(struct mln_fault *fault);

/* Only the system calls that the server needs remain; a call that is plainly an intruder's ends
 * the process, others fail with ENOSYS. Errors: SYSTEM. */
mln_err mln_filter_calls(struct mln_fault *fault);
