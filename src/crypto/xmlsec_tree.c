/* Reading envelopes as trees. libxml2 gets texts in which nothing can be declared, left out or
 * fetched; what comes of them is walked element by element. */
#include "crypto/xmlsec_int.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <limits.h>

#include "base/secret.h"
#include "codec/xml.h"
#include "crypto/base64.h"

/* libxml2 compares attributes and namespaces with each other; a tree takes a hundred times the
 * memory of its tags. Payloads of more elements or attributes come in base64. The exclusive
 * canonical form says a namespace again in each element that uses it, however long its name. */
enum {
    ATTRIBUTES_MOST = 64,
    TAGS_MOST = 10000,
    DEPTH_MOST = 64,
    NAMESPACE_MOST = 256,
    TEXT_MOST = INT_MAX
};

mln_err mln_xmlsec_refuse(struct mln_xmlsec_reader *r, const char *what)
{
    mln_fault_set(r->fault, "XML security: %s", what);
    MLN_FAIL(SYNTAX);
}

/* ---- text ---- */

/* Moves behind a tag, with *rest at its '<', and counts its attributes by their signs of equality.
 * True: it is an element of its own. */
static bool skip_tag(struct mln_slice *rest, size_t *attributes)
{
    char quote = '\0';
    size_t i = 1;

    while (i < rest->len && (quote || rest->ptr[i] != '>')) {
        char c = rest->ptr[i++];

        if (quote) {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else {
            *attributes += c == '=';
        }
    }
    *rest = mln_slice_from(*rest, i);
    return i > 1 && rest->ptr[-1] == '/';
}

/* Elements, text and nothing else. In well-formed XML '<' stands only where markup begins. */
static mln_err check_markup(struct mln_xmlsec_reader *r, struct mln_slice rest)
{
    size_t tags = 0;
    size_t depth = 0;
    size_t attributes = 0;

    if (mln_slice_starts(rest, MLN_S("<?xml "))) {
        rest = mln_slice_from(rest, mln_slice_find(rest, '>'));
    }
    for (;;) {
        rest = mln_slice_from(rest, mln_slice_find(rest, '<'));
        if (rest.len < 2) {
            return MLN_OK;
        }
        if (rest.ptr[1] == '!' || rest.ptr[1] == '?') {
            return mln_xmlsec_refuse(r, "neither comments, CDATA sections nor instructions");
        }
        if (rest.ptr[1] == '/') {
            depth -= depth > 0;
            rest = mln_slice_from(rest, 1);
            continue;
        }
        depth += !skip_tag(&rest, &attributes);
        if (++tags > TAGS_MOST || depth > DEPTH_MOST || attributes > TAGS_MOST) {
            mln_fault_set(r->fault, "XML security: too many elements or attributes");
            MLN_FAIL(LIMIT);
        }
    }
}

/* NULL when it is not well-formed, or memory is out. */
static xmlDoc *read_tree(struct mln_slice text)
{
    /* HUGE: texts may be as long as the caller's limit; the rest of what it lifts has been counted.
     * NOENT: "&amp;" becomes a character; nothing can declare other entities. */
    static const int options = XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_HUGE |
                               XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    xmlParserCtxt *parser = xmlNewParserCtxt();
    xmlDoc *doc = NULL;

    if (parser) {
        doc = xmlCtxtReadMemory(parser, text.ptr, (int)text.len, NULL, "UTF-8", options);
    }
    if (doc && (!parser->wellFormed || !parser->nsWellFormed || doc->intSubset || doc->extSubset)) {
        xmlFreeDoc(doc);
        doc = NULL;
    }
    xmlFreeParserCtxt(parser);
    return doc;
}

/* The next node in the order of the text; NULL behind the last. */
static const xmlNode *following(const xmlDoc *doc, const xmlNode *node)
{
    if (node->type == XML_ELEMENT_NODE && node->children) {
        return node->children;
    }
    while (!node->next && node->parent != (const xmlNode *)doc) {
        node = node->parent;
    }
    return node->next;
}

static mln_err check_namespaces(struct mln_xmlsec_reader *r, const xmlDoc *doc)
{
    for (const xmlNode *node = doc->children; node; node = following(doc, node)) {
        const xmlNs *ns = node->type == XML_ELEMENT_NODE ? node->nsDef : NULL;

        for (; ns; ns = ns->next) {
            if (xmlStrlen(ns->href) > NAMESPACE_MOST) {
                mln_fault_set(r->fault, "XML security: the name of a namespace is too long");
                MLN_FAIL(LIMIT);
            }
        }
    }
    return MLN_OK;
}

mln_err mln_xmlsec_parse(struct mln_xmlsec_reader *r, struct mln_slice text, xmlDoc **ret)
{
    struct mln_xmlsec_errors was;
    xmlDoc *doc;
    mln_err err;

    MLN_TRY(mln_xml_check_text(text, ATTRIBUTES_MOST, r->fault));
    MLN_TRY(check_markup(r, text));
    MLN_TRY(mln_xmlsec_start());
    mln_xmlsec_hush(&was);
    doc = read_tree(text);
    mln_xmlsec_unhush(&was);
    if (!doc) {
        return mln_xmlsec_refuse(r, "not well-formed");
    }
    err = check_namespaces(r, doc);
    if (mln_failed(err)) {
        xmlFreeDoc(doc);
        return err;
    }
    *ret = doc;
    return MLN_OK;
}

/* ---- walking ---- */

static const char *uri_of(enum mln_xml_ns ns)
{
    static const char *const uris[] = {
        [MLN_XML_DS] = MLN_XML_DS_URI,
        [MLN_XML_DS11] = MLN_XML_DS11_URI,
        [MLN_XML_XENC] = MLN_XML_XENC_URI,
        [MLN_XML_XENC11] = MLN_XML_XENC11_URI,
    };

    return uris[ns];
}

bool mln_xmlsec_is(const xmlNode *node, enum mln_xml_ns ns, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && node->ns &&
           xmlStrEqual(node->ns->href, mln_xml_char(uri_of(ns))) &&
           xmlStrEqual(node->name, mln_xml_char(name));
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_listed(struct mln_slice list, const xmlChar *name)
{
    while (list.len) {
        if (mln_slice_eq(mln_slice_cut(&list, ' '), mln_slice_z((const char *)name))) {
            return true;
        }
    }
    return false;
}

static mln_err check_attributes(struct mln_xmlsec_reader *r, const xmlNode *node,
                                const char *attributes)
{
    for (const xmlAttr *a = node->properties; a; a = a->next) {
        if (a->ns || !is_listed(mln_slice_z(attributes), a->name)) {
            return mln_xmlsec_refuse(r, "an attribute that is not permitted");
        }
        if (!xmlStrEqual(a->name, mln_xml_char("Id"))) {
            continue;
        }
        if (r->id_count == MLN_XMLSEC_IDS) {
            return mln_xmlsec_refuse(r, "too many identifiers");
        }
        r->ids[r->id_count++] = a;
    }
    return MLN_OK;
}

/* From there on: all text is blank. */
static mln_err check_blanks(struct mln_xmlsec_reader *r, const xmlNode *node)
{
    for (; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE) {
            continue;
        }
        if (node->type != XML_TEXT_NODE) {
            return mln_xmlsec_refuse(r, "neither an element nor text");
        }
        for (const xmlChar *c = node->content; c && *c; c++) {
            if (!is_blank((char)*c)) {
                return mln_xmlsec_refuse(r, "text beside elements");
            }
        }
    }
    return MLN_OK;
}

static const xmlNode *element_from(const xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE) {
        node = node->next;
    }
    return node;
}

