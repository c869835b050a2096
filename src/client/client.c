/* The client: its life, its settings, and the loop under its blocking calls. */
#include <errno.h>
#include <stdatomic.h>

#include "base/env.h"
#include "base/mem.h"
#include "client/client_int.h"

enum {
    DEFAULT_TIMEOUT_MS = 30000,
    CONNECTIONS = 4,
    CONNECT_MS = 10000,
    RECEIVER_CONNECTIONS = 64,
};

mln_err mln_client_open_fetcher(struct merlon_client *client)
{
    struct mln_fetcher *fetcher = NULL;
    struct mln_fetch_options options = {
        .max_transfers = MERLON_CALLS,
        .max_per_host = CONNECTIONS,
        .max_header_bytes = MLN_CLIENT_HEADER,
        .max_body_bytes = MLN_CLIENT_BODY,
        .connect_us = INT64_C(1000) * CONNECT_MS,
        .tls = client->tls,
        .has_one_peer = true,
    };

    MLN_TRY(mln_fetcher_new(client->loop, &options, &fetcher));
    mln_fetcher_free(client->fetcher);
    client->fetcher = fetcher;
    return MLN_OK;
}

static mln_err open_loop(struct merlon_client *c)
{
    MLN_TRY(mln_loop_new(&c->loop));
    MLN_TRY(mln_tls_slot_new(&c->tls));
    MLN_TRY(mln_client_open_fetcher(c));
    return mln_env_random(mln_env_system(), &c->session, sizeof c->session);
}

/* "http://host:port", perhaps with a path; no credentials, no query, no fragment. */
static mln_err set_url(struct merlon_client *c, struct mln_slice url, struct mln_fault *fault)
{
    size_t authority = mln_slice_find(url, ':') + 3;

    if (!mln_fetch_can(url) || url.len <= authority || mln_slice_find(url, '?') < url.len ||
        mln_slice_find(url, '#') < url.len || mln_slice_find(url, '@') < url.len ||
        url.ptr[authority] == '/') {
        mln_fault_set(fault, "'%.*s' is no URL of a CSE, such as http://127.0.0.1:8080",
                      MLN_S_ARG(url));
        MLN_FAIL(PARAM_INVALID);
    }
    while (url.ptr[url.len - 1] == '/') {
        url.len--;
    }
    c->url = mln_malloc(url.len + 1);
    MLN_REQUIRE(c->url, NO_MEMORY);
    memcpy(c->url, url.ptr, url.len);
    c->url[url.len] = '\0';
    return MLN_OK;
}

struct merlon_client *merlon_client_new(const char *url, struct merlon_error *error)
{
    struct merlon_client *c = mln_calloc(1, sizeof *c);
    struct mln_fault fault = { 0 };
    mln_err err = MLN_ERROR(NO_MEMORY);

    if (c) {
        c->gate.max = RECEIVER_CONNECTIONS;
        c->timeout_us = INT64_C(1000) * DEFAULT_TIMEOUT_MS;
        c->originator = mln_strdup("");
        c->release = mln_strdup("3");
        c->cse_id = mln_strdup("");
        err = c->originator && c->release && c->cse_id ? set_url(c, mln_slice_z(url), &fault) : err;
    }
    if (!mln_failed(err)) {
        err = open_loop(c);
    }
    if (mln_client_end(err, &fault, error) != MERLON_OK) {
        merlon_client_free(c);
        return NULL;
    }
    return c;
}

void merlon_client_free(struct merlon_client *client)
{
    if (!client) {
        return;
    }
    client->is_ending = true;
    mln_shield_free(client->shield); /* ends the calls, like the next one */
    mln_fetcher_free(client->fetcher);
    mln_loop_free(client->carrier ? NULL : client->loop);
    mln_tls_slot_free(client->tls);
    mln_free(client->cse_id);
    mln_free(client->url);
    mln_free(client->originator);
    mln_free(client->release);
    mln_free(client);
}

/* ---- settings ---- */

