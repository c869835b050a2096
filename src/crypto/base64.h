/* Base64 in the two alphabets of JOSE, read strictly: base64url without padding (RFC 7515 2) and
 * base64 with padding (x5c, RFC 7515 4.1.6). One text for one sequence of bytes: no blanks, and the
 * bits that do not fill a byte must be zero. Pure functions, any thread. */
#pragma once

#include "base/buf.h"

/* Room that decoding a text of that length takes at most. */
static inline size_t mln_base64_room(size_t text_len)
{
    return text_len / 4 * 3 + 3;
}

/* Writes at most mln_base64_room(text.len) bytes; false, with bytes written, for anything else. */
bool mln_base64url_decode(struct mln_slice text, unsigned char *out, size_t *ret_len);

/* The same into an arena. Errors: SYNTAX, NO_MEMORY. */
mln_err mln_base64url_read(struct mln_slice text, struct mln_arena *arena, struct mln_slice *ret);

/* base64 with padding into an arena. Errors: SYNTAX, NO_MEMORY. */
mln_err mln_base64_read(struct mln_slice text, struct mln_arena *arena, struct mln_slice *ret);

/* Appends. */
void mln_base64url_add(struct mln_buf *out, struct mln_slice bytes);
void mln_base64_add(struct mln_buf *out, struct mln_slice bytes);

/* Encoding in pieces. */
struct mln_base64_stream {
    bool is_url; /* base64url without padding, else base64 with it */
    unsigned char held[2];
    size_t held_len;
};

/* Room that encoding a piece takes at most. */
static inline size_t mln_base64_encoded_room(size_t len)
{
    return (len + 4) / 3 * 4;
}

/* Both return the number of characters written, at most mln_base64_encoded_room of the piece; the
 * end takes 4. */
size_t mln_base64_stream_add(struct mln_base64_stream *stream, struct mln_slice piece, char *out);
size_t mln_base64_stream_end(struct mln_base64_stream *stream, char *out);
