/* Putting a node together and taking it apart. */
#include "server/node.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/serialisation.h"
#include "io/strikes.h"
#include "model/special.h"
#include "server/audit.h"
#include "server/check.h"
#include "server/definitions.h"
#include "server/endpoint.h"
#include "server/exit.h"
#include "server/issuers.h"
#include "server/locations.h"
#include "server/privileges.h"
#include "server/statistics.h"
#include "server/tables.h"
#include "server/tls.h"
#include "store/guard.h"

/* Files beside the connections of clients: store, loops, connections to receivers. */
enum { OTHER_FILES = 1024, SERIALISATIONS_MAX = 8 };

/* A port on one loop. */
struct serving {
    struct thread *thread;
    struct mln_bind *bind;
    struct mln_task stopped;
};

/* What the threads do. */
enum {
    DUTIES,     /* the first */
    LONG_READS, /* the second */
    SERVING,    /* from here on */
};

/* One thread with its loop. */
struct thread {
    struct mln_node *node;
    pthread_t id;
    bool is_started;
    struct mln_loop *loop;
    struct mln_outbound outbound;
    const struct mln_binding_ops *outbound_of;
    struct mln_worker *worker;
    struct serving serving[MLN_LISTENERS_MAX];
    size_t serving_count;
    size_t still_serving;      /* while stopping */
    struct mln_duties *duties; /* of the thread that does them */
    struct mln_task rest;      /* ends them */
    struct mln_task stop;
    struct mln_task left; /* the duties have nothing more to say */
    struct mln_task last; /* ends the loop after everything posted before */
};

struct mln_node {
    const struct mln_settings *settings;
    struct mln_gate gate;
    struct mln_bind_port *ports[MLN_LISTENERS_MAX];
    bool is_trusted[MLN_LISTENERS_MAX];
    struct mln_server_tls *tls;
    struct mln_strikes *strikes;
    size_t port_count;
    struct mln_line_file *audit; /* or NULL, as the next */
    struct mln_line_file *statistics;
    struct mln_slice names[MLN_LISTENERS_MAX + 1]; /* of this machine */
    size_t name_count;
    char host_name[HOST_NAME_MAX + 1];
    struct mln_store *store;
    struct mln_locations *locations;     /* or NULL */
    struct mln_definitions *definitions; /* or NULL */
    struct mln_endpoint *endpoint;
    struct mln_registrar registrar;
    struct mln_domain_setting peers[MLN_DOMAINS_MAX];
    struct mln_cse *_Atomic cse;
    struct thread *threads;
    size_t thread_count;
};

/* ---- listeners ---- */

static mln_err open_port(struct mln_node *n, const struct mln_listen_setting *l,
                         struct mln_fault *fault, enum mln_exit *ret_exit)
{
    const struct mln_binding_ops *ops = mln_binding_of(l->scheme);
    bool is_secured = mln_binding_is_secured(l->scheme);
    struct mln_bind_options options = {
        .names = n->names,
        .name_count = n->name_count,
        .loops = n->thread_count - SERVING,
        .limits = &n->settings->limits,
        .gate = &n->gate,
        .tls = is_secured ? mln_server_tls_slot(n->tls) : NULL,
        .strikes = n->strikes,
    };

    *ret_exit = MLN_EXIT_USAGE;
    MLN_TRY(mln_check_listener(l, fault, &options.address, &options.is_trusted));
    *ret_exit = MLN_EXIT_LISTEN;
    MLN_TRY(ops->open(&options, fault, &n->ports[n->port_count]));
    n->is_trusted[n->port_count++] = options.is_trusted;
    return MLN_OK;
}

/* What requests may call this machine: as it calls itself, and as the listeners do. */
static void find_names(struct mln_node *n)
{
    if (gethostname(n->host_name, sizeof n->host_name - 1) == 0 && n->host_name[0]) {
        n->names[n->name_count++] = mln_slice_z(n->host_name);
    }
    for (size_t i = 0; i < n->settings->listen_count; i++) {
        n->names[n->name_count++] = n->settings->listen[i].host;
    }
}

static mln_err open_ports(struct mln_node *n, struct mln_fault *fault, enum mln_exit *ret_exit)
{
    find_names(n);
    for (size_t i = 0; i < n->settings->listen_count; i++) {
        MLN_TRY(open_port(n, &n->settings->listen[i], fault, ret_exit));
    }
    return MLN_OK;
}

