/* Packs to XML. spec: TS-0004 8.3 */
#include "base/num.h"
#include "base/utf8.h"
#include "codec/xml.h"
#include "codec/xml_shape.h"
#include "model/decimal.h"
#include "model/pack.h"

/* An item under its name. */
struct element {
    struct mln_slice name;
    struct mln_slice item;
    struct mln_shape shape;
};

static mln_err write_element(struct mln_buf *out, const struct element *e, unsigned depth);

/* ---- texts ---- */

/* spec: XML 1.0 2.2: of control characters only tab, line feed and carriage return */
static bool is_char(struct mln_slice c)
{
    unsigned char first = (unsigned char)c.ptr[0];

    if (first < 0x20) {
        return first == '\t' || first == '\n' || first == '\r';
    }
    return !mln_slice_eq(c, MLN_S("\xEF\xBF\xBE")) && !mln_slice_eq(c, MLN_S("\xEF\xBF\xBF"));
}

/* What stands for a character that a text or an attribute cannot have as it is; or empty. */
static struct mln_slice escape_of(char c, bool is_attribute)
{
    switch (c) {
    case '&':
        return MLN_S("&amp;");
    case '<':
        return MLN_S("&lt;");
    case '>':
        return MLN_S("&gt;");
    case '\r':
        return MLN_S("&#13;");
    case '"':
        return is_attribute ? MLN_S("&quot;") : MLN_S("");
    case '\n':
        return is_attribute ? MLN_S("&#10;") : MLN_S("");
    case '\t':
        return is_attribute ? MLN_S("&#9;") : MLN_S("");
    default:
        return MLN_S("");
    }
}

mln_err mln_xml_write_text(struct mln_buf *out, struct mln_slice text, bool is_attribute)
{
    size_t plain = 0;

    for (size_t at = 0; at < text.len;) {
        size_t len = mln_utf8_char(mln_slice_from(text, at));
        struct mln_slice escape = escape_of(text.ptr[at], is_attribute);

        MLN_REQUIRE(len > 0, STORE_CORRUPT);
        MLN_REQUIRE(is_char(mln_slice_of(text.ptr + at, len)), NOT_ACCEPTABLE);
        if (escape.len) {
            mln_buf_add(out, mln_slice_of(text.ptr + plain, at - plain));
            mln_buf_add(out, escape);
            plain = at + len;
        }
        at += len;
    }
    mln_buf_add(out, mln_slice_from(text, plain));
    return MLN_OK;
}

static mln_err put_scalar(struct mln_buf *out, struct mln_slice pack, bool is_attribute)
{
    struct mln_item item;

    MLN_TRY(mln_pack_read(&pack, &item));
    switch (item.kind) {
    case MLN_V_TEXT:
        return mln_xml_write_text(out, item.text, is_attribute);
    case MLN_V_REAL:
        MLN_REQUIRE(mln_decimal_is_number(item.text), STORE_CORRUPT);
        mln_buf_add(out, item.text);
        return MLN_OK;
    case MLN_V_INT:
        mln_buf_add(out, item.is_negative ? MLN_S("-") : MLN_S(""));
        mln_buf_u64(out, item.magnitude);
        return MLN_OK;
    case MLN_V_BOOL:
        mln_buf_add(out, item.boolean ? MLN_S("true") : MLN_S("false"));
        return MLN_OK;
    case MLN_V_NULL: /* nothing: an empty element */
        return MLN_OK;
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        break;
    }
    MLN_FAIL(NOT_ACCEPTABLE);
}

/* ---- names ---- */

/* A name without prefix that XML can have. */
static bool is_local(struct mln_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!is_letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-' || c == '.'))) {
            return false;
        }
    }
    return name.len > 0;
}

/* "<name", with its namespace where that is not declared above: m2m is at the root. */
static mln_err open_tag(struct mln_buf *out, struct mln_slice name, bool is_root)
{
    struct mln_slice local = name;
    struct mln_slice prefix = mln_slice_cut(&local, ':');
    bool has_prefix = local.ptr != NULL;
    struct mln_slice uri = has_prefix ? mln_shape_namespace(prefix) : mln_slice_of(NULL, 0);

    MLN_REQUIRE(is_local(has_prefix ? local : name) && (!has_prefix || uri.len), NOT_ACCEPTABLE);
    mln_buf_byte(out, '<');
    mln_buf_add(out, name);
    if (is_root) {
        mln_buf_add(out, MLN_S(" xmlns:m2m=\""));
        mln_buf_add(out, mln_shape_namespace(MLN_S("m2m")));
        mln_buf_byte(out, '"');
    }
    if (has_prefix && !mln_slice_eq(prefix, MLN_S("m2m"))) {
        mln_buf_add(out, MLN_S(" xmlns:"));
        mln_buf_add(out, prefix);
        mln_buf_add(out, MLN_S("=\""));
        mln_buf_add(out, uri);
        mln_buf_byte(out, '"');
    }
    return MLN_OK;
}

