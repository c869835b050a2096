/* Fuzz target of the Filter Criteria: the input as JSON of criteria, as labelsQuery, as
 * contentFilterQuery, and as packed eventNotificationCriteria, each matched against resources. */
#include "model/filter.h"

#include "base/fuzz_test.h"
#include "codec/json.h"
#include "model/content_query.h"
#include "model/label_query.h"
#include "model/match.h"
#include "model/pack.h"

enum { ARENA_BYTES = 16 << 20 };

struct world {
    struct mln_arena *arena;
    struct mln_limits limits;
    struct mln_resource parent;
    struct mln_resource resource;
    struct mln_resource child;
};

static struct mln_value *json(struct world *w, struct mln_slice text)
{
    struct mln_value *v = NULL;

    return mln_failed(mln_json_read(text, &w->limits, w->arena, &v, NULL)) ? NULL : v;
}

static struct mln_slice pack_of(struct world *w, const char *text)
{
    struct mln_buf out;
    struct mln_slice pack = { 0 };

    mln_buf_init(&out, w->arena, 1 << 20);
    mln_pack_value(&out, json(w, mln_slice_z(text)));
    require(!mln_failed(mln_buf_finish(&out, &pack)));
    return pack;
}

static mln_err parent_of(void *data, const struct mln_resource *r, struct mln_resource *ret)
{
    struct world *w = data;

    MLN_REQUIRE(r == &w->resource, NOT_FOUND);
    *ret = w->parent;
    return MLN_OK;
}

static mln_err any_child(void *data, const struct mln_resource *r, bool by_type,
                         mln_match_visit *visit, const struct mln_filter_condition *condition,
                         bool *ret)
{
    struct world *w = data;
    struct mln_resource bare = { .ty = w->child.ty };

    *ret = r == &w->resource && visit(condition, by_type ? &bare : &w->child);
    return MLN_OK;
}

static void make_world(struct world *w)
{
    mln_limits_default(&w->limits);
    w->parent = (struct mln_resource){
        .id = 1,
        .ty = 2,
        .ct = 1,
        .lt = 2,
        .et = 3,
        .ri = MLN_S("Cae1"),
        .rn = MLN_S("ae1"),
        .attrs = pack_of(w, "{\"api\":\"Nx\",\"rr\":true,\"lbl\":[\"house\",\"floor:1\"]}"),
    };
    w->resource = (struct mln_resource){
        .id = 2,
        .parent = 1,
        .ty = 3,
        .ct = 1000000,
        .lt = 2000000,
        .et = 3000000,
        .st = 5,
        .count = 2,
        .bytes = 10,
        .ri = MLN_S("cnt1"),
        .pi = MLN_S("Cae1"),
        .rn = MLN_S("c1"),
        .cr = MLN_S("Cae1"),
        .flags = MLN_RESOURCE_SHOWS_CREATOR,
        .attrs = pack_of(w, "{\"mni\":10,\"lbl\":[\"room\",\"color:red\"],\"con\":{\"t\":21.5,"
                            "\"l\":[1,\"x\",null]},\"loc\":{\"typ\":3,\"crd\":\"[[[0,0],[9,0],"
                            "[9,9],[0,9],[0,0]],[[2,2],[4,2],[4,4],[2,2]]]\"}}"),
    };
    w->child = (struct mln_resource){
        .id = 3,
        .parent = 2,
        .ty = 4,
        .ct = 5,
        .lt = 5,
        .et = 9,
        .st = 1,
        .bytes = 9,
        .ri = MLN_S("cin1"),
        .pi = MLN_S("cnt1"),
        .rn = MLN_S("i1"),
        .attrs = pack_of(w, "{\"cnf\":\"application/json:0\",\"con\":\"{\\\"t\\\":[1,2e1]}\"}"),
    };
}

static void match(struct world *w, const struct mln_filter *f, const struct mln_resource *r)
{
    struct mln_match_env env = {
        .data = w,
        .parent = parent_of,
        .any_child = any_child,
        .read_json = mln_json_read,
        .limits = &w->limits,
        .scratch = w->arena,
    };
    struct mln_slice label;
    uint16_t ty;
    bool holds;
    bool again;

    require(!mln_failed(mln_filter_matches(f, &env, r, &holds)));
    require(!mln_failed(mln_filter_matches(f, &env, r, &again)) && holds == again);
    require(f->has_conditions || holds);
    if (holds && mln_filter_needs_type(f, &ty)) {
        require(ty == r->ty);
    }
    if (holds && mln_filter_needs_label(f, &label)) {
        require(mln_pack_find(r->attrs, MLN_S("lbl"), &label));
    }
}

static void fuzz_criteria(struct world *w, struct mln_slice text)
{
    const struct mln_value *criteria = json(w, text);
    struct mln_fault fault = { 0 };
    struct mln_filter *f;

    if (!criteria) {
        return;
    }
    if (mln_failed(mln_filter_read(criteria, w->arena, &f, &fault))) {
        require(fault.text[0] != '\0');
        return;
    }
    match(w, f, &w->parent);
    match(w, f, &w->resource);
    match(w, f, &w->child);
}

static void fuzz_queries(struct world *w, struct mln_slice text)
{
    struct mln_label_query *labels;
    struct mln_content_query *content;
    struct mln_slice pack;
    struct mln_value *v;

    require(mln_pack_find(w->resource.attrs, MLN_S("lbl"), &pack));
    if (!mln_failed(mln_label_query_compile(text, w->arena, &labels, NULL))) {
        (void)mln_label_query_holds(labels, pack);
        (void)mln_label_query_holds(labels, text);
    }
    require(mln_pack_find(w->resource.attrs, MLN_S("con"), &pack));
    require(!mln_failed(mln_pack_to_value(pack, w->arena, &v)));
    if (!mln_failed(mln_content_query_compile(text, w->arena, &content, NULL))) {
        (void)mln_content_query_holds(content, v);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice input = mln_slice_of((const char *)data, size);
    struct world w = { .arena = mln_arena_new(ARENA_BYTES) };

    if (!w.arena) {
        return 0;
    }
    make_world(&w);
    fuzz_criteria(&w, input);
    fuzz_queries(&w, input);
    (void)mln_event_conditions_match(input, &w.resource);
    w.resource.attrs = input;
    fuzz_criteria(&w, MLN_S("{\"lbl\":[\"a\"],\"gmty\":3,\"gsf\":1,\"geom\":"
                            "\"[[[0,0],[9,0],[9,9],[0,9],[0,0]]]\",\"lbq\":\"a\",\"cty\":[\"a\"],"
                            "\"fo\":2,\"cfs\":1,"
                            "\"cfq\":\"$ EQ 1\",\"atr\":[{\"nm\":\"mni\",\"val\":\"1\"}]}"));
    mln_arena_free(w.arena);
    return 0;
}
