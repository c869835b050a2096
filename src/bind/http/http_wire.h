/* The mapping of TS-0009: primitives to parts of HTTP messages and back, in all four uses.
 *
 * Pure functions without sockets or resources, so that the server, the outbound side and the
 * client library share them. Content is not touched here: a binding reads and writes it with
 * codec/serialisation.h. What is returned lives in the given arena or is borrowed from the
 * arguments, which must live as long. Any thread. spec: TS-0009 6 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "bind/http/http_message.h"
#include "codec/serialisation.h"
#include "model/primitive.h"
#include "model/value.h"

/* ---- a request that was received ---- */

struct mln_http_primitive {
    struct mln_value *params; /* under their short names, without "pc" */
    struct mln_slice rqi;     /* empty when absent */
    struct mln_slice rvi;
    const struct mln_serialisation *content; /* of the body; NULL when there is none */
    const struct mln_serialisation *answer;  /* for the content of the answer */
    enum mln_media answer_type;              /* which of its media types */
    bool is_answer_open;                     /* the message does not tell which serialisation */
};

/* The parameters of a request message. On failure what an answer needs of *ret is set as far as
 * it was found. Errors: PARAM_INVALID, LIMIT, MEDIA_TYPE, NOT_ACCEPTABLE, OPERATION (a method
 * that TS-0009 does not use), NOT_IMPLEMENTED (no method of HTTP), RELEASE (a target that is not
 * understood, of a release that is not served), NO_MEMORY. */
mln_err mln_http_wire_read_request(const struct mln_http_request *message,
                                   const struct mln_limits *limits, struct mln_arena *arena,
                                   struct mln_http_primitive *ret, struct mln_fault *fault);

/* ---- the answer to it ---- */

struct mln_http_reply {
    const struct mln_response *response;
    int status;            /* 0: the one of response->rsc */
    struct mln_slice type; /* of the content, when there is any */
    size_t length;         /* bytes of the serialised content */
    struct mln_slice date; /* IMF-fixdate, or empty */
    bool is_last;          /* the connection closes after this answer */
    bool has_allow;        /* name the methods that TS-0009 uses */
};

/* Appends status line and header of the answer, up to and with the empty line. Values that cannot
 * stand in a header are left out. Failures stick in the buffer. */
void mln_http_wire_write_answer(struct mln_buf *out, const struct mln_http_reply *reply);

/* ---- a request to send ---- */

struct mln_http_outgoing {
    struct mln_slice method;
    struct mln_slice target; /* origin-form */
    const struct mln_field *fields;
    size_t field_count;
};

/* Method, target and header of a request with these parameters; "pc" is not looked at. Content and
 * answer are of the serialisation.
 * Errors: PARAM_MISSING (op, to), PARAM_INVALID (a parameter that HTTP cannot carry, a value that
 * cannot stand in a header), NO_MEMORY. */
mln_err mln_http_wire_write_request(const struct mln_value *params, bool has_content,
                                    const struct mln_serialisation *form, struct mln_arena *arena,
                                    struct mln_http_outgoing *ret, struct mln_fault *fault);

/* ---- the answer that came back ---- */

struct mln_http_answer {
    bool has_rsc; /* the message carried X-M2M-RSC; else rsc follows from the status */
    enum mln_rsc rsc;
    const struct mln_serialisation *content; /* what Content-Type says; NULL: none that we know */
    struct mln_slice rqi;                    /* empty when absent, like the next ones */
    struct mln_slice rvi;
    struct mln_slice vsi;
    struct mln_slice fr;
    struct mln_slice ot;
    struct mln_slice ati;      /* Assigned Token Identifiers as mln_http_wire_next_local reads */
    struct mln_slice location; /* Content-Location */
    int content_status;        /* 0 when absent */
    uint64_t content_offset;
};

/* Errors: PROTOCOL (an X-M2M-RSC, X-M2M-CTS or X-M2M-CTO that is no number). */
mln_err mln_http_wire_read_answer(int status, const struct mln_field *fields, size_t field_count,
                                  struct mln_http_answer *ret);

/* Takes the next "lti:tkid" off the text of X-M2M-ATI; blanks around '+' and ':' do not count.
 * False at the end, and at what is not of that form. spec: TS-0009 6.4.18 */
bool mln_http_wire_next_local(struct mln_slice *rest, struct mln_local_token *ret);
