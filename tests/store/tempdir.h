/* A directory that a test program fills and removes again. */
#pragma once

enum { TEMPDIR_SIZE = 256 };

/* Makes one below TMPDIR or /tmp; ends the program when it cannot. */
void tempdir_make(char out[static TEMPDIR_SIZE]);

/* Makes one in memory where the system has such a place: for tests that fake the disk anyway. */
void tempdir_make_fast(char out[static TEMPDIR_SIZE]);

/* Removes a directory and all in it; what cannot be removed stays. */
void tempdir_remove(const char *path);
