/* Outbound HTTP on libcurl's multi interface, driven by the loop.
 *
 * A transfer is an easy handle with an arena; finished ones are kept for the next request, because
 * setting one up costs more than using it. libcurl takes a socket out of the event set after every
 * transfer and puts it back for the next; here it stays in until the socket is closed, which saves
 * two system calls a request on kept connections. */
#include "io/fetch_int.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "io/loop_int.h"

enum {
    IDLE_TRANSFERS = 64, /* kept for reuse */
    KEPT_CONNECTIONS = 256,
    OPEN_CONNECTIONS = 1024, /* at one time; descriptors are for those who come to us as well */
    KEPT_S = 90,             /* age at which an idle connection is not used again */
    FIELDS_MAX = 64,         /* of an answer */
    TRANSFER_BYTES = 65536,  /* arena of a transfer, beside the limits on the answer */
};

/* What we watch a descriptor of libcurl's for. */
struct watch {
    struct event event;
    struct mln_fetcher *fetcher;
    short wanted;       /* EV_READ, EV_WRITE; 0: libcurl does not care now */
    short added;        /* what the event is added for; 0: not */
    bool is_connection; /* opened by on_open, so that on_close will tell of its end */
};

struct transfer {
    CURL *easy;
    struct mln_arena *arena;
    struct mln_fetcher *fetcher;
    struct transfer *next; /* in the list of active or of idle ones */
    struct transfer *prev;
    mln_fetch_done *done;
    void *data;
    struct mln_buf body;
    struct mln_field fields[FIELDS_MAX];
    size_t field_count;
    size_t header_bytes;
    struct mln_fetch_security security;
    bool is_last; /* it must not be sent once more */
    bool may_repeat;
    enum mln_err_code failed; /* by a callback of ours */
    char why[CURL_ERROR_SIZE];
};

struct mln_fetcher {
    struct mln_loop *loop;
    CURLM *multi;
    struct mln_timer timer;
    struct mln_fetch_options options;
    struct transfer *active;
    struct transfer *idle;
    size_t active_count;
    size_t idle_count;
    struct watch **watches; /* by descriptor */
    size_t watch_count;
    bool is_ending;
};

/* ---- answers ---- */

enum { TOO_LARGE = 100 }; /* CURLE_TOO_LARGE, of newer versions */

/* libcurl has a limit of its own for a line of the header. Older versions tell it as if memory had
 * run out; but what they need memory for comes before the answer does. */
static bool is_header_too_large(const struct transfer *t, CURLcode code)
{
    curl_off_t began_us = 0;

    if ((int)code == TOO_LARGE) {
        return true;
    }
    return code == CURLE_OUT_OF_MEMORY && t->body.len == 0 &&
           curl_easy_getinfo(t->easy, CURLINFO_STARTTRANSFER_TIME_T, &began_us) == CURLE_OK &&
           began_us > 0;
}

static size_t fail_transfer(struct transfer *t, enum mln_err_code code, const char *why)
{
    t->failed = code;
    (void)snprintf(t->why, sizeof t->why, "%s", why);
    return 0; /* libcurl ends the transfer */
}

static mln_err error_of(const struct transfer *t, CURLcode code)
{
    if (t->failed) {
        return (mln_err){ t->failed };
    }
    switch ((int)code) {
    case CURLE_OK:
        return MLN_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return MLN_ERROR(TIMEOUT);
    case CURLE_OUT_OF_MEMORY:
        return MLN_ERROR(NO_MEMORY);
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_PARTIAL_FILE:
    case CURLE_BAD_CONTENT_ENCODING:
        return MLN_ERROR(PROTOCOL);
    default:
        return MLN_ERROR(NETWORK);
    }
}

static void unlink_active(struct transfer *t)
{
    struct mln_fetcher *f = t->fetcher;

    if (t->prev) {
        t->prev->next = t->next;
    } else {
        f->active = t->next;
    }
    if (t->next) {
        t->next->prev = t->prev;
    }
    f->active_count--;
}

static void transfer_free(struct transfer *t)
{
    if (!t) {
        return;
    }
    if (t->easy) {
        curl_easy_cleanup(t->easy);
    }
    mln_arena_free(t->arena);
    mln_free(t);
}

static void recycle(struct transfer *t)
{
    struct mln_fetcher *f = t->fetcher;

    if (f->is_ending || f->idle_count >= IDLE_TRANSFERS) {
        transfer_free(t);
        return;
    }
    mln_arena_reset(t->arena);
    t->next = f->idle;
    f->idle = t;
    f->idle_count++;
}

