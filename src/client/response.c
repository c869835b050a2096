/* Responses: from an HTTP message, or a primitive, to what users ask for. */
#include "base/buf.h"
#include "base/num.h"
#include "bind/http/http_wire.h"
#include "client/client_int.h"
#include "codec/json.h"

enum { SHOWN_BYTES = 200 }; /* of a text that is not JSON, in a message */

/* ---- addresses ---- */

/* Content-Location as CSEs write it, a URL, a path or the plain identifier, in the form of To.
 * spec: TS-0009 6.2.2.1, 6.4.4 */
static const char *target_of_location(struct mln_arena *arena, struct mln_slice location)
{
    bool is_absolute;
    char *copy;

    for (size_t i = 0; i < location.len; i++) {
        if (mln_slice_starts(mln_slice_from(location, i), MLN_S("://"))) {
            location = mln_slice_from(location, i + 3);
            location = mln_slice_from(location, mln_slice_find(location, '/'));
            break;
        }
    }
    is_absolute = mln_slice_starts(location, MLN_S("/_/"));
    if (mln_slice_starts(location, MLN_S("/~/"))) {
        location = mln_slice_from(location, 2);
    } else if (mln_slice_starts(location, MLN_S("/"))) {
        location = mln_slice_from(location, 1);
    }
    copy = mln_arena_zdup(arena, location);
    if (copy && is_absolute) {
        copy[0] = '/'; /* "_/sp.example/…" */
    }
    return copy;
}

/* ---- content ---- */

/* The object that holds the attributes: the one member of the content. */
static const struct mln_value *representation_of(const struct merlon_response *r)
{
    const struct mln_value *root = r->content;

    if (!root || root->kind != MLN_V_OBJECT || root->items.count != 1) {
        return NULL;
    }
    root = root->items.first;
    if (mln_slice_eq(root->name, MLN_S("m2m:rce"))) { /* spec: TS-0004 6.3.5.25 */
        for (const struct mln_value *v = root->items.first; v; v = v->next) {
            if (v->kind == MLN_V_OBJECT) {
                return v;
            }
        }
    }
    return root->kind == MLN_V_OBJECT ? root : NULL;
}

static struct mln_slice text_of(const struct mln_value *v)
{
    return v && v->kind == MLN_V_TEXT ? v->text : mln_slice_of(NULL, 0);
}

static mln_err read_content(struct merlon_response *r, bool is_json, struct mln_fault *fault)
{
    struct mln_fault told = { 0 };
    bool looks_like_json = r->body.len && (r->body.ptr[0] == '{' || r->body.ptr[0] == '[');
    bool must_be = is_json && merlon_rsc_is_success(r->rsc);
    mln_err err;

    if (r->body.len == 0 || (!is_json && !looks_like_json)) {
        return MLN_OK;
    }
    err = mln_client_read_json(r->body, r->arena, &r->content, &told);
    if (mln_failed(err)) {
        MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
        mln_fault_set(fault, "content of the answer is no JSON: %s", told.text);
        r->content = NULL;
    }
    return mln_failed(err) && must_be ? MLN_ERROR(PROTOCOL) : MLN_OK;
}

/* What the CSE says about an error: {"m2m:dbg": "…"} in the standard, plain text in other places.
 * spec: TS-0004 6.4.2 */
static mln_err read_debug(struct merlon_response *r)
{
    static const struct mln_slice names[] = {
        { "m2m:dbg", 7 },
        { "dbg", 3 },
        { "m2m:debugInfo", 13 },
        { "debugInfo", 9 },
    };
    struct mln_slice text = { 0 };

    for (size_t i = 0; i < sizeof names / sizeof *names && !text.len; i++) {
        text = text_of(mln_value_get(r->content, names[i]));
    }
    if (!text.len && !r->content && !merlon_rsc_is_success(r->rsc)) {
        text = mln_slice_head(r->body, SHOWN_BYTES);
    }
    r->debug = mln_arena_zdup(r->arena, text);
    MLN_REQUIRE(r->debug, NO_MEMORY);
    return MLN_OK;
}