static void print_ports(const struct mln_node *n)
{
    for (size_t i = 0; i < n->port_count; i++) {
        char url[MLN_BIND_URL_SIZE];

        n->ports[i]->ops->url(n->ports[i], url);
        (void)printf("listening on %s%s\n", url, n->is_trusted[i] ? " (trusted)" : "");
    }
    (void)fflush(stdout);
}

/* ---- store ---- */

static void committed(void *data)
{
    struct mln_node *n = data;
    struct mln_cse *cse = atomic_load(&n->cse);

    if (cse) {
        mln_cse_committed(cse);
    }
}

static mln_err open_store(struct mln_node *n, struct mln_fault *fault, enum mln_exit *ret_exit)
{
    const struct mln_settings *s = n->settings;
    struct mln_store_options options = {
        .backend = s->store,
        .path = mln_arena_zdup(s->arena, s->data),
        .max_bytes = s->store_max_bytes,
        .max_queued = s->limits.write_queue,
        .batch_done = committed,
        .data = n,
    };
    mln_err err;

    MLN_REQUIRE(options.path, NO_MEMORY);
    if (!options.backend) {
        *ret_exit = MLN_EXIT_USAGE;
        mln_fault_set(fault, "no store is built in");
        MLN_FAIL(CONFIG);
    }
    mln_guard_install(MLN_EXIT_STORE_DAMAGED);
    err = mln_store_open(&options, mln_env_system(), fault, &n->store);
    *ret_exit = mln_exit_of(err);
    return err;
}

/* ---- privileges ---- */

static mln_err own_data(const struct mln_node *n, const struct mln_run_as *as,
                        struct mln_fault *fault)
{
    const char *path = mln_arena_zdup(n->settings->arena, n->settings->data);

    MLN_REQUIRE(path, NO_MEMORY);
    return strcmp(n->settings->store, "mem") == 0 ? MLN_OK : mln_run_as_own(as, path, fault);
}

/* `path` empty: there is none. */
static mln_err open_lines(const struct mln_node *n, const char *name, struct mln_slice path,
                          struct mln_fault *fault, struct mln_line_file **ret)
{
    const struct mln_settings *s = n->settings;
    struct mln_run_as as;
    struct mln_line_place place = { name, mln_arena_zdup(s->arena, path), &as };

    MLN_REQUIRE(place.path, NO_MEMORY);
    if (!path.len) {
        return MLN_OK;
    }
    MLN_TRY(mln_run_as_find(s->user, &as, fault));
    return mln_line_file_open(&place, fault, ret);
}

static mln_err open_files(struct mln_node *n, struct mln_fault *fault, enum mln_exit *ret_exit)
{
    *ret_exit = MLN_EXIT_USAGE;
    MLN_TRY(open_lines(n, "audit", n->settings->audit, fault, &n->audit));
    return open_lines(n, "statistics", n->settings->statistics, fault, &n->statistics);
}

static mln_err give_up_privileges(const struct mln_node *n, struct mln_fault *fault,
                                  enum mln_exit *ret_exit)
{
    struct mln_run_as as;

    *ret_exit = MLN_EXIT_USAGE;
    MLN_TRY(mln_run_as_find(n->settings->user, &as, fault));
    *ret_exit = MLN_EXIT_FAILED;
    MLN_TRY(own_data(n, &as, fault));
    MLN_TRY(mln_run_as_become(&as, fault));
    MLN_TRY(mln_harden(fault));
    return n->settings->has_call_filter ? mln_filter_calls(fault) : MLN_OK;
}

/* ---- the CSE ---- */

/* Points of access: those of the settings, else what is listened on. */
static mln_err points_of_access(struct mln_node *n, struct mln_slice *out, size_t *ret_count)
{
    const struct mln_settings *s = n->settings;

    if (s->poa_count) {
        memcpy(out, s->poa, s->poa_count * sizeof *out);
        *ret_count = s->poa_count;
        return MLN_OK;
    }
    for (size_t i = 0; i < n->port_count; i++) {
        char url[MLN_BIND_URL_SIZE];

        n->ports[i]->ops->url(n->ports[i], url);
        MLN_REQUIRE(mln_arena_dup(s->arena, mln_slice_z(url), &out[i]), NO_MEMORY);
    }
    *ret_count = n->port_count;
    return MLN_OK;
}

