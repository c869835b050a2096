/* What is built in: bindings and store backends. Constant; any thread. */
#pragma once

#include "bind/bind.h"

/* All bindings, ended by NULL. */
const struct mln_binding_ops *const *mln_bindings(void);

/* The binding for URLs of that scheme, or NULL. */
const struct mln_binding_ops *mln_binding_of(struct mln_slice scheme);

/* Is it a scheme under TLS, such as https? */
bool mln_binding_is_secured(struct mln_slice scheme);

/* Name of the backend used without an option; NULL when none is built in. */
const char *mln_stores_default(void);
bool mln_stores_has(const char *name);
