/* XML to values, packs to XML.
 *
 * Names are short names in the namespaces of the standard; the tables of the model say which name
 * stands as an XML attribute, which repeats, and what the text of an element means. Nothing
 * outside of the content is ever looked at: a document type declaration is refused, and so are
 * entities. Pure functions, any thread.
 * spec: TS-0004 8.3 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "model/value.h"

/* An empty element is NULL where the tables allow none, else an empty text, list or object. Text
 * that its data type does not accept stays a text, which the validator then refuses by name.
 * Refused here are: what is no well-formed UTF-8 XML 1.0 with namespaces, names of another
 * namespace, an element twice that may not repeat (or repeated with others between), text beside
 * elements, an attribute given as element and the other way round. Elements may come in any order.
 * Texts live in the arena. Errors: SYNTAX, LIMIT, NO_MEMORY. */
mln_err mln_xml_read(struct mln_slice content, const struct mln_limits *limits,
                     struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault);

/* Appends a pack that is a map with one member, the root element. Attributes of resources stand in
 * the order of the tables. Errors: STORE_CORRUPT, NOT_ACCEPTABLE (a control character, a name that
 * is none in XML, an array in an array, one where the tables have none or of less than two elements
 * where they have no rule, a blank in an element of a list); failures of the buffer stick there. */
mln_err mln_xml_write(struct mln_buf *out, struct mln_slice pack);

/* ---- for other XML than content: crypto/xmlsec ---- */

/* What is held against every text before libxml2 sees it: UTF-8 that says nothing else of itself,
 * no document type declaration, not too many attributes in a tag. Errors: SYNTAX, LIMIT. */
mln_err mln_xml_check_text(struct mln_slice content, uint64_t attributes_most,
                           struct mln_fault *fault);

/* Appends text as it stands in an element or in an attribute (between quotation marks).
 * Errors: NOT_ACCEPTABLE (a character that XML does not have). */
mln_err mln_xml_write_text(struct mln_buf *out, struct mln_slice text, bool is_attribute);
