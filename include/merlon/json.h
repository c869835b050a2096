/* JSON values as the library gives them out: the content of answers and notifications.
 *
 * A value is borrowed from the object it was got from and lives as long. All functions only read,
 * so several threads may read at the same time. A NULL value is allowed everywhere and has kind
 * MERLON_JSON_ABSENT: look-ups can be chained without a test in between.
 * TS-0004 8.4 */
#pragma once

#include "merlon/base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct merlon_json;

enum merlon_json_kind {
    MERLON_JSON_ABSENT = 0,
    MERLON_JSON_NULL = 1,
    MERLON_JSON_BOOLEAN = 2,
    MERLON_JSON_INTEGER = 3, /* from -2^63 to 2^64-1, kept exactly */
    MERLON_JSON_NUMBER = 4,  /* any other number, kept as it was written */
    MERLON_JSON_TEXT = 5,
    MERLON_JSON_ARRAY = 6,
    MERLON_JSON_OBJECT = 7
};

/* What the value is; ABSENT for NULL. */
MERLON_API enum merlon_json_kind merlon_json_kind(const struct merlon_json *value);

/* The member of that name of an object, or NULL. */
MERLON_API const struct merlon_json *merlon_json_member(const struct merlon_json *value,
                                                        const char *name);

/* Walks over members or elements: the first one, then each next one, then NULL. */
MERLON_API const struct merlon_json *merlon_json_first(const struct merlon_json *value);
MERLON_API const struct merlon_json *merlon_json_next(const struct merlon_json *value);

/* How many members or elements; 0 for other kinds. */
MERLON_API size_t merlon_json_count(const struct merlon_json *value);

/* Name of a member; "" for an element and for the outermost value. */
MERLON_API const char *merlon_json_name(const struct merlon_json *value);

/* Characters of a TEXT, digits of a NUMBER; NULL for other kinds. A text that contains NUL goes on
 * behind it: see merlon_json_text_size. */
MERLON_API const char *merlon_json_text(const struct merlon_json *value);

/* Bytes of merlon_json_text, without the NUL at its end; 0 for other kinds. */
MERLON_API size_t merlon_json_text_size(const struct merlon_json *value);

/* An INTEGER that fits into the type; else false, and *ret stays as it is. */
MERLON_API bool merlon_json_int64(const struct merlon_json *value, int64_t *ret);
MERLON_API bool merlon_json_uint64(const struct merlon_json *value, uint64_t *ret);

/* Is it the BOOLEAN true? */
MERLON_API bool merlon_json_is_true(const struct merlon_json *value);

/* The value as JSON text, indented by two blanks a level when is_pretty. The caller frees it with
 * merlon_free. NULL when out of memory, or when `value` is NULL. */
MERLON_API char *merlon_json_write(const struct merlon_json *value, bool is_pretty);

#ifdef __cplusplus
}
#endif
