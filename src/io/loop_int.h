/* What listeners, streams and fetches need of the loop. Internal to io. */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stddef.h>

#include "io/loop.h"

/* One read from a socket; also the largest piece of input handled in one go. */
enum { MLN_LOOP_SCRATCH = 65536 };

struct mln_stream;

struct event_base *mln_loop_base(struct mln_loop *loop);

/* MLN_LOOP_SCRATCH bytes that hold nothing beyond one callback. */
char *mln_loop_scratch(struct mln_loop *loop);

/* Head of the list of streams of this loop. */
struct mln_stream **mln_loop_streams(struct mln_loop *loop);
