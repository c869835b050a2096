/* Validation by table: values against data types, resource representations against types.
 *
 * Nothing here looks at stored resources. Details of a refusal go to the fault. Pure functions,
 * any thread.
 * spec: TS-0004 7.3.3.3, 7.3.3.4 */
#pragma once

#include "base/fault.h"
#include "base/limits.h"
#include "model/model.h"
#include "model/value.h"

/* The value against a data type. `name` is for the fault.
 * Errors: ATTR_INVALID, NOT_IMPLEMENTED (a member that is not enforced yet). */
mln_err mln_check_value(enum mln_datatype_id type, const struct mln_value *v, struct mln_slice name,
                        struct mln_fault *fault);

/* One text against the pattern of a TEXT data type. */
bool mln_check_pattern(enum mln_pattern pattern, struct mln_slice text);

/* Attributes of a CREATE request: known, allowed, present when mandatory, of their data type.
 * NULL is no value here, except for creator. `optional` names a mandatory attribute that may be
 * absent all the same (see docs/decisions), or is empty.
 * Errors: ATTR_UNKNOWN, ATTR_FORBIDDEN, ATTR_MISSING, ATTR_INVALID, NOT_IMPLEMENTED. */
mln_err mln_check_create(const struct mln_type *type, const struct mln_value *attributes,
                         struct mln_slice optional, struct mln_fault *fault);

/* Attributes of an UPDATE request. NULL deletes an attribute of multiplicity 0..1, and asks for a
 * new expirationTime. Attributes that exclude each other cannot both be true.
 * Errors: as mln_check_create, BAD_REQUEST. */
mln_err mln_check_update(const struct mln_type *type, const struct mln_value *attributes,
                         struct mln_fault *fault);

/* A value of the data type from plain text, as in queries, headers and on the command line:
 * numbers and booleans are recognised by type, lists are separated by blanks or '+'.
 * Errors: ATTR_INVALID, NO_MEMORY. */
mln_err mln_check_from_text(enum mln_datatype_id type, struct mln_slice text,
                            struct mln_arena *arena, struct mln_value **ret);

/* The same for the text of an XML element: lists are separated by blanks only. */
mln_err mln_check_from_xml(enum mln_datatype_id type, struct mln_slice text,
                           struct mln_arena *arena, struct mln_value **ret);