mln_err mln_xmlsec_enter(struct mln_xmlsec_reader *r, const xmlNode *node, const char *attributes,
                         const xmlNode **ret)
{
    MLN_TRY(check_attributes(r, node, attributes));
    MLN_TRY(check_blanks(r, node->children));
    *ret = element_from(node->children);
    return MLN_OK;
}

bool mln_xmlsec_take(const xmlNode **at, enum mln_xml_ns ns, const char *name,
                     const xmlNode **ret_node)
{
    if (!mln_xmlsec_is(*at, ns, name)) {
        return false;
    }
    *ret_node = *at;
    *at = mln_xmlsec_next(*at);
    return true;
}

const xmlNode *mln_xmlsec_next(const xmlNode *node)
{
    return element_from(node->next);
}

/* ---- texts ---- */

/* The text of a list of text nodes; without its blanks. */
static mln_err collect(struct mln_xmlsec_reader *r, const xmlNode *first, bool is_blank_skipped,
                       size_t most, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, r->arena, most);
    for (const xmlNode *n = first; n; n = n->next) {
        struct mln_slice rest = mln_slice_z((const char *)n->content);

        if (n->type != XML_TEXT_NODE) {
            return mln_xmlsec_refuse(r, "an element in the place of text");
        }
        while (is_blank_skipped && rest.len) {
            size_t plain = 0;

            while (plain < rest.len && !is_blank(rest.ptr[plain])) {
                plain++;
            }
            mln_buf_add(&out, mln_slice_head(rest, plain));
            rest = mln_slice_from(rest, plain + 1);
        }
        mln_buf_add(&out, rest);
    }
    return mln_buf_finish(&out, ret);
}

