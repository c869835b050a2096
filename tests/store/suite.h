/* What the tests of the store share: opening one on a backend, running a function as a job, and
 * making resources.
 *
 * One suite for all backends: the program gets the backend's name and an empty directory. Failures
 * end the running test through cmocka. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/timestamp.h"
#include "store/admin.h"
#include "store/store.h"

/* From the command line. */
extern const char *suite_backend;
extern const char *suite_directory;

/* Does what was written survive closing? */
bool suite_is_durable(void);

/* The tests' clock, microseconds; starts at a fixed time and stands still. */
extern int64_t suite_now_us;

struct fixture {
    struct mln_store *store;
    struct mln_reader *reader;
    struct mln_arena *arena; /* of the test */
    char path[600];          /* a directory of its own */
    struct mln_store_options options;
};

/* cmocka set-up and tear-down: a new store whose jobs run inline; *state is the fixture. */
int suite_setup(void **state);
int suite_teardown(void **state);

/* As set-up, but the executor has its thread. */
int suite_setup_threaded(void **state);

/* Closes and opens the store again; for durable backends. */
void suite_reopen(struct fixture *f);

/* The error must be none. */
#define assert_ok(expr)           assert_string_equal(mln_err_name(expr), "NONE")
#define assert_err(expr, name)    assert_string_equal(mln_err_name(expr), #name)
#define assert_slice(slice, text) assert_true(mln_slice_eq((slice), mln_slice_z(text)))

/* A grant as only cse/access can make it; the store looks no further than that there is one. */
const struct mln_grant *suite_grant(void);

/* Runs fn in a job and waits for it. */
typedef mln_err suite_fn(struct mln_write *write, struct mln_view *view, void *data);
mln_err suite_job(struct fixture *f, suite_fn *fn, void *data);

/* A new resource below `parent` (0: none), with an id and a made ri; an empty `rn` names it so.
 * Not stored yet. */
struct mln_resource suite_make(struct fixture *f, struct mln_write *write,
                               const struct mln_resource *parent, uint16_t ty, const char *rn);

/* Packed attributes with these labels (NULL at the end of the list), and a text "con". */
struct mln_slice suite_attrs(struct fixture *f, const char *const *labels, const char *con);

/* Creates such a resource in a job of its own and returns it as it was read again. */
struct mln_resource suite_create(struct fixture *f, const struct mln_resource *parent, uint16_t ty,
                                 const char *rn);

/* Reads in a view of its own. */
mln_err suite_get(struct fixture *f, uint64_t id, struct mln_resource *ret);

/* Puts or erases one resource in a job of its own. */
mln_err suite_put(struct fixture *f, const struct mln_resource *old,
                  const struct mln_resource *resource);
mln_err suite_erase(struct fixture *f, const struct mln_resource *resource);

/* All ids of a scan, at most `max`; fails the test on an error. Returns how many. */
size_t suite_scan(struct fixture *f, const struct mln_scan_spec *spec, uint64_t *out, size_t max);

/* The store check must find nothing; prints what it finds. */
void suite_check(struct fixture *f);

/* Same in all that is stored? */
void suite_assert_same(const struct mln_resource *a, const struct mln_resource *b);

/* The groups; each returns the number of failed tests. */
int run_verbs(void);
int run_names(void);
int run_scans(void);
int run_records(void);
int run_jobs(void);
int run_property(void);
int run_admin(void);
int run_threads(void);
