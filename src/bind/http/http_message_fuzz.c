/* The reader of messages, fed in pieces and at once: both must see the same.
 * Input: a byte that seeds the splitting, then what a peer sends. */
#include <string.h>

#include "bind/http/http_message.h"

#include "base/fuzz_test.h"

enum { MESSAGES_MAX = 16 };

/* What was seen, in a form that can be compared. */
struct seen {
    uint64_t hash;
    size_t messages;
    int status;
};

static void note(struct seen *seen, struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        seen->hash = (seen->hash ^ (unsigned char)s.ptr[i]) * UINT64_C(1099511628211);
    }
    seen->hash = (seen->hash ^ s.len) * UINT64_C(1099511628211);
}

static void note_request(struct seen *seen, const struct mln_http_request *request)
{
    seen->messages++;
    note(seen, request->target);
    note(seen, request->body);
    for (size_t i = 0; i < request->field_count; i++) {
        require(mln_field_is_token(request->fields[i].name) &&
                mln_field_is_value(request->fields[i].value));
        note(seen, request->fields[i].name);
        note(seen, request->fields[i].value);
    }
    require(mln_slice_starts(request->target, MLN_S("/")));
}

/* Reads one message from the input. `have` bytes of it have arrived. */
static enum mln_http_step read_one(struct mln_http_reader *r, struct mln_slice input,
                                   size_t *ret_used, bool *is_in_body,
                                   struct mln_http_request *request, struct mln_arena *arena)
{
    enum mln_http_step step = MLN_HTTP_DONE;
    size_t used = 0;
    size_t len = 0;

    if (!*is_in_body) {
        step = mln_http_scan(r, input, &len);
        if (step == MLN_HTTP_DONE) {
            step = mln_http_take_head(r, mln_slice_head(input, len), arena, request);
            used = len;
            *is_in_body = step == MLN_HTTP_MORE;
        }
    }
    if (*is_in_body) {
        step = mln_http_take_body(r, mln_slice_from(input, used), &len, request);
        require(len <= input.len - used);
        used += len;
    }
    *ret_used = used;
    return step;
}

static struct seen read_all(struct mln_slice text, uint32_t seed, const struct mln_limits *limits)
{
    struct mln_arena *arena = mln_arena_new(1 << 20);
    struct mln_http_request request = { 0 };
    struct mln_http_reader reader;
    struct seen seen = { 0 };
    bool is_in_body = false;
    size_t done = 0;
    size_t have = 0;

    mln_http_reader_init(&reader, limits);
    while (arena && seen.messages < MESSAGES_MAX) {
        enum mln_http_step step;
        size_t used = 0;
        char *copy = malloc(have - done + 1); /* a block of its own shows overreads */

        if (!copy) {
            break;
        }
        memcpy(copy, text.ptr + done, have - done);
        step =
            read_one(&reader, mln_slice_of(copy, have - done), &used, &is_in_body, &request, arena);
        done += used;
        if (step == MLN_HTTP_DONE) {
            note_request(&seen, &request);
            mln_http_reader_init(&reader, limits);
            mln_arena_reset(arena);
            is_in_body = false;
        }
        free(copy);
        if (step == MLN_HTTP_REFUSED) {
            seen.status = reader.refusal->status;
            break;
        }
        if (step == MLN_HTTP_MORE) {
            size_t more = text.len;

            if (have == text.len) {
                break;
            }
            if (seed) {
                seed = seed * 1664525u + 1013904223u;
                more = (seed >> 16) % 7 + 1;
            }
            have = more < text.len - have ? have + more : text.len;
        }
    }
    mln_arena_free(arena);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_limits limits;
    struct seen whole;
    struct seen pieces;
    struct mln_slice text;

    if (size < 1) {
        return 0;
    }
    mln_limits_default(&limits);
    limits.header_bytes = 2048;
    limits.target_bytes = 512;
    limits.header_fields = 16;
    limits.body_bytes = 4096;
    text = mln_slice_of((const char *)data + 1, size - 1);
    whole = read_all(text, 0, &limits);
    pieces = read_all(text, data[0] * 2u + 1u, &limits);
    require(whole.hash == pieces.hash && whole.messages == pieces.messages &&
            whole.status == pieces.status);
    return 0;
}
