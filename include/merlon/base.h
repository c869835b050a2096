/* What all parts of the client library share: how functions report failure, and versions.
 *
 * The library speaks to any oneM2M CSE over HTTP (TS-0009 with JSON content). Functions that can
 * fail return an enum merlon_status and write their results only on success; a struct merlon_error,
 * which may be NULL, takes the reason. Strings are UTF-8 and end in NUL. The library has no global
 * state of its own, reads no environment, and no files but those of credentials (client.h). An
 * object belongs to one thread at a time, where its header does not say otherwise; different
 * objects may be used by different threads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MERLON_API     __attribute__((visibility("default")))
#define MERLON_CHECKED __attribute__((warn_unused_result))

#ifdef __cplusplus
extern "C" {
#endif

enum merlon_status {
    MERLON_OK = 0,
    MERLON_INVALID = 1, /* an argument cannot be used: a name, a value, a URL */
    MERLON_NO_MEMORY = 2,
    MERLON_UNREACHABLE = 3, /* no connection, or it was lost before the answer */
    MERLON_TIMEOUT = 4,     /* no answer in time */
    MERLON_PROTOCOL = 5,    /* what came back is not an answer of oneM2M over HTTP */
    MERLON_REFUSED = 6,     /* the CSE answered with an error: see merlon_error.rsc */
    MERLON_SYSTEM = 7,      /* the operating system refused something */
    MERLON_CANCELLED = 8,   /* the client was freed before the answer */
    MERLON_SECURITY = 9     /* a protected exchange failed (protect.h): nothing that came back was
                               protected by the one it was meant for, or that one refused ours */
};

enum { MERLON_ERROR_TEXT = 512 };

/* Why a function failed. The caller's storage; need not be initialised. Written on failure only. */
struct merlon_error {
    enum merlon_status status;
    int rsc;                      /* response status code that came, 0 when none did */
    char text[MERLON_ERROR_TEXT]; /* one printable line; for REFUSED what the CSE said */
    uint64_t reserved[4];
};

/* Version of the library that runs, such as "0.1.0". Any thread. */
MERLON_API const char *merlon_version(void);

/* Frees text that a function of this library has returned for the caller to free. NULL is fine.
 * Any thread. */
MERLON_API void merlon_free(char *text);

#ifdef __cplusplus
}
#endif
