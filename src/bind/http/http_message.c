/* Reading of request messages: the head. http_body.c reads the body. */
#include "bind/http/http_message.h"

#include <string.h>

#include "base/num.h"
#include "bind/http/http_int.h"

/* Longest method and version beside the target in a request line. */
enum { LINE_SLACK = 48 };

enum scan_state {
    SCAN_BEFORE, /* nothing yet */
    SCAN_BEFORE_CR,
    SCAN_LINE,
    SCAN_LINE_CR,
    SCAN_LINE_BEGIN, /* of a field or of the empty line */
    SCAN_END_CR,
};

#define REFUSAL(name, status, rsc, text)                                                           \
    static const struct mln_http_refusal name = { status, MLN_RSC_##rsc, text }

REFUSAL(not_http, 400, BAD_REQUEST, "not an HTTP request");
REFUSAL(bare_lf, 400, BAD_REQUEST, "line feed without carriage return in the header");
REFUSAL(bare_cr, 400, BAD_REQUEST, "carriage return without line feed in the header");
REFUSAL(control, 400, BAD_REQUEST, "control character in the header");
REFUSAL(folded, 400, BAD_REQUEST, "header field begins with a blank");
REFUSAL(bad_line, 400, BAD_REQUEST, "request line is not 'method target version'");
REFUSAL(bad_version, 505, NOT_IMPLEMENTED, "HTTP version not supported, use HTTP/1.1");
REFUSAL(bad_target, 400, BAD_REQUEST, "request target must begin with '/' or be an http URL");
REFUSAL(bad_name, 400, BAD_REQUEST, "header field name missing, or with a character not allowed");
REFUSAL(no_colon, 400, BAD_REQUEST, "header line without a colon");
REFUSAL(long_line, 414, BAD_REQUEST, "request target too long");
REFUSAL(large_head, 431, BAD_REQUEST, "header too large");
REFUSAL(many_fields, 431, BAD_REQUEST, "too many header fields");
REFUSAL(bad_host, 400, BAD_REQUEST, "Host missing, given twice or invalid");
REFUSAL(bad_length, 400, BAD_REQUEST, "Content-Length invalid or given twice");
REFUSAL(two_lengths, 400, BAD_REQUEST, "Content-Length together with Transfer-Encoding");
REFUSAL(bad_encoding, 400, BAD_REQUEST, "Transfer-Encoding given twice, or in HTTP/1.0");
REFUSAL(other_encoding, 501, NOT_IMPLEMENTED, "Transfer-Encoding other than chunked");
REFUSAL(expectation, 417, BAD_REQUEST, "Expect other than 100-continue");

const struct mln_http_refusal mln_http_too_large = { 413, MLN_RSC_BAD_REQUEST, "body too large" };
const struct mln_http_refusal mln_http_no_memory = { 503, MLN_RSC_INTERNAL_SERVER_ERROR,
                                                     "out of memory" };
const struct mln_http_refusal mln_http_overload = { 503, MLN_RSC_INTERNAL_SERVER_ERROR,
                                                    "too many large requests waiting" };
const struct mln_http_refusal mln_http_too_slow = { 408, MLN_RSC_REQUEST_TIMEOUT,
                                                    "request not complete in time" };

void mln_http_reader_init(struct mln_http_reader *reader, const struct mln_limits *limits)
{
    *reader = (struct mln_http_reader){ .limits = limits };
}

bool mln_http_reader_has_begun(const struct mln_http_reader *reader)
{
    return reader->scanned > 0 || reader->arena;
}

enum mln_http_step mln_http_refuse(struct mln_http_reader *reader,
                                   const struct mln_http_refusal *refusal)
{
    reader->refusal = refusal;
    return MLN_HTTP_REFUSED;
}

/* ---- finding the end of the head ---- */

/* Bytes that may stand in a field line. In a request line only printable ASCII may: everything
 * else in a target must be percent-encoded. spec: RFC9110 5.5, RFC3986 2.1 */
static bool is_field_char(unsigned char c)
{
    return (c >= ' ' && c != 0x7f) || c == '\t';
}

/* Runs to the end of the line or of the input: the inner loop of scanning. */
static size_t skip_line(struct mln_slice input, size_t at, bool is_first)
{
    at = mln_field_skip_plain(input, at);
    while (!is_first && at < input.len && is_field_char((unsigned char)input.ptr[at])) {
        at = mln_field_skip_plain(input, at + 1);
    }
    return at;
}

static enum mln_http_step line_ended(struct mln_http_reader *r, size_t at)
{
    r->lines++;
    r->line_start = (uint32_t)at;
    r->scan_state = SCAN_LINE_BEGIN;
    if (r->lines > r->limits->header_fields + 1) {
        return mln_http_refuse(r, &many_fields);
    }
    return MLN_HTTP_MORE;
}

static enum mln_http_step move_to(struct mln_http_reader *r, enum scan_state state)
{
    r->scan_state = (uint8_t)state;
    return MLN_HTTP_MORE;
}

/* The first byte of the message, or the CR of an empty line before it. */
static enum mln_http_step scan_before(struct mln_http_reader *r, unsigned char c, size_t at)
{
    char first = (char)c;

    if (c == '\r' && !r->skipped) {
        return move_to(r, SCAN_BEFORE_CR);
    }
    if (!mln_field_is_token(mln_slice_of(&first, 1))) {
        return mln_http_refuse(r, &not_http);
    }
    r->line_start = (uint32_t)at;
    return move_to(r, SCAN_LINE);
}

/* The first byte of a field, or the CR that ends the head. */
static enum mln_http_step scan_line_begin(struct mln_http_reader *r, unsigned char c)
{
    if (c == '\r') {
        return move_to(r, SCAN_END_CR);
    }
    if (c == ' ' || c == '\t') {
        return mln_http_refuse(r, &folded);
    }
    if (!is_field_char(c)) {
        return mln_http_refuse(r, c == '\n' ? &bare_lf : &control);
    }
    return move_to(r, SCAN_LINE);
}

/* One byte that is not within a line. */
static enum mln_http_step scan_byte(struct mln_http_reader *r, unsigned char c, size_t at)
{
    switch ((enum scan_state)r->scan_state) {
    case SCAN_BEFORE:
        return scan_before(r, c, at);
    case SCAN_BEFORE_CR: /* spec: RFC9112 2.2: an empty line before the request is ignored */
        r->skipped = 2;
        return c == '\n' ? move_to(r, SCAN_BEFORE) : mln_http_refuse(r, &not_http);
    case SCAN_LINE:
        return c == '\r' ? move_to(r, SCAN_LINE_CR)
                         : mln_http_refuse(r, c == '\n' ? &bare_lf : &control);
    case SCAN_LINE_CR:
        return c == '\n' ? line_ended(r, at + 1) : mln_http_refuse(r, &bare_cr);
    case SCAN_LINE_BEGIN:
        return scan_line_begin(r, c);
    case SCAN_END_CR:
        break;
    }
    return c == '\n' ? MLN_HTTP_DONE : mln_http_refuse(r, &bare_cr);
}

/* Decides the same wherever the input is cut: on the characters of a line, and on the whole. */
static enum mln_http_step check_size(struct mln_http_reader *r, size_t at, bool is_in_line)
{
    if (is_in_line && r->lines == 0 && at - r->line_start > r->limits->target_bytes + LINE_SLACK) {
        return mln_http_refuse(r, &long_line);
    }
    if (at > r->limits->header_bytes) {
        return mln_http_refuse(r, r->lines ? &large_head : &long_line);
    }
    return MLN_HTTP_MORE;
}

enum mln_http_step mln_http_scan(struct mln_http_reader *reader, struct mln_slice input,
                                 size_t *ret_len)
{
    const unsigned char *p = (const unsigned char *)input.ptr;
    enum mln_http_step step = MLN_HTTP_MORE;
    size_t at = reader->scanned;

    while (at < input.len && step == MLN_HTTP_MORE) {
        if (reader->scan_state == SCAN_LINE) {
            at = skip_line(input, at, reader->lines == 0);
            step = check_size(reader, at, true);
        }
        if (at < input.len && step == MLN_HTTP_MORE) {
            step = scan_byte(reader, p[at], at);
            at++;
            if (step != MLN_HTTP_REFUSED && check_size(reader, at, false) == MLN_HTTP_REFUSED) {
                step = MLN_HTTP_REFUSED;
            }
        }
    }
    reader->scanned = (uint32_t)at;
    if (step == MLN_HTTP_DONE) {
        *ret_len = at;
    }
    return step;
}

/* ---- the request line ---- */

static enum mln_http_method method_of(struct mln_slice name)
{
    static const struct mln_slice names[] = {
        [MLN_HTTP_GET] = { "GET", 3 },         [MLN_HTTP_POST] = { "POST", 4 },
        [MLN_HTTP_PUT] = { "PUT", 3 },         [MLN_HTTP_DELETE] = { "DELETE", 6 },
        [MLN_HTTP_HEAD] = { "HEAD", 4 },       [MLN_HTTP_OPTIONS] = { "OPTIONS", 7 },
        [MLN_HTTP_PATCH] = { "PATCH", 5 },     [MLN_HTTP_TRACE] = { "TRACE", 5 },
        [MLN_HTTP_CONNECT] = { "CONNECT", 7 },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (mln_slice_eq(names[i], name)) {
            return (enum mln_http_method)i;
        }
    }
    return MLN_HTTP_OTHER;
}

/* What is known of the message while its head is read. */
struct head {
    struct mln_http_request request;
    bool is_old; /* HTTP/1.0 */
    bool has_host;
    bool has_length;
    bool is_chunked;
    uint64_t length;
};

static enum mln_http_step read_version(struct mln_http_reader *r, struct mln_slice version,
                                       struct head *h)
{
    if (version.len != 8 || !mln_slice_starts(version, MLN_S("HTTP/")) || version.ptr[6] != '.' ||
        version.ptr[5] < '0' || version.ptr[5] > '9' || version.ptr[7] < '0' ||
        version.ptr[7] > '9') {
        return mln_http_refuse(r, &bad_line);
    }
    if (version.ptr[5] != '1') {
        return mln_http_refuse(r, &bad_version);
    }
    h->is_old = version.ptr[7] == '0';
    h->request.keeps_alive = !h->is_old;
    return MLN_HTTP_DONE;
}

/* Length of the scheme of an absolute form, or 0. */
static size_t scheme_length(struct mln_slice target)
{
    static const struct mln_slice schemes[] = { { "http://", 7 }, { "https://", 8 } };

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (target.len > schemes[i].len &&
            mln_field_is(mln_slice_head(target, schemes[i].len), schemes[i])) {
            return schemes[i].len;
        }
    }
    return 0;
}

