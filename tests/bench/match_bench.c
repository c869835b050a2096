/* What it costs to match one resource: nanoseconds a piece for some filters and for the conditions
 * of an event. `match_bench NAME N` does nothing but match the filter NAME N times: for callgrind
 * and perf. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/num.h"
#include "codec/json.h"
#include "model/match.h"
#include "model/pack.h"

enum { ARENA_BYTES = 1 << 22, RUNS = 2000000 };

static const struct {
    const char *name;
    const char *criteria;
} filters[] = {
    { "1-type", "{\"ty\":[4]}" },
    { "1-label", "{\"lbl\":[\"room:12\"]}" },
    { "1-attribute", "{\"atr\":[{\"nm\":\"rn\",\"val\":\"cin-*\"}]}" },
    { "3-conditions", "{\"ty\":[3,4],\"lbl\":[\"room:12\"],\"cra\":\"20240101T000000\"}" },
    { "3-with-atr",
      "{\"cra\":\"20240101T000000\",\"sza\":10,\"atr\":[{\"nm\":\"or\",\"val\":\"http*\"}]}" },
    { "labels-query", "{\"lbq\":\"room IN (11, 12), NT floor\"}" },
    { "content", "{\"cfs\":1,\"cfq\":\"$.t GT 20 AND $.s EQ on\"}" },
};

static const char criteria_of_event[] =
    "{\"net\":[3],\"chty\":[4],\"cra\":\"20240101T000000\",\"sza\":10,\"szb\":1000}";

static struct mln_arena *arena;
static struct mln_limits limits;

static double now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* others may use the machine */
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct mln_value *parse(const char *text)
{
    struct mln_value *v;

    if (mln_failed(mln_json_read(mln_slice_z(text), &limits, arena, &v, NULL))) {
        exit(1);
    }
    return v;
}

static struct mln_slice pack_of(const char *text)
{
    struct mln_buf out;
    struct mln_slice pack;

    mln_buf_init(&out, arena, ARENA_BYTES);
    mln_pack_value(&out, parse(text));
    if (mln_failed(mln_buf_finish(&out, &pack))) {
        exit(1);
    }
    return pack;
}

static double time_filter(const char *criteria, const struct mln_resource *r,
                          struct mln_arena *scratch, uint64_t runs)
{
    struct mln_match_env env = { .read_json = mln_json_read,
                                 .limits = &limits,
                                 .scratch = scratch };
    struct mln_filter *f;
    uint64_t matches = 0;
    double start;

    if (mln_failed(mln_filter_read(parse(criteria), arena, &f, NULL))) {
        exit(1);
    }
    start = now_ns();
    for (uint64_t i = 0; i < runs; i++) {
        bool holds;

        if (mln_failed(mln_filter_matches(f, &env, r, &holds))) {
            exit(1);
        }
        matches += holds;
        mln_arena_reset(scratch);
    }
    if (matches != runs) {
        exit(1); /* it would measure something else */
    }
    return (now_ns() - start) / (double)runs;
}

static double time_event(const struct mln_resource *r)
{
    struct mln_slice criteria = pack_of(criteria_of_event);
    uint64_t matches = 0;
    double start = now_ns();

    for (uint64_t i = 0; i < RUNS; i++) {
        matches += mln_event_conditions_match(criteria, r);
    }
    if (matches != RUNS) {
        exit(1);
    }
    return (now_ns() - start) / RUNS;
}

int main(int argc, char **argv)
{
    struct mln_arena *scratch = mln_arena_new(ARENA_BYTES);
    struct mln_resource r = {
        .ty = 4,
        .ct = INT64_C(1717200000000000),
        .bytes = 48,
        .rn = MLN_S("cin-00012345678ab"),
    };
    uint64_t runs = RUNS;

    arena = mln_arena_new(ARENA_BYTES);
    mln_limits_default(&limits);
    if (!arena || !scratch || (argc == 3 && !mln_num_u64(mln_slice_z(argv[2]), &runs))) {
        return 2;
    }
    r.attrs = pack_of(
        "{\"or\":\"http://example.org/thermo\",\"lbl\":[\"floor:2\",\"room:12\"],"
        "\"cnf\":\"application/json:0\",\"con\":\"{\\\"t\\\":21.5,\\\"s\\\":\\\"on\\\"}\"}");
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        if (argc != 3 || strcmp(argv[1], filters[i].name) == 0) {
            printf("%-14s %7.0f ns\n", filters[i].name,
                   time_filter(filters[i].criteria, &r, scratch, runs));
        }
    }
    if (argc != 3) {
        printf("%-14s %7.0f ns\n", "event", time_event(&r));
    }
    mln_arena_free(arena);
    mln_arena_free(scratch);
    return 0;
}
