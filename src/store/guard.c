/* One line and an exit code for faults in the map of a damaged store.
 *
 * The handler calls only what may be called in one: its line has been written beforehand. It needs
 * no stack of its own, since a read of the map does not exhaust one; SA_ONSTACK leaves those that a
 * sanitizer has set up in use for the faults that are passed on to it. */
#include "store/guard.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"

enum { GUARDS = 16, LINE_MAX_BYTES = 512 };

struct mln_guard {
    _Atomic uintptr_t from; /* 0: free */
    _Atomic size_t size;
    char line[LINE_MAX_BYTES];
};

static struct mln_guard guards[GUARDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction before_bus;
static struct sigaction before_segv;
static atomic_bool is_installed;
static atomic_flag is_ending = ATOMIC_FLAG_INIT;
static int code;
static _Thread_local const struct mln_guard *volatile entered;

/* ---- the end ---- */

static void end(const struct mln_guard *guard)
{
    while (atomic_flag_test_and_set(&is_ending)) {
        (void)sched_yield(); /* another thread is telling it */
    }
    if (write(STDERR_FILENO, guard->line, strlen(guard->line)) < 0) {
        _exit(code); /* nobody listens */
    }
    _exit(code);
}

void mln_guard_end(const struct mln_guard *guard)
{
    if (guard && atomic_load(&is_installed)) {
        end(guard);
    }
}

/* ---- signals ---- */

static const struct mln_guard *guard_of(const void *address)
{
    for (size_t i = 0; i < GUARDS; i++) {
        uintptr_t from = atomic_load(&guards[i].from);

        if (from && (uintptr_t)address >= from &&
            (uintptr_t)address - from < atomic_load(&guards[i].size)) {
            return &guards[i];
        }
    }
    return entered;
}

/* As if we had not been there. With the default action the instruction is run again, and ends the
 * process with a signal and perhaps a core; a signal that was sent does not come by itself. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    const struct sigaction *before = number == SIGBUS ? &before_bus : &before_segv;

    if (before->sa_flags & SA_SIGINFO) {
        before->sa_sigaction(number, info, context);
    } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
        before->sa_handler(number);
    } else {
        (void)sigaction(number, before, NULL);
        if (info->si_code <= 0) {
            (void)raise(number);
        }
    }
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    const struct mln_guard *guard = info->si_code > 0 ? guard_of(info->si_addr) : NULL;

    if (guard) {
        end(guard);
    }
    pass_on(number, info, context);
}

void mln_guard_install(int exit_code)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

    code = exit_code;
    if (atomic_exchange(&is_installed, true)) {
        return;
    }
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGBUS, &action, &before_bus);
    (void)sigaction(SIGSEGV, &action, &before_segv);
}

/* ---- maps ---- */

void mln_guard_enter(const struct mln_guard *guard)
{
    entered = guard;
}

void mln_guard_leave(void)
{
    entered = NULL;
}

static void write_line(struct mln_guard *guard, const char *directory)
{
    struct mln_fault printable = { 0 };

    mln_fault_set(&printable, "%s", directory);
    (void)snprintf(guard->line, sizeof guard->line,
                   "merlon: the store in %s is damaged: a page of it cannot be read; restore a "
                   "backup\n",
                   printable.text);
}

struct mln_guard *mln_guard_add(const void *map, size_t size, const char *directory)
{
    struct mln_guard *found = NULL;

    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; map && !found && i < GUARDS; i++) {
        if (atomic_load(&guards[i].from) == 0) {
            found = &guards[i];
            write_line(found, directory);
            atomic_store(&found->size, size);
            atomic_store(&found->from, (uintptr_t)map);
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

void mln_guard_remove(struct mln_guard *guard)
{
    if (guard) {
        atomic_store(&guard->from, 0);
    }
}
