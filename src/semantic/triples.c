/* Terms and triples, as Turtle and SPARQL write them alike. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "semantic/rdf_int.h"

#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

static struct mln_term iri_of(struct mln_slice iri)
{
    return (struct mln_term){ .kind = MLN_TERM_IRI, .text = iri };
}

bool mln_term_eq(const struct mln_term *a, const struct mln_term *b)
{
    return a->kind == b->kind && mln_slice_eq(a->text, b->text) && mln_slice_eq(a->type, b->type) &&
           mln_slice_eq_nocase(a->language, b->language);
}

/* ---- names ---- */

/* The IRI with the local name behind it, whose escapes are characters that stand for themselves. */
static mln_err join(struct mln_rdf_reader *r, struct mln_slice iri, struct mln_slice local,
                    struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, r->arena, SIZE_MAX);
    mln_buf_add(&out, iri);
    for (size_t i = 0; i < local.len; i++) {
        i += local.ptr[i] == '\\' && i + 1 < local.len;
        mln_buf_byte(&out, local.ptr[i]);
    }
    return mln_buf_finish(&out, ret);
}

static mln_err expand(struct mln_rdf_reader *r, struct mln_slice name, struct mln_slice *ret)
{
    struct mln_slice prefix = mln_slice_cut(&name, ':');

    for (const struct mln_rdf_prefix *p = r->prefixes; p; p = p->next) {
        if (mln_slice_eq(p->name, prefix)) {
            MLN_REQUIRE(p->iri.len <= r->room, LIMIT);
            r->room -= p->iri.len;
            return join(r, p->iri, name, ret);
        }
    }
    MLN_FAIL(SYNTAX);
}

mln_err mln_rdf_read_prefix(struct mln_rdf_reader *r)
{
    struct mln_rdf_prefix *p = mln_arena_zalloc(r->arena, 1, sizeof *p);
    struct mln_slice name = r->token.text;

    MLN_REQUIRE(p, NO_MEMORY);
    MLN_REQUIRE(r->prefix_count++ < MLN_RDF_PREFIXES, LIMIT);
    MLN_REQUIRE(r->token.kind == MLN_TOKEN_NAME && mln_slice_find(name, ':') + 1 == name.len,
                SYNTAX);
    p->name = mln_slice_head(name, name.len - 1);
    MLN_TRY(mln_rdf_next(r));
    MLN_REQUIRE(r->token.kind == MLN_TOKEN_IRI, SYNTAX);
    p->iri = r->token.text;
    p->next = r->prefixes; /* a later one of the same name takes its place */
    r->prefixes = p;
    return mln_rdf_next(r);
}

/* ---- terms ---- */

/* In questions it is a variable that nobody asks for. The sign before its name is in no name that
 * is written: number of the document, sign, name. */
static mln_err blank(struct mln_rdf_reader *r, char sign, struct mln_slice name,
                     struct mln_term *ret)
{
    struct mln_buf out;
    char number[16];
    struct mln_slice text;

    (void)snprintf(number, sizeof number, "%u%c", r->document, sign);
    mln_buf_init(&out, r->arena, SIZE_MAX);
    mln_buf_add(&out, mln_slice_z(number));
    mln_buf_add(&out, name);
    MLN_TRY(mln_buf_finish(&out, &text));
    if (r->variable) {
        return r->variable(r->data, text, ret);
    }
    *ret = (struct mln_term){ .kind = MLN_TERM_BLANK, .text = text };
    return MLN_OK;
}

bool mln_rdf_is_blank(struct mln_slice name)
{
    return mln_slice_find(name, ':') < name.len || mln_slice_find(name, '#') < name.len;
}

static mln_err new_blank(struct mln_rdf_reader *r, struct mln_term *ret)
{
    char number[16];

    (void)snprintf(number, sizeof number, "%u", r->blanks++);
    return blank(r, '#', mln_slice_z(number), ret);
}

