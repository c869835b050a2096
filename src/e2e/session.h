/* The originator's end of ESPrim: sends requests to one target under one pairwise key.
 *
 * It outlives what the standard calls a session: when the originator object runs out, the target
 * has forgotten it, or the target sends another receiver object, the next request begins anew
 * under the same pairwise key. Only a receiver object must come from outside:
 *
 *     if (mln_esprim_session_needs_receiver(s)) { get esro, or NOTIFY with sit 3;
 *                                                 mln_esprim_session_receive(s, &object); }
 *     mln_esprim_session_seal(s, form, text, arena, &sent);    ... outer NOTIFY with sit 5 ...
 *     outer failure: if (mln_esprim_session_refused(s, sent.generation, rsc)) all of it once more
 *     outer success: mln_esprim_session_open(s, object, arena, &answer, fault);
 *
 * Who opens an answer must compare the Request Identifier in it with that of the request: answers
 * of one session could be exchanged on their way. Answers may come in any order.
 * One thread at a time. spec: TS-0003 8.4.2, security.md 25.3, security.md 25.4 */
#pragma once

#include "base/env.h"
#include "base/secret.h"
#include "e2e/esprim.h"

struct mln_esprim_session;

struct mln_esprim_session_options {
    const struct mln_env *env;       /* these two are borrowed */
    const struct mln_limits *limits; /* esprim_session_objects, and those of contents */
    struct mln_slice kid;            /* copied, like the key */
    const struct mln_secret *key;    /* pairwise */
    const enum mln_jose_enc *encs;   /* what it supports, the best first; copied */
    size_t enc_count;
    int64_t life_us; /* of an originator object: the target keeps as long what it must know to
                        refuse copies, so who sends little says little. 0: as the receiver's; so
                        also when the target has refused an object as expired, since then our
                        clock may be behind */
};

/* Errors: CONFIG (no identifier of a key, no algorithm), NO_MEMORY. */
mln_err mln_esprim_session_new(const struct mln_esprim_session_options *options,
                               struct mln_esprim_session **ret);

/* Accepts NULL. */
void mln_esprim_session_free(struct mln_esprim_session *session);

/* Is there no receiver object that the next request could go under? */
bool mln_esprim_session_needs_receiver(const struct mln_esprim_session *session);

/* Takes a receiver object; the next request begins anew under it.
 * Errors: ESPRIM_RECV_RANDOM (it has expired), ESPRIM_OPTION (no algorithm that both support),
 * NO_MEMORY. */
mln_err mln_esprim_session_receive(struct mln_esprim_session *session,
                                   const struct mln_e2e_random *receiver);

struct mln_esprim_sent {
    struct mln_slice object; /* in the arena */
    uint64_t generation;     /* of the originator object it went under */
};

/* Protects a request. Errors: ESPRIM_RECV_RANDOM (a receiver object is needed),
 * ESPRIM_ENCRYPTION, NO_MEMORY, SYSTEM. */
mln_err mln_esprim_session_seal(struct mln_esprim_session *session,
                                const struct mln_serialisation *form, struct mln_slice text,
                                struct mln_arena *arena, struct mln_esprim_sent *ret);

/* The outer answer was a failure. True when another try may help, because the target does not know
 * the originator object (4113) or the receiver object (4114): then it did not carry out the
 * request. Who tries again does so once only, and with the same text, in which an Originating
 * Timestamp stands: the outer answer is not protected, and a target that has carried the request
 * out can tell. */
bool mln_esprim_session_refused(struct mln_esprim_session *session, uint64_t generation,
                                enum mln_rsc rsc);

struct mln_esprim_answer {
    struct mln_slice text; /* the inner primitive, in the arena */
    const struct mln_serialisation *form;
};

/* Opens an answer; a receiver object in it is used from the next request on. The arena is wiped
 * when it is given back. Errors: SYNTAX, LIMIT, ESPRIM_OPTION, ESPRIM_KEY, ESPRIM_RECV_RANDOM,
 * ESPRIM_ORIG_RANDOM (header of another session), ESPRIM_MAC, ESPRIM_DECRYPTION, REPLAY (it came
 * before, or is a request of our own), NO_MEMORY. */
mln_err mln_esprim_session_open(struct mln_esprim_session *session, struct mln_slice object,
                                struct mln_arena *arena, struct mln_esprim_answer *ret,
                                struct mln_fault *fault);
