/* A list of buffers. */
#include "io/chunks.h"

#include "base/mem.h"

enum { CHUNK_LEAST = 2048 }; /* small writes share a chunk */

struct mln_chunk {
    struct mln_chunk *next;
    size_t cap;
    size_t start;
    size_t end;
    char bytes[];
};

static struct mln_chunk *append(struct mln_chunks *chunks, size_t len)
{
    size_t cap = len > CHUNK_LEAST ? len : CHUNK_LEAST;
    struct mln_chunk *c = mln_malloc(sizeof *c + cap);

    if (c) {
        *c = (struct mln_chunk){ .cap = cap };
        *(chunks->last ? &chunks->last->next : &chunks->first) = c;
        chunks->last = c;
    }
    return c;
}

bool mln_chunks_add(struct mln_chunks *chunks, struct mln_slice bytes)
{
    struct mln_chunk *c = chunks->last;

    if (!c || c->cap - c->end < bytes.len) {
        c = append(chunks, bytes.len);
    }
    if (!c) {
        return false;
    }
    memcpy(c->bytes + c->end, bytes.ptr, bytes.len);
    c->end += bytes.len;
    chunks->len += bytes.len;
    return true;
}

void mln_chunks_drop(struct mln_chunks *chunks, size_t len)
{
    chunks->len -= len;
    while (len && chunks->first) {
        struct mln_chunk *c = chunks->first;
        size_t part = c->end - c->start;

        if (len < part) {
            c->start += len;
            return;
        }
        len -= part;
        chunks->first = c->next;
        chunks->last = c->next ? chunks->last : NULL;
        mln_free(c);
    }
}

size_t mln_chunks_peek(const struct mln_chunks *chunks, struct iovec *ret, size_t max)
{
    size_t count = 0;

    for (struct mln_chunk *c = chunks->first; c && count < max; c = c->next) {
        ret[count++] = (struct iovec){ c->bytes + c->start, c->end - c->start };
    }
    return count;
}