static mln_err read_type(struct mln_rdf_reader *r, struct mln_term *ret)
{
    MLN_TRY(mln_rdf_next(r));
    if (r->token.kind == MLN_TOKEN_NAME) {
        MLN_TRY(expand(r, r->token.text, &ret->type));
    } else {
        MLN_REQUIRE(r->token.kind == MLN_TOKEN_IRI, SYNTAX);
        ret->type = r->token.text;
    }
    if (mln_slice_eq(ret->type, MLN_S(MLN_XSD "string"))) {
        ret->type = (struct mln_slice){ 0 };
    }
    return mln_rdf_next(r);
}

static mln_err read_literal(struct mln_rdf_reader *r, struct mln_term *ret)
{
    *ret = (struct mln_term){ .kind = MLN_TERM_LITERAL, .text = r->token.text };
    MLN_TRY(mln_rdf_next(r));
    if (mln_rdf_is_sign(r, "^^")) {
        return read_type(r, ret);
    }
    if (r->token.kind == MLN_TOKEN_AT) {
        ret->language = r->token.text;
        return mln_rdf_next(r);
    }
    return MLN_OK;
}

static struct mln_term number_of(struct mln_slice text)
{
    struct mln_term t = { .kind = MLN_TERM_LITERAL, .text = text };
    bool is_double = mln_slice_find(text, 'e') < text.len || mln_slice_find(text, 'E') < text.len;

    t.type = is_double                              ? MLN_S(MLN_XSD "double")
             : mln_slice_find(text, '.') < text.len ? MLN_S(MLN_XSD "decimal")
                                                    : MLN_S(MLN_XSD "integer");
    return t;
}

/* Turtle and SPARQL write truth in small letters. */
static bool is_truth(struct mln_slice word)
{
    return mln_slice_eq(word, MLN_S("true")) || mln_slice_eq(word, MLN_S("false"));
}

mln_err mln_rdf_read_term(struct mln_rdf_reader *r, struct mln_term *ret)
{
    struct mln_slice text = r->token.text;

    switch (r->token.kind) {
    case MLN_TOKEN_IRI:
        *ret = iri_of(text);
        break;
    case MLN_TOKEN_NAME:
        *ret = iri_of(text);
        MLN_TRY(expand(r, text, &ret->text));
        break;
    case MLN_TOKEN_BLANK:
        MLN_TRY(blank(r, ':', text, ret));
        break;
    case MLN_TOKEN_VARIABLE:
        MLN_REQUIRE(r->variable, SYNTAX);
        MLN_TRY(r->variable(r->data, text, ret));
        break;
    case MLN_TOKEN_TEXT:
        return read_literal(r, ret);
    case MLN_TOKEN_NUMBER:
        *ret = number_of(text);
        break;
    case MLN_TOKEN_WORD:
        MLN_REQUIRE(is_truth(text), SYNTAX);
        *ret = (struct mln_term){ .kind = MLN_TERM_LITERAL,
                                  .text = text,
                                  .type = MLN_S(MLN_XSD "boolean") };
        break;
    case MLN_TOKEN_AT:
    case MLN_TOKEN_SIGN:
    case MLN_TOKEN_END:
        MLN_FAIL(SYNTAX);
    }
    return mln_rdf_next(r);
}

/* ---- triples ---- */

static mln_err read_properties(struct mln_rdf_reader *r, const struct mln_term *subject);
static mln_err read_node(struct mln_rdf_reader *r, struct mln_term *ret);

static mln_err take(struct mln_rdf_reader *r, const struct mln_term *s, const char *property,
                    const struct mln_term *o)
{
    struct mln_term part[3] = { *s, iri_of(mln_slice_z(property)), *o };

    return r->take(r->data, part);
}

/* [ ... ] */
static mln_err read_bracket(struct mln_rdf_reader *r, struct mln_term *ret)
{
    MLN_TRY(mln_rdf_next(r));
    MLN_TRY(new_blank(r, ret));
    if (!mln_rdf_is_sign(r, "]")) {
        MLN_TRY(read_properties(r, ret));
    }
    return mln_rdf_expect(r, "]");
}

