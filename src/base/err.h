/* The one error type of the project.
 *
 * A function that can fail returns mln_err and writes its outputs only on success. The compiler
 * refuses an ignored error and an int in the place of one. Which response status code belongs to
 * an error stands in errors.def and nowhere else. All functions may be called from any thread. */
#pragma once

#include <stdbool.h>

#include "base/rsc_gen.h"

enum mln_err_code {
    MLN_ERR_NONE = 0,
#define MLN_E(name, kind, rsc, text) MLN_ERR_##name,
#include "base/errors.def"
#undef MLN_E
    MLN_ERR_CODES
};

/* What sort of failure it is: decides the log level, and the exit code of the command. */
enum mln_err_class {
    MLN_ERR_CLASS_REQUEST,  /* the peer sent something wrong */
    MLN_ERR_CLASS_DENIED,   /* understood, not permitted */
    MLN_ERR_CLASS_MISSING,  /* what is asked for is not there */
    MLN_ERR_CLASS_CONFLICT, /* collides with what is there */
    MLN_ERR_CLASS_UNBUILT,  /* defined by the standard, not offered here */
    MLN_ERR_CLASS_REMOTE,   /* another entity failed or could not be reached */
    MLN_ERR_CLASS_RESOURCE, /* out of memory, disk or room */
    MLN_ERR_CLASS_INTERNAL, /* our own mistake, or damaged data */
};

typedef struct [[nodiscard]] mln_err {
    enum mln_err_code code;
} mln_err;

#define MLN_OK          ((mln_err){ MLN_ERR_NONE })
#define MLN_ERROR(name) ((mln_err){ MLN_ERR_##name })

/* The only macros that hide a return. */
#define MLN_TRY(expr)                                                                              \
    do {                                                                                           \
        mln_err mln_try_err_ = (expr);                                                             \
        if (mln_try_err_.code) {                                                                   \
            return mln_try_err_;                                                                   \
        }                                                                                          \
    } while (0)
#define MLN_FAIL(name) return MLN_ERROR(name)
#define MLN_REQUIRE(cond, name)                                                                    \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            return MLN_ERROR(name);                                                                \
        }                                                                                          \
    } while (0)

#define MLN_CLEANUP(fn) __attribute__((cleanup(fn)))

static inline bool mln_failed(mln_err err)
{
    return err.code != MLN_ERR_NONE;
}

/* An error is dropped on purpose; the call site says why. */
static inline void mln_ignore(mln_err err)
{
    (void)err;
}

/* Text for people, constant, never NULL. */
const char *mln_err_text(mln_err err);

/* The name as in errors.def, constant. */
const char *mln_err_name(mln_err err);

enum mln_err_class mln_err_class(mln_err err);

/* Response status code for the error; INTERNAL_SERVER_ERROR for those no peer should see.
 * spec: TS-0004 6.6.3 */
enum mln_rsc mln_err_rsc(mln_err err);
