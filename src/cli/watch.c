/* `merlon watch`: subscribes with a receiver of its own and prints what comes. */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "base/num.h"
#include "base/timestamp.h"
#include "cli/session.h"

enum {
    EXPIRE_DEFAULT = 3600,
    EXPIRE_MAX = 365 * 86400,
    NAME_SIZE = 32,
    LIST_SIZE = 256,
    URL_SIZE = 8192,
    NOTICE_MS = 500, /* for the CSE to tell that the subscription has gone */
};

struct watch {
    const char *address;     /* without its scheme; NULL: chosen */
    bool is_secured;         /* the receiver listens under TLS */
    bool may_be_read;        /* said by name that it may receive in plain text */
    const char *certificate; /* of the receiver; NULL: the client's */
    const char *key;
    const char *callback_url;
    const char *name;
    char events[LIST_SIZE]; /* "1,3" */
    const char *content;    /* notificationContentType */
    uint64_t count;         /* notifications to wait for, 0 for any number */
    uint64_t expire_s;      /* 0: never */
    struct mln_session *session;
    const char *url;          /* that the CSE sends to */
    const char *urls;         /* the same as a JSON array */
    const char *subscription; /* its address */
    uint64_t seen;
    bool is_gone; /* the CSE has deleted the subscription */
};

/* ---- options ---- */

static const struct mln_option *options(size_t *ret_count)
{
    static const struct mln_option rows[] = {
        { "listen", 'l', "[https://]ADDR:PORT", NULL,
          "Where to receive; by default a free port at the address from which the CSE is reached. "
          "With https:// under TLS, and from the CSE alone",
          false },
        { "insecure-listen", 0, "ADDR:PORT", NULL,
          "The same in plain text, beyond loopback, although the CSE is reached under TLS", false },
        { "listen-certificate", 0, "FILE", NULL,
          "Certificate (PEM) of a receiver under TLS, which names the host that the CSE sends to; "
          "without it that of --certificate",
          false },
        { "listen-key", 0, "FILE", NULL, "Its private key (PEM)", false },
        { "callback-url", 0, "URL", NULL,
          "Under which the CSE reaches the receiver, when a gateway stands in between; the path of "
          "the receiver is added",
          false },
        { "events", 'e', "LIST", "all",
          "Of update, delete, child-created, child-deleted, and numbers of further event types",
          false },
        { "content", 0, "all|modified|id", "all", "What notifications hold of the resource",
          false },
        { "count", 'n', "N", NULL, "End after so many notifications; 0 for no end", false },
        { "name", 0, "NAME", NULL, "Resource name of the subscription", false },
        { "expire", 0, "SECONDS", "3600",
          "Life of the subscription, renewed while watching; 0 lets the CSE choose", false },
    };

    *ret_count = sizeof rows / sizeof *rows;
    return rows;
}

/* Number of an event type by its name here, or NULL. spec: TS-0004 6.3.4.2.19 */
static const char *event_number(struct mln_slice word)
{
    static const struct {
        struct mln_slice name;
        const char *number;
    } rows[] = {
        { { "update", 6 }, "1" },         { { "delete", 6 }, "2" },
        { { "child-created", 13 }, "3" }, { { "child-deleted", 13 }, "4" },
        { { "all", 3 }, "1,2,3,4" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (mln_slice_eq(rows[i].name, word)) {
            return rows[i].number;
        }
    }
    return NULL;
}

static mln_err set_events(struct watch *w, const char *list, struct mln_fault *fault)
{
    struct mln_slice rest = mln_slice_z(list);
    size_t len = 0;

    while (rest.ptr) {
        struct mln_slice word = mln_slice_trim(mln_slice_cut(&rest, ','));
        const char *number = event_number(word);
        uint64_t given;

        if (!number && !mln_num_u64(word, &given)) {
            mln_fault_set(fault,
                          "no event type '%.*s': use update, delete, child-created, "
                          "child-deleted, all, or a number",
                          MLN_S_ARG(word));
            MLN_FAIL(CONFIG);
        }
        if (number) {
            word = mln_slice_z(number);
        }
        MLN_REQUIRE(len + word.len + 2 < sizeof w->events, CONFIG);
        if (len) {
            w->events[len++] = ',';
        }
        memcpy(w->events + len, word.ptr, word.len);
        len += word.len;
        w->events[len] = '\0';
    }
    return MLN_OK;
}

/* spec: TS-0004 6.3.4.2.22 */
static mln_err set_content(struct watch *w, const char *word, struct mln_fault *fault)
{
    static const struct {
        const char *word;
        const char *number;
    } rows[] = { { "all", "1" }, { "modified", "2" }, { "id", "3" } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].word, word) == 0) {
            w->content = rows[i].number;
            return MLN_OK;
        }
    }
    mln_fault_set(fault, "content: '%s' is none of all, modified, id", word);
    MLN_FAIL(CONFIG);
}

