/* The target of ESPrim: who receives requests inside ESPrim objects and answers in such.
 *
 * It gives out receiver objects, finds the session of each object, refuses what came before, and
 * hands the text of the inner primitive up with the association that the pairwise key proves.
 * Whether the originator in that primitive is one of them is for the caller to judge (4116).
 *
 * Receiver objects cost no memory: an identifier says until when it counts, and proves under a key
 * of this process that it was given out here. Nothing survives the process, and what was recorded
 * before it began is of no use. A session lives until its originator object or its receiver object
 * expires, and never goes earlier: what was said in it could be said again. The clock of a target
 * never goes back.
 *
 * Any thread may call everything, but new and free. spec: TS-0003 8.4.2, security.md 25;
 * docs/decisions/0050-esprim.md */
#pragma once

#include "base/env.h"
#include "e2e/esprim.h"
#include "e2e/pair_key.h"

struct mln_esprim_target;

struct mln_esprim_target_options {
    const struct mln_env *env;       /* these three are borrowed */
    const struct mln_limits *limits; /* esprim_*, and those of contents */
    struct mln_pair_keys keys;
    bool is_shared;                /* has a receiver object for everybody */
    int64_t random_us;             /* life of a receiver object */
    int64_t skew_us;               /* how much later than said an object still counts */
    const enum mln_jose_enc *encs; /* what it supports, at least one; copied */
    size_t enc_count;
};

/* Errors: CONFIG (no algorithm, or no life), NO_MEMORY, SYSTEM. */
mln_err mln_esprim_target_new(const struct mln_esprim_target_options *options,
                              struct mln_esprim_target **ret);

/* When no other thread uses it, and no reply is left. Accepts NULL. */
void mln_esprim_target_free(struct mln_esprim_target *target);

/* A receiver object for one who asks, another one each time. Errors: NO_MEMORY, SYSTEM. */
mln_err mln_esprim_target_offer(struct mln_esprim_target *target, struct mln_arena *arena,
                                struct mln_e2e_random *ret);

/* The receiver object for everybody. Another one comes when half its life is over; the one before
 * counts until it expires. Errors: NOT_FOUND (not shared), NO_MEMORY, SYSTEM. */
mln_err mln_esprim_target_shared(struct mln_esprim_target *target, struct mln_arena *arena,
                                 struct mln_e2e_random *ret);

/* What an answer needs of its request. */
struct mln_esprim_reply;

/* A request that was opened. */
struct mln_esprim_opened {
    struct mln_slice text;                /* the inner primitive, in the arena */
    const struct mln_serialisation *form; /* how it is written */
    struct mln_association *association;  /* a reference: whom the pairwise key proves */
    struct mln_esprim_reply *reply;       /* ends with mln_esprim_target_answer or _reply_free */
};

/* Opens a request. What *ret holds lives in the arena, which is wiped when it is given back, and
 * must live as long as the reply. Errors, in the order of the checks: SYNTAX (4000), LIMIT,
 * ESPRIM_OPTION (4111), ESPRIM_KEY (4112), ESPRIM_RECV_RANDOM (4114), ESPRIM_ORIG_RANDOM (4113),
 * ESPRIM_OPTION (of the originator object), ESPRIM_MAC (4115), ESPRIM_DECRYPTION (5210), LIMIT (no
 * room for another session), REPLAY (4000); NO_MEMORY. spec: security.md 25.4 */
mln_err mln_esprim_target_open(struct mln_esprim_target *target, struct mln_slice object,
                               struct mln_arena *arena, struct mln_esprim_opened *ret,
                               struct mln_fault *fault);

/* Before the inner request is carried out, and after its originator is proved: refuses one that was
 * carried out before, under whatever session, when it says so itself: by an Originating Timestamp.
 * One that only retrieves may come again.
 * Errors: REPLAY, ESPRIM_RECV_RANDOM (so much came in between that it is not known), NO_MEMORY. */
mln_err mln_esprim_target_claim(struct mln_esprim_target *target,
                                const struct mln_esprim_opened *opened,
                                const struct mln_value *params, struct mln_fault *fault);

/* The object with the answer, under the key of its request; the reply is gone afterwards, also on
 * failure. `form`: how the text is written. A new receiver object comes with it when that of the
 * session has passed half its life. Errors: ESPRIM_ENCRYPTION (5211). */
mln_err mln_esprim_target_answer(struct mln_esprim_target *target, struct mln_esprim_reply *reply,
                                 const struct mln_serialisation *form, struct mln_slice text,
                                 struct mln_arena *arena, struct mln_slice *ret_object);

/* There will be no answer. Accepts NULL. */
void mln_esprim_reply_free(struct mln_esprim_target *target, struct mln_esprim_reply *reply);

/* Sessions that live, and bytes of the memory for objects seen; for statistics and tests. */
struct mln_esprim_target_figures {
    size_t sessions;
    size_t seen_bytes;
};
void mln_esprim_target_look(struct mln_esprim_target *target,
                            struct mln_esprim_target_figures *ret);
