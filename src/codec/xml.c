/* XML to trees. The text reader of libxml2 tells one thing after another of well-formed XML; what
 * it means is decided here with the tables of the model.
 *
 * Declarations are refused and the attributes of each tag counted before libxml2 sees anything:
 * entities come from the former, and it compares each attribute with all others.
 * spec: TS-0004 8.3 */
#include "codec/xml.h"

#include <libxml/parser.h>
#include <libxml/xmlreader.h>
#include <limits.h>
#include <pthread.h>

#include "base/utf8.h"
#include "codec/names.h"
#include "codec/xml_shape.h"
#include "model/check.h"

enum { SHOWN_NAME = 64 };

/* An element that has begun. */
struct frame {
    struct frame *up;
    struct mln_slice name;
    struct mln_shape shape;
    struct mln_value *value; /* an object; NULL until it has a member */
    struct mln_buf text;     /* its memory is used again for other elements */
    uint64_t seen;
    uint64_t namespaces; /* declared here */
    bool is_list;        /* the newest member came several times where anything may */
};

struct reader {
    struct mln_slice content;
    struct mln_arena *arena;
    struct mln_fault *fault;
    xmlTextReaderPtr parser; /* stands at what has been read last */
    struct frame *frame;
    struct frame *spare; /* ended ones */
    uint64_t items_left;
    uint64_t depth_left;
    uint64_t attributes_most; /* of one tag, namespaces included */
    uint64_t namespaces;      /* declared by the open elements */
    struct mln_names names;
    mln_err err; /* the first */
};

/* ---- failures ---- */

static mln_err syntax(struct reader *r, struct mln_slice name, const char *what)
{
    mln_fault_set(r->fault, "XML: %.*s: %s in line %d",
                  (int)(name.len < SHOWN_NAME ? name.len : SHOWN_NAME), name.ptr ? name.ptr : "",
                  what, r->parser ? xmlTextReaderGetParserLineNumber(r->parser) : 1);
    MLN_FAIL(SYNTAX);
}

static mln_err limit(struct reader *r, const char *what)
{
    mln_fault_set(r->fault, "XML: %s in line %d", what,
                  xmlTextReaderGetParserLineNumber(r->parser));
    MLN_FAIL(LIMIT);
}

static mln_err count_item(struct reader *r)
{
    if (r->items_left == 0) {
        return limit(r, "too many elements and attributes");
    }
    r->items_left--;
    return MLN_OK;
}

/* ---- values ---- */

