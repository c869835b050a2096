/* Names of the standard: resource types, attributes, response status codes.
 *
 * Everything here is constant and lives for ever; any thread.
 * TS-0004 6.3.4.2.1, 6.6.3, 8.2 */
#pragma once

#include "merlon/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A resource type or, for mgmtObj, one of its specialisations; virtual resources have none. */
struct merlon_type;

/* The type with that short name, long name, root name or decimal number; or NULL. Upper and lower
 * case are the same unless two names differ in nothing else. */
MERLON_API const struct merlon_type *merlon_type_find(const char *name);

/* The type of that number; the base type for mgmtObj (13). NULL when the standard has none. */
MERLON_API const struct merlon_type *merlon_type_of(int number);

/* All types, from 0 on; NULL behind the last one. */
MERLON_API const struct merlon_type *merlon_type_at(size_t index);

/* Value of the attribute resourceType: 3; then "cnt", "container", and the member that holds a
 * representation: "m2m:cnt". */
MERLON_API int merlon_type_number(const struct merlon_type *type);
MERLON_API const char *merlon_type_short_name(const struct merlon_type *type);
MERLON_API const char *merlon_type_long_name(const struct merlon_type *type);
MERLON_API const char *merlon_type_root(const struct merlon_type *type);

/* Short or long name of an attribute to the other one: NULL when `type` has no such attribute. */
MERLON_API const char *merlon_attribute_short(const struct merlon_type *type, const char *name);
MERLON_API const char *merlon_attribute_long(const struct merlon_type *type, const char *name);

/* "NOT_FOUND" for 4004; "UNKNOWN" for a code that the standard does not define. */
MERLON_API const char *merlon_rsc_name(int rsc);

/* Does the code say that the request was done or accepted? */
MERLON_API bool merlon_rsc_is_success(int rsc);

#ifdef __cplusplus
}
#endif