static size_t names_of_serialisations(struct mln_slice *out)
{
    const struct mln_serialisation *row;
    size_t count = 0;

    while (count < SERIALISATIONS_MAX && (row = mln_serialisation_at(count)) != NULL) {
        out[count++] = row->name;
    }
    return count;
}

static uint64_t credential_state(void *data, struct mln_slice credential_id)
{
    return mln_credentials_state(data, credential_id);
}

static mln_err make_cse(struct mln_node *n, struct mln_fault *fault, enum mln_exit *ret_exit)
{
    const struct mln_settings *s = n->settings;
    struct mln_slice poa[MLN_LISTENERS_MAX + MLN_POA_MAX];
    struct mln_slice serialisations[SERIALISATIONS_MAX];
    struct mln_cse_options options = {
        .names = { s->sp_id, s->cse_id, s->cse_name },
        .type = s->cse_type,
        .admin = s->admin,
        .poa = poa,
        .serialisations = serialisations,
        .serialisation_count = names_of_serialisations(serialisations),
        .is_release_2 = s->is_release_2,
        .hides_unauthorised = s->hides_unauthorised,
        .verify = s->verify,
        .rechecks_subscribers = s->rechecks_subscribers,
        .unauthenticated = s->unauthenticated,
        .enforces_profile = s->enforces_profile,
        .auditor = mln_audit_auditor(n->audit, s->audits_all),
        .recorder = mln_statistics_recorder(n->statistics),
        .takes_security_info = s->takes_security_info,
        .esprim_to = s->esprim_to,
        .esprim_to_count = s->esprim_to_count,
        .refuses_tokens = !s->has_tokens,
        .token_skew_us = (int64_t)s->token_skew_s * 1000000,
        .role_issuers = s->role_issuers,
        .role_issuer_count = s->role_issuer_count,
        .role_repositories = s->role_repositories,
        .role_repository_count = s->role_repository_count,
        .group_hosts = s->group_hosts,
        .group_host_count = s->group_host_count,
        .registrar = n->registrar,
        .peers = n->peers,
        .peer_count = s->peer_count,
        .credential_state = credential_state,
        .credential_data = mln_server_tls_credentials(n->tls),
        .max_lifetime_us = (int64_t)s->max_lifetime_s * 1000000,
        .locator = mln_locations_locator(n->locations),
        .read_json = mln_json_read,
        .limits = &s->limits,
        .env = mln_env_system(),
        .store = n->store,
    };
    struct mln_cse *cse;
    mln_err err;

    MLN_TRY(points_of_access(n, poa, &options.poa_count));
    MLN_TRY(mln_server_endpoint(s, n->tls, &n->endpoint));
    options.endpoint = n->endpoint;
    err = mln_server_check_partners(s, n->endpoint, fault);
    *ret_exit = mln_exit_of(err);
    MLN_TRY(err);
    err = mln_cse_new(&options, fault, &cse);
    *ret_exit = mln_exit_of(err);
    MLN_TRY(err);
    atomic_store(&n->cse, cse);
    err = mln_issuers_apply(n->tls, cse, fault);
    *ret_exit = mln_exit_of(err);
    return err;
}

/* ---- threads ---- */

static mln_err make_outbound(struct thread *t)
{
    const struct mln_binding_ops *const *all = mln_bindings();

    /* one binding that can send is enough for now: each URL scheme has its own */
    MLN_REQUIRE(all[0] && all[0]->outbound_new, CONFIG);
    t->outbound_of = all[0];
    return all[0]->outbound_new(t->loop, &t->node->settings->limits,
                                mln_server_tls_slot(t->node->tls), &t->outbound);
}

static mln_err make_thread(struct mln_node *n, size_t index)
{
    struct thread *t = &n->threads[index];
    struct mln_worker_ops ops = {
        .post = mln_loop_op_post,
        .at = mln_loop_op_at,
        .after = mln_loop_op_after,
        .cancel = mln_loop_op_cancel,
    };

    t->node = n;
    MLN_TRY(mln_loop_new(&t->loop));
    MLN_TRY(make_outbound(t));
    ops.loop = t->loop;
    ops.outbound = t->outbound;
    MLN_TRY(mln_worker_new(n->cse, &ops, &t->worker));
    if (index == DUTIES) {
        return mln_duties_new(t->worker, &t->duties);
    }
    if (index == LONG_READS) {
        mln_worker_take_long_reads(t->worker);
        return MLN_OK;
    }
    for (size_t i = 0; i < n->port_count; i++) {
        t->serving[i].thread = t;
        MLN_TRY(n->ports[i]->ops->attach(n->ports[i], index - SERVING, t->loop, t->worker,
                                         &t->serving[i].bind));
        t->serving_count++;
    }
    return MLN_OK;
}

