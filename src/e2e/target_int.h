/* The inside of a target: its sessions. What is said of a session here holds the lock of its target
 * while it looks. */
#pragma once

#include <pthread.h>

#include "e2e/carried.h"
#include "e2e/id_table.h"
#include "e2e/receiver_objects.h"
#include "e2e/seen.h"
#include "e2e/target.h"

/* What one credential takes, by its Credential-ID. */
struct mln_esprim_share {
    struct mln_id_link link;
    size_t sessions;
    size_t seen_bytes;
};

/* A session key and which objects it has seen. It lives in pages for secrets. */
struct mln_esprim_live {
    struct mln_id_link link; /* by kid, ori, rri */
    unsigned char key[MLN_ESPRIM_KEY];
    struct mln_association *association; /* a reference */
    struct mln_esprim_share *share;
    struct mln_seen seen;
    int64_t expires_us;          /* the first moment at which nothing of it counts any more */
    int64_t receiver_expires_us; /* what its receiver object says */
    uint32_t replies;            /* that are not made yet */
    uint8_t encs;                /* of its originator object, as bits */
    bool is_over;                /* it stays only to refuse */
    bool is_expired;             /* out of the table; it stays for its replies */
};

enum { MLN_ESPRIM_CHUNK = 256 };

struct mln_esprim_target {
    struct mln_esprim_target_options options;
    uint8_t encs; /* as bits */
    unsigned char key[MLN_SIPHASH_KEY];
    struct mln_receiver_objects objects;
    _Atomic int64_t latest_us; /* the clock does not go behind this */
    pthread_mutex_t lock;      /* of all below; never held while something is encrypted */
    bool has_shared;
    struct mln_receiver_seed shared;
    struct mln_id_table sessions;
    struct mln_id_table shares;
    size_t seen_bytes;
    struct mln_carried carried;
    struct mln_esprim_live **heap; /* the one that expires first is the first */
    size_t heap_cap;
    struct mln_id_link *free;   /* sessions to be used again, all zero but for the link */
    struct mln_secret **chunks; /* of MLN_ESPRIM_CHUNK sessions each */
    size_t chunk_count;
};

/* The session, or NULL. */
struct mln_esprim_live *mln_esprim_find(const struct mln_esprim_target *target,
                                        const unsigned char id[static MLN_ID_BYTES]);

/* A new session of the credential; takes a reference to the association. key, expires_us and encs
 * are the caller's to fill in from `draft`. Errors: LIMIT, NO_MEMORY. */
mln_err mln_esprim_begin(struct mln_esprim_target *target, const struct mln_esprim_live *draft,
                         struct mln_esprim_live **ret);

/* Notes an object of a session. Errors: REPLAY, ESPRIM_ORIG_RANDOM (the session is over, from now
 * on or already), NO_MEMORY. */
mln_err mln_esprim_note(struct mln_esprim_target *target, struct mln_esprim_live *session,
                        const unsigned char iv[static MLN_AEAD_IV]);

/* Lets go what has expired: a few, so that no request waits long; all when there is no room. */
void mln_esprim_expire(struct mln_esprim_target *target, int64_t now_us);

/* A reply is made, or will not be. */
void mln_esprim_replied(struct mln_esprim_target *target, struct mln_esprim_live *session);

/* All sessions go; no reply is left. */
void mln_esprim_drop_all(struct mln_esprim_target *target);
