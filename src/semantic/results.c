/* Answers to questions, in the two formats of the W3C. */
#include "base/set.h"
#include "base/utf8.h"
#include "semantic/graph_int.h"

/* What differs between the formats. */
struct format {
    void (*put_head)(struct mln_buf *out, const struct mln_query *query);
    void (*put_binding)(struct mln_buf *out, struct mln_slice name, const struct mln_term *term,
                        bool is_first);
    const char *row;
    const char *row_end;
    const char *row_next;
    const char *end;
    const char *truth[2];
};

struct answer {
    const struct format *format;
    const struct mln_query *query;
    struct mln_buf *out;
    struct mln_buf row;
    struct mln_set seen; /* rows, when each is wanted once */
    size_t seen_bytes;   /* of them */
    uint64_t skipped;    /* rows before the offset */
    uint64_t count;      /* of solutions so far */
    struct mln_sorter sorter;
    bool is_full;          /* there was no room for one */
    enum mln_err_code err; /* NONE, or what ended it */
};

static void put(struct mln_buf *out, const char *text)
{
    mln_buf_add(out, mln_slice_z(text));
}

/* ---- JSON ---- */

static void put_json_text(struct mln_buf *out, struct mln_slice s)
{
    mln_buf_byte(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if ((unsigned char)c < ' ') {
            mln_buf_printf(out, "\\u%04x", (unsigned)c);
            continue;
        }
        if (c == '"' || c == '\\') {
            mln_buf_byte(out, '\\');
        }
        mln_buf_byte(out, c);
    }
    mln_buf_byte(out, '"');
}

static void put_json_head(struct mln_buf *out, const struct mln_query *query)
{
    if (query->is_ask) {
        put(out, "{\"head\":{},\"boolean\":");
        return;
    }
    put(out, "{\"head\":{\"vars\":[");
    for (unsigned i = 0; i < query->selected_count; i++) {
        put(out, i ? "," : "");
        put_json_text(out, query->selected[i].text);
    }
    put(out, "]},\"results\":{\"bindings\":[");
}

static void put_json_binding(struct mln_buf *out, struct mln_slice name,
                             const struct mln_term *term, bool is_first)
{
    static const char *const types[] = {
        [MLN_TERM_IRI] = "uri",
        [MLN_TERM_BLANK] = "bnode",
        [MLN_TERM_LITERAL] = "literal",
    };

    put(out, is_first ? "" : ",");
    put_json_text(out, name);
    put(out, ":{\"type\":\"");
    put(out, types[term->kind]);
    put(out, "\",\"value\":");
    put_json_text(out, term->text);
    if (term->language.len) {
        put(out, ",\"xml:lang\":");
        put_json_text(out, term->language);
    } else if (term->type.len) {
        put(out, ",\"datatype\":");
        put_json_text(out, term->type);
    }
    mln_buf_byte(out, '}');
}

static const struct format json = {
    .put_head = put_json_head,
    .put_binding = put_json_binding,
    .row = "{",
    .row_end = "}",
    .row_next = ",",
    .end = "]}}",
    .truth = { "false}", "true}" },
};

/* ---- XML ---- */

/* What XML cannot say becomes U+FFFD. */
static void put_xml_text(struct mln_buf *out, struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\n' || c == '\t' || c == '\r') {
            mln_buf_printf(out, "&#%u;", (unsigned)c);
        } else if ((unsigned char)c < ' ' ||
                   mln_slice_starts(mln_slice_from(s, i), MLN_S("\xef\xbf\xbe")) ||
                   mln_slice_starts(mln_slice_from(s, i), MLN_S("\xef\xbf\xbf"))) {
            put(out, "\xef\xbf\xbd");
            i += (unsigned char)c < ' ' ? 0 : 2;
        } else {
            mln_buf_byte(out, c);
        }
    }
}

static void put_xml_attribute(struct mln_buf *out, const char *name, struct mln_slice value)
{
    mln_buf_byte(out, ' ');
    put(out, name);
    put(out, "=\"");
    put_xml_text(out, value);
    mln_buf_byte(out, '"');
}

static void put_xml_head(struct mln_buf *out, const struct mln_query *query)
{
    put(out,
        "<?xml version=\"1.0\"?><sparql xmlns=\"http://www.w3.org/2005/sparql-results#\"><head>");
    for (unsigned i = 0; i < query->selected_count; i++) {
        put(out, "<variable");
        put_xml_attribute(out, "name", query->selected[i].text);
        put(out, "/>");
    }
    put(out, query->is_ask ? "</head><boolean>" : "</head><results>");
}

static void put_xml_binding(struct mln_buf *out, struct mln_slice name, const struct mln_term *term,
                            bool is_first)
{
    static const char *const elements[] = {
        [MLN_TERM_IRI] = "uri",
        [MLN_TERM_BLANK] = "bnode",
        [MLN_TERM_LITERAL] = "literal",
    };

    (void)is_first;
    put(out, "<binding");
    put_xml_attribute(out, "name", name);
    put(out, "><");
    put(out, elements[term->kind]);
    if (term->language.len) {
        put_xml_attribute(out, "xml:lang", term->language);
    } else if (term->type.len) {
        put_xml_attribute(out, "datatype", term->type);
    }
    mln_buf_byte(out, '>');
    put_xml_text(out, term->text);
    put(out, "</");
    put(out, elements[term->kind]);
    put(out, "></binding>");
}

