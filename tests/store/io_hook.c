/* The system calls of LMDB, hooked. */
#include "io_hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define HOOK(symbol) __asm__(symbol) __attribute__((visibility("default")))

/* Under names of our own, since headers may give those of the C library another symbol. */
ssize_t hook_pwrite(int fd, const void *bytes, size_t len, off_t offset) HOOK("pwrite");
ssize_t hook_pwrite64(int fd, const void *bytes, size_t len, off_t offset) HOOK("pwrite64");
ssize_t hook_writev(int fd, const struct iovec *parts, int count) HOOK("writev");
int hook_fdatasync(int fd) HOOK("fdatasync");

static unsigned long counted;
static unsigned long first_failing;
static unsigned long failing;
static enum io_fault fault;
static int io_errno;

static bool is_recording;
static struct io_event *events;
static size_t event_count;
static size_t event_room;

/* ---- faults ---- */

void io_fail_at(unsigned long n, unsigned long in_a_row, enum io_fault how, int error)
{
    counted = 0;
    first_failing = n;
    failing = in_a_row;
    fault = how;
    io_errno = error;
}

unsigned long io_count(void)
{
    return counted;
}

static enum io_fault next_fault(void)
{
    counted++;
    if (counted < first_failing || counted - first_failing >= failing) {
        return IO_FAULT_NONE;
    }
    return fault == IO_FAULT_LATE && counted > first_failing ? IO_FAULT_ERROR : fault;
}

static bool is_data_file(int fd)
{
    char link[64];
    char path[512];
    ssize_t len;
    static const char name[] = "/store.mdb";

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof path);
    return len >= (ssize_t)sizeof name &&
           memcmp(path + len - (sizeof name - 1), name, sizeof name - 1) == 0;
}

/* ---- events ---- */

static struct io_event *add_event(enum io_event_kind kind)
{
    if (event_count == event_room) {
        event_room = event_room ? 2 * event_room : 1024;
        events = realloc(events, event_room * sizeof *events);
        if (!events) {
            abort();
        }
    }
    events[event_count] = (struct io_event){ .kind = kind };
    return &events[event_count++];
}

static void note_write(int fd, const void *bytes, size_t len, off_t offset)
{
    struct io_event *e;

    if (!is_recording || len == 0) {
        return;
    }
    e = add_event(IO_WRITE);
    e->offset = offset;
    e->len = len;
    e->bytes = malloc(len);
    if (!e->bytes) {
        abort();
    }
    memcpy(e->bytes, bytes, len);
    if (fcntl(fd, F_GETFL) & O_DSYNC) {
        (void)add_event(IO_DURABLE);
    }
}

void io_record(void)
{
    io_forget();
    is_recording = true;
}

const struct io_event *io_events(size_t *ret_count)
{
    is_recording = false;
    *ret_count = event_count;
    return events;
}

void io_forget(void)
{
    is_recording = false;
    for (size_t i = 0; i < event_count; i++) {
        free(events[i].bytes);
    }
    free(events);
    events = NULL;
    event_count = 0;
    event_room = 0;
}

void io_note(uint64_t number)
{
    if (is_recording) {
        add_event(IO_NOTE)->number = number;
    }
}

/* ---- the calls ---- */

static ssize_t put(int fd, const void *bytes, size_t len, off_t offset)
{
    ssize_t n = syscall(SYS_pwrite64, fd, bytes, len, offset);

    if (n > 0) {
        note_write(fd, bytes, (size_t)n, offset);
    }
    return n;
}

ssize_t hook_pwrite64(int fd, const void *bytes, size_t len, off_t offset)
{
    if (!is_data_file(fd)) {
        return syscall(SYS_pwrite64, fd, bytes, len, offset);
    }
    switch (next_fault()) {
    case IO_FAULT_ERROR:
        errno = io_errno;
        return -1;
    case IO_FAULT_SHORT:
        return put(fd, bytes, len / 2, offset);
    case IO_FAULT_LATE:
        (void)put(fd, bytes, len, offset);
        errno = io_errno;
        return -1;
    case IO_FAULT_NONE:
        break;
    }
    return put(fd, bytes, len, offset);
}

ssize_t hook_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    return hook_pwrite64(fd, bytes, len, offset);
}

ssize_t hook_writev(int fd, const struct iovec *parts, int count)
{
    off_t offset;
    enum io_fault how;
    ssize_t total = 0;

    if (!is_data_file(fd)) {
        return syscall(SYS_writev, fd, parts, count);
    }
    how = next_fault();
    if (how == IO_FAULT_ERROR) {
        errno = io_errno;
        return -1;
    }
    offset = (off_t)syscall(SYS_lseek, fd, (off_t)0, SEEK_CUR);
    for (int i = 0; i < (how == IO_FAULT_SHORT ? count / 2 : count); i++) {
        ssize_t n = put(fd, parts[i].iov_base, parts[i].iov_len, offset + total);

        if (n < 0) {
            return total ? total : n;
        }
        total += n;
    }
    (void)syscall(SYS_lseek, fd, offset + total, SEEK_SET);
    if (how == IO_FAULT_LATE) {
        errno = io_errno;
        return -1;
    }
    return total;
}

/* Only noted: what counts is that LMDB asks, and real waiting would take most of the time. */
int hook_fdatasync(int fd)
{
    if (!is_data_file(fd)) {
        return (int)syscall(SYS_fdatasync, fd);
    }
    if (next_fault() != IO_FAULT_NONE) {
        errno = io_errno;
        return -1;
    }
    if (is_recording) {
        (void)add_event(IO_SYNC);
    }
    return 0;
}
