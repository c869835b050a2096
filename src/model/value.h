/* Values: what a serialisation decodes to and what the validator checks.
 *
 * A tree of nodes in an arena, independent of JSON, XML and CBOR. Texts are slices into the arena
 * or into the decoded message, which must live as long. One thread.
 * spec: TS-0004 8.4.2 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum mln_kind {
    MLN_V_NULL,
    MLN_V_BOOL,
    MLN_V_INT,  /* -2^63 .. 2^64-1, exact */
    MLN_V_REAL, /* any other number, kept as it was written */
    MLN_V_TEXT, /* UTF-8, may contain NUL */
    MLN_V_ARRAY,
    MLN_V_OBJECT,
};

struct mln_value {
    struct mln_value *next; /* following element or member */
    struct mln_slice name;  /* of a member; empty in arrays and at the root */
    enum mln_kind kind;
    bool is_negative; /* INT: the value is -magnitude */
    bool boolean;     /* BOOL */
    union {
        uint64_t magnitude;    /* INT */
        struct mln_slice text; /* TEXT: the characters; REAL: the number as JSON writes it */
        struct {
            struct mln_value *first;
            struct mln_value *last;
            size_t count;
        } items; /* ARRAY, OBJECT */
    };
};

/* New node without content, or NULL when the arena is exhausted. */
struct mln_value *mln_value_new(struct mln_arena *arena, enum mln_kind kind);

struct mln_value *mln_value_text(struct mln_arena *arena, struct mln_slice text);
struct mln_value *mln_value_int(struct mln_arena *arena, int64_t n);
struct mln_value *mln_value_uint(struct mln_arena *arena, uint64_t n);
struct mln_value *mln_value_bool(struct mln_arena *arena, bool b);

/* Appends an element. `item` may be NULL (a failed mln_value_new): NO_MEMORY. */
mln_err mln_value_append(struct mln_value *array, struct mln_value *item);

/* Appends a member without looking for one of the same name. */
mln_err mln_value_set(struct mln_value *object, struct mln_slice name, struct mln_value *item);

/* The member of that name, or NULL; NULL also when `object` is NULL or no object. */
struct mln_value *mln_value_get(const struct mln_value *object, struct mln_slice name);

/* Takes the member of that name out of the object and returns it, or NULL. */
struct mln_value *mln_value_take(struct mln_value *object, struct mln_slice name);

/* An INT that fits; false otherwise. */
bool mln_value_u64(const struct mln_value *v, uint64_t *ret);
bool mln_value_i64(const struct mln_value *v, int64_t *ret);

/* Same kind and same content; members in any order, elements in order. */
bool mln_value_eq(const struct mln_value *a, const struct mln_value *b);