/* The CSE-relative identifier of a resource at another CSE needs that CSE's ID in front. */
static const char *join_identifier(struct merlon_response *r, struct mln_slice ri)
{
    struct mln_slice rest = r->to;
    struct mln_slice prefix = { 0 };
    struct mln_buf out;

    if (ri.len && ri.ptr[0] != '/' && mln_slice_starts(r->to, MLN_S("/"))) {
        size_t skip = mln_slice_starts(r->to, MLN_S("//")) ? 2 : 1;

        rest = mln_slice_from(rest, skip);
        (void)mln_slice_cut(&rest, '/');
        if (skip == 2 && rest.ptr) {
            (void)mln_slice_cut(&rest, '/');
        }
        prefix = rest.ptr ? mln_slice_head(r->to, (size_t)(rest.ptr - r->to.ptr) - 1) : r->to;
    }
    mln_buf_init(&out, r->arena, SIZE_MAX / 2);
    mln_buf_add(&out, prefix);
    mln_buf_add(&out, prefix.len ? MLN_S("/") : MLN_S(""));
    mln_buf_add(&out, ri);
    mln_buf_byte(&out, '\0');
    return out.failed ? NULL : out.ptr;
}

/* From the most reliable source: the content, then the header. */
static mln_err read_address(struct merlon_response *r)
{
    const struct mln_value *wrapper = mln_value_get(r->content, MLN_S("m2m:rce"));
    struct mln_slice uri = text_of(mln_value_get(r->content, MLN_S("m2m:uri")));
    struct mln_slice ri = text_of(mln_value_get(representation_of(r), MLN_S("ri")));

    if (!uri.len) {
        uri = text_of(mln_value_get(wrapper, MLN_S("uri")));
    }
    if (uri.len) {
        r->address = uri.ptr; /* ends in NUL */
        return MLN_OK;
    }
    if (!ri.len) {
        r->address = r->location;
        return MLN_OK;
    }
    r->address = join_identifier(r, ri);
    MLN_REQUIRE(r->address, NO_MEMORY);
    return MLN_OK;
}

/* ---- the message ---- */

/* A copy that ends in NUL, or NULL for an empty value. */
static mln_err keep(struct merlon_response *r, struct mln_slice value, const char **ret)
{
    const char *copy = value.len ? mln_arena_zdup(r->arena, value) : NULL;

    MLN_REQUIRE(copy || !value.len, NO_MEMORY);
    *ret = copy;
    return MLN_OK;
}

/* Something that answers HTTP and does not know oneM2M: a status alone proves nothing. */
static mln_err refuse_stranger(const struct mln_fetch_answer *answer, struct mln_fault *fault)
{
    mln_fault_set(fault, "HTTP status %d without X-M2M-RSC: the peer is no oneM2M CSE",
                  answer->status);
    MLN_FAIL(PROTOCOL);
}

/* spec: TS-0009 6.4.18 */
static mln_err read_local_tokens(struct merlon_response *r, struct mln_slice ati)
{
    struct mln_slice rest = ati;
    struct mln_local_token pair;
    size_t most = 1;

    for (size_t i = 0; i < ati.len; i++) {
        most += ati.ptr[i] == '+';
    }
    r->local_tokens = mln_arena_zalloc(r->arena, most, sizeof *r->local_tokens);
    MLN_REQUIRE(r->local_tokens, NO_MEMORY);
    while (mln_http_wire_next_local(&rest, &pair)) {
        struct merlon_local_token *t = &r->local_tokens[r->local_token_count++];

        t->id = mln_arena_zdup(r->arena, pair.id);
        t->token_id = mln_arena_zdup(r->arena, pair.token_id);
        MLN_REQUIRE(t->id && t->token_id, NO_MEMORY);
    }
    return MLN_OK;
}

