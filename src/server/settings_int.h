/* Shared by settings.c (the table) and those that have a setter for each kind of value:
 * settings_set.c, settings_cses.c. */
#pragma once

#include "server/settings.h"

/* Sets one setting from its text. The name has been found in the table. Errors: CONFIG. */
mln_err mln_setting_set(struct mln_settings *s, struct mln_slice name, struct mln_slice value,
                        struct mln_fault *fault);

struct mln_setter {
    const char *name;
    mln_err (*set)(struct mln_settings *s, struct mln_slice value, struct mln_fault *fault);
};

/* Those about other CSEs; constant. */
const struct mln_setter *mln_settings_of_cses(size_t *ret_count);

/* ---- for setters ---- */

/* Says what the value must be. Errors: CONFIG, always. */
mln_err mln_setting_refuse(struct mln_fault *fault, const char *name, const char *expected,
                           struct mln_slice value);

/* A copy that lives as long as the settings. Errors: NO_MEMORY. */
mln_err mln_setting_keep(struct mln_settings *s, struct mln_slice value, struct mln_slice *ret);

/* "on" or "off". Errors: CONFIG. */
mln_err mln_setting_switch(const char *name, struct mln_slice value, bool *ret,
                           struct mln_fault *fault);