static mln_err set_number(const char *name, const char *value, uint64_t max, uint64_t *ret,
                          struct mln_fault *fault)
{
    uint64_t n;

    if (!mln_num_u64(mln_slice_z(value), &n) || n > max) {
        mln_fault_set(fault, "%s: '%s' is no number up to %llu", name, value,
                      (unsigned long long)max);
        MLN_FAIL(CONFIG);
    }
    *ret = n;
    return MLN_OK;
}

/* "https://host:port", "http://host:port" or "host:port" */
static void set_listen(struct watch *w, const char *value)
{
    const char *const schemes[] = { "http://", "https://" };

    w->may_be_read = false;
    w->is_secured = false;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (strncmp(value, schemes[i], strlen(schemes[i])) == 0) {
            value += strlen(schemes[i]);
            w->is_secured = i == 1;
        }
    }
    w->address = value;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct watch *w = data;

    if (strcmp(option->name, "listen") == 0) {
        set_listen(w, value);
    } else if (strcmp(option->name, "insecure-listen") == 0) {
        w->address = value;
        w->is_secured = false;
        w->may_be_read = true;
    } else if (strcmp(option->name, "listen-certificate") == 0) {
        w->certificate = value;
    } else if (strcmp(option->name, "listen-key") == 0) {
        w->key = value;
    } else if (strcmp(option->name, "callback-url") == 0) {
        w->callback_url = value;
    } else if (strcmp(option->name, "events") == 0) {
        return set_events(w, value, fault);
    } else if (strcmp(option->name, "content") == 0) {
        return set_content(w, value, fault);
    } else if (strcmp(option->name, "count") == 0) {
        return set_number(option->name, value, UINT32_MAX, &w->count, fault);
    } else if (strcmp(option->name, "name") == 0) {
        w->name = value;
    } else {
        return set_number(option->name, value, EXPIRE_MAX, &w->expire_s, fault);
    }
    return MLN_OK;
}

/* ---- signals ---- */

static _Atomic(struct merlon_client *) interrupted_client;

static void on_signal(int number)
{
    struct merlon_client *client = atomic_load(&interrupted_client);

    (void)number;
    if (client) {
        merlon_client_stop(client);
    }
}

/* The first signal ends the watch in order; a second one the process. */
static void handle_signals(struct merlon_client *client)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

    atomic_store(&interrupted_client, client);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* ---- notifications ---- */

static const char *event_name(int event)
{
    static const char *const names[] = {
        [1] = "update",
        [2] = "delete",
        [3] = "child-created",
        [4] = "child-deleted",
    };

    return event > 0 && event < (int)(sizeof names / sizeof *names) ? names[event] : "event";
}