/* In words that say what to do, where libcurl's and OpenSSL's do not. */
static const char *why_of(const struct transfer *t, CURLcode code)
{
    if (t->security.why.text[0]) {
        return t->security.why.text;
    }
    if (code == CURLE_SSL_CONNECT_ERROR && strstr(t->why, "wrong version number")) {
        return "what answers there speaks no TLS: is it http, not https?";
    }
    if (code == CURLE_GOT_NOTHING) {
        return "the connection was closed without an answer: is it https, not http?";
    }
    return t->why[0] ? t->why : curl_easy_strerror(code);
}

static void finish(struct transfer *t, CURLcode code)
{
    struct mln_fetch_answer answer = { 0 };
    long status = 0;
    long sent = 0;

    if (!t->failed && is_header_too_large(t, code)) {
        (void)fail_transfer(t, MLN_ERR_PROTOCOL, "header of the answer too large");
    }
    answer.err = error_of(t, code);
    (void)curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
    answer.was_sent = sent > 0;
    (void)curl_multi_remove_handle(t->fetcher->multi, t->easy);
    unlink_active(t);
    answer.why = why_of(t, code);
    if (!mln_failed(answer.err)) {
        answer.err = mln_buf_finish(&t->body, &answer.body);
    }
    if (!mln_failed(answer.err)) {
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        answer.status = (int)status;
        answer.fields = t->fields;
        answer.field_count = t->field_count;
    }
    t->done(t->data, &answer);
    recycle(t);
}

static void take_finished(struct mln_fetcher *f)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(f->multi, &left))) {
        CURLcode code = message->data.result;
        char *private = NULL;

        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private) == CURLE_OK) {
            finish((struct transfer *)(void *)private, code);
        }
    }
}

/* ---- what libcurl calls ---- */

static size_t on_header(char *bytes, size_t size, size_t count, void *data)
{
    struct transfer *t = data;
    struct mln_slice line = mln_slice_of(bytes, size * count);
    struct mln_field field;
    size_t len = line.len;

    t->header_bytes += len;
    if (t->header_bytes > t->fetcher->options.max_header_bytes) {
        return fail_transfer(t, MLN_ERR_PROTOCOL, "header of the answer too large");
    }
    if (mln_slice_starts(line, MLN_S("HTTP/"))) {
        t->field_count = 0; /* an interim answer may have come before */
        return len;
    }
    while (line.len && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\n')) {
        line.len--;
    }
    field.name = mln_slice_cut(&line, ':');
    field.value = mln_slice_trim(line);
    if (!mln_field_is_token(field.name)) {
        return len; /* the empty line at the end, and what is no field */
    }
    if (t->field_count == FIELDS_MAX) {
        return fail_transfer(t, MLN_ERR_PROTOCOL, "too many fields in the answer");
    }
    if (!mln_arena_dup(t->arena, field.name, &field.name) ||
        !mln_arena_dup(t->arena, field.value, &field.value)) {
        return fail_transfer(t, MLN_ERR_NO_MEMORY, "out of memory");
    }
    t->fields[t->field_count++] = field;
    return len;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    struct transfer *t = data;
    size_t len = size * count;

    mln_buf_add(&t->body, mln_slice_of(bytes, len));
    if (t->body.failed == MLN_ERR_LIMIT) {
        return fail_transfer(t, MLN_ERR_PROTOCOL, "answer too large");
    }
    if (t->body.failed) {
        return fail_transfer(t, t->body.failed, "out of memory");
    }
    return len;
}

static void on_event(evutil_socket_t fd, short what, void *data)
{
    struct watch *w = data;
    struct mln_fetcher *f = w->fetcher;
    int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    int running;

    if (!w->wanted) { /* an idle connection that the peer closes: libcurl finds out on reuse */
        (void)event_del(&w->event);
        w->added = 0;
        return;
    }
    (void)curl_multi_socket_action(f->multi, (curl_socket_t)fd, flags, &running);
    take_finished(f);
}

static struct watch *watch_of(struct mln_fetcher *f, curl_socket_t fd)
{
    size_t at = (size_t)fd;