static mln_err read_header(struct merlon_response *r, const struct mln_http_answer *a)
{
    r->rsc = (int)a->rsc;
    r->is_partial = a->content_status == MLN_CONTENT_PARTIAL;
    r->offset = a->content_offset;
    MLN_TRY(keep(r, a->rqi, &r->rqi));
    MLN_TRY(keep(r, a->rvi, &r->rvi));
    MLN_TRY(keep(r, a->vsi, &r->vsi));
    MLN_TRY(keep(r, a->fr, &r->fr));
    MLN_TRY(keep(r, a->ot, &r->ot));
    MLN_TRY(a->ati.len ? read_local_tokens(r, a->ati) : MLN_OK);
    if (a->location.len) {
        r->location = target_of_location(r->arena, a->location);
        MLN_REQUIRE(r->location, NO_MEMORY);
    }
    return MLN_OK;
}

/* What follows from the header and the body. */
static mln_err read_body(struct merlon_response *r, struct mln_slice body, bool is_json,
                         struct mln_fault *fault)
{
    /* one NUL behind the body: it is given out as text */
    r->body = mln_slice_of(mln_arena_zdup(r->arena, body), body.len);
    MLN_REQUIRE(r->body.ptr, NO_MEMORY);
    MLN_TRY(read_content(r, is_json, fault));
    MLN_TRY(read_debug(r));
    MLN_TRY(read_address(r));
    return mln_client_read_references(r);
}

static mln_err read_message(struct merlon_response *r, const struct mln_fetch_answer *answer,
                            struct mln_fault *fault)
{
    struct mln_http_answer a;
    mln_err err =
        mln_http_wire_read_answer(answer->status, answer->fields, answer->field_count, &a);

    if (mln_failed(err)) {
        mln_fault_set(fault, "X-M2M-RSC, X-M2M-CTS or X-M2M-CTO of the answer is no number");
        return err;
    }
    if (!a.has_rsc && !a.rqi.len) {
        return refuse_stranger(answer, fault);
    }
    MLN_TRY(read_header(r, &a));
    return read_body(r, answer->body, a.content == mln_serialisation_at(0), fault);
}

static mln_err response_new(struct mln_slice to, struct merlon_response **ret)
{
    struct mln_arena *arena = mln_arena_new(MLN_CLIENT_ARENA);
    struct merlon_response *r = arena ? mln_arena_zalloc(arena, 1, sizeof *r) : NULL;

    if (!r || !mln_arena_dup(arena, to, &r->to)) {
        mln_arena_free(arena);
        MLN_FAIL(NO_MEMORY);
    }
    r->arena = arena;
    *ret = r;
    return MLN_OK;
}

mln_err mln_client_read_answer(const struct mln_fetch_answer *answer, struct mln_slice to,
                               struct merlon_response **ret, struct mln_fault *fault)
{
    struct merlon_response *r = NULL;
    mln_err err;

    MLN_TRY(response_new(to, &r));
    err = read_message(r, answer, fault);
    if (mln_failed(err)) {
        merlon_response_free(r);
        return err;
    }
    *ret = r;
    return MLN_OK;
}

/* ---- primitives ---- */

/* spec: TS-0004 6.3.5.43 */
static mln_err read_assignments(struct merlon_response *r, const struct mln_value *ati)
{
    const struct mln_value *list = mln_value_get(ati, MLN_S("ltia"));

    if (!list || list->kind != MLN_V_ARRAY) {
        return MLN_OK;
    }
    r->local_tokens = mln_arena_zalloc(r->arena, list->items.count, sizeof *r->local_tokens);
    MLN_REQUIRE(r->local_tokens || !list->items.count, NO_MEMORY);
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        struct merlon_local_token *t = &r->local_tokens[r->local_token_count++];

        t->id = mln_arena_zdup(r->arena, text_of(mln_value_get(v, MLN_S("lti"))));
        t->token_id = mln_arena_zdup(r->arena, text_of(mln_value_get(v, MLN_S("tkid"))));
        MLN_REQUIRE(t->id && t->token_id, NO_MEMORY);
    }
    return MLN_OK;
}

