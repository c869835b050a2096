/* A peer for tests of the client: answers the requests that come with texts, one after the other,
 * or with what a function of the test makes of them.
 *
 * One thread that serves one connection at a time. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MLN_STUB_REQUEST = 65536 };

/* In the place of an answer: none, and the connection stays open until the stub stops. */
#define MLN_STUB_SILENCE "silence"

/* The answer to a request, on the stub's thread; lives until the next call. */
typedef const char *mln_stub_answer(void *data, const char *request);

struct mln_stub {
    char url[64];
    char requests[MLN_STUB_REQUEST]; /* all that came, in a row; to be read after the stop */
    size_t len;
    const char *const *answers; /* ends with NULL; then connections are closed unanswered */
    mln_stub_answer *answer;    /* in the place of the texts */
    void *data;
    int fd;
    int wake[2];
    pthread_t thread;
};

/* Asserts that it works. */
void mln_stub_start(struct mln_stub *stub, const char *const *answers);
void mln_stub_start_with(struct mln_stub *stub, mln_stub_answer *answer, void *data);
void mln_stub_stop(struct mln_stub *stub);
