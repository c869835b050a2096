/* Announced variants: what those with rules of their own share with the others. */
#pragma once

#include "cse/types/types.h"

/* What holds for all announced variants. */
extern const struct mln_type_ops mln_annc_ops;

/* Does the originator host what the link names? */
bool mln_annc_hosts(const struct mln_exec *e, struct mln_slice link);