static mln_err read_parameters(struct merlon_response *r, const struct mln_value *params)
{
    uint64_t rsc = 0;
    uint64_t status = 0;

    MLN_REQUIRE(mln_value_u64(mln_value_get(params, MLN_S("rsc")), &rsc) && rsc <= INT16_MAX,
                PROTOCOL);
    r->rsc = (int)rsc;
    r->is_partial = mln_value_u64(mln_value_get(params, MLN_S("cnst")), &status) &&
                    status == MLN_CONTENT_PARTIAL;
    (void)mln_value_u64(mln_value_get(params, MLN_S("cnot")), &r->offset);
    MLN_TRY(keep(r, text_of(mln_value_get(params, MLN_S("rqi"))), &r->rqi));
    MLN_TRY(keep(r, text_of(mln_value_get(params, MLN_S("rvi"))), &r->rvi));
    MLN_TRY(keep(r, text_of(mln_value_get(params, MLN_S("vsi"))), &r->vsi));
    MLN_TRY(keep(r, text_of(mln_value_get(params, MLN_S("fr"))), &r->fr));
    MLN_TRY(keep(r, text_of(mln_value_get(params, MLN_S("ot"))), &r->ot));
    return read_assignments(r, mln_value_get(params, MLN_S("ati")));
}

static mln_err read_primitive(struct merlon_response *r, const struct mln_value *params,
                              struct mln_fault *fault)
{
    const struct mln_value *pc = mln_value_get(params, MLN_S("pc"));
    struct mln_slice body = { 0 };
    struct mln_buf out;

    MLN_TRY(read_parameters(r, params));
    if (pc) {
        mln_buf_init(&out, r->arena, MLN_CLIENT_BODY);
        mln_json_write_value(&out, pc, false);
        MLN_TRY(mln_buf_finish(&out, &body));
    }
    return read_body(r, body, pc != NULL, fault);
}

mln_err mln_client_read_primitive(const struct mln_value *params, struct mln_slice to,
                                  struct merlon_response **ret, struct mln_fault *fault)
{
    struct merlon_response *r = NULL;
    mln_err err;

    MLN_TRY(response_new(to, &r));
    err = read_primitive(r, params, fault);
    if (mln_failed(err)) {
        merlon_response_free(r);
        return err;
    }
    *ret = r;
    return MLN_OK;
}

/* ---- the face ---- */

void merlon_response_free(struct merlon_response *response)
{
    if (response) {
        mln_arena_free(response->arena);
    }
}

int merlon_response_rsc(const struct merlon_response *response)
{
    return response->rsc;
}

const char *merlon_response_content(const struct merlon_response *response, size_t *ret_size)
{
    if (ret_size) {
        *ret_size = response->body.len;
    }
    return response->body.ptr;
}

const struct merlon_json *merlon_response_json(const struct merlon_response *response)
{
    return mln_client_json(response->content);
}

const struct merlon_json *merlon_response_attribute(const struct merlon_response *response,
                                                    const char *name)
{
    return mln_client_json(mln_value_get(representation_of(response), mln_slice_z(name)));
}

const char *merlon_response_debug(const struct merlon_response *response)
{
    return response->debug;
}

const char *merlon_response_parameter(const struct merlon_response *response, const char *name)
{
    const struct {
        const char *name;
        const char *value;
    } rows[] = {
        { "rqi", response->rqi }, { "rvi", response->rvi }, { "vsi", response->vsi },
        { "fr", response->fr },   { "ot", response->ot },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return rows[i].value;
        }
    }
    return NULL;
}

const char *merlon_response_address(const struct merlon_response *response)
{
    return response->address;
}

const struct merlon_local_token *merlon_response_local_token(const struct merlon_response *response,
                                                             size_t index)
{
    return index < response->local_token_count ? &response->local_tokens[index] : NULL;
}

bool merlon_response_is_partial(const struct merlon_response *response, uint64_t *ret_offset)
{
    if (response->is_partial && ret_offset) {
        *ret_offset = response->offset;
    }
    return response->is_partial;
}

const struct merlon_reference *merlon_response_reference(const struct merlon_response *response,
                                                         size_t index)
{
    return index < response->reference_count ? &response->references[index] : NULL;
}

enum merlon_status merlon_response_check(const struct merlon_response *response,
                                         struct merlon_error *error)
{
    const char *text = response->debug[0] ? response->debug : "the CSE gives no reason";

    if (merlon_rsc_is_success(response->rsc)) {
        return MERLON_OK;
    }
    return mln_client_tell(MERLON_REFUSED, response->rsc, mln_slice_z(text), error);
}