static void close_tag(struct mln_buf *out, struct mln_slice name)
{
    mln_buf_add(out, MLN_S("</"));
    mln_buf_add(out, name);
    mln_buf_byte(out, '>');
}

/* ---- objects ---- */

/* Members of an object that have a place of their own. */
struct places {
    struct mln_slice names[MLN_SHAPE_ORDERED];
    struct mln_slice items[MLN_SHAPE_ORDERED]; /* empty: not there */
};

static mln_err put_attribute(struct mln_buf *out, const struct element *e)
{
    MLN_REQUIRE(is_local(e->name), NOT_ACCEPTABLE);
    mln_buf_byte(out, ' ');
    mln_buf_add(out, e->name);
    mln_buf_add(out, MLN_S("=\""));
    MLN_TRY(put_scalar(out, e->item, true));
    mln_buf_byte(out, '"');
    return MLN_OK;
}

static mln_err put_place(struct mln_buf *out, const struct element *e, unsigned depth)
{
    switch (e->shape.xml) {
    case MLN_XML_ATTRIBUTE:
        return put_attribute(out, e);
    case MLN_XML_BASE:
        return put_scalar(out, e->item, false);
    case MLN_XML_ELEMENT:
        break;
    }
    return write_element(out, e, depth + 1);
}

static mln_err put_places(struct mln_buf *out, const struct mln_shape *in,
                          const struct places *places, enum mln_xml kind, unsigned depth)
{
    for (size_t i = 0; i < MLN_SHAPE_ORDERED; i++) {
        struct element e = { places->names[i], places->items[i], { 0 } };

        if (e.item.len == 0) {
            continue;
        }
        e.shape = mln_shape_member(in, e.name);
        if (e.shape.xml == kind) {
            MLN_TRY(put_place(out, &e, depth));
        }
    }
    return MLN_OK;
}

static mln_err put_others(struct mln_buf *out, const struct element *object, unsigned depth)
{
    struct mln_walk w;

    for (mln_walk_begin(&w, object->item); mln_walk_next(&w);) {
        struct element e = { w.name, w.item, mln_shape_member(&object->shape, w.name) };

        if (e.shape.order < 0) {
            MLN_TRY(write_element(out, &e, depth + 1));
        }
    }
    MLN_REQUIRE(!w.is_damaged, STORE_CORRUPT);
    return MLN_OK;
}

static mln_err find_places(const struct element *object, struct places *ret)
{
    struct mln_walk w;

    for (mln_walk_begin(&w, object->item); mln_walk_next(&w);) {
        struct mln_shape shape = mln_shape_member(&object->shape, w.name);

        if (shape.order >= 0) {
            ret->names[shape.order] = w.name;
            ret->items[shape.order] = w.item;
        }
    }
    MLN_REQUIRE(!w.is_damaged, STORE_CORRUPT);
    return MLN_OK;
}

static mln_err put_object(struct mln_buf *out, const struct element *e, bool is_root,
                          unsigned depth)
{
    struct places places = { 0 };

    MLN_TRY(find_places(e, &places));
    MLN_TRY(open_tag(out, e->name, is_root));
    MLN_TRY(put_places(out, &e->shape, &places, MLN_XML_ATTRIBUTE, depth));
    mln_buf_byte(out, '>');
    MLN_TRY(put_places(out, &e->shape, &places, MLN_XML_BASE, depth));
    if (!e->shape.resource) { /* spec: TS-0004 6.3.5.25: the resource, then its address */
        MLN_TRY(put_others(out, e, depth));
    }
    MLN_TRY(put_places(out, &e->shape, &places, MLN_XML_ELEMENT, depth));
    if (e->shape.resource) { /* children */
        MLN_TRY(put_others(out, e, depth));
    }
    close_tag(out, e->name);
    return MLN_OK;
}