/* ( ... ), as a list of rdf:first and rdf:rest */
static mln_err read_collection(struct mln_rdf_reader *r, struct mln_term *ret)
{
    struct mln_term nil = iri_of(MLN_S(RDF "nil"));
    struct mln_term last = nil;
    bool is_first = true;

    MLN_TRY(mln_rdf_next(r));
    *ret = nil;
    while (!mln_rdf_is_sign(r, ")")) {
        struct mln_term entry;
        struct mln_term item;

        MLN_TRY(new_blank(r, &entry));
        if (is_first) {
            *ret = entry;
        } else {
            MLN_TRY(take(r, &last, RDF "rest", &entry));
        }
        MLN_TRY(read_node(r, &item));
        MLN_TRY(take(r, &entry, RDF "first", &item));
        last = entry;
        is_first = false;
    }
    MLN_TRY(mln_rdf_next(r));
    return is_first ? MLN_OK : take(r, &last, RDF "rest", &nil);
}

static mln_err read_node(struct mln_rdf_reader *r, struct mln_term *ret)
{
    bool is_bracket = mln_rdf_is_sign(r, "[");
    mln_err err;

    if (!is_bracket && !mln_rdf_is_sign(r, "(")) {
        return mln_rdf_read_term(r, ret);
    }
    MLN_REQUIRE(r->depth < MLN_RDF_DEPTH, LIMIT);
    r->depth++;
    err = is_bracket ? read_bracket(r, ret) : read_collection(r, ret);
    r->depth--;
    return err;
}

static bool is_path(const struct mln_rdf_reader *r)
{
    return r->token.kind == MLN_TOKEN_SIGN && strchr("/|^*+?!(", r->token.text.ptr[0]);
}

static mln_err read_verb(struct mln_rdf_reader *r, struct mln_term *ret)
{
    bool may_be_path = r->variable != NULL;

    MLN_REQUIRE(!may_be_path || !is_path(r), NOT_IMPLEMENTED);
    if (r->token.kind == MLN_TOKEN_WORD && mln_slice_eq(r->token.text, MLN_S("a"))) {
        *ret = iri_of(MLN_S(RDF "type"));
        return mln_rdf_next(r);
    }
    MLN_TRY(mln_rdf_read_term(r, ret));
    MLN_REQUIRE(ret->kind == MLN_TERM_IRI || ret->kind == MLN_TERM_VARIABLE, SYNTAX);
    MLN_REQUIRE(!may_be_path || !is_path(r) || mln_rdf_is_sign(r, "("), NOT_IMPLEMENTED);
    return MLN_OK;
}

static mln_err read_objects(struct mln_rdf_reader *r, struct mln_term part[3])
{
    do {
        MLN_TRY(read_node(r, &part[2]));
        MLN_TRY(r->take(r->data, part));
        if (!mln_rdf_is_sign(r, ",")) {
            return MLN_OK;
        }
        MLN_TRY(mln_rdf_next(r));
    } while (true);
}

/* What can follow a list of properties. */
static bool ends_properties(const struct mln_rdf_reader *r)
{
    return r->token.kind == MLN_TOKEN_END || mln_rdf_is_sign(r, ".") || mln_rdf_is_sign(r, "]") ||
           mln_rdf_is_sign(r, "}");
}

static mln_err read_properties(struct mln_rdf_reader *r, const struct mln_term *subject)
{
    struct mln_term part[3] = { *subject };

    MLN_TRY(read_verb(r, &part[1]));
    MLN_TRY(read_objects(r, part));
    while (mln_rdf_is_sign(r, ";")) {
        MLN_TRY(mln_rdf_next(r));
        if (!mln_rdf_is_sign(r, ";") && !ends_properties(r)) {
            MLN_TRY(read_verb(r, &part[1]));
            MLN_TRY(read_objects(r, part));
        }
    }
    return MLN_OK;
}

mln_err mln_rdf_read_triples(struct mln_rdf_reader *r)
{
    bool is_bracket = mln_rdf_is_sign(r, "[");
    struct mln_term subject;

    MLN_TRY(read_node(r, &subject));
    MLN_REQUIRE(subject.kind != MLN_TERM_LITERAL, SYNTAX);
    if (is_bracket && ends_properties(r)) {
        return MLN_OK;
    }
    return read_properties(r, &subject);
}
