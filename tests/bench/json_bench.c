/* The JSON reader and writer beside those of jansson, on contents as a CSE sees them.
 *
 * Prints nanoseconds a piece and the ratio of both. `json_bench NAME N` does nothing but read and
 * write the content NAME N times each: for callgrind and perf.
 * docs/decisions/0004-json-reader.md holds the figures that led to the reader. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/num.h"
#include "codec/json.h"
#include "model/pack.h"

enum {
    ARENA_BYTES = 64 << 20,
    TEXT_BYTES = 8 << 20,
    RULES = 20,
    LONG_CONTENT = 65536,
    MEMBERS = 100000,
};

static double now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* others may use the machine */
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- contents ---- */

static void make_cin(struct mln_buf *out)
{
    mln_buf_add(out, MLN_S("{\"m2m:cin\":{\"cnf\":\"application/json:0\",\"lbl\":[\"room:12\"],"
                           "\"con\":{\"temperature\":21.5,\"humidity\":40,\"ok\":true}}}"));
}

static void make_ae(struct mln_buf *out)
{
    mln_buf_add(out,
                MLN_S("{\"m2m:ae\":{\"rn\":\"thermometer-0815\",\"api\":\"Norg.example.thermo\","
                      "\"apn\":\"thermo\",\"rr\":true,\"srv\":[\"2a\",\"3\",\"4\"],"
                      "\"poa\":[\"http://192.0.2.17:8080/notify\"],"
                      "\"lbl\":[\"building:7\",\"floor:2\",\"room:12\"]}}"));
}

static void make_acp(struct mln_buf *out)
{
    mln_buf_add(out, MLN_S("{\"m2m:acp\":{\"rn\":\"policy\",\"pv\":{\"acr\":["));
    for (unsigned i = 0; i < RULES; i++) {
        mln_buf_printf(out, "%s{\"acor\":[\"/id-in/C%08u\",\"/id-in/C%08u\"],\"acop\":%u}",
                       i ? "," : "", i * 7919, i * 104729, 1 + i % 63);
    }
    mln_buf_add(out, MLN_S("]},\"pvs\":{\"acr\":[{\"acor\":[\"CAdmin\"],\"acop\":63}]}}}"));
}

/* A representation of about 300 bytes, as an answer carries it. */
static void make_answer(struct mln_buf *out)
{
    mln_buf_add(out, MLN_S("{\"m2m:cin\":{\"rn\":\"cin-00012345678ab\",\"ty\":4,"
                           "\"ri\":\"cin00012345678ab\",\"pi\":\"cnt0001234567890\","
                           "\"ct\":\"20240101T120000,000000\",\"lt\":\"20240101T120000,000000\","
                           "\"et\":\"20250101T120000,000000\",\"st\":12,\"cs\":48,"
                           "\"lbl\":[\"room:12\",\"floor:2\"],\"cnf\":\"text/plain:0\","
                           "\"con\":\"temperature 21.5 degrees, humidity 40 percent\"}}"));
}

static void make_plain(struct mln_buf *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    mln_buf_add(out, MLN_S("{\"m2m:cin\":{\"con\":\""));
    for (unsigned i = 0; i < LONG_CONTENT; i++) {
        mln_buf_byte(out, letters[(i * 2654435761u) >> 26]);
    }
    mln_buf_add(out, MLN_S("\"}}"));
}

/* JSON within a JSON text: a quote to escape every few characters. */
static void make_escaped(struct mln_buf *out)
{
    mln_buf_add(out, MLN_S("{\"m2m:cin\":{\"con\":\"["));
    for (unsigned i = 0; out->len < LONG_CONTENT && !out->failed; i++) {
        mln_buf_printf(out, "%s{\\\"sensor\\\":\\\"t%u\\\",\\\"value\\\":%u}", i ? "," : "", i, i);
    }
    mln_buf_add(out, MLN_S("]\"}}"));
}

static void make_cyrillic(struct mln_buf *out)
{
    mln_buf_add(out, MLN_S("{\"m2m:cin\":{\"con\":\""));
    while (out->len < LONG_CONTENT && !out->failed) {
        mln_buf_add(out, MLN_S("\xD1\x82\xD0\xB5\xD0\xBF\xD0\xBB\xD0\xBE, "));
    }
    mln_buf_add(out, MLN_S("\"}}"));
}

static void make_members(struct mln_buf *out)
{
    mln_buf_byte(out, '{');
    for (unsigned i = 0; i + 1 < MEMBERS; i++) {
        mln_buf_printf(out, "%s\"m%05u\":%u", i ? "," : "", i * 40961u % MEMBERS, i % 10);
    }
    mln_buf_byte(out, '}');
}

static const struct content {
    const char *name;
    void (*make)(struct mln_buf *out);
    unsigned long runs;
} contents[] = {
    { "cin", make_cin, 300000 },
    { "answer", make_answer, 200000 },
    { "ae", make_ae, 200000 },
    { "acp-20-rules", make_acp, 30000 },
    { "64k-plain", make_plain, 5000 },
    { "64k-escaped", make_escaped, 2000 },
    { "64k-cyrillic", make_cyrillic, 2000 },
    { "100k-members", make_members, 10 },
};