/* Cuts scheme and authority off. spec: RFC9112 3.2.2: a server accepts the absolute form; what
 * the authority says is not our concern, the CSE-ID stands in the path. */
static bool strip_authority(struct mln_slice *target, struct mln_arena *arena)
{
    size_t scheme = scheme_length(*target);
    size_t end = scheme;
    char *text;

    if (scheme == 0) {
        return target->len > 0 && target->ptr[0] == '/';
    }
    while (end < target->len && target->ptr[end] != '/' && target->ptr[end] != '?') {
        end++;
    }
    *target = mln_slice_from(*target, end);
    if (target->len == 0 || target->ptr[0] != '/') {
        text = mln_arena_alloc(arena, target->len + 1);
        if (!text) {
            return false;
        }
        text[0] = '/';
        memcpy(text + 1, target->ptr, target->len);
        *target = mln_slice_of(text, target->len + 1);
    }
    return end > scheme;
}

static enum mln_http_step read_line(struct mln_http_reader *r, struct mln_slice line,
                                    struct head *h)
{
    struct mln_slice method = mln_slice_cut(&line, ' ');
    struct mln_slice target = mln_slice_cut(&line, ' ');
    enum mln_http_step step;

    if (!mln_field_is_token(method) || target.len == 0) {
        return mln_http_refuse(r, &bad_line);
    }
    step = read_version(r, line, h);
    if (step != MLN_HTTP_DONE) {
        return step;
    }
    if (target.len > r->limits->target_bytes) {
        return mln_http_refuse(r, &long_line);
    }
    h->request.method = method_of(method);
    h->request.target = target;
    if (!strip_authority(&h->request.target, r->arena)) {
        return mln_http_refuse(r, &bad_target);
    }
    return MLN_HTTP_DONE;
}

