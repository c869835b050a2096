/* Tokens of Turtle and SPARQL. */
#include <ctype.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/utf8.h"
#include "semantic/rdf_int.h"

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static char at(struct mln_slice s, size_t i)
{
    return i < s.len ? s.ptr[i] : '\0';
}

static bool is_letter(char c)
{
    return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

static bool is_name_byte(char c)
{
    return is_letter(c) || isdigit((unsigned char)c) || is_one_of(c, "_-");
}

/* Takes `len` bytes from the rest. */
static struct mln_slice cut(struct mln_rdf_reader *r, size_t len)
{
    struct mln_slice ret = mln_slice_head(r->rest, len);

    r->rest = mln_slice_from(r->rest, len);
    return ret;
}

static void skip_blanks(struct mln_rdf_reader *r)
{
    while (r->rest.len && (is_one_of(r->rest.ptr[0], " \t\r\n#"))) {
        bool is_comment = r->rest.ptr[0] == '#';
        size_t line = mln_slice_find(r->rest, '\n');

        (void)cut(r, is_comment ? line : 1);
    }
}

/* ---- escapes ---- */

/* \uXXXX or \UXXXXXXXX at the start of *s. */
static mln_err add_code(struct mln_slice *s, struct mln_buf *out)
{
    size_t digits = at(*s, 1) == 'u' ? 4 : 8;
    uint32_t code = 0;
    char utf8[4];

    MLN_REQUIRE(s->len >= 2 + digits, SYNTAX);
    for (size_t i = 0; i < digits; i++) {
        int digit = mln_num_hex(s->ptr[2 + i]);

        MLN_REQUIRE(digit >= 0, SYNTAX);
        code = code << 4 | (uint32_t)digit;
    }
    MLN_REQUIRE(code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF), SYNTAX);
    mln_buf_add(out, mln_slice_of(utf8, mln_utf8_put(utf8, code)));
    *s = mln_slice_from(*s, 2 + digits);
    return MLN_OK;
}

static mln_err add_escape(struct mln_slice *s, struct mln_buf *out)
{
    static const char names[] = "tbnrf\"'\\";
    static const char meant[] = "\t\b\n\r\f\"'\\";
    char c = at(*s, 1);

    if (c == 'u' || c == 'U') {
        return add_code(s, out);
    }
    MLN_REQUIRE(is_one_of(c, names), SYNTAX);
    mln_buf_byte(out, meant[strchr(names, c) - names]);
    *s = mln_slice_from(*s, 2);
    return MLN_OK;
}

/* What stands between brackets or quotation marks, without escapes; borrowed where there are
 * none. */
static mln_err unescape(struct mln_rdf_reader *r, struct mln_slice s, struct mln_slice *ret)
{
    struct mln_buf out;

    *ret = s;
    if (mln_slice_find(s, '\\') == s.len) {
        return MLN_OK;
    }
    mln_buf_init(&out, r->arena, SIZE_MAX);
    while (s.len) {
        size_t plain = mln_slice_find(s, '\\');

        mln_buf_add(&out, mln_slice_head(s, plain));
        s = mln_slice_from(s, plain);
        if (s.len) {
            MLN_TRY(add_escape(&s, &out));
        }
    }
    return mln_buf_finish(&out, ret);
}

/* ---- the kinds ---- */

/* Bytes of an IRI with its brackets; 0: the '<' is a sign. */
static size_t iri_length(struct mln_slice s)
{
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] == '>') {
            return i + 1;
        }
        if ((unsigned char)s.ptr[i] <= ' ' || is_one_of(s.ptr[i], "<\"{}|^`") ||
            (s.ptr[i] == '\\' && !is_one_of(at(s, i + 1), "uU"))) {
            break;
        }
    }
    return 0;
}

static bool is_absolute(struct mln_slice iri)
{
    size_t scheme = mln_slice_find(iri, ':');

    for (size_t i = 0; i < scheme; i++) {
        char c = iri.ptr[i];

        if (!isalpha((unsigned char)c) &&
            (i == 0 || !(isdigit((unsigned char)c) || is_one_of(c, "+-.")))) {
            return false;
        }
    }
    return scheme > 0 && scheme < iri.len;
}

static mln_err read_iri(struct mln_rdf_reader *r, size_t len)
{
    struct mln_slice inner = mln_slice_from(cut(r, len), 1);

    r->token.kind = MLN_TOKEN_IRI;
    MLN_TRY(unescape(r, mln_slice_head(inner, inner.len - 1), &r->token.text));
    MLN_REQUIRE(is_absolute(r->token.text), SYNTAX);
    return MLN_OK;
}

/* Bytes up to the closing marks, of which there are `marks`; s.len: there are none. */
static size_t find_end(struct mln_slice s, char quote, size_t marks)
{
    size_t run = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\') {
            i++;
            run = 0;
        } else if (s.ptr[i] == quote) {
            run++;
        } else if (marks == 1 && is_one_of(s.ptr[i], "\r\n")) {
            break;
        } else {
            run = 0;
        }
        if (run == marks) {
            return i + 1 - marks;
        }
    }
    return s.len;
}

