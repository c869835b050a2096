/* Listing: a request that names resources, sent again for the rest of a partial answer. */
#include <inttypes.h>
#include <stdio.h>

#include "base/set.h"
#include "client/client_int.h"

struct listing {
    struct merlon_client *client;
    merlon_found *found;
    void *data;
    struct mln_arena *arena;
    struct mln_set seen; /* a CSE may repeat results from part to part. spec: TS-0001 8.1.3 */
    bool has_limit;
    uint64_t left; /* that the limit of the request still allows */
    bool is_over;
};

/* Gives out the references of one answer. *ret_new: how many were new. */
static mln_err give(struct listing *l, const struct merlon_response *response, size_t *ret_new)
{
    size_t count = 0;
    const struct merlon_reference *reference;

    for (size_t i = 0; (reference = merlon_response_reference(response, i)) && !l->is_over; i++) {
        struct mln_slice address = mln_slice_z(reference->address);
        bool is_new = false;

        MLN_REQUIRE(mln_arena_dup(l->arena, address, &address), NO_MEMORY);
        MLN_TRY(mln_set_add(&l->seen, address, &is_new));
        if (!is_new) {
            continue;
        }
        count++;
        l->left -= l->has_limit;
        l->is_over = !l->found(l->data, reference) || l->left == 0;
    }
    *ret_new = count;
    return MLN_OK;
}

/* A copy of the request that asks for results from `offset` on, and for no more than are wanted
 * (UINT64_MAX: any number). */
static mln_err ask_for_rest(const struct merlon_request *request, struct mln_arena *arena,
                            uint64_t offset, uint64_t limit, struct merlon_request *ret)
{
    struct mln_value *params = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_value *fc = mln_value_new(arena, MLN_V_OBJECT);
    const struct mln_value *old = mln_value_get(request->params, MLN_S("fc"));

    MLN_REQUIRE(params && fc, NO_MEMORY);
    for (const struct mln_value *v = request->params->items.first; v; v = v->next) {
        struct mln_value *node = mln_value_new(arena, v->kind);

        MLN_REQUIRE(node, NO_MEMORY);
        *node = *v;
        MLN_TRY(mln_value_append(params, node));
    }
    for (const struct mln_value *v = old ? old->items.first : NULL; v; v = v->next) {
        struct mln_value *node = mln_value_new(arena, v->kind);

        MLN_REQUIRE(node, NO_MEMORY);
        *node = *v;
        MLN_TRY(mln_value_append(fc, node));
    }
    (void)mln_value_take(params, MLN_S("fc"));
    (void)mln_value_take(fc, MLN_S("ofst"));
    MLN_TRY(mln_value_set(fc, MLN_S("ofst"), mln_value_uint(arena, offset)));
    if (limit != UINT64_MAX) {
        (void)mln_value_take(fc, MLN_S("lim"));
        MLN_TRY(mln_value_set(fc, MLN_S("lim"), mln_value_uint(arena, limit)));
    }
    MLN_TRY(mln_value_set(params, MLN_S("fc"), fc));
    *ret = *request;
    ret->params = params;
    return MLN_OK;
}

/* Value of a criterion, or `otherwise`. */
static uint64_t criterion(const struct merlon_request *request, struct mln_slice name,
                          uint64_t otherwise)
{
    const struct mln_value *fc = mln_value_get(request->params, MLN_S("fc"));
    uint64_t n = otherwise;

    return mln_value_u64(mln_value_get(fc, name), &n) ? n : otherwise;
}

/* A list in another serialisation is not an empty list. */
static mln_err must_be_readable(const struct merlon_response *response, struct mln_fault *fault)
{
    if (response->body.len && !response->content) {
        mln_fault_set(fault, "the list that the CSE gives is not JSON");
        MLN_FAIL(PROTOCOL);
    }
    return MLN_OK;
}

/* One part. *ret_offset is where the next one starts, 0 when there is none. */
static enum merlon_status list_part(struct listing *l, const struct merlon_request *request,
                                    uint64_t *ret_offset, struct merlon_error *error)
{
    struct merlon_response *response = NULL;
    struct mln_fault fault = { 0 };
    uint64_t offset = criterion(request, MLN_S("ofst"), 1);
    uint64_t told = 0;
    size_t count = 0;
    enum merlon_status status = merlon_send(l->client, request, &response, error);

    if (status == MERLON_OK) {
        status = merlon_response_check(response, error);
    }
    if (status == MERLON_OK) {
        status = mln_client_end(must_be_readable(response, &fault), &fault, error);
    }
    if (status == MERLON_OK) {
        status = mln_client_end(give(l, response, &count), &fault, error);
    }
    *ret_offset = 0;
    if (status == MERLON_OK && count && !l->is_over &&
        merlon_response_is_partial(response, &told)) {
        *ret_offset = told > offset ? told : offset + count;
    }
    merlon_response_free(response);
    return status;
}

static enum merlon_status list_all(struct listing *l, const struct merlon_request *request,
                                   struct merlon_error *error)
{
    struct merlon_request part = *request;
    struct mln_fault fault = { 0 };
    enum merlon_status status = MERLON_OK;
    uint64_t offset = 1;

    while (status == MERLON_OK && !l->is_over && offset) {
        status = list_part(l, &part, &offset, error);
        if (status == MERLON_OK && offset && !l->is_over) {
            status = mln_client_end(ask_for_rest(request, l->arena, offset, l->left, &part), &fault,
                                    error);
        }
    }
    return status;
}

enum merlon_status merlon_list(struct merlon_client *client, const struct merlon_request *request,
                               merlon_found *found, void *data, struct merlon_error *error)
{
    struct listing l = { .client = client, .found = found, .data = data };
    struct mln_fault fault = { 0 };
    enum merlon_status status;

    l.arena = mln_arena_new(MLN_CLIENT_ARENA);
    if (!l.arena) {
        return mln_client_end(MLN_ERROR(NO_MEMORY), &fault, error);
    }
    mln_set_init(&l.seen, l.arena);
    l.left = criterion(request, MLN_S("lim"), UINT64_MAX);
    l.has_limit = l.left != UINT64_MAX;
    l.is_over = l.left == 0;
    status = list_all(&l, request, error);
    mln_arena_free(l.arena);
    return status;
}
