/* A server of the HTTP binding in front of the stand-in for the CSE, for black-box tests and
 * measurements: http_echo_test PORT [LOOPS [NAME=VALUE]...], the names being those of limits.def.
 * Prints the URL and runs until SIGTERM; then stops as the server does and prints its CPU time. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/num.h"
#include "bind/http/fake_cse_test.h"
#include "bind/http/http.h"

enum { LOOPS_MAX = 16, STOP_US = 3 * 1000 * 1000 };

struct thread {
    pthread_t id;
    struct mln_task stop;
    struct mln_task stopped;
    struct mln_worker worker;
    struct mln_bind *bind;
};

static void must(mln_err err, const struct mln_fault *fault)
{
    if (mln_failed(err)) {
        (void)fprintf(stderr, "%s: %s\n", mln_err_text(err), fault->text);
        exit(1);
    }
}

static void on_stopped(struct mln_task *task)
{
    struct thread *t = (struct thread *)((char *)task - offsetof(struct thread, stopped));

    mln_fake_release(&t->worker);
    mln_loop_stop(t->worker.loop);
}

static void on_stop(struct mln_task *task)
{
    struct thread *t = (struct thread *)((char *)task - offsetof(struct thread, stop));

    mln_http_binding.stop(t->bind, STOP_US, &t->stopped);
}

static void *run_loop(void *data)
{
    struct thread *t = data;

    mln_ignore(mln_loop_run(t->worker.loop));
    mln_http_binding.detach(t->bind);
    mln_loop_free(t->worker.loop);
    return NULL;
}

static void set_limit(struct mln_limits *limits, const char *setting)
{
    struct mln_slice value = mln_slice_z(setting);
    struct mln_slice name = mln_slice_cut(&value, '=');
    size_t count = 0;
    const struct mln_limit_row *rows = mln_limit_rows(&count);
    uint64_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (mln_slice_eq(mln_slice_z(rows[i].name), name) && mln_num_u64(value, &n)) {
            memcpy((char *)limits + rows[i].offset, &n, sizeof n);
            return;
        }
    }
    (void)fprintf(stderr, "not a limit: %s\n", setting);
    exit(2);
}

static void serve(struct mln_bind_port *port, struct thread *threads, size_t loops)
{
    struct mln_fault fault = { 0 };
    sigset_t set;
    int received = 0;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    for (size_t i = 0; i < loops; i++) {
        struct thread *t = &threads[i];

        t->stop.run = on_stop;
        t->stopped.run = on_stopped;
        must(mln_loop_new(&t->worker.loop), &fault);
        must(mln_http_binding.attach(port, i, t->worker.loop, &t->worker, &t->bind), &fault);
        (void)pthread_create(&t->id, NULL, run_loop, t);
    }
    (void)sigwait(&set, &received);
    for (size_t i = 0; i < loops; i++) {
        mln_loop_post(threads[i].worker.loop, &threads[i].stop);
    }
    for (size_t i = 0; i < loops; i++) {
        (void)pthread_join(threads[i].id, NULL);
    }
}

int main(int argc, char **argv)
{
    static struct thread threads[LOOPS_MAX];
    static struct mln_gate gate;
    struct mln_limits limits;
    struct mln_fault fault = { 0 };
    struct mln_bind_options options = { .loops = 1, .limits = &limits, .gate = &gate };
    struct mln_bind_port *port = NULL;
    struct rusage usage;
    uint64_t n = 0;
    char url[MLN_BIND_URL_SIZE];

    mln_limits_default(&limits);
    for (int i = 3; i < argc; i++) {
        set_limit(&limits, argv[i]);
    }
    gate.max = limits.connections;
    if (argc < 2 || !mln_num_u64(mln_slice_z(argv[1]), &n) || n > 65535) {
        return 2;
    }
    must(mln_address_resolve(MLN_S("127.0.0.1"), (uint16_t)n, &options.address, &fault), &fault);
    if (argc > 2 && mln_num_u64(mln_slice_z(argv[2]), &n) && n > 0 && n <= LOOPS_MAX) {
        options.loops = (size_t)n;
    }
    must(mln_http_binding.open(&options, &fault, &port), &fault);
    mln_http_binding.url(port, url);
    (void)printf("%s\n", url);
    (void)fflush(stdout);
    serve(port, threads, options.loops);
    mln_http_binding.close(port);
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("cpu_us %lld\n",
                 (long long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                     usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    return 0;
}
