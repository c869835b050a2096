/* AEContactList: which CSEs have resources that refer to AEs, as they tell the IN-CSE.
 * spec: TS-0004 7.5.1.2.17 */
#pragma once

#include "cse/types/types.h"

/* Is it a NOTIFY to the CSEBase of this IN-CSE with AEReferenceIDChange? Reads nothing but the
 * request. It is carried out on the store's executor. */
bool mln_contacts_concerns(const struct mln_exec *e);

/* The same for one that comes from a CSE that is known here; which may. Errors: STORE_*,
 * NO_MEMORY. */
mln_err mln_contacts_may(const struct mln_exec *e, bool *ret);

/* Writes down what it says; the lists are made when they are first needed. Errors: ATTR_INVALID,
 * LIMIT, NO_PRIVILEGE, STORE_*, NO_MEMORY. */
mln_err mln_contacts_change(struct mln_exec *e);