/* ---- ours ---- */

static struct mln_arena *arena;
static struct mln_limits limits;

static struct mln_value *our_read(struct mln_slice text)
{
    struct mln_fault fault = { 0 };
    struct mln_value *v;

    if (mln_failed(mln_json_read(text, &limits, arena, &v, &fault))) {
        (void)fprintf(stderr, "%s\n", fault.text);
        exit(1);
    }
    return v;
}

static size_t our_write(struct mln_slice pack)
{
    struct mln_buf out;
    struct mln_slice text;

    mln_buf_init(&out, arena, TEXT_BYTES);
    if (mln_failed(mln_json_write(&out, pack)) || mln_failed(mln_buf_finish(&out, &text))) {
        exit(1);
    }
    return text.len;
}

static struct mln_slice pack_of(struct mln_slice text, struct mln_arena *keep)
{
    struct mln_buf out;
    struct mln_slice pack;

    mln_buf_init(&out, keep, TEXT_BYTES);
    mln_pack_value(&out, our_read(text));
    if (mln_failed(mln_buf_finish(&out, &pack))) {
        exit(1);
    }
    mln_arena_reset(arena);
    return pack;
}

static double time_our_read(struct mln_slice text, unsigned long runs)
{
    double start = now_ns();

    for (unsigned long i = 0; i < runs; i++) {
        (void)our_read(text);
        mln_arena_reset(arena);
    }
    return (now_ns() - start) / (double)runs;
}

static double time_our_write(struct mln_slice pack, unsigned long runs)
{
    double start = now_ns();

    for (unsigned long i = 0; i < runs; i++) {
        (void)our_write(pack);
        mln_arena_reset(arena);
    }
    return (now_ns() - start) / (double)runs;
}

/* ---- theirs ---- */

static json_t *their_read(struct mln_slice text)
{
    json_t *v = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

    if (!v) {
        exit(1);
    }
    return v;
}

static double time_their_read(struct mln_slice text, unsigned long runs)
{
    double start = now_ns();

    for (unsigned long i = 0; i < runs; i++) {
        json_decref(their_read(text));
    }
    return (now_ns() - start) / (double)runs;
}

static double time_their_write(struct mln_slice text, unsigned long runs)
{
    json_t *v = their_read(text);
    double start = now_ns();

    for (unsigned long i = 0; i < runs; i++) {
        free(json_dumps(v, JSON_COMPACT));
    }
    start = (now_ns() - start) / (double)runs;
    json_decref(v);
    return start;
}

/* ---- both ---- */

static double least_of(double (*measure)(struct mln_slice, unsigned long), struct mln_slice input,
                       unsigned long runs)
{
    double least = measure(input, runs / 10 + 1);

    for (int i = 0; i < 5; i++) {
        double again = measure(input, runs / 5 + 1);

        least = again < least ? again : least;
    }
    return least;
}

static void compare(const struct content *c, struct mln_slice text, struct mln_slice pack)
{
    double read = least_of(time_our_read, text, c->runs);
    double their_reading = least_of(time_their_read, text, c->runs);
    double write = least_of(time_our_write, pack, c->runs);
    double their_writing = least_of(time_their_write, text, c->runs);

    printf("%-14s %8zu %11.0f %11.0f %6.1f %11.0f %11.0f %6.1f\n", c->name, text.len, read,
           their_reading, their_reading / read, write, their_writing, their_writing / write);
}

static int only(const struct content *c, struct mln_slice text, struct mln_slice pack,
                const char *runs)
{
    uint64_t n;

    if (!mln_num_u64(mln_slice_z(runs), &n)) {
        return 2;
    }
    (void)time_our_read(text, n);
    (void)time_our_write(pack, n);
    (void)time_their_read(text, n);
    (void)time_their_write(text, n);
    printf("%s: %zu bytes read and written %llu times\n", c->name, text.len, (unsigned long long)n);
    return 0;
}

int main(int argc, char **argv)
{
    struct mln_arena *keep = mln_arena_new(ARENA_BYTES);
    int result = 0;

    arena = mln_arena_new(ARENA_BYTES);
    mln_limits_default(&limits);
    if (!arena || !keep) {
        return 1;
    }
    if (argc != 3) {
        printf("%-14s %8s %11s %11s %6s %11s %11s %6s\n", "content", "bytes", "read ns",
               "jansson ns", "ratio", "write ns", "jansson ns", "ratio");
    }
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        struct mln_buf out;
        struct mln_slice text;
        struct mln_slice pack;

        if (argc == 3 && strcmp(argv[1], contents[i].name) != 0) {
            continue;
        }
        mln_buf_init(&out, keep, TEXT_BYTES);
        contents[i].make(&out);
        if (mln_failed(mln_buf_finish(&out, &text))) {
            return 1;
        }
        pack = pack_of(text, keep);
        if (argc != 3) {
            compare(&contents[i], text, pack);
        } else {
            result = only(&contents[i], text, pack, argv[2]);
        }
        mln_arena_reset(keep);
    }
    mln_arena_free(keep);
    mln_arena_free(arena);
    return result;
}