static const struct format xml = {
    .put_head = put_xml_head,
    .put_binding = put_xml_binding,
    .row = "<result>",
    .row_end = "</result>",
    .row_next = "",
    .end = "</results></sparql>",
    .truth = { "false</boolean></sparql>", "true</boolean></sparql>" },
};

/* ---- both ---- */

static void put_row(struct answer *a, const struct mln_bindings *bindings)
{
    bool is_first = true;

    a->row.len = 0;
    put(&a->row, a->format->row);
    for (unsigned i = 0; i < a->query->selected_count; i++) {
        const struct mln_term *v = &a->query->selected[i];
        const struct mln_term *term = bindings->of[v->variable];

        if (term) {
            a->format->put_binding(&a->row, v->text, term, is_first);
            is_first = false;
        }
    }
    put(&a->row, a->format->row_end);
}

/* Was the row shown before? Those that are remembered take no more room than the answer may. */
static mln_err is_new_row(struct answer *a, struct mln_slice row, bool *ret)
{
    struct mln_slice kept = row;

    *ret = !a->query->is_distinct || !mln_set_has(&a->seen, row);
    if (!a->query->is_distinct || !*ret) {
        return MLN_OK;
    }
    a->seen_bytes += row.len;
    MLN_REQUIRE(a->seen_bytes <= a->out->max, LIMIT);
    MLN_REQUIRE(mln_arena_dup(a->out->arena, row, &kept), NO_MEMORY);
    return mln_set_add(&a->seen, kept, ret);
}

/* Rows that are not new take no room, but time. */
static mln_err take_row(struct answer *a, const struct mln_solution *s)
{
    struct mln_slice row;
    size_t rest = strlen(a->format->row_next) + strlen(a->format->end);
    bool is_new;

    put_row(a, s->bindings);
    *s->steps += a->row.len / MLN_STEP_BYTES;
    MLN_TRY(mln_buf_finish(&a->row, &row));
    MLN_TRY(is_new_row(a, row, &is_new));
    if (!is_new) {
        return MLN_OK;
    }
    if (a->skipped < a->query->offset) {
        a->skipped++;
        return MLN_OK;
    }
    MLN_REQUIRE(row.len + rest <= a->out->max - a->out->len, LIMIT);
    put(a->out, a->count ? a->format->row_next : "");
    mln_buf_add(a->out, row);
    a->count++;
    return MLN_OK;
}

static bool take(void *data, const struct mln_solution *s)
{
    struct answer *a = data;
    mln_err err = a->query->is_ask ? MLN_OK : take_row(a, s);

    a->err = err.code;
    a->count += a->query->is_ask;
    return a->query->is_ask || mln_failed(err) || a->count == a->query->limit;
}

static bool keep(void *data, const struct mln_solution *s)
{
    struct answer *a = data;
    mln_err err = mln_sorter_add(&a->sorter, s);

    a->err = err.code;
    return mln_failed(err);
}

/* False: solutions are missing. */
static bool solve_in_order(struct answer *a, const struct mln_graph *graph, uint64_t *ret_steps)
{
    bool is_whole;

    mln_sorter_init(&a->sorter, graph, a->query, a->out->arena, a->out->max);
    is_whole = mln_graph_solve(graph, a->query, keep, a, ret_steps);
    if (a->err == MLN_ERR_NO_MEMORY) {
        return false;
    }
    is_whole = is_whole && a->err != MLN_ERR_LIMIT;
    a->err = MLN_ERR_NONE;
    mln_sorter_show(&a->sorter, take, a, ret_steps);
    return is_whole;
}

static mln_err finish(const struct mln_buf *out)
{
    struct mln_slice unused;

    return mln_buf_finish(out, &unused);
}

mln_err mln_graph_results(const struct mln_graph *graph, const struct mln_query *query,
                          enum mln_results_form form, struct mln_buf *out, bool *ret_partial,
                          uint64_t *ret_steps)
{
    struct answer a = { .format = form == MLN_RESULTS_XML ? &xml : &json,
                        .query = query,
                        .out = out };
    bool is_whole;

    mln_buf_init(&a.row, out->arena, out->max);
    mln_set_init(&a.seen, out->arena);
    a.format->put_head(out, query);
    MLN_REQUIRE(out->len + strlen(a.format->end) + strlen(a.format->truth[0]) <= out->max, LIMIT);
    is_whole = query->order && !query->is_ask ? solve_in_order(&a, graph, ret_steps)
                                              : mln_graph_solve(graph, query, take, &a, ret_steps);
    MLN_REQUIRE(a.err != MLN_ERR_NO_MEMORY, NO_MEMORY);
    MLN_REQUIRE(is_whole || !query->is_ask, LIMIT);
    put(out, query->is_ask ? a.format->truth[a.count > 0] : a.format->end);
    *ret_partial = !is_whole || a.err == MLN_ERR_LIMIT;
    return finish(out);
}
