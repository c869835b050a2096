/* The file of the audit log. */
#include "server/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "server/audit_line.h"

struct mln_audit {
    const char *path;
    int fd; /* the same number for ever: reopening puts another file behind it */
    _Atomic uint64_t lost;
    _Atomic bool is_torn; /* the file ends within a line */
};

/* ---- the file ---- */

static mln_err open_file(const char *path, struct mln_fault *fault, int *ret)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                  S_IRUSR | S_IWUSR);

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        mln_fault_set(fault, "audit: %s: %s", path,
                      fd < 0 ? strerror(errno) : "not a regular file");
        if (fd >= 0) {
            (void)close(fd);
        }
        MLN_FAIL(SYSTEM);
    }
    *ret = fd;
    return MLN_OK;
}

/* Did the last line that was written get in only in part? Where the file may not be read, nobody
 * knows. */
static bool ends_within_line(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char last = '\n';

    if (fd >= 0) {
        off_t size = lseek(fd, 0, SEEK_END);

        if (size > 0 && pread(fd, &last, 1, size - 1) != 1) {
            last = '\n';
        }
        (void)close(fd);
    }
    return last != '\n';
}

mln_err mln_audit_open(const char *path, const struct mln_run_as *as, struct mln_fault *fault,
                       struct mln_audit **ret)
{
    struct mln_audit *a;
    int fd;

    MLN_TRY(open_file(path, fault, &fd));
    if (as->is_root && as->uid != 0 && fchown(fd, as->uid, as->gid) != 0) {
        mln_fault_set(fault, "audit: %s: %s", path, strerror(errno));
        (void)close(fd);
        MLN_FAIL(SYSTEM);
    }
    a = mln_calloc(1, sizeof *a);
    if (!a) {
        (void)close(fd);
        MLN_FAIL(NO_MEMORY);
    }
    a->path = path;
    a->fd = fd;
    a->is_torn = ends_within_line(path);
    *ret = a;
    return MLN_OK;
}

mln_err mln_audit_reopen(struct mln_audit *audit, struct mln_fault *fault)
{
    int fd;
    bool is_done;

    MLN_TRY(open_file(audit->path, fault, &fd));
    is_done = dup3(fd, audit->fd, O_CLOEXEC) >= 0;
    if (!is_done) {
        mln_fault_set(fault, "audit: %s: %s", audit->path, strerror(errno));
    }
    (void)close(fd);
    MLN_REQUIRE(is_done, SYSTEM);
    atomic_store(&audit->is_torn, ends_within_line(audit->path));
    atomic_store(&audit->lost, 0);
    return MLN_OK;
}

void mln_audit_close(struct mln_audit *audit)
{
    if (audit) {
        (void)close(audit->fd);
        mln_free(audit);
    }
}

uint64_t mln_audit_lost(const struct mln_audit *audit)
{
    return atomic_load(&audit->lost);
}

/* ---- the CSE's callback ---- */

/* Behind a piece of a line, which a full disk leaves, the next one begins on a line of its own. */
static bool write_line(struct mln_audit *a, const struct mln_audit_event *event)
{
    char text[1 + MLN_AUDIT_LINE] = "\n";
    size_t before = atomic_exchange(&a->is_torn, false);
    size_t len = before + mln_audit_line(event, text + 1);
    ssize_t written;

    errno = ENOSPC; /* unless write says otherwise: it wrote less */
    written = write(a->fd, text + 1 - before, len);
    if (written == (ssize_t)len) {
        return true;
    }
    if (written != (ssize_t)before && (before || written > 0)) {
        atomic_store(&a->is_torn, true);
    }
    return false;
}

static void note(void *data, const struct mln_audit_event *event)
{
    struct mln_audit *a = data;

    if (!write_line(a, event) && atomic_fetch_add(&a->lost, 1) == 0) {
        mln_log(MLN_LOG_ERROR, "audit", "lines are lost: %s: %s", a->path, strerror(errno));
    }
}

struct mln_auditor mln_audit_auditor(struct mln_audit *audit, bool wants_all)
{
    return (struct mln_auditor){ audit ? note : NULL, audit, wants_all };
}