static mln_err read_text(struct mln_rdf_reader *r)
{
    char quote = r->rest.ptr[0];
    bool is_long = at(r->rest, 1) == quote && at(r->rest, 2) == quote;
    size_t marks = is_long ? 3 : 1;
    struct mln_slice inner;
    size_t end;

    (void)cut(r, marks);
    end = find_end(r->rest, quote, marks);
    MLN_REQUIRE(end < r->rest.len, SYNTAX);
    inner = cut(r, end);
    (void)cut(r, marks);
    r->token.kind = MLN_TOKEN_TEXT;
    return unescape(r, inner, &r->token.text);
}

static size_t digits_at(struct mln_slice s, size_t from)
{
    size_t i = from;

    while (isdigit((unsigned char)at(s, i))) {
        i++;
    }
    return i - from;
}

/* Bytes of a number; 0: none begins here. */
static size_t number_length(struct mln_slice s)
{
    size_t i = is_one_of(at(s, 0), "+-") ? 1 : 0;
    size_t digits = digits_at(s, i);
    size_t exponent;

    i += digits;
    if (at(s, i) == '.' && digits_at(s, i + 1)) {
        digits += digits_at(s, i + 1);
        i += 1 + digits_at(s, i + 1);
    }
    if (digits && is_one_of(at(s, i), "eE")) {
        exponent = is_one_of(at(s, i + 1), "+-") ? i + 2 : i + 1;
        i = digits_at(s, exponent) ? exponent + digits_at(s, exponent) : i;
    }
    return digits ? i : 0;
}

static size_t name_length(struct mln_slice s, const char *more)
{
    size_t i = 0;

    while (is_name_byte(at(s, i)) || is_one_of(at(s, i), more)) {
        i += at(s, i) == '\\' ? 2 : 1;
    }
    i = i > s.len ? s.len : i;
    while (i && s.ptr[i - 1] == '.') {
        i--; /* that ends the triple */
    }
    return i;
}

/* A name with a prefix, which may be empty, or a word. */
static void read_name(struct mln_rdf_reader *r)
{
    size_t prefix = name_length(r->rest, ".");
    size_t len = 0;

    if (at(r->rest, prefix) == ':') {
        len = prefix + 1;
        r->token.kind = MLN_TOKEN_NAME;
        r->token.text = cut(r, len + name_length(mln_slice_from(r->rest, len), ".:%\\"));
        return;
    }
    while (isalnum((unsigned char)at(r->rest, len)) || at(r->rest, len) == '_') {
        len++;
    }
    r->token.kind = MLN_TOKEN_WORD;
    r->token.text = cut(r, len);
}

static void read_marked(struct mln_rdf_reader *r, enum mln_token_kind kind, size_t mark,
                        const char *more)
{
    (void)cut(r, mark);
    r->token.kind = kind;
    r->token.text = cut(r, name_length(r->rest, more));
}

static void read_sign(struct mln_rdf_reader *r)
{
    static const char *const pairs[] = { "^^", "&&", "||", "!=", "<=", ">=" };
    size_t len = 1;

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        len = mln_slice_starts(r->rest, mln_slice_z(pairs[i])) ? 2 : len;
    }
    r->token.kind = MLN_TOKEN_SIGN;
    r->token.text = cut(r, len);
}

static mln_err read_token(struct mln_rdf_reader *r)
{
    char c = r->rest.ptr[0];

    if (c == '<' && iri_length(r->rest)) {
        return read_iri(r, iri_length(r->rest));
    }
    if (is_one_of(c, "\"'")) {
        return read_text(r);
    }
    if (number_length(r->rest)) {
        r->token.kind = MLN_TOKEN_NUMBER;
        r->token.text = cut(r, number_length(r->rest));
    } else if (c == '_' && at(r->rest, 1) == ':') {
        read_marked(r, MLN_TOKEN_BLANK, 2, ".");
    } else if (is_one_of(c, "?$") && is_name_byte(at(r->rest, 1))) {
        read_marked(r, MLN_TOKEN_VARIABLE, 1, "");
    } else if (c == '@') {
        read_marked(r, MLN_TOKEN_AT, 1, "");
    } else if (is_letter(c) || c == ':') {
        read_name(r);
    } else {
        read_sign(r);
    }
    MLN_REQUIRE(r->token.text.len, SYNTAX);
    return MLN_OK;
}

mln_err mln_rdf_next(struct mln_rdf_reader *r)
{
    skip_blanks(r);
    r->token = (struct mln_token){ .kind = MLN_TOKEN_END };
    return r->rest.len ? read_token(r) : MLN_OK;
}

bool mln_rdf_is_sign(const struct mln_rdf_reader *r, const char *sign)
{
    return r->token.kind == MLN_TOKEN_SIGN && mln_slice_eq(r->token.text, mln_slice_z(sign));
}

bool mln_rdf_is_word(const struct mln_rdf_reader *r, const char *word)
{
    return r->token.kind == MLN_TOKEN_WORD && mln_slice_eq_nocase(r->token.text, mln_slice_z(word));
}

mln_err mln_rdf_expect(struct mln_rdf_reader *r, const char *sign)
{
    MLN_REQUIRE(mln_rdf_is_sign(r, sign), SYNTAX);
    return mln_rdf_next(r);
}
