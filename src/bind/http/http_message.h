/* The reader of HTTP/1.1 request messages, strict where leniency lets two parties disagree.
 *
 * It works on the unconsumed input of a connection, which may grow byte by byte: scan until the
 * head is complete, take the head, take the body. It owns no memory; a request's slices live in
 * the arena given for it. A refusal names the HTTP status and the response status code, and after
 * it the framing is lost: answer and close. One thread per reader. docs/decisions/0002
 * spec: TS-0009 6.2, 6.4; RFC 9112 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "io/field.h"

enum mln_http_method {
    MLN_HTTP_GET,
    MLN_HTTP_POST,
    MLN_HTTP_PUT,
    MLN_HTTP_DELETE,
    MLN_HTTP_HEAD, /* the next five are known to HTTP and not mapped by TS-0009 */
    MLN_HTTP_OPTIONS,
    MLN_HTTP_PATCH,
    MLN_HTTP_TRACE,
    MLN_HTTP_CONNECT,
    MLN_HTTP_OTHER,
};

struct mln_http_request {
    enum mln_http_method method;
    struct mln_slice target;        /* origin-form: path and query as they were sent */
    const struct mln_field *fields; /* values without blanks at their ends */
    size_t field_count;
    struct mln_slice host; /* value of Host; empty when there is none */
    struct mln_slice body;
    bool keeps_alive;    /* another request may follow */
    bool wants_continue; /* Expect: 100-continue */
};

/* Why a message was refused; constant. */
struct mln_http_refusal {
    int status;
    enum mln_rsc rsc;
    const char *text;
};

enum mln_http_step {
    MLN_HTTP_MORE, /* needs more input */
    MLN_HTTP_DONE,
    MLN_HTTP_REFUSED, /* see mln_http_reader.refusal */
};

struct mln_http_reader {
    const struct mln_limits *limits;
    const struct mln_http_refusal *refusal;
    /* the head */
    uint32_t scanned; /* bytes of the input looked at */
    uint32_t line_start;
    uint32_t lines;  /* complete ones */
    uint8_t skipped; /* bytes of an empty line before the request */
    uint8_t scan_state;
    /* the body */
    uint8_t body_state;
    uint32_t extra_bytes; /* of chunk extensions, then of trailers */
    uint64_t left;        /* bytes of the body or of its chunk still to come */
    size_t body_cap;
    char *body;
    struct mln_arena *arena;
};

/* Ready for the next request. */
void mln_http_reader_init(struct mln_http_reader *reader, const struct mln_limits *limits);

/* Has something of a request arrived? */
bool mln_http_reader_has_begun(const struct mln_http_reader *reader);

/* Looks for the end of the head in the input, which starts at the head's first byte and has not
 * been consumed. DONE: *ret_len bytes are the head. */
enum mln_http_step mln_http_scan(struct mln_http_reader *reader, struct mln_slice input,
                                 size_t *ret_len);

/* Reads the head that mln_http_scan has found, and copies it to the arena. MORE: a body follows;
 * DONE: there is none. Refused: `ret` has what was read before, since an answer repeats some. */
enum mln_http_step mln_http_take_head(struct mln_http_reader *reader, struct mln_slice head,
                                      struct mln_arena *arena, struct mln_http_request *ret);

/* Reads on in the body. *ret_used bytes of the input are consumed, whatever is returned. DONE:
 * request->body is set. */
enum mln_http_step mln_http_take_body(struct mln_http_reader *reader, struct mln_slice input,
                                      size_t *ret_used, struct mln_http_request *request);

/* Refusals that others than the reader give. */
extern const struct mln_http_refusal mln_http_too_slow;
extern const struct mln_http_refusal mln_http_no_memory;
extern const struct mln_http_refusal mln_http_overload;
