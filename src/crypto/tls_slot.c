/* Slots: the current contexts, exchanged while connections come and go. */
#include "base/mem.h"
#include "crypto/tls_int.h"

struct mln_tls_slot {
    pthread_mutex_t lock; /* held for a count only */
    struct mln_tls *server;
    struct mln_tls_client *client;
    _Atomic uint64_t serial; /* of the server context */
};

mln_err mln_tls_slot_new(struct mln_tls_slot **ret)
{
    struct mln_tls_slot *slot = mln_calloc(1, sizeof *slot);

    MLN_REQUIRE(slot, NO_MEMORY);
    if (pthread_mutex_init(&slot->lock, NULL) != 0) {
        mln_free(slot);
        MLN_FAIL(SYSTEM);
    }
    *ret = slot;
    return MLN_OK;
}

void mln_tls_slot_free(struct mln_tls_slot *slot)
{
    if (slot) {
        mln_tls_unref(slot->server);
        mln_tls_client_unref(slot->client);
        (void)pthread_mutex_destroy(&slot->lock);
        mln_free(slot);
    }
}

void mln_tls_slot_set(struct mln_tls_slot *slot, struct mln_tls *tls)
{
    struct mln_tls *old;

    (void)pthread_mutex_lock(&slot->lock);
    old = slot->server;
    slot->server = tls ? mln_tls_ref(tls) : NULL;
    slot->serial++;
    (void)pthread_mutex_unlock(&slot->lock);
    mln_tls_unref(old);
}

void mln_tls_slot_set_client(struct mln_tls_slot *slot, struct mln_tls_client *client)
{
    struct mln_tls_client *old;

    (void)pthread_mutex_lock(&slot->lock);
    old = slot->client;
    slot->client = client ? mln_tls_client_ref(client) : NULL;
    (void)pthread_mutex_unlock(&slot->lock);
    mln_tls_client_unref(old);
}

struct mln_tls *mln_tls_slot_get(struct mln_tls_slot *slot)
{
    struct mln_tls *tls;

    (void)pthread_mutex_lock(&slot->lock);
    tls = slot->server ? mln_tls_ref(slot->server) : NULL;
    (void)pthread_mutex_unlock(&slot->lock);
    return tls;
}

struct mln_tls_client *mln_tls_slot_get_client(struct mln_tls_slot *slot)
{
    struct mln_tls_client *client;

    (void)pthread_mutex_lock(&slot->lock);
    client = slot->client ? mln_tls_client_ref(slot->client) : NULL;
    (void)pthread_mutex_unlock(&slot->lock);
    return client;
}

uint64_t mln_tls_slot_serial(const struct mln_tls_slot *slot)
{
    return slot->serial;
}
