/* Updates: what is removed and added is written triple by triple, each a line, while solutions are
 * found; then the graph is written without the former and with the latter. SPARQL 1.1 Update */
#include "base/num.h"
#include "base/set.h"
#include "semantic/sparql_int.h"

enum { OPERATIONS = 16 }; /* of one update */

/* One of them. Templates are groups of triples. */
struct operation {
    struct operation *next;
    struct mln_group *remove; /* or NULL */
    struct mln_group *add;    /* or NULL */
    struct mln_query query;
};

struct mln_update {
    struct operation *first;
    size_t bytes; /* of the text */
};

/* ---- reading ---- */

/* Words of SPARQL Update that begin what is not taken. */
static bool is_untaken(const struct mln_rdf_reader *r)
{
    static const char *const words[] = {
        "ADD", "BASE", "CLEAR", "COPY", "CREATE", "DROP", "LOAD", "MOVE", "USING", "WITH",
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (mln_rdf_is_word(r, words[i])) {
            return true;
        }
    }
    return false;
}

/* Variables may stand in it, and blank nodes, which are new ones each time? */
struct allowance {
    bool variables;
    bool blanks;
};

static bool is_allowed(const struct mln_term *t, struct allowance may)
{
    if (t->kind != MLN_TERM_VARIABLE) {
        return true;
    }
    return mln_rdf_is_blank(t->text) ? may.blanks : may.variables;
}

static mln_err check_template(const struct mln_group *g, struct allowance may)
{
    MLN_REQUIRE(!g->filters, SYNTAX);
    for (const struct mln_element *e = g->first; e; e = e->next) {
        MLN_REQUIRE(e->kind == MLN_ELEMENT_TRIPLE, SYNTAX);
        for (int i = 0; i < 3; i++) {
            MLN_REQUIRE(is_allowed(&e->part[i], may), SYNTAX);
        }
    }
    return MLN_OK;
}

/* Its blank nodes are none of those of patterns. */
static mln_err read_template(struct mln_sparql *p, struct allowance may, struct mln_group **ret)
{
    p->r.document = 1;
    MLN_TRY(mln_sparql_read_group(p, ret));
    p->r.document = 0;
    return check_template(*ret, may);
}

static mln_err read_where(struct mln_sparql *p, struct operation *o)
{
    MLN_REQUIRE(!is_untaken(&p->r), NOT_IMPLEMENTED);
    MLN_REQUIRE(mln_rdf_is_word(&p->r, "WHERE"), SYNTAX);
    MLN_TRY(mln_rdf_next(&p->r));
    MLN_TRY(mln_sparql_read_group(p, &o->query.where));
    MLN_REQUIRE(mln_sparql_is_well_scoped(o->query.where), NOT_IMPLEMENTED);
    return MLN_OK;
}

/* INSERT DATA, DELETE DATA: there is one solution, with nothing in it. */
static mln_err read_data(struct mln_sparql *p, struct operation *o, struct mln_group **ret)
{
    struct allowance may = { .blanks = ret == &o->add };

    MLN_TRY(mln_rdf_next(&p->r));
    o->query.where = mln_arena_zalloc(p->r.arena, 1, sizeof *o->query.where);
    MLN_REQUIRE(o->query.where, NO_MEMORY);
    return read_template(p, may, ret);
}

static mln_err read_insert(struct mln_sparql *p, struct operation *o)
{
    MLN_TRY(mln_rdf_next(&p->r));
    if (!o->remove && mln_rdf_is_word(&p->r, "DATA")) {
        return read_data(p, o, &o->add);
    }
    MLN_TRY(read_template(p, (struct allowance){ .variables = true, .blanks = true }, &o->add));
    return read_where(p, o);
}

static mln_err read_delete(struct mln_sparql *p, struct operation *o)
{
    static const struct allowance variables = { .variables = true };
    struct mln_rdf_reader *r = &p->r;

    MLN_TRY(mln_rdf_next(r));
    if (mln_rdf_is_word(r, "DATA")) {
        return read_data(p, o, &o->remove);
    }
    if (mln_rdf_is_word(r, "WHERE")) { /* the pattern is the template */
        MLN_TRY(read_where(p, o));
        o->remove = o->query.where;
        return check_template(o->remove, variables);
    }
    MLN_TRY(read_template(p, variables, &o->remove));
    return mln_rdf_is_word(r, "INSERT") ? read_insert(p, o) : read_where(p, o);
}