static void *run_thread(void *data)
{
    struct thread *t = data;
    mln_err err = mln_loop_run(t->loop);

    if (mln_failed(err)) {
        mln_log(MLN_LOG_ERROR, "server", "an event loop ended: %s", mln_err_text(err));
    }
    return NULL;
}

static mln_err start_threads(struct mln_node *n)
{
    for (size_t i = 0; i < n->thread_count; i++) {
        struct thread *t = &n->threads[i];

        MLN_REQUIRE(pthread_create(&t->id, NULL, run_thread, t) == 0, SYSTEM);
        t->is_started = true;
    }
    return MLN_OK;
}

/* ---- stop ---- */

static struct thread *of_stop(struct mln_task *task)
{
    return (struct thread *)(void *)((char *)task - offsetof(struct thread, stop));
}

static void one_stopped(struct mln_task *task)
{
    struct serving *s =
        (struct serving *)(void *)((char *)task - offsetof(struct serving, stopped));

    if (--s->thread->still_serving == 0) {
        mln_loop_stop(s->thread->loop);
    }
}

static void duties_left(struct mln_task *task)
{
    struct thread *t = (struct thread *)(void *)((char *)task - offsetof(struct thread, left));

    mln_loop_stop(t->loop);
}

/* On the thread: nothing new, what is in progress ends, what waits is told so. */
static void stop_serving(struct mln_task *task)
{
    struct thread *t = of_stop(task);
    int64_t within_us = (int64_t)t->node->settings->stop_ms * 1000;

    mln_worker_stop(t->worker);
    if (t->duties) {
        t->left.run = duties_left;
        mln_duties_leave(t->duties, within_us, &t->left);
        return; /* this thread serves nobody */
    }
    t->still_serving = t->serving_count;
    for (size_t i = 0; i < t->serving_count; i++) {
        struct serving *s = &t->serving[i];

        s->stopped.run = one_stopped;
        s->bind->ops->stop(s->bind, within_us, &s->stopped);
    }
    if (t->serving_count == 0) {
        mln_loop_stop(t->loop);
    }
}

static void stop_threads(struct mln_node *n, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        struct thread *t = &n->threads[i];

        if (t->is_started) {
            t->stop.run = stop_serving;
            mln_loop_post(t->loop, &t->stop);
        }
    }
    for (size_t i = first; i < end; i++) {
        if (n->threads[i].is_started) {
            (void)pthread_join(n->threads[i].id, NULL);
        }
    }
}

static void end_loop(struct mln_task *task)
{
    struct thread *t = (struct thread *)(void *)((char *)task - offsetof(struct thread, last));

    mln_loop_stop(t->loop);
}

/* The store has told the last results by posting: run them here, now that the threads are gone. */
static void run_last_tasks(struct mln_node *n)
{
    for (size_t i = 0; i < n->thread_count; i++) {
        struct thread *t = &n->threads[i];

        if (t->loop) {
            t->last.run = end_loop;
            mln_loop_post(t->loop, &t->last);
            mln_ignore(mln_loop_run(t->loop)); /* nothing can be done about it any more */
        }
    }
}

static void free_thread(struct thread *t)
{
    for (size_t i = 0; i < t->serving_count; i++) {
        t->serving[i].bind->ops->detach(t->serving[i].bind);
    }
    mln_duties_free(t->duties);
    mln_worker_free(t->worker);
    mln_loop_free(t->loop);
}

/* What we have asked of others ends here, and with it the calls that waited for their answer. */
static void end_outbound(struct mln_node *n)
{
    for (size_t i = 0; i < n->thread_count; i++) {
        struct thread *t = &n->threads[i];

        if (t->outbound_of) {
            t->outbound_of->outbound_free(&t->outbound);
        }
    }
}

/* ---- decisions ---- */