/* ---- fields that frame the message ---- */

/* Is the token in the comma-separated list? */
static bool has_option(struct mln_slice list, struct mln_slice token)
{
    while (list.ptr) {
        if (mln_field_is(mln_slice_trim(mln_slice_cut(&list, ',')), token)) {
            return true;
        }
    }
    return false;
}

/* Characters of RFC 3986 hosts and ports; the finer grammar does not matter to us. */
static bool is_host(struct mln_slice s)
{
    static const char refused[] = " \"#/<>?@\\^`{|}";

    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (c <= ' ' || c >= 0x7f || memchr(refused, c, sizeof refused - 1)) {
            return false;
        }
    }
    return s.len > 0;
}

static enum mln_http_step read_host(struct mln_http_reader *r, struct mln_slice value,
                                    struct head *h)
{
    if (h->has_host || !is_host(value)) {
        return mln_http_refuse(r, &bad_host);
    }
    h->has_host = true;
    h->request.host = value;
    return MLN_HTTP_DONE;
}

static enum mln_http_step read_length(struct mln_http_reader *r, struct mln_slice value,
                                      struct head *h)
{
    if (h->has_length || !mln_num_u64(value, &h->length)) {
        return mln_http_refuse(r, &bad_length);
    }
    h->has_length = true;
    return MLN_HTTP_DONE;
}