static bool is_blank(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != ' ' && s.ptr[i] != '\t' && s.ptr[i] != '\n' && s.ptr[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* Without blanks at the ends, as all data types but free text have them. */
static struct mln_slice trim(struct mln_slice s)
{
    while (s.len && is_blank(mln_slice_head(s, 1))) {
        s = mln_slice_from(s, 1);
    }
    while (s.len && is_blank(mln_slice_from(s, s.len - 1))) {
        s = mln_slice_head(s, s.len - 1);
    }
    return s;
}

static bool is_free_text(const struct mln_datatype *type)
{
    return type->form == MLN_FORM_ANY || type->form == MLN_FORM_UNION ||
           (type->form == MLN_FORM_TEXT && type->pattern == MLN_PATTERN_NONE);
}

/* What an element without members and text stands for. */
static enum mln_kind empty_kind(const struct mln_shape *shape)
{
    if (shape->may_be_null) {
        return MLN_V_NULL;
    }
    if (mln_shape_has_members(shape)) {
        return MLN_V_OBJECT;
    }
    switch (mln_model_datatype(shape->type)->form) {
    case MLN_FORM_LIST:
        return MLN_V_ARRAY;
    case MLN_FORM_TEXT:
    case MLN_FORM_UNION:
    case MLN_FORM_ANY:
        return MLN_V_TEXT;
    case MLN_FORM_BOOLEAN:
    case MLN_FORM_INTEGER:
    case MLN_FORM_NUMBER:
    case MLN_FORM_ENUM:
    case MLN_FORM_COMPLEX:
        break;
    }
    return MLN_V_NULL;
}

/* The elements of a list count like members, before they take memory. */
static mln_err count_elements(struct reader *r, struct mln_slice text)
{
    bool was_blank = true;

    for (size_t i = 0; i < text.len; i++) {
        bool blank = is_blank(mln_slice_of(text.ptr + i, 1));

        if (was_blank && !blank) {
            MLN_TRY(count_item(r));
        }
        was_blank = blank;
    }
    return MLN_OK;
}

/* Text that the data type does not accept stays text: the validator tells more about it. */
static mln_err typed_value(struct reader *r, const struct mln_shape *shape, struct mln_slice text,
                           struct mln_value **ret)
{
    const struct mln_datatype *type = mln_model_datatype(shape->type);
    mln_err err = MLN_ERROR(ATTR_INVALID);

    if (text.len == 0) {
        *ret = mln_value_new(r->arena, empty_kind(shape));
        MLN_REQUIRE(*ret, NO_MEMORY);
        return MLN_OK;
    }
    if (!shape->resource && (type->form == MLN_FORM_LIST || type->form == MLN_FORM_UNION)) {
        MLN_TRY(count_elements(r, text));
    }
    if (!shape->resource && type->form != MLN_FORM_COMPLEX) {
        err =
            mln_check_from_xml(shape->type, is_free_text(type) ? text : trim(text), r->arena, ret);
    }
    if (err.code == MLN_ERR_ATTR_INVALID) {
        *ret = mln_value_text(r->arena, text);
        MLN_REQUIRE(*ret, NO_MEMORY);
        return MLN_OK;
    }
    return err;
}

/* ---- members ---- */

/* The element has come before, next to this one: both are elements of an array. */
static mln_err repeat(struct reader *r, struct frame *in, struct mln_value *v)
{
    struct mln_value *last = in->value->items.last;
    struct mln_value *first;

    if (last->kind != MLN_V_ARRAY) {
        first = mln_value_new(r->arena, MLN_V_NULL);
        MLN_REQUIRE(first, NO_MEMORY);
        *first = *last;
        first->next = NULL;
        first->name = mln_slice_of(NULL, 0);
        last->kind = MLN_V_ARRAY;
        last->items.first = NULL;
        last->items.last = NULL;
        last->items.count = 0;
        MLN_TRY(mln_value_append(last, first));
    }
    in->is_list = true;
    v->name = mln_slice_of(NULL, 0);
    return mln_value_append(last, v);
}

static mln_err add_member(struct reader *r, struct frame *in, struct mln_slice name,
                          const struct mln_shape *shape, struct mln_value *v)
{
    const struct mln_value *last = in->value ? in->value->items.last : NULL;
    bool is_next = last && mln_slice_eq(last->name, name);
    struct mln_value *array;

    if (!in->value) {
        in->value = mln_value_new(r->arena, MLN_V_OBJECT);
        MLN_REQUIRE(in->value, NO_MEMORY);
    }
    if (is_next && shape->is_many && last->kind == MLN_V_ARRAY) {
        return repeat(r, in, v);
    }
    if (is_next && mln_shape_is_any(&in->shape) && (in->is_list || last->kind != MLN_V_ARRAY)) {
        return repeat(r, in, v);
    }
    if (mln_names_seen(in->value, name, &in->seen)) {
        return syntax(r, name, "stands twice");
    }
    in->is_list = false;
    if (shape->is_many && v->kind != MLN_V_NULL) {
        array = mln_value_new(r->arena, MLN_V_ARRAY);
        MLN_REQUIRE(array, NO_MEMORY);
        MLN_TRY(mln_value_append(array, v));
        v = array;
    }
    return mln_value_set(in->value, name, v);
}

static mln_err check_names(struct reader *r, const struct mln_value *object)
{
    const struct mln_value *twice = NULL;

    if (object->items.count <= MLN_NAMES_SMALL) {
        return MLN_OK;
    }
    MLN_TRY(mln_names_check(&r->names, object, &twice));
    return twice ? syntax(r, twice->name, "stands twice") : MLN_OK;
}

/* ---- elements ---- */

static mln_err push(struct reader *r, struct mln_slice name, const struct mln_shape *shape)
{
    struct frame *frame = r->spare;
    struct mln_buf text;

    if (frame) {
        r->spare = frame->up;
        text = frame->text;
        text.len = 0;
    } else {
        frame = mln_arena_alloc(r->arena, sizeof *frame);
        MLN_REQUIRE(frame, NO_MEMORY);
        mln_buf_init(&text, r->arena, r->content.len);
    }
    *frame = (struct frame){ .up = r->frame, .name = name, .shape = *shape, .text = text };
    r->frame = frame;
    return MLN_OK;
}

/* With the prefix that the standard uses, whatever the content calls it. */
static mln_err full_name(struct reader *r, struct mln_slice *ret)
{
    const char *uri = (const char *)xmlTextReaderConstNamespaceUri(r->parser);
    struct mln_slice name = mln_slice_z((const char *)xmlTextReaderConstLocalName(r->parser));

    if (!uri) {
        MLN_REQUIRE(mln_arena_dup(r->arena, name, ret), NO_MEMORY);
        return MLN_OK;
    }
    MLN_TRY(mln_shape_name(r->arena, mln_slice_z(uri), name, ret));
    return ret->len ? MLN_OK : syntax(r, name, "in a namespace that is not of the standard");
}

static bool is_ignored(const xmlChar *uri)
{
    struct mln_slice s = mln_slice_z((const char *)uri);

    return mln_slice_eq(s, MLN_S("http://www.w3.org/2001/XMLSchema-instance")) ||
           mln_slice_eq(s, MLN_S("http://www.w3.org/XML/1998/namespace"));
}

static mln_err take_attribute(struct reader *r)
{
    struct mln_slice text = mln_slice_z((const char *)xmlTextReaderConstValue(r->parser));
    struct mln_slice name = { 0 };
    struct mln_value *v = NULL;
    struct mln_shape shape;

    MLN_TRY(count_item(r));
    if (is_ignored(xmlTextReaderConstNamespaceUri(r->parser))) {
        return MLN_OK;
    }
    MLN_TRY(full_name(r, &name));
    shape = mln_shape_member(&r->frame->shape, name);
    if (!mln_shape_is_any(&shape) && shape.xml != MLN_XML_ATTRIBUTE) {
        return syntax(r, name, "must be an element, not an XML attribute,");
    }
    MLN_REQUIRE(mln_arena_dup(r->arena, text, &text), NO_MEMORY);
    MLN_TRY(typed_value(r, &shape, text, &v));
    return add_member(r, r->frame, name, &shape, v);
}

static mln_err begin_element(struct reader *r)
{
    struct mln_slice name = { 0 };
    struct mln_shape shape;
    bool is_root = r->frame->up == NULL;

    MLN_TRY(full_name(r, &name));
    shape = is_root ? mln_shape_root(name) : mln_shape_member(&r->frame->shape, name);
    if (shape.xml != MLN_XML_ELEMENT) {
        return syntax(r, name, "must be an XML attribute, not an element,");
    }
    if (r->depth_left == 0) {
        return limit(r, "nested too deeply");
    }
    r->depth_left--;
    MLN_TRY(count_item(r));
    return push(r, name, &shape);
}

/* The text of an element with members: nothing, or the value that they describe. */
static mln_err take_base(struct reader *r, struct frame *f, struct mln_slice text)
{
    const struct mln_member *base = mln_shape_base(&f->shape);
    struct mln_shape shape;
    struct mln_value *v = NULL;

    if (base) {
        shape = mln_shape_member(&f->shape, base->name);
        MLN_TRY(typed_value(r, &shape, text, &v));
        return add_member(r, f, base->name, &shape, v);
    }
    return is_blank(text) ? MLN_OK : syntax(r, f->name, "text beside elements");
}

static mln_err end_element(struct reader *r)
{
    struct frame *f = r->frame;
    struct mln_value *v = f->value;
    struct mln_slice text = { 0 };

    MLN_TRY(mln_buf_finish(&f->text, &text));
    MLN_REQUIRE(mln_arena_dup(r->arena, text, &text), NO_MEMORY);
    r->frame = f->up;
    r->depth_left++;
    r->namespaces -= f->namespaces;
    if (v || (text.len && mln_shape_base(&f->shape))) {
        MLN_TRY(take_base(r, f, text));
        v = f->value;
        MLN_TRY(check_names(r, v));
    } else {
        text = mln_shape_has_members(&f->shape) && is_blank(text) ? mln_slice_of(NULL, 0) : text;
        MLN_TRY(typed_value(r, &f->shape, text, &v));
    }
    MLN_TRY(add_member(r, f->up, f->name, &f->shape, v));
    f->up = r->spare;
    r->spare = f;
    return MLN_OK;
}

/* ---- events ---- */

#if LIBXML_VERSION >= 21200
static void on_error(void *data, const xmlError *error)
#else
static void on_error(void *data, xmlErrorPtr error)
#endif
{
    struct reader *r = data;
    struct mln_slice text = trim(mln_slice_z(error->message));

    if (!mln_failed(r->err) && error->level >= XML_ERR_ERROR) {
        mln_fault_set(r->fault, "XML: %.*s in line %d", MLN_S_ARG(text), error->line);
        r->err = MLN_ERROR(SYNTAX);
    }
}

/* libxml2 looks for the namespace of each name among all that are declared around it. */
static mln_err count_namespace(struct reader *r)
{
    r->frame->namespaces++;
    r->namespaces++;
    return r->namespaces <= r->attributes_most ? MLN_OK : limit(r, "too many namespaces");
}

static mln_err take_attributes(struct reader *r)
{
    while (xmlTextReaderMoveToNextAttribute(r->parser) == 1) {
        bool is_namespace = xmlTextReaderIsNamespaceDecl(r->parser) == 1;

        MLN_TRY(is_namespace ? count_namespace(r) : take_attribute(r));
    }
    (void)xmlTextReaderMoveToElement(r->parser);
    return MLN_OK;
}

static mln_err take_element(struct reader *r)
{
    bool is_empty = xmlTextReaderIsEmptyElement(r->parser) == 1;

    MLN_TRY(begin_element(r));
    MLN_TRY(take_attributes(r));
    return is_empty ? end_element(r) : MLN_OK;
}

static mln_err take_event(struct reader *r)
{
    switch (xmlTextReaderNodeType(r->parser)) {
    case XML_READER_TYPE_ELEMENT:
        return take_element(r);
    case XML_READER_TYPE_END_ELEMENT:
        return end_element(r);
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
    case XML_READER_TYPE_WHITESPACE:
    case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        mln_buf_add(&r->frame->text, mln_slice_z((const char *)xmlTextReaderConstValue(r->parser)));
        return MLN_OK;
    case XML_READER_TYPE_COMMENT:
    case XML_READER_TYPE_PROCESSING_INSTRUCTION:
        return MLN_OK;
    default:
        return syntax(r, MLN_S("content"), "declaration or entity");
    }
}

/* ---- the whole ---- */

/* False when `end` does not come; then the rest is empty. */
static bool skip_behind(struct mln_slice *rest, struct mln_slice end)
{
    bool is_there;

    while (rest->len && !mln_slice_starts(*rest, end)) {
        *rest = mln_slice_from(*rest, 1);
    }
    is_there = rest->len > 0;
    *rest = mln_slice_from(*rest, is_there ? end.len : 0);
    return is_there;
}

/* Behind a tag; counts its attributes by their signs of equality. */
static size_t skip_tag(struct mln_slice *rest)
{
    size_t count = 0;
    char quote = '\0';
    size_t i = 0;

    for (; i < rest->len; i++) {
        char c = rest->ptr[i];

        if (quote) {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '=') {
            count++;
        } else if (c == '>') {
            break;
        }
    }
    *rest = mln_slice_from(*rest, i);
    return count;
}

static mln_err check_tags(struct reader *r)
{
    struct mln_slice rest = r->content;

    while (rest.len) {
        rest = mln_slice_from(rest, mln_slice_find(rest, '<'));
        if (mln_slice_starts(rest, MLN_S("<!--"))) {
            rest = mln_slice_from(rest, 4);
            (void)skip_behind(&rest, MLN_S("-->"));
        } else if (mln_slice_starts(rest, MLN_S("<![CDATA["))) {
            (void)skip_behind(&rest, MLN_S("]]>"));
        } else if (mln_slice_starts(rest, MLN_S("<?"))) {
            (void)skip_behind(&rest, MLN_S("?>"));
        } else if (mln_slice_starts(rest, MLN_S("<!"))) { /* where entities come from */
            return syntax(r, MLN_S("content"), "document type declaration");
        } else if (rest.len && skip_tag(&rest) > r->attributes_most) {
            mln_fault_set(r->fault, "XML: more than %llu attributes in one tag",
                          (unsigned long long)r->attributes_most);
            MLN_FAIL(LIMIT);
        }
    }
    return MLN_OK;
}

static bool is_utf8_name(struct mln_slice text)
{
    static const struct mln_slice names[] = {
        { "\"utf-8\"", 7 }, { "'utf-8'", 7 },   { "\"UTF-8\"", 7 },
        { "'UTF-8'", 7 },   { "\"Utf-8\"", 7 }, { "'Utf-8'", 7 },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (mln_slice_starts(text, names[i])) {
            return true;
        }
    }
    return false;
}

/* What the declaration says of the encoding is not believed by the parser: it must be true. */
static mln_err check_declaration(struct reader *r)
{
    static const struct mln_slice word = { "encoding", 8 };
    struct mln_slice rest = r->content;

    if (mln_slice_starts(rest, MLN_S("\xEF\xBB\xBF"))) {
        rest = mln_slice_from(rest, 3);
    }
    if (!mln_slice_starts(rest, MLN_S("<?xml"))) {
        return MLN_OK;
    }
    rest = mln_slice_head(rest, mln_slice_find(rest, '>'));
    while (skip_behind(&rest, word)) {
        struct mln_slice value = trim(rest);

        value = mln_slice_starts(value, MLN_S("=")) ? trim(mln_slice_from(value, 1)) : value;
        if (!is_utf8_name(value)) {
            return syntax(r, MLN_S("content"), "an encoding other than UTF-8");
        }
    }
    return MLN_OK;
}

static mln_err check_bytes(struct reader *r)
{
    if (!mln_utf8_valid(r->content) || mln_slice_find(r->content, '\0') < r->content.len) {
        return syntax(r, MLN_S("content"), "not UTF-8, or a NUL,");
    }
    if (r->content.len == 0 || r->content.len > INT_MAX) {
        return syntax(r, MLN_S("content"), "empty, or too long,");
    }
    MLN_TRY(check_declaration(r));
    return check_tags(r);
}

mln_err mln_xml_check_text(struct mln_slice content, uint64_t attributes_most,
                           struct mln_fault *fault)
{
    struct reader r = { .content = content, .fault = fault, .attributes_most = attributes_most };

    return check_bytes(&r);
}

static mln_err take_events(struct reader *r)
{
    int got = xmlTextReaderRead(r->parser);

    while (got == 1 && !mln_failed(r->err)) {
        MLN_TRY(take_event(r));
        got = xmlTextReaderRead(r->parser);
    }
    MLN_TRY(r->err);
    return got == 0 ? MLN_OK : syntax(r, MLN_S("content"), "not well-formed");
}

static mln_err parse(struct reader *r)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    /* NOENT: "&amp;" in attributes becomes a character. Nothing can declare other entities.
     * IGNORE_ENC: no tables of other encodings are loaded. */
    static const int options = XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_IGNORE_ENC |
                               XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    mln_err err;

    (void)pthread_once(&once, xmlInitParser);
    r->parser = xmlReaderForMemory(r->content.ptr, (int)r->content.len, NULL, NULL, options);
    MLN_REQUIRE(r->parser, NO_MEMORY);
    xmlTextReaderSetStructuredErrorHandler(r->parser, on_error, r);
    err = take_events(r);
    xmlFreeTextReader(r->parser);
    r->parser = NULL;
    return err;
}

mln_err mln_xml_read(struct mln_slice content, const struct mln_limits *limits,
                     struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault)
{
    static const struct mln_shape top = { .type = MLN_DT_ANY_TYPE, .order = -1 };
    struct reader r = {
        .content = content,
        .arena = arena,
        .fault = fault,
        .items_left = limits->value_items,
        .depth_left = limits->value_depth,
        .attributes_most = limits->xml_attributes,
        .names = { .arena = arena },
    };

    MLN_TRY(check_bytes(&r));
    MLN_TRY(push(&r, mln_slice_of(NULL, 0), &top));
    MLN_TRY(parse(&r));
    *ret = r.frame->value;
    return MLN_OK;
}
