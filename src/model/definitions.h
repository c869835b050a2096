/* Definitions: specialisations of <flexContainer> that are data, read at the start.
 *
 * A text holds any number of them, a statement on each line; '#' begins a comment:
 *
 *     flexContainer hd:tempe temperature org.onem2m.home.moduleclass.temperature
 *     attribute curT0 currentTemperature xs:float mandatory
 *     attribute tarTe targetTemperature xs:float
 *     child hd:other
 *
 * The first names the member of a representation, the long name and the containerDefinition. An
 * attribute has short name, long name and data type, whose name may end in [] for a list; what is
 * not mandatory is optional. When there are children, no other specialisations may stand below.
 * Each definition becomes a row as those of the generated tables are, with the attributes of
 * <flexContainer> before its own; one for its announced variant, whose names end in Annc and which
 * may have each attribute of its own; and likewise one for its instances, which end in Inst. Names
 * with the prefix m2m are those of the tables, which have the attributes, too; the file says their
 * containerDefinition, and no children means none.
 *
 * Built by one thread, then constant; any thread may look. The texts need not live on.
 * spec: TS-0001 9.6.26, 9.6.35; TS-0004 7.4.37, 6.3.5.39 */
#pragma once

#include "base/fault.h"
#include "base/limits.h"
#include "model/model.h"

struct mln_definitions;

/* Errors: NO_MEMORY. */
mln_err mln_definitions_new(const struct mln_limits *limits, struct mln_definitions **ret);

/* NULL is fine. */
void mln_definitions_free(struct mln_definitions *definitions);

/* Adds what the text defines. After an error the set is of no use. Errors: CONFIG (*ret_line and
 * the fault say where and what), LIMIT (too many definitions), NO_MEMORY. */
mln_err mln_definitions_read(struct mln_definitions *definitions, struct mln_slice text,
                             size_t *ret_line, struct mln_fault *fault);

/* By containerDefinition; or by the member name of a representation, which may be that of an
 * announced variant. NULL for others, also when `definitions` is NULL. */
const struct mln_type *mln_definitions_find(const struct mln_definitions *definitions,
                                            struct mln_slice cnd);
const struct mln_type *mln_definitions_root(const struct mln_definitions *definitions,
                                            struct mln_slice root);

/* The announced variant of a specialisation. */
const struct mln_type *mln_definitions_announced(const struct mln_type *type);

/* What the instances of a specialisation are. */
const struct mln_type *mln_definitions_instance(const struct mln_type *type);

/* Has a specialisation an attribute of that short name? */
bool mln_definitions_is_attribute(const struct mln_definitions *definitions, struct mln_slice name);

/* May that specialisation, or what is none, stand below this one? What holds for originals holds
 * for announced variants, too. */
bool mln_definitions_may_hold(const struct mln_type *parent, const struct mln_type *child);
