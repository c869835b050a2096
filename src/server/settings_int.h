/* Shared by settings.c (the table) and settings_set.c (one setter for each kind of value). */
#pragma once

#include "server/settings.h"

/* Sets one setting from its text. The name has been found in the table. Errors: CONFIG. */
mln_err mln_setting_set(struct mln_settings *s, struct mln_slice name, struct mln_slice value,
                        struct mln_fault *fault);
