/* User, capabilities, core dumps. */
#include "server/privileges.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/sanitized.h"

mln_err mln_run_as_find(const char *user, struct mln_run_as *ret, struct mln_fault *fault)
{
    struct passwd entry;
    struct passwd *found = NULL;
    char buffer[4096];

    if (geteuid() != 0) {
        *ret = (struct mln_run_as){ .uid = geteuid(), .gid = getegid() };
        return MLN_OK;
    }
    if (getpwnam_r(user, &entry, buffer, sizeof buffer, &found) != 0 || !found) {
        mln_fault_set(fault, "user: there is no user '%s'", user);
        MLN_FAIL(CONFIG);
    }
    *ret = (struct mln_run_as){ .uid = found->pw_uid, .gid = found->pw_gid, .is_root = true };
    return MLN_OK;
}

/* What the store and the credentials make. */
static bool is_of_server(const char *name)
{
    return strncmp(name, "store.", 6) == 0 || strncmp(name, "restore.", 8) == 0 ||
           strncmp(name, "credentials", 11) == 0 || strncmp(name, "master.key", 10) == 0;
}

/* A file with a second name may be somebody else's. */
static mln_err own_file(const struct mln_run_as *as, int dir, const char *name)
{
    struct stat st;

    MLN_REQUIRE(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0, SYSTEM);
    errno = EPERM;
    MLN_REQUIRE(S_ISREG(st.st_mode) && st.st_nlink == 1, SYSTEM);
    MLN_REQUIRE(fchownat(dir, name, as->uid, as->gid, AT_SYMLINK_NOFOLLOW) == 0, SYSTEM);
    return MLN_OK;
}

static mln_err own_entries(const struct mln_run_as *as, DIR *dir, bool *ret_has_others)
{
    const struct dirent *entry;

    *ret_has_others = false;
    while ((entry = readdir(dir))) {
        if (is_of_server(entry->d_name)) {
            MLN_TRY(own_file(as, dirfd(dir), entry->d_name));
        } else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            *ret_has_others = true;
        }
    }
    return MLN_OK;
}

/* Who has a directory can replace all in it: it is not taken from others. */
static mln_err own_directory(const struct mln_run_as *as, DIR *dir)
{
    struct stat st;
    bool has_others;

    MLN_TRY(own_entries(as, dir, &has_others));
    MLN_REQUIRE(fstat(dirfd(dir), &st) == 0, SYSTEM);
    if (st.st_uid == as->uid && st.st_gid == as->gid) {
        return MLN_OK;
    }
    errno = ENOTEMPTY;
    MLN_REQUIRE(!has_others, SYSTEM);
    MLN_REQUIRE(fchown(dirfd(dir), as->uid, as->gid) == 0, SYSTEM);
    return MLN_OK;
}

mln_err mln_run_as_own(const struct mln_run_as *as, const char *directory, struct mln_fault *fault)
{
    DIR *dir;
    mln_err err;

    if (!as->is_root || as->uid == 0) {
        return MLN_OK;
    }
    dir = opendir(directory);
    err = dir ? own_directory(as, dir) : MLN_ERROR(SYSTEM);
    if (mln_failed(err)) {
        mln_fault_set(fault,
                      "cannot give %s to the user of the server: %s (it must be a directory of "
                      "the server's own)",
                      directory, strerror(errno));
    }
    if (dir) {
        (void)closedir(dir);
    }
    return err;
}

mln_err mln_run_as_become(const struct mln_run_as *as, struct mln_fault *fault)
{
    if (!as->is_root || as->uid == 0) {
        return MLN_OK;
    }
    if (setgroups(0, NULL) != 0 || setresgid(as->gid, as->gid, as->gid) != 0 ||
        setresuid(as->uid, as->uid, as->uid) != 0) {
        mln_fault_set(fault, "cannot change to user %u: %s", as->uid, strerror(errno));
        MLN_FAIL(SYSTEM);
    }
    if (setuid(0) == 0) {
        mln_fault_set(fault, "the change to user %u can be undone", as->uid);
        MLN_FAIL(SYSTEM);
    }
    return MLN_OK;
}

void mln_allow_files(uint64_t wanted)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < wanted) {
        files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
        (void)setrlimit(RLIMIT_NOFILE, &files); /* with fewer, accepting pauses sooner */
    }
}

mln_err mln_harden(struct mln_fault *fault)
{
    struct rlimit none = { 0, 0 };

    if ((!MLN_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) ||
        setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        mln_fault_set(fault, "cannot harden the process: %s", strerror(errno));
        MLN_FAIL(SYSTEM);
    }
    return MLN_OK;
}