/* What every resource has and nobody watches for. */
static bool is_noise(const char *name)
{
    static const char *const names[] = { "ty", "ri", "pi", "ct", "lt", "et", "rn", "st", "cs" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void print_attributes(const struct merlon_json *resource)
{
    for (const struct merlon_json *v = merlon_json_first(resource); v; v = merlon_json_next(v)) {
        char *text = is_noise(merlon_json_name(v)) ? NULL : merlon_json_write(v, false);

        if (text) {
            (void)putchar(' ');
            mln_cli_print_text(stdout, merlon_json_name(v));
            (void)putchar('=');
            mln_cli_print_text(stdout, text);
        }
        merlon_free(text);
    }
}

/* "child-created m2m:cin 4-1f… con="21.5"" */
static void print_line(const struct merlon_notification *n)
{
    const struct merlon_json *resource = merlon_json_first(merlon_notification_representation(n));
    const char *name = merlon_json_text(merlon_json_member(resource, "rn"));
    int event = merlon_notification_event(n);

    name = name ? name : merlon_json_text(merlon_json_member(resource, "ri"));
    (void)printf("%s", event_name(event));
    if (strcmp(event_name(event), "event") == 0) {
        (void)printf(" %d", event);
    }
    if (resource) {
        (void)putchar(' ');
        mln_cli_print_text(stdout, merlon_json_name(resource));
        (void)putchar(' ');
        mln_cli_print_text(stdout, name ? name : merlon_json_text(resource));
        print_attributes(resource);
    }
    (void)putchar('\n');
}

static int on_notified(void *data, const struct merlon_notification *notification)
{
    struct watch *w = data;
    struct mln_session *s = w->session;
    bool is_over;

    if (merlon_notification_is_deletion(notification)) {
        w->is_gone = true;
        merlon_client_stop(s->client);
        return 0;
    }
    if (w->count && w->seen >= w->count) {
        return 0; /* comes while the subscription is being deleted */
    }
    if (s->format == MLN_CLI_FORMAT_DEFAULT) {
        print_line(notification);
    } else {
        (void)mln_session_print_json(s, merlon_notification_json(notification));
    }
    w->seen++;
    is_over = w->count && w->seen >= w->count;
    if (fflush(stdout) != 0 || ferror(stdout) || is_over) {
        merlon_client_stop(s->client);
    }
    return 0;
}

/* ---- the subscription ---- */

/* spec: TS-0004 6.3.3: now and the time to live, as m2m:timestamp */
static void expiration(const struct watch *w, char out[static MLN_TIMESTAMP_SIZE + 1])
{
    int64_t us = mln_env_now_us(mln_env_system()) + (int64_t)w->expire_s * MLN_US_PER_S;

    mln_timestamp_format(out, us + MLN_US_PER_S - 1);
    out[15] = '\0'; /* whole seconds will do, and the next one: it must not end early */
}

/* Where the CSE sends to: our URL, or our path behind that of a gateway. */
static mln_err set_targets(struct watch *w, const struct merlon_receiver *receiver)
{
    struct mln_slice url = mln_slice_z(w->callback_url);
    struct mln_slice text = { 0 };
    struct mln_buf out;

    while (url.len && url.ptr[url.len - 1] == '/') {
        url.len--;
    }
    mln_buf_init(&out, w->session->arena, URL_SIZE);
    mln_buf_add(&out, url.len ? url : mln_slice_z(merlon_receiver_url(receiver)));
    mln_buf_add(&out, mln_slice_z(url.len ? merlon_receiver_path(receiver) : ""));
    mln_buf_byte(&out, '\0');
    MLN_TRY(mln_buf_finish(&out, &text));
    w->url = text.ptr;
    mln_buf_init(&out, w->session->arena, URL_SIZE);
    mln_buf_printf(&out, "[\"%s\"]", w->url); /* one URL, commas and all */
    mln_buf_byte(&out, '\0');
    MLN_TRY(mln_buf_finish(&out, &text));
    w->urls = text.ptr;
    return MLN_OK;
}

/* One attribute after the other until one fails. */
static enum merlon_status fill(const struct watch *w, struct merlon_content *content,
                               struct merlon_error *error)
{
    char criteria[LIST_SIZE + 16];
    char expires[MLN_TIMESTAMP_SIZE + 1];
    const struct {
        const char *name;
        const char *value;
    } rows[] = {
        { "rn", w->name },
        { "nu", w->urls },
        { "su", w->url }, /* is told when the subscription is deleted */
        { "enc", criteria },
        { "nct", w->content },
        { "et", w->expire_s ? expires : NULL },
    };
    enum merlon_status status = MERLON_OK;

    (void)snprintf(criteria, sizeof criteria, "{\"net\":[%s]}", w->events);
    expiration(w, expires);
    for (size_t i = 0; i < sizeof rows / sizeof *rows && status == MERLON_OK; i++) {
        if (rows[i].value) {
            status = merlon_content_set(content, rows[i].name, rows[i].value, error);
        }
    }
    return status;
}

/* Its address: what the CSE tells, or where it must stand. */
static mln_err remember(struct watch *w, const struct merlon_response *response)
{
    const char *address = merlon_response_address(response);
    struct mln_slice text = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, w->session->arena, 16384);
    if (address) {
        mln_buf_printf(&out, "%s", address);
    } else {
        mln_buf_printf(&out, "%s/%s", w->session->target, w->name);
    }
    mln_buf_byte(&out, '\0');
    MLN_TRY(mln_buf_finish(&out, &text));
    w->subscription = text.ptr;
    return MLN_OK;
}

static int subscribe(struct watch *w, const struct merlon_receiver *receiver)
{
    struct mln_session *s = w->session;
    struct merlon_response *response = NULL;
    struct merlon_error error = { .text = "out of memory" };
    struct merlon_content *content = merlon_content_new("sub", &error);
    mln_err err = content ? set_targets(w, receiver) : MLN_ERROR(NO_MEMORY);
    enum merlon_status status = mln_failed(err) ? MERLON_NO_MEMORY : MERLON_OK;

    error.status = status;
    if (status == MERLON_OK) {
        status = fill(w, content, &error);
    }
    if (status == MERLON_OK) {
        status = merlon_create(s->client, s->target, content, &response, &error);
    }
    merlon_content_free(content);
    if (status != MERLON_OK) {
        return mln_session_fail(s, &error);
    }
    err = remember(w, response);
    merlon_response_free(response);
    return mln_failed(err) ? MLN_CLI_FAILED : MLN_CLI_OK;
}

/* A later end for the subscription. */
static enum merlon_status renew(const struct watch *w, struct merlon_error *error)
{
    struct merlon_content *content = merlon_content_new("sub", error);
    char expires[MLN_TIMESTAMP_SIZE + 1];
    enum merlon_status status;

    if (!content) {
        return error->status;
    }
    expiration(w, expires);
    status = merlon_content_set(content, "et", expires, error);
    if (status == MERLON_OK) {
        status = merlon_update(w->session->client, w->subscription, content, NULL, error);
    }
    merlon_content_free(content);
    return status;
}

/* ---- watching ---- */

static int wait_for_end(struct watch *w)
{
    int64_t pause_ms = w->expire_s ? (int64_t)w->expire_s * 500 : -1;
    struct merlon_error error;
    enum merlon_status status;

    do {
        status = merlon_client_run(w->session->client, pause_ms, &error);
        if (status == MERLON_TIMEOUT) {
            status = renew(w, &error) == MERLON_OK ? MERLON_TIMEOUT : error.status;
        }
    } while (status == MERLON_TIMEOUT);
    return status == MERLON_OK ? MLN_CLI_OK : mln_session_fail(w->session, &error);
}

/* The CSE tells the end of the subscription to its subscriberURI, which is ours: without an answer
 * it would try again for long. One that does not tell costs a moment. */
static void await_notice(const struct watch *w)
{
    enum merlon_status status = MERLON_OK;

    if (!w->is_gone) {
        status = merlon_client_run(w->session->client, NOTICE_MS, NULL);
    }
    (void)status; /* TIMEOUT is as good */
}

static int watch_target(struct watch *w, const struct merlon_receiver *receiver)
{
    struct mln_session *s = w->session;
    struct merlon_error error;
    int code = subscribe(w, receiver);

    if (code != MLN_CLI_OK) {
        return code;
    }
    mln_cli_say("watching %s at %s", s->target, merlon_receiver_url(receiver));
    code = wait_for_end(w);
    if (w->is_gone) {
        mln_cli_say("the CSE has deleted the subscription");
        return MLN_CLI_FAILED;
    }
    if (merlon_delete(s->client, w->subscription, NULL, &error) != MERLON_OK) {
        mln_cli_say("the subscription %s is left behind", w->subscription);
        return mln_session_fail(s, &error);
    }
    await_notice(w);
    return code == MLN_CLI_OK ? mln_cli_finish_output() : code;
}

/* A name that no other watch has. */
static mln_err choose_name(struct watch *w)
{
    uint64_t number = 0;
    char *name = mln_arena_alloc(w->session->arena, NAME_SIZE);

    MLN_REQUIRE(name, NO_MEMORY);
    MLN_TRY(mln_env_random(mln_env_system(), &number, sizeof number));
    (void)snprintf(name, NAME_SIZE, "watch-%016llx", (unsigned long long)number);
    w->name = name;
    return MLN_OK;
}

/* ---- the receiver ---- */

static struct merlon_receiver *open_receiver(struct watch *w, struct merlon_error *error)
{
    const struct merlon_credential *own = &w->session->settings.credential;
    struct merlon_credential credential = {
        .anchor_file = own->anchor_file,
        .certificate_file = w->certificate ? w->certificate : own->certificate_file,
        .key_file = w->certificate || w->key ? w->key : own->key_file,
        .cse_id = own->cse_id,
        .in_cse_id = own->in_cse_id,
    };

    return merlon_receiver_new_secured(w->session->client, w->address,
                                       w->is_secured ? &credential : NULL, on_notified, w, error);
}

static bool begins(const char *url, const char *how)
{
    return strncasecmp(url, how, strlen(how)) == 0;
}

/* Under TLS, or not beyond this machine. */
static bool is_private(const char *url)
{
    return begins(url, "https:") || begins(url, "http://127.") || begins(url, "http://[::1]");
}

/* What the CSE keeps from others under TLS is not sent in the open unless that is wanted. */
static bool is_kept_private(const struct watch *w, const struct merlon_receiver *receiver)
{
    return w->may_be_read || !begins(w->session->settings.url, "https:") ||
           (is_private(merlon_receiver_url(receiver)) &&
            (!w->callback_url || is_private(w->callback_url)));
}

static int watch_with(struct watch *w, const struct merlon_receiver *receiver)
{
    if (is_kept_private(w, receiver)) {
        return watch_target(w, receiver);
    }
    return mln_session_misuse(w->session,
                              "the CSE is reached under TLS, and its notifications would come in "
                              "plain text: receive them under TLS with --listen "
                              "https://ADDR:PORT, or say --insecure-listen ADDR:PORT");
}

static int work(struct watch *w)
{
    struct mln_session *s = w->session;
    struct merlon_receiver *receiver;
    struct merlon_error error;
    int code;

    if (!s->target || s->operand_count) {
        return s->target ? mln_session_misuse(s, "'%s' is one operand too many", s->operands[0])
                         : mln_session_misuse(s, "a target is missing");
    }
    if (s->settings.esprim) {
        return mln_session_misuse(s, "notifications come in the clear, and --esprim would hide "
                                     "the subscription only; --esprim '' goes without");
    }
    if (!w->name && mln_failed(choose_name(w))) {
        mln_cli_say("no random numbers");
        return MLN_CLI_FAILED;
    }
    if ((w->certificate || w->key) && !w->is_secured) {
        return mln_session_misuse(s, "a certificate to listen with goes with --listen "
                                     "https://ADDR:PORT");
    }
    mln_log_setup(MLN_LOG_INFO, false); /* who was not let in */
    handle_signals(s->client);
    receiver = open_receiver(w, &error);
    if (!receiver) {
        return mln_session_fail(s, &error);
    }
    code = watch_with(w, receiver);
    merlon_receiver_free(receiver);
    return code;
}

static int run(int argc, char **argv)
{
    struct watch w = { .events = "1,2,3,4", .content = "1", .expire_s = EXPIRE_DEFAULT };
    struct mln_session s = { .command = &mln_cli_watch, .set = set, .data = &w };
    int code;

    w.session = &s;
    if (mln_session_begin(&s, argc, argv, &code)) {
        code = work(&w);
    }
    atomic_store(&interrupted_client, NULL);
    mln_session_end(&s);
    return code;
}

const struct mln_command mln_cli_watch = {
    .name = "watch",
    .summary = "Print what happens to a resource",
    .synopsis = "TARGET",
    .text = "Subscribes to TARGET with a receiver of its own, prints each notification as it "
            "comes, and removes the subscription at the end: on Ctrl-C, on SIGTERM, after --count "
            "notifications, or when nobody reads any more.\n\n"
            "Each line tells the event, the type and name of the resource, and its attributes "
            "other than those that every resource has. With --format json each line is the "
            "notification as JSON.\n\n"
            "The CSE must be able to reach the receiver. In plain text it takes whatever comes to "
            "its URL, the path of which cannot be guessed: that is for networks that nobody else "
            "can read. With --listen https://… it takes what the CSE sends under TLS, after both "
            "have shown their certificates: see --anchor, --cse-id, --listen-certificate. A CSE "
            "that is reached under TLS is not made to send in plain text beyond loopback, unless "
            "--insecure-listen says so.",
    .examples = "merlon watch cse-in/thermo/readings\n"
                "# the next reading, as JSON\n"
                "merlon watch cse-in/thermo/readings -e child-created -n 1 -f json\n"
                "# under TLS\n"
                "merlon watch cse-in/thermo --listen https://panel.example:4000 "
                "--listen-certificate panel.pem --listen-key panel.key\n"
                "# behind a gateway\n"
                "merlon watch cse-in/thermo --listen 0.0.0.0:4000 --callback-url "
                "http://gateway.example:9000",
    .options = options,
    .is_client = true,
    .run = run,
};
