/* What the tables say of the names in a content: which data type, how often, where in XML.
 * For the XML reader and writer. Pure functions, any thread. spec: TS-0004 7.5.2, 8.3 */
#pragma once

#include "base/arena.h"
#include "model/model.h"

/* What an element or attribute may be. */
struct mln_shape {
    const struct mln_type *resource; /* a representation of this type, or NULL */
    enum mln_datatype_id type;       /* else of this data type; xs:anyType: anything */
    enum mln_xml xml;
    bool is_many;     /* repeats: an array */
    bool may_be_null; /* an empty element deletes */
    int order;        /* place among its siblings; -1: none */
};

enum { MLN_SHAPE_ORDERED = 64 }; /* a shape has at most so many members with an order */

/* Of the root element of a content: "m2m:cnt". A name that is not known may be anything. */
struct mln_shape mln_shape_root(struct mln_slice name);

/* Of a member of a value. A name that is not known may be anything, once. */
struct mln_shape mln_shape_member(const struct mln_shape *in, struct mln_slice name);

/* Has it members or may it have any? */
bool mln_shape_is_any(const struct mln_shape *shape);
bool mln_shape_has_members(const struct mln_shape *shape);

/* The member that the text of the element stands for, or NULL. */
const struct mln_member *mln_shape_base(const struct mln_shape *shape);

/* The name of an element of a namespace: with the prefix that the standard has for it, whatever the
 * content calls it. Two domains of TS-0023 share a namespace: the prefix is that by which files
 * define the name, else the first. Empty when the namespace is not known. Errors: NO_MEMORY. */
mln_err mln_shape_name(struct mln_arena *arena, struct mln_slice uri, struct mln_slice local,
                       struct mln_slice *ret);

/* The namespace of a prefix; empty when not known. */
struct mln_slice mln_shape_namespace(struct mln_slice prefix);