static mln_err read_operation(struct mln_sparql *p, struct operation *o)
{
    const struct mln_rdf_reader *r = &p->r;

    MLN_REQUIRE(!is_untaken(r), NOT_IMPLEMENTED);
    if (mln_rdf_is_word(r, "INSERT")) {
        return read_insert(p, o);
    }
    MLN_REQUIRE(mln_rdf_is_word(r, "DELETE"), SYNTAX);
    return read_delete(p, o);
}

static mln_err read_operations(struct mln_sparql *p, struct mln_update *u)
{
    struct mln_rdf_reader *r = &p->r;
    struct operation **link = &u->first;
    unsigned count = 0;

    MLN_TRY(mln_rdf_next(r));
    MLN_TRY(mln_sparql_read_prefixes(p));
    do {
        struct operation *o = mln_arena_zalloc(r->arena, 1, sizeof *o);

        MLN_REQUIRE(o, NO_MEMORY);
        MLN_REQUIRE(count++ < OPERATIONS, LIMIT);
        o->query.limit = UINT64_MAX;
        o->query.bytes = u->bytes;
        MLN_TRY(read_operation(p, o));
        *link = o;
        link = &o->next;
        if (!mln_rdf_is_sign(r, ";")) {
            break;
        }
        MLN_TRY(mln_rdf_next(r));
        MLN_TRY(mln_sparql_read_prefixes(p));
    } while (r->token.kind != MLN_TOKEN_END);
    MLN_REQUIRE(r->token.kind == MLN_TOKEN_END, SYNTAX);
    return MLN_OK;
}

mln_err mln_update_read(const struct mln_limits *limits, struct mln_slice text,
                        struct mln_arena *arena, struct mln_update **ret, struct mln_fault *fault)
{
    struct mln_update *u = mln_arena_zalloc(arena, 1, sizeof *u);
    struct mln_sparql p = { 0 };
    mln_err err;

    MLN_REQUIRE(u, NO_MEMORY);
    u->bytes = text.len;
    err = mln_sparql_begin(&p, limits, text, arena);
    if (!mln_failed(err)) {
        err = read_operations(&p, u);
    }
    if (err.code == MLN_ERR_LIMIT) {
        mln_fault_set(fault, "SPARQL update: too long or too deep");
    } else if (err.code == MLN_ERR_NOT_IMPLEMENTED) {
        mln_fault_set(fault, "SPARQL update: INSERT and DELETE, of DATA or WHERE, are implemented");
    } else if (err.code == MLN_ERR_SYNTAX) {
        mln_fault_set(fault, "no SPARQL update, from byte %zu on", text.len - p.r.rest.len);
        MLN_FAIL(SPARQL);
    }
    *ret = u;
    return err;
}

/* ---- writing triples ---- */

/* One operation being carried out. */
struct work {
    const struct operation *operation;
    struct mln_arena *arena;
    struct mln_buf line;
    struct mln_set removed; /* lines */
    struct mln_set written; /* lines of the graph that comes out */
    struct mln_buf added;   /* those of them that are new */
    size_t room;            /* bytes that lines may still take */
    uint64_t unnamed;       /* number of the first blank node without a name, */
    uint64_t fresh;         /* and of the first that is new */
    mln_err err;
};

static void put_code(struct mln_buf *out, char c)
{
    mln_buf_printf(out, "\\u%04X", (unsigned)(unsigned char)c);
}

static void put_iri(struct mln_buf *out, struct mln_slice iri)
{
    mln_buf_byte(out, '<');
    for (size_t i = 0; i < iri.len; i++) {
        char c = iri.ptr[i];

        if ((unsigned char)c <= ' ' || strchr("<>\"{}|^`\\", c)) {
            put_code(out, c);
        } else {
            mln_buf_byte(out, c);
        }
    }
    mln_buf_byte(out, '>');
}