mln_err mln_xmlsec_attribute(struct mln_xmlsec_reader *r, const xmlNode *node, const char *name,
                             struct mln_slice *ret)
{
    const xmlAttr *a = xmlHasNsProp((xmlNode *)(uintptr_t)node, mln_xml_char(name), NULL);

    return collect(r, a ? a->children : NULL, false, TEXT_MOST, ret);
}

mln_err mln_xmlsec_text(struct mln_xmlsec_reader *r, const xmlNode *node, const char *attributes,
                        size_t most, struct mln_slice *ret)
{
    MLN_TRY(check_attributes(r, node, attributes));
    return collect(r, node->children, false, most, ret);
}

mln_err mln_xmlsec_bytes(struct mln_xmlsec_reader *r, const xmlNode *node, const char *attributes,
                         struct mln_slice *ret)
{
    struct mln_slice text;
    mln_err err;

    MLN_TRY(check_attributes(r, node, attributes));
    MLN_TRY(collect(r, node->children, true, TEXT_MOST, &text));
    err = mln_base64_read(text, r->arena, ret);
    return err.code == MLN_ERR_SYNTAX ? mln_xmlsec_refuse(r, "not base64") : err;
}

mln_err mln_xmlsec_algorithm(struct mln_xmlsec_reader *r, const xmlNode *node,
                             struct mln_slice *ret)
{
    const xmlNode *inner;

    MLN_TRY(mln_xmlsec_enter(r, node, "Algorithm", &inner));
    if (inner) {
        return mln_xmlsec_refuse(r, "an algorithm with parameters");
    }
    return mln_xmlsec_attribute(r, node, "Algorithm", ret);
}

/* ---- identifiers ---- */

static const xmlChar *value_of(const xmlAttr *a)
{
    return a->children && a->children->content ? a->children->content : mln_xml_char("");
}

static bool is_twice(const struct mln_xmlsec_reader *r, const xmlAttr *a)
{
    for (size_t i = 0; i < r->id_count; i++) {
        const xmlAttr *known = r->ids[i];

        if (known != a && xmlStrEqual(value_of(a), value_of(known))) {
            return true;
        }
    }
    return false;
}

/* Whatever somebody might take for an identifier: Id, ID, id, xml:id, wsu:Id. */
static mln_err check_node(struct mln_xmlsec_reader *r, const xmlNode *node)
{
    for (const xmlAttr *a = node->properties; a; a = a->next) {
        if (mln_slice_eq_nocase(mln_slice_z((const char *)a->name), MLN_S("id")) &&
            is_twice(r, a)) {
            return mln_xmlsec_refuse(r, "an identifier that stands there twice");
        }
    }
    return MLN_OK;
}

mln_err mln_xmlsec_check_ids(struct mln_xmlsec_reader *r, const xmlDoc *doc)
{
    for (const xmlNode *node = doc->children; node; node = following(doc, node)) {
        MLN_TRY(node->type == XML_ELEMENT_NODE ? check_node(r, node) : MLN_OK);
    }
    return MLN_OK;
}

/* ---- canonical form ---- */

static void ignore(void *data, xmlErrorPtr error)
{
    (void)data;
    (void)error;
}

void mln_xmlsec_hush(struct mln_xmlsec_errors *ret_was)
{
    ret_was->function = xmlStructuredError;
    ret_was->data = xmlStructuredErrorContext;
    xmlSetStructuredErrorFunc(NULL, ignore);
}

void mln_xmlsec_unhush(const struct mln_xmlsec_errors *was)
{
    xmlSetStructuredErrorFunc(was->data, was->function);
}

mln_err mln_xmlsec_canonical(const xmlDoc *doc, struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_xmlsec_errors was;
    xmlChar *text = NULL;
    int len;
    bool is_there;

    mln_xmlsec_hush(&was);
    len = xmlC14NDocDumpMemory((xmlDoc *)(uintptr_t)doc, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 0,
                               &text);
    mln_xmlsec_unhush(&was);
    MLN_REQUIRE(len > 0 && text, SYNTAX);
    is_there = mln_arena_dup(arena, mln_slice_of((const char *)text, (size_t)len), ret);
    mln_wipe(text, (size_t)len);
    xmlFree(text);
    return is_there ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

mln_err mln_xmlsec_canonical_part(const xmlNode *node, struct mln_arena *arena,
                                  struct mln_slice *ret)
{
    xmlDoc *alone = xmlNewDoc(mln_xml_char("1.0"));
    xmlNode *copy = alone ? xmlDocCopyNode((xmlNode *)(uintptr_t)node, alone, 1) : NULL;
    mln_err err = MLN_ERROR(NO_MEMORY);

    if (copy) {
        xmlDocSetRootElement(alone, copy);
        err = mln_xmlsec_canonical(alone, arena, ret);
    }
    xmlFreeDoc(alone);
    return err;
}
