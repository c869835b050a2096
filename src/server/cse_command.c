/* `merlon cse`: settings, start, signals, stop. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "server/check.h"
#include "server/exit.h"
#include "server/node.h"

const struct mln_option *mln_server_cse_options(size_t *ret_count)
{
    return mln_settings_options(ret_count);
}

/* The signals are taken by the main thread; all others inherit the mask. */
static void block_signals(sigset_t *ret)
{
    (void)sigemptyset(ret);
    (void)sigaddset(ret, SIGTERM);
    (void)sigaddset(ret, SIGINT);
    (void)sigaddset(ret, SIGHUP);
    (void)sigaddset(ret, SIGPIPE);
    (void)sigprocmask(SIG_BLOCK, ret, NULL);
}

static void wait_for_end(struct mln_node *node, const sigset_t *signals)
{
    int number = 0;

    do {
        (void)sigwait(signals, &number);
        if (number == SIGHUP) {
            mln_node_reload(node);
        }
    } while (number != SIGTERM && number != SIGINT);
    mln_log(MLN_LOG_INFO, "server", "%s: finishing requests in progress",
            number == SIGTERM ? "SIGTERM" : "SIGINT");
}

/* A second signal while stopping ends the process at once. */
static void leave(int number)
{
    (void)number;
    _exit(MLN_EXIT_FAILED);
}

static void let_second_signal_end(const sigset_t *signals)
{
    struct sigaction action = { .sa_handler = leave };
    sigset_t two = *signals;

    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigdelset(&two, SIGHUP);
    (void)sigdelset(&two, SIGPIPE);
    (void)pthread_sigmask(SIG_UNBLOCK, &two, NULL);
}

static void tell(const char *text)
{
    (void)fprintf(stderr, "merlon cse: %s\n", text);
}

static int serve(const struct mln_settings *settings)
{
    struct mln_fault fault = { 0 };
    struct mln_node *node;
    enum mln_exit code = MLN_EXIT_FAILED;
    sigset_t signals;
    mln_err err;

    block_signals(&signals);
    err = mln_node_start(settings, &fault, &code, &node);
    if (mln_failed(err)) {
        tell(mln_exit_text(err, &fault));
        return (int)code;
    }
    wait_for_end(node, &signals);
    let_second_signal_end(&signals);
    mln_node_stop(node);
    return MLN_EXIT_OK;
}

/* A word for whoever starts the server without reading: written for the sample file too. */
static bool wants_sample(int argc, char **argv)
{
    return argc == 2 && strcmp(argv[1], "--sample-config") == 0;
}

static int check(const struct mln_settings *settings)
{
    struct mln_fault fault = { 0 };
    enum mln_exit code;
    mln_err err = mln_check_settings(settings, &fault, &code);

    if (mln_failed(err)) {
        tell(mln_exit_text(err, &fault));
        return (int)code;
    }
    (void)printf("the settings are fine\n");
    return MLN_EXIT_OK;
}

int mln_server_cse(int argc, char **argv)
{
    struct mln_settings settings;
    struct mln_fault fault = { 0 };
    int code = MLN_EXIT_USAGE;
    mln_err err;

    if (wants_sample(argc, argv)) {
        mln_settings_write_sample();
        return MLN_EXIT_OK;
    }
    err = mln_settings_read(argc, argv, tell, &settings, &fault);
    if (mln_failed(err)) {
        tell(mln_exit_text(err, &fault));
    } else if (settings.only_check) {
        code = check(&settings);
    } else {
        mln_log_setup(settings.log, settings.is_log_json);
        code = serve(&settings);
    }
    mln_settings_done(&settings);
    return code;
}