static void log_outcomes(const struct mln_node *n)
{
    uint64_t sums[MLN_OUTCOMES] = { 0 };
    char line[512] = "";
    size_t at = 0;

    for (size_t i = 0; i < n->thread_count; i++) {
        if (n->threads[i].worker) {
            mln_worker_outcomes(n->threads[i].worker, sums);
        }
    }
    for (unsigned i = 0; i < MLN_OUTCOMES && at < sizeof line; i++) {
        int len = snprintf(line + at, sizeof line - at, " %s %llu",
                           mln_outcome_name((enum mln_outcome)i), (unsigned long long)sums[i]);

        at += len > 0 ? (size_t)len : 0;
    }
    mln_log(MLN_LOG_INFO, "access", "decisions:%s", line);
}

static void log_lost_lines(const struct mln_line_file *file, const char *name)
{
    if (file && mln_line_file_lost(file)) {
        mln_log(MLN_LOG_WARNING, name, "%llu lines were lost",
                (unsigned long long)mln_line_file_lost(file));
    }
}

/* Rotation: the file of that name anew. */
static void reopen(struct mln_line_file *file, const char *name)
{
    struct mln_fault fault = { 0 };

    log_lost_lines(file, name);
    if (file && mln_failed(mln_line_file_reopen(file, &fault))) {
        mln_log(MLN_LOG_ERROR, name, "%s", fault.text);
    }
}

static void reopen_files(struct mln_node *node)
{
    log_outcomes(node);
    reopen(node->audit, "audit");
    reopen(node->statistics, "statistics");
}

/* The last results of the store go to the loops; its readers are freed with the workers. */
static void free_node(struct mln_node *n)
{
    end_outbound(n);
    mln_store_stop(n->store);
    run_last_tasks(n);
    for (size_t i = 0; i < n->thread_count; i++) {
        free_thread(&n->threads[i]);
    }
    for (size_t i = 0; i < n->port_count; i++) {
        n->ports[i]->ops->close(n->ports[i]);
    }
    mln_store_close(n->store);
    mln_cse_free(n->cse);
    mln_endpoint_free(n->endpoint);
    mln_server_tls_free(n->tls);
    mln_strikes_free(n->strikes);
    mln_locations_free(n->locations);
    mln_special_install(NULL);
    mln_definitions_free(n->definitions);
    mln_line_file_close(n->audit);
    mln_line_file_close(n->statistics);
    mln_free(n->threads);
    mln_free(n);
}

static void stop_duties(struct mln_task *task)
{
    struct thread *t = (struct thread *)(void *)((char *)task - offsetof(struct thread, rest));

    mln_duties_stop(t->duties);
}

/* Who waits on a polling channel is told first: its connection is still served. */
static void end_duties(struct mln_node *n)
{
    struct thread *t = &n->threads[DUTIES];

    if (t->is_started) {
        t->rest.run = stop_duties;
        mln_loop_post(t->loop, &t->rest);
    }
}

static void end_threads(struct mln_node *node)
{
    if (node->thread_count) {
        end_duties(node);
        /* what serves waits for the others */
        stop_threads(node, SERVING, node->thread_count);
        stop_threads(node, 0, SERVING);
    }
}

void mln_node_stop(struct mln_node *node)
{
    end_threads(node);
    log_outcomes(node);
    log_lost_lines(node->audit, "audit");
    log_lost_lines(node->statistics, "statistics");
    free_node(node);
    mln_log(MLN_LOG_INFO, "server", "stopped");
}

/* ---- start ---- */

static size_t thread_count(const struct mln_settings *s)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (s->threads) {
        return (size_t)s->threads + SERVING;
    }
    return (processors < 1 ? 1 : processors > 64 ? 64 : (size_t)processors) + SERVING;
}

/* While the process may still read the files. */
static mln_err open_tls(struct mln_node *n, struct mln_fault *fault, enum mln_exit *ret_exit)
{
    mln_err err = mln_server_tls_new(n->settings, fault, &n->tls);

    *ret_exit = mln_exit_of(err);
    MLN_TRY(err);
    *ret_exit = MLN_EXIT_FAILED;
    return mln_strikes_new(mln_env_system(), n->settings->limits.handshake_failures, &n->strikes);
}

