/* Collecting the resources of a tree: by the kind of listing that the CSE offers, and by retrieving
 * what a listing does not tell. */
#include <string.h>

#include "base/buf.h"
#include "cli/tree.h"

enum { SHOWN_MAX = 4096 }; /* bytes of attributes of one resource */

static const char *dup_text(struct mln_tree *t, const char *text)
{
    return mln_arena_zdup(t->session->arena, mln_slice_z(text));
}

/* ---- lists ---- */

static bool add(void *data, const struct merlon_reference *reference)
{
    struct mln_tree *t = data;
    struct mln_arena *arena = t->session->arena;
    struct mln_tree_node *node = mln_arena_zalloc(arena, 1, sizeof *node);

    if (t->count == t->cap) {
        size_t more = t->cap ? t->cap * 2 : 64;

        t->nodes =
            mln_arena_grow(arena, t->nodes, t->cap * sizeof *t->nodes, more * sizeof *t->nodes);
        t->cap = more;
    }
    if (!node || !t->nodes) {
        t->nodes = NULL; /* told by the caller */
        return false;
    }
    node->address = dup_text(t, reference->address);
    node->name = dup_text(t, reference->name);
    node->type = reference->type;
    node->attributes = "";
    t->nodes[t->count++] = node;
    return node->address && node->name;
}

/* The ways to list what is below a resource, the one that tells most first. */
static const struct {
    const char *rcn; /* or NULL */
    bool is_discovery;
} ways[] = {
    { "6", true },
    { NULL, true },
    { "6", false },
    { "5", false },
};

static enum merlon_status list_one_way(struct mln_tree *t, size_t way, int *ret_code,
                                       struct merlon_error *error)
{
    struct merlon_request *request = mln_session_request(t->session, MERLON_RETRIEVE, ret_code);
    enum merlon_status status = MERLON_OK;

    if (!request) {
        error->status = MERLON_INVALID;
        return MERLON_INVALID;
    }
    if (ways[way].rcn) {
        status = merlon_request_set(request, "rcn", ways[way].rcn, error);
    }
    if (status == MERLON_OK && ways[way].is_discovery) {
        status = merlon_request_discover(request, error);
    }
    if (status == MERLON_OK) {
        status = merlon_request_set(request, "drt", "1", error);
    }
    if (status == MERLON_OK && t->level) {
        status = merlon_request_filter(request, "lvl", t->level, error);
    }
    if (status == MERLON_OK) {
        status = merlon_list(t->session->client, request, add, t, error);
    }
    merlon_request_free(request);
    *ret_code = status == MERLON_OK ? MLN_CLI_OK : (int)mln_cli_exit_of(error);
    return status;
}

/* Would another way of listing be refused too? */
static bool is_final(const struct merlon_error *error)
{
    int code = (int)mln_cli_exit_of(error);

    return error->status != MERLON_REFUSED || code == MLN_CLI_NOT_FOUND || code == MLN_CLI_DENIED;
}

static int list(struct mln_tree *t)
{
    enum merlon_status status = MERLON_REFUSED;
    struct merlon_error error = { .status = MERLON_REFUSED, .rsc = 4000 };
    int code = MLN_CLI_OK;

    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        t->count = 0;
        status = list_one_way(t, way, &code, &error);
        if (status == MERLON_OK || is_final(&error)) {
            break;
        }
    }
    if (t->cap && !t->nodes) {
        mln_cli_say("out of memory");
        return MLN_CLI_FAILED;
    }
    return status == MERLON_OK ? MLN_CLI_OK : mln_session_fail(t->session, &error);
}

/* ---- single resources ---- */

static void put_attribute(struct mln_buf *out, const struct merlon_json *value)
{
    char *text = merlon_json_write(value, false);

    mln_buf_printf(out, " %s=", merlon_json_name(value));
    mln_buf_add(out, mln_slice_z(text ? text : "?"));
    merlon_free(text);
}

static uint64_t bit_of(size_t word)
{
    return word < 64 ? UINT64_C(1) << word : 0;
}

static bool is_wanted(struct mln_tree *t, const struct merlon_type *type, const char *name)
{
    struct mln_slice rest = mln_slice_z(t->attributes);
    const char *long_name = type ? merlon_attribute_long(type, name) : NULL;

    for (size_t i = 0; rest.ptr; i++) {
        struct mln_slice word = mln_slice_trim(mln_slice_cut(&rest, ','));

        if (mln_slice_eq(word, mln_slice_z(name)) || mln_slice_eq(word, MLN_S("all")) ||
            (long_name && mln_slice_eq(word, mln_slice_z(long_name)))) {
            t->found |= bit_of(i);
            return true;
        }
    }
    return false;
}

