/* References to resources in the content of an answer, in all the forms that CSEs use.
 *
 *   {"m2m:uril": ["cse-in/ae1", …]}                                 discovery
 *   {"m2m:uril": "cse-in/ae1 cse-in/ae2"}                           the same, of Release 1
 *   {"m2m:rrl": {"rrf": [{"nm": …, "typ": …, "val": …}, …]}}        child resource references
 *   {"m2m:rrl": [{…}, …]}                                           the same, as some write it
 *   {"m2m:cnt": {…, "ch": [{"nm": …, "typ": …, "val": …}, …]}}      attributes and references
 *
 * spec: TS-0004 6.3.5.29, 7.3.3.14, 7.5.2 */
#include "client/client_int.h"

struct finder {
    struct merlon_response *response;
    size_t cap;
};

static mln_err add(struct finder *f, const struct merlon_reference *reference)
{
    struct merlon_response *r = f->response;

    if (r->reference_count == f->cap) {
        size_t more = f->cap ? f->cap * 2 : 32;
        struct merlon_reference *grown =
            mln_arena_grow(r->arena, r->references, f->cap * sizeof *grown, more * sizeof *grown);

        MLN_REQUIRE(grown, NO_MEMORY);
        r->references = grown;
        f->cap = more;
    }
    r->references[r->reference_count++] = *reference;
    return MLN_OK;
}

static mln_err add_words(struct finder *f, struct mln_slice text)
{
    while (text.ptr) {
        struct mln_slice word = mln_slice_cut(&text, ' ');
        struct merlon_reference reference = { .name = "" };

        if (word.len == 0) {
            continue;
        }
        reference.address = mln_arena_zdup(f->response->arena, word);
        MLN_REQUIRE(reference.address, NO_MEMORY);
        MLN_TRY(add(f, &reference));
    }
    return MLN_OK;
}

/* {"nm", "typ", "val"}; what has no address is passed over. */
static mln_err add_object(struct finder *f, const struct mln_value *object)
{
    const struct mln_value *address = mln_value_get(object, MLN_S("val"));
    const struct mln_value *name = mln_value_get(object, MLN_S("nm"));
    struct merlon_reference reference = { .name = "" };
    uint64_t type = 0;

    if (!address || address->kind != MLN_V_TEXT || address->text.len == 0) {
        return MLN_OK;
    }
    reference.address = address->text.ptr;
    if (name && name->kind == MLN_V_TEXT) {
        reference.name = name->text.ptr;
    }
    if (mln_value_u64(mln_value_get(object, MLN_S("typ")), &type) && type <= UINT16_MAX) {
        reference.type = (int)type;
    }
    return add(f, &reference);
}

/* A list in any form. */
static mln_err add_list(struct finder *f, const struct mln_value *list)
{
    if (list->kind == MLN_V_TEXT) {
        return add_words(f, list->text);
    }
    if (list->kind == MLN_V_OBJECT) {
        list = mln_value_get(list, MLN_S("rrf"));
    }
    if (!list || list->kind != MLN_V_ARRAY) {
        return MLN_OK;
    }
    for (const struct mln_value *item = list->items.first; item; item = item->next) {
        if (item->kind == MLN_V_TEXT) {
            struct merlon_reference reference = { .address = item->text.ptr, .name = "" };

            MLN_TRY(item->text.len ? add(f, &reference) : MLN_OK);
        } else {
            MLN_TRY(add_object(f, item));
        }
    }
    return MLN_OK;
}

mln_err mln_client_read_references(struct merlon_response *response)
{
    static const struct mln_slice roots[] = {
        { "m2m:uril", 8 },
        { "m2m:rrl", 7 },
        { "m2m:uri", 7 },
        { "m2m:ch", 6 },
    };
    const struct mln_value *content = response->content;
    struct finder f = { .response = response };
    const struct mln_value *list = NULL;

    if (!content || content->kind != MLN_V_OBJECT) {
        return MLN_OK;
    }
    for (size_t i = 0; i < sizeof roots / sizeof *roots && !list; i++) {
        list = mln_value_get(content, roots[i]);
    }
    if (!list && content->items.count == 1) {
        list = mln_value_get(content->items.first, MLN_S("ch"));
    }
    return list ? add_list(&f, list) : MLN_OK;
}