static mln_err start(struct mln_node *n, struct mln_fault *fault, enum mln_exit *ret_exit)
{
    *ret_exit = MLN_EXIT_USAGE;
    MLN_TRY(mln_check_registrar(n->settings, fault, &n->registrar));
    MLN_TRY(mln_check_peers(n->settings, fault, n->peers));
    mln_allow_files(n->settings->limits.connections + OTHER_FILES);
    MLN_TRY(open_tls(n, fault, ret_exit));
    MLN_TRY(open_ports(n, fault, ret_exit));
    *ret_exit = MLN_EXIT_USAGE;
    if (n->settings->locations) {
        MLN_TRY(mln_locations_read(n->settings->locations, &n->locations, fault));
    }
    if (n->settings->flex_definitions) {
        MLN_TRY(mln_server_definitions(n->settings->flex_definitions, &n->settings->limits,
                                       &n->definitions, fault));
        mln_special_install(n->definitions);
    }
    *ret_exit = MLN_EXIT_FAILED;
    MLN_TRY(mln_harden(fault)); /* before the store starts its thread */
    MLN_TRY(open_files(n, fault, ret_exit));
    *ret_exit = MLN_EXIT_FAILED;
    MLN_TRY(open_store(n, fault, ret_exit));
    MLN_TRY(give_up_privileges(n, fault, ret_exit));
    mln_server_tls_warn(n->tls);
    MLN_TRY(make_cse(n, fault, ret_exit));
    *ret_exit = MLN_EXIT_FAILED;
    for (size_t i = 0; i < n->thread_count; i++) {
        MLN_TRY(make_thread(n, i));
    }
    return start_threads(n);
}

static void reload_locations(struct mln_node *node)
{
    struct mln_fault fault = { 0 };
    mln_err err = node->locations ? mln_locations_reload(node->locations, &fault) : MLN_OK;

    if (mln_failed(err)) {
        mln_log(MLN_LOG_ERROR, "server", "locations stay as they were: %s%s%s", mln_err_text(err),
                fault.text[0] ? ": " : "", fault.text);
    } else if (node->locations) {
        mln_log(MLN_LOG_INFO, "server", "locations are reloaded");
    }
}

static bool is_reloaded(const char *what, mln_err err, const struct mln_fault *fault)
{
    if (mln_failed(err)) {
        mln_log(MLN_LOG_ERROR, "server", "%s stay as they were: %s", what,
                mln_exit_text(err, fault));
    }
    return !mln_failed(err);
}

/* One does not wait for the other: a certificate that cannot be read keeps no removed key alive.
 * Issuers come last: they rest on credentials and on revocation lists. */
void mln_node_reload(struct mln_node *node)
{
    static const char *const what[] = { "credentials", "certificates", "issuers of tokens" };
    struct mln_fault faults[sizeof what / sizeof *what] = { 0 };
    mln_err errs[sizeof what / sizeof *what];
    struct mln_fault partners = { 0 };
    bool is_all = true;

    reopen_files(node);
    reload_locations(node);
    errs[0] = mln_credentials_reload(mln_server_tls_credentials(node->tls), &faults[0]);
    errs[1] = mln_server_tls_reload(node->tls, &faults[1]);
    mln_endpoint_renew(node->endpoint);
    errs[2] = mln_issuers_apply(node->tls, node->cse, &faults[2]);
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
        is_all = is_reloaded(what[i], errs[i], &faults[i]) && is_all;
    }
    if (mln_failed(mln_server_check_partners(node->settings, node->endpoint, &partners))) {
        mln_log(MLN_LOG_ERROR, "server", "%s: nothing is sent to it", partners.text);
    }
    if (is_all) {
        mln_log(MLN_LOG_INFO, "server", "certificates and credentials are reloaded");
    } else {
        mln_log(MLN_LOG_ERROR, "server", "not everything is reloaded");
    }
}

mln_err mln_node_start(const struct mln_settings *settings, struct mln_fault *fault,
                       enum mln_exit *ret_exit, struct mln_node **ret)
{
    struct mln_node *n = mln_calloc(1, sizeof *n);
    mln_err err;

    *ret_exit = MLN_EXIT_FAILED;
    MLN_REQUIRE(n, NO_MEMORY);
    n->settings = settings;
    n->gate.max = settings->limits.connections;
    n->thread_count = thread_count(settings);
    n->threads = mln_calloc(n->thread_count, sizeof *n->threads);
    if (!n->threads) {
        n->thread_count = 0;
        free_node(n);
        MLN_FAIL(NO_MEMORY);
    }
    err = start(n, fault, ret_exit);
    if (mln_failed(err)) {
        end_threads(n);
        free_node(n);
        return err;
    }
    print_ports(n);
    *ret = n;
    return MLN_OK;
}