/* Does any resource type of the standard have it? */
static bool is_of_standard(const char *name)
{
    const struct merlon_type *type;

    for (size_t i = 0; (type = merlon_type_at(i)); i++) {
        if (merlon_attribute_short(type, name)) {
            return true;
        }
    }
    return false;
}

/* Attributes of no standard exist, so that a name which no resource has is no error. */
void mln_tree_tell_unknown(const struct mln_tree *t)
{
    struct mln_slice rest = { 0 };

    if (t->attributes) {
        rest = mln_slice_z(t->attributes);
    }
    for (size_t i = 0; rest.ptr && i < 64; i++) {
        struct mln_slice word = mln_slice_trim(mln_slice_cut(&rest, ','));
        const char *name = mln_arena_zdup(t->session->arena, word);

        if (name && *name && !(t->found & bit_of(i)) && strcmp(name, "all") != 0 &&
            !is_of_standard(name)) {
            mln_cli_say("no resource has an attribute '%s'", name);
        }
    }
}

static const char *show_attributes(struct mln_tree *t, const struct merlon_json *representation,
                                   const struct merlon_type *type)
{
    struct mln_slice text = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, t->session->arena, SHOWN_MAX);
    for (const struct merlon_json *v = merlon_json_first(representation); v;
         v = merlon_json_next(v)) {
        if (is_wanted(t, type, merlon_json_name(v))) {
            put_attribute(&out, v);
        }
    }
    mln_buf_byte(&out, '\0');
    return mln_failed(mln_buf_finish(&out, &text)) ? " (too long to show)" : text.ptr;
}

static mln_err take_text(struct mln_tree *t, const struct merlon_response *response,
                         const char *name, struct mln_slice *ret)
{
    const char *text = merlon_json_text(merlon_response_attribute(response, name));

    if (text && !mln_arena_dup(t->session->arena, mln_slice_z(text), ret)) {
        MLN_FAIL(NO_MEMORY);
    }
    return MLN_OK;
}

/* What a representation tells about a node. */
static mln_err describe(struct mln_tree *t, struct mln_tree_node *node,
                        const struct merlon_response *response)
{
    const struct merlon_json *root = merlon_json_first(merlon_response_json(response));
    const char *name = merlon_json_text(merlon_response_attribute(response, "rn"));
    const struct merlon_type *type = merlon_type_find(merlon_json_name(root));
    int64_t ty = 0;

    if (merlon_json_int64(merlon_response_attribute(response, "ty"), &ty) && ty > 0 &&
        ty <= UINT16_MAX) {
        node->type = (int)ty;
    } else if (type) {
        node->type = merlon_type_number(type);
    }
    MLN_TRY(take_text(t, response, "ri", &node->ri));
    MLN_TRY(take_text(t, response, "pi", &node->pi));
    if (name) {
        node->name = dup_text(t, name);
        MLN_REQUIRE(node->name, NO_MEMORY);
    }
    if (t->attributes) {
        node->attributes = show_attributes(t, root, type ? type : merlon_type_of(node->type));
    }
    return MLN_OK;
}

/* A resource that went, or that must not be seen, stays as the listing told it. */
static int retrieve(struct mln_tree *t, struct mln_tree_node *node)
{
    struct merlon_response *response = NULL;
    struct merlon_error error;
    enum merlon_status status = mln_session_retrieve(t->session, node->address, &response, &error);
    mln_err err;

    if (status == MERLON_REFUSED) {
        return MLN_CLI_OK;
    }
    if (status != MERLON_OK) {
        return mln_session_fail(t->session, &error);
    }
    err = describe(t, node, response);
    merlon_response_free(response);
    if (mln_failed(err)) {
        mln_cli_say("out of memory");
        return MLN_CLI_FAILED;
    }
    return MLN_CLI_OK;
}

/* An address that does not show where the resource stands. spec: TS-0001 7.2: a resource ID */
static bool is_unstructured(const char *address)
{
    const char *first = strchr(address + (*address == '/'), '/');

    return !first || (*address == '/' && !strchr(first + 1, '/'));
}

int mln_tree_collect(struct mln_tree *t)
{
    int code;

    t->root.address = t->session->target;
    t->root.name = t->session->target;
    t->root.attributes = "";
    code = list(t);
    if (code == MLN_CLI_OK) {
        code = retrieve(t, &t->root);
    }
    for (size_t i = 0; i < t->count && code == MLN_CLI_OK; i++) {
        struct mln_tree_node *node = t->nodes[i];

        if (!node->type || t->attributes || is_unstructured(node->address)) {
            code = retrieve(t, node);
        }
    }
    return code;
}
