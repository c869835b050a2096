/* Reading of request messages: the body, by length or in chunks.
 *
 * Room for a body is taken as it arrives, so that announcing a large one costs the peer more than
 * us. */
#include <string.h>

#include "base/num.h"
#include "bind/http/http_int.h"
#include "bind/http/http_message.h"

enum {
    FIRST_ROOM = 65536, /* a body of up to this size gets its room at once */
    LEAST_ROOM = 1024,
    CHUNK_LINE = 256,  /* bytes of a line with a chunk's size */
    EXTENSIONS = 4096, /* bytes of all such lines beyond their sizes */
    TRAILERS = 4096,   /* bytes of the trailer section */
    SIZE_DIGITS = 15,  /* hexadecimal; more cannot be counted in 63 bits */
};

enum body_state {
    BODY_LENGTH,
    BODY_CHUNK_SIZE,
    BODY_CHUNK_DATA,
    BODY_CHUNK_END,
    BODY_TRAILERS,
};

#define REFUSAL(name, text)                                                                        \
    static const struct mln_http_refusal name = { 400, MLN_RSC_BAD_REQUEST, text }

REFUSAL(bad_size, "chunk size missing, invalid or too large");
REFUSAL(bad_chunk, "chunk longer than its size");
REFUSAL(long_line, "chunk extensions or trailers too long");
REFUSAL(bad_trailer, "invalid line in the trailers");

enum mln_http_step mln_http_begin_body(struct mln_http_reader *reader, uint64_t length)
{
    if (length > reader->limits->body_bytes) {
        return mln_http_refuse(reader, &mln_http_too_large);
    }
    reader->body_state = BODY_LENGTH;
    reader->left = length;
    return MLN_HTTP_MORE;
}

enum mln_http_step mln_http_begin_chunked(struct mln_http_reader *reader)
{
    reader->body_state = BODY_CHUNK_SIZE;
    return MLN_HTTP_MORE;
}

/* ---- room ---- */

static bool make_room(struct mln_http_reader *r, const struct mln_http_request *request,
                      size_t more)
{
    size_t need = request->body.len + more;
    size_t cap = r->body_cap ? r->body_cap * 2 : LEAST_ROOM;
    char *grown;

    if (need <= r->body_cap) {
        return true;
    }
    if (cap < need) {
        cap = need;
    }
    if (r->body_state == BODY_LENGTH) { /* the whole is known: no more than that */
        uint64_t whole = request->body.len + r->left;

        cap = whole <= FIRST_ROOM || cap > whole ? (size_t)whole : cap;
    }
    grown = mln_arena_grow(r->arena, r->body, r->body_cap, cap);
    if (!grown) {
        return false;
    }
    r->body = grown;
    r->body_cap = cap;
    return true;
}

/* Takes what belongs to the body or to its present chunk. */
static enum mln_http_step take_data(struct mln_http_reader *r, struct mln_slice input,
                                    size_t *ret_used, struct mln_http_request *request)
{
    size_t len = r->left < input.len ? (size_t)r->left : input.len;

    if (!make_room(r, request, len)) {
        return mln_http_refuse(r, &mln_http_no_memory);
    }
    if (len) {
        memcpy(r->body + request->body.len, input.ptr, len);
    }
    request->body = mln_slice_of(r->body, request->body.len + len);
    r->left -= len;
    *ret_used += len;
    return r->left ? MLN_HTTP_MORE : MLN_HTTP_DONE;
}

/* ---- chunks ---- */

/* Cuts the line at the start of the input, without its CRLF. MORE: it is not complete. */
static enum mln_http_step take_line(struct mln_http_reader *r, struct mln_slice input, size_t most,
                                    struct mln_slice *ret)
{
    size_t end = mln_slice_find(input, '\n');

    if (end > most) {
        return mln_http_refuse(r, &long_line);
    }
    if (end == input.len) {
        return MLN_HTTP_MORE;
    }
    if (end == 0 || input.ptr[end - 1] != '\r') {
        return mln_http_refuse(r, &bad_size);
    }
    *ret = mln_slice_head(input, end - 1);
    return mln_field_is_value(*ret) ? MLN_HTTP_DONE : mln_http_refuse(r, &bad_size);
}

