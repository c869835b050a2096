/* Requests to other CSEs that wait as the CMDH policy says, and how long the way to a neighbour is
 * to be left alone after it failed.
 *
 * A request that waits is parked on its worker; here it is counted, and can be made to give up its
 * place: to one of a higher storage priority, or, with the Event Category "latest", to the next one
 * of its kind. The table is shared by all threads and has a lock of its own.
 * spec: TS-0004 H.2.3 3.3; TS-0001 8.1.2 Event Category, D.12.7, D.12.8 */
#pragma once

#include "cse/cse_int.h"
#include "cse/remote/cmdh.h"

struct mln_buffers;

/* Errors: NO_MEMORY, SYSTEM. */
mln_err mln_buffers_new(struct mln_buffers **ret);

/* No request may wait. NULL is fine. */
void mln_buffers_free(struct mln_buffers *buffers);

/* A request as the buffer sees it. Texts live as long as the request. */
struct mln_buffer_entry {
    uint64_t buffer;         /* id of the [cmdhBuffer] */
    uint64_t most_bytes;     /* that may wait in it */
    uint64_t bytes;          /* of this one */
    unsigned priority;       /* 1..10 */
    struct mln_slice key[2]; /* only one of the same key may wait; empty: there is no such rule */
};

/* The request takes a place until mln_buffer_leave; nothing when it has one. Worker's thread.
 * Errors: BAD_REQUEST (the buffer is full; the fault tells), NO_MEMORY. */
mln_err mln_buffer_enter(struct mln_exec *e, const struct mln_buffer_entry *entry);

/* The request waits no longer, or is over. Nothing for others. False: it had to give up its place,
 * and must not be sent. Worker's thread. */
bool mln_buffer_leave(struct mln_exec *e);

/* Until when the way to the neighbour, the <remoteCSE> of that id, is to be left alone; 0: it is
 * not. Any thread. */
int64_t mln_buffer_pause(struct mln_buffers *buffers, uint64_t neighbour);

/* The neighbour is about to be tried: after a failure by one request first, while others wait.
 * Any thread. */
void mln_buffer_try(struct mln_buffers *buffers, uint64_t neighbour, int64_t now_us);

/* The attempt has failed, or not. Any thread. */
void mln_buffer_failed(struct mln_buffers *buffers, uint64_t neighbour,
                       const struct mln_cmdh_back_off *back_off, int64_t now_us, uint64_t random);
void mln_buffer_succeeded(struct mln_buffers *buffers, uint64_t neighbour);
