/* Handshakes: their deadline, their number, and what is told of those that fail. */
#include "io/handshakes.h"

#include "base/association.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/strikes.h"

enum { LINGER_US = 1000 * 1000 }; /* so that the alert arrives */

struct handshake {
    struct mln_handshakes *all;
    struct mln_stream *stream;
    struct handshake *older;
    struct handshake *newer;
};

struct mln_handshakes {
    const struct mln_listener_options *options;
    struct handshake *oldest;
    struct handshake *newest;
    uint64_t count;
};

/* Takes it out of the list; the stream remains. */
static struct mln_stream *leave(struct handshake *h)
{
    struct mln_handshakes *all = h->all;
    struct mln_stream *stream = h->stream;

    *(h->older ? &h->older->newer : &all->oldest) = h->newer;
    *(h->newer ? &h->newer->older : &all->newest) = h->older;
    all->count--;
    mln_free(h);
    return stream;
}

static void on_secured(void *owner)
{
    struct handshake *h = owner;
    const struct mln_listener_options *options = h->all->options;
    const struct mln_peer *peer = mln_stream_peer(h->stream);
    struct mln_slice who =
        peer->association ? peer->association->credential_id : MLN_S("no credential");

    mln_log(MLN_LOG_DEBUG, "tls", "%s: secured, %.*s", peer->name, MLN_S_ARG(who));
    options->accepted(options->owner, leave(h));
}

/* Who says nothing at all, such as a watchdog that only connects, has not failed. */
static void count_failure(const struct mln_listener_options *options, const struct mln_peer *peer,
                          const char *why)
{
    mln_log(MLN_LOG_INFO, "tls", "%s: handshake failed: %s", peer->name, why);
    if (options->strikes && mln_strikes_add(options->strikes, peer, mln_monotonic_us())) {
        mln_log(MLN_LOG_WARNING, "tls",
                "%s: too many failed handshakes, its address is shut out for up to a minute",
                peer->name);
    }
}

static void on_failed(void *owner, const char *why, bool has_begun)
{
    struct handshake *h = owner;
    const struct mln_listener_options *options = h->all->options;
    struct mln_stream *stream = leave(h);

    if (has_begun) {
        count_failure(options, mln_stream_peer(stream), why);
    }
    mln_stream_finish(stream, LINGER_US);
}

static void on_expired(void *owner)
{
    struct handshake *h = owner;
    const struct mln_listener_options *options = h->all->options;
    struct mln_stream *stream = leave(h);

    count_failure(options, mln_stream_peer(stream), "it takes too long");
    mln_stream_free(stream);
}

static void on_broken(void *owner)
{
    mln_stream_free(leave(owner));
}

static void on_nothing(void *owner)
{
    (void)owner;
}

mln_err mln_handshakes_new(const struct mln_listener_options *options, struct mln_handshakes **ret)
{
    struct mln_handshakes *all = mln_calloc(1, sizeof *all);

    MLN_REQUIRE(all, NO_MEMORY);
    all->options = options;
    *ret = all;
    return MLN_OK;
}

void mln_handshakes_free(struct mln_handshakes *handshakes)
{
    if (handshakes) {
        while (handshakes->oldest) {
            mln_stream_free(leave(handshakes->oldest));
        }
        mln_free(handshakes);
    }
}

mln_err mln_handshakes_begin(struct mln_handshakes *handshakes, struct mln_stream *stream)
{
    static const struct mln_stream_shaking ops = {
        .ops = { on_nothing, on_nothing, on_expired, on_broken },
        .secured = on_secured,
        .failed = on_failed,
    };
    struct handshake *h = mln_calloc(1, sizeof *h);

    MLN_REQUIRE(h, NO_MEMORY);
    if (handshakes->count >= handshakes->options->max_handshakes) {
        mln_stream_free(leave(handshakes->oldest));
    }
    *h = (struct handshake){ .all = handshakes, .stream = stream, .older = handshakes->newest };
    *(h->older ? &h->older->newer : &handshakes->oldest) = h;
    handshakes->newest = h;
    handshakes->count++;
    mln_stream_shake(stream, &ops, h);
    mln_stream_deadline(stream, handshakes->options->handshake_us);
    return MLN_OK;
}