/* spec: RFC9112 7.1: size in hexadecimal, then extensions, which are ignored */
static enum mln_http_step read_size(struct mln_http_reader *r, struct mln_slice line,
                                    const struct mln_http_request *request)
{
    uint64_t size = 0;
    size_t digits = 0;
    struct mln_slice rest;

    while (digits < line.len && mln_num_hex(line.ptr[digits]) >= 0) {
        if (digits == SIZE_DIGITS) {
            return mln_http_refuse(r, &bad_size);
        }
        size = size * 16 + (uint64_t)mln_num_hex(line.ptr[digits]);
        digits++;
    }
    rest = mln_slice_trim(mln_slice_from(line, digits));
    if (digits == 0 || (rest.len && rest.ptr[0] != ';') || (rest.len == 0 && digits != line.len)) {
        return mln_http_refuse(r, &bad_size);
    }
    r->extra_bytes += (uint32_t)(line.len - digits);
    if (r->extra_bytes > EXTENSIONS) {
        return mln_http_refuse(r, &long_line);
    }
    if (size > r->limits->body_bytes - request->body.len) {
        return mln_http_refuse(r, &mln_http_too_large);
    }
    r->left = size;
    r->body_state = size ? BODY_CHUNK_DATA : BODY_TRAILERS;
    if (!size) {
        r->extra_bytes = 0;
    }
    return MLN_HTTP_DONE;
}

static enum mln_http_step take_size(struct mln_http_reader *r, struct mln_slice input,
                                    size_t *ret_used, const struct mln_http_request *request)
{
    struct mln_slice line = { 0 };
    enum mln_http_step step = take_line(r, input, CHUNK_LINE, &line);

    if (step == MLN_HTTP_DONE) {
        *ret_used += line.len + 2;
        step = read_size(r, line, request);
    }
    return step;
}

static enum mln_http_step take_chunk_end(struct mln_http_reader *r, struct mln_slice input,
                                         size_t *ret_used)
{
    if (input.ptr[0] != '\r' || (input.len > 1 && input.ptr[1] != '\n')) {
        return mln_http_refuse(r, &bad_chunk);
    }
    if (input.len < 2) {
        return MLN_HTTP_MORE;
    }
    *ret_used += 2;
    r->body_state = BODY_CHUNK_SIZE;
    return MLN_HTTP_DONE;
}

/* One line of the trailer section, which is checked and dropped. Ends with *ret_end set. */
static enum mln_http_step take_trailer(struct mln_http_reader *r, struct mln_slice input,
                                       size_t *ret_used, bool *ret_end)
{
    struct mln_slice line = { 0 };
    enum mln_http_step step = take_line(r, input, TRAILERS - r->extra_bytes, &line);

    if (step != MLN_HTTP_DONE) {
        return step;
    }
    *ret_used += line.len + 2;
    *ret_end = line.len == 0;
    r->extra_bytes += (uint32_t)line.len;
    if (line.len) {
        struct mln_slice name = mln_slice_cut(&line, ':');

        if (!line.ptr || !mln_field_is_token(name)) {
            return mln_http_refuse(r, &bad_trailer);
        }
    }
    return MLN_HTTP_DONE;
}

/* One step in a chunked body. DONE: that step is complete, *ret_end tells whether the body is. */
static enum mln_http_step take_chunked(struct mln_http_reader *r, struct mln_slice input,
                                       size_t *ret_used, struct mln_http_request *request,
                                       bool *ret_end)
{
    enum mln_http_step step;

    switch ((enum body_state)r->body_state) {
    case BODY_CHUNK_SIZE:
        return take_size(r, input, ret_used, request);
    case BODY_CHUNK_DATA:
        step = take_data(r, input, ret_used, request);
        if (step == MLN_HTTP_DONE) {
            r->body_state = BODY_CHUNK_END;
        }
        return step;
    case BODY_CHUNK_END:
        return take_chunk_end(r, input, ret_used);
    case BODY_TRAILERS:
        return take_trailer(r, input, ret_used, ret_end);
    case BODY_LENGTH:
        break;
    }
    *ret_end = true;
    return take_data(r, input, ret_used, request);
}

enum mln_http_step mln_http_take_body(struct mln_http_reader *reader, struct mln_slice input,
                                      size_t *ret_used, struct mln_http_request *request)
{
    enum mln_http_step step = MLN_HTTP_DONE;
    size_t used = 0;
    bool is_end = false;

    while (step == MLN_HTTP_DONE && !is_end) {
        struct mln_slice rest = mln_slice_from(input, used);

        step = rest.len ? take_chunked(reader, rest, &used, request, &is_end) : MLN_HTTP_MORE;
    }
    *ret_used = used;
    return step;
}
