/* Directories, whose entries are to survive a crash. Blocking; any thread. */
#pragma once

#include <stdbool.h>

/* Makes durable what was done to the names in a directory. False: it could not, with errno. */
bool mln_directory_sync(const char *path);

/* Makes a directory for its owner only, durable when this returns. One that is there is left as it
 * is, and *ret_made false. False: it could not, with errno; EEXIST: something else has the name. */
bool mln_directory_make(const char *path, bool *ret_made);
