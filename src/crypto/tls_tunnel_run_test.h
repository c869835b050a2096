/* Two ends of a tunnel in one thread, for the tests of this folder: what was said, and what came of
 * it. One run at a time. tls_tunnel_run_test.c */
#pragma once

#include "crypto/tls_pair_test.h"
#include "crypto/tls_tunnel.h"

#define CSE "//sp.example/in"
#define AE  "//sp.example/Sdev"

enum { MESSAGES = 4, ROOM = 1 << 16 };

struct tunnel_run {
    struct mln_tls *tls;
    struct mln_tls_client *client;
    struct mln_tls_tunnel *ends[2]; /* 0: initiates */
    struct mln_fault faults[2];
    unsigned char said[MESSAGES][ROOM];
    size_t len[MESSAGES];
    struct mln_tls_made made[2];
};

/* Setup and teardown for cmocka: *state is a struct tls_lab. */
int mln_tunnel_up(void **state);
int mln_tunnel_down(void **state);

/* The run of this program. */
struct tunnel_run *mln_tunnel_run(void);

/* A client of the lab with that certificate. */
struct mln_tls_client *mln_tunnel_client(struct tls_lab *lab,
                                         const struct mln_tls_identity *identity);

/* Both ends, before the first message: to the CSE of the lab, or to another target. */
void mln_tunnel_start(void);
void mln_tunnel_start_to(const struct mln_tls_target *target);

/* Frees both, and what they made. */
void mln_tunnel_finish(void);
void mln_tunnel_forget(struct mln_tls_made *made);

/* Message 1 to 4 as it was said; empty for 0. */
struct mln_slice mln_tunnel_message(size_t number);

/* Whose turn it is takes the messages first to last and says the next ones; stops with an error. */
mln_err mln_tunnel_steps(size_t first, size_t last);

/* It is no error. */
void mln_tunnel_well(mln_err err);