static mln_err set_text(char **place, const char *name, const char *text, struct mln_fault *fault)
{
    struct mln_slice s = mln_slice_z(text);
    char *copy;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (c <= ' ' || c >= 0x7f || s.len > MLN_CLIENT_IDENTIFIER) {
            mln_fault_set(fault,
                          "%s: must be printable ASCII without blanks, at most %d, not '%.*s'",
                          name, MLN_CLIENT_IDENTIFIER, MLN_S_ARG(s));
            MLN_FAIL(PARAM_INVALID);
        }
    }
    copy = mln_strdup(text ? text : "");
    MLN_REQUIRE(copy, NO_MEMORY);
    mln_free(*place);
    *place = copy;
    return MLN_OK;
}

enum merlon_status merlon_client_set_originator(struct merlon_client *client,
                                                const char *originator, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(set_text(&client->originator, "originator", originator, &fault), &fault,
                          error);
}

enum merlon_status merlon_client_set_release(struct merlon_client *client, const char *release,
                                             struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(set_text(&client->release, "release", release, &fault), &fault, error);
}

void merlon_client_set_timeout(struct merlon_client *client, uint32_t timeout_ms)
{
    client->timeout_us = INT64_C(1000) * (timeout_ms ? timeout_ms : 1);
}

void merlon_client_set_trace(struct merlon_client *client, merlon_trace *trace, void *data)
{
    client->trace = trace;
    client->trace_data = data;
}

/* ---- running ---- */

mln_err mln_client_may_serve(struct merlon_client *client, struct mln_fault *fault)
{
    if (mln_client_root(client)->is_running || client->is_ending) {
        mln_fault_set(fault, "a callback must not wait for the client that calls it");
        MLN_FAIL(PARAM_INVALID);
    }
    return MLN_OK;
}

mln_err mln_client_serve(struct merlon_client *client, const bool *is_done, bool may_be_stopped,
                         struct mln_fault *fault)
{
    mln_err err = mln_client_may_serve(client, fault);

    MLN_TRY(err);
    client = mln_client_root(client);
    client->is_running = true;
    while (!mln_failed(err) && !*is_done && !(may_be_stopped && atomic_load(&client->may_stop))) {
        err = mln_loop_run(client->loop);
    }
    client->is_running = false;
    return err;
}

struct alarm {
    struct mln_timer timer; /* first: the cast in on_alarm */
    struct mln_loop *loop;
    bool has_rung;
};

static void on_alarm(struct mln_timer *timer)
{
    struct alarm *alarm = (struct alarm *)timer;

    alarm->has_rung = true;
    mln_loop_stop(alarm->loop);
}

static mln_err run(struct merlon_client *client, int64_t timeout_ms, struct mln_fault *fault)
{
    struct alarm alarm = { .timer.fire = on_alarm, .loop = client->loop };
    mln_err err;

    if (timeout_ms > INT64_MAX / 2000) {
        timeout_ms = INT64_MAX / 2000;
    }
    if (timeout_ms >= 0) {
        mln_loop_after(client->loop, &alarm.timer, timeout_ms * 1000);
    }
    err = mln_client_serve(client, &alarm.has_rung, true, fault);
    mln_loop_cancel_after(client->loop, &alarm.timer);
    if (!mln_failed(err) && alarm.has_rung) {
        mln_fault_set(fault, "the time is up");
        err = MLN_ERROR(TIMEOUT);
    } else if (!mln_failed(err)) {
        atomic_store(&mln_client_root(client)->may_stop, false);
    }
    return err;
}

enum merlon_status merlon_client_run(struct merlon_client *client, int64_t timeout_ms,
                                     struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(run(client, timeout_ms, &fault), &fault, error);
}

/* Signal handlers may call it: an atomic store and a write to an eventfd. */
void merlon_client_stop(struct merlon_client *client)
{
    int kept = errno;

    atomic_store(&mln_client_root(client)->may_stop, true);
    mln_loop_stop(client->loop);
    errno = kept;
}
