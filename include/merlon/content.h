/* Content: builds the representation of a resource, attribute by attribute.
 *
 * Attributes go by short or long name. A value given as text gets the data type that the standard
 * gives the attribute: "10" is a number for maxNrOfInstances and a text for appName. A content
 * lives until it is freed and may be used for any number of requests.
 * TS-0004 6.3, 8.4 */
#pragma once

#include "merlon/base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct merlon_content;

/* type: as for merlon_type_find; "sgn" for a notification; or the full name of a member that the
 * standard does not define, with its prefix, such as "cod:binarySwitch", for a specialised
 * flexContainer: its own attributes then are not known, and a text that is a JSON number, true or
 * false is taken as such. NULL on failure: INVALID (no such type; the text names the nearest),
 * NO_MEMORY. */
MERLON_API struct merlon_content *merlon_content_new(const char *type, struct merlon_error *error);

/* The content of a JSON text that has its root, {"m2m:cnt": {…}}: the type follows from it. NULL on
 * failure: INVALID (no JSON, no known root), NO_MEMORY. */
MERLON_API struct merlon_content *merlon_content_new_json(const char *json, size_t size,
                                                          struct merlon_error *error);

/* NULL is fine. */
MERLON_API void merlon_content_free(struct merlon_content *content);

/* Sets an attribute from text:
 *   - "null" stands for JSON null, which deletes an attribute in an update;
 *   - elements of a list are separated by commas, or the whole is a JSON array;
 *   - an object, and an array of objects, is given as JSON;
 *   - enumeration values go by number or by name, resource types by short or long name too.
 * INVALID: an attribute that the type does not have (the text names the nearest), or a value that
 * is not of its data type. NO_MEMORY. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_content_set(struct merlon_content *content,
                                                                const char *name, const char *value,
                                                                struct merlon_error *error);

/* Sets a member to any JSON value. A name that the type does not know is taken as it is, so that
 * what a later release defines can be sent too. INVALID: no JSON. NO_MEMORY. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_content_set_json(struct merlon_content *content,
                                                                     const char *name,
                                                                     const char *json,
                                                                     struct merlon_error *error);

/* Takes all members from a JSON object: {"m2m:cnt": {"mni": 10}}, or {"mni": 10} alone. Long names
 * become short ones. INVALID: no JSON, or the representation of another type. NO_MEMORY. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_content_read(struct merlon_content *content,
                                                                 const char *json, size_t size,
                                                                 struct merlon_error *error);

/* The content as JSON text with its root, {"m2m:cnt":{"mni":10}}. Freed with merlon_free. NULL when
 * out of memory. */
MERLON_API char *merlon_content_write(const struct merlon_content *content);

#ifdef __cplusplus
}
#endif