static enum mln_http_step read_encoding(struct mln_http_reader *r, struct mln_slice value,
                                        struct head *h)
{
    if (h->is_chunked || h->is_old) {
        return mln_http_refuse(r, &bad_encoding);
    }
    if (!mln_field_is(value, MLN_S("chunked"))) {
        return mln_http_refuse(r, &other_encoding);
    }
    h->is_chunked = true;
    return MLN_HTTP_DONE;
}

static enum mln_http_step read_connection(struct mln_http_reader *r, struct mln_slice value,
                                          struct head *h)
{
    (void)r;
    if (has_option(value, MLN_S("close"))) {
        h->request.keeps_alive = false;
    }
    return MLN_HTTP_DONE;
}

static enum mln_http_step read_expect(struct mln_http_reader *r, struct mln_slice value,
                                      struct head *h)
{
    if (!mln_field_is(value, MLN_S("100-continue"))) {
        return mln_http_refuse(r, &expectation);
    }
    h->request.wants_continue = !h->is_old; /* spec: RFC9110 10.1.1 */
    return MLN_HTTP_DONE;
}

static enum mln_http_step read_framing(struct mln_http_reader *r, const struct mln_field *field,
                                       struct head *h)
{
    static const struct {
        struct mln_slice name;
        enum mln_http_step (*read)(struct mln_http_reader *, struct mln_slice, struct head *);
    } rows[] = {
        { { "Host", 4 }, read_host },
        { { "Content-Length", 14 }, read_length },
        { { "Transfer-Encoding", 17 }, read_encoding },
        { { "Connection", 10 }, read_connection },
        { { "Expect", 6 }, read_expect },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (field->name.len == rows[i].name.len && mln_field_is(field->name, rows[i].name)) {
            return rows[i].read(r, field->value, h);
        }
    }
    return MLN_HTTP_DONE;
}

static enum mln_http_step read_field(struct mln_http_reader *r, struct mln_slice line,
                                     struct mln_field *ret, struct head *h)
{
    size_t end = mln_field_token_length(line);

    if (!line.ptr || end == line.len) {
        return mln_http_refuse(r, &no_colon);
    }
    if (end == 0 || line.ptr[end] != ':') { /* a blank before the colon is no name either */
        return mln_http_refuse(r, &bad_name);
    }
    ret->name = mln_slice_head(line, end);
    ret->value = mln_slice_trim(mln_slice_from(line, end + 1));
    return read_framing(r, ret, h);
}

/* What the fields say together about body and connection. */
static enum mln_http_step conclude(struct mln_http_reader *r, struct head *h)
{
    if (!h->has_host && !h->is_old) {
        return mln_http_refuse(r, &bad_host);
    }
    if (h->has_length && h->is_chunked) {
        return mln_http_refuse(r, &two_lengths);
    }
    if (h->is_chunked) {
        return mln_http_begin_chunked(r);
    }
    return h->length ? mln_http_begin_body(r, h->length) : MLN_HTTP_DONE;
}

/* The next line without its CRLF, which mln_http_scan has seen. */
static struct mln_slice next_line(struct mln_slice *text)
{
    struct mln_slice line = mln_slice_cut(text, '\n');

    return mln_slice_head(line, line.len ? line.len - 1 : 0);
}

static enum mln_http_step read_fields(struct mln_http_reader *r, struct mln_slice text,
                                      struct head *h)
{
    size_t count = r->lines - 1;
    struct mln_field *fields = NULL;

    if (count) {
        fields = mln_arena_alloc(r->arena, count * sizeof *fields);
        if (!fields) {
            return mln_http_refuse(r, &mln_http_no_memory);
        }
    }
    h->request.fields = fields;
    for (size_t i = 0; i < count; i++) {
        struct mln_slice line = next_line(&text);
        enum mln_http_step step;

        step = read_field(r, line, &fields[i], h);
        if (step != MLN_HTTP_DONE) {
            return step;
        }
        h->request.field_count = i + 1;
    }
    return conclude(r, h);
}

enum mln_http_step mln_http_take_head(struct mln_http_reader *reader, struct mln_slice head,
                                      struct mln_arena *arena, struct mln_http_request *ret)
{
    struct head h = { 0 };
    struct mln_slice text;
    struct mln_slice line;
    enum mln_http_step step;

    reader->arena = arena;
    if (!mln_arena_dup(arena, mln_slice_from(head, reader->skipped), &text)) {
        return mln_http_refuse(reader, &mln_http_no_memory);
    }
    line = next_line(&text);
    step = read_line(reader, line, &h);
    if (step == MLN_HTTP_DONE) {
        step = read_fields(reader, text, &h);
    }
    *ret = h.request;
    return step;
}
