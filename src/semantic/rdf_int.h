/* What the readers of Turtle and SPARQL share: tokens, terms, triples. */
#pragma once

#include "semantic/semantic.h"

enum { MLN_RDF_DEPTH = 32 };    /* of brackets within brackets */
enum { MLN_RDF_PREFIXES = 64 }; /* of one text: each name is looked for among all */
enum { MLN_RDF_SPREAD = 16 };   /* names with their prefixes take so many times the text at most */

#define MLN_XSD "http://www.w3.org/2001/XMLSchema#"

enum mln_term_kind {
    MLN_TERM_IRI,
    MLN_TERM_BLANK,
    MLN_TERM_LITERAL,
    MLN_TERM_VARIABLE, /* in questions; blank nodes are such there */
};

struct mln_term {
    enum mln_term_kind kind;
    unsigned variable;         /* VARIABLE: its number */
    struct mln_slice text;     /* IRI; name; characters of a literal */
    struct mln_slice type;     /* LITERAL: IRI of its data type; empty: a string */
    struct mln_slice language; /* LITERAL: or empty */
};

bool mln_term_eq(const struct mln_term *a, const struct mln_term *b);

/* Is it the name of a blank node, not one of a variable that is written? */
bool mln_rdf_is_blank(struct mln_slice name);

/* ---- tokens ---- */

enum mln_token_kind {
    MLN_TOKEN_END,
    MLN_TOKEN_IRI,      /* text: without brackets and escapes */
    MLN_TOKEN_NAME,     /* text: with its prefix */
    MLN_TOKEN_BLANK,    /* text: behind "_:" */
    MLN_TOKEN_VARIABLE, /* text: behind '?' */
    MLN_TOKEN_TEXT,     /* text: without quotation marks and escapes */
    MLN_TOKEN_AT,       /* language or directive; text: behind '@' */
    MLN_TOKEN_NUMBER,
    MLN_TOKEN_WORD,
    MLN_TOKEN_SIGN, /* one or two characters */
};

struct mln_token {
    enum mln_token_kind kind;
    struct mln_slice text;
};

struct mln_rdf_prefix {
    struct mln_rdf_prefix *next;
    struct mln_slice name;
    struct mln_slice iri;
};

/* Reads tokens one ahead, and triples. */
struct mln_rdf_reader {
    struct mln_slice rest;
    struct mln_token token; /* at hand */
    struct mln_arena *arena;
    struct mln_rdf_prefix *prefixes;
    unsigned prefix_count;
    size_t room; /* bytes that prefixes of names may still take */
    unsigned depth;
    unsigned document; /* tells blank nodes of several apart */
    unsigned blanks;   /* without a name of their own */
    void *data;        /* of the functions */
    /* A triple was read. */
    mln_err (*take)(void *data, const struct mln_term part[3]);
    /* The term of a variable; NULL: there are none, and blank nodes are terms.
     * Errors: LIMIT, NO_MEMORY. */
    mln_err (*variable)(void *data, struct mln_slice name, struct mln_term *ret);
};

/* Goes on to the next token. Errors: SYNTAX, NO_MEMORY. */
mln_err mln_rdf_next(struct mln_rdf_reader *r);

/* Is the token at hand that sign, or that word in whatever case? */
bool mln_rdf_is_sign(const struct mln_rdf_reader *r, const char *sign);
bool mln_rdf_is_word(const struct mln_rdf_reader *r, const char *word);

/* Takes the sign. Errors: SYNTAX (another token), NO_MEMORY. */
mln_err mln_rdf_expect(struct mln_rdf_reader *r, const char *sign);

/* ---- terms and triples ---- */

/* A prefix and its IRI, behind the word or directive. Errors: SYNTAX, LIMIT (too many),
 * NO_MEMORY. */
mln_err mln_rdf_read_prefix(struct mln_rdf_reader *r);

/* A term that needs no triples. Errors: SYNTAX (another token), LIMIT (no room for names), those of
 * `variable`, NO_MEMORY. */
mln_err mln_rdf_read_term(struct mln_rdf_reader *r, struct mln_term *ret);

/* A subject with all that is said of it. Errors: SYNTAX, LIMIT (too deep), NOT_IMPLEMENTED
 * (property paths), those of the functions, NO_MEMORY. */
mln_err mln_rdf_read_triples(struct mln_rdf_reader *r);