    if (at >= f->watch_count) {
        size_t count = at < 32 ? 64 : at * 2;
        struct watch **grown = mln_realloc(f->watches, count * sizeof *grown);

        if (!grown) {
            return NULL;
        }
        memset(grown + f->watch_count, 0, (count - f->watch_count) * sizeof *grown);
        f->watches = grown;
        f->watch_count = count;
    }
    if (!f->watches[at]) {
        f->watches[at] = mln_calloc(1, sizeof *f->watches[at]);
        if (f->watches[at]) {
            f->watches[at]->fetcher = f;
        }
    }
    return f->watches[at];
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
    struct mln_fetcher *f = data;
    struct watch *w = watch_of(f, fd);

    (void)easy;
    (void)socket_data;
    if (!w) {
        return -1;
    }
    w->wanted = (short)((what == CURL_POLL_IN || what == CURL_POLL_INOUT ? EV_READ : 0) |
                        (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? EV_WRITE : 0));
    if (w->wanted == w->added || (!w->wanted && w->added == EV_READ && w->is_connection)) {
        return 0;
    }
    if (w->added) {
        (void)event_del(&w->event);
        w->added = 0;
    }
    if (!w->wanted) {
        return 0;
    }
    if (event_assign(&w->event, mln_loop_base(f->loop), fd, (short)(w->wanted | EV_PERSIST),
                     on_event, w) != 0 ||
        event_add(&w->event, NULL) != 0) {
        return -1;
    }
    w->added = w->wanted;
    return 0;
}

static curl_socket_t on_open(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct mln_fetcher *f = data;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    struct watch *w = fd >= 0 ? watch_of(f, fd) : NULL;

    (void)purpose;
    if (w) {
        w->is_connection = true;
    } else if (fd >= 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

static int on_close(void *data, curl_socket_t fd)
{
    struct mln_fetcher *f = data;
    size_t at = (size_t)fd;

    if (at < f->watch_count && f->watches[at]) {
        if (f->watches[at]->added) {
            (void)event_del(&f->watches[at]->event);
        }
        mln_free(f->watches[at]);
        f->watches[at] = NULL;
    }
    return close(fd);
}

static int on_timeout_change(CURLM *multi, long timeout_ms, void *data)
{
    struct mln_fetcher *f = data;

    (void)multi;
    if (timeout_ms < 0) {
        mln_loop_cancel_after(f->loop, &f->timer);
    } else {
        mln_loop_after(f->loop, &f->timer, (int64_t)timeout_ms * 1000);
    }
    return 0;
}

static void on_timer(struct mln_timer *timer)
{
    struct mln_fetcher *f =
        (struct mln_fetcher *)((char *)timer - offsetof(struct mln_fetcher, timer));
    int running;

    (void)curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_finished(f);
}

/* ---- requests ---- */

/* Before each attempt. libcurl would send a request again when a kept connection ends without an
 * answer, though it may have been carried out. */
static int on_attempt(void *data, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
    struct transfer *t = data;

    (void)peer_ip;
    (void)own_ip;
    (void)peer_port;
    (void)own_port;
    if (t->is_last) {
        (void)fail_transfer(t, MLN_ERR_NETWORK, "the connection was closed without an answer");
        return CURL_PREREQFUNC_ABORT;
    }
    t->is_last = !t->may_repeat;
    return CURL_PREREQFUNC_OK;
}

#define SET(option, value) (curl_easy_setopt(t->easy, option, value) == CURLE_OK)

/* What is the same for every transfer. */
static bool set_constant_options(struct transfer *t)
{
    struct mln_fetcher *f = t->fetcher;

    return SET(CURLOPT_PRIVATE, (void *)t) && SET(CURLOPT_NOSIGNAL, 1L) &&
           SET(CURLOPT_PROTOCOLS_STR, "http,https") && SET(CURLOPT_PROXY, "") &&
           SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) && SET(CURLOPT_FOLLOWLOCATION, 0L) &&
           SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) && SET(CURLOPT_PATH_AS_IS, 1L) &&
           SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           SET(CURLOPT_MAXAGE_CONN, (long)KEPT_S) &&
           SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(f->options.connect_us / 1000)) &&
           SET(CURLOPT_OPENSOCKETFUNCTION, on_open) && SET(CURLOPT_OPENSOCKETDATA, (void *)f) &&
           SET(CURLOPT_CLOSESOCKETFUNCTION, on_close) && SET(CURLOPT_CLOSESOCKETDATA, (void *)f) &&
           SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, (void *)t) &&
           SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, (void *)t) &&
           SET(CURLOPT_PREREQFUNCTION, on_attempt) && SET(CURLOPT_PREREQDATA, (void *)t) &&
           SET(CURLOPT_ERRORBUFFER, t->why) && mln_fetch_set_security(t->easy, &t->security);
}