/* ---- elements ---- */

/* Would it come back as one element of a list? */
static bool is_element_of_list(struct mln_slice pack)
{
    struct mln_slice text;

    if (!mln_pack_text_of(pack, &text)) {
        return true;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ' ' || text.ptr[i] == '\t' || text.ptr[i] == '\n' ||
            text.ptr[i] == '\r') {
            return false;
        }
    }
    return text.len > 0;
}

/* xs:list. spec: TS-0004 6.3.3: separated by blanks */
static mln_err put_list(struct mln_buf *out, struct mln_slice pack)
{
    bool is_first = true;
    struct mln_walk w;

    for (mln_walk_begin(&w, pack); mln_walk_next(&w); is_first = false) {
        MLN_REQUIRE(is_element_of_list(w.item), NOT_ACCEPTABLE);
        mln_buf_add(out, is_first ? MLN_S("") : MLN_S(" "));
        MLN_TRY(put_scalar(out, w.item, false));
    }
    MLN_REQUIRE(!w.is_damaged, STORE_CORRUPT);
    return MLN_OK;
}

/* Where anything may stand, an array of less than two elements would not come back as one. */
static mln_err put_repeated(struct mln_buf *out, const struct element *e, unsigned depth)
{
    size_t count = 0;
    struct mln_walk w;

    for (mln_walk_begin(&w, e->item); mln_walk_next(&w); count++) {
        struct element one = { e->name, w.item, e->shape };
        struct mln_slice rest = w.item;
        struct mln_item head;

        MLN_TRY(mln_pack_read(&rest, &head));
        MLN_REQUIRE(head.kind != MLN_V_ARRAY, NOT_ACCEPTABLE);
        MLN_TRY(write_element(out, &one, depth + 1));
    }
    MLN_REQUIRE(!w.is_damaged, STORE_CORRUPT);
    MLN_REQUIRE(e->shape.is_many || count > 1, NOT_ACCEPTABLE);
    return MLN_OK;
}

/* A union may hold a list: missingDataList. */
static bool is_list(const struct mln_shape *shape)
{
    enum mln_form form = mln_model_datatype(shape->type)->form;

    return !shape->resource && !shape->is_many && (form == MLN_FORM_LIST || form == MLN_FORM_UNION);
}

static mln_err write_as(struct mln_buf *out, const struct element *e, bool is_root, unsigned depth)
{
    struct mln_slice rest = e->item;
    struct mln_item head;

    MLN_REQUIRE(depth < MLN_PACK_DEPTH, STORE_CORRUPT);
    MLN_TRY(mln_pack_read(&rest, &head));
    if (head.kind == MLN_V_OBJECT) {
        return put_object(out, e, is_root, depth);
    }
    if (head.kind == MLN_V_ARRAY && !is_list(&e->shape)) {
        /* there is one root, and what stands once by the tables stands once */
        MLN_REQUIRE(!is_root && (e->shape.is_many || e->shape.order < 0), NOT_ACCEPTABLE);
        return put_repeated(out, e, depth);
    }
    MLN_TRY(open_tag(out, e->name, is_root));
    mln_buf_byte(out, '>');
    if (head.kind == MLN_V_ARRAY) {
        MLN_TRY(put_list(out, e->item));
    } else {
        MLN_TRY(put_scalar(out, e->item, false));
    }
    close_tag(out, e->name);
    return MLN_OK;
}

static mln_err write_element(struct mln_buf *out, const struct element *e, unsigned depth)
{
    return write_as(out, e, false, depth);
}

mln_err mln_xml_write(struct mln_buf *out, struct mln_slice pack)
{
    struct element root = { 0 };
    struct mln_slice rest = pack;
    struct mln_item head;
    struct mln_walk w;

    MLN_TRY(mln_pack_read(&rest, &head));
    MLN_REQUIRE(head.kind == MLN_V_OBJECT, NOT_ACCEPTABLE);
    mln_walk_begin(&w, pack);
    MLN_REQUIRE(mln_walk_next(&w), NOT_ACCEPTABLE);
    root = (struct element){ w.name, w.item, mln_shape_root(w.name) };
    MLN_REQUIRE(!mln_walk_next(&w), NOT_ACCEPTABLE);
    MLN_REQUIRE(!w.is_damaged, STORE_CORRUPT);
    mln_buf_add(out, MLN_S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    return write_as(out, &root, true, 0);
}
