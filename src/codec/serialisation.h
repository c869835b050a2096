/* Serialisations: how contents look in messages.
 *
 * A row each: the name of the standard, the media types, a reader and a writer. Bindings choose a
 * row by media type or by name and see values and packs only. To add one, write its file and its
 * row. Constant; any thread.
 * spec: TS-0004 6.7, 8 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "model/value.h"

/* In the order of spec: TS-0004 6.7 */
enum mln_media {
    MLN_MEDIA_PLAIN,    /* application/json */
    MLN_MEDIA_RESOURCE, /* application/vnd.onem2m-res+json */
    MLN_MEDIA_NOTIFICATION,
    MLN_MEDIA_REQUEST,
    MLN_MEDIA_RESPONSE,
    MLN_MEDIA_TYPES,
};

struct mln_serialisation {
    struct mln_slice name; /* as in contentSerialization: "json" */
    struct mln_slice types[MLN_MEDIA_TYPES];

    /* The value of a content. Texts may be borrowed from `content`, the rest lives in the arena.
     * The fault names what is wrong and where. Errors: SYNTAX, LIMIT, NO_MEMORY. */
    mln_err (*read)(struct mln_slice content, const struct mln_limits *limits,
                    struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault);

    /* Appends a pack. Errors: STORE_CORRUPT, NOT_ACCEPTABLE (this serialisation cannot say it);
     * failures of the buffer stick there. After an error the buffer holds a part. */
    mln_err (*write)(struct mln_buf *out, struct mln_slice pack);
};

/* The rows in order of preference: JSON is the first. NULL behind the last. */
const struct mln_serialisation *mln_serialisation_at(size_t index);

/* By name, or NULL. */
const struct mln_serialisation *mln_serialisation_named(struct mln_slice name);

/* By media type without parameters, in any case of letters; or NULL. */
const struct mln_serialisation *mln_serialisation_of(struct mln_slice media_type);

/* A pack as *form says, in a buffer of at most `max` bytes. What that form cannot say is written
 * as JSON, and *form tells so. Errors: STORE_CORRUPT, LIMIT, NO_MEMORY. */
mln_err mln_serialise(const struct mln_serialisation **form, struct mln_slice pack,
                      struct mln_arena *arena, size_t max, struct mln_slice *ret);