static mln_err transfer_new(struct mln_fetcher *f, struct transfer **ret)
{
    struct transfer *t = mln_calloc(1, sizeof *t);

    MLN_REQUIRE(t, NO_MEMORY);
    t->fetcher = f;
    t->security.tls = f->options.tls;
    t->security.has_one_peer = f->options.has_one_peer;
    t->arena = mln_arena_new(TRANSFER_BYTES + f->options.max_header_bytes * 2 +
                             f->options.max_body_bytes * 3);
    t->easy = curl_easy_init();
    if (!t->arena || !t->easy || !set_constant_options(t)) {
        transfer_free(t);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = t;
    return MLN_OK;
}

static mln_err take_transfer(struct mln_fetcher *f, struct transfer **ret)
{
    struct transfer *t = f->idle;

    if (!t) {
        return transfer_new(f, ret);
    }
    f->idle = t->next;
    f->idle_count--;
    *ret = t;
    return MLN_OK;
}

/* One node of libcurl's header list, in the arena. */
static mln_err add_line(struct transfer *t, struct mln_slice name, struct mln_slice value,
                        struct curl_slist **head)
{
    struct curl_slist *node = mln_arena_alloc(t->arena, sizeof *node);
    char *line = mln_arena_alloc(t->arena, name.len + value.len + 3);

    MLN_REQUIRE(node && line, NO_MEMORY);
    memcpy(line, name.ptr, name.len);
    /* libcurl leaves out "Name:" and sends an empty field for "Name;" */
    line[name.len] = value.len ? ':' : ';';
    line[name.len + 1] = ' ';
    if (value.len) {
        memcpy(line + name.len + 2, value.ptr, value.len);
    }
    line[value.len ? name.len + 2 + value.len : name.len + 1] = '\0';
    *node = (struct curl_slist){ .data = line, .next = *head };
    *head = node;
    return MLN_OK;
}

static mln_err set_fields(struct transfer *t, const struct mln_fetch_request *request)
{
    static char no_accept[] = "Accept:";
    static char no_expect[] = "Expect:";
    static char no_type[] = "Content-Type:";
    struct curl_slist *head = NULL;
    bool has_accept = false;
    bool has_type = false;
    struct curl_slist *defaults = mln_arena_alloc(t->arena, 3 * sizeof *defaults);

    MLN_REQUIRE(defaults, NO_MEMORY);
    for (size_t i = request->field_count; i > 0; i--) {
        const struct mln_field *field = &request->fields[i - 1];

        MLN_REQUIRE(mln_field_is_token(field->name) && mln_field_is_value(field->value),
                    PARAM_INVALID);
        has_accept = has_accept || mln_field_is(field->name, MLN_S("Accept"));
        has_type = has_type || mln_field_is(field->name, MLN_S("Content-Type"));
        MLN_TRY(add_line(t, field->name, field->value, &head));
    }
    /* libcurl's own fields of these names stay away */
    defaults[0] = (struct curl_slist){ .data = no_expect, .next = head };
    head = &defaults[0];
    if (!has_accept) {
        defaults[1] = (struct curl_slist){ .data = no_accept, .next = head };
        head = &defaults[1];
    }
    if (!has_type) {
        defaults[2] = (struct curl_slist){ .data = no_type, .next = head };
        head = &defaults[2];
    }
    MLN_REQUIRE(SET(CURLOPT_HTTPHEADER, head), NO_MEMORY);
    return MLN_OK;
}

static mln_err set_body(struct transfer *t, const struct mln_fetch_request *request)
{
    struct mln_slice body = { 0 };

    if (!request->has_body) {
        MLN_REQUIRE(SET(CURLOPT_POSTFIELDS, NULL) && SET(CURLOPT_HTTPGET, 1L), NO_MEMORY);
        return MLN_OK;
    }
    MLN_REQUIRE(mln_arena_dup(t->arena, request->body, &body), NO_MEMORY);
    MLN_REQUIRE(SET(CURLOPT_POST, 1L) && SET(CURLOPT_POSTFIELDS, body.ptr) &&
                    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len),
                NO_MEMORY);
    return MLN_OK;
}

