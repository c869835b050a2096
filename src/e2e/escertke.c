/* Messages to handshakes, and handshakes to keys. */
#include "e2e/escertke.h"

#include <pthread.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "e2e/security_info.h"

enum { TEXT_BYTES = 2 * MLN_TLS_FLIGHT_BYTES };

struct pending {
    struct mln_entity from; /* its parts are in `text` */
    char *text;
    struct mln_tls_tunnel *tunnel;
    uint64_t serial; /* of the slot */
    int64_t since_us;
};

struct mln_escertke {
    struct mln_escertke_options options;
    pthread_mutex_t lock;
    struct pending **pending; /* escertke_pending of them at most */
    size_t count;
};

/* ---- life ---- */

static void pending_free(struct pending *p)
{
    if (p) {
        mln_tls_tunnel_free(p->tunnel);
        mln_free(p->text);
        mln_free(p);
    }
}

mln_err mln_escertke_new(const struct mln_escertke_options *options, struct mln_escertke **ret)
{
    struct mln_escertke *e = mln_calloc(1, sizeof *e);

    MLN_REQUIRE(e, NO_MEMORY);
    e->options = *options;
    e->pending = mln_calloc(options->limits->escertke_pending, sizeof(struct pending *));
    if (!e->pending || pthread_mutex_init(&e->lock, NULL) != 0) {
        mln_free(e->pending);
        mln_free(e);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = e;
    return MLN_OK;
}

void mln_escertke_free(struct mln_escertke *e)
{
    if (e) {
        for (size_t i = 0; i < e->count; i++) {
            pending_free(e->pending[i]);
        }
        (void)pthread_mutex_destroy(&e->lock);
        mln_free(e->pending);
        mln_free(e);
    }
}

bool mln_escertke_is_ready(const struct mln_escertke *e)
{
    MLN_CLEANUP(mln_tls_unrefp) struct mln_tls *tls = mln_tls_slot_get(e->options.slot);

    return tls && mln_tls_tunnel_can_accept(tls);
}

/* ---- the table; who calls holds the lock ---- */

static struct pending *take_out(struct mln_escertke *e, size_t i)
{
    struct pending *p = e->pending[i];

    e->pending[i] = e->pending[--e->count];
    return p;
}

/* A clock that was set back lets none live longer. */
static bool is_over(const struct mln_escertke *e, const struct pending *p, int64_t now_us)
{
    return now_us < p->since_us ||
           now_us - p->since_us >= (int64_t)e->options.limits->escertke_ms * 1000;
}

static void drop_old(struct mln_escertke *e, int64_t now_us)
{
    for (size_t i = e->count; i > 0; i--) {
        if (is_over(e, e->pending[i - 1], now_us)) {
            pending_free(take_out(e, i - 1));
        }
    }
}

/* That of the originator; it is the caller's then. */
static struct pending *take_of(struct mln_escertke *e, const struct mln_entity *from)
{
    for (size_t i = 0; i < e->count; i++) {
        if (mln_entity_eq(&e->pending[i]->from, from)) {
            return take_out(e, i);
        }
    }
    return NULL;
}

static struct pending *take_pending(struct mln_escertke *e, const struct mln_entity *from)
{
    struct pending *p;

    (void)pthread_mutex_lock(&e->lock);
    drop_old(e, mln_env_now_us(e->options.env));
    p = take_of(e, from);
    (void)pthread_mutex_unlock(&e->lock);
    return p;
}

/* Takes the place of an older one of the same originator. Errors: LIMIT. */
static mln_err put_pending(struct mln_escertke *e, struct pending *p)
{
    struct pending *old;
    mln_err err = MLN_OK;

    (void)pthread_mutex_lock(&e->lock);
    drop_old(e, p->since_us);
    old = take_of(e, &p->from);
    if (e->count < e->options.limits->escertke_pending) {
        e->pending[e->count++] = p;
    } else {
        err = MLN_ERROR(LIMIT);
    }
    (void)pthread_mutex_unlock(&e->lock);
    pending_free(old);
    return err;
}

/* Before the work: would there be a place? */
static bool has_place(struct mln_escertke *e, const struct mln_entity *from)
{
    bool has = false;

    (void)pthread_mutex_lock(&e->lock);
    drop_old(e, mln_env_now_us(e->options.env));
    has = e->count < e->options.limits->escertke_pending;
    for (size_t i = 0; i < e->count && !has; i++) {
        has = mln_entity_eq(&e->pending[i]->from, from);
    }
    (void)pthread_mutex_unlock(&e->lock);
    return has;
}

/* ---- message 1 ---- */

static struct mln_slice keep(char **at, struct mln_slice s)
{
    struct mln_slice copy = mln_slice_of(*at, s.len);

    if (s.len) {
        memcpy(*at, s.ptr, s.len);
    }
    *at += s.len;
    return copy;
}

static mln_err pending_new(const struct mln_escertke *e, const struct mln_entity *from,
                           struct pending **ret)
{
    struct pending *p = mln_calloc(1, sizeof *p);
    char *at;

    MLN_REQUIRE(p, NO_MEMORY);
    p->text = mln_malloc(from->sp.len + from->cse.len + from->stem.len);
    if (!p->text) {
        pending_free(p);
        MLN_FAIL(NO_MEMORY);
    }
    at = p->text;
    p->from.sp = keep(&at, from->sp);
    p->from.cse = keep(&at, from->cse);
    p->from.stem = keep(&at, from->stem);
    p->since_us = mln_env_now_us(e->options.env);
    *ret = p;
    return MLN_OK;
}

static mln_err accept(const struct mln_escertke *e, struct pending *p, struct mln_fault *fault)
{
    struct mln_tls *tls;
    mln_err err;

    p->serial = mln_tls_slot_serial(e->options.slot); /* first: a newer context is no harm */
    tls = mln_tls_slot_get(e->options.slot);
    MLN_REQUIRE(tls, NOT_IMPLEMENTED);
    err = mln_tls_tunnel_accept(tls, MLN_USE_ESPRIM, fault, &p->tunnel);
    mln_tls_unref(tls);
    return err.code == MLN_ERR_CONFIG ? MLN_ERROR(NOT_IMPLEMENTED) : err;
}

/* The next message, or with an error the alert; a copy, since the tunnel goes. */
static mln_err step(struct mln_tls_tunnel *tunnel, struct mln_slice flight, struct mln_arena *arena,
                    struct mln_fault *fault, struct mln_slice *ret)
{
    struct mln_slice said = { 0 };
    mln_err err = mln_tls_tunnel_step(tunnel, flight, fault, &said);

    if (mln_failed(err)) {
        said = mln_tls_tunnel_alert(tunnel);
    }
    if (!mln_arena_dup(arena, said, ret) && !mln_failed(err)) {
        err = MLN_ERROR(NO_MEMORY);
    }
    return err;
}

static mln_err start(struct mln_escertke *e, struct pending *p, struct mln_slice flight,
                     const struct mln_escertke_message *m, struct mln_slice *ret)
{
    MLN_TRY(accept(e, p, m->fault));
    MLN_TRY(step(p->tunnel, flight, m->arena, m->fault, ret));
    return put_pending(e, p);
}

static mln_err begin(struct mln_escertke *e, struct mln_slice flight,
                     const struct mln_escertke_message *m, struct mln_slice *ret)
{
    struct pending *p = NULL;
    mln_err err;

    if (!has_place(e, m->from)) {
        mln_fault_set(m->fault, "ESCertKE: too many handshakes are under way");
        MLN_FAIL(LIMIT);
    }
    MLN_TRY(pending_new(e, m->from, &p));
    err = start(e, p, flight, m, ret);
    if (mln_failed(err)) {
        pending_free(p);
    }
    return err;
}

/* ---- message 3 ---- */

static mln_err keep_key(struct mln_escertke *e, const struct pending *p,
                        const struct mln_escertke_message *m, struct mln_tls_made *made)
{
    mln_err err;

    if (!mln_cover_names(made->association, m->from, m->names)) {
        mln_fault_set(m->fault, "ESCertKE: the certificate is not that of the originator");
        MLN_FAIL(ESCERTKE);
    }
    err = mln_made_keys_put(e->options.keys, made, p->serial);
    if (mln_failed(err)) {
        mln_fault_set(m->fault, "ESCertKE: %s",
                      err.code == MLN_ERR_ESCERTKE ? "our certificates were exchanged meanwhile"
                                                   : "there is no room for another key");
    }
    return err;
}

/* The handshake is complete at this end. Message 4 leaves only when the key is there; else an
 * alert takes its place. */
static mln_err admit(struct mln_escertke *e, struct pending *p,
                     const struct mln_escertke_message *m, struct mln_slice *ret)
{
    struct mln_tls_made made = { 0 };
    mln_err err = mln_tls_tunnel_conclude(p->tunnel, m->fault, &made);

    if (!mln_failed(err)) {
        err = keep_key(e, p, m, &made);
        mln_secret_free(made.key);
        mln_association_unref(made.association);
    }
    if (mln_failed(err)) {
        mln_tls_tunnel_deny(p->tunnel);
        *ret = mln_slice_of(NULL, 0);
        (void)mln_arena_dup(m->arena, mln_tls_tunnel_alert(p->tunnel), ret);
    }
    return err;
}

static mln_err go_on(struct mln_escertke *e, struct mln_slice flight,
                     const struct mln_escertke_message *m, struct mln_slice *ret)
{
    struct pending *p = take_pending(e, m->from);
    mln_err err;

    if (!p) {
        mln_fault_set(m->fault, "ESCertKE: no handshake of this originator waits for that");
        MLN_FAIL(ESCERTKE);
    }
    err = step(p->tunnel, flight, m->arena, m->fault, ret);
    if (!mln_failed(err)) {
        err = admit(e, p, m, ret);
    }
    pending_free(p);
    return err;
}

/* ---- all of it ---- */

/* The bytes of a message, in the arena. */
static mln_err decode(struct mln_slice text, uint64_t most, struct mln_arena *arena,
                      struct mln_fault *fault, struct mln_slice *ret)
{
    mln_err err;

    if (mln_base64_room(text.len) > most + 3) {
        mln_fault_set(fault, "ESCertKE: the message is too long");
        MLN_FAIL(LIMIT);
    }
    err = mln_base64_read(text, arena, ret);
    if (err.code == MLN_ERR_SYNTAX) {
        mln_fault_set(fault, "ESCertKE: the message is no base64");
        MLN_FAIL(ESCERTKE);
    }
    return err;
}

static mln_err encode(struct mln_slice bytes, struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_base64_add(&out, bytes);
    return mln_buf_finish(&out, ret);
}

/* What was said, with an error: the alert, if there is the memory to tell it. */
static mln_err tell(mln_err err, struct mln_slice said, struct mln_arena *arena,
                    struct mln_slice *ret)
{
    mln_err told = encode(said, arena, ret);

    return mln_failed(err) ? err : told;
}

static mln_err dispatch(struct mln_escertke *e, struct mln_slice flight,
                        const struct mln_escertke_message *m, struct mln_slice *ret)
{
    switch (mln_tls_flight_of(flight)) {
    case MLN_TLS_FLIGHT_1:
        return begin(e, flight, m, ret);
    case MLN_TLS_FLIGHT_3:
        return go_on(e, flight, m, ret);
    case MLN_TLS_FLIGHT_ALERT: /* the originator gives up */
        pending_free(take_pending(e, m->from));
        mln_fault_set(m->fault, "ESCertKE: the originator refuses: %s", mln_tls_alert_text(flight));
        MLN_FAIL(ESCERTKE);
    case MLN_TLS_FLIGHT_BAD:
    case MLN_TLS_FLIGHT_2:
    case MLN_TLS_FLIGHT_4:
        break;
    }
    mln_fault_set(m->fault, "ESCertKE: this is no message of an initiating end");
    MLN_FAIL(ESCERTKE);
}

mln_err mln_escertke_take(struct mln_escertke *e, const struct mln_escertke_message *message,
                          struct mln_slice *ret)
{
    struct mln_slice flight;
    struct mln_slice said = { 0 };
    mln_err err;

    *ret = said;
    MLN_TRY(decode(message->text, e->options.limits->escertke_bytes, message->arena, message->fault,
                   &flight));
    err = dispatch(e, flight, message, &said);
    return tell(err, said, message->arena, ret);
}

/* ---- the initiating end ---- */

struct mln_escertke_run {
    struct mln_tls_tunnel *tunnel;
};

mln_err mln_escertke_begin(struct mln_tls_client *client, const struct mln_tls_target *target,
                           struct mln_fault *fault, struct mln_escertke_run **ret)
{
    struct mln_escertke_run *run = mln_calloc(1, sizeof *run);
    mln_err err;

    MLN_REQUIRE(run, NO_MEMORY);
    err = mln_tls_tunnel_connect(client, target, MLN_USE_ESPRIM, fault, &run->tunnel);
    if (mln_failed(err)) {
        mln_free(run);
        return err;
    }
    *ret = run;
    return MLN_OK;
}

void mln_escertke_run_free(struct mln_escertke_run *run)
{
    if (run) {
        mln_tls_tunnel_free(run->tunnel);
        mln_free(run);
    }
}

/* SEC-CKE-06: an answer of another kind ends the run. */
static mln_err message_of(const struct mln_value *info, struct mln_arena *arena,
                          struct mln_fault *fault, struct mln_slice *ret)
{
    const struct mln_value *message = mln_value_get(info, MLN_S("eckm"));

    if (mln_security_info_type(info) != MLN_SECURITY_ESCERTKE ||
        mln_failed(mln_security_info_check(info, NULL)) || message->kind != MLN_V_TEXT) {
        mln_fault_set(fault, "ESCertKE: the answer is no message of it");
        MLN_FAIL(ESCERTKE);
    }
    return decode(message->text, MLN_TLS_FLIGHT_BYTES, arena, fault, ret);
}

mln_err mln_escertke_step(struct mln_escertke_run *run, const struct mln_value *info,
                          struct mln_arena *arena, struct mln_fault *fault, struct mln_slice *ret)
{
    struct mln_slice flight = { 0 };
    struct mln_slice said = { 0 };
    mln_err err;

    *ret = said;
    if (info) {
        MLN_TRY(message_of(info, arena, fault, &flight));
    }
    err = step(run->tunnel, flight, arena, fault, &said);
    return tell(err, said, arena, ret);
}

mln_err mln_escertke_finish(struct mln_escertke_run *run, int64_t until_us, struct mln_fault *fault,
                            struct mln_pair_key *ret, char ret_kid[static MLN_MADE_KID])
{
    struct mln_tls_made made = { 0 };
    struct mln_association *association = NULL;
    mln_err err;

    MLN_TRY(mln_tls_tunnel_conclude(run->tunnel, fault, &made));
    err = mln_association_derive(made.association, until_us, &association);
    mln_association_unref(made.association);
    if (mln_failed(err)) {
        mln_secret_free(made.key);
        return err;
    }
    mln_made_keys_kid(made.id, ret_kid);
    *ret = (struct mln_pair_key){ made.key, association };
    return MLN_OK;
}