/* Languages are the same whatever their case, and so are the lines then. */
static void put_literal(struct mln_buf *out, const struct mln_term *t)
{
    mln_buf_byte(out, '"');
    for (size_t i = 0; i < t->text.len; i++) {
        char c = t->text.ptr[i];

        if ((unsigned char)c < ' ') {
            put_code(out, c);
        } else if (c == '"' || c == '\\') {
            mln_buf_byte(out, '\\');
            mln_buf_byte(out, c);
        } else {
            mln_buf_byte(out, c);
        }
    }
    mln_buf_byte(out, '"');
    if (t->language.len) {
        mln_buf_byte(out, '@');
        for (size_t i = 0; i < t->language.len; i++) {
            char c = t->language.ptr[i];

            mln_buf_byte(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
        }
    } else if (t->type.len) {
        mln_buf_add(out, MLN_S("^^"));
        put_iri(out, t->type);
    }
}

static void put_number(struct mln_buf *out, uint64_t n)
{
    mln_buf_add(out, MLN_S("_:b"));
    mln_buf_u64(out, n);
}

/* Nodes without a name get one, behind all that are called like it. */
static void put_blank(struct work *w, struct mln_slice name)
{
    uint64_t n = 0;

    if (mln_slice_find(name, ':') < name.len) {
        (void)mln_slice_cut(&name, ':');
        mln_buf_add(&w->line, MLN_S("_:"));
        mln_buf_add(&w->line, name);
        return;
    }
    (void)mln_slice_cut(&name, '#');
    (void)mln_num_u64(name, &n);
    put_number(&w->line, w->unnamed + n);
}

static void put_term(struct work *w, const struct mln_term *t)
{
    if (t->kind == MLN_TERM_IRI) {
        put_iri(&w->line, t->text);
    } else if (t->kind == MLN_TERM_LITERAL) {
        put_literal(&w->line, t);
    } else {
        put_blank(w, t->text);
    }
    mln_buf_byte(&w->line, ' ');
}

/* What can stand there. */
static bool fits(const struct mln_term *t, int place)
{
    return place == 2 || t->kind == MLN_TERM_IRI || (place == 0 && t->kind == MLN_TERM_BLANK);
}

/* The line is to be remembered. */
static mln_err note(struct work *w, struct mln_set *set, bool *ret_new)
{
    struct mln_slice line;
    struct mln_slice kept;

    mln_buf_add(&w->line, MLN_S(".\n"));
    MLN_TRY(mln_buf_finish(&w->line, &line));
    *ret_new = !mln_set_has(set, line);
    if (!*ret_new) {
        return MLN_OK;
    }
    MLN_REQUIRE(line.len <= w->room, LIMIT);
    w->room -= line.len;
    MLN_REQUIRE(mln_arena_dup(w->arena, line, &kept), NO_MEMORY);
    return mln_set_add(set, kept, ret_new);
}

/* ---- templates ---- */

/* False: nothing is bound, or what cannot stand there. A blank node of a template is a new one for
 * each solution. */
static bool put_part(struct work *w, const struct mln_term *part, int place,
                     const struct mln_bindings *b)
{
    bool is_variable = part->kind == MLN_TERM_VARIABLE;
    const struct mln_term *t = is_variable ? b->of[part->variable] : part;

    if (!t && mln_rdf_is_blank(part->text)) {
        put_number(&w->line, w->fresh + part->variable);
        mln_buf_byte(&w->line, ' ');
        return place != 1;
    }
    if (!t || !fits(t, place)) {
        return false;
    }
    put_term(w, t);
    return true;
}

static mln_err instantiate(struct work *w, const struct mln_group *template,
                           const struct mln_solution *s, struct mln_set *set)
{
    bool is_new;

    for (const struct mln_element *e = template ? template->first : NULL; e; e = e->next) {
        bool is_whole = true;

        w->line.len = 0;
        for (int i = 0; i < 3 && is_whole; i++) {
            is_whole = put_part(w, &e->part[i], i, s->bindings);
        }
        *s->steps += 1 + w->line.len / MLN_STEP_BYTES;
        if (is_whole) {
            MLN_TRY(note(w, set, &is_new));
            if (is_new && set == &w->written) {
                mln_buf_add(&w->added, mln_slice_of(w->line.ptr, w->line.len));
            }
        }
    }
    return MLN_OK;
}

static bool take(void *data, const struct mln_solution *s)
{
    struct work *w = data;

    w->err = instantiate(w, w->operation->remove, s, &w->removed);
    if (!mln_failed(w->err)) {
        w->err = instantiate(w, w->operation->add, s, &w->written);
    }
    w->fresh += MLN_QUERY_VARIABLES;
    return mln_failed(w->err);
}

/* ---- carrying out ---- */

/* The number of a blank node: that in its name, b1 or b2 and so on, or its own when it has none. */
static bool has_number(const struct mln_term *t, bool is_named, uint64_t *ret)
{
    struct mln_slice name = t->text;

    (void)mln_slice_cut(&name, is_named ? ':' : '#');
    if (is_named) {
        return name.len && name.ptr[0] == 'b' && mln_num_u64(mln_slice_from(name, 1), ret);
    }
    return mln_num_u64(name, ret);
}

/* Finds numbers for blank nodes that no name in the graph has. Errors: LIMIT. */
static mln_err number_blanks(struct work *w, const struct mln_graph *g)
{
    uint64_t ends[] = { 0, 0 }; /* of nodes without and with a name */

    for (size_t i = 0; i < 3 * g->count; i++) {
        const struct mln_term *t = &g->triples[i / 3].part[i % 3];
        bool is_named = mln_slice_find(t->text, ':') < t->text.len;
        uint64_t n;

        if (t->kind == MLN_TERM_BLANK && has_number(t, is_named, &n)) {
            MLN_REQUIRE(n < UINT64_MAX / 2, LIMIT);
            ends[is_named] = n >= ends[is_named] ? n + 1 : ends[is_named];
        }
    }
    w->unnamed = ends[true];
    w->fresh = ends[true] + ends[false];
    return MLN_OK;
}

/* What is left of the graph, then what is new. */
static mln_err write_graph(struct work *w, const struct mln_graph *g, struct mln_buf *out)
{
    struct mln_slice line;
    bool is_new;

    for (size_t i = 0; i < g->count; i++) {
        w->line.len = 0;
        for (int part = 0; part < 3; part++) {
            put_term(w, &g->triples[i].part[part]);
        }
        MLN_TRY(note(w, &w->written, &is_new));
        MLN_TRY(mln_buf_finish(&w->line, &line));
        if (is_new && !mln_set_has(&w->removed, line)) {
            mln_buf_add(out, line);
        }
    }
    MLN_TRY(mln_buf_finish(&w->added, &line));
    mln_buf_add(out, line);
    return MLN_OK;
}

static mln_err carry_out(const struct mln_graph *graph, const struct operation *o,
                         struct mln_arena *arena, struct mln_slice *ret, uint64_t *ret_steps)
{
    enum { SPREAD = 4 }; /* what is removed, added and there already, each written out */
    size_t most = (size_t)graph->limits->descriptor_bytes;
    struct work w = { .operation = o, .arena = arena, .room = SPREAD * most };
    struct mln_buf out;
    bool is_whole;

    mln_buf_init(&w.line, arena, most);
    mln_buf_init(&w.added, arena, most);
    mln_buf_init(&out, arena, most);
    mln_set_init(&w.removed, arena);
    mln_set_init(&w.written, arena);
    MLN_TRY(number_blanks(&w, graph));
    is_whole = mln_graph_solve(graph, &o->query, take, &w, ret_steps);
    MLN_TRY(w.err);
    MLN_REQUIRE(is_whole, LIMIT);
    MLN_TRY(write_graph(&w, graph, &out));
    return mln_buf_finish(&out, ret);
}

/* In a graph of its own, which ends with it. */
static mln_err apply_one(const struct mln_limits *limits, struct mln_slice text,
                         const struct operation *o, struct mln_arena *arena, struct mln_slice *ret,
                         uint64_t *ret_steps)
{
    MLN_CLEANUP(mln_graph_freep) struct mln_graph *graph = NULL;

    MLN_TRY(mln_graph_new(limits, &graph));
    MLN_TRY(mln_graph_add(graph, text, NULL));
    return o ? carry_out(graph, o, arena, ret, ret_steps) : MLN_OK;
}

mln_err mln_update_apply(const struct mln_limits *limits, struct mln_slice text,
                         const struct mln_update *update, struct mln_arena *arena,
                         struct mln_slice *ret, uint64_t *ret_steps)
{
    enum { BYTES = 64 }; /* to be read cost as much as a triple to look at */
    struct mln_limits left = *limits;
    struct mln_slice result = text;

    *ret_steps = 0;
    for (const struct operation *o = update->first; o; o = o->next) {
        uint64_t steps = 0;
        mln_err err;

        *ret_steps += result.len / BYTES;
        err = apply_one(&left, result, o, arena, &result, &steps);
        *ret_steps += steps;
        MLN_TRY(err);
        left.sparql_steps -= steps < left.sparql_steps ? steps : left.sparql_steps;
    }
    *ret = result;
    *ret_steps += result.len / BYTES;
    return apply_one(limits, result, NULL, arena, NULL, NULL);
}