static mln_err set_up(struct transfer *t, const struct mln_fetch_request *request)
{
    char *url = mln_arena_zdup(t->arena, request->url);
    char *method = mln_arena_zdup(t->arena, request->method);
    long timeout_ms = (long)(request->timeout_us / 1000);

    MLN_REQUIRE(url && method, NO_MEMORY);
    MLN_REQUIRE(mln_field_is_token(request->method), PARAM_INVALID);
    MLN_TRY(set_fields(t, request));
    MLN_TRY(set_body(t, request));
    MLN_TRY(mln_fetch_aim(t->easy, request, t->arena, &t->security));
    MLN_REQUIRE(SET(CURLOPT_URL, url) && SET(CURLOPT_CUSTOMREQUEST, method) &&
                    SET(CURLOPT_TIMEOUT_MS, timeout_ms > 0 ? timeout_ms : 1L),
                NO_MEMORY);
    mln_buf_init(&t->body, t->arena, t->fetcher->options.max_body_bytes);
    t->field_count = 0;
    t->header_bytes = 0;
    t->may_repeat = request->may_repeat || mln_slice_eq(request->method, MLN_S("GET"));
    t->is_last = false;
    t->failed = MLN_ERR_NONE;
    t->why[0] = '\0';
    return MLN_OK;
}

#undef SET

static bool has_scheme(struct mln_slice url, struct mln_slice scheme)
{
    return url.len > scheme.len && mln_field_is(mln_slice_head(url, scheme.len), scheme);
}

bool mln_fetch_can(struct mln_slice url)
{
    return has_scheme(url, MLN_S("http://")) || has_scheme(url, MLN_S("https://"));
}

static bool is_clean_url(struct mln_slice url)
{
    for (size_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.ptr[i];

        if (c <= ' ' || c >= 0x7f) {
            return false;
        }
    }
    return mln_fetch_can(url);
}

mln_err mln_fetch(struct mln_fetcher *fetcher, const struct mln_fetch_request *request,
                  mln_fetch_done *done, void *data)
{
    struct transfer *t = NULL;
    mln_err err;

    MLN_REQUIRE(is_clean_url(request->url), NETWORK);
    MLN_REQUIRE(fetcher->active_count < fetcher->options.max_transfers && !fetcher->is_ending,
                OVERLOAD);
    MLN_TRY(take_transfer(fetcher, &t));
    err = set_up(t, request);
    if (!mln_failed(err) && curl_multi_add_handle(fetcher->multi, t->easy) != CURLM_OK) {
        err = MLN_ERROR(NO_MEMORY);
    }
    if (mln_failed(err)) {
        recycle(t);
        return err;
    }
    t->done = done;
    t->data = data;
    t->prev = NULL;
    t->next = fetcher->active;
    if (t->next) {
        t->next->prev = t;
    }
    fetcher->active = t;
    fetcher->active_count++;
    return MLN_OK;
}

/* ---- life ---- */

static void set_up_library(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool set_up_multi(struct mln_fetcher *f)
{
    CURLM *m = f->multi;

    return curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_SOCKETDATA, f) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timeout_change) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_TIMERDATA, f) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)OPEN_CONNECTIONS) ==
               CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_MAX_HOST_CONNECTIONS, (long)f->options.max_per_host) ==
               CURLM_OK;
}

mln_err mln_fetcher_new(struct mln_loop *loop, const struct mln_fetch_options *options,
                        struct mln_fetcher **ret)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct mln_fetcher *f;

    (void)pthread_once(&once, set_up_library);
    f = mln_calloc(1, sizeof *f);
    MLN_REQUIRE(f, NO_MEMORY);
    f->loop = loop;
    f->options = *options;
    f->timer.fire = on_timer;
    f->multi = curl_multi_init();
    if (!f->multi || !set_up_multi(f)) {
        mln_fetcher_free(f);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = f;
    return MLN_OK;
}

void mln_fetcher_free(struct mln_fetcher *fetcher)
{
    if (!fetcher) {
        return;
    }
    fetcher->is_ending = true;
    while (fetcher->active) {
        finish(fetcher->active, CURLE_ABORTED_BY_CALLBACK);
    }
    while (fetcher->idle) {
        struct transfer *t = fetcher->idle;

        fetcher->idle = t->next;
        transfer_free(t);
    }
    if (fetcher->multi) {
        (void)curl_multi_cleanup(fetcher->multi); /* closes the connections: on_close */
    }
    mln_loop_cancel_after(fetcher->loop, &fetcher->timer);
    for (size_t i = 0; i < fetcher->watch_count; i++) {
        if (fetcher->watches[i] && fetcher->watches[i]->added) {
            (void)event_del(&fetcher->watches[i]->event);
        }
        mln_free(fetcher->watches[i]);
    }
    mln_free(fetcher->watches);
    mln_free(fetcher);
}
