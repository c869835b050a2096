/* Specialisations of resource types: one number, one table of attributes for each definition.
 *
 * The base type names the attribute that decides (mgmtDefinition of a mgmtObj); its specialisations
 * are rows of the table of types. All other types stand for themselves. Pure functions, any thread.
 * spec: TS-0001 9.6.15, TS-0004 7.4.15, annex D */
#pragma once

#include "model/model.h"
#include "model/resource.h"
#include "model/value.h"

/* The specialisations of <flexContainer>, in place of those before; NULL: none. They must live as
 * long as anything looks a type up. The only state of this folder: called once, before the threads
 * start, like what is generated they are the same for the whole process. */
struct mln_definitions;
void mln_special_install(const struct mln_definitions *definitions);

/* Is the type one whose specialisations are named by a text, which are defined by files? The type
 * itself stands for none then. */
bool mln_special_is_template(const struct mln_type *type);

/* The type of a stored resource: its specialisation, or the type of its number. NULL for a number
 * that the standard does not define. */
const struct mln_type *mln_special_of(const struct mln_resource *r);

/* The type whose representations have that member name: of the tables or of what is installed; or
 * NULL. */
const struct mln_type *mln_special_root(struct mln_slice root);

/* The type that the content of a CREATE is to be checked against: the specialisation that its
 * attribute names, else the one that its root names, else `base`. Nothing of the content is
 * checked; `attributes` may be NULL. */
const struct mln_type *mln_special_of_content(const struct mln_type *base, struct mln_slice root,
                                              const struct mln_value *attributes);

/* Has the representation of the resource this attribute, whose value lives in a slot? That depends
 * on the resource for creator, and for counters that its type need not have. */
bool mln_special_shows(const struct mln_resource *r, const struct mln_attribute *attribute);

/* Is this the short name of an attribute of any type or specialisation? */
bool mln_special_is_attribute(struct mln_slice name);
